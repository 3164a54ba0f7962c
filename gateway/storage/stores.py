"""Opening and closing: the folder, its lock, the database in its present shape, and the threads that serve it."""

from __future__ import annotations

import asyncio
import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from argon2 import PasswordHasher
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from gateway.config.schema import StorageConfig
from gateway.model.clock import Clock, SystemClock
from gateway.model.errors import InternalError
from gateway.storage import sqlite
from gateway.storage.accounts import SqlAccounts
from gateway.storage.migrate import migrate
from gateway.storage.reader import Reader
from gateway.storage.store import SqlStore
from gateway.storage.writer import Writer

READ_THREADS = 3
BUSY_MS = 5000


@dataclass(slots=True)
class Stores:
    """Everything kept; ``async with`` closes it."""

    store: SqlStore
    accounts: SqlAccounts
    directory: Path
    _writer: Writer
    _reader: Reader
    _engines: tuple[Engine, ...]
    _lock: int | None

    @property
    def recordings(self) -> Path:
        """Folder of finished recordings; `RecordingRecord.path` is relative to it."""
        return self.directory / "recordings"

    @property
    def captures(self) -> Path:
        """Folder of the media plane's raw captures."""
        return self.directory / "captures"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Write what waits, finish what is read, give the folder free.  Later calls raise `InternalError`."""
        await self._writer.close()
        await self.accounts.close()
        await self._reader.close()
        for engine in self._engines:
            engine.dispose()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


async def open_stores(
    config: StorageConfig,
    *,
    exclusive: bool = False,
    clock: Clock | None = None,
    events_waiting_max: int = 10_000,
    busy_ms: int = BUSY_MS,
    hasher: PasswordHasher | None = None,
) -> Stores:
    """Open the folder's database, made and migrated as needed.

    The serving process opens it ``exclusive``, so that no second one serves the same folder; commands may join it.
    ``busy_ms`` is how long to wait while another process writes.  Raises `InternalError`, with what to do, when the
    folder or the database can't be used.
    """
    directory = Path(config.directory)
    lock, engines = await asyncio.to_thread(_open, directory, exclusive, busy_ms)
    writer = Writer(engines[0], waiting_max=events_waiting_max)
    reader = Reader(engines[1], threads=READ_THREADS)
    return Stores(
        store=SqlStore(writer, reader),
        accounts=SqlAccounts(writer, reader, clock or SystemClock(), hasher),
        directory=directory,
        _writer=writer,
        _reader=reader,
        _engines=engines,
        _lock=lock,
    )


def _open(directory: Path, exclusive: bool, busy_ms: int) -> tuple[int | None, tuple[Engine, Engine]]:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)  # what customers say is nobody else's business
        for name in ("recordings", "captures"):
            (directory / name).mkdir(mode=0o700, exist_ok=True)
        lock = _lock_folder(directory) if exclusive else None
    except OSError as error:
        raise InternalError(
            f"storage.directory {directory} can't be used: {(error.strerror or str(error)).lower()}; "
            "correct the path or its permissions"
        ) from error
    file = directory / "zentrale.db"
    writer = sqlite.writer_engine(file, busy_ms=busy_ms)
    try:
        migrate(writer)
    except BaseException as error:
        writer.dispose()
        if lock is not None:
            os.close(lock)
        if isinstance(error, SQLAlchemyError):
            reason = getattr(error, "orig", error)
            advice = "is another program using it, is the disk full, is it a Zentrale database?"
            raise InternalError(f"the database {file} can't be opened: {reason}; {advice}") from error
        raise
    return lock, (writer, sqlite.reader_engine(file, busy_ms=busy_ms, connections=READ_THREADS))


def _lock_folder(directory: Path) -> int:
    """The lock goes with the process, however it ends; the file stays."""
    lock = os.open(directory / "zentrale.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise InternalError(
            f"another Zentrale serves storage.directory {directory}; stop it or choose another folder"
        ) from None
    except OSError:
        os.close(lock)
        raise
    return lock
