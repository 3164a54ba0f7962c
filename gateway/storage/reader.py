"""Reads, each on a connection of its own in a few threads: a slow one holds up neither loop nor writer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from gateway.model.errors import InternalError

T = TypeVar("T")


class Reader:
    def __init__(self, engine: Engine, *, threads: int) -> None:
        self._engine = engine
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="zentrale-store-reader")

    async def read(self, query: Callable[[Connection], T]) -> T:
        """What ``query`` makes of one consistent state.  Raises `InternalError` when the database fails."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._run, query)
        except SQLAlchemyError as error:
            raise InternalError(f"the database failed: {getattr(error, 'orig', error)}") from error
        except RuntimeError as error:  # the pool is shut down
            raise InternalError("the database is closed: Zentrale is stopping") from error

    async def close(self) -> None:
        """Finish what is being read."""
        await asyncio.to_thread(self._pool.shutdown)

    def _run(self, query: Callable[[Connection], T]) -> T:
        with self._engine.connect() as connection:
            return query(connection)
