"""Reads a segment back: complete records in order, a torn tail cut, a damaged record refused.

What a reader may meet at the end of a file after a crash, and only there, is a record that was not written wholly: the
file ends inside it, or (after a power cut) some of its sectors hold zeros because the file's length reached the disk
before its content.  That is *torn*, and everything before it is good.  Anything else that does not check is *corrupt*:
the reader raises with the offset, and nothing behind it is given out.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import msgspec

from acd_core.journal.records import HEAD, MAGIC, RECORD_BYTES_MAX, Entry, Header, check_length

SECTOR = 512
FEW = 32


class JournalError(Exception):
    """The journal can't be read, or not on from ``offset`` (bytes from the beginning of the segment)."""

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(f"offset {offset}: {reason}")
        self.offset = offset
        self.reason = reason


class CorruptJournalError(JournalError):
    """What stands at ``offset`` is not what was written.  Everything before it is good."""


class IncompatibleJournalError(JournalError):
    """The bytes are as they were written, but by a version whose records this one does not know."""


class Record(msgspec.Struct, frozen=True, gc=False):
    offset: int
    entries: list[Entry]


class Reader:
    """Use as ``for record in Reader(data)``; then ``end`` and ``torn`` tell how it ended.

    ``data`` is the whole segment.  Raises `CorruptJournalError` or
    `IncompatibleJournalError`, also from the constructor, for the header.
    """

    def __init__(self, data: bytes | bytearray | memoryview) -> None:
        self._data = memoryview(data)
        self._check = zlib.crc32(MAGIC)
        self._entries = msgspec.msgpack.Decoder(list[Entry])
        self.header: Header | None = None
        """None: the file ends before its header does, and nothing follows."""
        self.end = 0
        """Offset behind the last good record."""
        self.torn = 0
        """Bytes behind ``end`` that belong to a record which was not written wholly; 0: a clean end."""
        self._read_header()

    @property
    def check(self) -> int:
        """The check of the last good record; an encoder or the next segment's header goes on from it."""
        return self._check

    def _read_header(self) -> None:
        data = self._data
        start = bytes(data[: len(MAGIC)])
        if start != MAGIC:
            if not MAGIC.startswith(start) and start.strip(b"\0"):
                raise CorruptJournalError(0, f"not a journal: it begins with {start!r}, not with {MAGIC!r}")
            if len(data) > len(MAGIC) and bytes(data[len(MAGIC) :]).strip(b"\0"):
                raise CorruptJournalError(0, f"the first bytes are {start!r}, not {MAGIC!r}")
            self.torn = len(data)
            return
        found = self._next(len(MAGIC))
        if found is None:
            self.end, self.torn = 0, len(data)
            return
        body, self.end = found
        try:
            self.header = msgspec.msgpack.decode(body, type=Header)
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            raise IncompatibleJournalError(len(MAGIC), f"the header is of another version: {error}") from error

    def __iter__(self) -> Iterator[Record]:
        if self.header is None:
            return
        while self.end < len(self._data):
            offset = self.end
            found = self._next(offset)
            if found is None:
                self.torn = len(self._data) - offset
                return
            body, end = found
            try:
                entries = self._entries.decode(body)
            except (msgspec.ValidationError, msgspec.DecodeError) as error:
                wrote = f" (written by {self.header.software})" if self.header.software else ""
                raise IncompatibleJournalError(
                    offset, f"the record is of another version{wrote}: {error}; read it with that version"
                ) from error
            self.end = end
            yield Record(offset, entries)

    def _next(self, offset: int) -> tuple[memoryview, int] | None:
        """Body and end of the record at ``offset``; None when it was not written wholly."""
        data = self._data
        size = len(data)
        body_at = offset + HEAD.size
        if body_at > size:
            return None
        length, length_check, body_check = HEAD.unpack_from(data, offset)
        if length > RECORD_BYTES_MAX or check_length(length, self._check) != length_check:
            if ends_in_zeros(data, offset, body_at):
                return None
            raise CorruptJournalError(offset, "the length of the record is damaged")
        end = body_at + length
        if end > size:
            return None
        body = data[body_at:end]
        if zlib.crc32(body, length_check) != body_check:
            if ends_in_zeros(data, offset, end) or (end == size and has_empty_sector(data, body_at, end)):
                return None
            raise CorruptJournalError(offset, "the content of the record is damaged")
        self._check = body_check
        return body, end


def ends_in_zeros(data: memoryview, start: int, end: int) -> bool:
    """Whether all is zero to the very end of the data, from ``start`` or from a sector's border before ``end`` on."""
    filled = start + len(bytes(data[start:]).rstrip(b"\0"))
    if filled == start:
        return True
    border = -(-filled // SECTOR) * SECTOR
    return border < end and len(data) - border >= FEW


def has_empty_sector(data: memoryview, start: int, end: int) -> bool:
    """Whether the part of some sector that lies in the range holds zeros alone; a few bytes do not count."""
    for sector in range(start // SECTOR * SECTOR, end, SECTOR):
        part = data[max(sector, start) : min(sector + SECTOR, end)]
        if len(part) >= FEW and not any(part):
            return True
    return False
