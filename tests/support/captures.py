"""Capture files (docs/reference/capture-format.md) in plain Python, to write and read them in tests."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

AUDIO, PAUSE, RESUME, DROPPED, END = 1, 2, 3, 4, 5
PCMU, PCMA, OPUS, L16_8K, L16_48K, G722 = range(6)
LEFT, RIGHT = 0, 1


@dataclass(frozen=True)
class Record:
    kind: int
    side: int
    codec: int
    time_ns: int
    number: int
    payload: bytes = b""


@dataclass(frozen=True)
class CaptureFile:
    start_epoch_ns: int
    left: str
    right: str
    records: list[Record]
    torn: bool


def sealed(data: bytes) -> bytes:
    return data + struct.pack("<I", zlib.crc32(data))


def header(left: str = "customer", right: str = "agent", start_epoch_ns: int = 0, version: int = 1) -> bytes:
    first, second = left.encode(), right.encode()
    size = 26 + len(first) + len(second) + 4
    fixed = struct.pack("<8sHHIqBB", b"ZCAPTURE", version, size, 0, start_epoch_ns, len(first), len(second))
    return sealed(fixed + first + second)


def record(kind: int, time_ns: int, *, side: int = 0, codec: int = 0, number: int = 0, payload: bytes = b"") -> bytes:
    size = 24 + len(payload)
    return sealed(struct.pack("<HBBBxxxqI", size, kind, side, codec, time_ns, number & 0xFFFFFFFF) + payload)


def read(path: Path) -> CaptureFile:
    data = path.read_bytes()
    assert data[:8] == b"ZCAPTURE"
    version, size, _, start, first, second = struct.unpack_from("<HHIqBB", data, 8)
    assert version == 1
    assert size == 26 + first + second + 4
    assert sealed(data[: size - 4]) == data[:size]
    left, right = data[26 : 26 + first].decode(), data[26 + first : 26 + first + second].decode()
    records = []
    at = size
    while len(data) - at >= 24:
        length, kind, side, codec, time_ns, number = struct.unpack_from("<HBBBxxxqI", data, at)
        if length < 24 or at + length > len(data) or sealed(data[at : at + length - 4]) != data[at : at + length]:
            break
        records.append(Record(kind, side, codec, time_ns, number, data[at + 20 : at + length - 4]))
        at += length
    return CaptureFile(start, left, right, records, at != len(data))
