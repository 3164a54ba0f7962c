"""Random moves for both distributors: each aims at what is there most of the time, and past it now and then.

A move draws all its chance from a `random.Random`: a seeded one for long walks, one of Hypothesis' for short histories.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import msgspec

from acd_core import events as ev
from acd_core.limits import Limits
from acd_core.states import AgentState, ContactState
from acd_core.strategies import STRATEGIES
from acd_core.views import ContactView
from tests.parity.acd_pair import Pair

MS = 1_000_000
QUEUES = ["sales", "support", "bookings"]
SKILLS = ["german", "vip", "billing", "french"]
AGENTS = ["anna", "ben", "carl", "dora", "emil"]
CHANNELS = ["phone", "chat", "mail"]
TOPICS = ["", "tariffs"]
AFTER_RELEASE = [AgentState.AVAILABLE, AgentState.PAUSED, AgentState.NOT_RESPONDING, AgentState.SIGNED_OUT]
CROWD_MAX = 12


class Moves:
    """A centre, and what may happen in it."""

    def __init__(self, limits: Limits | None, pair: Pair | None = None) -> None:
        self.pair = Pair(limits) if pair is None else pair
        self.now_ns = 0
        self.arrived = 0
        for queue in QUEUES:
            self.handle(ev.QueueConfigured(queue, 20, 30))
        self.moves: list[tuple[int, Callable[[Random], None]]] = [
            (12, self.time_passes),
            (2, self.timer_is_handled),
            (2, self.queue_is_configured),
            (1, self.queue_is_removed),
            (8, self.agent_signs_in),
            (2, self.agent_is_changed),
            (20, self.agent_is_ready),
            (2, self.agent_pauses),
            (2, self.agent_signs_out),
            (11, self.contact_arrives),
            (1, self.contact_arrives_twice),
            (3, self.customer_leaves),
            (5, self.conversation_ends),
            (1, self.contact_goes_back),
            (9, self.offer_is_accepted),
            (5, self.offer_is_rejected),
            (2, self.offer_is_revoked),
            (2, self.stale_offer_is_answered),
            (3, self.wrap_up_is_finished),
            (2, self.wrap_up_is_extended),
            (1, self.time_runs_backwards),
            (1, self.hours_change),
            (2, self.contact_is_changed),
            (1, self.contact_is_deferred),
            (2, self.contact_returns),
            (2, self.contact_is_transferred),
            (2, self.supervisor_assigns),
            (1, self.matching_is_configured),
        ]

    def any_move(self, chance: Random) -> None:
        if len(self.pair.snapshot.contacts) > CROWD_MAX:
            self.customer_leaves(chance)
        chance.choices([move for _, move in self.moves], [weight for weight, _ in self.moves])[0](chance)

    # What is there to be aimed at

    def handle(self, event: ev.Event) -> None:
        self.pair.handle(event, self.now_ns)

    def contact(self, chance: Random, *states: ContactState) -> str:
        contacts = [one.contact for one in self.pair.snapshot.contacts if one.state in states or not states]
        return chance.choice(contacts) if contacts else "nobody"

    def agent(self, chance: Random, state: AgentState) -> str:
        agents = [one.agent for one in self.pair.snapshot.agents if one.state is state]
        return chance.choice(agents or AGENTS)

    def offer(self, chance: Random) -> tuple[int, str]:
        offers = [(one.offer, one.agent) for one in self.pair.snapshot.offers]
        return chance.choice(offers) if offers else (0, AGENTS[0])

    def some(self, chance: Random, pool: list[str], least: int = 0, most: int = 2) -> frozenset[str]:
        return frozenset(chance.sample(pool, min(len(pool), chance.randint(least, most))))

    def needs(self, chance: Random) -> ev.Requirement:
        if chance.random() < 0.6:
            return frozenset()
        return frozenset(
            frozenset((skill, chance.choice([0, 30, 60])) for skill in self.some(chance, SKILLS, 1, 3))
            for _ in range(chance.choice([1, 1, 2]))
        )

    # Time

    def time_passes(self, chance: Random) -> None:
        """Handle what falls due on the way; or at the end, all at once or later."""
        end_ns = self.now_ns + chance.randint(0, 12) * MS
        through = chance.random() < 0.8
        while through and (due := self.pair.reference.get_timer()) is not None and due <= end_ns:
            self.now_ns = max(due, self.now_ns)
            self.pair.handle_timer(self.now_ns)
        self.now_ns = end_ns

    def timer_is_handled(self, chance: Random) -> None:
        self.pair.handle_timer(self.now_ns)

    def time_runs_backwards(self, chance: Random) -> None:
        if self.pair.snapshot.now_ns:
            self.pair.handle(ev.AgentReady(AGENTS[0]), self.pair.snapshot.now_ns - 1)

    # Queues

    def queue_is_configured(self, chance: Random) -> None:
        event = ev.QueueConfigured(
            chance.choice(QUEUES), chance.randint(5, 40), chance.choice([0, 0, 30]), self.some(chance, SKILLS, 0, 1)
        )
        after = sorted(chance.sample(range(1, 20), chance.randint(0, 3)))
        kinds = chance.sample(["wait", "size", "estimate", "unstaffed", "closed"], chance.randint(0, 3))
        values = {"wait": chance.randint(1, 15), "size": chance.randint(0, 3), "estimate": chance.randint(0, 40)}
        self.handle(
            msgspec.structs.replace(
                event,
                needs=self.needs(chance),
                order=self.order(chance),
                strategy=chance.choice(list(STRATEGIES)),
                broadcast=chance.choice([1, 1, 2, 3]),
                steps=tuple(
                    ev.Step(ms, chance.choice([0, 20]), self.some(chance, SKILLS), self.needs(chance)) for ms in after
                ),
                overflow=tuple(ev.Overflow(chance.choice(QUEUES), kind, values.get(kind, 0)) for kind in kinds),
                splits=(ev.Split(chance.choice(QUEUES), chance.choice([100, 500])),) * chance.randint(0, 1),
                return_ms=chance.choice([0, 15]),
                handle_ms=chance.choice([0, 20]),
            )
        )

    def order(self, chance: Random) -> ev.Order:
        return ev.Order(
            "drawn",
            chance.choice([0, 5_000]),
            chance.choice([0, 500, 1000, 3000]),
            chance.choice([0, 2_000, 10**9]),
            chance.choice([0, 0, 3_000, 7_000]),
            chance.choice([None, None, 10, 30]),
            chance.choice([0, 8]),
            chance.choice([500, 1000]),
            chance.choice([0, 50]),
        )

    def queue_is_removed(self, chance: Random) -> None:
        self.handle(ev.QueueRemoved(chance.choice(QUEUES)))

    def hours_change(self, chance: Random) -> None:
        queue = chance.choice(QUEUES)
        closing = chance.random() < 0.25
        self.handle(ev.QueueClosed(queue, chance.random() < 0.5) if closing else ev.QueueOpened(queue))

    def matching_is_configured(self, chance: Random) -> None:
        window_ms = chance.choice([0, 0, 5])
        self.handle(ev.MatchingConfigured(chance.choice([0, 1, 2**63 - 1]), window_ms))

    # Agents

    def extras(self, chance: Random, skills: frozenset[str]) -> dict[str, object]:
        others = [skill for skill in SKILLS if skill not in skills]
        extras: dict[str, object] = {
            "levels": frozenset((skill, chance.choice([0, 30, 80])) for skill in self.some(chance, others)),
            "weight": chance.randint(1, 3),
            "scores": frozenset({("tariffs", chance.randint(0, 9))}),
            "wrap_up_ms": chance.choice([None, None, 0, 10]),
        }
        lanes = chance.random()
        if lanes < 0.4:
            extras["capacity"] = chance.randint(1, 5)
            extras["lanes"] = tuple(
                ev.Lane(channel, chance.randint(1, 3), chance.randint(1, 3), chance.random() < 0.5)
                for channel in chance.sample([*CHANNELS, "*"], chance.randint(1, 3))
            )
        elif lanes < 0.7:  # mail makes room for all others
            extras["capacity"] = 2
            extras["lanes"] = (ev.Lane("mail", 2, 1, interruptible=True), ev.Lane("*", 2, chance.randint(1, 2)))
        return extras

    def agent_signs_in(self, chance: Random) -> None:
        agent, skills = chance.choice(AGENTS), self.some(chance, SKILLS, 1, 3)
        queues = self.some(chance, QUEUES, 1, 3)
        self.handle(ev.AgentSignedIn(agent, queues, skills, **self.extras(chance, skills)))  # type: ignore[arg-type]
        self.handle(ev.AgentReady(agent))

    def agent_is_changed(self, chance: Random) -> None:
        skills = self.some(chance, SKILLS, 1, 3)
        agent, queues = chance.choice(AGENTS), self.some(chance, QUEUES, 1, 3)
        self.handle(ev.AgentChanged(agent, queues, skills, **self.extras(chance, skills)))  # type: ignore[arg-type]

    def agent_is_ready(self, chance: Random) -> None:
        self.handle(ev.AgentReady(chance.choice(AGENTS)))

    def agent_pauses(self, chance: Random) -> None:
        self.handle(ev.AgentPaused(chance.choice(AGENTS), "lunch"))

    def agent_signs_out(self, chance: Random) -> None:
        self.handle(ev.AgentSignedOut(chance.choice(AGENTS)))

    # Contacts

    def contact_arrives(self, chance: Random) -> None:
        self.arrived += 1
        ago_ms = chance.randint(-1, 9)
        arrival_ns = None if ago_ms < 0 else self.now_ns - ago_ms * MS
        named = chance.random() < 0.3
        event = ev.ContactArrived(
            f"c{self.arrived}",
            chance.choice(QUEUES),
            self.some(chance, SKILLS, 0, 1),
            chance.choice(CHANNELS),
            arrival_ns,
            self.needs(chance),
            chance.choice([0, 0, 1, 2]),
            chance.choice([0, 0, 5, 10_000_000]),
            chance.choice(TOPICS),
            self.some(chance, AGENTS) if chance.random() < 0.2 else frozenset(),
            chance.choice([*AGENTS, "nobody"]) if named else None,
            chance.choice([0, 10, 30]) if named else 0,
        )
        waiting = [one for one in self.pair.snapshot.contacts if one.state is ContactState.WAITING]
        if waiting and chance.random() < 0.5:
            event = alike(event, chance.choice(waiting))
        self.handle(event)

    def contact_arrives_twice(self, chance: Random) -> None:
        self.handle(ev.ContactArrived(self.contact(chance), QUEUES[0]))

    def contact_is_changed(self, chance: Random) -> None:
        contact = self.contact(chance, ContactState.WAITING, ContactState.OFFERED)
        changes: dict[str, object] = {
            "skills": self.some(chance, SKILLS),
            "needs": self.needs(chance),
            "channel": chance.choice(CHANNELS),
            "priority": chance.randint(0, 2),
            "bonus_ms": chance.choice([0, 5]),
            "topic": chance.choice(TOPICS),
            "excluded": self.some(chance, AGENTS),
        }
        names = chance.sample(list(changes), chance.choice([1, 1, 2]))
        self.handle(ev.ContactChanged(contact, **{name: changes[name] for name in names}))  # type: ignore[arg-type]

    def contact_is_deferred(self, chance: Random) -> None:
        until_ns = self.now_ns + chance.randint(0, 20) * MS if chance.random() < 0.8 else None
        self.handle(ev.ContactDeferred(self.contact(chance), until_ns))

    def contact_returns(self, chance: Random) -> None:
        held = [one.contact for one in self.pair.snapshot.contacts if one.held]
        self.handle(ev.ContactReturned(chance.choice(held or ["nobody"])))

    def contact_is_transferred(self, chance: Random) -> None:
        agent = chance.choice([None, *AGENTS])
        queue = chance.choice([None, *QUEUES])
        self.handle(ev.ContactTransferred(self.contact(chance), queue, agent, chance.choice([0, 10])))

    def supervisor_assigns(self, chance: Random) -> None:
        contact = self.contact(chance, ContactState.WAITING, ContactState.OFFERED)
        self.handle(
            ev.AssignmentOrdered(contact, chance.choice([one.agent for one in self.pair.snapshot.agents] or AGENTS))
        )

    def customer_leaves(self, chance: Random) -> None:
        anyhow = chance.random() < 0.2
        states = () if anyhow else (ContactState.WAITING, ContactState.OFFERED)
        self.handle(ev.ContactAbandoned(self.contact(chance, *states)))

    def conversation_ends(self, chance: Random) -> None:
        states = () if chance.random() < 0.2 else (ContactState.ASSIGNED,)
        self.handle(ev.ContactEnded(self.contact(chance, *states)))

    def contact_goes_back(self, chance: Random) -> None:
        contact = self.contact(chance, ContactState.ASSIGNED)
        self.handle(ev.ContactRequeued(contact, "page lost", chance.choice(AFTER_RELEASE)))

    # Offers and wrap-up

    def offer_is_accepted(self, chance: Random) -> None:
        self.handle(ev.OfferAccepted(*self.offer(chance)))

    def offer_is_rejected(self, chance: Random) -> None:
        self.handle(ev.OfferRejected(*self.offer(chance), chance.choice(["", "not mine"])))

    def offer_is_revoked(self, chance: Random) -> None:
        self.handle(ev.OfferRevoked(self.offer(chance)[0], "page lost", chance.choice(AFTER_RELEASE)))

    def stale_offer_is_answered(self, chance: Random) -> None:
        self.handle(ev.OfferAccepted(self.pair.snapshot.offers_made - chance.randint(-1, 5), chance.choice(AGENTS)))

    def wrap_up(self, chance: Random) -> tuple[str, str | None]:
        """Whose, and of which contact if it is to be said."""
        wrap_ups = [
            (agent.agent, work.contact)
            for agent in self.pair.snapshot.agents
            for work in agent.work
            if work.until_ns is not None
        ]
        if chance.random() < 0.2 or not wrap_ups:
            return chance.choice(AGENTS), chance.choice([None, "nobody"])
        agent, contact = chance.choice(wrap_ups)
        return agent, chance.choice([None, contact])

    def wrap_up_is_finished(self, chance: Random) -> None:
        self.handle(ev.WrapUpFinished(*self.wrap_up(chance)))

    def wrap_up_is_extended(self, chance: Random) -> None:
        agent, contact = self.wrap_up(chance)
        self.handle(ev.WrapUpExtended(agent, self.now_ns + chance.randint(0, 60) * MS, contact))


def alike(event: ev.ContactArrived, other: ContactView) -> ev.ContactArrived:
    """Of the other's kind."""
    return msgspec.structs.replace(
        event,
        queue=other.queue,
        skills=frozenset(other.skills),
        channel=other.channel,
        needs=other.needs,
        priority=other.priority,
        topic=other.topic,
        excluded=frozenset(other.excluded),
    )
