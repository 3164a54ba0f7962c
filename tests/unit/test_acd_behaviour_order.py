"""Who of those waiting comes first: priority and ageing, bonus, objectives, c-mu, ratio, blending, overtaking."""

from __future__ import annotations

from typing import Any

from acd_core import events as ev
from acd_core.strategies import orders
from tests.support.acd_centre import Centre, S, both


@both
def test_a_priority_is_worth_so_much_waiting(make: type[Any]) -> None:
    """A level is worth 30 s: 40 s of waiting outweigh it, 20 s don't."""
    centre = Centre(make, order=orders.priority(step_ms=30_000))
    centre.arrive("first")
    centre.at(20).arrive("second")
    centre.at(40).arrive("urgent", priority=1)
    centre.at(50).sign_in("anna")
    assert centre.order("anna") == ["first", "urgent", "second"]
    terms = centre.made[1].explanation
    assert (terms.priority, terms.wait, terms.score) == (30_000_000, 10_000_000, 40_000_000)


@both
def test_queues_age_at_their_own_rates(make: type[Any]) -> None:
    """Twice as fast: 10 s in support outweigh 15 s in sales, but not 25 s."""
    centre = Centre(make)
    centre.queue("support", order=ev.Order(rate=2000))
    centre.arrive("old")
    centre.at(10).arrive("sales")
    centre.at(15).arrive("support", "support")
    centre.at(25).sign_in("anna", queues="sales support")
    assert centre.order("anna") == ["old", "support", "sales"]


@both
def test_a_bonus_counts_as_waiting(make: type[Any]) -> None:
    centre = Centre(make)
    centre.arrive("first")
    centre.at(10).arrive("second")
    centre.at(15).arrive("wrote before", bonus_ms=10_000)
    centre.at(20).sign_in("anna")
    assert centre.order("anna") == ["first", "wrote before", "second"]
    assert centre.made[1].explanation.bonus == 10_000_000
    assert centre.made[1].waited_ns == 5_000_000_000


@both
def test_the_service_objective_compares_shares_of_it(make: type[Any]) -> None:
    """30 of 60 s are more than 40 of 100 s."""
    centre = Centre(make, order=orders.service_objective(100_000))
    centre.queue("support", order=orders.service_objective(60_000))
    centre.arrive("sales")
    centre.at(10).arrive("support", "support")
    centre.at(40).sign_in("anna", queues="sales support")
    assert centre.order("anna") == ["support", "sales"]


@both
def test_generalised_cmu_weighs_cost_by_speed(make: type[Any]) -> None:
    """Twice the cost at three times the handling time comes second."""
    centre = Centre(make, order=orders.generalised_cmu(cost=2, handle_ms=180_000))
    centre.queue("support", order=orders.generalised_cmu(cost=1, handle_ms=60_000))
    centre.arrive("dear but long")
    centre.arrive("short", "support")
    centre.at(40).sign_in("anna", queues="sales support")
    assert centre.order("anna") == ["short", "dear but long"]


@both
def test_the_greatest_need_is_the_highest_priority_then_the_longest_wait(make: type[Any]) -> None:
    centre = Centre(make, order=orders.greatest_need())
    for second, priority in enumerate([0, 1, 2, 1, 2]):
        centre.at(second).arrive(f"c{second}", priority=priority)
    centre.at(3600).sign_in("anna")
    assert centre.order("anna") == ["c2", "c4", "c1", "c3", "c0"]


@both
def test_queues_are_served_in_a_fixed_ratio(make: type[Any]) -> None:
    """Three to one, whoever has waited for longer; and an empty queue saves nothing up."""
    centre = Centre(make, order=orders.ratio(3))
    centre.queue("support", order=orders.ratio(1))
    for number in range(20):
        centre.arrive(f"a{number}")
    for number in range(4):
        centre.arrive(f"b{number}", "support")
    centre.sign_in("anna", queues="sales support")
    served = "".join(contact[0] for contact in centre.order("anna"))
    assert [served[start : start + 4].count("b") for start in (0, 4, 8, 12)] == [1, 1, 1, 1], served
    for number in range(8):
        centre.arrive(f"x{number}", "support")
        centre.arrive(f"y{number}")
    served = "".join(contact[0] for contact in centre.order("anna"))
    assert 3 <= served[:12].count("x") <= 4, served


@both
def test_nobody_is_overtaken_for_longer_than_the_bound(make: type[Any]) -> None:
    centre = Centre(make, order=orders.greatest_need(overtaking_ms=60_000))
    centre.arrive("patient")
    centre.at(50).arrive("vip", priority=9)
    centre.sign_in("anna")
    assert centre.ring() == {"anna": "vip"}
    centre.at(60).arrive("vip 2", priority=9)
    assert centre.serve("anna") == "vip"
    assert centre.ring() == {"anna": "patient"}
    why = centre.made[-1].explanation
    assert why.overdue > 0
    assert why.score == 1 << 62


@both
def test_a_bonus_overtakes_nobody_past_the_bound(make: type[Any]) -> None:
    """In this queue or another, however high it is and however low the bound there."""
    centre = Centre(make, order=orders.priority(60_000, overtaking_ms=60_000))
    centre.queue("vip", order=orders.arrival(overtaking_ms=100_000))
    centre.queue("hasty", order=orders.arrival(overtaking_ms=1))
    centre.arrive("patient")
    for number, queue in enumerate(("sales", "vip", "hasty")):
        centre.at(61).arrive(f"favoured {number}", queue, bonus_ms=3_600_000)
    centre.sign_in("anna", queues="sales vip hasty")
    assert centre.order("anna") == ["patient", "favoured 0", "favoured 1", "favoured 2"]
    why = centre.made[1].explanation
    assert (why.bonus, why.score) == (60_000_000, 1 << 62), "of the bonus so much counts as the bound"


@both
def test_those_past_the_bound_are_served_as_they_came_to_be_so(make: type[Any]) -> None:
    centre = Centre(make, order=orders.arrival(overtaking_ms=60_000))
    centre.queue("hasty", order=orders.arrival(overtaking_ms=10_000))
    centre.arrive("first")
    centre.at(1).arrive("favoured", bonus_ms=30_000)
    centre.at(40).arrive("hasty one", "hasty")
    centre.at(45).arrive("third")
    centre.at(200).sign_in("anna", queues="sales hasty")
    assert centre.order("anna") == ["favoured", "hasty one", "first", "third"]


@both
def test_a_bound_holds_to_the_nanosecond(make: type[Any]) -> None:
    """Not to the millisecond that scores are reckoned in."""
    d = make()
    d.handle(ev.QueueConfigured("sales", 20_000, 0, order=orders.arrival(overtaking_ms=1)), 0)
    d.handle(ev.QueueConfigured("vip", 20_000, 0, order=orders.arrival(overtaking_ms=5)), 0)
    d.handle(ev.AgentSignedIn("anna", frozenset({"sales", "vip"}), frozenset()), 0)
    d.handle(ev.ContactArrived("patient", "sales"), 900_000)
    d.handle(ev.ContactArrived("early", "vip", bonus_ms=5), 1_899_999)
    d.handle(ev.ContactArrived("late", "vip", bonus_ms=5), 1_900_000)
    offered = []
    for now_ns in (1_900_000, 1_900_001, 1_900_002):
        d.handle(ev.AgentReady("anna"), now_ns)
        (offer,) = d.snapshot().offers
        offered.append(offer.contact)
        d.handle(ev.OfferAccepted(offer.offer, "anna"), now_ns)
        d.handle(ev.AgentPaused("anna", "counting"), now_ns)
        d.handle(ev.ContactEnded(offer.contact), now_ns)
    assert offered == ["early", "patient", "late"], (
        "who came before the bound was reached may have come to theirs first"
    )


@both
def test_without_a_bound_all_of_a_bonus_counts(make: type[Any]) -> None:
    bound = orders.arrival(overtaking_ms=20_000)
    centre = Centre(make, order=bound)
    centre.arrive("patient")
    centre.at(30).arrive("favoured", bonus_ms=60_000)
    assert centre.d.position("favoured") == 2
    centre.queue("sales", order=orders.arrival())
    assert centre.d.position("favoured") == 1
    centre.queue("sales", order=bound)
    assert centre.d.position("favoured") == 2
    centre.tell(ev.ContactDeferred("favoured"))
    centre.queue("sales", order=orders.arrival())
    assert centre.d.position("favoured") == 1, "of one that is held, too"


@both
def test_channels_are_blended_by_their_service_levels(make: type[Any]) -> None:
    """Calls come first, until mails fall behind their target."""
    calls = orders.blended(ev.Order(base=100_000_000), objective_ms=20_000)
    mails = orders.blended(ev.Order(rate=0), objective_ms=3_600_000, points=1_000_000)
    centre = Centre(make, order=calls)
    centre.queue("mail", order=mails)
    centre.arrive("m1", "mail", channel="mail")
    centre.at(4000).arrive("c1")
    centre.sign_in("anna", queues="sales mail")
    assert centre.order("anna") == ["c1", "m1"]
    centre.sign_in("ben", queues="sales mail")
    centre.tell(ev.AgentPaused("anna", "lunch"))
    centre.arrive("c2")
    centre.arrive("m2", "mail", channel="mail")
    centre.arrive("c3")
    assert centre.serve("ben") == "c2"
    assert centre.ring() == {"ben": "m2"}, "m1 was late"
    assert centre.made[-1].explanation.blending > 0


@both
def test_positions_follow_the_order(make: type[Any]) -> None:
    centre = Centre(make, order=orders.greatest_need())
    centre.arrive("plain")
    centre.arrive("vip", priority=1)
    assert (centre.d.position("vip"), centre.d.position("plain")) == (1, 2)


@both
def test_service_is_measured_by_who_was_served_and_who_left_too_late(make: type[Any]) -> None:
    """Somebody who hangs up within the objective counts neither way."""
    centre = Centre(make, order=orders.blended(ev.Order(), objective_ms=10_000))
    for contact in ("early", "late"):
        centre.arrive(contact)
    centre.at(5).tell(ev.ContactAbandoned("early"))
    view = centre.d.queue("sales")
    assert (view.seen, view.recent) == (0, 0)
    centre.at(11).tell(ev.ContactAbandoned("late"))
    centre.sign_in("anna")
    centre.arrive("served")
    centre.accept("anna")
    view = centre.d.queue("sales")
    assert (view.seen, view.recent) == (2, 0b01)


@both
def test_a_contact_that_is_offered_again_costs_its_queue_nothing_more(make: type[Any]) -> None:
    centre = Centre(make, order=orders.ratio(3))
    centre.sign_in("anna", "ben")
    centre.arrive("c1")
    paid = centre.d.queue("sales").passed
    centre.reject("anna")
    assert centre.ring() == {"ben": "c1"}
    assert centre.d.queue("sales").passed == paid > 0


@both
def test_the_explanation_names_the_contact_that_would_have_been_next(make: type[Any]) -> None:
    centre = Centre(make, order=orders.priority(step_ms=30_000))
    centre.arrive("first", priority=1)
    centre.at(10).arrive("next", priority=1, bonus_ms=2_000)
    centre.arrive("for others", skills="french", priority=9)
    centre.at(15).arrive("last")
    centre.at(40).sign_in("anna")
    assert centre.ring() == {"anna": "first"}
    following = centre.made[0].explanation.next_contact
    assert following is not None
    assert (following.contact, following.queue, following.waited_ns) == ("next", "sales", 30 * S)
    assert (following.priority, following.wait, following.bonus) == (30_000_000, 30_000_000, 2_000_000)
    assert following.score == 62_000_000
    centre.serve("anna")
    centre.serve("anna")
    assert centre.ring() == {"anna": "last"}
    assert centre.made[-1].explanation.next_contact is None


@both
def test_who_comes_next_may_be_of_the_same_kind_or_of_another_queue_or_named(make: type[Any]) -> None:
    centre = Centre(make)
    centre.queue("support")
    for number in range(3):
        centre.at(number).arrive(f"c{number}")
    centre.at(4).arrive("s", "support")
    centre.at(5).arrive("named", "support", preferred="anna", preferred_ms=60_000)
    centre.at(5).sign_in("anna")
    found = []
    while "anna" in centre.ring():
        following = centre.made[-1].explanation.next_contact
        found.append(following.contact if following is not None else None)
        centre.serve("anna")
    assert found == ["c1", "c2", "named", None]
    centre.sign_in("ben", queues="support")
    assert centre.ring() == {"ben": "s"}


@both
def test_within_a_matching_window_too(make: type[Any]) -> None:
    centre = Centre(make)
    centre.tell(ev.MatchingConfigured(window_ms=50))
    centre.sign_in("anna")
    centre.arrive("c1")
    centre.arrive("c2")
    centre.at(1)
    following = centre.made[0].explanation.next_contact
    assert following is not None
    assert following.contact == "c2"
