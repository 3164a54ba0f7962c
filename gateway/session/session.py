"""Wires the session together and owns its beginning and end: recovery after a crash, drain before a stop."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from acd_core.events import MatchingConfigured
from gateway.config.distribution import DistributionConfig
from gateway.config.schema import AgentConfig, LimitsConfig, NumberConfig, QueueConfig
from gateway.model.clock import Clock, Scheduler
from gateway.model.events import AgentState, AgentStateChanged, ContactEnded, EndCause, Party
from gateway.model.media import MediaPlane
from gateway.model.ports import Store
from gateway.routing.hours import OpeningHours
from gateway.routing.router import Distributor, Router
from gateway.routing.settings import matching_configured, queue_configured
from gateway.session.agents import AgentService
from gateway.session.bus import EventBus
from gateway.session.contacts import ContactService
from gateway.session.conversation import Conversations
from gateway.session.decisions import DecisionHandler
from gateway.session.eventlog import EventLog
from gateway.session.floor import Floor
from gateway.session.recording import Recorder

log = logging.getLogger(__name__)

AT_WORK = frozenset({AgentState.AVAILABLE, AgentState.OFFERED, AgentState.BUSY, AgentState.WRAP_UP})

DEFAULT_DISTRIBUTION = DistributionConfig()

COME_BACK_MS = 60_000
"""After a restart a page that comes back within this time finds its agent as ready as before.

Longer would surprise: somebody who signs in the next morning says themselves when they are ready.
"""


class Session:
    """Use as ``async with Session(...) as session``; edges start after it and stop before it."""

    def __init__(
        self,
        *,
        queues: list[QueueConfig],
        numbers: list[NumberConfig],
        agents: list[AgentConfig],
        limits: LimitsConfig,
        directory: Path,
        store: Store,
        media: MediaPlane,
        distributor: Distributor,
        clock: Clock,
        scheduler: Scheduler,
        distribution: DistributionConfig = DEFAULT_DISTRIBUTION,
    ) -> None:
        self.bus = EventBus()
        self._store = store
        self._clock = clock
        self._scheduler = scheduler
        self._log = EventLog(store, self.bus, waiting_max=limits.events_waiting_max)
        self._router = Router(distributor, clock, scheduler)
        self._recorder = Recorder(directory, self._log, clock)
        self._floor = Floor(
            queues=queues,
            numbers=numbers,
            agents=agents,
            limits=limits,
            clock=clock,
            scheduler=scheduler,
            log=self._log,
            media=media,
            router=self._router,
        )
        conversations = Conversations(self._floor, self._recorder)
        decisions = DecisionHandler(self._floor, conversations)
        self.contacts = ContactService(self._floor, conversations, self._recorder)
        self.agents = AgentService(self._floor, conversations, decisions, self.contacts)
        self._matching = matching_configured(distribution)
        self._opening_hours = OpeningHours(queues, distribution.timezone, self._router.submit, clock, scheduler)
        self._appending: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Session:
        self._appending = asyncio.create_task(self._log.run(), name="event log")
        for queue in self._floor.queues.values():
            self._router.submit(queue_configured(queue))
        if self._matching != MatchingConfigured():
            self._router.submit(self._matching)
        self._opening_hours.start()
        await self._recover()
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._appending is not None
        self.drain()
        self._opening_hours.stop()
        self._router.stop()
        await self._recorder.close()
        self._log.close()
        await self._appending

    def drain(self) -> None:
        """Refuse new contacts and end those there are, each with its reason."""
        self._floor.draining = True
        for contact in list(self._floor.contacts.values()):
            self.contacts.end(contact, Party.SYSTEM, EndCause.SHUTDOWN)

    async def flushed(self) -> None:
        """Wait until all that has happened so far is on disk."""
        await self._log.flushed()

    async def _recover_seats(self) -> None:
        """Who was at work before the restart goes on as soon as their page is back, if that is soon."""
        seats = self._floor.seats
        states = await self._store.last_agent_states(list(seats))
        now_ns = self._clock.now_ns()
        for agent, state in states.items():
            if state is AgentState.SIGNED_OUT:
                continue
            seats[agent].was_ready = state in AT_WORK
            self._log.emit(
                AgentStateChanged(
                    at_ns=now_ns,
                    agent=agent,
                    state=AgentState.SIGNED_OUT,
                    reason="restart",
                    until_ns=None,
                    contact=None,
                )
            )
        self._scheduler.call_later(COME_BACK_MS, self._forget_who_was_ready)

    def _forget_who_was_ready(self) -> None:
        for seat in self._floor.seats.values():
            if seat.state is AgentState.SIGNED_OUT:
                seat.was_ready = False

    async def _recover(self) -> None:
        """Close what a crash left open, and finish its recordings."""
        dangling = await self._store.open_contacts()
        now_ns = self._clock.now_ns()
        if dangling:
            await self._log.write(
                *(
                    ContactEnded(at_ns=now_ns, contact=record.contact, by=Party.SYSTEM, cause=EndCause.RESTART)
                    for record in dangling
                )
            )
        await self._recover_seats()
        captures = self._recorder.recover()
        if dangling or captures:
            log.warning(
                "the last run did not end in order: closed %d contacts, finishing %d recordings",
                len(dangling),
                captures,
            )
