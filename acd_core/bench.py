"""How long a decision takes: ``python -m acd_core.bench [--json]``.

A large centre is built (agents in profiles, waiting contacts in classes, seeded), then single events are timed at the
call that production uses, `Distributor.handle`, with all that it does: checks, decisions as objects, explanation.
*Freed agent*: an agent's wrap-up ends while contacts wait; *arrival*: a contact arrives while agents are idle.
Run it pinned to one core (``taskset -c 1``) for steady figures.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import time
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

from acd_core import Distributor
from acd_core import events as ev
from acd_core.api import DistributorApi
from acd_core.decisions import OfferMade
from acd_core.limits import Limits
from acd_core.reference import Distributor as Reference

SEED = 20
QUEUES = 10
SKILLS = 200
STEP_NS = 1_000


class Size(NamedTuple):
    agents: int
    waiting: int
    profiles: int
    classes: int


FULL = Size(10_000, 100_000, 1_000, 1_000)
COMPARED = Size(200, 1_000, 50, 50)
SCALES = (2, 3, 4, 5)


class World:
    """A centre of the given size; nobody is available and nobody waits yet."""

    def __init__(self, distributor: DistributorApi, size: Size) -> None:
        self.d = distributor
        self.size = size
        self.now_ns = 0
        self.contacts = 0
        chance = random.Random(SEED)
        queues = [f"queue {number}" for number in range(QUEUES)]
        skills = [f"skill {number}" for number in range(SKILLS)]
        for queue in queues:
            self.tell(ev.QueueConfigured(queue, 20_000, 30_000))
        profiles = [
            (frozenset(chance.sample(queues, chance.randint(3, 6))), frozenset(chance.sample(skills, 50)))
            for _ in range(size.profiles)
        ]
        self.agents = [f"agent {number}" for number in range(size.agents)]
        for number, agent in enumerate(self.agents):
            self.tell(ev.AgentSignedIn(agent, *profiles[number % size.profiles]))
        self.classes: list[tuple[str, frozenset[str]]] = []
        seen: set[tuple[str, frozenset[str]]] = set()
        while len(self.classes) < size.classes:
            served, known = chance.choice(profiles)
            needs = frozenset(chance.sample(sorted(known), chance.randint(1, 3)))
            one = (chance.choice(sorted(served)), needs)
            if one not in seen:
                seen.add(one)
                self.classes.append(one)

    def tell(self, event: ev.Event) -> list[object]:
        self.now_ns += STEP_NS
        return list(self.d.handle(event, self.now_ns))

    def arrival(self) -> ev.ContactArrived:
        self.contacts += 1
        queue, skills = self.classes[self.contacts % len(self.classes)]
        return ev.ContactArrived(f"0190a1b2-{self.contacts:027}", queue, skills)

    def timed(self, event: ev.Event) -> tuple[int, list[object]]:
        self.now_ns += STEP_NS
        now_ns, handle = self.now_ns, self.d.handle
        start = time.perf_counter_ns()
        decisions = handle(event, now_ns)
        return time.perf_counter_ns() - start, list(decisions)

    def time_freed(self, count: int) -> list[int]:
        """Everybody has had a contact and is in wrap-up, the queues are full; each freed agent gets the next one."""
        self.fill()
        for agent in self.agents:
            self.tell(ev.AgentReady(agent))
            self.work(agent)
        times: list[int] = []
        for number in range(10 * count):
            agent = self.agents[number * 7919 % len(self.agents)]
            taken, decisions = self.timed(ev.AgentReady(agent))
            if any(isinstance(one, OfferMade) for one in decisions):
                times.append(taken)
                self.tell(self.arrival())
            self.work(agent)
            if len(times) == count:
                break
        return times

    def time_arrivals(self, count: int) -> list[int]:
        """Everybody is available, nobody waits; each contact that arrives is offered, answered and over at once."""
        for agent in self.agents:
            self.tell(ev.AgentReady(agent))
        times = []
        for _ in range(count):
            taken, decisions = self.timed(self.arrival())
            times.append(taken)
            for one in decisions:
                if isinstance(one, OfferMade):
                    self.work(one.agent)
                    self.tell(ev.WrapUpFinished(one.agent))
        return times

    def fill(self) -> None:
        for _ in range(self.size.waiting):
            self.tell(self.arrival())

    def work(self, agent: str) -> None:
        """Bring what is offered to its end: the agent is in wrap-up; without an offer, paused."""
        view = self.d.agent(agent)
        if view.offer is None or view.contact is None:
            self.tell(ev.AgentPaused(agent, "nobody waits"))
            return
        self.tell(ev.OfferAccepted(view.offer, agent))
        self.tell(ev.ContactEnded(view.contact))


def quantiles(times_ns: list[int]) -> dict[str, float]:
    ordered = sorted(times_ns)
    return {
        name: round(ordered[min(int(len(ordered) * part), len(ordered) - 1)] / 1000, 2)
        for name, part in (("p50", 0.5), ("p99", 0.99), ("p999", 0.999))
    }


def limits(size: Size) -> Limits:
    return Limits(contacts_max=max(size.waiting + size.agents, 1000), agents_max=max(size.agents, 1000))


def run(make: Callable[[Limits], DistributorApi], size: Size, events: int) -> tuple[list[int], list[int]]:
    """Times of freed agents and of arrivals, each in a fresh centre, without pauses of the garbage collector."""
    gc.collect()
    gc.disable()
    try:
        return World(make(limits(size)), size).time_freed(events), World(make(limits(size)), size).time_arrivals(events)
    finally:
        gc.enable()


def measure(events: int) -> dict[str, object]:
    freed, arrivals = run(Distributor, FULL, events)
    scaling = []
    for power in SCALES:
        waiting = 10**power
        size = Size(max(waiting // 10, 10), waiting, min(waiting // 10, 1000), min(waiting // 10, 1000))
        small_freed, small_arrivals = run(Distributor, size, min(events, 5_000))
        scaling.append(
            {
                "agents": size.agents,
                "waiting": size.waiting,
                "classes": size.classes,
                "freed_agent_us": quantiles(small_freed),
                "arrival_us": quantiles(small_arrivals),
            }
        )
    core = run(Distributor, COMPARED, 200)
    reference = run(Reference, COMPARED, 200)
    return {
        "size": FULL._asdict(),
        "events": {"freed_agent": len(freed), "arrival": len(arrivals)},
        "api_freed_agent_us": quantiles(freed),
        "api_arrival_us": quantiles(arrivals),
        "ratio_to_reference": {
            "size": COMPARED._asdict(),
            "freed_agent": round(median(reference[0]) / median(core[0])),
            "arrival": round(median(reference[1]) / median(core[1])),
        },
        "scaling": scaling,
    }


def main(arguments: list[str] | None = None) -> int:
    """Print the figures; ``arguments`` as on the command line."""
    parser = argparse.ArgumentParser(description="Time the distributor's decisions.")
    parser.add_argument("--json", action="store_true", help="print JSON only")
    parser.add_argument("--events", type=int, default=50_000, help="events to time (default: %(default)s)")
    options = parser.parse_args(arguments)
    figures = measure(max(100, options.events))
    if options.json:
        print(json.dumps(figures, indent=2))
        return 0
    print(
        f"{FULL.agents} agents, {FULL.waiting} waiting, {FULL.profiles} profiles, {FULL.classes} classes; times in us"
    )
    for key in ("api_freed_agent_us", "api_arrival_us", "ratio_to_reference"):
        print(f"{key:20} {figures[key]}")
    for row in figures["scaling"]:  # type: ignore[attr-defined]
        print(row)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
