"""Keeps the distributor's journal in files: written before decisions take effect, on disk soon after, in pieces.

Two promises of different strength, because they cost differently.  *Written*: when `record` returns, the operating
system has the bytes, and a killed process loses nothing; this costs one system call and is done for every event before
anybody hears of its decisions.  *Durable*: when `flushed` returns, the disk has them, and a power cut loses nothing;
one flush serves everything that was written until it began (group commit), and runs in a thread.

When the disk fails, decisions go on: what could not be written waits, bounded, and is tried again each second, while
`healthy` is false and new contacts should be refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from acd_core.decisions import Decision
from acd_core.events import Event
from acd_core.journal import Encoder, Header
from acd_core.limits import Limits
from acd_core.views import Snapshot
from gateway.model.clock import Clock
from gateway.model.errors import InternalError
from gateway.routing.segments import SUFFIX, segment_name

log = logging.getLogger(__name__)

MIB = 1 << 20
SEGMENT_BYTES_MAX = 64 * MIB
"""About 200,000 events, which a restart reads in well under a second."""
KEPT_BYTES_MAX = 2048 * MIB
WAITING_BYTES_MAX = 64 * MIB
"""What may wait for a disk that fails; past it the journal has a gap."""
FLUSH_DELAY_S = 0.05
"""How long written bytes may wait for company before they are flushed, unless somebody waits for them."""
RETRY_S = 1.0


class Journal:
    """One run.  Use as ``async with Journal(...) as journal``; every call on the event loop.

    ``snapshot`` is the distributor's; it is asked for when a segment is full.
    """

    def __init__(
        self,
        directory: Path,
        clock: Clock,
        *,
        limits: Limits,
        snapshot: Callable[[], Snapshot],
        software: str = "",
        segment_bytes_max: int = SEGMENT_BYTES_MAX,
        kept_bytes_max: int = KEPT_BYTES_MAX,
        waiting_bytes_max: int = WAITING_BYTES_MAX,
    ) -> None:
        self.directory = directory
        self._clock = clock
        self._limits = limits
        self._snapshot = snapshot
        self._software = software
        self._segment_bytes_max = segment_bytes_max
        self._kept_bytes_max = kept_bytes_max
        self._waiting_bytes_max = waiting_bytes_max
        self.run_name = ""
        self._segment = -1
        self._encoder = Encoder()
        self._file = -1
        self._size = 0
        """Bytes of records in this segment, its beginning not counted."""
        self._size_max = segment_bytes_max
        self._full: list[int] = []
        """Files of full segments that are to be flushed a last time and closed."""
        self._waiting: deque[bytes] = deque()
        """Could not be written; in order, the first perhaps in part."""
        self._waiting_bytes = 0
        self._gap = False
        self._changes = 0
        """Counts up with each record; `_durable` follows it."""
        self._durable = 0
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []
        self._wake = asyncio.Event()
        self._urgent = asyncio.Event()
        """Somebody waits, so nothing is gathered."""
        self._new_files = False
        self._closing = False
        self._flushing: asyncio.Task[None] | None = None
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="journal")

    # Life

    async def __aenter__(self) -> Journal:
        """Begin the run.  Raises `InternalError` when the folder can't be written."""
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            now = datetime.fromtimestamp(self._clock.now_ns() / 1e9, UTC)
            self.run_name = f"{now:%Y%m%dT%H%M%S.%f}Z"
            self._open_segment(None)
        except OSError as error:
            raise InternalError(f"the journal in {self.directory} can't be written: {error}") from error
        self._flushing = asyncio.create_task(self._flush_forever(), name="journal")
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._flushing is not None
        self._closing = True
        self._wake.set()
        self._urgent.set()
        await self._flushing
        self._disk.shutdown()
        for file in (*self._full, self._file):
            os.close(file)

    @property
    def healthy(self) -> bool:
        """False while the disk does not take what is written: accept no new contacts."""
        return not self._waiting and not self._gap

    # Writing

    def record(self, now_ns: int, event: Event | None, decisions: list[Decision]) -> None:
        """Write what the distributor just handled; never raises for what the disk does."""
        data = self._encoder.encode(now_ns, event, decisions)
        self._changes += 1
        if self._gap:
            return
        if self._waiting:
            self._wait(data)
        else:
            self._write(data)
            if self._size >= self._size_max:
                self._rotate()
        if not self._wake.is_set():
            self._wake.set()

    def _write(self, data: bytes) -> None:
        try:
            written = os.write(self._file, data)
        except OSError as error:
            log.error("the journal can't be written, trying again each %g s: %s", RETRY_S, error)
            written = 0
        self._size += written
        if written < len(data):
            self._wait(data[written:])

    def _wait(self, data: bytes) -> None:
        self._waiting.append(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes > self._waiting_bytes_max:
            log.critical("the disk fails for too long: the journal of this run has a gap from here on")
            self._lose()

    def _write_waiting(self) -> None:
        """Raises `OSError` while the disk still fails."""
        while self._waiting:
            data = self._waiting[0]
            written = os.write(self._file, data)
            self._size += written
            self._waiting_bytes -= written
            if written == len(data):
                self._waiting.popleft()
            else:
                self._waiting[0] = data[written:]

    # Segments

    def _open_segment(self, snapshot: Snapshot | None) -> None:
        """Begin the next file; raises `OSError` and then goes on with the old one."""
        encoder = Encoder()
        start = encoder.begin(
            Header(
                run=self.run_name,
                segment=self._segment + 1,
                started_ns=self._clock.now_ns(),
                limits=self._limits,
                software=self._software,
                previous_check=0 if self._gap or self._segment < 0 else self._encoder.check,
                snapshot=snapshot,
            )
        )
        path = self.directory / segment_name(self.run_name, self._segment + 1)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            if os.write(file, start) < len(start):
                raise OSError("no space for the beginning of a segment")
        except OSError:
            os.close(file)
            path.unlink()
            raise
        if self._file >= 0:
            self._full.append(self._file)
        self._file, self._size, self._encoder = file, 0, encoder
        # With a snapshot longer than that, most of what is written would be snapshots.
        self._size_max = max(self._segment_bytes_max, len(start))
        self._segment += 1
        self._new_files = True

    def _rotate(self) -> None:
        try:
            self._open_segment(self._snapshot())
        except OSError as error:
            # The old segment just grows on; half a segment later it is tried again.
            log.error("the journal's next segment can't be begun: %s", error)
            self._size //= 2

    # Group commit

    async def flushed(self) -> None:
        """Wait until all that was recorded so far is on disk.  Raises `InternalError` when it can't be got there."""
        if self._durable == self._changes:
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append((self._changes, waiter))
        self._wake.set()
        self._urgent.set()
        await waiter

    async def _flush_forever(self) -> None:
        while not (self._closing and self._durable == self._changes):
            await self._wake.wait()
            if not self._waiters and not self._closing:
                # Whoever comes in the meantime needs no flush of their own.
                await self._gather()
            self._wake.clear()
            changes = self._changes
            try:
                if self._gap:
                    self._close_gap()
                self._write_waiting()
                await self._flush()
            except OSError as error:
                if not await self._failed(error):
                    return
                continue
            self._durable = changes
            self._answer(None)

    async def _flush(self) -> None:
        full, self._full = self._full, []
        new, self._new_files = self._new_files, False
        work = (self.directory, [*full, self._file], self._kept_bytes_max if new else None)
        try:
            await asyncio.get_running_loop().run_in_executor(self._disk, flush, *work)
        except OSError:
            # What a failed flush has thrown away is not known, and a second one would not say so: begin a new file.
            self._lose()
            raise
        finally:
            for file in full:
                os.close(file)

    async def _gather(self) -> None:
        self._urgent.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_DELAY_S):
                await self._urgent.wait()

    def _lose(self) -> None:
        """Nothing more can follow what this segment has; the next one begins with a snapshot."""
        self._waiting.clear()
        self._waiting_bytes = 0
        self._gap = True

    def _close_gap(self) -> None:
        self._open_segment(self._snapshot())
        self._gap = False
        log.warning(
            "the journal is written again, in segment %d; what happened since it failed is missing", self._segment
        )

    async def _failed(self, error: OSError) -> bool:
        """Tell whoever waits, then wait for the next try; False: there is none."""
        self._answer(InternalError(f"the journal can't be written to the disk: {error}"))
        if self._closing:
            log.critical("the end of the journal is lost, the disk failed to the end: %s", error)
            return False
        log.error("the journal can't be flushed, trying again in %g s: %s", RETRY_S, error)
        await asyncio.sleep(RETRY_S)
        self._wake.set()
        return True

    def _answer(self, error: Exception | None) -> None:
        waiters, self._waiters = self._waiters, []
        for changes, waiter in waiters:
            if waiter.done():
                continue
            if error is not None:
                waiter.set_exception(error)
            elif changes <= self._durable:
                waiter.set_result(None)
            else:
                self._waiters.append((changes, waiter))
                self._wake.set()


def flush(directory: Path, files: list[int], kept_bytes_max: int | None) -> None:
    """Get all to the disk, older before newer; with new files also the folder, and drop what is too old to keep."""
    for file in files:
        os.fdatasync(file)
    if kept_bytes_max is None:
        return
    folder = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    remove_oldest(directory, kept_bytes_max)


def remove_oldest(directory: Path, kept_bytes_max: int) -> None:
    """Keep the newest segments that fit; the newest of all whatever its size."""
    files = sorted((path for path in directory.iterdir() if path.name.endswith(SUFFIX)), reverse=True)
    total = 0
    for number, path in enumerate(files):
        total += path.stat().st_size
        if number and total > kept_bytes_max:
            path.unlink()
