"""The SQL store against a real disk and a real file: kills, locks, a full disk, other processes, other versions."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from argon2 import PasswordHasher
from sqlalchemy import event
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable
from sqlalchemy.sql.dml import UpdateBase

from gateway.config.schema import StorageConfig
from gateway.model import events as ev
from gateway.model.errors import CapacityError, InternalError
from gateway.model.ids import AgentId, Channel, ContactId, QueueName, new_contact_id
from gateway.storage import Stores, open_stores, projection
from gateway.storage.sqlite import writer_engine
from gateway.storage.tables import metadata

ROOT = Path(__file__).parents[2]
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
ANNA = AgentId("anna")


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    async with await open_in(tmp_path) as stores:
        yield stores


async def open_in(
    folder: Path, *, exclusive: bool = False, events_waiting_max: int = 10_000, busy_ms: int = 50
) -> Stores:
    return await open_stores(
        StorageConfig(directory=str(folder)),
        exclusive=exclusive,
        events_waiting_max=events_waiting_max,
        busy_ms=busy_ms,
        hasher=QUICK,
    )


def opened(contact: ContactId, name: str = "Anna") -> ev.ContactOpened:
    return ev.ContactOpened(
        at_ns=1_000_000,
        contact=contact,
        channel=Channel.CHAT,
        queue=QueueName("support"),
        customer=ev.Customer(address="visitor:1", name=name),
        called="/",
    )


@contextmanager
def locked_by_another(folder: Path) -> Iterator[sqlite3.Connection]:
    """Another program is in the middle of a write."""
    connection = sqlite3.connect(folder / "zentrale.db", isolation_level=None, timeout=10)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
    finally:
        connection.execute("ROLLBACK")
        connection.close()


def store_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("zentrale-")]


KILLED = """
import asyncio, sys
from tests.integration.test_storage import new_contact_id, open_in, opened
from pathlib import Path

async def main():
    stores = await open_in(Path(sys.argv[1]), exclusive=True)
    async def customer():
        while True:
            contact = new_contact_id()
            await stores.store.append([opened(contact)])
            print(contact, flush=True)
    await asyncio.gather(*(customer() for _ in range(5)))

asyncio.run(main())
"""


async def test_what_was_appended_survives_a_kill(tmp_path: Path) -> None:
    told = append_and_be_killed(tmp_path)
    async with await open_in(tmp_path, exclusive=True) as stores:  # the dead process's lock is gone with it
        kept = {record.contact for record in await stores.store.open_contacts()}
        assert told <= kept
        for contact in kept:
            assert await stores.store.timeline(contact) == [opened(contact)]


def append_and_be_killed(folder: Path) -> set[ContactId]:
    """The contacts that a process said were kept before it was killed in the middle of its work."""
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    told = [process.stdout.readline().strip() for _ in range(25)]
    process.send_signal(signal.SIGKILL)
    told += [line.strip() for line in process.stdout if line.endswith("\n")]  # said before it died
    assert process.wait(10) == -signal.SIGKILL
    process.stdout.close()
    assert all(told)
    return {ContactId(line) for line in told}


async def test_appends_that_wait_share_a_transaction(tmp_path: Path) -> None:
    commits = 0

    def count(_connection: object) -> None:
        nonlocal commits
        commits += 1

    async with await open_in(tmp_path) as stores:
        event.listen(stores._engines[0], "commit", count)
        await asyncio.gather(*(stores.store.append([opened(new_contact_id())]) for _ in range(200)))
        assert len(await stores.store.contacts(limit=500)) == 200
    assert commits < 50, "how many wait by then is the machine's"


async def test_full_disk_is_told_and_nothing_is_half_kept(stores: Stores) -> None:
    with stores._engines[0].connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 5}")
    kept, refused = [], []
    reasons: set[tuple[type, str]] = set()
    for _ in range(20):
        contact = new_contact_id()
        try:
            await stores.store.append([opened(contact, "x" * 5000)])
            kept.append(contact)
        except InternalError as error:
            refused.append(contact)
            reasons.add((type(error), str(error)))
    assert reasons == {(InternalError, "the database failed: database or disk is full")}
    assert {record.contact for record in await stores.store.contacts()} == set(kept)
    with stores._engines[0].connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1000000")
    await stores.store.append([opened(contact) for contact in refused])
    assert len(await stores.store.open_contacts()) == 20


async def test_locked_database_is_told_and_works_again(stores: Stores, tmp_path: Path) -> None:
    contact = new_contact_id()
    with locked_by_another(tmp_path):
        with pytest.raises(InternalError, match="the database failed: database is locked"):
            await stores.store.append([opened(contact)])
        assert await stores.store.contact(contact) is None
    await stores.store.append([opened(contact)])
    assert await stores.store.contact(contact) is not None


async def test_too_many_waiting_are_refused_before_anything_is_kept(tmp_path: Path) -> None:
    async with await open_in(tmp_path, events_waiting_max=20, busy_ms=60_000) as stores:
        with locked_by_another(tmp_path):
            appends = [asyncio.create_task(stores.store.append([opened(new_contact_id())])) for _ in range(30)]
            await asyncio.wait(appends[-20:])
        results = await asyncio.gather(*appends, return_exceptions=True)
        refused = [result for result in results if isinstance(result, CapacityError)]
        assert len(refused) == 20  # an opened contact is two rows
        assert refused[0].limit == "limits.events_waiting_max"
        await stores.store.append([opened(new_contact_id())])
        assert len(await stores.store.contacts()) == 11


async def test_a_cancelled_append_is_kept_all_the_same(stores: Stores) -> None:
    contact, later = new_contact_id(), new_contact_id()
    task = asyncio.create_task(stores.store.append([opened(contact)]))
    await asyncio.sleep(0)
    task.cancel()
    await stores.store.append([opened(later)])
    assert task.cancelled()
    assert await stores.store.contact(contact) is not None


async def test_close_keeps_what_waits_and_leaves_no_thread(tmp_path: Path) -> None:
    stores = await open_in(tmp_path)
    ids = [new_contact_id() for _ in range(50)]
    tasks = [asyncio.create_task(stores.store.append([opened(contact)])) for contact in ids]
    await asyncio.sleep(0)
    await stores.close()
    await asyncio.gather(*tasks)
    await stores.close()
    assert store_threads() == []
    for late in (stores.store.append([opened(new_contact_id())]), stores.store.contacts()):
        with pytest.raises(InternalError, match="closed"):
            await late
    async with await open_in(tmp_path) as stores:
        assert {record.contact for record in await stores.store.open_contacts()} == set(ids)


async def test_waiting_and_talking_times_are_in_the_contact(stores: Stores, tmp_path: Path) -> None:
    answered, abandoned = new_contact_id(), new_contact_id()
    end = {"by": ev.Party.CUSTOMER, "cause": ev.EndCause.HUNG_UP}
    await stores.store.append(
        [
            opened(answered),
            ev.ConversationStarted(at_ns=4_999_999, contact=answered, agent=ANNA),
            ev.ContactEnded(at_ns=1_004_999_999, contact=answered, **end),
            opened(abandoned),
            ev.ContactEnded(at_ns=8_000_000, contact=abandoned, **end),
        ]
    )
    with sqlite3.connect(tmp_path / "zentrale.db") as connection:
        rows = connection.execute("SELECT contact, waited_ms, talk_ms FROM contacts").fetchall()
    connection.close()
    assert set(rows) == {(answered, 3, 1000), (abandoned, 7, None)}


async def test_only_one_may_serve_a_folder_but_commands_may_join(tmp_path: Path) -> None:
    async with await open_in(tmp_path, exclusive=True) as serving:
        with pytest.raises(InternalError, match="another Zentrale serves"):
            await open_in(tmp_path, exclusive=True)
        async with await open_in(tmp_path) as command:
            await command.accounts.set_password(ANNA, "correct horse")
        assert await serving.accounts.check_password(ANNA, "correct horse")
    async with await open_in(tmp_path, exclusive=True):
        pass


async def test_an_unknown_agent_costs_a_whole_verification(tmp_path: Path) -> None:
    verified = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> bool:
            verified.append(self.check_needs_rehash(str(hash)))
            return super().verify(hash, password)

    hasher = Counting(time_cost=1, memory_cost=8, parallelism=1)
    async with await open_stores(StorageConfig(directory=str(tmp_path)), hasher=hasher) as stores:
        await stores.accounts.set_password(ANNA, "correct horse")
        assert await stores.accounts.check_password(ANNA, "correct horse")
        assert not await stores.accounts.check_password(AgentId("nobody"), "correct horse")
    assert verified == [False, False], "one each, with the same parameters"


async def test_a_hash_of_older_strength_is_renewed_at_sign_in(tmp_path: Path) -> None:
    async with await open_in(tmp_path) as stores:
        await stores.accounts.set_password(ANNA, "correct horse")
    stronger = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    async with await open_stores(StorageConfig(directory=str(tmp_path)), hasher=stronger) as stores:
        assert await stores.accounts.check_password(ANNA, "correct horse")
    with sqlite3.connect(tmp_path / "zentrale.db") as connection:
        (kept,) = connection.execute("SELECT password_hash FROM accounts").fetchone()
    connection.close()
    assert kept.startswith("$argon2id$v=19$m=16,t=2,p=1$")


async def test_the_folder_is_private_and_has_its_parts(tmp_path: Path) -> None:
    async with await open_in(tmp_path / "deep" / "var") as stores:
        for folder in (stores.directory, stores.recordings, stores.captures):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        with sqlite3.connect(stores.directory / "zentrale.db") as connection:
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        connection.close()
        with stores._engines[0].connect() as writer:
            assert writer.exec_driver_sql("PRAGMA synchronous").scalar() == 2
            assert writer.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


async def test_what_cannot_be_opened_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(InternalError, match=r"storage\.directory .*/file can't be used: file exists; correct the path"):
        await open_in(tmp_path / "file")
    (tmp_path / "zentrale.db").write_bytes(b"no database " * 1000)
    with pytest.raises(InternalError, match=r"zentrale\.db can't be opened: file is not a database"):
        await open_in(tmp_path, exclusive=True)
    (tmp_path / "zentrale.db").unlink()
    async with await open_in(tmp_path, exclusive=True):
        pass
    with sqlite3.connect(tmp_path / "zentrale.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(InternalError, match="was written by a newer Zentrale"):
        await open_in(tmp_path)
    assert store_threads() == []


async def test_migrations_lead_to_the_tables(tmp_path: Path) -> None:
    await (await open_in(tmp_path)).close()
    engine = writer_engine(tmp_path / "zentrale.db", busy_ms=50)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


async def test_folders_may_be_opened_at_once(tmp_path: Path) -> None:
    for stores in await asyncio.gather(*(open_in(tmp_path / str(number)) for number in range(6))):
        async with stores:
            await stores.store.append([opened(new_contact_id())])
            assert len(await stores.store.contacts()) == 1


def test_tables_and_statements_are_understood_by_postgresql() -> None:
    dialect = postgresql.dialect()
    for table in metadata.sorted_tables:
        assert "BIGSERIAL" in str(CreateTable(table).compile(dialect=dialect)) or "seq" not in table.c
    statements = [value for value in vars(projection).values() if isinstance(value, UpdateBase)]
    assert len(statements) >= 9
    for statement in statements:
        assert str(statement.compile(dialect=dialect))
