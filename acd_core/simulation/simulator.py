"""The discrete-event simulator: customers and agents who act by chance, and the real distributor between them.

Time jumps from one event to the next.  The distributor is told what happens through its own API, its timers run, and
what it decides is acted upon; nothing of its rules is repeated here.  Chance comes from generators of our own, one for
each stream and purpose: a contact has the same patience and handling time whatever the distributor does, so that two
configurations can be compared on the same customers.
"""

from __future__ import annotations

import contextlib
import heapq
import random
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from acd_core import Distributor
from acd_core import events as ev
from acd_core.api import DistributorApi
from acd_core.decisions import (
    AgentStateChanged,
    ContactAssigned,
    ContactInterrupted,
    ContactResumed,
    Decision,
    OfferEnded,
    OfferMade,
)
from acd_core.errors import IllegalStateError, UnknownAgentError
from acd_core.metrics.collector import Collector
from acd_core.metrics.report import Report
from acd_core.simulation.distributions import drawer
from acd_core.simulation.plan import AT_ONCE, Group, Plan, Stream
from acd_core.states import AgentState
from acd_core.views import Snapshot

Progress = Callable[[int, int], None]
"""Simulated time so far and in all (ns)."""

NS_PER_MS = 1_000_000
PROGRESS_EVERY = 2_000
"""Events between two calls of the progress callback."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    seed: int
    report: Report
    contacts: int
    events: int
    """Calls of the distributor, its timers included."""
    decisions: int
    took_s: float
    """Real time."""

    @property
    def events_per_s(self) -> float:
        return self.events / self.took_s if self.took_s else 0.0


class _Contact:
    __slots__ = ("agent", "ends_ns", "left_ns", "name", "queue", "source", "transfer", "turn", "wrap_up_ns")

    def __init__(self, name: str, source: _Source) -> None:
        self.name = name
        self.source = source
        self.left_ns = source.handling()
        """Of the conversation."""
        self.ends_ns = 0
        self.wrap_up_ns = source.wrap_up() if source.wrap_up is not None else None
        self.transfer = bool(source.transfer) and source.uniform() < source.transfer
        self.agent: _Agent | None = None
        self.queue = ""
        """In which it was offered last."""
        self.turn = 0
        """Counts changes, so that what was planned for an earlier stage does not happen in a later."""


class _Source:
    """A stream at work."""

    __slots__ = ("fields", "handling", "number", "patience", "stream", "times", "transfer", "uniform", "wrap_up")

    def __init__(self, stream: Stream, seed: int, from_ns: int) -> None:
        def chance(purpose: str) -> random.Random:
            return generator(seed, f"{stream.name}/{purpose}")

        self.stream = stream
        self.number = 0
        self.times: Iterator[int] = stream.arrivals.times(chance("arrivals"), from_ns)
        self.handling = drawer(stream.handling, chance("handling"))
        self.patience = drawer(stream.patience, chance("patience")) if stream.patience is not None else None
        self.wrap_up = drawer(stream.wrap_up, chance("wrap-up")) if stream.wrap_up is not None else None
        self.transfer = stream.transfer
        self.uniform = chance("transfer").random
        self.fields = msgspec.structs.astuple(stream.contact)[1:]


class _Agent:
    __slots__ = ("back", "event", "group", "name", "no_answer", "ring", "signed_in", "turn", "uniform")

    def __init__(self, group: Group, name: str, seed: int) -> None:
        chance = generator(seed, f"agent {name}")
        self.group = group
        self.name = name
        self.event = msgspec.structs.replace(group.agent, agent=name)
        self.ring = None if group.answer == AT_ONCE else drawer(group.answer, chance)
        self.back = drawer(group.back, chance)
        self.no_answer = group.no_answer
        self.uniform = chance.random
        self.signed_in = False
        self.turn = 0
        """Counts changes of state, so that what was planned for an earlier one does not happen in a later."""


def generator(seed: int, purpose: str) -> random.Random:
    """A generator of its own for each purpose.

    Only its uniform numbers are used, whose sequence for a seed Python promises to keep in later versions.
    """
    return random.Random(f"zentrale/{seed}/{purpose}")


class Simulator:
    """One run.  `now_ns`, `distributor`, `at` and `tell` may be used by the callbacks to look and to interfere."""

    def __init__(
        self,
        plan: Plan,
        seed: int,
        *,
        make: Callable[[], DistributorApi] = Distributor,
        now_ns: int = 0,
        prefix: str = "",
        measured: bool = True,
        on_arrival: Callable[[Simulator, str, Stream], None] | None = None,
        on_answer: Callable[[Simulator, str], None] | None = None,
    ) -> None:
        """``make``: which distributor (the compiled one unless told); it begins at ``now_ns``.

        ``prefix``: of the ids of contacts that arrive by the plan, so that they differ from those of others.
        ``measured``: whether the collector is told; not where it can't know what was before.
        ``on_arrival`` is called after each arrival, ``on_answer`` at each answer, with the contact's id.
        """
        self.plan = plan
        self.seed = seed
        self.now_ns = now_ns
        self.distributor = make()
        self.collector = Collector(targets=plan.targets, from_ns=plan.from_ns, interval_ns=plan.interval_ns)
        self.events = self.decisions = self.contacts_made = 0
        self._prefix = prefix
        self._measured = measured
        self._on_arrival = on_arrival
        self._on_answer = on_answer
        self._agenda: list[tuple[int, int, Callable[[Any], None], Any]] = []
        self._planned = 0
        self._contacts: dict[str, _Contact] = {}
        self._agents: dict[str, _Agent] = {}
        self._offers: set[int] = set()
        self._wrap_up_ms: dict[str, int] = {}
        self._react: dict[type, Callable[[Any], None]] = {
            OfferMade: self._offered,
            OfferEnded: self._offer_ended,
            ContactAssigned: self._assigned,
            ContactInterrupted: self._interrupted,
            ContactResumed: self._resumed,
            AgentStateChanged: self._state_changed,
        }
        self._sources = [_Source(stream, seed, now_ns) for stream in plan.streams]
        for queue in plan.queues:
            self.tell(queue)
        for group in plan.groups:
            for number in range(1, group.count + 1):
                agent = _Agent(group, f"{group.name} {number}", seed)
                self._agents[agent.name] = agent
                for begin, end in group.shifts:
                    self.at(begin, self._come, agent)
                    self.at(end, self._go, agent)
        for when, event in plan.events:
            self.at(when, self.tell, event)
        for source in self._sources:
            self._next_arrival(source)

    def run(self, progress: Progress | None = None) -> Result:
        """To the end of the plan."""
        began = time.perf_counter()
        plan = self.plan
        if plan.close_ns is None:
            self.run_until(plan.end_ns, progress)
        else:
            self.run_until(plan.close_ns, progress)
            self.run_until(plan.end_ns, progress, while_busy=True)
        report = self.collector.report(self.now_ns)
        report.check()
        return Result(
            seed=self.seed,
            report=report,
            contacts=self.contacts_made,
            events=self.events,
            decisions=self.decisions,
            took_s=time.perf_counter() - began,
        )

    def run_until(self, end_ns: int, progress: Progress | None = None, *, while_busy: bool = False) -> None:
        """Everything up to then, what is due at that moment included; ``while_busy``: or until no work is left."""
        agenda, get_timer, pop = self._agenda, self.distributor.get_timer, heapq.heappop
        show_at = self.events
        while True:
            if while_busy and not self._contacts and not self.collector.wrapping_up:
                return
            due = get_timer()
            if agenda and (due is None or agenda[0][0] < due):
                if agenda[0][0] > end_ns:
                    break
                self.now_ns, _, act, what = pop(agenda)
                act(what)
            elif due is not None and due <= end_ns:
                self.now_ns = max(due, self.now_ns)  # one may be overdue in what was restored
                self._digest(None, self.distributor.handle_timer(self.now_ns))
            else:
                break
            if progress is not None and self.events >= show_at:
                show_at = self.events + PROGRESS_EVERY
                progress(self.now_ns, end_ns)
        self.now_ns = end_ns
        if progress is not None:
            progress(end_ns, end_ns)

    def at(self, when_ns: int, act: Callable[[Any], None], what: object) -> None:
        """Let ``act(what)`` happen then; what is planned for the same moment happens in the order of planning."""
        self._planned += 1
        heapq.heappush(self._agenda, (when_ns, self._planned, act, what))

    def tell(self, event: ev.Event) -> None:
        """The distributor is told now, and what it decides is acted upon."""
        if type(event) is ev.QueueConfigured:
            self._wrap_up_ms[event.queue] = event.wrap_up_ms
        self._digest(event, self.distributor.handle(event, self.now_ns))

    # What is there already, in a distributor that was restored

    def adopt(self, snapshot: Snapshot) -> None:
        """The distributor goes on from there; agents, contacts and offers are to be adopted, too, before time does."""
        self.distributor.restore(snapshot)
        self._wrap_up_ms = {view.queue: view.wrap_up_ms for view in snapshot.queues}

    def adopt_agent(self, name: str, group: Group) -> None:
        agent = self._agents[name] = _Agent(group, name, self.seed)
        agent.signed_in = True

    def adopt_contact(self, name: str, stream: str, queue: str, patience_ns: int | None) -> None:
        """It waits or rings; ``stream`` says how long things take, ``patience_ns`` from now on."""
        contact = self._adopt(name, stream, queue)
        if patience_ns is not None:
            self.at(self.now_ns + patience_ns, self._give_up, (contact, contact.turn))

    def adopt_work(self, name: str, stream: str, queue: str, agent: str, left_ns: int, *, interrupted: bool) -> None:
        """The agent has it in hand, for ``left_ns`` more of conversation."""
        contact = self._adopt(name, stream, queue)
        contact.agent = self._agents[agent]
        contact.left_ns = left_ns
        if not interrupted:
            self._converse(contact)

    def adopt_offer(self, offer: int, agent: str, expires_ns: int, rest_ns: int) -> None:
        """It rings; the agent answers after ``rest_ns`` more, if it rings for so long."""
        self._offers.add(offer)
        if self.now_ns + rest_ns < expires_ns:
            self.at(self.now_ns + rest_ns, self._answer, (offer, agent))

    def adopt_wrap_up(self, agent: str, contact: str, rest_ns: int) -> None:
        """The agent ends it after that, unless it is over by then."""
        self.at(self.now_ns + rest_ns, self._finish_wrap_up, (agent, contact))

    def _adopt(self, name: str, stream: str, queue: str) -> _Contact:
        source = next(source for source in self._sources if source.stream.name == stream)
        contact = self._contacts[name] = _Contact(name, source)
        contact.queue = queue
        return contact

    def be_patient(self, contact: str) -> None:
        """The customer, who waits or is about to arrive, does not give up any more."""
        self._contacts[contact].turn += 1

    def _digest(self, event: ev.Event | None, decisions: list[Decision]) -> None:
        self.events += 1
        self.decisions += len(decisions)
        if self._measured:
            self.collector.observe(event, decisions, self.now_ns)
        react = self._react
        for decision in decisions:
            act = react.get(type(decision))
            if act is not None:
                act(decision)

    # Customers

    def _next_arrival(self, source: _Source) -> None:
        when_ns = next(source.times, None)
        if when_ns is not None:
            self.at(when_ns, self._arrive, source)

    def _arrive(self, source: _Source) -> None:
        self.contacts_made += 1
        source.number += 1
        name = f"{self._prefix}{source.stream.name}-{source.number}"
        contact = self._contacts[name] = _Contact(name, source)
        self._wait(contact)
        self.tell(ev.ContactArrived(name, *source.fields))
        if self._on_arrival is not None:
            self._on_arrival(self, name, source.stream)
        self._next_arrival(source)

    def _wait(self, contact: _Contact) -> None:
        if contact.source.patience is not None:
            self.at(self.now_ns + contact.source.patience(), self._give_up, (contact, contact.turn))

    def _give_up(self, what: tuple[_Contact, int]) -> None:
        contact, turn = what
        if contact.turn == turn:
            contact.turn += 1
            del self._contacts[contact.name]
            self.tell(ev.ContactAbandoned(contact.name))

    def _converse(self, contact: _Contact) -> None:
        contact.turn += 1
        contact.ends_ns = self.now_ns + contact.left_ns
        self.at(contact.ends_ns, self._hang_up, (contact, contact.turn))

    def _hang_up(self, what: tuple[_Contact, int]) -> None:
        contact, turn = what
        if contact.turn != turn:
            return
        agent, stream = contact.agent, contact.source.stream
        assert agent is not None
        if contact.wrap_up_ns is not None and contact.wrap_up_ns < self._allowed_ns(agent, contact):
            self.at(self.now_ns + contact.wrap_up_ns, self._finish_wrap_up, (agent.name, contact.name))
        contact.turn += 1
        contact.agent = None
        if not contact.transfer:
            del self._contacts[contact.name]
            self.tell(ev.ContactEnded(contact.name))
            return
        contact.transfer = False
        contact.left_ns = contact.source.handling()
        self._wait(contact)
        self.tell(ev.ContactTransferred(contact.name, stream.transfer_to))

    def _allowed_ns(self, agent: _Agent, contact: _Contact) -> int:
        """How long the wrap-up may take at most."""
        own_ms = agent.event.wrap_up_ms
        return (self._wrap_up_ms[contact.queue] if own_ms is None else own_ms) * NS_PER_MS

    # Agents

    def _come(self, agent: _Agent) -> None:
        if not agent.signed_in:
            agent.signed_in = True
            self.tell(agent.event)
        self.tell(ev.AgentReady(agent.name))

    def _go(self, agent: _Agent) -> None:
        if agent.signed_in:
            self.tell(ev.AgentSignedOut(agent.name))

    def _answer(self, what: tuple[int, str]) -> None:
        offer, agent = what
        if offer in self._offers:
            self.tell(ev.OfferAccepted(offer, agent))

    def _get_ready(self, what: tuple[_Agent, int]) -> None:
        agent, turn = what
        if agent.turn == turn:
            self.tell(ev.AgentReady(agent.name))

    def _finish_wrap_up(self, what: tuple[str, str]) -> None:
        agent, contact = what
        # It may be over already: the agent came back from a pause or signed out.
        with contextlib.suppress(IllegalStateError, UnknownAgentError):
            self.tell(ev.WrapUpFinished(agent, contact))

    # What the distributor decides

    def _offered(self, decision: OfferMade) -> None:
        agent = self._agents[decision.agent]
        self._contacts[decision.contact].queue = decision.queue
        self._offers.add(decision.offer)
        if agent.no_answer and agent.uniform() < agent.no_answer:
            return
        when_ns = self.now_ns if agent.ring is None else self.now_ns + agent.ring()
        if when_ns < decision.expires_ns:
            self.at(when_ns, self._answer, (decision.offer, decision.agent))

    def _offer_ended(self, decision: OfferEnded) -> None:
        self._offers.discard(decision.offer)

    def _assigned(self, decision: ContactAssigned) -> None:
        contact, agent = self._contacts[decision.contact], self._agents[decision.agent]
        contact.agent = agent
        factor = agent.group.handling_factor
        if factor != 1.0:
            contact.left_ns = int(contact.left_ns * factor)
        self._converse(contact)
        if self._on_answer is not None:
            self._on_answer(self, decision.contact)

    def _interrupted(self, decision: ContactInterrupted) -> None:
        contact = self._contacts[decision.contact]
        contact.turn += 1
        contact.left_ns = contact.ends_ns - self.now_ns

    def _resumed(self, decision: ContactResumed) -> None:
        self._converse(self._contacts[decision.contact])

    def _state_changed(self, decision: AgentStateChanged) -> None:
        agent = self._agents[decision.agent]
        agent.turn += 1
        if decision.state is AgentState.NOT_RESPONDING:
            self.at(self.now_ns + agent.back(), self._get_ready, (agent, agent.turn))
        elif decision.state is AgentState.SIGNED_OUT:
            agent.signed_in = False
