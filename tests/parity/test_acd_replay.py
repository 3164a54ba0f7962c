"""A journal lived again is the same to the last bit, whichever distributor wrote it and whichever reads it."""

from __future__ import annotations

import copy
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acd_core import Distributor
from acd_core.api import DistributorApi
from acd_core.decisions import AgentStateChanged, OfferMade
from acd_core.journal import Difference, Entry, Header, Reader, Record, Replay
from acd_core.journal.records import encode_decisions
from acd_core.limits import Limits
from acd_core.reference import Distributor as Reference
from tests.support.journal_walk import Walk

BOTH: dict[str, Callable[[Limits], DistributorApi]] = {"core": Distributor, "reference": Reference}


def replay(make: Callable[[Limits], DistributorApi], segment: bytes) -> Replay:
    reader = Reader(segment)
    assert reader.header is not None
    lived = Replay(make, reader.header)
    for _ in lived.play(reader):
        pass
    assert not reader.torn
    return lived


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32))
@pytest.mark.parametrize("reads", BOTH)
@pytest.mark.parametrize("wrote", BOTH)
def test_a_replay_is_identical(wrote: str, reads: str, seed: int) -> None:
    limits = Limits(contacts_max=12, agents_max=3, exclusions_max=2)
    walk = Walk(BOTH[wrote], seed=seed, limits=limits)
    segment = walk.start + b"".join(walk.records(30, steps=5))
    lived = replay(BOTH[reads], segment)
    assert lived.entries == len(walk.history)
    assert lived.decisions == sum(len(decisions) for _, _, decisions in walk.history)
    assert lived.distributor.snapshot() == walk.distributor.snapshot()


def history(walk: Walk) -> list[Entry]:
    return [Entry(now_ns, event, list(decisions)) for now_ns, event, decisions in walk.history]


@pytest.mark.parametrize("make", BOTH.values(), ids=BOTH)
def test_the_first_difference_is_named_with_its_place(make: Callable[[Limits], DistributorApi]) -> None:
    walk = Walk(Reference, seed=3)
    walk.steps(200)
    entries = history(walk)
    at = next(n for n, entry in enumerate(entries) if n > 40 and any(isinstance(d, OfferMade) for d in entry.decisions))
    place = next(n for n, d in enumerate(entries[at].decisions) if isinstance(d, OfferMade))
    other = copy.copy(entries[at].decisions[place])
    assert isinstance(other, OfferMade)
    entries[at].decisions[place] = msgspec.structs.replace(other, waited_ns=other.waited_ns + 1)
    records = [Record(1000 + n, entries[n : n + 5]) for n in range(0, len(entries), 5)]
    lived = Replay(make, walk.header)
    with pytest.raises(Difference, match=f"offset {1000 + at // 5 * 5}, entry {at % 5} ") as caught:
        for _ in lived.play(records):
            pass
    assert (caught.value.offset, caught.value.index) == (1000 + at // 5 * 5, at % 5)
    assert lived.entries == at


def test_a_decision_more_or_less_and_a_refusal_are_differences() -> None:
    walk = Walk(Reference, seed=4)
    signed_in = history(walk)[2]
    more = Entry(signed_in.now_ns, signed_in.event, [*signed_in.decisions, *signed_in.decisions])
    less = Entry(signed_in.now_ns, signed_in.event, [])
    for entry, word in [(more, "now there is none"), (less, "was not made")]:
        lived = Replay(Reference, walk.header)
        for one in history(walk)[:2]:
            lived.step(0, 0, one)
        with pytest.raises(Difference, match=word):
            lived.step(7, 0, entry)
    lived = Replay(Reference, walk.header)
    with pytest.raises(Difference, match="now it is refused: queue"):
        lived.step(7, 0, signed_in)


def test_a_decision_equal_by_value_but_not_by_its_bytes_is_not_taken_for_a_difference() -> None:
    """An enum and its text are one thing in a journal."""
    one = AgentStateChanged("anna", "paused", "x", None, None)  # type: ignore[arg-type]
    assert encode_decisions([one]) == encode_decisions([msgspec.convert(msgspec.to_builtins(one), AgentStateChanged)])


def test_a_later_segment_is_held_against_the_snapshot_at_its_beginning() -> None:
    walk = Walk(Distributor, seed=5)
    first = walk.records(20)
    lived = replay(Reference, walk.start + b"".join(first))
    snapshot = walk.distributor.snapshot()
    lived.check_start(Header("walk", 1, walk.now_ns, walk.header.limits, snapshot=snapshot))
    other = msgspec.structs.replace(snapshot, offers_made=snapshot.offers_made + 1)
    with pytest.raises(Difference, match="snapshot"):
        lived.check_start(Header("walk", 1, walk.now_ns, walk.header.limits, snapshot=other))
    with pytest.raises(ValueError, match="segment 0"):
        Replay(Reference, Header("walk", 1, 0, Limits()))
