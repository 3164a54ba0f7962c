"""Handling times of agents who have several contacts at once, told by the distributor itself."""

from __future__ import annotations

from typing import Any

import pytest

from acd_core import events as ev
from acd_core.decisions import AgentStateChanged, ContactAssigned, Decision
from acd_core.metrics import Collector, Report
from acd_core.states import AgentState
from tests.support.acd_centre import Centre, S, both

CHATS = (ev.Lane("chat", 3),)
MAIL = (ev.Lane("phone"), ev.Lane("mail", interruptible=True))


class Watched(Centre):
    """With a collector that is told everything."""

    def __init__(self, make: type[Any], **settings: Any) -> None:
        self.collector = Collector()
        super().__init__(make, **settings)

    def at(self, second: int) -> Watched:
        while (due := self.d.get_timer()) is not None and due <= second * S:
            self.collector.observe(None, self._note(self.d.handle_timer(due)), due)
        self.now = second
        return self

    def tell(self, event: ev.Event) -> list[Decision]:
        decisions = super().tell(event)
        self.collector.observe(event, decisions, self.now * S)
        return decisions

    def take(self, *contacts: str, queue: str = "sales", agent: str = "anna", channel: str = "chat") -> None:
        for contact in contacts:
            self.arrive(contact, queue, channel=channel)
            self.accept(agent)

    def end(self, *contacts: str) -> None:
        for contact in contacts:
            self.tell(ev.ContactEnded(contact))

    def report(self, second: int) -> Report:
        self.at(second)
        report = self.collector.report(second * S)
        report.check()
        return report

    def wrap_ups_s(self, second: int) -> dict[str, float]:
        """By queue, in all."""
        return {row.name: (row.wrap_up_s or 0) * row.handled for row in self.report(second).queues}


def chats(make: type[Any], **settings: Any) -> Watched:
    """Anna has three at once; those of sales take 60 s of wrap-up, those of support none."""
    centre = Watched(make, wrap_up_ms=60_000)
    centre.queue("support")
    centre.sign_in("anna", queues="sales support", lanes=CHATS, capacity=3, **settings)
    return centre


@both
def test_a_wrap_up_is_of_the_queue_of_its_contact(make: type[Any]) -> None:
    centre = chats(make)
    centre.take("a")
    centre.take("b", queue="support")
    centre.at(50).end("b")
    centre.at(100).end("a")
    sales, support = centre.report(200).queues
    assert (sales.talk_s, sales.wrap_up_s, sales.aht_s) == (100, 60, 160)
    assert (support.talk_s, support.wrap_up_s, support.aht_s) == (50, 0, 50)


@both
def test_a_wrap_up_beside_a_conversation_counts(make: type[Any]) -> None:
    centre = chats(make)
    centre.take("a")
    centre.take("b", queue="support")
    centre.at(10).end("a")
    centre.at(100).end("b")
    sales, support = centre.report(200).queues
    assert (sales.wrap_up_s, support.wrap_up_s) == (60, 0)


@both
def test_wrap_ups_at_the_same_time_count_each(make: type[Any]) -> None:
    centre = chats(make)
    centre.take("a", "b")
    centre.at(10).end("a")
    centre.at(30).end("b")
    report = centre.report(200)
    assert report.all.wrap_up_s == 60, "each of its contact"
    assert report.agents.seconds["busy"] + report.agents.seconds["wrap_up"] == 90, "each second of the agent once"


@both
def test_wrap_ups_that_are_ended_or_extended(make: type[Any]) -> None:
    centre = chats(make)
    centre.take("a", "b")
    centre.take("c", queue="support")
    centre.end("a")
    centre.at(10).end("b")
    centre.tell(ev.WrapUpExtended("anna", 200 * S))
    centre.at(20).tell(ev.WrapUpFinished("anna", "b"))
    assert centre.wrap_ups_s(100) == {"sales": 100 + 10, "support": 0}, "under way"
    assert centre.wrap_ups_s(250) == {"sales": 200 + 10, "support": 0}


@both
def test_who_gets_ready_ends_all_wrap_ups(make: type[Any]) -> None:
    centre = chats(make)
    centre.take("a", "b")
    centre.take("c", queue="support")
    centre.end("a", "b")
    centre.at(10).tell(ev.AgentReady("anna"))
    centre.end("c")
    centre.at(30).tell(ev.AgentReady("anna"))
    assert centre.wrap_ups_s(100) == {"sales": 30 + 30, "support": 0}, "the first time they were busy"


@both
def test_wrap_up_times_that_change(make: type[Any]) -> None:
    centre = chats(make)
    centre.take("a")
    centre.end("a")
    centre.queue("sales", wrap_up_ms=20_000)
    centre.at(100).take("b")
    centre.end("b")
    centre.at(200).tell(ev.AgentChanged("anna", frozenset({"sales"}), frozenset(), wrap_up_ms=5_000))
    centre.take("c")
    centre.end("c")
    assert centre.wrap_ups_s(300) == {"sales": 60 + 20 + 5, "support": 0}


@both
def test_a_contact_that_is_interrupted_ends_without_wrap_up(make: type[Any]) -> None:
    centre = Watched(make, wrap_up_ms=60_000)
    centre.sign_in("anna", lanes=MAIL)
    centre.take("mail", channel="mail")
    centre.at(10).take("call", channel="phone")
    centre.at(20).end("mail")
    centre.at(30).end("call")
    row = centre.report(100).all
    assert (row.handled, row.talk_s, row.wrap_up_s) == (2, (10 + 20) / 2, 60 / 2)


@both
def test_an_interrupted_conversation_counts_when_it_is_over(make: type[Any]) -> None:
    centre = Watched(make)
    centre.sign_in("anna", lanes=MAIL)
    centre.take("mail", channel="mail")
    centre.at(10).take("call", channel="phone")
    centre.at(30).end("call")
    assert centre.report(40).all.talk_s == 20, "that of the mail is not over"
    centre.end("mail")
    assert centre.report(50).all.talk_s == (20 + 20) / 2


@both
def test_a_transfer_during_wrap_up(make: type[Any]) -> None:
    centre = chats(make)
    centre.take("a")
    centre.at(10).tell(ev.ContactTransferred("a", "support"))
    centre.at(15).accept("anna")
    centre.at(35).end("a")
    sales, support = centre.report(100).queues
    assert (sales.talk_s, sales.wrap_up_s) == (10, 60)
    assert (support.talk_s, support.wrap_up_s) == (20, 0)


@both
def test_who_has_work_in_hand_is_occupied_whatever_rings(make: type[Any]) -> None:
    centre = Watched(make, offer_ms=600_000)
    centre.sign_in("anna", lanes=CHATS, capacity=3)
    centre.take("a")
    centre.arrive("b", channel="chat")
    centre.at(100).accept("anna")
    centre.end("a", "b")
    agents = centre.report(200).agents
    assert agents.occupancy == agents.utilisation == 100 / 200
    assert (agents.seconds["busy"], agents.seconds["offered"]) == (100, 0)


@both
def test_who_wraps_up_is_occupied_whatever_rings(make: type[Any]) -> None:
    centre = chats(make)
    centre.queue("support", offer_ms=600_000)
    centre.take("a")
    centre.end("a")
    centre.arrive("b", "support", channel="chat")
    agents = centre.report(100).agents
    assert (agents.seconds["wrap_up"], agents.seconds["offered"]) == (60, 40)
    assert agents.occupancy == 60 / 100


@both
def test_who_has_had_all_taken_away_while_it_rings_is_idle(make: type[Any]) -> None:
    centre = Watched(make, offer_ms=600_000)
    centre.sign_in("anna", lanes=CHATS, capacity=3)
    centre.take("a", "b")
    centre.arrive("c", channel="chat")
    centre.at(10).end("a")
    centre.at(20).tell(ev.ContactTransferred("b", None, "ben", 60_000))
    assert centre.report(100).agents.occupancy == 20 / 100


@both
def test_a_counting_that_begins_later_goes_on_alike(make: type[Any]) -> None:
    """What is in hand then keeps the agent busy, and wrap-ups are known by their times."""
    centre = chats(make)
    centre.take("a", "b")
    centre.at(10).end("a")
    centre.collector = Collector()
    centre.collector.begin_with(centre.d.snapshot(), centre.now * S)
    centre.at(20).take("c")
    centre.at(30).arrive("d", channel="chat")
    assert centre.has("anna") == "busy b", "a wrap-up takes up room"
    centre.at(40).end("c")
    centre.at(50).end("b")
    report = centre.report(200)
    sales = report.queues[0]
    assert (sales.handled, sales.talk_s, sales.wrap_up_s) == (1, 20, 60), "c alone is counted"
    assert sales.counts.offered == 2
    assert report.agents.seconds["busy"] == 40
    assert report.agents.seconds["wrap_up"] > 0


@both
def test_who_rings_beside_what_stood_does_not_make_the_agent_idle(make: type[Any]) -> None:
    centre = chats(make)
    centre.take("a")
    centre.at(10)
    centre.collector = Collector()
    centre.collector.begin_with(centre.d.snapshot(), 10 * S)
    centre.arrive("b", channel="chat")
    assert centre.has("anna") == "offered b"
    agents = centre.report(20).agents
    assert (agents.seconds["busy"], agents.seconds["offered"], agents.occupancy) == (10, 0, 1.0)


@both
def test_a_wrap_up_that_stood_lasts_beside_what_rings(make: type[Any]) -> None:
    centre = chats(make, wrap_up_ms=30_000)
    centre.take("a")
    centre.at(10).end("a")
    centre.at(20)
    centre.collector = Collector()
    centre.collector.begin_with(centre.d.snapshot(), 20 * S)
    centre.arrive("b", channel="chat")
    assert centre.has("anna") == "offered b"
    agents = centre.report(39).agents
    assert (agents.seconds["wrap_up"], agents.seconds["offered"]) == (19, 0)
    assert centre.collector.wrapping_up == 1
    centre.at(40)
    assert centre.collector.wrapping_up == 0, "it ended by its time"


@both
def test_who_stood_after_an_overflow_is_counted_where_it_waits(make: type[Any]) -> None:
    centre = Watched(make, overflow=(ev.Overflow("support", "wait", 10_000),))
    centre.queue("another")
    centre.queue("support")
    centre.arrive("a")
    centre.at(30)
    centre.collector = Collector()
    centre.collector.begin_with(centre.d.snapshot(), 30 * S)
    centre.sign_in("anna", queues="support")
    centre.accept("anna")
    report = centre.report(40)
    offered = {row.name: row.counts.offered for row in report.queues}
    assert offered == {"another": 0, "sales": 0, "support": 1}
    support = next(row for row in report.queues if row.name == "support")
    assert support.answered_waits.max_s == 20, "in this queue"
    assert report.all.answered_waits.max_s == 30


def test_wrap_ups_of_contacts_from_before_the_counting_do_not_count() -> None:
    """Their conversations don't either."""
    collector = Collector(from_ns=100 * S)
    collector.observe(ev.QueueConfigured("sales", 20_000, 60_000), [], 0)
    collector.observe(ev.AgentSignedIn("anna", frozenset({"sales"}), frozenset()), [], 0)
    for arrived_s, contact in ((50, "early"), (200, "late")):
        collector.observe(ev.ContactArrived(contact, "sales"), [], arrived_s * S)
        collector.observe(ev.OfferAccepted(1, "anna"), [ContactAssigned(contact, "anna", 1)], arrived_s * S)
        collector.observe(ev.ContactEnded(contact), [], (arrived_s + 40) * S)
        assert collector.wrapping_up == 1
        collector.observe(None, [], (arrived_s + 100) * S)
        assert not collector.wrapping_up
    row = collector.report(400 * S).all
    assert (row.handled, row.talk_s, row.wrap_up_s) == (1, 40, 60)


def test_who_listens_from_the_middle_of_a_day_knows_of_wrap_ups_what_is_shown() -> None:
    """The wrap-up time of the queue is not known."""
    collector = Collector()

    def show(state: AgentState, contact: str, until_ns: int | None = None) -> AgentStateChanged:
        return AgentStateChanged("anna", state, "", until_ns, contact)

    for contact, at_s in (("a", 0), ("b", 100)):
        collector.observe(ev.ContactArrived(contact, "sales"), [], at_s * S)
        collector.observe(ev.OfferAccepted(1, "anna"), [ContactAssigned(contact, "anna", 1)], at_s * S)
    collector.observe(ev.ContactEnded("a"), [show(AgentState.BUSY, "b")], 110 * S)
    assert not collector.wrapping_up
    collector.observe(ev.ContactEnded("b"), [show(AgentState.WRAP_UP, "b", 150 * S)], 120 * S)
    assert collector.wrapping_up == 1
    collector.observe(None, [], 150 * S)
    assert collector.report(200 * S).all.wrap_up_s == pytest.approx(30 / 2)
