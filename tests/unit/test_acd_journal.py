"""The journal's form: what was written comes back, a cut end is cut, damage is found wherever it is."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd_core import events as ev
from acd_core.journal import CorruptJournalError, Encoder, Header, IncompatibleJournalError, Reader
from acd_core.journal.records import HEAD, MAGIC
from acd_core.limits import Limits
from acd_core.reference import Distributor
from tests.support.journal_walk import Walk

WALK = Walk(Distributor, seed=1)
RECORDS = WALK.records(12)
SEGMENT = WALK.start + b"".join(RECORDS)
BORDERS = list(itertools.accumulate(map(len, [WALK.start, *RECORDS])))
"""Where each part of the segment ends."""


def entries(reader: Reader) -> list[object]:
    return [(entry.now_ns, entry.event, entry.decisions) for record in reader for entry in record.entries]


def count_until(size: int) -> int:
    """Entries of the records that lie wholly before ``size``."""
    good = sum(border <= size for border in BORDERS[1:])
    return sum(len(record.entries) for record in itertools.islice(Reader(SEGMENT), good))


def test_what_was_written_comes_back() -> None:
    reader = Reader(SEGMENT)
    assert reader.header == WALK.header
    assert entries(reader) == WALK.history
    assert (reader.end, reader.torn) == (len(SEGMENT), 0)
    assert reader.check == WALK.encoder.check


def test_nothing_to_take_is_no_record() -> None:
    assert Encoder().take() == b""


@given(size=st.integers(0, len(SEGMENT) - 1))
def test_any_truncation_is_cut_cleanly(size: int) -> None:
    reader = Reader(SEGMENT[:size])
    assert entries(reader) == WALK.history[: count_until(size)]
    whole = max((border for border in BORDERS if border <= size), default=0)
    assert (reader.end, reader.torn) == (whole, size - whole)
    assert (reader.header is None) == (size < BORDERS[0])


@given(place=st.integers(0, len(SEGMENT) - 1), flip=st.integers(1, 255))
def test_any_flipped_byte_is_found_and_nothing_behind_it_is_used(place: int, flip: int) -> None:
    damaged = bytearray(SEGMENT)
    damaged[place] ^= flip
    before = [border for border in BORDERS if border <= place]
    found: list[object] = []

    def read() -> None:
        for record in Reader(damaged):
            found.extend(record.entries)

    with pytest.raises(CorruptJournalError) as caught:
        read()
    if place < BORDERS[0]:
        assert caught.value.offset == (0 if place < len(MAGIC) else len(MAGIC))
        assert not found
    else:
        assert caught.value.offset == before[-1]
        assert len(found) == count_until(before[-1])


@given(first=st.integers(0, 11), second=st.integers(0, 11))
def test_a_record_is_valid_in_its_own_place_only(first: int, second: int) -> None:
    """Lost, doubled, exchanged: the place of the first that is wrong is reported."""
    moved = [*RECORDS]
    moved[first] = RECORDS[second]
    if first == second:
        del moved[first]
        if first == len(RECORDS) - 1:
            return  # The last one missing is a shorter journal, not a damaged one.
    with pytest.raises(CorruptJournalError) as caught:
        list(Reader(WALK.start + b"".join(moved)))
    assert caught.value.offset == BORDERS[first]


@given(size=st.integers(0, len(SEGMENT)), zeros=st.integers(32, 5000))
def test_a_power_cut_that_leaves_zeros_is_a_torn_tail(size: int, zeros: int) -> None:
    """The file had grown before what was written reached the disk: from some sector on, it holds zeros."""
    size = size // 512 * 512 if size not in BORDERS else size
    reader = Reader(SEGMENT[:size] + bytes(zeros))
    assert entries(reader) == WALK.history[: count_until(reader.end)]
    assert reader.end == max((border for border in BORDERS if border <= size), default=0)
    assert reader.torn


def test_a_sector_of_the_last_record_that_never_reached_the_disk_is_a_torn_tail() -> None:
    walk = Walk(Distributor, seed=2)
    (record,) = walk.records(1, steps=60)
    segment = bytearray(walk.start + record)
    assert len(record) > 2048
    segment[1024:1536] = bytes(512)
    reader = Reader(segment)
    assert not list(reader)
    assert (reader.end, reader.torn) == (len(walk.start), len(record))


def test_an_empty_file_is_a_journal_that_never_began() -> None:
    reader = Reader(b"")
    assert (reader.header, reader.end, reader.torn, list(reader)) == (None, 0, 0, [])


@pytest.mark.parametrize(
    "data", [b"not a journal at all", b"SQLite format 3\0" + bytes(100), b"\1", MAGIC[:4] + b"xyzw"]
)
def test_another_file_is_no_journal(data: bytes) -> None:
    with pytest.raises(CorruptJournalError, match="offset 0"):
        Reader(data)


def test_an_unknown_event_is_reported_with_the_version_that_wrote_it() -> None:
    encoder = Encoder()
    start = encoder.begin(Header(run="r", segment=0, started_ns=0, limits=Limits(), software="9.1"))
    encoder.add(5, ev.AgentReady("anna"), [])
    good = encoder.take()
    encoder.add(6, {"type": "AgentTeleported", "agent": "anna"}, [])  # type: ignore[arg-type]
    reader = Reader(start + good + encoder.take())
    assert len(next(iter(reader)).entries) == 1
    with pytest.raises(IncompatibleJournalError, match=r"written by 9\.1") as caught:
        list(reader)
    assert caught.value.offset == len(start + good)


def test_a_length_that_runs_past_the_end_is_damage_unless_it_was_written_so() -> None:
    """Else one flipped bit in a length would pass for a torn tail, and everything behind it would be cut."""
    damaged = bytearray(SEGMENT)
    damaged[BORDERS[3] + 2] ^= 0x40
    assert HEAD.unpack_from(damaged, BORDERS[3])[0] > len(SEGMENT)
    with pytest.raises(CorruptJournalError) as caught:
        list(Reader(damaged))
    assert caught.value.offset == BORDERS[3]
