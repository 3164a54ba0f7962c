"""The journal in files: pieces, failing disks, and what a killed process leaves behind."""

from __future__ import annotations

import asyncio
import errno
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from acd_core import Distributor
from acd_core import events as ev
from acd_core.errors import DuplicateContactError
from acd_core.journal import CorruptJournalError, Entry, Replay
from gateway.model.clock import LoopScheduler, SystemClock
from gateway.model.errors import InternalError, NotFoundError
from gateway.routing import journal as journal_module
from gateway.routing.journal import Journal
from gateway.routing.restore import read_standing
from gateway.routing.router import Router
from gateway.routing.segments import Run, find_runs, read_run, read_segment, segment_name
from tests.support.patience import PATIENCE_S

ROOT = Path(__file__).parents[2]


def make_journal(folder: Path, distributor: Distributor, **options: int) -> Journal:
    return Journal(folder, SystemClock(), limits=distributor.limits, snapshot=distributor.snapshot, **options)


def make_router(distributor: Distributor, journal: Journal) -> Router:
    router = Router(distributor, SystemClock(), LoopScheduler(asyncio.get_running_loop()), journal)
    router.on_decision(lambda decision: None)
    return router


def entries(run: Run) -> list[Entry]:
    return [entry for _, _, records in read_run(run) for record in records for entry in record.entries]


def replay(run: Run) -> Replay:
    lived: Replay | None = None
    for _, reader, records in read_run(run):
        assert reader.header is not None
        if lived is None:
            lived = Replay(Distributor, reader.header)
        lived.check_start(reader.header)
        for _ in lived.play(records):
            pass
    assert lived is not None
    return lived


async def soon(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110  (what is waited for is the state of the disk)
            await asyncio.sleep(0.005)


async def test_what_the_router_hands_out_was_written_before(tmp_path: Path) -> None:
    distributor = Distributor()
    async with make_journal(tmp_path, distributor) as journal:
        router = make_router(distributor, journal)
        seen: list[int] = []
        router.on_decision(lambda decision: seen.append(len(entries(find_runs(tmp_path)[0]))))
        router.submit(ev.QueueConfigured("sales", 20_000, 30_000))
        router.submit(ev.AgentSignedIn("anna", frozenset({"sales"}), frozenset()))
        router.submit(ev.AgentReady("anna"))
        router.submit(ev.ContactArrived("c1", "sales"))
        assert seen == [2, 3, 4, 4]
        with pytest.raises(DuplicateContactError):
            router.submit(ev.ContactArrived("c1", "sales"))
        await journal.flushed()
    (run,) = find_runs(tmp_path)
    assert [type(entry.event).__name__ for entry in entries(run)] == [
        "QueueConfigured",
        "AgentSignedIn",
        "AgentReady",
        "ContactArrived",
    ]
    assert replay(run).distributor.snapshot() == distributor.snapshot()


async def test_a_timer_is_journalled_too(tmp_path: Path) -> None:
    distributor = Distributor()
    async with make_journal(tmp_path, distributor) as journal:
        router = make_router(distributor, journal)
        router.submit(ev.QueueConfigured("sales", 10, 0))
        router.submit(ev.AgentSignedIn("anna", frozenset({"sales"}), frozenset()))
        router.submit(ev.AgentReady("anna"))
        router.submit(ev.ContactArrived("c1", "sales"))
        await soon(lambda: distributor.agent("anna").state == "not_responding")
        router.stop()
    (run,) = find_runs(tmp_path)
    assert entries(run)[-1].event is None
    assert replay(run).distributor.snapshot() == distributor.snapshot()


async def fill(distributor: Distributor, journal: Journal, contacts: int, start: int = 0) -> None:
    router = make_router(distributor, journal)
    if not start:
        router.submit(ev.QueueConfigured("sales", 20_000, 30_000))
    for number in range(start, start + contacts):
        router.submit(ev.ContactArrived(f"contact-{number}", "sales"))
        if number % 20 == 0:
            await journal.flushed()
    await journal.flushed()


async def test_a_full_segment_is_followed_by_the_next(tmp_path: Path) -> None:
    distributor = Distributor()
    async with make_journal(tmp_path, distributor, segment_bytes_max=4000) as journal:
        await fill(distributor, journal, 600)
    (run,) = find_runs(tmp_path)
    assert len(run.segments) > 2
    assert run.segments[0].name == segment_name(run.name, 0)
    assert len(entries(run)) == 601
    assert replay(run).distributor.snapshot() == distributor.snapshot()
    assert find_runs(run.segments[2]) == [run]
    run.segments[1].unlink()
    with pytest.raises(CorruptJournalError, match="does not continue"):
        replay(find_runs(tmp_path)[0])


async def test_the_oldest_segments_go_when_there_are_too_many_bytes(tmp_path: Path) -> None:
    distributor = Distributor()
    async with make_journal(tmp_path, distributor, segment_bytes_max=4000, kept_bytes_max=40_000) as journal:
        await fill(distributor, journal, 10)
        router = make_router(distributor, journal)
        for number in range(10, 400):
            router.submit(ev.ContactArrived(f"contact-{number}", "sales"))
            router.submit(ev.ContactAbandoned(f"contact-{number}"))
    (run,) = find_runs(tmp_path)
    assert run.segments[0].name != segment_name(run.name, 0)
    assert replay(run).distributor.snapshot() == distributor.snapshot(), "from the snapshot of the oldest that is kept"
    assert 20_000 < sum(path.stat().st_size for path in run.segments) <= 40_000 + 4000 + 1000
    header = read_segment(run.segments[-1]).header
    assert header is not None
    assert header.snapshot is not None
    assert len(header.snapshot.contacts) in (10, 11)


async def test_a_snapshot_longer_than_a_segment_is_not_written_for_every_record(tmp_path: Path) -> None:
    distributor = Distributor()
    async with make_journal(tmp_path, distributor, segment_bytes_max=1000) as journal:
        await fill(distributor, journal, 300)
    (run,) = find_runs(tmp_path)
    assert len(run.segments) < 15
    assert sum(len(read_segment(path).header.snapshot.contacts) for path in run.segments[1:]) < 600  # type: ignore[union-attr]


class Disk:
    """Stands before ``os.write`` and ``os.fdatasync`` of the journal and fails as told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.space: int | None = None
        self.flush_fails = False
        self.write, self.fdatasync = os.write, os.fdatasync
        monkeypatch.setattr(journal_module, "RETRY_S", 0.01)
        monkeypatch.setattr(journal_module.os, "write", self.written)
        monkeypatch.setattr(journal_module.os, "fdatasync", self.flushed)

    def written(self, file: int, data: bytes) -> int:
        if self.space is None:
            return self.write(file, data)
        if not self.space:
            raise OSError(errno.ENOSPC, "No space left on device")
        count = self.write(file, data[: self.space])
        self.space -= count
        return count

    def flushed(self, file: int) -> None:
        if self.flush_fails:
            raise OSError(errno.EIO, "Input/output error")
        self.fdatasync(file)


async def test_a_full_disk_loses_nothing_once_it_has_room_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    distributor = Distributor()
    async with make_journal(tmp_path, distributor) as journal:
        await fill(distributor, journal, 30)
        disk.space = 150
        with pytest.raises(InternalError, match="No space left"):
            await fill(distributor, journal, 20, start=30)
        assert not journal.healthy
        disk.space = None
        await soon(lambda: journal.healthy)
        await journal.flushed()
    (run,) = find_runs(tmp_path)
    assert len(run.segments) == 1
    assert replay(run).distributor.snapshot() == distributor.snapshot()


async def test_a_disk_that_fails_for_too_long_leaves_a_gap_and_then_a_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    distributor = Distributor()
    async with make_journal(tmp_path, distributor, waiting_bytes_max=1000) as journal:
        await fill(distributor, journal, 10)
        disk.space = 0
        router = make_router(distributor, journal)
        for number in range(10, 60):
            router.submit(ev.ContactArrived(f"contact-{number}", "sales"))
        assert not journal.healthy
        disk.space = None
        await soon(lambda: journal.healthy)
        await fill(distributor, journal, 10, start=60)
    (run,) = find_runs(tmp_path)
    assert len(run.segments) == 2
    reader = read_segment(run.segments[1])
    assert reader.header is not None
    assert reader.header.snapshot is not None
    assert len(reader.header.snapshot.contacts) == 60
    assert sum(len(record.entries) for record in reader) == 10
    with pytest.raises(CorruptJournalError, match="does not continue"):
        replay(run)


async def test_a_failed_flush_is_not_believed_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After EIO the kernel may have dropped the pages and say success the next time: what follows goes elsewhere."""
    disk = Disk(monkeypatch)
    distributor = Distributor()
    async with make_journal(tmp_path, distributor) as journal:
        await fill(distributor, journal, 10)
        disk.flush_fails = True
        with pytest.raises(InternalError, match="Input/output error"):
            await fill(distributor, journal, 1, start=10)
        disk.flush_fails = False
        await soon(lambda: journal.healthy)
        await journal.flushed()
    (run,) = find_runs(tmp_path)
    assert len(run.segments) >= 2
    reader = read_segment(run.segments[-1])
    assert reader.header is not None
    assert reader.header.snapshot is not None
    assert len(reader.header.snapshot.contacts) == 11


async def test_a_folder_that_can_not_be_written_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InternalError, match="journal in"):
        await make_journal(tmp_path / "file" / "journal", Distributor()).__aenter__()
    with pytest.raises(NotFoundError, match="no journal at"):
        find_runs(tmp_path)


@pytest.mark.parametrize("seed", range(4))
def test_a_killed_process_leaves_all_that_it_acknowledged(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.journal_writer", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        for _ in range(chance.randint(1, 4000)):
            assert process.stdout.readline()
    finally:
        process.kill()
    written = [int(line.split()[1]) for line in process.stdout.read().splitlines() if line.startswith(b"written")]
    process.stdout.close()
    assert process.wait(PATIENCE_S) == -9
    (run,) = find_runs(tmp_path)
    lived = replay(run)
    assert lived.entries >= max(written, default=0)


def test_a_long_day_costs_no_more_than_its_share(tmp_path: Path) -> None:
    """Not a benchmark: only that nothing is quadratic."""

    def cost(contacts: int) -> float:
        folder, before = tmp_path / str(contacts), time.process_time()
        asyncio.run(self_made(folder, contacts))
        (run,) = find_runs(folder)
        assert replay(run).entries == contacts + 1
        return time.process_time() - before

    assert cost(20_000) < 10 * cost(4_000)


async def self_made(folder: Path, contacts: int) -> None:
    distributor = Distributor()
    async with make_journal(folder, distributor) as journal:
        router = make_router(distributor, journal)
        router.submit(ev.QueueConfigured("sales", 20_000, 30_000))
        for number in range(contacts):
            router.submit(ev.ContactArrived(f"contact-{number}", "sales"))


async def test_a_restart_reads_who_stood_where(tmp_path: Path) -> None:
    assert read_standing(tmp_path) is None
    distributor = Distributor()
    async with make_journal(tmp_path, distributor, segment_bytes_max=3000) as journal:
        router = make_router(distributor, journal)
        router.submit(ev.QueueConfigured("sales", 20_000, 30_000))
        for agent in ("anna", "ben", "carl"):
            router.submit(ev.AgentSignedIn(agent, frozenset({"sales"}), frozenset()))
        router.submit(ev.AgentReady("anna"))
        router.submit(ev.ContactArrived("c1", "sales"))
        offer = distributor.agent("anna").offer
        assert offer is not None
        router.submit(ev.OfferAccepted(offer, "anna"))
        router.submit(ev.AgentPaused("anna", "lunch"))
        router.submit(ev.ContactEnded("c1"))
        router.submit(ev.AgentSignedOut("ben"))
        for number in range(40):
            router.submit(ev.ContactArrived(f"chat-{number}", "sales", channel="chat"))
        until_ns = distributor.agent("anna").until_ns
        router.stop()
    assert len(find_runs(tmp_path)[0].segments) > 1
    standing = read_standing(tmp_path)
    assert standing is not None
    assert set(standing.agents) == {"anna", "carl"}
    anna = standing.agents["anna"]
    assert (anna.state, anna.until_ns, anna.contact, anna.wish) == ("wrap_up", until_ns, "c1", "paused")
    assert list(standing.contacts) == [f"chat-{number}" for number in range(40)]


async def test_a_restart_uses_what_stands_before_the_damage(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    distributor = Distributor()
    async with make_journal(tmp_path, distributor) as journal:
        await fill(distributor, journal, 10)
    (path,) = find_runs(tmp_path)[0].segments
    data = bytearray(path.read_bytes())
    data[data.index(b"contact-8")] ^= 1
    path.write_bytes(data)
    standing = read_standing(tmp_path)
    assert standing is not None
    assert list(standing.contacts) == [f"contact-{number}" for number in range(8)]
    assert "offset" in caplog.text
    path.write_bytes(data[: data.index(b"contact-6")])
    assert read_standing(tmp_path) is not None
    assert "not written wholly" in caplog.text


async def test_a_segment_that_was_only_begun_is_passed_over(tmp_path: Path) -> None:
    distributor = Distributor()
    async with make_journal(tmp_path, distributor) as journal:
        await fill(distributor, journal, 10)
        name = journal.run_name
    (tmp_path / f"{name}-000001.journal").write_bytes(b"ZACD")
    standing = read_standing(tmp_path)
    assert standing is not None
    assert len(standing.contacts) == 10
