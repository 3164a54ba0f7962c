"""Strange values in every field of every event: both distributors refuse alike and stay as they were, or both take it.

What is taken must also go into a journal, and must not break what comes next.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, get_args

import msgspec
import pytest

from acd_core import Distributor
from acd_core import events as ev
from acd_core.api import DistributorApi
from acd_core.decisions import Decision
from acd_core.errors import AcdError
from acd_core.journal import Encoder
from acd_core.reference import Distributor as Reference
from tests.parity.acd_pair import attempt

S = 1_000_000_000
SALES = frozenset({"sales"})
NONE: frozenset[str] = frozenset()
LONE = "\ud800"
"""Half of a surrogate pair: a text for Python, but for nobody else."""


class Text(str):
    __slots__ = ()


class Number(int):
    pass


class Member(StrEnum):
    SALES = "sales"


STRANGE: list[Any] = [
    *(None, True, False, 0, -1, 1, 2**31, 2**62, 2**63, 2**64, -(2**70), 1.5, float("nan"), Number(3), object()),
    *(
        "",
        "x" * 257,
        "x" * 1001,
        LONE,
        f"c{LONE}",
        "a\0b",
        "größe",
        "🐌",
        b"x",
        Text("sales"),
        Text("anna"),
        Text("c4"),
    ),
    *(Member.SALES, [], ["a"], {}, {"a"}, {"a": 1}, (), ("a",), NONE, frozenset({1}), frozenset({None})),
    *(frozenset({LONE}), frozenset({""}), frozenset({Text("german")}), frozenset({("a",)}), frozenset({("a", 1, 2)})),
    *(frozenset({("a", -1)}), frozenset({("a", 1.0)}), frozenset({(1, 1)}), frozenset({(LONE, 1)}), frozenset({NONE})),
    *(frozenset({frozenset({("a", 101)})}), frozenset({frozenset({("a", True)})}), frozenset({frozenset({("a", 1)})})),
    *(frozenset({frozenset({(LONE, 1)})}), ev.Order(), ev.Order(rate=-1), ev.Order(LONE), (ev.Step(1),)),
    ev.Order(name=None),  # type: ignore[arg-type]
    (ev.Step(1, drop={"a"}),),  # type: ignore[arg-type]
    *((ev.Step(1, drop=frozenset({LONE})),), (ev.Lane(LONE),), (ev.Lane("chat", 1, 1),), (ev.Overflow(LONE, "size"),)),
    (ev.Overflow("x", ["wait"], 5),),  # type: ignore[arg-type]
    *(
        (ev.Overflow("x", "wait", 5),),
        (ev.Overflow("x", Text("wait"), 5),),
        (ev.Split("x", 5),),
        (ev.Split("x", True),),
    ),
    *((ev.Split(LONE, 5),), "anna", "c1", "c2", "c4", "sales", "available", "busy", "wait", "success"),
]
EVENTS: list[ev.Event] = [
    ev.QueueConfigured("sales", 60_000, 600_000),
    ev.QueueRemoved("sales"),
    ev.QueueOpened("sales"),
    ev.QueueClosed("sales"),
    ev.MatchingConfigured(),
    ev.AgentSignedIn("dora", SALES, NONE),
    ev.AgentChanged("anna", SALES, NONE),
    ev.AgentReady("anna"),
    ev.AgentPaused("anna", "x"),
    ev.AgentSignedOut("anna"),
    ev.ContactArrived("new", "sales"),
    ev.ContactArrived("new", "sales", frozenset({"german"}), needs=frozenset({frozenset({("a", 1)})})),
    ev.ContactChanged("c4"),
    ev.ContactDeferred("c4", None),
    ev.ContactReturned("c5"),
    ev.ContactTransferred("c1"),
    ev.ContactAbandoned("c4"),
    ev.ContactEnded("c1"),
    ev.ContactRequeued("c1", "x"),
    ev.AssignmentOrdered("c4", "ben"),
    ev.OfferAccepted(3, "ben"),
    ev.OfferRejected(3, "ben"),
    ev.OfferRevoked(3, "x"),
    ev.WrapUpFinished("carl"),
    ev.WrapUpExtended("carl", 200 * S),
]
SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "random": {"strategy": "random", "splits": (ev.Split("x", 0),)},
    "success": {"strategy": "success"},
}


def make(cls: type[DistributorApi], settings: dict[str, Any]) -> DistributorApi:
    """c1 is with anna, c2 rings at ben, c3 is wrapped up by carl, c4 waits, c5 is deferred, free is about to come."""
    d = cls()
    for event in (
        ev.QueueConfigured("sales", 60_000, 600_000, **settings),
        ev.QueueConfigured("x", 1_000, 0),
        ev.AgentSignedIn("anna", SALES, NONE),
        ev.AgentSignedIn("ben", SALES, frozenset({"german"})),
        ev.AgentSignedIn("carl", SALES, frozenset({"vip"})),
        ev.AgentReady("anna"),
        ev.ContactArrived("c1", "sales"),
        ev.OfferAccepted(1, "anna"),
        ev.AgentReady("carl"),
        ev.ContactArrived("c3", "sales", frozenset({"vip"})),
        ev.OfferAccepted(2, "carl"),
        ev.ContactEnded("c3"),
        ev.AgentReady("ben"),
        ev.ContactArrived("c2", "sales", frozenset({"german"})),
        ev.ContactArrived("c4", "sales", channel="chat"),
        ev.ContactArrived("c5", "sales", frozenset({"german"}), needs=frozenset({frozenset({("a", 1)})})),
        ev.ContactDeferred("c5", None),
        ev.AgentSignedIn("free", SALES, NONE),
    ):
        d.handle(event, 50 * S)
    return d


def vary(event: ev.Event) -> Iterator[Any]:
    """The event with one field as it should not be."""
    for field in event.__struct_fields__:
        for value in STRANGE:
            yield msgspec.structs.replace(event, **{field: value})


def tell(distributor: DistributorApi, event: ev.Event) -> list[Decision] | AcdError:
    return attempt(lambda one: one.handle(event, 100 * S), distributor)


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_a_strange_value_is_refused_alike_or_taken_alike(event: ev.Event, settings: dict[str, Any]) -> None:
    pair: list[DistributorApi] = []
    refused = 0
    for strange in vary(event):
        if not pair:
            pair = [make(Distributor, settings), make(Reference, settings)]
            before = [one.snapshot() for one in pair]
            assert before[0] == before[1]
        told = ascii(strange)
        core, reference = (tell(one, strange) for one in pair)
        if isinstance(reference, AcdError):
            assert (type(core), str(core)) == (type(reference), str(reference)), told
            assert [one.snapshot() for one in pair] == before, told
            refused += 1
            continue
        assert core == reference, told
        encoder = Encoder()
        encoder.add(100 * S, strange, reference)
        assert encoder.take()
        for following in (ev.AgentReady("free"), ev.ContactArrived("next", "sales")):
            core, reference = (tell(one, following) for one in pair)
            assert str(core) == str(reference), told
        assert pair[0].snapshot() == pair[1].snapshot(), told
        pair.clear()
    assert refused >= len(STRANGE) // 2


def test_every_event_is_among_them() -> None:
    assert {type(event) for event in EVENTS} == set(get_args(ev.Event))
