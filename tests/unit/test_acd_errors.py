"""Bad input: each has its documented error, and leaves the state as it was, in the core and in the reference."""

from __future__ import annotations

from typing import Any

import pytest

from acd_core import Distributor
from acd_core import errors as er
from acd_core import events as ev
from acd_core.api import DistributorApi
from acd_core.limits import Limits
from acd_core.reference import Distributor as Reference

LIMITS = Limits(contacts_max=5, agents_max=4, queues_max=2, skills_max=3, classes_max=3, profiles_max=3)
SALES = frozenset({"sales"})
NONE: frozenset[str] = frozenset()
S = 1_000_000_000
NOW = 100 * S


@pytest.fixture(params=[Distributor, Reference], ids=["core", "reference"])
def distributor(request: pytest.FixtureRequest) -> DistributorApi:
    """c1 is with anna, c2 rings at ben since 50 s, carl is in wrap-up, c4 waits; one place is left in most tables."""
    d: DistributorApi = request.param(LIMITS)
    for event in (
        ev.QueueConfigured("sales", 60_000, 600_000),
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
    ):
        d.handle(event, 0)
    d.handle(ev.AgentReady("ben"), 50 * S)
    d.handle(ev.ContactArrived("c2", "sales", frozenset({"german"})), 50 * S)
    d.handle(ev.ContactArrived("c4", "sales", channel="chat"), 50 * S)
    return d


CASES: list[tuple[type[er.AcdError], Any]] = [
    (er.UnknownAgentError, ev.AgentReady("nobody")),
    (er.UnknownAgentError, ev.AgentReady(7)),  # type: ignore[arg-type]
    (er.UnknownAgentError, ev.AgentReady(["anna"])),  # type: ignore[arg-type]
    (er.UnknownAgentError, ev.AgentPaused("nobody", "x")),
    (er.UnknownAgentError, ev.AgentSignedOut("nobody")),
    (er.UnknownAgentError, ev.AgentChanged("nobody", SALES, NONE)),
    (er.UnknownAgentError, ev.OfferAccepted(3, "nobody")),
    (er.UnknownAgentError, ev.WrapUpFinished("nobody")),
    (er.UnknownAgentError, ev.WrapUpExtended("nobody", NOW + 1)),
    (er.DuplicateAgentError, ev.AgentSignedIn("anna", SALES, NONE)),
    (er.UnknownQueueError, ev.AgentSignedIn("dora", frozenset({"nowhere"}), NONE)),
    (er.UnknownQueueError, ev.AgentChanged("anna", frozenset({"nowhere"}), NONE)),
    (er.UnknownQueueError, ev.ContactArrived("new", "nowhere")),
    (er.UnknownQueueError, ev.QueueRemoved("nowhere")),
    (er.IllegalStateError, ev.QueueRemoved("sales")),
    (er.DuplicateContactError, ev.ContactArrived("c1", "sales")),
    (er.DuplicateContactError, ev.ContactArrived("c2", "sales")),
    (er.DuplicateContactError, ev.ContactArrived("c4", "sales", frozenset({"unheard of"}))),
    (er.UnknownContactError, ev.ContactAbandoned("c3")),
    (er.UnknownContactError, ev.ContactEnded("c3")),
    (er.UnknownContactError, ev.ContactRequeued("c3", "x")),
    (er.UnknownContactError, ev.ContactAbandoned(None)),  # type: ignore[arg-type]
    (er.IllegalStateError, ev.ContactAbandoned("c1")),
    (er.IllegalStateError, ev.ContactEnded("c2")),
    (er.IllegalStateError, ev.ContactEnded("c4")),
    (er.IllegalStateError, ev.ContactRequeued("c2", "x")),
    (er.IllegalStateError, ev.WrapUpFinished("anna")),
    (er.IllegalStateError, ev.WrapUpExtended("anna", NOW + 1)),
    (er.StaleOfferError, ev.OfferAccepted(1, "anna")),
    (er.StaleOfferError, ev.OfferAccepted(3, "anna")),
    (er.StaleOfferError, ev.OfferAccepted(4, "ben")),
    (er.StaleOfferError, ev.OfferAccepted(1 << 80, "ben")),
    (er.StaleOfferError, ev.OfferAccepted(-1, "ben")),
    (er.StaleOfferError, ev.OfferAccepted("3", "ben")),  # type: ignore[arg-type]
    (er.StaleOfferError, ev.OfferAccepted(3.0, "ben")),  # type: ignore[arg-type]
    (er.StaleOfferError, ev.OfferRejected(3, "anna")),
    (er.StaleOfferError, ev.OfferRevoked(1, "x")),
    (er.InvalidEventError, ev.OfferRejected(3, "ben", "x" * 1001)),
    (er.InvalidEventError, ev.OfferRevoked(3, None)),  # type: ignore[arg-type]
    (er.InvalidEventError, ev.OfferRevoked(3, "x", "asleep")),  # type: ignore[arg-type]
    (er.InvalidEventError, ev.OfferRevoked(3, "x", "busy")),  # type: ignore[arg-type]
    (er.InvalidEventError, ev.ContactRequeued("c1", "x", ["available"])),  # type: ignore[arg-type]
    (er.InvalidEventError, ev.AgentPaused("anna", b"x")),  # type: ignore[arg-type]
    (er.InvalidEventError, ev.AgentSignedIn("", SALES, NONE)),
    (er.InvalidEventError, ev.AgentSignedIn("x" * 257, SALES, NONE)),
    (er.InvalidEventError, ev.AgentSignedIn("dora", "sales", NONE)),  # type: ignore[arg-type]
    (er.InvalidEventError, ev.AgentSignedIn("dora", SALES, frozenset({1}))),  # type: ignore[arg-type]
    (er.InvalidEventError, ev.ContactArrived("", "sales")),
    (er.InvalidEventError, ev.ContactArrived(5, "sales")),  # type: ignore[arg-type]
    (er.InvalidEventError, ev.ContactArrived("new", "sales", {"german"})),  # type: ignore[arg-type]
    (er.InvalidEventError, ev.ContactArrived("new", "sales", frozenset({""}))),
    (er.InvalidEventError, ev.ContactArrived("new", "sales", channel="")),
    (er.InvalidEventError, ev.ContactArrived("new", "sales", arrival_ns=-1)),
    (er.InvalidEventError, ev.ContactArrived("new", "sales", arrival_ns=NOW + 1)),
    (er.InvalidEventError, ev.ContactArrived("new", "sales", arrival_ns=1.5)),  # type: ignore[arg-type]
    (er.InvalidEventError, ev.ContactArrived("new", ["sales"])),  # type: ignore[arg-type]
    (er.InvalidEventError, ev.QueueConfigured("", 1, 1)),
    (er.InvalidEventError, ev.QueueConfigured("sales", 0, 1)),
    (er.InvalidEventError, ev.QueueConfigured("sales", 1, -1)),
    (er.InvalidEventError, ev.QueueConfigured("sales", 1.0, 1)),  # type: ignore[arg-type]
    (er.InvalidEventError, ev.QueueConfigured("sales", 1, 86_400_001)),
    (er.InvalidEventError, ev.QueueConfigured("sales", 1, 1, NONE, "nearest to the window")),
    (er.InvalidEventError, ev.QueueConfigured("sales", 1, 1, NONE, ["longest_idle"])),  # type: ignore[arg-type]
    (er.InvalidEventError, ev.WrapUpExtended("carl", NOW)),
    (er.InvalidEventError, ev.WrapUpExtended("carl", NOW + 86_400 * S + 1)),
    (er.InvalidEventError, ev.WrapUpExtended("carl", True)),
    (er.InvalidEventError, "AgentReady"),
    (er.InvalidEventError, None),
]


@pytest.mark.parametrize(("error", "event"), CASES, ids=[f"{error.__name__}-{event}"[:80] for error, event in CASES])
def test_bad_event(distributor: DistributorApi, error: type[er.AcdError], event: Any) -> None:
    before, timer = distributor.snapshot(), distributor.get_timer()
    with pytest.raises(error) as caught:
        distributor.handle(event, NOW)
    assert type(caught.value) is error
    assert len(str(caught.value)) > 15
    assert distributor.snapshot() == before
    assert distributor.get_timer() == timer
    assert distributor.handle(ev.OfferAccepted(3, "ben"), NOW), "it goes on working"


@pytest.mark.parametrize(
    ("error", "now_ns"),
    [
        (er.InvalidTimeError, -1),
        (er.InvalidTimeError, 1.0),
        (er.InvalidTimeError, True),
        (er.InvalidTimeError, None),
        (er.InvalidTimeError, (1 << 62) + 1),
        (er.InvalidTimeError, 1 << 80),
        (er.InvalidTimeError, -(1 << 80)),
        (er.TimeReversedError, 50 * S - 1),
        (er.TimeReversedError, 0),
    ],
)
def test_bad_time(distributor: DistributorApi, error: type[er.AcdError], now_ns: Any) -> None:
    before = distributor.snapshot()
    with pytest.raises(error) as caught:
        distributor.handle(ev.AgentReady("anna"), now_ns)
    assert type(caught.value) is error
    with pytest.raises(error):
        distributor.handle_timer(now_ns)
    assert distributor.snapshot() == before


def test_an_event_that_is_refused_does_not_move_time(distributor: DistributorApi) -> None:
    with pytest.raises(er.UnknownAgentError):
        distributor.handle(ev.AgentReady("nobody"), NOW)
    distributor.handle(ev.AgentReady("anna"), 50 * S)


def limited(distributor: DistributorApi, event: ev.Event, limit: str) -> None:
    before = distributor.snapshot()
    with pytest.raises(er.LimitError, match=limit) as caught:
        distributor.handle(event, NOW)
    assert caught.value.limit == limit
    assert distributor.snapshot() == before


def test_limits(distributor: DistributorApi) -> None:
    d = distributor
    d.handle(ev.QueueConfigured("support", 1, 1), NOW)
    limited(d, ev.QueueConfigured("bookings", 1, 1), "queues_max")
    limited(d, ev.AgentSignedIn("dora", SALES, frozenset({"dutch"})), "profiles_max")
    limited(d, ev.AgentSignedIn("dora", SALES, frozenset({"dutch", "greek"})), "skills_max")
    limited(d, ev.QueueConfigured("support", 1, 1, frozenset({"dutch", "greek"})), "skills_max")
    limited(d, ev.AgentChanged("anna", SALES, frozenset({"dutch", "greek"})), "skills_max")
    d.handle(ev.AgentSignedIn("dora", SALES, NONE), NOW)
    limited(d, ev.AgentSignedIn("emil", SALES, NONE), "agents_max")
    limited(d, ev.ContactArrived("c5", "support"), "classes_max")
    d.handle(ev.ContactArrived("c5", "sales"), NOW)
    d.handle(ev.ContactArrived("c6", "sales"), NOW)
    limited(d, ev.ContactArrived("c7", "sales"), "contacts_max")
    d.handle(ev.ContactAbandoned("c2"), NOW)
    limited(d, ev.ContactArrived("c7", "support", frozenset({"dutch", "greek"})), "skills_max")
    d.handle(ev.ContactArrived("c7", "support"), NOW)


def test_skills_that_nobody_names_any_more_make_room(distributor: DistributorApi) -> None:
    distributor.handle(ev.AgentSignedOut("ben"), NOW)
    distributor.handle(ev.ContactAbandoned("c2"), NOW)
    for number in range(20):
        distributor.handle(ev.AgentSignedIn("ben", SALES, frozenset({f"skill {number}", f"other {number}"})), NOW)
        distributor.handle(ev.AgentSignedOut("ben"), NOW)
        distributor.handle(ev.ContactArrived(f"n{number}", "sales", frozenset({f"third {number}"})), NOW)
        distributor.handle(ev.ContactAbandoned(f"n{number}"), NOW)
    limited(distributor, ev.ContactArrived("n", "sales", frozenset("abc")), "skills_max")


def test_ten_thousand_different_requirements_reach_the_limit_and_leave_a_working_distributor() -> None:
    for make in (Distributor, Reference):
        d: DistributorApi = make(Limits(classes_max=100, skills_max=20_000))
        d.handle(ev.QueueConfigured("sales", 1000, 0), 0)
        refused = 0
        for number in range(10_000 if make is Distributor else 300):
            try:
                d.handle(ev.ContactArrived(f"c{number}", "sales", frozenset({f"s{number}"})), number)
            except er.LimitError:
                refused += 1
        assert len(d.snapshot().contacts) == 100
        assert refused == number - 99
        d.handle(ev.AgentSignedIn("anna", SALES, frozenset({"s7"})), 20_000)
        d.handle(ev.AgentReady("anna"), 20_000)
        assert d.agent("anna").contact == "c7"


def test_look_up_of_what_is_not_there(distributor: DistributorApi) -> None:
    for call, error in (
        (lambda: distributor.agent("nobody"), er.UnknownAgentError),
        (lambda: distributor.contact("c3"), er.UnknownContactError),
        (lambda: distributor.position("c3"), er.UnknownContactError),
        (lambda: distributor.queue("nowhere"), er.UnknownQueueError),
        (lambda: distributor.explain(1), er.StaleOfferError),
        (lambda: distributor.explain(None), er.StaleOfferError),  # type: ignore[arg-type]
    ):
        with pytest.raises(error):
            call()
