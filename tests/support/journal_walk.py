"""A small centre that lives a random day and keeps a journal of it, for the tests of the journal."""

from __future__ import annotations

import random
from collections.abc import Callable

from acd_core import events as ev
from acd_core.api import DistributorApi
from acd_core.decisions import ContactAssigned, Decision, OfferEnded, OfferMade
from acd_core.errors import AcdError
from acd_core.journal import Encoder, Header
from acd_core.limits import Limits
from acd_core.states import AgentState

MS = 1_000_000
QUEUES = ["sales", "support"]
AGENTS = ["anna", "ben", "carl", "dora"]
SKILLS = ["german", "vip"]


class Walk:
    """``take`` returns what happened since as a record; ``history`` has it as plain entries."""

    def __init__(self, make: Callable[[Limits], DistributorApi], *, seed: int, limits: Limits | None = None) -> None:
        self.chance = random.Random(seed)
        limits = limits or Limits()
        self.distributor = make(limits)
        self.encoder = Encoder()
        self.header = Header(run="walk", segment=0, started_ns=0, limits=limits, software="test")
        self.start = self.encoder.begin(self.header)
        self.history: list[tuple[int, ev.Event | None, list[Decision]]] = []
        self.now_ns = 0
        self.arrived = 0
        self.refused = 0
        self.offers: dict[int, OfferMade] = {}
        self.assigned: set[str] = set()
        for queue in QUEUES:
            self.tell(ev.QueueConfigured(queue, 20, 30))
        for number, agent in enumerate(AGENTS):
            self.tell(ev.AgentSignedIn(agent, frozenset(QUEUES[: 1 + number % 2]), frozenset(SKILLS[: number % 3])))

    def tell(self, event: ev.Event) -> None:
        due = self.distributor.get_timer()
        if due is not None and due <= self.now_ns:
            self._note(None, self.distributor.handle_timer(self.now_ns))
        try:
            decisions = self.distributor.handle(event, self.now_ns)
        except AcdError:
            self.refused += 1
            return
        self._note(event, decisions)

    def _note(self, event: ev.Event | None, decisions: list[Decision]) -> None:
        self.encoder.add(self.now_ns, event, decisions)
        self.history.append((self.now_ns, event, decisions))
        for one in decisions:
            if isinstance(one, OfferMade):
                self.offers[one.offer] = one
            elif isinstance(one, OfferEnded):
                del self.offers[one.offer]
            elif isinstance(one, ContactAssigned):
                self.assigned.add(one.contact)

    def step(self) -> None:
        chance = self.chance
        self.now_ns += chance.randint(0, 12 * MS)
        agent = chance.choice(AGENTS)
        kind = chance.random()
        if kind < 0.30:
            self.arrived += 1
            skills = frozenset(chance.sample(SKILLS, chance.choice([0, 0, 1])))
            self.tell(ev.ContactArrived(f"contact-{self.arrived}", chance.choice(QUEUES), skills))
        elif kind < 0.60 and self.offers:
            made = chance.choice(list(self.offers.values()))
            if chance.random() < 0.8:
                self.tell(ev.OfferAccepted(made.offer, made.agent))
            else:
                self.tell(ev.OfferRejected(made.offer, made.agent, "not mine"))
        elif kind < 0.75 and self.assigned:
            contact = chance.choice(sorted(self.assigned))
            self.assigned.discard(contact)
            if chance.random() < 0.85:
                self.tell(ev.ContactEnded(contact))
            else:
                self.tell(ev.ContactRequeued(contact, "connection lost", AgentState.PAUSED))
        elif kind < 0.80:
            self.tell(ev.ContactAbandoned(f"contact-{chance.randint(max(1, self.arrived - 5), self.arrived + 1)}"))
        elif kind < 0.84:
            self.tell(ev.AgentPaused(agent, "break"))
        elif kind < 0.86:
            self.tell(ev.AgentSignedOut(agent))
        elif kind < 0.90:
            self.tell(ev.AgentSignedIn(agent, frozenset(QUEUES), frozenset(SKILLS)))
        else:
            self.tell(ev.AgentReady(agent))

    def steps(self, count: int) -> None:
        for _ in range(count):
            self.step()

    def take(self) -> bytes:
        return self.encoder.take()

    def records(self, count: int, steps: int = 3) -> list[bytes]:
        """So many records of so many steps each; the header is not among them."""
        made: list[bytes] = []
        while len(made) < count:
            self.steps(steps)
            if record := self.take():
                made.append(record)
        return made
