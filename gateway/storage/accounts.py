"""`Accounts` on SQL: agents' passwords as argon2id hashes (RFC 9106).

A hash takes about 0.1 s and 64 MiB, so at most two are under way at once, in threads of their own.  For an unknown
agent a decoy hash is verified: the answer takes the same time, and nobody learns who exists.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from sqlalchemy import Connection, bindparam, select

from gateway.model.clock import Clock
from gateway.model.errors import InternalError, RequestError
from gateway.model.ids import AgentId
from gateway.storage import tables
from gateway.storage.reader import Reader
from gateway.storage.writer import Writer

log = logging.getLogger(__name__)

PASSWORD_CHARS_MIN = 8
PASSWORD_CHARS_MAX = 200
HASHES_AT_ONCE = 2

_accounts = tables.accounts
_DELETE = _accounts.delete().where(_accounts.c.agent == bindparam("key"))
_INSERT = _accounts.insert()


class SqlAccounts:
    def __init__(self, writer: Writer, reader: Reader, clock: Clock, hasher: PasswordHasher | None = None) -> None:
        self._writer = writer
        self._reader = reader
        self._clock = clock
        self._hasher = hasher or PasswordHasher()
        self._pool = ThreadPoolExecutor(HASHES_AT_ONCE, thread_name_prefix="zentrale-password")
        # Made at once, not at the first need, which would take twice as long as others.
        self._decoy = self._pool.submit(self._hasher.hash, secrets.token_urlsafe())

    async def has_password(self, agent: AgentId) -> bool:
        return await self._hash_of(agent) is not None

    async def set_password(self, agent: AgentId, password: str) -> None:
        """Raises `RequestError` when the password is too short or too long, `InternalError` when the database fails."""
        if not PASSWORD_CHARS_MIN <= len(password) <= PASSWORD_CHARS_MAX:
            raise RequestError(
                f"a password has {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters; this one has {len(password)}"
            )
        row = {"agent": agent, "password_hash": await self._hash(password), "changed_ns": self._clock.now_ns()}
        # Delete and insert is an upsert that every database understands.
        await self._writer.write([(_DELETE, {"key": agent}), (_INSERT, row)])

    async def check_password(self, agent: AgentId, password: str) -> bool:
        known = await self._hash_of(agent)
        right = await asyncio.get_running_loop().run_in_executor(
            self._pool, self._verify, known, password[: PASSWORD_CHARS_MAX + 1]
        )
        if right and known is not None and self._hasher.check_needs_rehash(known):
            await self.set_password(agent, password)
        return right

    async def close(self) -> None:
        await asyncio.to_thread(self._pool.shutdown)

    async def _hash_of(self, agent: AgentId) -> str | None:
        query = select(_accounts.c.password_hash).where(_accounts.c.agent == agent)

        def run(connection: Connection) -> str | None:
            return connection.scalar(query)

        return await self._reader.read(run)

    async def _hash(self, password: str) -> str:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._hasher.hash, password)
        except UnicodeEncodeError:
            raise RequestError("the password has characters that are not Unicode; choose others") from None

    def _verify(self, known: str | None, password: str) -> bool:
        """On a thread of the pool; its tasks run in order, so the decoy is there."""
        try:
            self._hasher.verify(known if known is not None else self._decoy.result(), password)
        except (VerifyMismatchError, UnicodeEncodeError):
            return False
        except (InvalidHashError, VerificationError) as error:
            raise InternalError(
                f"a password hash in the database is damaged ({error}); set the password anew"
            ) from error
        return known is not None
