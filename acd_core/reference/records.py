"""What the reference distributor remembers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from acd_core.checks import NS_PER_MS
from acd_core.decisions import Explanation
from acd_core.events import AgentChanged, AgentSignedIn, Lane, Overflow, QueueConfigured, Requirement, Step
from acd_core.hashing import describe_profile, hash_name, mix
from acd_core.requirements import all_of, relax, skill
from acd_core.states import AgentState, ContactState
from acd_core.views import AgentView, ContactView, ExclusionView, OfferView, QueueView, WorkView

ONE_AT_A_TIME: Final = (Lane("*"),)


@dataclass(slots=True, eq=False)
class Queue:
    settings: QueueConfigured
    closed: bool = False
    passed: int = 0
    measured: list[bool] = field(default_factory=list)
    """Whether each of the last contacts was served within the objective."""

    @property
    def name(self) -> str:
        return self.settings.queue

    @property
    def offer_ns(self) -> int:
        return self.settings.offer_ms * NS_PER_MS

    def rule(self, when: str) -> Overflow | None:
        return next((rule for rule in self.settings.overflow if rule.when == when), None)

    def view(self, agents: Iterable[Agent], contacts: Iterable[Contact]) -> QueueView:
        states = [contact.state for contact in contacts if contact.queue is self]
        settings = self.settings
        return QueueView(
            self.name,
            settings.offer_ms,
            settings.wrap_up_ms,
            tuple(sorted(settings.skills)),
            settings.strategy,
            states.count(ContactState.WAITING),
            states.count(ContactState.OFFERED),
            states.count(ContactState.ASSIGNED),
            sum(self.name in agent.queues for agent in agents),
            settings,
            self.closed,
            self.passed,
            len(self.measured),
            sum(good << age for age, good in enumerate(reversed(self.measured))),
        )


@dataclass(slots=True, eq=False)
class Work:
    """A contact in hand, or its wrap-up."""

    contact: str
    lane: Lane
    interruptible: bool
    interrupted: bool = False
    until_ns: int | None = None
    timer_sequence: int | None = None

    @property
    def is_wrap_up(self) -> bool:
        return self.until_ns is not None

    def view(self) -> WorkView:
        return WorkView(
            self.contact,
            self.lane.channel,
            self.lane.weight,
            self.interruptible,
            self.interrupted,
            self.until_ns,
            self.timer_sequence,
        )


@dataclass(slots=True, eq=False)
class Agent:
    settings: AgentSignedIn | AgentChanged
    state: AgentState = AgentState.SIGNED_OUT
    reason: str = ""
    since_ns: int = 0
    until_ns: int | None = None
    contact: str | None = None
    offer: int | None = None
    next_state: AgentState | None = None
    next_reason: str | None = None
    return_ms: int = 0
    idle_since_ns: int = 0
    idle_sequence: int = 0
    timer_sequence: int | None = None
    work: list[Work] = field(default_factory=list)
    last_offer: int = 0
    levels: Mapping[str, int] = field(init=False)
    scores: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.configure(self.settings)

    def configure(self, settings: AgentSignedIn | AgentChanged) -> None:
        self.settings = settings
        self.levels = dict.fromkeys(settings.skills, 100) | dict(settings.levels)
        self.scores = dict(settings.scores)

    @property
    def name(self) -> str:
        return self.settings.agent

    @property
    def queues(self) -> frozenset[str]:
        return self.settings.queues

    @property
    def weight(self) -> int:
        return self.settings.weight

    @property
    def row_key(self) -> tuple[int, int]:
        return mix(hash_profile(self.profile)), mix(hash_name(self.name))

    @property
    def capacity(self) -> int:
        return self.settings.capacity if self.settings.lanes else 1

    @property
    def occupied_permille(self) -> int:
        return 1000 * sum(work.lane.weight for work in self.work) // self.capacity

    @property
    def profile(self) -> tuple[object, ...]:
        settings = self.settings
        return settings.queues, settings.skills, settings.levels, settings.lanes, settings.capacity

    @property
    def at_work(self) -> bool:
        states = (AgentState.AVAILABLE, AgentState.OFFERED, AgentState.BUSY, AgentState.WRAP_UP)
        return self.state in states and self.next_state is None

    @property
    def is_open(self) -> bool:
        """At work, nothing ringing, and not at the limit whatever the channel."""
        full = not self.settings.lanes and any(not work.interruptible for work in self.work)
        return self.at_work and self.offer is None and not full

    def lane(self, channel: str) -> Lane | None:
        lanes = {lane.channel: lane for lane in self.settings.lanes or ONE_AT_A_TIME}
        return lanes.get(channel, lanes.get("*"))

    def has_lane(self, channel: str) -> bool:
        lane = self.lane(channel)
        return lane is not None and lane.weight <= self.capacity

    def has_room(self, channel: str) -> bool:
        lane = self.lane(channel)
        if lane is None or sum(work.lane.channel == lane.channel for work in self.work) >= lane.most:
            return False
        counted = (work for work in self.work if lane.interruptible or not work.interruptible)
        return sum(work.lane.weight for work in counted) + lane.weight <= self.capacity

    @property
    def active_weight(self) -> int:
        return sum(work.lane.weight for work in self.work if not work.interrupted)

    def wrap_ups(self) -> list[Work]:
        """The one that ends first comes first."""
        wrap_ups = [work for work in self.work if work.is_wrap_up]
        return sorted(wrap_ups, key=lambda work: (work.until_ns or 0, work.timer_sequence or 0))

    def view(self) -> AgentView:
        return AgentView(
            self.name,
            tuple(sorted(self.queues)),
            tuple(sorted(self.settings.skills)),
            self.state,
            self.reason,
            self.since_ns,
            self.until_ns,
            self.contact,
            self.offer,
            self.next_state,
            self.next_reason,
            self.idle_since_ns,
            self.idle_sequence,
            self.timer_sequence if self.state is not AgentState.WRAP_UP else self.wrap_ups()[0].timer_sequence,
            self.settings,
            tuple(work.view() for work in self.work),
            self.last_offer,
            self.return_ms,
        )


@dataclass(slots=True, eq=False)
class Contact:
    name: str
    queue: Queue
    channel: str
    skills: frozenset[str]
    needs: Requirement
    priority: int
    bonus_ms: int
    topic: str
    excluded: frozenset[str]
    preferred: str | None
    preferred_ms: int
    arrival_ns: int
    sequence: int
    state: ContactState = ContactState.WAITING
    agent: str | None = None
    """Who has it."""
    offers: list[Offer] = field(default_factory=list)
    """Open ones, by number."""
    preferring: bool = False
    entered_ns: int = 0
    step: int = 0
    held: str = ""
    held_until_ns: int | None = None
    hops: int = 0
    charged: bool = False
    overflow_tried: bool = False

    @property
    def requirement(self) -> Requirement:
        settings = self.queue.settings
        return ask(self.skills, self.needs, settings.skills, settings.needs, settings.steps[: self.step])

    @property
    def kind(self) -> tuple[object, ...]:
        return self.queue.name, self.channel, self.skills, self.needs, self.priority, self.topic, self.excluded

    @property
    def place(self) -> tuple[int, int]:
        """Sorts contacts by arrival."""
        return self.arrival_ns, self.sequence

    @property
    def effective_ns(self) -> int:
        """When it counts as arrived."""
        bonus_ms, bound_ms = self.bonus_ms, self.queue.settings.order.overtaking_ms
        return self.arrival_ns - (bonus_ms if bound_ms is None else min(bonus_ms, bound_ms)) * NS_PER_MS

    @property
    def overdue_ns(self) -> int | None:
        """From when on it is overtaken by nobody who comes later."""
        bound_ms = self.queue.settings.order.overtaking_ms
        return None if bound_ms is None else self.effective_ns + bound_ms * NS_PER_MS

    @property
    def is_in_line(self) -> bool:
        """Waiting and not held."""
        return self.state is ContactState.WAITING and not self.held

    @property
    def wants_agent(self) -> bool:
        rings = self.state is ContactState.OFFERED and len(self.offers) < self.queue.settings.broadcast
        return self.is_in_line or rings

    def due_ns(self) -> int | None:
        """When something changes by the time that it waits."""
        if self.state is not ContactState.WAITING:
            return None
        if self.held:
            return self.held_until_ns
        after_ms = []
        if self.preferring:
            after_ms.append(self.preferred_ms)
        if self.step < len(self.queue.settings.steps):
            after_ms.append(self.queue.settings.steps[self.step].after_ms)
        rule = self.queue.rule("wait")
        if rule is not None and not self.overflow_tried:
            after_ms.append(rule.value)
        return self.entered_ns + min(after_ms) * NS_PER_MS if after_ms else None

    def view(self) -> ContactView:
        return ContactView(
            self.name,
            self.queue.name,
            self.channel,
            tuple(sorted(self.skills)),
            self.arrival_ns,
            self.sequence,
            self.state,
            self.offers[0].agent.name if self.offers else self.agent,
            self.offers[0].number if self.offers else None,
            self.needs,
            self.priority,
            self.bonus_ms,
            self.topic,
            tuple(sorted(self.excluded)),
            self.preferred,
            self.preferred_ms,
            self.preferring,
            self.entered_ns,
            self.step,
            self.held,
            self.held_until_ns,
            self.hops,
            self.charged,
            self.overflow_tried,
            tuple(offer.number for offer in self.offers),
            self.due_ns(),
        )


@lru_cache(maxsize=4096)
def hash_profile(profile: tuple[object, ...]) -> int:
    return hash_name(describe_profile(profile))


@lru_cache(maxsize=4096)
def ask(
    skills: frozenset[str],
    needs: Requirement,
    queue_skills: frozenset[str],
    queue_needs: Requirement,
    steps: tuple[Step, ...],
) -> Requirement:
    return relax(all_of(needs, queue_needs, *(skill(name) for name in skills | queue_skills)), steps)


@dataclass(slots=True, eq=False)
class Offer:
    number: int
    contact: Contact
    agent: Agent
    expires_ns: int
    timer_sequence: int
    explanation: Explanation | None
    """None: it was made before the snapshot that was restored."""

    def view(self) -> OfferView:
        return OfferView(self.number, self.contact.name, self.agent.name, self.expires_ns, self.timer_sequence)


@dataclass(slots=True)
class Exclusion:
    """The agent rejected the contact and is spared it until then."""

    contact: str
    agent: str
    until_ns: int
    timer_sequence: int

    def view(self) -> ExclusionView:
        return ExclusionView(self.contact, self.agent, self.until_ns, self.timer_sequence)
