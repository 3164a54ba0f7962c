"""A distributor made of a snapshot goes on as the one it was taken of, whichever made it, wherever it stood."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acd_core import Distributor
from acd_core import events as ev
from acd_core.api import DistributorApi
from acd_core.errors import IllegalStateError, InvalidSnapshotError, StaleOfferError
from acd_core.journal import Encoder, Header, Reader
from acd_core.limits import Limits
from acd_core.reference import Distributor as Reference
from acd_core.states import AgentState, ContactState
from acd_core.views import Snapshot
from tests.parity.acd_moves import Moves

both = pytest.mark.parametrize("make", [Distributor, Reference], ids=["core", "reference"])
SALES = frozenset({"sales"})


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32), every=st.integers(1, 60))
def test_it_goes_on_as_if_nothing_had_been(seed: int, every: int) -> None:
    """Both are restored again and again; at the end one that never was lives all of it and decides the same."""
    moves, chance = Moves(None), random.Random(seed)
    for step in range(120):
        moves.any_move(chance)
        if step % every == 0:
            moves.pair.restore()
    moves.pair.run_down()


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_near_its_limits_too(seed: int) -> None:
    limits = Limits(contacts_max=8, agents_max=3, queues_max=3, skills_max=4, classes_max=5, exclusions_max=2)
    moves, chance = Moves(limits), random.Random(seed)
    for step in range(120):
        moves.any_move(chance)
        if step % 10 == 0:
            moves.pair.restore()
    moves.pair.run_down()


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_a_snapshot_from_a_journal_serves_as_well(seed: int) -> None:
    moves, chance = Moves(None), random.Random(seed)
    for _ in range(100):
        moves.any_move(chance)
    snapshot = moves.pair.snapshot
    header = Reader(Encoder().begin(Header("run", 1, snapshot.now_ns, Limits(), snapshot=snapshot))).header
    assert header is not None
    assert header.snapshot is not None
    restored = Distributor()
    restored.restore(header.snapshot)
    assert restored.snapshot() == snapshot


@both
def test_only_one_that_has_handled_nothing(make: type[DistributorApi]) -> None:
    other = make()
    other.handle(ev.QueueConfigured("sales", 20_000, 0), 0)
    before = other.snapshot()
    with pytest.raises(IllegalStateError, match="handled nothing"):
        other.restore(make().snapshot())
    assert other.snapshot() == before


@both
def test_an_offer_that_rang_is_answered_but_not_explained(make: type[DistributorApi]) -> None:
    rang = make()
    for event in (
        ev.QueueConfigured("sales", 20_000, 0),
        ev.AgentSignedIn("anna", SALES, frozenset()),
        ev.AgentSignedIn("ben", SALES, frozenset()),
        ev.AgentReady("anna"),
        ev.AgentReady("ben"),
        ev.ContactArrived("c1", "sales"),
        ev.ContactArrived("c2", "sales"),
    ):
        rang.handle(event, 0)
    restored = make()
    restored.restore(rang.snapshot())
    with pytest.raises(StaleOfferError, match="before the snapshot"):
        restored.explain(1)
    for one in (rang, restored):
        assert one.handle(ev.OfferAccepted(1, "anna"), 1)
        assert one.handle(ev.OfferRevoked(2, "page lost"), 1)
    assert restored.snapshot() == rang.snapshot()
    with pytest.raises(StaleOfferError, match="ended"):
        restored.explain(1)


def spoil(snapshot: Snapshot, chance: random.Random) -> Snapshot:
    """Something is left out, there twice, or another than it was."""
    field = chance.choice(["queues", "agents", "contacts", "offers", "exclusions"])
    rows = list(getattr(snapshot, field))
    if not rows:
        return snapshot
    place = chance.randrange(len(rows))
    row = rows[place]
    how = chance.choice(["left out", "twice", "field"])
    if how == "left out":
        del rows[place]
    elif how == "twice":
        rows.append(row)
    else:
        name = chance.choice(row.__struct_fields__)
        donor = getattr(chance.choice(rows), name)
        others: list[Any] = [donor, donor, donor]
        if isinstance(donor, int) and not isinstance(donor, bool):
            others += [donor + 1, 0]
        elif isinstance(donor, str):
            others += ["nobody", *AgentState, *ContactState]
        elif isinstance(donor, tuple):
            others += [(), donor[:-1], donor + donor]
        elif donor is None or isinstance(donor, bool):
            others += [not donor] if donor is not None else [0, 1] if name.endswith(("_ns", "sequence")) else []
        rows[place] = msgspec.structs.replace(row, **{name: chance.choice(others)})
    return msgspec.structs.replace(snapshot, **{field: tuple(rows)})


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32))
def test_a_snapshot_that_contradicts_itself_is_refused_alike_or_harmless(seed: int) -> None:
    moves, chance = Moves(None), random.Random(seed)
    for _ in range(60):
        moves.any_move(chance)
    refused = 0
    for _ in range(60):
        spoilt = spoil(moves.pair.snapshot, chance)
        found: list[str] = []
        for make in (Distributor, Reference):
            restored = make()
            try:
                restored.restore(spoilt)
            except InvalidSnapshotError as error:
                found.append(str(error))
                assert restored.snapshot() == make().snapshot()
                continue
            found.append("")
            restored.snapshot()
            restored.handle_timer(spoilt.now_ns + 10**9)
            for agent in restored.snapshot().agents:
                restored.handle(ev.AgentReady(agent.agent), restored.snapshot().now_ns)
        assert found[0] == found[1]
        refused += bool(found[0])
    assert refused or not moves.pair.snapshot.queues


def rows_with(snapshot: Snapshot, rows: str, **values: Any) -> Snapshot:
    changed = (msgspec.structs.replace(row, **values) for row in getattr(snapshot, rows))
    return msgspec.structs.replace(snapshot, **{rows: tuple(changed)})


BEYOND: list[tuple[str, dict[str, Any]]] = [
    ("", {"sequence": 2**63}),
    ("", {"offers_made": -1}),
    ("", {"passed": 2**63}),
    ("", {"window_ns": 2**64, "window_sequence": 1}),
    ("", {"window_ns": 1, "window_sequence": 2**64}),
    ("queues", {"passed": 2**70}),
    ("queues", {"passed": -1}),
    ("queues", {"seen": 65}),
    ("queues", {"seen": 64, "recent": 2**64}),
    ("queues", {"seen": 1, "recent": 2}),
    ("agents", {"since_ns": 2**64}),
    ("agents", {"idle_since_ns": 2**64}),
    ("agents", {"idle_sequence": 2**64}),
    ("agents", {"last_offer": 2**64}),
    ("agents", {"return_ms": 2**60}),
    ("agents", {"until_ns": 2**64}),
    ("contacts", {"hops": 2**40}),
    ("contacts", {"hops": 4}),
    ("contacts", {"step": 17}),
    ("contacts", {"sequence": 2**64}),
    ("contacts", {"entered_ns": 2**64}),
    ("contacts", {"held": "deferred", "held_until_ns": 2**64}),
    ("offers", {"expires_ns": 2**64}),
    ("offers", {"timer_sequence": 2**64}),
    ("exclusions", {"until_ns": 2**64}),
    ("exclusions", {"timer_sequence": -1}),
]


@both
@pytest.mark.parametrize(("rows", "values"), BEYOND, ids=[f"{rows} {values}" for rows, values in BEYOND])
def test_a_number_that_can_not_be_is_refused_before_anything_is_restored(
    make: type[DistributorApi], rows: str, values: dict[str, Any]
) -> None:
    rang = make()
    for event in (
        ev.QueueConfigured("sales", 20_000, 0),
        ev.AgentSignedIn("anna", SALES, frozenset()),
        ev.AgentReady("anna"),
        ev.ContactArrived("c1", "sales"),
        ev.OfferRejected(1, "anna", ""),
        ev.ContactArrived("c2", "sales"),
    ):
        rang.handle(event, 5)
    snapshot = rang.snapshot()
    assert snapshot.offers
    assert snapshot.exclusions
    make().restore(snapshot)
    spoilt = rows_with(snapshot, rows, **values) if rows else msgspec.structs.replace(snapshot, **values)
    fresh = make()
    with pytest.raises(InvalidSnapshotError, match=list(values)[-1] if rows else "the snapshot"):
        fresh.restore(spoilt)
    assert fresh.snapshot() == make().snapshot()
    fresh.restore(snapshot)


@both
def test_the_greatest_numbers_are_restored(make: type[DistributorApi]) -> None:
    d = make()
    d.handle(ev.QueueConfigured("sales", 24 * 3600 * 1000, 0, return_ms=24 * 3600 * 1000), 2**62 - 1)
    d.handle(ev.AgentSignedIn("anna", SALES, frozenset()), 2**62)
    d.handle(ev.AgentReady("anna"), 2**62)
    d.handle(ev.ContactArrived("c1", "sales"), 2**62)
    snapshot = rows_with(d.snapshot(), "queues", passed=2**60, seen=64, recent=2**64 - 1)
    snapshot = rows_with(snapshot, "contacts", hops=3)
    restored = make()
    restored.restore(snapshot)
    assert restored.snapshot() == snapshot


@both
@pytest.mark.parametrize("other", [None, 7, "snapshot", ev.QueueOpened("sales")])
def test_something_else_is_no_snapshot(make: type[DistributorApi], other: Any) -> None:
    with pytest.raises(InvalidSnapshotError, match="must be a Snapshot"):
        make().restore(other)
