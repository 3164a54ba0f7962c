"""Everything that only SQLite knows: the file, its journal, and when a transaction begins.

WAL lets readers read while the one writer writes; ``synchronous=FULL`` makes a commit wait for the disk, so that it
survives a power cut as well as a kill.  Python's driver begins transactions late and by guesswork, so it is told not
to, and SQLAlchemy's "begin" says it: ``IMMEDIATE`` for the writer, which must not find out at its commit that another
process was first.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL

JOURNAL_BYTES_MAX = 64 * 1024 * 1024


def writer_engine(file: Path, *, busy_ms: int) -> Engine:
    """For one connection; makes the file if it is missing.  ``busy_ms``: how long to wait for another process."""
    engine = create_engine(URL.create("sqlite", database=str(file)), **_options(busy_ms, connections=1))
    _prepare(engine, "BEGIN IMMEDIATE", ("PRAGMA foreign_keys=ON", f"PRAGMA journal_size_limit={JOURNAL_BYTES_MAX}"))
    return engine


def reader_engine(file: Path, *, busy_ms: int, connections: int) -> Engine:
    """For ``connections`` threads that read and can't write."""
    engine = create_engine(URL.create("sqlite", database=str(file)), **_options(busy_ms, connections))
    _prepare(engine, "BEGIN", ("PRAGMA query_only=ON",))
    return engine


def _options(busy_ms: int, connections: int) -> dict[str, Any]:
    return {
        "pool_size": connections,
        "max_overflow": 0,
        "hide_parameters": True,  # errors go to the log; what customers write does not
        "connect_args": {"timeout": busy_ms / 1000, "check_same_thread": False},
    }


def _prepare(engine: Engine, begin: str, pragmas: tuple[str, ...]) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", *pragmas):
            connection.execute(statement)

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)
