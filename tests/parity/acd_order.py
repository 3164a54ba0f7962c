"""Who may take whom, and who comes first: read off snapshots by brute force, in words of their own.

An `OrderCheck` looks at the offers of one step.  As matching comes last in a step and only makes offers, who wanted an
agent at the moment of each can be told from the snapshot afterwards; a step in which something else follows (several
timers in one call) is left out.
"""

from __future__ import annotations

from collections import Counter

from acd_core.decisions import AgentStateChanged, Decision, OfferMade
from acd_core.events import Lane, QueueConfigured, Requirement
from acd_core.states import AgentState, ContactState
from acd_core.views import AgentView, ContactView, QueueView, Snapshot, WorkView

AT_WORK = (AgentState.AVAILABLE, AgentState.OFFERED, AgentState.BUSY, AgentState.WRAP_UP)
MS = 1_000_000
BEYOND_ALL = 1 << 100


class OrderCheck:
    """Of the contacts that an agent might have been offered, did the right one come first, and is the next named?"""

    def __init__(
        self, before: Snapshot, after: Snapshot, decisions: list[Decision], seen: Counter[str], *, timers: bool
    ) -> None:
        self.before = {one.contact: one for one in before.contacts}
        self.spared = {(one.contact, one.agent) for one in before.exclusions}
        self.after = after
        self.contacts = {one.contact: one for one in after.contacts}
        self.agents = {one.agent: one for one in after.agents}
        self.decisions = decisions
        self.seen = seen
        self.gathering = bool(before.matching.window_ms or after.matching.window_ms)
        self.timers = timers
        """Whether several things may have happened, each followed by matching."""

    def check(self) -> None:
        made = [one for one in self.decisions if isinstance(one, OfferMade)]
        if not made or not self._ends_with_offers():
            return
        if self.timers and self.spared != {(one.contact, one.agent) for one in self.after.exclusions}:
            return
        for number, one in enumerate(made):
            later = {other.offer for other in made[number:]}
            chosen = self.contacts[one.contact]
            others = [
                other
                for other in self.contacts.values()
                if other is not chosen
                and wants_agent(self.after, other, sum(offer not in later for offer in other.offers))
                and self._is_as_before(other)
                and may_take(self.after, self.agents[one.agent], other)
            ]
            self._check_next(one, others)
            if self.gathering or one.explanation.strategy == "by_hand":
                continue
            for other in others:
                self._check_pair(one, chosen, other)

    def _ends_with_offers(self) -> bool:
        first = next(place for place, one in enumerate(self.decisions) if isinstance(one, OfferMade))
        return all(
            # with another reason, something else ended while it rings, which may have made room
            isinstance(one, OfferMade) or (isinstance(one, AgentStateChanged) and one.reason == "offered")
            for one in self.decisions[first:]
        )

    def _is_as_before(self, contact: ContactView) -> bool:
        """It did not come to want an agent, or another one, by a later timer of the same call."""
        old = self.before.get(contact.contact)
        if not self.timers or old is None:
            return True
        return (old.step, old.preferring, old.queue, old.held) == (
            contact.step,
            contact.preferring,
            contact.queue,
            contact.held,
        )

    def _check_pair(self, made: OfferMade, chosen: ContactView, other: ContactView) -> None:
        if get_kind(chosen) == get_kind(other):
            self.seen["compared: of one kind"] += 1
            assert self._effective(chosen) < self._effective(other), f"{chosen} overtook {other} of its kind"
        queues = {queue.queue: queue for queue in self.after.queues}
        orders = [get_settings(self.after, one.queue).order for one in (chosen, other)]
        late = [self._overdue_ns(one) <= self.after.now_ns for one in (chosen, other)]
        if late[1]:
            self.seen["compared: past the bound of overtaking"] += 1
            assert late[0], f"{chosen} overtook {other}, who is overtaken no more"
            turns = [(self._overdue_ns(one), one.sequence) for one in (chosen, other)]
            assert turns[0] < turns[1], f"{chosen} overtook {other}, both overdue"
            assert chosen.arrival_ns <= turns[1][0], f"{chosen} overtook {other}, who had waited too long before"
            self.seen["compared: past the bound, with a bonus"] += chosen.bonus_ms > 0 or other.bonus_ms > 0
        if chosen.queue != other.queue and any(order.toll for order in orders):
            return  # what the queues had paid at this moment is not in the snapshot
        scores = [self._score(queues[one.queue], one) for one in (chosen, other)]
        if get_kind(chosen) != get_kind(other):
            self.seen["compared: by score"] += 1
        if made.explanation.ratio == 0:
            assert made.explanation.score == (1 << 62 if late[0] else scores[0])
        assert self._turn(queues, chosen) < self._turn(queues, other), f"{chosen} came before {other}: {scores}"

    def _check_next(self, made: OfferMade, others: list[ContactView]) -> None:
        """The explanation names the first of the others."""
        queues = {queue.queue: queue for queue in self.after.queues}
        tolls = any(get_settings(self.after, one.queue).order.toll for one in others)
        named = made.explanation.next_contact
        if not all(self._is_as_before(one) for one in self.contacts.values()):
            return
        if not others:
            assert named is None, f"{named} is named, but {made.agent} could not have taken it"
            return
        self.seen["compared: next contact"] += 1
        assert named is not None, f"nobody is named, but there was {others[0]}"
        if tolls:
            assert named.contact in [one.contact for one in others]
            return
        first = min(others, key=lambda one: self._turn(queues, one))
        assert (named.contact, named.queue) == (first.contact, first.queue)
        assert named.waited_ns == self.after.now_ns - first.arrival_ns
        parts = (named.base, named.priority, named.wait, named.bonus, named.blending, named.ratio, named.overdue)
        assert named.score == sum(parts) == min(self._score(queues[first.queue], first), 1 << 62)

    def _waited_ms(self, contact: ContactView) -> int:
        """With what counts of its bonus."""
        return self.after.now_ns // MS - contact.arrival_ns // MS + get_bonus_ms(self.after, contact)

    def _effective(self, contact: ContactView) -> tuple[int, int]:
        """When it counts as arrived."""
        return contact.arrival_ns - get_bonus_ms(self.after, contact) * MS, contact.sequence

    def _overdue_ns(self, contact: ContactView) -> int:
        """From when on it is overtaken by nobody who comes later."""
        bound_ms = get_settings(self.after, contact.queue).order.overtaking_ms
        return BEYOND_ALL if bound_ms is None else self._effective(contact)[0] + bound_ms * MS

    def _turn(self, queues: dict[str, QueueView], contact: ContactView) -> tuple[int, int, int]:
        score, (effective_ns, sequence) = self._score(queues[contact.queue], contact), self._effective(contact)
        return -score, self._overdue_ns(contact) if score == BEYOND_ALL else effective_ns, sequence

    def _score(self, queue: QueueView, contact: ContactView) -> int:
        """Without what queues pay for being served."""
        order = get_settings(self.after, contact.queue).order
        waited_ms = self._waited_ms(contact)
        if self._overdue_ns(contact) <= self.after.now_ns:
            return BEYOND_ALL
        good = queue.recent.bit_count()
        short = order.target_permille - (1000 * good // queue.seen if queue.seen else 1000)
        return (
            order.base
            + order.step * contact.priority
            + order.rate * waited_ms
            + (order.blend * short if short > 0 else 0)
        )


def get_kind(contact: ContactView) -> tuple[object, ...]:
    return (
        contact.queue,
        contact.channel,
        contact.skills,
        contact.needs,
        contact.priority,
        contact.topic,
        contact.excluded,
    )


def get_bonus_ms(snapshot: Snapshot, contact: ContactView) -> int:
    bound_ms = get_settings(snapshot, contact.queue).order.overtaking_ms
    return contact.bonus_ms if bound_ms is None else min(contact.bonus_ms, bound_ms)


def get_settings(snapshot: Snapshot, queue: str) -> QueueConfigured:
    settings = next(one.settings for one in snapshot.queues if one.queue == queue)
    assert settings is not None
    return settings


def get_lanes(agent: AgentView) -> tuple[Lane, ...]:
    assert agent.settings is not None
    return agent.settings.lanes or (Lane("*"),)


def get_capacity(agent: AgentView) -> int:
    assert agent.settings is not None
    return agent.settings.capacity if agent.settings.lanes else 1


def find_lane(agent: AgentView, channel: str) -> Lane | None:
    lanes = get_lanes(agent)
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


def wants_agent(snapshot: Snapshot, contact: ContactView, open_offers: int) -> bool:
    if contact.state is ContactState.ASSIGNED or contact.held:
        return False
    return open_offers == 0 or open_offers < get_settings(snapshot, contact.queue).broadcast


def is_barred(snapshot: Snapshot, agent: AgentView, contact: ContactView) -> bool:
    spared = {(exclusion.contact, exclusion.agent) for exclusion in snapshot.exclusions}
    return agent.agent in contact.excluded or (contact.contact, agent.agent) in spared


def kept_for(snapshot: Snapshot, contact: ContactView) -> str | None:
    """The only agent who may take it."""
    if not contact.preferring:
        return None
    for agent in snapshot.agents:
        if agent.agent == contact.preferred and agent.state in AT_WORK and agent.next_state is None:
            fits = find_lane(agent, contact.channel)
            if fits is not None and fits.weight <= get_capacity(agent) and not is_barred(snapshot, agent, contact):
                return agent.agent
    return None


def may_take(snapshot: Snapshot, agent: AgentView, contact: ContactView) -> bool:
    """Whether nothing is in the way but what rings at the agent."""
    if agent.state not in AT_WORK or agent.next_state is not None:
        return False
    if is_barred(snapshot, agent, contact) or not has_room(agent, contact.channel):
        return False
    kept = kept_for(snapshot, contact)
    if kept is not None:
        return kept == agent.agent
    assert agent.settings is not None
    levels = {**dict.fromkeys(agent.skills, 100), **dict(agent.settings.levels)}
    return contact.queue in agent.queues and all(
        any(skill in levels and levels[skill] >= least for skill, least in clause)
        for clause in get_requirement(snapshot, contact)
    )


def get_requirement(snapshot: Snapshot, contact: ContactView) -> Requirement:
    queue = get_settings(snapshot, contact.queue)
    clauses = {frozenset({(skill, 0)}) for skill in (*contact.skills, *queue.skills)}
    clauses |= contact.needs | queue.needs
    for step in queue.steps[: contact.step]:
        clauses = {clause for clause in clauses if not step.drop & {skill for skill, _ in clause}}
        clauses = {frozenset((skill, max(0, least - step.lower)) for skill, least in clause) for clause in clauses}
        clauses |= step.needs
    return frozenset(clauses)
