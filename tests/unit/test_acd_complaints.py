"""What users of other distributors complain of; each told as it happens there, and what happens here."""

from __future__ import annotations

from typing import Any

import pytest

from acd_core import events as ev
from acd_core.decisions import ContactAssigned, OfferEnded
from acd_core.errors import StaleOfferError
from acd_core.states import AgentState, OfferEnd
from acd_core.strategies import orders
from tests.support.acd_centre import Centre, S, both


@both
def test_two_agents_answering_one_call(make: type[Any]) -> None:
    """It rings at two; the first answer has it, the second is told so and is free again at once."""
    centre = Centre(make, broadcast=2)
    centre.sign_in("anna", "ben")
    centre.arrive("c1")
    assert centre.ring() == {"anna": "c1", "ben": "c1"}
    late = centre.d.agent("ben").offer
    assert late is not None
    decisions = centre.accept("anna")
    assert [one.agent for one in decisions if isinstance(one, ContactAssigned)] == ["anna"]
    ends = {one.agent: one.end for one in decisions if isinstance(one, OfferEnded)}
    assert ends == {"anna": OfferEnd.ACCEPTED, "ben": OfferEnd.REVOKED}
    with pytest.raises(StaleOfferError):
        centre.tell(ev.OfferAccepted(late, "ben"))
    assert (centre.has("anna"), centre.has("ben")) == ("busy c1", "available")


@both
@pytest.mark.parametrize("end", ["nothing", "rejected", "revoked", "left", "signed out"])
def test_agents_stuck_in_reserved(make: type[Any], end: str) -> None:
    """However an offer ends, and if nobody says anything at all, the agent does not stay in it."""
    centre = Centre(make)
    centre.sign_in("anna")
    centre.arrive("c1")
    offer = centre.d.agent("anna").offer
    assert offer is not None
    events: dict[str, ev.Event] = {
        "rejected": ev.OfferRejected(offer, "anna"),
        "revoked": ev.OfferRevoked(offer, "page lost"),
        "left": ev.ContactAbandoned("c1"),
        "signed out": ev.AgentSignedOut("anna"),
    }
    if end in events:
        centre.tell(events[end])
    else:
        centre.at(20)
    states = {agent.agent: agent.state for agent in centre.d.snapshot().agents}
    assert states.get("anna") is not AgentState.OFFERED
    assert centre.d.snapshot().offers == ()


@both
def test_agents_stuck_in_not_responding_come_back_by_themselves_where_wanted(make: type[Any]) -> None:
    centre = Centre(make, return_ms=60_000)
    centre.sign_in("anna")
    centre.arrive("c1")
    centre.at(20)
    assert centre.has("anna") == "not_responding"
    assert centre.d.agent("anna").until_ns == 80 * S
    centre.at(80)
    assert centre.ring() == {"anna": "c1"}


@both
def test_a_rejected_call_ringing_the_same_agent_at_once(make: type[Any]) -> None:
    """Not while she is spared it, even if nobody else is there; other calls do ring at once."""
    centre = Centre(make)
    centre.sign_in("anna")
    centre.arrive("c1")
    centre.reject("anna")
    assert centre.ring() == {}
    centre.arrive("c2")
    assert centre.ring() == {"anna": "c2"}
    centre.accept("anna")
    centre.at(5).tell(ev.ContactEnded("c2"))
    assert centre.ring() == {}
    centre.at(20)
    assert centre.ring() == {"anna": "c1"}, "but nobody waits for ever because of a rejection"


@both
def test_wrap_up_ignored(make: type[Any]) -> None:
    centre = Centre(make, wrap_up_ms=30_000)
    centre.sign_in("anna")
    centre.arrive("c1")
    centre.accept("anna")
    centre.at(10).tell(ev.ContactEnded("c1"))
    centre.arrive("c2")
    assert (centre.has("anna"), centre.ring()) == ("wrap_up c1", {})
    centre.tell(ev.WrapUpExtended("anna", 50 * S))
    assert centre.at(49).ring() == {}
    assert centre.at(50).ring() == {"anna": "c2"}


@both
def test_wrap_up_ignored_of_an_agent_who_has_more_than_the_queue_gives(make: type[Any]) -> None:
    centre = Centre(make)
    centre.sign_in("anna", wrap_up_ms=15_000)
    centre.arrive("c1")
    centre.arrive("c2")
    assert centre.serve("anna") == "c1"
    assert centre.at(14).ring() == {}
    assert centre.at(15).ring() == {"anna": "c2"}


@both
def test_freed_chat_capacity_that_does_not_pull_the_waiting_chat(make: type[Any]) -> None:
    centre = Centre(make)
    centre.sign_in("anna", lanes=(ev.Lane("chat", most=2),), capacity=2)
    for chat in ("c1", "c2", "c3"):
        centre.arrive(chat, channel="chat")
        if centre.ring():
            centre.accept("anna")
    assert [work.contact for work in centre.d.agent("anna").work] == ["c1", "c2"]
    assert centre.ring() == {}
    centre.tell(ev.ContactEnded("c1"))
    assert centre.ring() == {"anna": "c3"}


@both
def test_returning_customers_sent_to_an_offline_agent(make: type[Any]) -> None:
    """The last agent is waited for while at work only: signed out, paused or gone meanwhile, somebody else takes it."""
    centre = Centre(make)
    centre.sign_in("ben", "carl", "dora")
    centre.arrive("c1", preferred="anna", preferred_ms=60_000)
    assert centre.ring() == {"ben": "c1"}, "anna is not signed in"
    centre.tell(ev.AgentPaused("carl", "lunch"))
    centre.arrive("c2", preferred="carl", preferred_ms=60_000)
    assert centre.ring() == {"ben": "c1", "dora": "c2"}, "carl is paused"
    centre.accept("ben")
    centre.accept("dora")
    centre.sign_in("emil")
    centre.arrive("c3", preferred="ben", preferred_ms=60_000)
    assert centre.ring() == {}, "ben is at work: kept for him"
    centre.tell(ev.AgentPaused("ben", "soon"))
    assert centre.ring() == {"emil": "c3"}, "ben wants to leave"


@both
def test_returning_customers_wait_for_their_agent_no_longer_than_they_may(make: type[Any]) -> None:
    centre = Centre(make)
    centre.sign_in("anna")
    centre.arrive("c1")
    centre.accept("anna")
    centre.sign_in("ben")
    centre.arrive("c2", preferred="anna", preferred_ms=30_000)
    assert centre.at(29).ring() == {}
    assert centre.at(30).ring() == {"ben": "c2"}


@both
def test_callbacks_losing_their_place(make: type[Any]) -> None:
    """Virtual hold keeps the place; so do a deferred callback and one that did not come about."""
    centre = Centre(make)
    centre.sign_in("anna")
    centre.arrive("c0")
    for second, contact in enumerate(["c1", "c2", "c3"], start=1):
        centre.at(second).arrive(contact)
    centre.at(5).tell(ev.ContactChanged("c1", channel="callback"))
    assert centre.d.position("c1") == 1
    centre.tell(ev.ContactDeferred("c1", 15 * S))
    assert centre.d.position("c2") == 1, "who is deferred is in nobody's way"
    centre.at(10)
    assert centre.serve("anna") == "c0"
    assert centre.ring() == {"anna": "c2"}
    centre.at(15)
    assert centre.d.position("c1") == 1
    assert centre.serve("anna") == "c2"
    centre.accept("anna")
    centre.tell(ev.ContactRequeued("c1", "customer not reached", AgentState.AVAILABLE))
    assert (centre.ring(), centre.d.position("c1")) == ({"anna": "c3"}, 1)


@both
def test_order_served_out_of_score(make: type[Any]) -> None:
    """Whoever is served has the highest score of all that the agent may take, at that moment."""
    centre = Centre(make, order=orders.priority(step_ms=10_000))
    centre.queue("support", order=orders.service_objective(10_000))
    for second, (contact, queue, settings) in enumerate(
        [
            ("plain", "sales", {}),
            ("known", "sales", {"priority": 1}),
            ("hurried", "support", {}),
            ("earlier mail", "sales", {"bonus_ms": 7_000}),
            ("vip", "sales", {"priority": 3}),
        ]
    ):
        centre.at(second).arrive(contact, queue, **settings)
    centre.at(20).sign_in("anna", queues="sales support")
    served = []
    while centre.ring():
        waiting = [one.explanation.score for one in centre.made[-1:]]
        served.append((centre.serve("anna"), waiting[0] // 1000))
    assert served == [
        ("vip", 46_000),
        ("hurried", 36_000),
        ("known", 29_000),
        ("earlier mail", 24_000),
        ("plain", 20_000),
    ]
