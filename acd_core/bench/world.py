"""A centre of a given size, seeded, and the life of agents and contacts in it.

Everybody has their own event objects and names, made before the clock runs, as production would hand them in.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import NamedTuple

from acd_core import events as ev
from acd_core.api import DistributorApi
from acd_core.decisions import Decision, OfferMade
from acd_core.journal import Encoder
from acd_core.limits import Limits

SEED = 20
QUEUES = 10
SKILLS = 200
STEP_NS = 1_000
GROUP = 64
"""Events that go to the journal's disk together."""

Timed = Callable[[ev.Event, int], tuple[int, list[Decision]]]
"""Hands an event in; returns how long it took (ns) and the decisions."""


class Size(NamedTuple):
    agents: int
    waiting: int
    profiles: int
    classes: int

    def limits(self) -> Limits:
        """Those of production, but wide enough."""
        usual = Limits()
        return Limits(
            contacts_max=max(self.waiting + self.agents, usual.contacts_max),
            agents_max=max(self.agents, usual.agents_max),
            classes_max=max(2 * self.classes, usual.classes_max),
        )


class World:
    """Nobody is available and nobody waits yet."""

    def __init__(self, distributor: DistributorApi, size: Size) -> None:
        self.d = distributor
        self.size = size
        self.now_ns = 0
        self.contacts = 0
        self.chance = random.Random(SEED)
        self.skills = [f"skill {number}" for number in range(SKILLS)]
        queues = [f"queue {number}" for number in range(QUEUES)]
        for queue in queues:
            self.tell(ev.QueueConfigured(queue, 20_000, 30_000))
        self.profiles = [
            (
                frozenset(self.chance.sample(queues, self.chance.randint(3, 6))),
                frozenset(self.chance.sample(self.skills, 50)),
            )
            for _ in range(size.profiles)
        ]
        self.agents = [f"agent {number}" for number in range(size.agents)]
        for number, agent in enumerate(self.agents):
            self.tell(ev.AgentSignedIn(agent, *self.profiles[number % size.profiles]))
        self.classes = self.make_classes()

    def make_classes(self) -> list[tuple[str, frozenset[str]]]:
        """Different ones, for each of which there is somebody."""
        chance = self.chance
        known = [sorted(skills) for _, skills in self.profiles]
        served = [sorted(queues) for queues, _ in self.profiles]
        classes: dict[tuple[str, frozenset[str]], None] = {}
        while len(classes) < self.size.classes:
            profile = chance.randrange(len(self.profiles))
            needs = frozenset(chance.sample(known[profile], chance.randint(1, 3)))
            classes[chance.choice(served[profile]), needs] = None
        return list(classes)

    def tell(self, event: ev.Event) -> list[Decision]:
        self.now_ns += STEP_NS
        return self.d.handle(event, self.now_ns)

    def time(self, timed: Timed, event: ev.Event) -> tuple[int, list[Decision]]:
        self.now_ns += STEP_NS
        return timed(event, self.now_ns)

    def arrival(self) -> ev.ContactArrived:
        self.contacts += 1
        queue, skills = self.classes[self.contacts % len(self.classes)]
        return ev.ContactArrived(f"0190a1b2-{self.contacts:027}", queue, skills)

    def fill(self) -> None:
        for _ in range(self.size.waiting):
            self.tell(self.arrival())

    def time_freed(self, timed: Timed, count: int) -> list[int]:
        """Everybody has had a contact and is in wrap-up, the queues are full; each freed agent gets the next one."""
        self.fill()
        for agent in self.agents:
            self.tell(ev.AgentReady(agent))
            self.work(agent)
        times: list[int] = []
        for number in range(10 * count):
            agent = self.agents[number * 7919 % len(self.agents)]
            taken, decisions = self.time(timed, ev.AgentReady(agent))
            if any(isinstance(one, OfferMade) for one in decisions):
                times.append(taken)
                self.tell(self.arrival())
            self.work(agent)
            if len(times) == count:
                break
        return times

    def time_arrivals(self, timed: Timed, count: int) -> list[int]:
        """Everybody is available, nobody waits; each contact that arrives is offered, answered and over at once."""
        for agent in self.agents:
            self.tell(ev.AgentReady(agent))
        times = []
        for _ in range(count):
            taken, decisions = self.time(timed, self.arrival())
            times.append(taken)
            for one in decisions:
                if isinstance(one, OfferMade):
                    self.work(one.agent)
                    self.tell(ev.WrapUpFinished(one.agent))
        return times

    def time_skill_changes(self, timed: Timed, count: int) -> list[int]:
        """One agent, available or busy, learns or forgets one skill while the queues are full."""
        self.fill()
        for agent in self.agents:
            self.tell(ev.AgentReady(agent))
            self.work(agent)
        times = []
        for number in range(count):
            place = number * 7919 % len(self.agents)
            agent = self.agents[place]
            queues, skills = self.profiles[place % len(self.profiles)]
            changed = skills ^ {self.chance.choice(self.skills)}
            taken, _ = self.time(timed, ev.AgentChanged(agent, queues, changed))
            times.append(taken)
            self.work(agent)
            self.tell(ev.AgentChanged(agent, queues, skills))
        return times

    def count_journalled(self, encoder: Encoder, contacts: int) -> int:
        """Decisions per second while so many contacts are served, all of it encoded, `GROUP` events a record."""
        handle, now_ns, decided, size = self.d.handle, self.now_ns, 0, 0
        for agent in self.agents:
            self.tell(ev.AgentReady(agent))
        ringing = [
            (view.offer, view.agent, view.contact)
            for view in map(self.d.agent, self.agents)
            if view.offer is not None and view.contact is not None
        ]
        arrivals = [self.arrival() for _ in range(contacts)]
        now_ns = self.now_ns
        start = time.perf_counter_ns()
        for arrival in arrivals:
            offer, agent, contact = ringing.pop()
            for event in (ev.OfferAccepted(offer, agent), ev.ContactEnded(contact), arrival, ev.WrapUpFinished(agent)):
                now_ns += STEP_NS
                decisions = handle(event, now_ns)
                encoder.add(now_ns, event, decisions)
                decided += len(decisions)
                for one in decisions:
                    if type(one) is OfferMade:
                        ringing.append((one.offer, one.agent, one.contact))
            if encoder.pending >= GROUP:
                size += len(encoder.take())
        size += len(encoder.take())
        assert size > 0
        return decided * 1_000_000_000 // (time.perf_counter_ns() - start)

    def work(self, agent: str) -> None:
        """Bring what is offered to its end: the agent is in wrap-up; without an offer, paused."""
        view = self.d.agent(agent)
        if view.offer is None or view.contact is None:
            self.tell(ev.AgentPaused(agent, "nobody waits"))
            return
        self.tell(ev.OfferAccepted(view.offer, agent))
        self.tell(ev.ContactEnded(view.contact))
