"""Turns a capture into a recording: stereo Ogg Opus, left the customer, right the agent, exactly as long as the talk.

The recording is written beside its place under a name of its own, brought to disk and only then renamed: under its real
name there is a whole recording or none.  The capture itself stays; whoever asked for the recording deletes it after.
"""

from __future__ import annotations

import os
import struct
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from recordings import _finish
from recordings.errors import CaptureError

BITRATE = 40_000
"""bit/s of both sides together: 20 kbit/s of mono speech each, about 18 MB an hour at most."""

COMPLEXITY = 3
"""0 (quick) to 10 (good); see docs/decisions/0021 for what each costs."""

TAG_CHARS_MAX = 1000


@dataclass(frozen=True, slots=True)
class Finished:
    """A recording on disk."""

    duration_ms: int
    """Rounded; players show exactly ``samples`` at 48 kHz."""
    size_bytes: int
    gaps: int
    """How often more than 20 ms of sound were missing on a side between two packets (pauses not counted)."""
    truncated: bool
    """The capture ends without its end record: the process that wrote it died."""
    samples: int
    """Exact length in samples at 48 kHz."""
    records_dropped: int
    """Packets that the capture's writer had to leave out (full buffer or disk)."""


@dataclass(frozen=True, slots=True)
class CaptureHeader:
    start_ns: int
    """ns since 1970."""
    left: str
    right: str


def opus_tags(tags: list[tuple[str, str]]) -> bytes:
    """An OpusTags packet (RFC 7845 5.2) with these comments."""
    vendor = b"Zentrale"
    parts = [b"OpusTags", struct.pack("<I", len(vendor)), vendor, struct.pack("<I", len(tags))]
    for name, value in tags:
        comment = f"{name}={value[:TAG_CHARS_MAX]}".encode(errors="replace")
        parts += [struct.pack("<I", len(comment)), comment]
    return b"".join(parts)


def read_header(capture: Path) -> CaptureHeader:
    """Raises `CaptureError` when the file is no capture, `OSError` when it can't be read."""
    with capture.open("rb", buffering=0) as source:
        try:
            return CaptureHeader(*_finish.read_header(source.fileno()))
        except _finish.NoCaptureError:
            raise _no_capture(capture) from None


def _read_pauses(capture: Path) -> list[tuple[int, int | None]]:
    with capture.open("rb", buffering=0) as source:
        return _finish.read_pauses(source.fileno())


def _chapters(pauses: list[tuple[int, int | None]]) -> list[tuple[str, str]]:
    """Where it was paused, as chapter marks, which players show (the chapter extension of Vorbis comments)."""
    marks: list[tuple[int, str]] = []
    for start_ns, end_ns in pauses:
        marks.append((start_ns, "Recording paused"))
        if end_ns is not None:
            marks.append((end_ns, "Recording resumed"))
    tags = []
    for number, (at_ns, name) in enumerate(marks):
        minutes, ms = divmod(at_ns // 1_000_000, 60_000)
        hours, minutes = divmod(minutes, 60)
        time = f"{hours:02}:{minutes:02}:{ms // 1000:02}.{ms % 1000:03}"
        tags += [(f"CHAPTER{number:03}", time), (f"CHAPTER{number:03}NAME", name)]
    return tags


def _no_capture(capture: Path) -> CaptureError:
    return CaptureError(
        f"{capture}: not a capture file of this version, or cut off within its header; there is nothing to recover"
    )


def finish(
    capture: Path,
    target: Path,
    *,
    contact: str = "",
    queue: str = "",
    agent: str = "",
    complexity: int = COMPLEXITY,
    bitrate: int = BITRATE,
) -> Finished:
    """Write the recording of ``capture`` to ``target``, replacing what is there; missing folders are made.

    ``contact``, ``queue``, ``agent`` and the start go into the file's tags.  Blocks; the interpreter lock is free
    meanwhile.  Raises `CaptureError` (no capture, longer than a day), `OSError` (disk), `ValueError` (complexity not
    in 0..10, bitrate not in 12000..256000); then ``target`` is as it was.
    """
    if not 0 <= complexity <= 10:
        raise ValueError(f"complexity is {complexity}; it goes from 0 to 10")
    if not 12_000 <= bitrate <= 256_000:
        raise ValueError(f"bitrate is {bitrate} bit/s; it goes from 12000 to 256000")
    header = read_header(capture)
    started = datetime.fromtimestamp(header.start_ns / 1e9, UTC)
    tags = [
        ("ENCODER", "Zentrale"),
        ("DATE", started.isoformat(timespec="milliseconds")),
        ("CONTACT_ID", contact),
        ("QUEUE", queue),
        ("AGENT", agent),
        ("LEFT", header.left),
        ("RIGHT", header.right),
    ]
    packet = opus_tags([(name, value) for name, value in tags if value] + _chapters(_read_pauses(capture)))
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    try:
        result = _render(capture, unfinished, packet, bitrate, complexity)
        os.replace(unfinished, target)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)
    return result


def _render(capture: Path, unfinished: Path, tags: bytes, bitrate: int, complexity: int) -> Finished:
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with capture.open("rb", buffering=0) as source:
            samples, size, gaps, dropped, truncated = _finish.render(
                source.fileno(), descriptor, tags=tags, bitrate=bitrate, complexity=complexity
            )
        os.fsync(descriptor)
    except _finish.NoCaptureError:
        raise _no_capture(capture) from None
    except _finish.TooLongError:
        raise CaptureError(f"{capture}: says it is longer than a day, which no conversation is; move it away") from None
    finally:
        os.close(descriptor)
    return Finished(
        duration_ms=round(samples / 48),
        size_bytes=size,
        gaps=gaps,
        truncated=truncated,
        samples=samples,
        records_dropped=dropped,
    )


def _sync_folder(folder: Path) -> None:
    """A rename is on disk when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
