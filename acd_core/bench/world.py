"""The life of agents and contacts in a centre of a given size (`centre`), with and without the clock running.

Everybody has their own event objects and names, made before the clock runs, as production would hand them in.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, NamedTuple

from acd_core import events as ev
from acd_core.api import DistributorApi
from acd_core.bench.centre import Centre
from acd_core.bench.log_file import LogFile
from acd_core.decisions import Decision, OfferEnded, OfferMade
from acd_core.limits import Limits

STEP_NS: Final = 1_000
BACKLOG_NS: Final = 300_000_000_000
"""Those who wait came in during the last five minutes, at even intervals."""
RARE: Final = 20
"""Skills that nobody has until an agent learns one."""

Timed = Callable[[ev.Event, int], tuple[int, list[Decision]]]
"""Hands an event in; returns how long it took (ns) and the decisions."""


class Size(NamedTuple):
    agents: int
    waiting: int
    profiles: int
    classes: int
    """Kinds of contacts; each is a class of its own at each relaxation step that some of its contacts have reached."""
    plain: bool = False
    strategy: str = "longest_idle"
    """Of a plain centre."""

    def limits(self) -> Limits:
        """Those of production, but wide enough."""
        usual = Limits()
        return Limits(
            contacts_max=max(self.waiting + 4 * self.agents, usual.contacts_max),
            agents_max=max(self.agents, usual.agents_max),
            classes_max=max(2 * self.classes, usual.classes_max),
            profiles_max=max(2 * self.profiles, usual.profiles_max),
        )


class World:
    """Nobody is available and nobody waits yet."""

    def __init__(self, distributor: DistributorApi, size: Size) -> None:
        self.d = distributor
        self.size = size
        self.now_ns = 0
        self.contacts = 0
        self.centre = Centre(size.agents, size.profiles, size.classes, plain=size.plain, strategy=size.strategy)
        self.agents = self.centre.agents
        for queue in self.centre.queues():
            self.tell(queue)
        for number in range(size.agents):
            self.tell(self.centre.agent(number))

    def tell(self, event: ev.Event) -> list[Decision]:
        self.now_ns += STEP_NS
        return self.d.handle(event, self.now_ns)

    def time(self, timed: Timed, event: ev.Event) -> tuple[int, list[Decision]]:
        self.now_ns += STEP_NS
        return timed(event, self.now_ns)

    def wait(self, time_ns: int) -> None:
        """Let time go by, and happen what is due by it."""
        self.now_ns += time_ns
        due_ns = self.d.get_timer()
        while due_ns is not None and due_ns <= self.now_ns:
            self.d.handle_timer(self.now_ns)
            due_ns = self.d.get_timer()

    def arrival(self) -> ev.ContactArrived:
        self.contacts += 1
        kinds = self.centre.kinds
        kind = kinds[self.contacts % len(kinds)]
        return self.centre.contact(f"0190a1b2-{self.contacts:027}", kind, self.now_ns)

    def fill(self) -> None:
        for _ in range(self.size.waiting):
            self.wait(BACKLOG_NS // self.size.waiting)
            self.tell(self.arrival())

    def time_freed(self, timed: Timed, count: int) -> list[int]:
        """Everybody has had contacts and is in wrap-up, the queues are full; each freed agent gets the next one.

        Round after round: a tenth of all agents, one event after the other; then as many contacts arrive, and these
        agents are in wrap-up again.
        """
        self.fill()
        for agent in self.agents:
            self.tell(ev.AgentReady(agent))
            self.work(agent)
        times: list[int] = []
        freed = 0
        for _ in range(10 * count):
            events = [ev.AgentReady(self.agents[(freed + number) * 7919 % len(self.agents)]) for number in range(max(1, len(self.agents) // 10))]
            freed += len(events)
            for event in events:
                taken, decisions = self.time(timed, event)
                if any(isinstance(one, OfferMade) for one in decisions):
                    times.append(taken)
            for event in events:
                self.work(event.agent)
            while self.waiting() < self.size.waiting: self.tell(self.arrival())
            if len(times) >= count:
                break
        return times[:count]
    def waiting(self):
        return sum(self.d.queue(f"queue {n}").waiting for n in range(10))

    def time_arrivals(self, timed: Timed, count: int) -> list[int]:
        """Everybody is available, nobody waits; each contact that arrives is offered, answered and over at once."""
        for agent in self.agents:
            self.tell(ev.AgentReady(agent))
        times = []
        for _ in range(count):
            taken, decisions = self.time(timed, self.arrival())
            offers = [one for one in decisions if isinstance(one, OfferMade)]
            if offers:
                times.append(taken)
                self.tell(ev.OfferAccepted(offers[0].offer, offers[0].agent))
                self.tell(ev.ContactEnded(offers[0].contact))
                self.tell(ev.WrapUpFinished(offers[0].agent))
        return times

    def time_skill_changes(self, timed: Timed, count: int) -> list[int]:
        """All agents are available beside full queues, for each contact asks for a skill that nobody has; one agent
        learns one of these skills and is offered a contact.  (Forgetting it is not in the figure.)"""
        for agent in self.agents:
            self.tell(ev.AgentReady(agent))
        for number in range(self.size.waiting):
            arrival = self.arrival()
            self.tell(self.with_rare_skill(arrival, number % RARE))
        times = []
        for number in range(count):
            place = number * 7919 % len(self.agents)
            agent = self.agents[place]
            usual = self.centre.profile_of(place)
            learnt = usual._replace(skills=usual.skills | {rare_skill(number % RARE)})
            taken, decisions = self.time(timed, ev.AgentChanged(agent, *learnt))
            offers = [one for one in decisions if isinstance(one, OfferMade)]
            self.tell(ev.AgentChanged(agent, *usual))
            for offer in offers:
                self.tell(ev.OfferAccepted(offer.offer, agent))
                self.tell(ev.ContactEnded(offer.contact))
                self.tell(ev.WrapUpFinished(agent))
            if offers:
                times.append(taken)
        return times

    def with_rare_skill(self, arrival: ev.ContactArrived, number: int) -> ev.ContactArrived:
        return ev.ContactArrived(
            arrival.contact,
            arrival.queue,
            arrival.skills | {rare_skill(number)},
            arrival.channel,
            needs=arrival.needs,
            priority=arrival.priority,
            topic=arrival.topic,
        )

    def count_journalled(self, log: LogFile, contacts: int) -> tuple[int, int, int]:
        """Decisions, events and ns of serving so many contacts, each event decided and in the log before the next."""
        handle = self.d.handle
        open_offers: dict[int, OfferMade] = {}
        decided = events = 0
        for agent in self.agents:
            note_offers(open_offers, self.tell(ev.AgentReady(agent)))
        arrivals = [self.arrival() for _ in range(contacts)]
        now_ns = self.now_ns
        start = time.perf_counter_ns()
        for arrival in arrivals:
            offer = next(iter(open_offers.values()))
            for event in (
                ev.OfferAccepted(offer.offer, offer.agent),
                ev.ContactEnded(offer.contact),
                arrival,
                ev.WrapUpFinished(offer.agent, offer.contact),
            ):
                now_ns += STEP_NS
                decisions = handle(event, now_ns)
                log.record(now_ns, event, decisions)
                decided += len(decisions)
                events += 1
                note_offers(open_offers, decisions)
        return decided, events, time.perf_counter_ns() - start

    def work(self, agent: str) -> None:
        """Bring all that is offered to its end: the agent is in wrap-up; without an offer, paused."""
        view = self.d.agent(agent)
        if view.offer is None:
            self.tell(ev.AgentPaused(agent, "nobody waits"))
            return
        in_hand = []
        while view.offer is not None and view.contact is not None:
            in_hand.append(view.contact)
            self.tell(ev.OfferAccepted(view.offer, agent))
            view = self.d.agent(agent)
        for contact in in_hand:
            self.tell(ev.ContactEnded(contact))


def rare_skill(number: int) -> str:
    return f"rare skill {number}"


def note_offers(open_offers: dict[int, OfferMade], decisions: list[Decision]) -> None:
    for one in decisions:
        if type(one) is OfferMade:
            open_offers[one.offer] = one
        elif type(one) is OfferEnded:
            open_offers.pop(one.offer, None)
