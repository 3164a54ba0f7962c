"""Several contacts in hand: lanes of capacity, weights, work that may be interrupted."""

from __future__ import annotations

from typing import Any

import msgspec

from acd_core import events as ev
from acd_core.decisions import ContactInterrupted, ContactResumed, OfferEnded
from acd_core.states import ContactState
from tests.support.acd_centre import Centre, both

DESK = (ev.Lane("phone", 1, 4), ev.Lane("chat", 3, 1), ev.Lane("mail", 1, 4, interruptible=True))


@both
def test_no_chat_to_a_phone_only_agent(make: type[Any]) -> None:
    centre = Centre(make)
    centre.sign_in("anna", lanes=(ev.Lane("phone"),))
    centre.arrive("c1", channel="chat")
    assert centre.ring() == {}
    centre.sign_in("ben", lanes=(ev.Lane("chat"),))
    assert centre.ring() == {"ben": "c1"}
    assert centre.groups() == {"no_channel": 1}


@both
def test_weights_share_the_capacity(make: type[Any]) -> None:
    """Three chats leave no room for a call, nor a call for a chat."""
    centre = Centre(make)
    centre.sign_in("anna", lanes=DESK, capacity=4)
    for chat in ("c1", "c2", "c3", "c4"):
        centre.arrive(chat, channel="chat")
        if chat != "c4":
            centre.accept("anna")
    assert centre.ring() == {}, "three chats are the most"
    centre.arrive("call", channel="phone")
    centre.tell(ev.ContactAbandoned("c4"))
    for chat in ("c1", "c2"):
        centre.tell(ev.ContactEnded(chat))
        assert centre.ring() == {}
    centre.tell(ev.ContactEnded("c3"))
    assert centre.ring() == {"anna": "call"}
    centre.accept("anna")
    centre.arrive("c5", channel="chat")
    assert centre.ring() == {}


@both
def test_one_offer_rings_at_a_time(make: type[Any]) -> None:
    centre = Centre(make)
    centre.sign_in("anna", lanes=DESK, capacity=4)
    centre.arrive("c1", channel="chat")
    centre.arrive("c2", channel="chat")
    assert centre.ring() == {"anna": "c1"}
    centre.accept("anna")
    assert centre.ring() == {"anna": "c2"}
    assert centre.has("anna") == "offered c2"
    centre.accept("anna")
    assert centre.has("anna") == "busy c1"


@both
def test_mail_yields_to_a_call_and_resumes(make: type[Any]) -> None:
    centre = Centre(make, wrap_up_ms=10_000)
    centre.sign_in("anna", lanes=DESK, capacity=4)
    centre.arrive("mail", channel="mail")
    centre.accept("anna")
    centre.arrive("call", channel="phone")
    assert centre.ring() == {"anna": "call"}
    assert ContactInterrupted("mail", "anna") in centre.accept("anna")
    assert centre.has("anna") == "busy call"
    centre.tell(ev.ContactEnded("call"))
    assert centre.has("anna") == "wrap_up call"
    assert centre.d.handle_timer(9_999_999_999) == []
    decisions = centre.d.handle_timer(10_000_000_000)
    assert ContactResumed("mail", "anna") in decisions
    assert centre.has("anna") == "busy mail"


@both
def test_the_next_chat_goes_to_who_has_not_just_got_one(make: type[Any]) -> None:
    centre = Centre(make)
    centre.sign_in("anna", "ben", lanes=DESK, capacity=4)
    for second, chat in enumerate(("c1", "c2", "c3", "c4")):
        centre.at(second).arrive(chat, channel="chat")
        centre.accept(next(iter(centre.ring())))
    assert [[work.contact for work in centre.d.agent(agent).work] for agent in ("anna", "ben")] == [
        ["c1", "c3"],
        ["c2", "c4"],
    ]


@both
def test_a_pause_waits_for_all_that_is_in_hand(make: type[Any]) -> None:
    centre = Centre(make)
    centre.sign_in("anna", lanes=DESK, capacity=4)
    for chat in ("c1", "c2"):
        centre.arrive(chat, channel="chat")
        centre.accept("anna")
    centre.tell(ev.AgentPaused("anna", "lunch"))
    centre.arrive("c3", channel="chat")
    assert centre.ring() == {}, "no more from now on"
    centre.tell(ev.ContactEnded("c1"))
    assert centre.has("anna") == "busy c2"
    centre.tell(ev.ContactEnded("c2"))
    assert centre.has("anna") == "paused"
    assert centre.d.agent("anna").reason == "lunch"


@both
def test_a_chat_that_is_not_answered_leaves_the_others_alone(make: type[Any]) -> None:
    centre = Centre(make)
    centre.sign_in("anna", lanes=DESK, capacity=4)
    centre.arrive("c1", channel="chat")
    centre.accept("anna")
    centre.arrive("c2", channel="chat")
    centre.at(20)
    assert (centre.has("anna"), centre.ring()) == ("busy c1", {})
    centre.tell(ev.ContactEnded("c1"))
    assert centre.has("anna") == "not_responding"


@both
def test_the_latest_makes_room_first_and_the_earliest_resumes_first(make: type[Any]) -> None:
    """A call of weight 2 needs the room of one of two mails; a second call that of the other."""
    lanes = (ev.Lane("phone", 2, 2), ev.Lane("mail", 2, 2, interruptible=True))
    centre = Centre(make)
    centre.sign_in("anna", lanes=lanes, capacity=4)
    for contact, channel in [("m1", "mail"), ("m2", "mail"), ("c1", "phone"), ("c2", "phone")]:
        centre.arrive(contact, channel=channel)
        decisions = centre.accept("anna")
        if contact == "c1":
            assert ContactInterrupted("m2", "anna") in decisions
    assert ContactInterrupted("m1", "anna") in decisions
    assert ContactResumed("m1", "anna") in centre.tell(ev.ContactEnded("c1"))
    assert ContactResumed("m2", "anna") in centre.tell(ev.ContactEnded("c2"))


@both
def test_an_interrupted_contact_that_ends_has_no_wrap_up(make: type[Any]) -> None:
    centre = Centre(make, wrap_up_ms=10_000)
    centre.sign_in("anna", lanes=DESK, capacity=4)
    for contact, channel in [("mail", "mail"), ("call", "phone")]:
        centre.arrive(contact, channel=channel)
        centre.accept("anna")
    centre.tell(ev.ContactEnded("mail"))
    assert [work.contact for work in centre.d.agent("anna").work] == ["call"]


@both
def test_idle_time_begins_anew_when_one_of_several_is_over(make: type[Any]) -> None:
    centre = Centre(make)
    centre.sign_in("anna", "ben", lanes=DESK, capacity=4)
    for second, chat in enumerate(("c1", "c2", "c3", "c4")):
        centre.at(second).arrive(chat, channel="chat")
        centre.accept(next(iter(centre.ring())))
    centre.at(10).tell(ev.ContactEnded("c1"))
    centre.arrive("c5", channel="chat")
    assert centre.ring() == {"ben": "c5"}, "anna has just been through with one"


@both
def test_who_misses_a_chat_beside_others_returns_after_them(make: type[Any]) -> None:
    """The time until the return begins when the agent's hands are empty."""
    centre = Centre(make, return_ms=30_000)
    centre.sign_in("anna", lanes=DESK, capacity=4)
    centre.arrive("c1", channel="chat")
    centre.accept("anna")
    centre.arrive("c2", channel="chat")
    centre.at(20)
    assert centre.d.agent("anna").next_state == "not_responding"
    centre.at(50).tell(ev.ContactEnded("c1"))
    assert centre.has("anna") == "not_responding"
    assert centre.at(80).ring() == {"anna": "c2"}


@both
def test_a_call_that_was_a_chat_rings_where_there_is_room_for_it(make: type[Any]) -> None:
    """Not at whoever has two chats in hand: accepted, it would be more than their capacity."""
    lanes = (ev.Lane("chat", most=3, weight=1), ev.Lane("phone", most=1, weight=3))
    centre = Centre(make)
    centre.sign_in("anna", lanes=lanes, capacity=3)
    for chat in ("c1", "c2"):
        centre.arrive(chat, channel="chat")
        centre.accept("anna")
    centre.arrive("c3", channel="chat")
    assert centre.ring() == {"anna": "c3"}
    centre.tell(ev.ContactChanged("c3", priority=1))
    assert centre.ring() == {"anna": "c3"}, "nothing that concerns its offer"
    decisions = centre.tell(ev.ContactChanged("c3", channel="phone"))
    assert [(one.contact, one.reason) for one in decisions if isinstance(one, OfferEnded)] == [
        ("c3", "contact changed")
    ]
    assert centre.ring() == {}
    assert centre.has("anna") == "busy c1"
    centre.sign_in("ben", lanes=lanes, capacity=3)
    assert centre.ring() == {"ben": "c3"}


@both
def test_whom_a_contact_excludes_it_rings_at_no_more(make: type[Any]) -> None:
    centre = Centre(make, broadcast=2)
    centre.sign_in("anna", "ben")
    centre.arrive("c1")
    assert centre.ring() == {"anna": "c1", "ben": "c1"}
    centre.tell(ev.ContactChanged("c1", excluded=frozenset({"anna"})))
    assert centre.ring() == {"ben": "c1"}
    assert centre.has("anna") == "available"
    centre.tell(ev.ContactChanged("c1", excluded=frozenset({"anna", "ben"})))
    assert centre.ring() == {}
    assert centre.d.contact("c1").state is ContactState.WAITING


@both
def test_an_agent_who_has_no_room_any_more_is_rung_at_no_more(make: type[Any]) -> None:
    centre = Centre(make)
    two, one = ((ev.Lane("chat", most=most),) for most in (2, 1))
    centre.sign_in("anna", lanes=two, capacity=2)
    for chat in ("c1", "c2"):
        centre.arrive(chat, channel="chat")
        if chat == "c1":
            centre.accept("anna")
    changed = ev.AgentChanged("anna", frozenset({"sales"}), frozenset({"tariffs"}), lanes=two, capacity=2)
    centre.tell(changed)
    assert centre.ring() == {"anna": "c2"}, "there is room as before"
    decisions = centre.tell(msgspec.structs.replace(changed, lanes=one, capacity=1))
    assert [(one.contact, one.reason) for one in decisions if isinstance(one, OfferEnded)] == [("c2", "agent changed")]
    assert centre.ring() == {}
    assert centre.has("anna") == "busy c1", "what is in hand stays"
