"""How long will it take?  The state of a distributor, as a snapshot, is played forward many times on the same core.

Everything that shapes the wait is in it by itself: who is before whom, which agents know what, priorities, what is
configured.  What nobody can know is drawn by chance from what is usual (`Outlook`): how much longer the conversations
take that have begun, how long others wait before they give up, who else arrives.

The snapshot is rebuilt by telling a fresh distributor what led to it: contacts at the moments when they entered their
queues, agents last.  What rings is offered anew, and who turned down whom is not remembered.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import msgspec

from acd_core import Distributor
from acd_core import events as ev
from acd_core.api import DistributorApi
from acd_core.errors import UnknownContactError
from acd_core.simulation.distributions import NS_PER_S, Distribution, draw_rest
from acd_core.simulation.plan import AT_ONCE, Group, Plan, Stream
from acd_core.simulation.simulator import Simulator, generator
from acd_core.states import AgentState, ContactState
from acd_core.views import AgentView, ContactView, QueueView, Snapshot

RUNS = 100
HORIZON_S = 4 * 3600.0
NS_PER_MS = 1_000_000
PREFERRED_MS = 1000
"""Long enough for the agent who has a contact in hand to be given it again, whatever their queues and skills."""


LATER = "later/"
"""Before the ids of contacts that arrive after the snapshot."""


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """What is usual."""

    streams: tuple[Stream, ...]
    """One for each kind of contact; those of a queue without any are taken to be like the first."""
    answer: Distribution = AT_ONCE
    """How long agents let it ring."""


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds from now on; None: longer than the horizon."""

    contact: str
    position: int
    p50_s: float | None
    p90_s: float | None
    answered: float
    """Share of the runs in which the contact was answered within the horizon."""
    runs: int


def estimate(
    snapshot: Snapshot,
    contact: str,
    outlook: Outlook,
    *,
    now_ns: int | None = None,
    began_ns: Mapping[str, int] | None = None,
    seed: int = 1,
    runs: int = RUNS,
    horizon_s: float = HORIZON_S,
    make: Callable[[], DistributorApi] = Distributor,
) -> Estimate:
    """For a contact that waits or rings, should the customer not give up.

    ``now_ns``: the present; a snapshot has the time of the last event, since which nothing has changed.
    ``began_ns``: when conversations in hand began, where known; needed for agents with several, else known.
    Raises `UnknownContactError` for one that does not.
    """
    tagged = next((one for one in snapshot.contacts if one.contact == contact), None)
    if tagged is None or tagged.state is ContactState.ASSIGNED:
        raise UnknownContactError(contact)
    if now_ns is not None:
        snapshot = msgspec.structs.replace(snapshot, now_ns=max(now_ns, snapshot.now_ns))
    waits: list[int] = []
    position = 0
    for number in range(runs):
        run = _Run(snapshot, contact, outlook, began_ns or {}, seed=seed * 1_000_003 + number, make=make)
        position = run.position
        wait_ns = run.play(int(horizon_s * NS_PER_S))
        if wait_ns is not None:
            waits.append(wait_ns)
    waits.sort()
    return Estimate(
        contact=contact,
        position=position,
        p50_s=_quantile_s(waits, runs, 0.5),
        p90_s=_quantile_s(waits, runs, 0.9),
        answered=len(waits) / runs,
        runs=runs,
    )


def _quantile_s(waits: Sequence[int], runs: int, share: float) -> float | None:
    place = max(1, math.ceil(share * runs)) - 1
    return waits[place] / NS_PER_S if place < len(waits) else None


class _Run:
    """One way in which it may go on."""

    def __init__(
        self,
        snapshot: Snapshot,
        contact: str,
        outlook: Outlook,
        began_ns: Mapping[str, int],
        *,
        seed: int,
        make: Callable[[], DistributorApi],
    ) -> None:
        self._snapshot = snapshot
        self._tagged = contact
        self._outlook = outlook
        self._began_ns = began_ns
        self._chance = generator(seed, "rest")
        self._answered_ns: int | None = None
        plan = Plan(queues=(), streams=outlook.streams, groups=(), end_ns=0)
        self._simulator = Simulator(plan, seed, make=make, now_ns=snapshot.now_ns, prefix=LATER, on_answer=self._note)
        self._rebuild()

    def play(self, horizon_ns: int) -> int | None:
        """How long (ns) until the contact is answered; None: not within the horizon."""
        begin = self._snapshot.now_ns
        step = max(horizon_ns // 64, 1)
        for number in range(1, 65):
            self._simulator.run_until(begin + number * step)
            if self._answered_ns is not None:
                return self._answered_ns - begin
        return None

    def _note(self, simulator: Simulator, contact: str) -> None:
        if contact == self._tagged and self._answered_ns is None:
            self._answered_ns = simulator.now_ns

    # From the snapshot to a distributor in the same state

    def _rebuild(self) -> None:
        snapshot, simulator = self._snapshot, self._simulator
        queues = [_settings(view) for view in snapshot.queues]
        waiting = [one for one in snapshot.contacts if one.state is not ContactState.ASSIGNED]
        waiting.sort(key=lambda one: (_entered(one), one.sequence))
        agents = sorted(snapshot.agents, key=lambda one: (one.idle_since_ns, one.idle_sequence))
        simulator.now_ns = max(0, min([_entered(one) for one in waiting], default=snapshot.now_ns) - 1)
        for queue in queues:  # nobody overflows while this is under way
            simulator.tell(msgspec.structs.replace(queue, overflow=(), splits=()))
        for agent in agents:
            group = Group(name="", count=1, agent=_signed_in(agent), shifts=(), answer=self._outlook.answer)
            simulator.add_agent(agent.agent, group)
        contacts = {one.contact: one for one in snapshot.contacts}
        in_hand = [agent for agent in agents if self._put_in_hand(agent, contacts)]
        for view in waiting:
            simulator.run_until(max(simulator.now_ns, _entered(view)))
            self._arrive(view)
        simulator.now_ns = snapshot.now_ns
        self.position = simulator.distributor.position(self._tagged)
        for queue in queues:
            if queue.overflow or queue.splits:
                simulator.tell(queue)
        for closed in snapshot.queues:
            if closed.closed:
                simulator.tell(ev.QueueClosed(closed.queue))
        if snapshot.matching != ev.MatchingConfigured():
            simulator.tell(snapshot.matching)
        for agent in agents:
            if agent in in_hand:
                simulator.tell(ev.AgentReady(agent.agent))
            else:
                self._put_to_work(agent, contacts)

    def _arrive(self, view: ContactView) -> None:
        simulator = self._simulator
        event = ev.ContactArrived(
            view.contact,
            view.queue,
            frozenset(view.skills),
            view.channel,
            min(view.arrival_ns, simulator.now_ns),
            view.needs,
            view.priority,
            view.bonus_ms,
            view.topic,
            frozenset(view.excluded),
            view.preferred,
            view.preferred_ms if view.preferring else 0,
        )
        stream = self._stream(view.queue, view)
        patience_ns = None
        if stream.patience is not None and view.contact != self._tagged:
            waited_ns = self._snapshot.now_ns - view.arrival_ns
            patience_ns = self._snapshot.now_ns - simulator.now_ns + draw_rest(stream.patience, waited_ns, self._chance)
        simulator.add_contact(event, stream.name, patience_ns)

    def _put_in_hand(self, agent: AgentView, contacts: dict[str, ContactView]) -> bool:
        """Who may have several contacts at once gets those in hand again, and takes no other for now."""
        if agent.next_state is not None or agent.settings is None or not agent.settings.lanes:
            return False
        views = [contacts[work.contact] for work in agent.work if work.until_ns is None and work.contact in contacts]
        simulator, now_ns = self._simulator, self._snapshot.now_ns
        for view in views:
            stream = self._stream(view.queue, view)
            rest_ns = self._rest(stream, view.contact, agent)
            event = ev.ContactArrived(
                view.contact, view.queue, channel=view.channel, preferred=agent.agent, preferred_ms=PREFERRED_MS
            )
            simulator.add_work(event, stream.name, agent.agent, now_ns - simulator.now_ns + rest_ns)
        if views:
            simulator.tell(ev.AgentPaused(agent.agent, "not yet"))
        return bool(views)

    def _put_to_work(self, agent: AgentView, contacts: dict[str, ContactView]) -> None:
        """Who has a contact in hand or wraps up is ready when that is over; the time is drawn."""
        simulator, now_ns = self._simulator, self._snapshot.now_ns
        if agent.state in (AgentState.AVAILABLE, AgentState.OFFERED):
            simulator.tell(ev.AgentReady(agent.agent))
        elif agent.state in (AgentState.BUSY, AgentState.WRAP_UP) and agent.next_state is None:
            view = contacts.get(agent.contact or "")
            if agent.state is AgentState.WRAP_UP:
                rest_ns = self._wrap_up_rest(agent, now_ns - agent.since_ns)
            else:
                stream = self._stream(agent.queues[0] if view is None and agent.queues else "", view)
                rest_ns = self._rest(stream, agent.contact or "", agent) + self._wrap_up(stream, view)
            simulator.at(now_ns + rest_ns, simulator.tell, ev.AgentReady(agent.agent))

    def _rest(self, stream: Stream, contact: str, agent: AgentView) -> int:
        """Of a conversation in hand."""
        elapsed_ns = self._snapshot.now_ns - self._began_ns.get(contact, agent.since_ns)
        return draw_rest(stream.handling, elapsed_ns, self._chance)

    def _wrap_up(self, stream: Stream, view: ContactView | None) -> int:
        if stream.wrap_up is not None:
            return draw_rest(stream.wrap_up, 0, self._chance)
        return (
            next((one.wrap_up_ms for one in self._snapshot.queues if view and one.queue == view.queue), 0) * NS_PER_MS
        )

    def _wrap_up_rest(self, agent: AgentView, elapsed_ns: int) -> int:
        left_ns = max(0, (agent.until_ns or 0) - self._snapshot.now_ns)
        for stream in self._outlook.streams:
            if stream.wrap_up is not None and stream.contact.queue in agent.queues:
                return min(left_ns, draw_rest(stream.wrap_up, elapsed_ns, self._chance))
        return left_ns

    def _stream(self, queue: str, view: ContactView | None) -> Stream:
        """The kind of contact that this one is likest to."""

        def likeness(stream: Stream) -> tuple[bool, bool, bool]:
            contact = stream.contact
            if view is None:
                return contact.queue == queue, False, False
            return (
                contact.queue == view.queue,
                contact.channel == view.channel,
                contact.skills == frozenset(view.skills),
            )

        return max(self._outlook.streams, key=likeness)


def _settings(view: QueueView) -> ev.QueueConfigured:
    if view.settings is not None:
        return view.settings
    return ev.QueueConfigured(view.queue, view.offer_ms, view.wrap_up_ms, frozenset(view.skills), view.strategy)


def _signed_in(view: AgentView) -> ev.AgentSignedIn:
    if view.settings is not None:
        return ev.AgentSignedIn(*msgspec.structs.astuple(view.settings))
    return ev.AgentSignedIn(view.agent, frozenset(view.queues), frozenset(view.skills))


def _entered(view: ContactView) -> int:
    return view.entered_ns or view.arrival_ns
