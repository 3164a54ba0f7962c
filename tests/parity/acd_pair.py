"""Both distributors side by side: each step goes to both, and whatever they answer must be the same.

After each step the invariants of distribution are checked on the snapshot by brute force, in words of their own;
`tests.parity.acd_order` has those of the order of contacts.  What was seen is counted, so that a test can ask for a
number of each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise

from acd_core import Distributor
from acd_core.api import DistributorApi
from acd_core.decisions import AgentStateChanged, ContactMoved, Decision, OfferEnded, OfferMade
from acd_core.errors import AcdError
from acd_core.events import AgentChanged, AgentPaused, AgentSignedIn, Event, QueueConfigured
from acd_core.limits import Limits
from acd_core.reference import Distributor as Reference
from acd_core.states import AgentState, ContactState
from acd_core.views import AgentView, Snapshot
from tests.parity.acd_order import OrderCheck, get_capacity, get_lanes, may_take, wants_agent


class Pair:
    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits
        self.core: DistributorApi = Distributor(limits)
        self.reference: DistributorApi = Reference(limits)
        self.snapshot: Snapshot = self.reference.snapshot()
        self.open_offers: set[int] = set()
        self.restored: set[int] = set()
        """Offers whose explanations a snapshot did not have."""
        self.log: list[tuple[Event | None, int, list[Decision]]] = []
        self.changed: set[str] = set()
        """Agents whose lanes were changed while they had work in hand: it is not taken from them."""
        self.broadcast_max = 1
        self.seen: Counter[str] = Counter()
        """Kinds of events and decisions, reasons of moves, and what was compared."""
        self.steps = 0
        self.errors = 0

    def handle(self, event: Event, now_ns: int) -> list[Decision] | None:
        """The decisions, or None for an error that both raised."""
        before = self.snapshot
        decisions = self._step(lambda one: one.handle(event, now_ns))
        if decisions is not None:
            self.log.append((event, now_ns, decisions))
            self._note(event)
            self._check(before, decisions, signed_in=isinstance(event, AgentSignedIn))
        return decisions

    def handle_timer(self, now_ns: int) -> list[Decision] | None:
        before = self.snapshot
        decisions = self._step(lambda one: one.handle_timer(now_ns))
        if decisions is not None:
            self.log.append((None, now_ns, decisions))
            self._check(before, decisions, timers=True)
            due = self.reference.get_timer()
            assert due is None or due > now_ns, "a timer that was due is still set"
        return decisions

    def restore(self) -> None:
        """New ones take the place of both; the replay at the end is by one that was never restored."""
        core, reference = Distributor(self.limits), Reference(self.limits)
        for one in (core, reference):
            one.restore(self.snapshot)
            assert one.snapshot() == self.snapshot
            assert one.get_timer() == self.core.get_timer()
            for contact in self.snapshot.contacts:
                if contact.state is not ContactState.ASSIGNED:
                    assert one.position(contact.contact) == self.core.position(contact.contact)
        self.core, self.reference = core, reference
        self.restored = set(self.open_offers)

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
            assert repeated == decisions
        if self.log:
            assert again.snapshot() == self.snapshot

    def _step(self, call: Callable[[DistributorApi], list[Decision]]) -> list[Decision] | None:
        self.steps += 1
        expected = attempt(call, self.reference)
        actual = attempt(call, self.core)
        assert type(actual) is type(expected), (actual, expected)
        if isinstance(expected, AcdError):
            assert str(actual) == str(expected)
            self.errors += 1
            assert self.reference.snapshot() == self.snapshot, "the reference changed on an error"
            assert self.core.snapshot() == self.snapshot, "the core changed on an error"
            return None
        assert actual == expected
        self.snapshot = self.reference.snapshot()
        assert self.core.snapshot() == self.snapshot
        assert self.core.get_timer() == self.reference.get_timer()
        self._check_leases(expected)
        return expected

    def _note(self, event: Event) -> None:
        """What bears on the invariants later."""
        if isinstance(event, QueueConfigured):
            self.broadcast_max = max(self.broadcast_max, event.broadcast)
        if isinstance(event, AgentChanged):
            self.changed.add(event.agent)
        self.changed &= {agent.agent for agent in self.snapshot.agents if agent.work}
        self.seen[type(event).__name__] += 1
        for field in event.__struct_fields__:
            if field in ("topic", "excluded", "contact") and getattr(event, field) is not None:
                self.seen[f"{type(event).__name__}.{field}"] += 1

    def _check_leases(self, decisions: list[Decision]) -> None:
        """Each offer ends once, and only one that was made."""
        for decision in decisions:
            if isinstance(decision, OfferMade):
                assert decision.offer not in self.open_offers
                self.open_offers.add(decision.offer)
                assert decision.explanation.sentence()
            elif isinstance(decision, OfferEnded):
                self.open_offers.remove(decision.offer)
        assert self.open_offers == {offer.offer for offer in self.snapshot.offers}
        for offer in self.open_offers:
            if offer not in self.restored:
                assert self.core.explain(offer) == self.reference.explain(offer)

    def _check(
        self, before: Snapshot, decisions: list[Decision], *, signed_in: bool = False, timers: bool = False
    ) -> None:
        count = len(before.agents) + signed_in
        for decision in decisions:
            self.seen[type(decision).__name__] += 1
            if isinstance(decision, OfferMade):
                self._check_explanation(decision, count)
            elif isinstance(decision, OfferEnded):
                self.seen[f"OfferEnded.{decision.end.value}"] += 1
            elif isinstance(decision, ContactMoved):
                self.seen[f"ContactMoved.{decision.reason}"] += 1
            elif isinstance(decision, AgentStateChanged):
                count -= decision.state is AgentState.SIGNED_OUT
        self._check_state()
        OrderCheck(before, self.snapshot, decisions, self.seen, timers=timers).check()
        places = [(one.arrival_ns, one.sequence) for one in self.snapshot.contacts]
        assert all(earlier < later for earlier, later in pairwise(places))

    def _check_explanation(self, made: OfferMade, signed_in: int) -> None:
        why = made.explanation
        self.seen[f"strategy {why.strategy}"] += 1
        assert not {*why.excluded} & {*why.spared}
        assert made.agent not in why.spared
        assert why.considered >= 1
        assert made.agent not in why.excluded
        if why.strategy == "longest_idle":
            assert (why.runner_up is None) == (why.considered == 1)
            assert why.runner_up_idle_ns is None or why.runner_up_idle_ns <= why.idle_ns
        assert why.strategy in ("joint", "random") or why.runner_up_term is None or why.runner_up_term <= why.term
        parts = (why.base, why.priority, why.wait, why.bonus, why.blending, why.ratio, why.overdue)
        assert why.score == sum(parts)
        counted = sum(group.count for group in why.passed_over()) + 1
        assert counted == signed_in, "somebody is missing from the explanation, or in it twice"

    def _check_state(self) -> None:
        self._check_hands()
        contacts = self.snapshot.contacts
        for contact in contacts:
            if contact.state is not ContactState.ASSIGNED:
                assert self.core.position(contact.contact) == self.reference.position(contact.contact)
        if self.snapshot.window_ns is not None:
            return  # they are being gathered
        for contact in contacts:
            if wants_agent(self.snapshot, contact, len(contact.offers)):
                for agent in self.snapshot.agents:
                    assert agent.offer is not None or not may_take(self.snapshot, agent, contact), (
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
        assert sum(work.weight for work in agent.work if not work.interrupted) <= get_capacity(agent), "over capacity"
        for lane in get_lanes(agent):
            assert sum(work.lane == lane.channel for work in agent.work) <= lane.most, "over the lane's most"


def attempt(call: Callable[[DistributorApi], list[Decision]], distributor: DistributorApi) -> list[Decision] | AcdError:
    try:
        return call(distributor)
    except AcdError as error:
        return error
