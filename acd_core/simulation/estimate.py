"""How long will it take?  The state of a distributor, as a snapshot, is played forward many times on the same core.

Everything that shapes the wait is in it by itself: who is before whom, which agents know what, priorities, what is
configured.  What nobody can know is drawn by chance from what is usual (`Outlook`): how much longer the conversations
take that have begun, how long others wait before they give up, who else arrives.

The distributor of each run is restored from the snapshot, so that nothing of what it knows is lost: who rings at whom
and until when, who was spared what, who is held and who will be back.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import msgspec

from acd_core import Distributor
from acd_core import events as ev
from acd_core.api import DistributorApi
from acd_core.errors import UnknownContactError
from acd_core.simulation.arrivals import Listed
from acd_core.simulation.distributions import NS_PER_S, Distribution, draw_rest
from acd_core.simulation.plan import AT_ONCE, Group, Plan, Stream
from acd_core.simulation.simulator import Simulator, generator
from acd_core.states import ContactState
from acd_core.views import AgentView, ContactView, Snapshot

RUNS = 100
HORIZON_S = 4 * 3600.0
NS_PER_MS = 1_000_000
NOBODY = Listed(())
LATER = "later/"
"""Before the ids of contacts that arrive after the snapshot."""


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """What is usual."""

    streams: tuple[Stream, ...]
    """One for each kind of contact; those of a queue without any are taken to be like the first."""
    answer: Distribution = AT_ONCE
    """How long agents let it ring."""


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds from now on; None: longer than the horizon, or never (held by a closed queue, or without a time)."""

    contact: str
    position: int
    """In its queue, as `DistributorApi.position` says it."""
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
    Raises `UnknownContactError` for a contact that neither waits nor rings.
    """
    tagged = next((one for one in snapshot.contacts if one.contact == contact), None)
    if tagged is None or tagged.state is ContactState.ASSIGNED:
        raise UnknownContactError(contact)
    standing = make()
    standing.restore(snapshot)
    if now_ns is not None:
        snapshot = msgspec.structs.replace(snapshot, now_ns=max(now_ns, snapshot.now_ns))
    waits: list[int] = []
    for number in range(runs):
        run = _Run(snapshot, contact, outlook, began_ns or {}, seed=seed * 1_000_003 + number, make=make)
        wait_ns = run.play(int(horizon_s * NS_PER_S))
        if wait_ns is not None:
            waits.append(wait_ns)
    waits.sort()
    return Estimate(
        contact=contact,
        position=standing.position(contact),
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
        queues = frozenset(view.queue for view in snapshot.queues)
        streams = tuple(_playable(stream, queues) for stream in outlook.streams)
        plan = Plan(queues=(), streams=streams, groups=(), end_ns=0)
        self._simulator = Simulator(
            plan, seed, make=make, now_ns=snapshot.now_ns, prefix=LATER, measured=False, on_answer=self._note
        )
        self._adopt()

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

    # Who does what from here on

    def _adopt(self) -> None:
        snapshot, simulator = self._snapshot, self._simulator
        simulator.adopt(snapshot)
        agents = {view.agent: view for view in snapshot.agents}
        for agent in snapshot.agents:
            group = Group(name="", count=1, agent=_signed_in(agent), shifts=(), answer=self._outlook.answer)
            simulator.adopt_agent(agent.agent, group)
        for contact in snapshot.contacts:
            if contact.state is ContactState.ASSIGNED and contact.agent is not None:
                self._adopt_work(contact, agents[contact.agent])
            else:
                stream = self._stream(contact)
                patience_ns = self._patience_rest(stream, contact)
                simulator.adopt_contact(contact.contact, stream.name, contact.queue, patience_ns)
        queues = {view.queue: view for view in snapshot.queues}
        contacts = {view.contact: view for view in snapshot.contacts}
        for offer in snapshot.offers:
            offer_ns = queues[contacts[offer.contact].queue].offer_ms * NS_PER_MS
            rung_ns = max(0, offer_ns - (offer.expires_ns - snapshot.now_ns))
            rest_ns = draw_rest(self._outlook.answer, rung_ns, self._chance)
            simulator.adopt_offer(offer.offer, offer.agent, offer.expires_ns, rest_ns)
        for agent in snapshot.agents:
            self._adopt_wrap_ups(agent)

    def _adopt_work(self, contact: ContactView, agent: AgentView) -> None:
        """How much longer the conversation lasts is drawn, given how long it has."""
        stream = self._stream(contact)
        elapsed_ns = self._snapshot.now_ns - self._began_ns.get(contact.contact, agent.since_ns)
        rest_ns = draw_rest(stream.handling, max(0, elapsed_ns), self._chance)
        interrupted = any(work.interrupted for work in agent.work if work.contact == contact.contact)
        self._simulator.adopt_work(
            contact.contact, stream.name, contact.queue, agent.agent, rest_ns, interrupted=interrupted
        )

    def _adopt_wrap_ups(self, agent: AgentView) -> None:
        """They end by their timers at the latest; earlier where agents usually end them themselves."""
        usual = next(
            (
                stream.wrap_up
                for stream in self._outlook.streams
                if stream.wrap_up is not None and stream.contact.queue in agent.queues
            ),
            None,
        )
        if usual is None:
            return
        for work in agent.work:
            if work.until_ns is not None:
                elapsed_ns = max(0, self._snapshot.now_ns - agent.since_ns)
                rest_ns = draw_rest(usual, elapsed_ns, self._chance)
                if self._snapshot.now_ns + rest_ns < work.until_ns:
                    self._simulator.adopt_wrap_up(agent.agent, work.contact, rest_ns)

    def _patience_rest(self, stream: Stream, contact: ContactView) -> int | None:
        """None: for ever.  Who is held (a callback, a closed queue) does not wait at the line."""
        if stream.patience is None or contact.contact == self._tagged or contact.held:
            return None
        return draw_rest(stream.patience, self._snapshot.now_ns - contact.arrival_ns, self._chance)

    def _stream(self, view: ContactView) -> Stream:
        """The kind of contact that this one is likest to."""

        def likeness(stream: Stream) -> tuple[bool, bool, bool]:
            contact = stream.contact
            return (
                contact.queue == view.queue,
                contact.channel == view.channel,
                contact.skills == frozenset(view.skills),
            )

        return max(self._outlook.streams, key=likeness)


def _playable(stream: Stream, queues: frozenset[str]) -> Stream:
    """Nobody arrives in a queue, or is sent on to one, that is not there."""
    if stream.contact.queue not in queues:
        stream = msgspec.structs.replace(stream, arrivals=NOBODY)
    return stream if stream.transfer_to in queues else msgspec.structs.replace(stream, transfer=0.0)


def _signed_in(view: AgentView) -> ev.AgentSignedIn:
    if view.settings is not None:
        return ev.AgentSignedIn(*msgspec.structs.astuple(view.settings))
    return ev.AgentSignedIn(view.agent, frozenset(view.queues), frozenset(view.skills))
