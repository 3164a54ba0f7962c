"""What the session does about the run before: agents go on, chats keep their place, everything else is closed.

Calls can't go on, for their sound is gone with the process.  A chat can: its lines are in the database, its place in
the queue is its time of arrival, and its visitor's page comes back by itself.  What agents did stands in the
distributor's journal, as far as the last decision that anybody has heard of; without a journal the database is asked,
which is told a little later.
"""

from __future__ import annotations

import logging

from acd_core import events as acd
from acd_core.errors import AcdError
from acd_core.journal import Standing, StandingAgent
from gateway.model.clock import MS
from gateway.model.errors import ZentraleError
from gateway.model.events import AgentState, AgentStateChanged, ContactEnded, EndCause, LineWritten, Party
from gateway.model.ids import AgentId, Channel
from gateway.model.ports import ContactRecord, Store
from gateway.routing.settings import agent_signed_in
from gateway.session.contacts import ContactService
from gateway.session.floor import AT_WORK, Floor
from gateway.session.recording import Recorder

log = logging.getLogger(__name__)

COME_BACK_MS = 60_000
"""After a restart a page that comes back within this time finds its agent as ready as before.

Longer would surprise: somebody who signs in the next morning says themselves when they are ready.
"""

WRAPPING_UP = "wrap-up"
"""Why the distributor pauses an agent whose wrap-up the restart fell into."""


class Recovery:
    """Used once, before any edge starts."""

    def __init__(
        self, floor: Floor, contacts: ContactService, recorder: Recorder, store: Store, standing: Standing | None
    ) -> None:
        self._floor = floor
        self._contacts = contacts
        self._recorder = recorder
        self._store = store
        self._standing = standing
        self._late = False
        """Too late to come back as if nothing had happened."""

    async def run(self) -> None:
        dangling = await self._store.open_contacts()
        await self._recover_seats()
        closed = []
        for record in sorted(dangling, key=lambda record: (record.opened_ns, record.contact)):
            if record.channel is not Channel.CHAT or not await self._reopen(record):
                closed.append(record)
        now_ns = self._floor.clock.now_ns()
        if closed:
            await self._floor.log.write(
                *(
                    ContactEnded(at_ns=now_ns, contact=record.contact, by=Party.SYSTEM, cause=EndCause.RESTART)
                    for record in closed
                )
            )
        captures = self._recorder.recover()
        if dangling or captures:
            log.warning(
                "the last run did not end in order: closed %d contacts, %d chats wait on, finishing %d recordings",
                len(closed),
                len(dangling) - len(closed),
                captures,
            )

    async def _reopen(self, record: ContactRecord) -> bool:
        """Let the chat wait on; False when its queue or the limits do not let it."""
        timeline = await self._store.timeline(record.contact)
        try:
            self._contacts.reopen_chat(record, lines=sum(isinstance(event, LineWritten) for event in timeline))
        except ZentraleError as error:
            log.warning("chat %s can't wait on: %s", record.contact, error)
            return False
        return True

    async def _recover_seats(self) -> None:
        """Who was at work before the restart goes on as soon as their page is back, if that is soon."""
        floor, seats = self._floor, self._floor.seats
        states = await self._store.last_agent_states(list(seats))
        now_ns = floor.clock.now_ns()
        for agent, state in states.items():
            if state is AgentState.SIGNED_OUT:
                continue
            seats[agent].was_ready = state in AT_WORK
            floor.log.emit(
                AgentStateChanged(
                    at_ns=now_ns,
                    agent=agent,
                    state=AgentState.SIGNED_OUT,
                    reason="restart",
                    until_ns=None,
                    contact=None,
                )
            )
        if self._standing is not None:
            for seat in seats.values():
                seat.was_ready = False
            for standing in self._standing.agents.values():
                self._recover_seat(standing, now_ns)
        floor.scheduler.call_later(COME_BACK_MS, self._forget_who_was_ready)

    def _recover_seat(self, standing: StandingAgent, now_ns: int) -> None:
        seat = self._floor.seats.get(AgentId(standing.agent))
        if seat is None:
            return
        state = AgentState(standing.state)
        seat.was_ready = state in AT_WORK and standing.wish is None
        if not seat.was_ready or state is not AgentState.WRAP_UP or (standing.until_ns or 0) <= now_ns:
            return
        assert standing.until_ns is not None
        # The rest of the wrap-up; who says earlier that they are ready is.
        agent = seat.config.login
        seat.was_ready = False
        self._floor.router.submit(agent_signed_in(seat.config))
        self._floor.router.submit(acd.AgentPaused(agent=agent, reason=WRAPPING_UP))
        self._floor.scheduler.call_later(-((now_ns - standing.until_ns) // MS), lambda: self._wrapped_up(agent))

    def _wrapped_up(self, agent: AgentId) -> None:
        seat = self._floor.seats[agent]
        if seat.state is not AgentState.PAUSED or seat.reason != WRAPPING_UP:
            return
        try:
            # With no page the agent would be offered what nobody hears ring.
            self._floor.router.submit(acd.AgentReady(agent) if seat.pages else acd.AgentSignedOut(agent))
        except AcdError:
            log.exception("agent %s could not go on after the wrap-up", agent)
        seat.was_ready = not seat.pages and not self._late

    def _forget_who_was_ready(self) -> None:
        self._late = True
        for seat in self._floor.seats.values():
            if seat.state is AgentState.SIGNED_OUT:
                seat.was_ready = False
