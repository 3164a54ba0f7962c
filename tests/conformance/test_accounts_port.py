"""What every `Accounts` does: the one in SQL and the one that tests use in its place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from gateway.config.schema import StorageConfig
from gateway.model.errors import RequestError
from gateway.model.ids import AgentId
from gateway.model.ports import Accounts
from gateway.storage import open_stores
from tests.support.memory_store import MemoryAccounts

ANNA = AgentId("anna")
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(params=["memory", "sql"])
async def accounts(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Accounts]:
    if request.param == "memory":
        yield MemoryAccounts()
        return
    async with await open_stores(StorageConfig(directory=str(tmp_path)), hasher=QUICK) as stores:
        yield stores.accounts


async def test_a_password_is_checked(accounts: Accounts) -> None:
    assert not await accounts.has_password(ANNA)
    assert not await accounts.check_password(ANNA, "correct horse")
    await accounts.set_password(ANNA, "correct horse")
    assert await accounts.has_password(ANNA)
    assert await accounts.check_password(ANNA, "correct horse")
    for wrong in ("Correct horse", "", "correct horse ", "x" * 100_000, "\ud83d"):
        assert not await accounts.check_password(ANNA, wrong)
    assert not await accounts.check_password(AgentId("ben"), "correct horse")


async def test_a_new_password_replaces_the_old_one(accounts: Accounts) -> None:
    await accounts.set_password(ANNA, "the old one")
    await accounts.set_password(ANNA, "the new one")
    assert not await accounts.check_password(ANNA, "the old one")
    assert await accounts.check_password(ANNA, "the new one")


@pytest.mark.parametrize("password", ["", "seven77", "x" * 201, "half \ud83d of a pair"])
async def test_an_impossible_password_is_refused(accounts: Accounts, password: str) -> None:
    with pytest.raises(RequestError):
        await accounts.set_password(ANNA, password)
    assert not await accounts.has_password(ANNA)


async def test_any_letters_will_do(accounts: Accounts) -> None:
    await accounts.set_password(ANNA, "Grüße aus Köln 🙂\0x")
    assert await accounts.check_password(ANNA, "Grüße aus Köln 🙂\0x")
    assert not await accounts.check_password(ANNA, "Grüße aus Köln 🙂\0y")
