"""Both distributors side by side: each step goes to both, and whatever they answer must be the same.

After each step the invariants of distribution are checked on the snapshot by brute force, in words of their own.  With
``core=None`` the reference goes alone: for rules that the compiled core has not got yet.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from acd_core import Distributor
from acd_core.api import DistributorApi
from acd_core.decisions import Decision, OfferEnded, OfferMade
from acd_core.errors import AcdError
from acd_core.events import AgentPaused, Event, Lane, QueueConfigured, Requirement
from acd_core.limits import Limits
from acd_core.reference import Distributor as Reference
from acd_core.states import AgentState, ContactState
from acd_core.views import AgentView, ContactView, Snapshot, WorkView
from tests.parity.slices import comparable

AT_WORK = (AgentState.AVAILABLE, AgentState.OFFERED, AgentState.BUSY, AgentState.WRAP_UP)


class Pair:
    def __init__(self, limits: Limits | None = None, *, alone: bool = False) -> None:
        self.limits = limits
        self.core: DistributorApi = Reference(limits) if alone else Distributor(limits)
        self.reference: DistributorApi = Reference(limits)
        self.snapshot: Snapshot = self.reference.snapshot()
        self.open_offers: set[int] = set()
        self.log: list[tuple[Event | None, int, list[Decision]]] = []
        self.changed: set[str] = set()
        """Agents whose lanes were changed while they had work in hand: it is not taken from them."""
        self.broadcast_max = 1
        self.steps = 0
        self.errors = 0

    def handle(self, event: Event, now_ns: int) -> list[Decision] | None:
        """The decisions, or None for an error that both raised."""
        before = self.snapshot
        decisions = self._step(lambda one: one.handle(event, now_ns))
        if decisions is not None:
            self.log.append((event, now_ns, decisions))
            self._note(event)
            self._check_state()
            self._check_order(before, decisions)
        return decisions

    def handle_timer(self, now_ns: int) -> list[Decision] | None:
        decisions = self._step(lambda one: one.handle_timer(now_ns))
        if decisions is not None:
            self.log.append((None, now_ns, decisions))
            self._check_state()
            due = self.reference.get_timer()
            assert due is None or due > now_ns, "a timer that was due is still set"
        return decisions

    def run_down(self) -> None:
        """All want a pause, then nothing more: each lease, wrap-up and exclusion ends.  Then all is played again."""
        for agent in self.snapshot.agents:
            self.handle(AgentPaused(agent.agent, "enough"), self.snapshot.now_ns)
        for _ in range(10_000):
            due = self.reference.get_timer()
            if due is None:
                break
            self.handle_timer(max(due, self.snapshot.now_ns))
        assert not self.snapshot.offers
        assert not self.snapshot.exclusions
        assert all(agent.state not in (AgentState.OFFERED, AgentState.WRAP_UP) for agent in self.snapshot.agents), (
            "an agent is stuck"
        )
        self.replay()

    def replay(self) -> None:
        """What was handled without an error, handled again by a new one, leads to the same decisions and state."""
        again: DistributorApi = type(self.core)(self.limits)
        for event, now_ns, decisions in self.log:
            repeated = again.handle_timer(now_ns) if event is None else again.handle(event, now_ns)
            assert comparable(repeated) == comparable(decisions)
        if self.log:
            assert comparable(again.snapshot()) == comparable(self.snapshot)

    def _step(self, call: Callable[[DistributorApi], list[Decision]]) -> list[Decision] | None:
        self.steps += 1
        expected = attempt(call, self.reference)
        actual = attempt(call, self.core)
        assert type(actual) is type(expected), (actual, expected)
        if isinstance(expected, AcdError):
            assert str(actual) == str(expected)
            self.errors += 1
            assert self.reference.snapshot() == self.snapshot, "the reference changed on an error"
            assert comparable(self.core.snapshot()) == comparable(self.snapshot), "the core changed on an error"
            return None
        assert comparable(actual) == comparable(expected)
        self.snapshot = self.reference.snapshot()
        assert comparable(self.core.snapshot()) == comparable(self.snapshot)
        assert self.core.get_timer() == self.reference.get_timer()
        self._check_leases(expected)
        return expected

    def _note(self, event: Event) -> None:
        """What bears on the invariants later."""
        if isinstance(event, QueueConfigured):
            self.broadcast_max = max(self.broadcast_max, event.broadcast)
        working = {agent.agent for agent in self.snapshot.agents if agent.work or agent.offer is not None}
        if type(event).__name__ == "AgentChanged":
            self.changed.add(getattr(event, "agent", ""))
        self.changed &= working

    def _check_leases(self, decisions: list[Decision]) -> None:
        """Each offer ends once, and only one that was made."""
        for decision in decisions:
            if isinstance(decision, OfferMade):
                assert decision.offer not in self.open_offers
                self.open_offers.add(decision.offer)
                assert decision.explanation.sentence()
                self._check_explanation(decision)
            elif isinstance(decision, OfferEnded):
                self.open_offers.remove(decision.offer)
        assert self.open_offers == {offer.offer for offer in self.snapshot.offers}
        for offer in self.open_offers:
            assert comparable(self.core.explain(offer)) == comparable(self.reference.explain(offer))

    def _check_explanation(self, made: OfferMade) -> None:
        why = made.explanation
        assert why.considered >= 1
        assert made.agent not in why.excluded
        if why.strategy == "longest_idle":
            assert (why.runner_up is None) == (why.considered == 1)
            assert why.runner_up_idle_ns is None or why.runner_up_idle_ns <= why.idle_ns
        assert why.strategy == "joint" or why.runner_up_term is None or why.runner_up_term <= why.term
        parts = (why.base, why.priority, why.wait, why.bonus, why.blending, why.ratio, why.overdue)
        assert why.score == sum(parts)
        counted = sum(group.count for group in why.passed_over()) + 1
        assert counted >= len(self.snapshot.agents), "somebody is missing from the explanation"

    def _check_state(self) -> None:
        self._check_hands()
        contacts = self.snapshot.contacts
        for contact in contacts:
            if contact.state is not ContactState.ASSIGNED:
                assert self.core.position(contact.contact) == self.reference.position(contact.contact)
        if self.snapshot.matching.window_ms:
            return
        for contact in contacts:
            rings = contact.state is ContactState.OFFERED
            if (contact.state is ContactState.WAITING and not contact.held) or rings:
                if rings and len(contact.offers) >= self._settings(contact.queue).broadcast:
                    continue
                kept = self._kept_for(contact)
                for agent in self.snapshot.agents:
                    if kept is None or kept == agent.agent:
                        assert not self._may_take(agent, contact, named=kept is not None), (
                            f"{agent} is idle while {contact} waits"
                        )

    def _check_hands(self) -> None:
        """Nobody has what somebody else has, or more than their capacity, and all sides say the same."""
        agents = {agent.agent: agent for agent in self.snapshot.agents}
        contacts = {contact.contact: contact for contact in self.snapshot.contacts}
        offers = {offer.offer: offer for offer in self.snapshot.offers}
        held = [work.contact for agent in agents.values() for work in agent.work if work.until_ns is None]
        assert len(held) == len(set(held)), "a contact is held by two agents"
        for contact in contacts.values():
            assert (contact.contact in held) == (contact.state is ContactState.ASSIGNED)
            assert bool(contact.offers) == (contact.state is ContactState.OFFERED)
            assert len(contact.offers) <= self.broadcast_max, "it rings at more agents than it may"
            assert all(offers[offer].contact == contact.contact for offer in contact.offers)
            assert (contact.agent is None) == (contact.state is ContactState.WAITING)
            if contact.state is ContactState.ASSIGNED:
                assert contact.agent is not None
                assert contact.contact in [work.contact for work in agents[contact.agent].work]
        ringing = [offer.agent for offer in offers.values()]
        assert len(ringing) == len(set(ringing)), "two offers ring at one agent"
        for agent in agents.values():
            assert (agent.offer is not None) == (agent.state is AgentState.OFFERED)
            assert agent.offer is None or offers[agent.offer].agent == agent.agent
            if agent.state in (AgentState.AVAILABLE, AgentState.PAUSED, AgentState.NOT_RESPONDING):
                assert not agent.work
                assert agent.next_state is None
            self._check_capacity(agent)

    def _check_capacity(self, agent: AgentView) -> None:
        if agent.agent in self.changed or agent.settings is None:
            return
        lanes = agent.settings.lanes or (Lane("*"),)
        capacity = agent.settings.capacity if agent.settings.lanes else 1
        assert sum(work.weight for work in agent.work if not work.interrupted) <= capacity, "over capacity"
        for lane in lanes:
            assert sum(work.lane == lane.channel for work in agent.work) <= lane.most, "over the lane's most"

    def _settings(self, queue: str) -> QueueConfigured:
        settings = next(one.settings for one in self.snapshot.queues if one.queue == queue)
        assert settings is not None
        return settings

    def _is_barred(self, agent: AgentView, contact: ContactView) -> bool:
        spared = {(exclusion.contact, exclusion.agent) for exclusion in self.snapshot.exclusions}
        return agent.agent in contact.excluded or (contact.contact, agent.agent) in spared

    def _kept_for(self, contact: ContactView) -> str | None:
        if not contact.preferring:
            return None
        for agent in self.snapshot.agents:
            if agent.agent == contact.preferred and agent.state in AT_WORK and agent.next_state is None:
                fits = find_lane(agent, contact.channel)
                if fits is not None and fits.weight <= get_capacity(agent) and not self._is_barred(agent, contact):
                    return agent.agent
        return None

    def _may_take(self, agent: AgentView, contact: ContactView, *, named: bool) -> bool:
        if agent.state not in AT_WORK or agent.next_state is not None or agent.offer is not None:
            return False
        if self._is_barred(agent, contact) or not has_room(agent, contact.channel):
            return False
        if named:
            return True
        assert agent.settings is not None
        levels = {**dict.fromkeys(agent.skills, 100), **dict(agent.settings.levels)}
        return contact.queue in agent.queues and all(
            any(skill in levels and levels[skill] >= least for skill, least in clause)
            for clause in self._requirement(contact)
        )

    def _requirement(self, contact: ContactView) -> Requirement:
        queue = self._settings(contact.queue)
        clauses = {frozenset({(skill, 0)}) for skill in (*contact.skills, *queue.skills)}
        clauses |= contact.needs | queue.needs
        for step in queue.steps[: contact.step]:
            clauses = {clause for clause in clauses if not step.drop & {skill for skill, _ in clause}}
            clauses = {frozenset((skill, max(0, least - step.lower)) for skill, least in clause) for clause in clauses}
            clauses |= step.needs
        return frozenset(clauses)

    def _check_order(self, before: Snapshot, decisions: list[Decision]) -> None:
        """First in, first out within a kind, but for agents who are excluded or named."""
        contacts = {contact.contact: contact for contact in self.snapshot.contacts}
        excluded = {(one.contact, one.agent) for one in (*before.exclusions, *self.snapshot.exclusions)}
        for made in decisions:
            if not isinstance(made, OfferMade) or made.contact not in contacts:
                continue
            served = contacts[made.contact]
            if made.explanation.strategy in ("preferred", "by_hand") or self.snapshot.matching.window_ms:
                continue
            for other in contacts.values():
                if (
                    other.state is ContactState.WAITING
                    and not (other.held or other.preferring)
                    and kind(other) == kind(served)
                    and effective(other) < effective(served)
                    and (other.entered_ns, other.step) == (served.entered_ns, served.step)
                ):
                    assert (other.contact, made.agent) in excluded, f"{served} overtook {other}"
        places = [(one.arrival_ns, one.sequence) for one in self.snapshot.contacts]
        assert all(earlier < later for earlier, later in pairwise(places))


def kind(contact: ContactView) -> tuple[object, ...]:
    return (
        contact.queue,
        contact.channel,
        contact.skills,
        contact.needs,
        contact.priority,
        contact.topic,
        contact.excluded,
    )


def effective(contact: ContactView) -> tuple[int, int]:
    return contact.arrival_ns - contact.bonus_ms * 1_000_000, contact.sequence


def get_capacity(agent: AgentView) -> int:
    assert agent.settings is not None
    return agent.settings.capacity if agent.settings.lanes else 1


def find_lane(agent: AgentView, channel: str) -> Lane | None:
    assert agent.settings is not None
    lanes = agent.settings.lanes or (Lane("*"),)
    own = [lane for lane in lanes if lane.channel == channel]
    return (own or [lane for lane in lanes if lane.channel == "*"] or [None])[0]


def has_room(agent: AgentView, channel: str) -> bool:
    lane = find_lane(agent, channel)
    if lane is None:
        return False

    def counts(work: WorkView) -> bool:
        return lane.interruptible or not work.interruptible

    used = sum(work.weight for work in agent.work if counts(work))
    return sum(work.lane == lane.channel for work in agent.work) < lane.most and used + lane.weight <= get_capacity(
        agent
    )


def attempt(call: Callable[[DistributorApi], list[Decision]], distributor: DistributorApi) -> list[Decision] | AcdError:
    try:
        return call(distributor)
    except AcdError as error:
        return error
