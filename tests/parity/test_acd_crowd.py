"""Core and reference in a centre with more profiles and classes than fit a word of bits, and tables that grow."""

from __future__ import annotations

import random
import sys
from typing import TypeVar

import pytest

from acd_core import Distributor
from acd_core import events as ev
from acd_core.api import DistributorApi
from acd_core.decisions import Decision, OfferMade
from acd_core.errors import AcdError
from acd_core.reference import Distributor as Reference
from tests.parity.acd_pair import attempt

SEED = 7
QUEUES = [f"queue {number}" for number in range(6)]
SKILLS = [f"skill {number}" for number in range(90)]
MS = 1_000_000
Signed = TypeVar("Signed", ev.AgentChanged, ev.AgentSignedIn)


class Crowd:
    """Random events for many; the answers of both are compared at each, the snapshots now and then."""

    agents = 150

    def __init__(self) -> None:
        self.core = Distributor()
        self.reference = Reference()
        self.chance = random.Random(SEED)
        self.now_ns = 0
        self.arrived = 0
        self.offers: dict[int, OfferMade] = {}
        self.made = 0

    def tell(self, event: ev.Event) -> None:
        self.now_ns += self.chance.randint(0, MS)
        due = self.reference.get_timer()
        assert self.core.get_timer() == due
        if due is not None and due <= self.now_ns:
            expected = self.reference.handle_timer(self.now_ns)
            assert self.core.handle_timer(self.now_ns) == expected
            self.note(expected)
        expected = attempt(lambda one: one.handle(event, self.now_ns), self.reference)
        actual = attempt(lambda one: one.handle(event, self.now_ns), self.core)
        if isinstance(expected, AcdError):
            assert (type(actual), str(actual)) == (type(expected), str(expected))
            return
        assert actual == expected
        self.note(expected)

    def note(self, decisions: list[Decision]) -> None:
        for one in decisions:
            if isinstance(one, OfferMade):
                self.offers[one.offer] = one
                self.made += 1

    def some(self, pool: list[str], most: int, least: int = 0) -> frozenset[str]:
        return frozenset(self.chance.sample(pool, self.chance.randint(least, most)))

    def step(self) -> None:
        chance = self.chance
        kind = chance.random()
        agent = f"agent {chance.randint(0, self.agents - 1)}"
        if kind < 0.30:
            self.arrived += 1
            self.tell(self.arrival(f"c{self.arrived}"))
        elif kind < 0.65 and self.offers:
            made = self.offers.pop(chance.choice(list(self.offers)))
            self.tell(chance.choice([ev.OfferAccepted, ev.OfferAccepted, ev.OfferRejected])(made.offer, made.agent))
        elif kind < 0.80:
            view = self.reference.agent(agent) if agent in self.reference._agents else None
            if view is not None and view.contact is not None:
                self.tell(ev.ContactEnded(view.contact))
        elif kind < 0.90:
            self.tell(ev.AgentReady(agent))
        elif kind < 0.94:
            self.tell(ev.ContactAbandoned(f"c{chance.randint(max(1, self.arrived - 200), self.arrived + 1)}"))
        elif kind < 0.97:
            self.tell(self.agent(ev.AgentChanged, agent))
        elif kind < 0.98:
            self.tell(ev.AgentSignedOut(agent))
        elif kind < 0.99:
            self.tell(self.agent(ev.AgentSignedIn, agent))
        else:
            self.tell(self.queue(chance.choice(QUEUES)))

    def begin(self) -> None:
        for queue in QUEUES:
            self.tell(self.queue(queue))
        for number in range(self.agents):
            self.tell(self.agent(ev.AgentSignedIn, f"agent {number}"))
            self.tell(ev.AgentReady(f"agent {number}"))

    def queue(self, name: str) -> ev.QueueConfigured:
        return ev.QueueConfigured(name, 2_000, 1_000, self.some(SKILLS, 1))

    def agent(self, make: type[Signed], name: str) -> Signed:
        return make(name, self.some(QUEUES, 4, 1), self.some(SKILLS, 60, 20))

    def arrival(self, name: str) -> ev.ContactArrived:
        return ev.ContactArrived(name, self.chance.choice(QUEUES), self.some(SKILLS, 2))


class CrowdOfAlike(Crowd):
    """Agents of few profiles, many in each, who are chosen by chance and by expected success."""

    agents = 120
    profiles = (frozenset(QUEUES), frozenset(QUEUES[:3]), frozenset(QUEUES[2:]))

    def queue(self, name: str) -> ev.QueueConfigured:
        strategy = self.chance.choice(["random", "success", "success", "random", "least_occupied", "round_robin"])
        return ev.QueueConfigured(name, 2_000, 1_000, strategy=strategy)

    def agent(self, make: type[Signed], name: str) -> Signed:
        chance = self.chance
        scores = [(topic, chance.choice([0, 5, 500, chance.randint(1, 1000)])) for topic in "abc"]
        lanes = (ev.Lane("phone"), ev.Lane("chat", 2)) if chance.random() < 0.3 else ()
        return make(
            name,
            chance.choice(self.profiles),
            frozenset(),
            lanes=lanes,
            capacity=2 if lanes else 1,
            weight=chance.randint(1, 20),
            scores=frozenset(chance.sample(scores, chance.randint(0, 3))),
        )

    def arrival(self, name: str) -> ev.ContactArrived:
        chance = self.chance
        excluded = {f"agent {chance.randrange(self.agents)}" for _ in range(3)} if chance.random() < 0.2 else ()
        return ev.ContactArrived(
            name,
            chance.choice(QUEUES),
            channel=chance.choice(["phone", "chat"]),
            topic=chance.choice("abcd"),
            excluded=frozenset(excluded),
        )


def test_agents_who_are_alike_are_chosen_alike() -> None:
    crowd = CrowdOfAlike()
    crowd.tell(ev.MatchingConfigured(seed=3))
    crowd.begin()
    for number in range(1200):
        crowd.step()
        if number == 800:
            crowd.tell(ev.MatchingConfigured(seed=4, window_ms=5))
    assert crowd.core.snapshot() == crowd.reference.snapshot()
    assert crowd.made > 150


def test_a_crowd_is_served_alike() -> None:
    crowd = Crowd()
    crowd.begin()
    for _ in range(6):
        for _ in range(500):
            crowd.step()
        snapshot = crowd.reference.snapshot()
        assert crowd.core.snapshot() == snapshot
        for contact in snapshot.contacts:
            if contact.state != "assigned":
                assert crowd.core.position(contact.contact) == crowd.reference.position(contact.contact)
    print(f"seed {SEED}: {crowd.made} offers, {len(snapshot.contacts)} contacts, {len(snapshot.agents)} agents")
    classes = {(one.queue, one.skills) for one in snapshot.contacts}
    profiles = {(one.queues, one.skills) for one in snapshot.agents}
    assert len(classes) > 64
    assert len(profiles) > 64
    assert crowd.made > 400


def test_nothing_is_left_of_what_has_ended() -> None:
    """Names, reasons and sets: each reference that the core took is given back."""
    core = Distributor()
    core.handle(ev.QueueConfigured("sales", 1_000, 1_000), 0)
    agents = [f"agent number {number}" for number in range(50)]
    contacts = [f"contact number {number}" for number in range(500)]
    reason = "-".join(["a", "reason", "of", "its", "own"])
    skills = frozenset({"a skill", "another skill"})
    kept = [*agents, *contacts, reason, skills]
    before = [sys.getrefcount(one) for one in kept]
    for agent in agents:
        core.handle(ev.AgentSignedIn(agent, frozenset({"sales"}), skills), 0)
        core.handle(ev.AgentPaused(agent, reason), 0)
        core.handle(ev.AgentReady(agent), 0)
    for contact in contacts:
        core.handle(ev.ContactArrived(contact, "sales", skills), 0)
    for number, agent in enumerate(agents):
        core.handle(ev.OfferRejected(number + 1, agent, reason), 1)
    for agent in agents:
        offer, contact = core.agent(agent).offer, core.agent(agent).contact
        assert offer is not None
        assert contact is not None
        core.handle(ev.OfferAccepted(offer, agent), 3)
        core.handle(ev.AgentPaused(agent, reason), 3)
        core.handle(ev.ContactEnded(contact), 3)
        core.handle(ev.AgentSignedOut(agent), 3)
    while (due := core.get_timer()) is not None:
        core.handle_timer(due)
    for contact in core.snapshot().contacts:
        core.handle(ev.ContactAbandoned(contact.contact), core.snapshot().now_ns)
    del contact, agent
    assert core.snapshot().agents == core.snapshot().contacts == ()
    # the skills are those of a kind on the shelf
    assert [sys.getrefcount(one) for one in kept][:-1] == before[:-1]
    for contact in contacts:
        core.handle(ev.ContactArrived(contact, "sales", skills), core.snapshot().now_ns)
    del core, contact
    assert [sys.getrefcount(one) for one in kept] == before, "what a live distributor holds goes with it"


@pytest.mark.parametrize("make", [Distributor, Reference], ids=["core", "reference"])
def test_a_deep_queue_that_customers_leave_stays_in_order(make: type[DistributorApi]) -> None:
    """Arrivals in any order and departures from the middle: positions and service follow (arrival, sequence)."""
    chance = random.Random(SEED)
    distributor = make()
    distributor.handle(ev.QueueConfigured("sales", 1_000, 0), 0)
    distributor.handle(ev.AgentSignedIn("anna", frozenset({"sales"}), frozenset()), 0)
    waiting: list[tuple[int, int, str]] = []
    for number in range(400):
        arrival_ns = chance.randint(0, 200)
        distributor.handle(ev.ContactArrived(f"c{number}", "sales", arrival_ns=arrival_ns), 1_000)
        waiting.append((arrival_ns, number, f"c{number}"))
        if number % 4 == 3:
            waiting.sort()
            left = waiting.pop(chance.randrange(len(waiting)))
            distributor.handle(ev.ContactAbandoned(left[2]), 1_000)
    waiting.sort()
    assert [distributor.position(contact) for _, _, contact in waiting] == list(range(1, len(waiting) + 1))
    served = []
    distributor.handle(ev.AgentReady("anna"), 1_000)
    while (contact := distributor.agent("anna").contact) is not None:
        served.append(contact)
        offer = distributor.agent("anna").offer
        assert offer is not None
        distributor.handle(ev.OfferAccepted(offer, "anna"), 1_000)
        distributor.handle(ev.ContactEnded(contact), 1_000)
    assert served == [contact for _, _, contact in waiting]
