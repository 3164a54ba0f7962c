"""The life of agents and contacts in a centre of a given size (`centre`), with and without the clock running.

Everybody has their own event objects and names, each event made before the clock runs and handed in at once, as the
gateway does.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from acd_core import events as ev
from acd_core.api import DistributorApi
from acd_core.bench.centre import Centre
from acd_core.bench.log_file import LogFile
from acd_core.decisions import Decision, OfferEnded, OfferMade
from acd_core.errors import StaleOfferError
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
        return self.centre.contact(self.name(), kind, self.now_ns)

    def name(self) -> str:
        return f"0190a1b2-{self.contacts:027}"

    def fill(self) -> None:
        for _ in range(self.size.waiting):
            self.wait(BACKLOG_NS // self.size.waiting)
            self.tell(self.arrival())

    def time_freed(self, timed: Timed, count: int) -> list[int]:
        """Everybody has had contacts and is in wrap-up, the queues are full; each freed agent gets the next one.

        Round after round a tenth of the agents, one event after the other; then these are in wrap-up again, and as many
        contacts as they have served arrive.
        """
        self.fill()
        for agent in self.agents:
            self.tell(ev.AgentReady(agent))
            self.work(agent)
        times: list[int] = []
        for number in range(10 * count):
            agents = self.tenth(number)
            for agent in agents:
                taken, decisions = self.time(timed, ev.AgentReady(agent))
                if any(isinstance(one, OfferMade) for one in decisions):
                    times.append(taken)
            served = sum(self.work(agent) for agent in agents)
            for _ in range(served):
                self.tell(self.arrival())
            if len(times) >= count:
                break
        return times[:count]

    def time_arrivals(self, timed: Timed, count: int) -> list[int]:
        """Everybody is available; those who wait ask for a skill that nobody has.  Who arrives is offered at once.

        There has been one of each kind before.  Round after round as many as a tenth of the agents arrive, one event
        after the other; then these contacts are answered and over.
        """
        return self.take_arrivals(timed, min(len(self.centre.kinds), len(self.agents)), count)

    def time_new_kinds(self, timed: Timed, count: int) -> list[int]:
        """The same, but each is the first of its kind: what it asks for is compiled and compared with all profiles."""
        return self.take_arrivals(timed, 0, min(count, len(self.centre.kinds)))

    def take_arrivals(self, timed: Timed, unseen: int, count: int) -> list[int]:
        for number in range(self.size.waiting):
            kind = self.centre.kinds[number % min(RARE, len(self.centre.kinds))]
            self.contacts += 1
            self.tell(self.with_rare_skill(self.centre.contact(self.name(), kind, self.now_ns), number % RARE))
        for agent in self.agents:
            self.tell(ev.AgentReady(agent))
        times: list[int] = []
        arrived = 0
        for _ in range(10 * count):
            offers: list[OfferMade] = []
            for _ in self.tenth(0):
                taken, decisions = self.time(timed, self.arrival())
                made = [one for one in decisions if isinstance(one, OfferMade)]
                offers += made
                arrived += 1
                if made and arrived > unseen:
                    times.append(taken)
            for offer in offers:
                self.serve(offer)
            if len(times) >= count:
                break
        return times[:count]

    def tenth(self, number: int) -> list[str]:
        """So many agents, others each time, from all over."""
        size = max(1, len(self.agents) // 10)
        return [self.agents[place * 7919 % len(self.agents)] for place in range(number * size, (number + 1) * size)]

    def serve(self, offer: OfferMade) -> None:
        """From answer to the end of wrap-up; the first of those who ring answers."""
        try:
            self.tell(ev.OfferAccepted(offer.offer, offer.agent))
        except StaleOfferError:
            return
        self.tell(ev.ContactEnded(offer.contact))
        self.tell(ev.WrapUpFinished(offer.agent))

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
        offers: deque[OfferMade] = deque()
        ended: set[int] = set()
        decided = events = 0
        for agent in self.agents:
            note_offers(offers, ended, self.tell(ev.AgentReady(agent)))
        arrivals = [self.arrival() for _ in range(contacts)]
        now_ns = self.now_ns
        start = time.perf_counter_ns()
        for arrival in arrivals:
            offer = offers.popleft()
            while offer.offer in ended:
                ended.remove(offer.offer)
                offer = offers.popleft()
            ended.add(offer.offer)
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
                note_offers(offers, ended, decisions)
            ended.discard(offer.offer)
        return decided, events, time.perf_counter_ns() - start

    def work(self, agent: str) -> int:
        """Bring all that is offered to its end: the agent is in wrap-up; without an offer, paused.  How many it was."""
        view = self.d.agent(agent)
        if view.offer is None:
            self.tell(ev.AgentPaused(agent, "nobody waits"))
            return 0
        in_hand = []
        while view.offer is not None and view.contact is not None:
            in_hand.append(view.contact)
            self.tell(ev.OfferAccepted(view.offer, agent))
            view = self.d.agent(agent)
        for contact in in_hand:
            self.tell(ev.ContactEnded(contact))
        return len(in_hand)


def rare_skill(number: int) -> str:
    return f"rare skill {number}"


def note_offers(offers: deque[OfferMade], ended: set[int], decisions: list[Decision]) -> None:
    for one in decisions:
        if type(one) is OfferMade:
            offers.append(one)
        elif type(one) is OfferEnded:
            ended.add(one.offer)
