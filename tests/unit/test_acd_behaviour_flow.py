"""How contacts move: overflow, opening hours, callbacks, transfer, assignment by hand, splits."""

from __future__ import annotations

from typing import Any

import pytest

from acd_core import events as ev
from acd_core.decisions import ContactMoved, Decision
from acd_core.errors import IllegalStateError
from acd_core.hashing import draw_permille
from acd_core.states import AgentState
from tests.support.acd_centre import Centre, S, both


def overflow(when: str, value: int = 0, to: str = "other") -> dict[str, Any]:
    return {"overflow": (ev.Overflow(to, when, value),)}


def moves(decisions: list[Decision]) -> list[tuple[str, str, str]]:
    return [(one.contact, one.to_queue, one.reason) for one in decisions if isinstance(one, ContactMoved)]


@both
def test_overflow_after_a_wait_keeps_the_place(make: type[Any]) -> None:
    centre = Centre(make, **overflow("wait", 30_000))
    centre.queue("other")
    centre.arrive("c1")
    centre.at(10).arrive("o1", "other")
    centre.at(30)
    assert centre.d.contact("c1").queue == "other"
    assert (centre.d.position("c1"), centre.d.position("o1")) == (1, 2)
    centre.sign_in("anna", queues="other")
    assert centre.ring() == {"anna": "c1"}


@both
def test_a_wait_that_is_over_while_it_rings_overflows_when_it_waits_again(make: type[Any]) -> None:
    centre = Centre(make, **overflow("wait", 10_000))
    centre.queue("other")
    centre.sign_in("anna")
    centre.arrive("c1")
    centre.at(15)
    assert centre.ring() == {"anna": "c1"}
    centre.reject("anna")
    assert centre.d.contact("c1").queue == "other"


@both
def test_overflow_by_size(make: type[Any]) -> None:
    centre = Centre(make, **overflow("size", 2))
    centre.queue("other")
    assert [moves(centre.arrive(f"c{number}")) for number in range(3)] == [[], [], [("c2", "other", "overflow: size")]]


@both
def test_overflow_by_estimate(make: type[Any]) -> None:
    """Two at work, a minute each: the third in line would wait for a minute and a half."""
    centre = Centre(make, handle_ms=60_000, **overflow("estimate", 60_000))
    centre.queue("other")
    centre.sign_in("anna", "ben")
    centre.arrive("c1")
    centre.arrive("c2")
    assert centre.ring() == {"anna": "c1", "ben": "c2"}
    assert [moves(centre.arrive(f"d{number}")) for number in range(3)] == [
        [],
        [],
        [("d2", "other", "overflow: estimate")],
    ]


@both
def test_overflow_when_nobody_is_staffed_or_the_last_one_leaves(make: type[Any]) -> None:
    centre = Centre(make, **overflow("unstaffed"))
    centre.queue("other")
    assert moves(centre.arrive("c0")) == [("c0", "other", "overflow: unstaffed")]
    centre.tell(ev.AgentSignedIn("anna", frozenset({"sales"}), frozenset()))
    assert moves(centre.arrive("c1")) == moves(centre.arrive("c2")) == []
    decisions = centre.tell(ev.AgentSignedOut("anna"))
    assert moves(decisions) == [("c1", "other", "overflow: unstaffed"), ("c2", "other", "overflow: unstaffed")]


@both
def test_queues_that_overflow_into_each_other_do_not_go_round_for_ever(make: type[Any]) -> None:
    centre = Centre(make, **overflow("size", 0))
    centre.queue("other", **overflow("size", 0, to="sales"))
    assert len(moves(centre.arrive("c1"))) == 3


@both
def test_opening_hours_hold_what_arrives_until_they_begin(make: type[Any]) -> None:
    """Who waited before is still served; who enters waits for the opening, at the old place."""
    centre = Centre(make)
    centre.arrive("before")
    centre.at(10).tell(ev.QueueClosed("sales"))
    centre.arrive("after")
    centre.sign_in("anna")
    assert centre.serve("anna") == "before"
    assert (centre.has("anna"), centre.ring()) == ("available", {})
    centre.at(20).tell(ev.QueueOpened("sales"))
    assert centre.ring() == {"anna": "after"}
    assert centre.made[-1].waited_ns == 10 * S


@both
def test_a_closed_queue_may_overflow_and_send_away_those_who_wait(make: type[Any]) -> None:
    centre = Centre(make, **overflow("closed"))
    centre.queue("other")
    centre.arrive("c1")
    assert moves(centre.tell(ev.QueueClosed("sales", drain=False))) == [("c1", "other", "overflow: closed")]
    assert moves(centre.arrive("c2")) == [("c2", "other", "overflow: closed")]


@both
def test_a_deferred_callback_comes_at_its_time(make: type[Any]) -> None:
    centre = Centre(make)
    centre.sign_in("anna")
    centre.arrive("c1")
    centre.tell(ev.ContactDeferred("c1", 60 * S))
    assert (centre.has("anna"), centre.ring()) == ("available", {})
    assert centre.at(59).ring() == {}
    assert centre.at(60).ring() == {"anna": "c1"}
    centre.tell(ev.ContactDeferred("c1"))
    assert centre.d.get_timer() is None
    centre.tell(ev.ContactReturned("c1"))
    assert centre.ring() == {"anna": "c1"}
    with pytest.raises(IllegalStateError, match="not deferred"):
        centre.tell(ev.ContactReturned("c1"))


@both
def test_a_transfer_to_a_queue_keeps_the_arrival(make: type[Any]) -> None:
    centre = Centre(make, wrap_up_ms=10_000)
    centre.queue("service")
    centre.sign_in("anna")
    centre.arrive("c1")
    centre.accept("anna")
    centre.at(5).arrive("s1", "service")
    decisions = centre.at(10).tell(ev.ContactTransferred("c1", "service", reason="a bill"))
    assert moves(decisions) == [("c1", "service", "a bill")]
    assert centre.has("anna") == "wrap_up c1"
    assert centre.d.position("c1") == 1
    centre.sign_in("ben", queues="service")
    assert centre.ring() == {"ben": "c1"}


@both
def test_a_transfer_to_an_agent_falls_back_to_the_queue(make: type[Any]) -> None:
    centre = Centre(make)
    centre.sign_in("anna", "ben")
    centre.sign_in("carl")
    centre.arrive("c0", preferred="carl")
    centre.accept("carl")
    centre.arrive("c1")
    centre.accept("anna")
    centre.tell(ev.ContactTransferred("c1", agent="carl", agent_ms=20_000))
    assert centre.ring() == {}, "kept for carl, who is busy"
    assert centre.at(20).ring() == {"ben": "c1"}


@both
def test_a_transferred_contact_does_not_ring_at_once_where_it_came_from(make: type[Any]) -> None:
    centre = Centre(make)
    centre.sign_in("anna")
    centre.arrive("c1")
    centre.accept("anna")
    centre.tell(ev.ContactTransferred("c1"))
    assert (centre.has("anna"), centre.ring()) == ("available", {})


@both
def test_a_supervisor_assigns_by_hand(make: type[Any]) -> None:
    """Whatever queue, skills and whose turn it is; but not past what the agent can take."""
    centre = Centre(make)
    centre.queue("other")
    centre.sign_in("anna")
    centre.sign_in("ben", queues="other")
    centre.arrive("c1", skills="vip")
    centre.arrive("c2")
    assert centre.ring() == {"anna": "c2"}
    with pytest.raises(IllegalStateError, match="can't be offered"):
        centre.tell(ev.AssignmentOrdered("c1", "anna"))
    centre.tell(ev.AssignmentOrdered("c1", "ben"))
    assert centre.ring() == {"anna": "c2", "ben": "c1"}
    assert centre.why == "assigned by hand"
    centre.reject("ben")
    with pytest.raises(IllegalStateError, match="spared"):
        centre.tell(ev.AssignmentOrdered("c1", "ben"))
    centre.sign_in("carl", queues="other")
    centre.tell(ev.AssignmentOrdered("c2", "carl"))
    assert centre.ring() == {"carl": "c2"}
    assert centre.has("anna") == "available"


@both
def test_a_pilot_gets_its_share_always_of_the_same_contacts(make: type[Any]) -> None:
    def run(seed: int) -> list[str]:
        centre = Centre(make, splits=(ev.Split("pilot", 200), ev.Split("nowhere", 100)))
        centre.queue("pilot")
        centre.tell(ev.MatchingConfigured(seed))
        return [name for number in range(500) for name, *_ in moves(centre.arrive(f"c{number}"))]

    piloted = run(7)
    assert 70 < len(piloted) < 130
    assert piloted == run(7)
    assert all(draw_permille(7, name) < 200 for name in piloted)
    assert piloted != run(8)


@both
def test_the_return_from_not_responding_can_be_overtaken(make: type[Any]) -> None:
    """A pause meanwhile, or signing out, is not undone by it."""
    centre = Centre(make, return_ms=30_000)
    centre.sign_in("anna")
    centre.arrive("c1")
    centre.at(20)
    assert centre.d.get_timer() == 50 * S
    centre.tell(ev.AgentPaused("anna", "lunch"))
    assert centre.d.get_timer() is None
    assert centre.at(60).has("anna") == AgentState.PAUSED
