"""One thread that writes, and takes all that waits into one transaction.

A commit costs a disk flush of a few milliseconds, however much is in it.  While one is under way, further writes gather
in the queue; the next transaction takes them all, and each writer's coroutine goes on when its rows are on disk (group
commit).  When a transaction fails, nothing of it is kept and every one in it hears of it: `ConflictError` for the one
whose rows contradict what is there, `InternalError` when the database itself failed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, InterfaceError, ProgrammingError, TimeoutError

from gateway.model.errors import CapacityError, ConflictError, InternalError
from gateway.storage.projection import INSERT_EVENT, Change

log = logging.getLogger(__name__)

GROUP_CHANGES_MAX = 5000
"""One transaction takes no more than this, so that nobody waits for a huge one."""


@dataclass(slots=True, frozen=True)
class _Job:
    changes: Sequence[Change]
    written: asyncio.Future[None]


class Writer:
    """Belongs to the loop it was made on; only `_run` and what it calls is on the thread."""

    def __init__(self, engine: Engine, *, waiting_max: int) -> None:
        self._engine = engine
        self._waiting_max = waiting_max
        self._loop = asyncio.get_running_loop()
        self._waiting = 0
        self._closed = False
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="zentrale-store-writer", daemon=True)
        self._thread.start()

    async def write(self, changes: Sequence[Change]) -> None:
        """Make the changes in one transaction, in their order; they are on disk when this returns.

        A cancelled wait does not take them back.  Raises `CapacityError` when ``waiting_max`` changes wait already,
        `ConflictError` when they contradict what is there, `InternalError` when the database failed.
        """
        if not changes:
            return
        if self._closed:
            raise InternalError("the database is closed: Zentrale is stopping")
        if self._waiting and self._waiting + len(changes) > self._waiting_max:
            raise CapacityError(
                f"{self._waiting} changes wait for the database already; try again later",
                limit="limits.events_waiting_max",
            )
        self._waiting += len(changes)
        job = _Job(changes, self._loop.create_future())
        self._queue.put(job)
        await job.written

    async def close(self) -> None:
        """Write what waits, then end the thread."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        for group in self._groups():
            failures = self._write_group(group)
            with contextlib.suppress(RuntimeError):  # the loop was closed without us; the rows are on disk
                self._loop.call_soon_threadsafe(self._finish, group, failures)

    def _groups(self) -> Iterator[list[_Job]]:
        """All that waits, again and again, until the end mark."""
        while (job := self._queue.get()) is not None:
            group = [job]
            size = len(job.changes)
            while size < GROUP_CHANGES_MAX:
                try:
                    job = self._queue.get_nowait()
                except queue.Empty:
                    break
                if job is None:
                    yield group
                    return
                group.append(job)
                size += len(job.changes)
            yield group

    def _write_group(self, group: list[_Job]) -> list[InternalError | None]:
        """What came of each job.  Never raises: the thread has to live on."""
        try:
            with self._engine.begin() as connection:
                _execute(connection, [change for job in group for change in job.changes])
        except Exception as error:
            reason = getattr(error, "orig", error)
            if _is_failure(error):
                log.error("the database failed, %d writes are refused: %s", len(group), reason)
                return [InternalError(f"the database failed: {reason}") for _ in group]
            if len(group) > 1:  # find the guilty; the others are innocent
                return [failure for job in group for failure in self._write_group([job])]
            rows = _describe(group[0].changes)
            log.exception("%s can't be kept", rows)
            return [ConflictError(f"{rows} can't be kept: {reason}")]
        return [None] * len(group)

    def _finish(self, group: list[_Job], failures: list[InternalError | None]) -> None:
        for job, failure in zip(group, failures, strict=True):
            self._waiting -= len(job.changes)
            if job.written.done():  # cancelled
                continue
            if failure is None:
                job.written.set_result(None)
            else:
                job.written.set_exception(failure)


def _describe(changes: Sequence[Change]) -> str:
    """Which rows, without what they say."""
    names = ", ".join(dict.fromkeys(str(statement.table) for statement, _ in changes))
    keys = ", ".join(dict.fromkeys(str(row.get("contact") or row.get("key")) for _, row in changes))
    return f"rows for {names} of {keys}"


def _is_failure(error: Exception) -> bool:
    """True when the database itself failed (full, locked, damaged, gone), False when it is about the rows."""
    about_rows = isinstance(error, (IntegrityError, DataError, ProgrammingError, InterfaceError))
    return isinstance(error, (DBAPIError, TimeoutError)) and not about_rows


def _execute(connection: Connection, changes: list[Change]) -> None:
    """In their order, but for the timeline's rows: nothing refers to those, so they go last and together."""
    timeline = [row for statement, row in changes if statement is INSERT_EVENT]
    others = [change for change in changes if change[0] is not INSERT_EVENT]
    for statement, same in groupby(others, key=itemgetter(0)):
        connection.execute(statement, [row for _, row in same])
    if timeline:
        connection.execute(INSERT_EVENT, timeline)
