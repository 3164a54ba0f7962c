"""The way from what happened to the disk: publishes each event at once and appends them to the store in order.

One task appends; whatever gathers while it waits for the disk goes into the next transaction together.  What nobody
waits for gathers for a few milliseconds first: one click makes half a dozen events, and the store's thread would take
the interpreter from the event loop just when the page is to be told what came of it.  When the store fails, nothing is
thrown away: the events wait, bounded, the append is tried again each second, and new contacts are refused until it
works, while conversations in progress go on.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque

from gateway.model.errors import CapacityError, ConflictError, InternalError
from gateway.model.events import Event
from gateway.model.ports import Store
from gateway.session.bus import EventBus

log = logging.getLogger(__name__)

BATCH_MAX = 1000
GATHER_S = 0.005
RETRY_S = 1.0


Waiting = tuple[Event, asyncio.Future[None] | None]
"""An event on its way, and whoever waits until it is on disk."""


class EventLog:
    def __init__(self, store: Store, bus: EventBus, *, waiting_max: int) -> None:
        self._store = store
        self._bus = bus
        self._waiting_max = waiting_max
        self._waiting: deque[Waiting] = deque()
        self._wake = asyncio.Event()
        self._gathering: asyncio.TimerHandle | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._failing = False
        self._closing = False

    def check_capacity(self) -> None:
        """Raise what a new contact must be refused with while the database can't keep up."""
        if self._failing:
            raise InternalError("the database does not take new records; see the log for its error")
        if len(self._waiting) >= self._waiting_max:
            raise CapacityError("the database is too far behind; try again later", limit="limits.events_waiting_max")

    def emit(self, event: Event, *, stored: bool = True) -> None:
        """Publish now, and keep soon (``stored=False``: never)."""
        self._bus.publish(event)
        if stored:
            self._put(event, None)

    async def write(self, *events: Event) -> None:
        """Keep the events, then publish them.  They are on disk when this returns; raises `InternalError` if not."""
        self.check_capacity()
        loop = asyncio.get_running_loop()
        kept: list[asyncio.Future[None]] = [loop.create_future() for _ in events]
        for event, future in zip(events, kept, strict=True):
            self._put(event, future)
        await asyncio.gather(*kept)
        for event in events:
            self._bus.publish(event)

    def _put(self, event: Event, kept: asyncio.Future[None] | None) -> None:
        self._waiting.append((event, kept))
        self._idle.clear()
        if kept is not None:
            self._wake.set()
        elif self._gathering is None:
            self._gathering = asyncio.get_running_loop().call_later(GATHER_S, self._gathered)

    def _gathered(self) -> None:
        self._gathering = None
        self._wake.set()

    async def run(self) -> None:
        """Append until `close`; run as a task of the owner's group."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            # What comes meanwhile sets its own time.
            more = len(self._waiting) > BATCH_MAX
            if self._waiting:
                await self._append_batch()
            if more or self._failing:
                self._wake.set()
            if not self._waiting:
                self._idle.set()
                if self._closing:
                    return

    async def _append_batch(self, count: int = BATCH_MAX) -> None:
        batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), count))]
        try:
            await self._store.append([event for event, _ in batch])
        except ConflictError as error:
            await self._append_singly(batch, error)
            return
        except (InternalError, CapacityError) as error:
            log.error("cannot store %d events, trying again in %g s: %s", len(batch), RETRY_S, error)
            self._failing = True
            # Whoever waits for the disk is told now; what nobody waits for is kept for the next try.
            for _, kept in batch:
                if kept is not None and not kept.done():
                    kept.set_exception(error)
            self._waiting.extendleft(reversed([(event, None) for event, kept in batch if kept is None]))
            if self._closing:
                log.critical("%d events are lost: the database failed to the end", len(self._waiting))
                self._waiting.clear()
                return
            await asyncio.sleep(RETRY_S)
            # With nothing left to try again, only a new contact can show whether the database works: let it.
            self._failing = bool(self._waiting)
            return
        self._failing = False
        for _, kept in batch:
            if kept is not None and not kept.done():
                kept.set_result(None)

    async def _append_singly(self, batch: list[Waiting], conflict: ConflictError) -> None:
        """One event of the batch can never be kept (a bug of ours): leave it out, so that it takes no other along."""
        if len(batch) == 1:
            event, kept = batch[0]
            log.critical("an event can't be stored and is left out: %s: %r", conflict, event)
            if kept is not None and not kept.done():
                kept.set_exception(conflict)
            return
        self._waiting.extendleft(reversed(batch))
        for _ in batch:
            await self._append_batch(1)

    async def flushed(self) -> None:
        """Wait until everything emitted so far is on disk."""
        if self._waiting:
            self._wake.set()
        await self._idle.wait()

    def close(self) -> None:
        """Append what is left, then let `run` return."""
        self._closing = True
        self._wake.set()
