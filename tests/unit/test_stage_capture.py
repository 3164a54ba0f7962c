"""The capture writer: files are right, nothing blocks, losses are counted."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.media import _stages
from tests.support import captures
from tests.support.captures import AUDIO, DROPPED, END, PAUSE, RESUME, Record

MS = 1_000_000


@pytest.fixture
def writer() -> Iterator[_stages.CaptureWriter]:
    made = _stages.CaptureWriter()
    yield made
    made.stop()


def test_all_records_are_in_the_file(writer: _stages.CaptureWriter, tmp_path: Path) -> None:
    path = tmp_path / "one.capture"
    start = 5_000 * MS
    capture = writer.begin(path, start_ns=start, start_epoch_ns=1_700_000_000 * 10**9, left="Jürgen", right="Ann")
    capture.audio(0, "pcma", start + 1 * MS, 160, b"\xd5" * 160)
    capture.audio(1, "opus", start + 2 * MS, 0xFFFFFFFF, b"\x08abc")
    capture.pause(start + 10 * MS)
    capture.pause(start + 11 * MS)
    capture.audio(0, "pcma", start + 20 * MS, 320, b"\xd5" * 160)
    capture.resume(start + 30 * MS)
    capture.audio(0, "pcma", start + 40 * MS, 640, b"\x55" * 160)
    assert capture.finish(start + 50 * MS) == (50 * MS, 0, 0)
    found = captures.read(path)
    assert (found.left, found.right, found.start_epoch_ns) == ("Jürgen", "Ann", 1_700_000_000 * 10**9)
    assert found.records == [
        Record(AUDIO, 0, captures.PCMA, 1 * MS, 160, b"\xd5" * 160),
        Record(AUDIO, 1, captures.OPUS, 2 * MS, 0xFFFFFFFF, b"\x08abc"),
        Record(PAUSE, 0, 0, 10 * MS, 0),
        Record(RESUME, 0, 0, 30 * MS, 0),
        Record(AUDIO, 0, captures.PCMA, 40 * MS, 640, b"\x55" * 160),
        Record(END, 0, 0, 50 * MS, 0),
    ]
    assert not found.torn
    assert path.stat().st_mode & 0o777 == 0o600


def test_many_captures_at_once_lose_nothing(writer: _stages.CaptureWriter, tmp_path: Path) -> None:
    open_captures = [writer.begin(tmp_path / f"{n}.capture") for n in range(50)]
    for tick in range(100):
        for n, capture in enumerate(open_captures):
            capture.audio(tick % 2, "pcmu", tick * MS, tick, bytes([n]) * 160)
    for n, capture in enumerate(open_captures):
        assert capture.finish(100 * MS) == (100 * MS, 0, 0)
        records = captures.read(tmp_path / f"{n}.capture").records
        assert [one.number for one in records[:-1]] == list(range(100))
        assert all(one.payload == bytes([n]) * 160 for one in records[:-1])


def test_a_full_ring_drops_counts_and_says_so_in_the_file(writer: _stages.CaptureWriter, tmp_path: Path) -> None:
    """More than the ring holds, faster than the writer wakes."""
    path = tmp_path / "full.capture"
    capture = writer.begin(path)
    for n in range(2000):
        capture.audio(n % 2, "pcmu", n * MS, n, bytes(160))
    duration, dropped, error = capture.finish(2000 * MS)
    assert (duration, error) == (2000 * MS, 0)
    assert dropped > 0
    found = captures.read(path)
    written = sum(1 for one in found.records if one.kind == AUDIO)
    noted = sum(one.number for one in found.records if one.kind == DROPPED)
    assert written >= 65536 // 184 - 1
    assert noted == dropped == 2000 - written


def test_an_existing_file_is_not_overwritten(writer: _stages.CaptureWriter, tmp_path: Path) -> None:
    path = tmp_path / "there.capture"
    path.write_bytes(b"mine")
    capture = writer.begin(path)
    capture.audio(0, "pcmu", 0, 0, bytes(160))
    assert capture.finish(20 * MS) == (20 * MS, 1, errno.EEXIST)
    assert path.read_bytes() == b"mine"


def test_a_missing_folder_is_an_error_of_that_capture_alone(writer: _stages.CaptureWriter, tmp_path: Path) -> None:
    lost = writer.begin(tmp_path / "none" / "a.capture")
    good = writer.begin(tmp_path / "b.capture")
    assert lost.finish(MS) == (MS, 0, errno.ENOENT)
    assert good.finish(MS) == (MS, 0, 0)


def test_a_stop_finishes_what_is_open(tmp_path: Path) -> None:
    writer = _stages.CaptureWriter()
    capture = writer.begin(tmp_path / "open.capture")
    capture.audio(0, "pcmu", 7 * MS, 0, bytes(160))
    writer.stop()
    assert capture.result == (7 * MS, 0, 0)
    records = captures.read(tmp_path / "open.capture").records
    assert [one.kind for one in records] == [AUDIO, END]


def run_apart(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), *arguments],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_full_disk_is_counted_and_leaves_a_readable_file(tmp_path: Path) -> None:
    """A file size limit is to the writer what a full disk is."""
    path = tmp_path / "limited.capture"
    ran = run_apart(
        """
        import resource, signal, sys
        from gateway.media import _stages
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))
        writer = _stages.CaptureWriter()
        capture = writer.begin(sys.argv[1])
        for n in range(200):
            capture.audio(0, "pcmu", n * 1000000, n, bytes(160))
        print(*capture.finish(200 * 1000000))
        writer.stop()
        """,
        str(path),
    )
    assert ran.returncode == 0, ran.stderr
    duration, dropped, error = (int(word) for word in ran.stdout.split())
    assert (duration, error) == (200 * MS, errno.EFBIG)
    found = captures.read(path)
    assert not found.torn
    assert sum(1 for one in found.records if one.kind == AUDIO) == 200 - dropped


def test_when_the_disk_has_room_again_the_file_goes_on_with_a_note_of_the_loss(tmp_path: Path) -> None:
    path = tmp_path / "again.capture"
    ran = run_apart(
        """
        import os, resource, signal, sys, time
        from gateway.media import _stages
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 1000000))
        writer = _stages.CaptureWriter()
        capture = writer.begin(sys.argv[1])
        for n in range(150):
            capture.audio(0, "pcmu", n * 1000000, n, bytes(160))
        until = time.monotonic() + 10
        while not (os.path.exists(sys.argv[1]) and os.path.getsize(sys.argv[1]) == 20000):  # as much as fits
            assert time.monotonic() < until
        writer.begin(sys.argv[1] + "2").finish(0)  # once this is done, the one writer is done with the first's failure
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000000, 1000000))
        for n in range(150, 200):
            capture.audio(0, "pcmu", n * 1000000, n, bytes(160))
        print(*capture.finish(200 * 1000000))
        writer.stop()
        """,
        str(path),
    )
    assert ran.returncode == 0, ran.stderr
    found = captures.read(path)
    assert not found.torn
    assert ran.stdout.split() == [str(200 * MS), "150", str(errno.EFBIG)]
    assert [one.number for one in found.records if one.kind == DROPPED] == [150]
    assert [one.number for one in found.records if one.kind == AUDIO] == list(range(150, 200))
    assert found.records[-1].kind == END


def test_after_a_kill_everything_older_than_a_batch_is_there(tmp_path: Path) -> None:
    path = tmp_path / "killed.capture"
    ran = run_apart(
        """
        import os, pathlib, signal, sys, time
        from gateway.media import _stages
        writer = _stages.CaptureWriter()
        capture = writer.begin(sys.argv[1])
        for n in range(100):
            capture.audio(n % 2, "pcmu", n * 1000000, n, bytes(160))
        path = pathlib.Path(sys.argv[1])
        until = time.monotonic() + 10
        while not (path.exists() and path.stat().st_size >= 100 * 184) and time.monotonic() < until:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGKILL)
        """,
        str(path),
    )
    assert ran.returncode == -signal.SIGKILL
    found = captures.read(path)
    assert [one.number for one in found.records] == list(range(100))
    assert os.path.getsize(path) > 100 * 184
