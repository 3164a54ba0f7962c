"""Both distributors side by side: each step goes to both, and whatever they answer must be the same.

After each step the invariants of distribution are checked on the snapshot by brute force, in words of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from acd_core import Distributor
from acd_core.api import DistributorApi
from acd_core.decisions import Decision, OfferEnded, OfferMade
from acd_core.errors import AcdError
from acd_core.events import Event
from acd_core.limits import Limits
from acd_core.reference import Distributor as Reference
from acd_core.states import AgentState, ContactState
from acd_core.views import AgentView, ContactView, Snapshot


class Pair:
    def __init__(self, limits: Limits | None = None) -> None:
        self.core: DistributorApi = Distributor(limits)
        self.reference: DistributorApi = Reference(limits)
        self.snapshot: Snapshot = self.reference.snapshot()
        self.open_offers: set[int] = set()
        self.steps = 0
        self.errors = 0

    def handle(self, event: Event, now_ns: int) -> list[Decision] | None:
        """The decisions, or None for an error that both raised."""
        before = self.snapshot
        decisions = self._step(lambda one: one.handle(event, now_ns))
        if decisions is not None:
            self._check_order(before, decisions)
        return decisions

    def handle_timer(self, now_ns: int) -> list[Decision] | None:
        decisions = self._step(lambda one: one.handle_timer(now_ns))
        due = self.reference.get_timer()
        assert due is None or decisions is None or due > now_ns, "a timer that was due is still set"
        return decisions

    def run_down(self) -> None:
        """No more events: each lease, wrap-up and exclusion ends by itself."""
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
        self._check_state()
        return expected

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
            assert self.core.explain(offer) == self.reference.explain(offer)

    def _check_explanation(self, made: OfferMade) -> None:
        why = made.explanation
        assert why.considered >= 1
        assert made.agent not in why.excluded
        assert (why.runner_up is None) == (why.considered == 1)
        assert why.runner_up_idle_ns is None or why.runner_up_idle_ns <= why.idle_ns
        counted = sum(group.count for group in why.passed_over()) + 1
        assert counted >= len(self.snapshot.agents), "somebody is missing from the explanation"

    def _check_state(self) -> None:
        agents = {agent.agent: agent for agent in self.snapshot.agents}
        contacts = {contact.contact: contact for contact in self.snapshot.contacts}
        holding = [agent for agent in agents.values() if agent.state in (AgentState.OFFERED, AgentState.BUSY)]
        held = [agent.contact for agent in holding]
        assert len(held) == len(set(held)), "a contact is held by two agents"
        for agent in holding:
            assert agent.contact is not None
            assert contacts[agent.contact].agent == agent.agent
            expected = ContactState.OFFERED if agent.state is AgentState.OFFERED else ContactState.ASSIGNED
            assert contacts[agent.contact].state is expected
        for contact in contacts.values():
            assert (contact.agent is None) == (contact.state is ContactState.WAITING)
            assert contact.agent is None or agents[contact.agent].contact == contact.contact
            if contact.state is not ContactState.ASSIGNED:
                assert self.core.position(contact.contact) == self.reference.position(contact.contact)
        available = [agent for agent in agents.values() if agent.state is AgentState.AVAILABLE]
        for contact in contacts.values():
            if contact.state is ContactState.WAITING:
                for agent in available:
                    assert not self._may_take(agent, contact), f"{agent} is idle while {contact} waits"

    def _may_take(self, agent: AgentView, contact: ContactView) -> bool:
        queue = next(queue for queue in self.snapshot.queues if queue.queue == contact.queue)
        excluded = {(exclusion.contact, exclusion.agent) for exclusion in self.snapshot.exclusions}
        return (
            contact.queue in agent.queues
            and {*contact.skills, *queue.skills} <= {*agent.skills}
            and (contact.contact, agent.agent) not in excluded
        )

    def _check_order(self, before: Snapshot, decisions: list[Decision]) -> None:
        """First in, first out within a class, but for agents who are excluded."""
        contacts = {contact.contact: contact for contact in self.snapshot.contacts}
        excluded = {(one.contact, one.agent) for one in (*before.exclusions, *self.snapshot.exclusions)}
        for made in decisions:
            if not isinstance(made, OfferMade) or made.contact not in contacts:
                continue
            served = contacts[made.contact]
            for other in contacts.values():
                if (
                    other.state is ContactState.WAITING
                    and (other.queue, other.channel, other.skills) == (served.queue, served.channel, served.skills)
                    and (other.arrival_ns, other.sequence) < (served.arrival_ns, served.sequence)
                ):
                    assert (other.contact, made.agent) in excluded, f"{served} overtook {other}"
        places = [(one.arrival_ns, one.sequence) for one in self.snapshot.contacts]
        assert all(earlier < later for earlier, later in pairwise(places))


def attempt(call: Callable[[DistributorApi], list[Decision]], distributor: DistributorApi) -> list[Decision] | AcdError:
    try:
        return call(distributor)
    except AcdError as error:
        return error
