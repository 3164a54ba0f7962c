"""The encoder that production uses makes the bytes that msgspec and zlib make, whatever it is given."""

from __future__ import annotations

import enum
import itertools
import types
import zlib
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd_core.decisions import AgentStateChanged, Decision
from acd_core.events import AgentPaused, AgentReady, ContactArrived, Event
from acd_core.journal import Encoder, Header
from acd_core.journal.encoder import find_check
from acd_core.journal.records import PlainEncoder
from acd_core.limits import Limits
from acd_core.reference import Distributor
from acd_core.states import AgentState
from tests.support.journal_walk import Walk

BORDERS = sorted({sign * 2**bits + more for bits in (0, 5, 7, 8, 15, 16, 31, 32, 63) for sign in (1, -1)
                  for more in (-1, 0, 1) if sign * 2**bits + more >= -(2**63)})  # fmt: skip
"""Whole numbers, and lengths, where another form begins."""


PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    int: st.sampled_from(BORDERS) | st.integers(-(2**63), 2**64 - 1),
    str: st.text(max_size=40),
    bool: st.booleans(),
    types.NoneType: st.none(),
}


def values(hint: Any) -> st.SearchStrategy[Any]:
    """All that may stand where the annotation is."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        found = st.one_of([values(one) for one in inner])
    elif origin is frozenset:
        found = st.frozensets(values(inner[0]), max_size=20)
    elif origin is tuple and inner[1] is ...:
        found = st.lists(values(inner[0]), max_size=3).map(tuple)
    elif origin is tuple:
        found = st.tuples(*map(values, inner))
    elif hint in PLAIN:
        found = PLAIN[hint]
    elif issubclass(hint, enum.Enum):
        found = st.sampled_from(list(hint))
    else:
        found = structs(hint)
    return found


def structs(kind: type[msgspec.Struct]) -> st.SearchStrategy[msgspec.Struct]:
    """With some of the fields that have a default, and without."""
    hints = get_type_hints(kind)
    fields = msgspec.structs.fields(kind)
    return st.fixed_dictionaries(
        {field.name: values(hints[field.name]) for field in fields if field.required},
        optional={field.name: values(hints[field.name]) for field in fields if not field.required},
    ).map(lambda given: kind(**given))


EVENTS = values(Event) | st.none()
DECISIONS = st.lists(values(Decision), max_size=4)
ENTRIES = st.lists(st.tuples(st.integers(0, 2**62), EVENTS, DECISIONS), max_size=3)


def both(*entries: tuple[Any, Any, Any]) -> tuple[bytes, bytes]:
    """One record of them, by either encoder."""
    encoders = Encoder(), PlainEncoder()
    for entry, encoder in itertools.product(entries, encoders):
        encoder.add(*entry)
    assert encoders[0].pending == encoders[1].pending == len(entries)
    records = encoders[0].take(), encoders[1].take()
    assert encoders[0].check == encoders[1].check
    assert encoders[0].pending == 0
    return records


@given(records=st.lists(ENTRIES, max_size=3))
def test_whatever_happens_is_written_as_msgspec_and_zlib_write_it(records: list[Any]) -> None:
    native, plain = Encoder(), PlainEncoder()
    for entries in records:
        for entry in entries:
            native.add(*entry)
            plain.add(*entry)
        assert native.take() == plain.take()
        for entry in entries:
            assert native.encode(*entry) == plain.encode(*entry)
        assert native.check == plain.check


def test_a_day_is_written_as_msgspec_and_zlib_write_it() -> None:
    walk = Walk(Distributor, seed=3)
    walk.steps(500)
    native, plain = Encoder(), PlainEncoder()
    header = Header("run", 1, 17, Limits(), "1.2", 99, walk.distributor.snapshot())
    assert native.begin(header) == plain.begin(header)
    for entry in walk.history:
        assert native.encode(*entry) == plain.encode(*entry)


@pytest.mark.parametrize("number", [*BORDERS, 2**64 - 1])
def test_numbers(number: int) -> None:
    native, plain = both((number, None, []))
    assert native == plain


@pytest.mark.parametrize("size", [0, 1, 31, 32, 255, 256, 65_535, 65_536, 200_000])
@pytest.mark.parametrize("letter", ["a", "é", "語", "😀"])
def test_texts(size: int, letter: str) -> None:
    native, plain = both((1, AgentReady("é" * (size % 2) + letter * size), []))
    assert native == plain


@pytest.mark.parametrize("count", [15, 16, 65_535, 65_536])
def test_numbers_of_entries_and_of_decisions(count: int) -> None:
    native, plain = both(*[(1, None, [])] * count)
    assert native == plain
    native, plain = both((1, None, [AgentStateChanged("a", AgentState.BUSY, "")] * count))
    assert native == plain


class Colour(enum.Enum):
    RED = 1


class Name(str):
    __slots__ = ()


class Row(msgspec.Struct, array_like=True):
    one: int
    two: list[int] = []


class Loose(msgspec.Struct, omit_defaults=True, rename="camel", tag=7):
    some_list: list[int] = []
    a_very_long_name_of_more_than_thirty_one_letters: int = 5


class Renamed(msgspec.Struct, rename="camel", tag="tagged", tag_field="kind"):
    some_name: int | None = None
    other_name: object = True


def name_type(value: object) -> str:
    return type(value).__name__


STRANGE: list[object] = [
    1.5, b"bytes", bytearray(b"more"), {"a": {1: [None]}}, True, False, Colour.RED, [(), [1], {2}], Row(1),
    Loose(), Loose([1], 6), Renamed(), Renamed(3, Renamed(4, "x")), 2**64 - 1, frozenset({"a", "b"}), {"x", "y"},
    msgspec.Raw(b"\xc0"), (((((((((((((((((((((("deep",),),),),),),),),),),),),),),),),),),),),),),
]  # fmt: skip


@pytest.mark.parametrize("value", STRANGE, ids=name_type)
def test_what_no_event_of_ours_has_is_written_too(value: object) -> None:
    native, plain = both((1, value, [value, value]), (2, ContactArrived("c", value), []))  # type: ignore[arg-type]
    assert native == plain


def endless() -> list[object]:
    within: list[object] = []
    within.append(within)
    return within


@pytest.mark.parametrize(
    "value", ["\ud800", 2**64, Name("name"), object(), complex(1), endless()], ids=lambda value: type(value).__name__
)
def test_what_cannot_be_written_is_refused_and_leaves_nothing(value: Any) -> None:
    native, plain = Encoder(), PlainEncoder()
    native.add(1, AgentReady("anna"), [])
    plain.add(1, AgentReady("anna"), [])
    with pytest.raises(Exception) as refusal:  # noqa: PT011 - msgspec's, whatever it is
        msgspec.msgpack.encode([value])
    for call in (native.add, native.encode):
        with pytest.raises(type(refusal.value)):
            call(2, AgentPaused("ben", value), [])
    with pytest.raises(TypeError):
        native.add(2, None, None)  # type: ignore[arg-type]
    native.add(3, None, [])
    plain.add(3, None, [])
    assert native.pending == 2
    assert native.take() == plain.take()


def test_a_record_that_is_too_long_is_refused_and_the_next_one_is_good() -> None:
    native, plain = Encoder(record_bytes_max=1000), PlainEncoder()
    with pytest.raises(ValueError, match="take"):
        native.encode(1, AgentReady("a" * 1000), [])
    assert native.encode(1, AgentReady("a"), []) == plain.encode(1, AgentReady("a"), [])


@given(data=st.binary(max_size=300), more=st.integers(0, 3), check=st.integers(0, 2**32 - 1))
def test_the_check_is_that_of_zlib(data: bytes, more: int, check: int) -> None:
    data += bytes(range(64)) * more
    assert find_check(data, check, folding=True) == zlib.crc32(data, check)
    assert find_check(data, check, folding=False) == zlib.crc32(data, check)


@pytest.mark.parametrize("size", [*range(0, 200), 1000, 4096, 65_537])
def test_the_check_is_that_of_zlib_at_each_length(size: int) -> None:
    data = bytes(place * place % 251 for place in range(size))
    assert find_check(data, 0, folding=True) == find_check(data, 0, folding=False) == zlib.crc32(data)
