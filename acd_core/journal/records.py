"""The form of a journal: what stands in a record, how records are framed and checked.

A journal is a row of segments; a segment is ``MAGIC`` and then records.  A record is a head of three little-endian
32-bit numbers (length of the body, check of the length, check of the body) and the body in MessagePack.  The first
record of a segment is its `Header`, each other one is a list of `Entry`.

Each check is the CRC-32 of zlib that goes on from the check before it, so a record is valid in its own place only: a
lost, doubled or exchanged record is found as a flipped bit is.  The length has a check of its own because the reader
must know whether the end of a file is a record that was cut off or one whose length was damaged.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import Final

import msgspec

from acd_core.decisions import Decision
from acd_core.events import Event
from acd_core.limits import Limits
from acd_core.views import Snapshot

MAGIC: Final = b"ZACDJRN1"
HEAD: Final = struct.Struct("<III")
RECORD_BYTES_MAX: Final = 1 << 30
"""More than any body has; a snapshot of 200,000 contacts takes about 40 MB."""


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One call of the distributor, and what came of it."""

    now_ns: int
    event: Event | None
    """What was handled; None: the timer."""
    decisions: list[Decision]


class Header(msgspec.Struct, frozen=True, gc=False):
    """What a segment begins with."""

    run: str
    """Names the distributor whose life this is; all segments of one distributor have it, no other has."""
    segment: int
    """0, 1, 2 ... within the run.  Segment 0 begins with a distributor that has handled nothing."""
    started_ns: int
    limits: Limits
    software: str = ""
    """Version of what wrote it, for people."""
    previous_check: int = 0
    """The last check of the segment before this one: nothing was lost between the two."""
    snapshot: Snapshot | None = None
    """How the distributor stood when the segment began; None at the beginning of a run."""


class PlainEncoder:
    """What `acd_core.journal.Encoder` does, obviously right; for the tests, which compare the two byte by byte."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self.check = zlib.crc32(MAGIC)

    @property
    def pending(self) -> int:
        return len(self._entries)

    def begin(self, header: Header) -> bytes:
        return MAGIC + self._frame(msgspec.msgpack.encode(header))

    def add(self, now_ns: int, event: Event | None, decisions: list[Decision]) -> None:
        self._entries.append(Entry(now_ns, event, decisions))

    def take(self) -> bytes:
        if not self._entries:
            return b""
        body = msgspec.msgpack.encode(self._entries)
        self._entries.clear()
        return self._frame(body)

    def encode(self, now_ns: int, event: Event | None, decisions: list[Decision]) -> bytes:
        self.add(now_ns, event, decisions)
        return self.take()

    def _frame(self, body: bytes) -> bytes:
        if len(body) > RECORD_BYTES_MAX:
            raise too_long(len(body))
        length = len(body).to_bytes(4, "little")
        length_check = zlib.crc32(length, self.check)
        self.check = zlib.crc32(body, length_check)
        return HEAD.pack(len(body), length_check, self.check) + body


def too_long(size: int) -> ValueError:
    return ValueError(f"a record of {size} bytes is too long; take() more often")


def check_length(length: int, previous_check: int) -> int:
    return zlib.crc32(length.to_bytes(4, "little"), previous_check)


def encode_decisions(decisions: Sequence[msgspec.Struct]) -> bytes:
    """The bytes by which two lists of decisions, or two snapshots, are held against each other."""
    return _deterministic.encode(decisions)


_deterministic = msgspec.msgpack.Encoder(order="deterministic")
