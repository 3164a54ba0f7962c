"""The same day under another configuration: what people did stays, what the distributor makes of it changes."""

from __future__ import annotations

import pytest

from acd_core import Distributor
from acd_core import events as ev
from acd_core.decisions import Decision, OfferMade
from acd_core.journal import Entry, Header
from acd_core.journal.account import Account
from acd_core.journal.past import Habits, Past, PastContact, survival
from acd_core.journal.rerun import Rerun, Settings
from acd_core.limits import Limits
from acd_core.metrics import Collector
from acd_core.metrics.report import Report
from acd_core.states import AgentState

S = 1_000_000_000
SALES = frozenset({"sales"})


class Day:
    """A day at work, told second by second; the entries are what a journal would have."""

    def __init__(self) -> None:
        self.distributor = Distributor()
        self.entries: list[Entry] = []
        self.collector = Collector()
        self.offers: list[OfferMade] = []

    def at(self, second: int, event: ev.Event) -> list[Decision]:
        now_ns = second * S
        while (due := self.distributor.get_timer()) is not None and due <= now_ns:
            self.note(due, None, self.distributor.handle_timer(due))
        return self.note(now_ns, event, self.distributor.handle(event, now_ns))

    def note(self, now_ns: int, event: ev.Event | None, decisions: list[Decision]) -> list[Decision]:
        self.entries.append(Entry(now_ns, event, decisions))
        self.collector.observe(event, decisions, now_ns)
        self.offers += [one for one in decisions if isinstance(one, OfferMade)]
        return decisions

    def answer(self, second: int) -> None:
        offer = self.offers.pop(0)
        self.at(second, ev.OfferAccepted(offer.offer, offer.agent))

    def past(self) -> Past:
        past = Past()
        for entry in self.entries:
            past.take(entry)
        return past


def busy_day() -> Day:
    """One agent; five customers, a minute of talk and ten seconds of wrap-up each; the last but one gives up."""
    day = Day()
    day.at(0, ev.QueueConfigured("sales", 20_000, 10_000))
    day.at(0, ev.AgentSignedIn("anna", SALES, frozenset()))
    day.at(0, ev.AgentReady("anna"))
    day.at(100, ev.ContactArrived("c0", "sales"))
    day.answer(103)
    day.at(110, ev.ContactArrived("c1", "sales"))
    day.at(120, ev.ContactArrived("c2", "sales"))
    day.at(130, ev.ContactArrived("c3", "sales"))
    day.at(163, ev.ContactEnded("c0"))
    day.at(170, ev.ContactAbandoned("c3"))
    day.at(171, ev.WrapUpFinished("anna"))
    day.answer(175)
    day.at(235, ev.ContactEnded("c1"))
    day.at(246, ev.ContactArrived("c4", "sales"))
    day.answer(247)
    day.at(307, ev.ContactEnded("c2"))
    day.at(317, ev.AgentReady("anna"))
    day.answer(319)
    day.at(379, ev.ContactEnded("c4"))
    day.at(400, ev.AgentPaused("anna", "home"))
    return day


def numbers(report: Report) -> tuple[int, int, float | None]:
    return report.all.counts.answered, report.all.counts.abandoned, report.all.answered_waits.mean_s


def test_under_the_same_configuration_the_day_goes_as_it_went() -> None:
    day = busy_day()
    rerun = Rerun(Distributor, Limits(), day.past())
    again = rerun.run()
    assert numbers(again) == numbers(day.collector.report()) == (4, 1, (3 + 65 + 127 + 73) / 4)
    assert not rerun.left_out
    assert not rerun.absent


def test_without_wrap_up_waits_are_shorter() -> None:
    settings = Settings([ev.QueueConfigured("sales", 20_000, 0)], [ev.AgentSignedIn("anna", SALES, frozenset())])
    answered, abandoned, mean_s = numbers(Rerun(Distributor, Limits(), busy_day().past(), settings).run())
    assert (answered, abandoned) == (4, 1)
    assert mean_s is not None
    assert mean_s < (3 + 65 + 127 + 73) / 4 - 10


def test_what_the_other_configuration_does_not_know_is_left_out_and_named() -> None:
    settings = Settings([ev.QueueConfigured("other", 20_000, 0)], [ev.AgentSignedIn("ben", SALES, frozenset())])
    rerun = Rerun(Distributor, Limits(), busy_day().past(), settings)
    assert numbers(rerun.run()) == (0, 0, None)
    assert rerun.left_out == [f"c{number}" for number in range(5)]
    assert rerun.absent == {"anna"}


def day_with_a_missed_offer() -> Day:
    day = Day()
    day.at(0, ev.QueueConfigured("sales", 20_000, 0))
    for second, agent in ((1, "anna"), (2, "ben")):
        day.at(second, ev.AgentSignedIn(agent, SALES, frozenset()))
        day.at(second, ev.AgentReady(agent))
    day.at(10, ev.ContactArrived("c0", "sales"))
    day.at(35, ev.ContactArrived("c1", "sales"))
    day.offers.pop(0)
    day.answer(40)
    day.at(60, ev.ContactEnded("c0"))
    day.answer(62)
    day.at(82, ev.ContactEnded("c1"))
    day.at(90, ev.AgentReady("anna"))
    day.at(100, ev.ContactArrived("c2", "sales"))
    day.answer(101)
    day.at(120, ev.ContactEnded("c2"))
    return day


def test_an_offer_that_rang_in_vain_does_so_again() -> None:
    day = day_with_a_missed_offer()
    past = day.past()
    assert past.contacts["c0"].unanswered == 1
    assert past.away_ns == [60 * S]
    assert (
        numbers(Rerun(Distributor, Limits(), past).run())
        == numbers(day.collector.report())
        == (3, 0, (30 + 27 + 1) / 3)
    )


def test_whose_page_went_away_is_away_again() -> None:
    day = Day()
    day.at(0, ev.QueueConfigured("sales", 20_000, 0))
    day.at(0, ev.AgentSignedIn("anna", SALES, frozenset()))
    day.at(0, ev.AgentReady("anna"))
    day.at(10, ev.ContactArrived("c0", "sales"))
    day.at(12, ev.OfferRevoked(day.offers.pop(0).offer, "connection lost", AgentState.PAUSED))
    day.at(50, ev.AgentReady("anna"))
    day.answer(51)
    day.at(60, ev.ContactEnded("c0"))
    past = day.past()
    assert (12 * S, ev.AgentPaused("anna", "connection lost")) in past.acts
    assert (50 * S, ev.AgentReady("anna")) in past.acts
    past.contacts["c0"].arrived_ns += 5 * S
    assert numbers(Rerun(Distributor, Limits(), past).run()) == (1, 0, 36.0)


def test_what_was_open_when_a_run_ended_is_closed() -> None:
    day = busy_day()
    past = Past()
    for entry in day.entries[:8]:
        past.take(entry)
    assert past.end_run() == (["c0"], ["anna"])
    assert past.restarts == [past.end_ns]
    assert past.end_run() == ([], [])
    assert past.contacts["c0"].talk_ns == past.end_ns - 103 * S
    assert [one for one in ("c0", "c1", "c4") if past.waits_on(one)] == ["c1"]
    assert past.finish() == [(contact, past.end_ns) for contact in ("c1", "c2", "c3")]


class Ledger:
    """An account of several runs, and the same days played again."""

    def __init__(self) -> None:
        self.account = Account()

    def run(self, day: Day, *, since: Day | None = None) -> None:
        """``since``: of the run's entries those before its snapshot are lost."""
        snapshot = None if since is None else since.distributor.snapshot()
        started_ns = 0 if since is None else since.entries[-1].now_ns
        self.account.begin(Header("run", 0 if since is None else 7, started_ns, Limits(), snapshot=snapshot))
        for entry in day.entries[0 if since is None else len(since.entries) :]:
            self.account.take(entry)

    def reports(self, settings: Settings | None = None) -> list[Report]:
        was = self.account.report()
        past = self.account.past
        return [was, Rerun(Distributor, Limits(), past, settings).run()]


SAME = Settings([ev.QueueConfigured("sales", 20_000, 10_000)], [ev.AgentSignedIn("anna", SALES, frozenset())])


def until(day: Day, entries: int) -> Day:
    """The same day, but over after so many entries."""
    short = Day()
    for entry in day.entries[:entries]:
        if entry.event is None:
            short.note(entry.now_ns, None, short.distributor.handle_timer(entry.now_ns))
        else:
            short.note(entry.now_ns, entry.event, short.distributor.handle(entry.event, entry.now_ns))
    return short


@pytest.mark.parametrize("entries", range(3, 24))
def test_a_journal_may_begin_with_a_snapshot_anywhere(entries: int) -> None:
    """Agents, queues and contacts that stood then are there in all three; who was answered before is not counted."""
    day = busy_day()
    before = until(day, entries)
    ledger = Ledger()
    ledger.run(day, since=before)
    was, again = ledger.reports()
    same = Rerun(Distributor, Limits(), ledger.account.past, SAME).run()
    whole, then = day.collector.report().all.counts, before.collector.report().all.counts
    counts = was.all.counts
    assert counts.answered == whole.answered - then.answered
    assert counts.abandoned == whole.abandoned - then.abandoned
    assert again.all.counts == same.all.counts == counts
    assert again.all.answered_waits == same.all.answered_waits == was.all.answered_waits
    assert again.agents == same.agents == was.agents


def test_who_waited_when_the_journal_begins_has_waited_since_they_arrived() -> None:
    day = Day()
    day.at(0, ev.QueueConfigured("sales", 20_000, 0))
    day.at(0, ev.QueueConfigured("more", 20_000, 0, overflow=(ev.Overflow("sales", "wait", 30_000),)))
    day.at(10, ev.ContactArrived("c0", "more"))
    day.at(50, ev.AgentSignedIn("anna", SALES, frozenset()))
    ledger = Ledger()
    before = until(day, len(day.entries))
    day.at(100, ev.AgentReady("anna"))
    day.answer(103)
    ledger.run(day, since=before)
    for report in ledger.reports():
        assert report.all.answered_waits.max_s == 93.0
        sales = next(row for row in report.queues if row.name == "sales")
        assert (sales.counts.offered, sales.counts.overflowed, sales.answered_waits.max_s) == (1, 0, 63.0)


def test_another_configuration_takes_over_from_the_snapshot() -> None:
    """Its queues, agents and skills hold at once; what it does not have is left out, but for what is in hand."""
    day = Day()
    day.at(0, ev.QueueConfigured("sales", 20_000, 0))
    day.at(0, ev.QueueConfigured("old", 20_000, 0))
    for agent in ("anna", "ben"):
        day.at(1, ev.AgentSignedIn(agent, SALES | {"old"}, frozenset()))
    day.at(2, ev.AgentReady("ben"))
    day.at(3, ev.ContactArrived("c0", "old"))
    day.answer(4)
    day.at(5, ev.ContactArrived("c1", "old"))
    day.at(6, ev.ContactArrived("c2", "sales", frozenset({"german"})))
    before = until(day, len(day.entries))
    day.at(10, ev.AgentReady("anna"))
    day.at(100, ev.ContactEnded("c0"))
    ledger = Ledger()
    ledger.run(day, since=before)
    other = Settings([ev.QueueConfigured("sales", 20_000, 0)], [ev.AgentSignedIn("anna", SALES, frozenset({"german"}))])
    was = ledger.account.report()
    assert (was.all.counts.offered, was.all.counts.waiting) == (2, 2)
    rerun = Rerun(Distributor, Limits(), ledger.account.past, other)
    report = rerun.run()
    assert (report.all.counts.offered, report.all.counts.answered) == (1, 1)
    assert rerun.left_out == ["c1"]
    assert rerun.absent == {"ben"}
    assert report.agents.seconds["busy"] >= 90, "ben went on until it was over"


def test_who_waits_at_the_end_is_waiting_in_all_of_them() -> None:
    ledger = Ledger()
    ledger.run(until(busy_day(), 8))
    for report in [*ledger.reports(), *ledger.reports(SAME)]:
        counts = report.all.counts
        assert (counts.offered, counts.answered, counts.abandoned, counts.waiting) == (4, 1, 0, 3)


def first_run() -> Day:
    """A chat with anna, one and a call that wait when the process ends."""
    day = Day()
    day.at(0, ev.QueueConfigured("sales", 20_000, 10_000))
    day.at(0, ev.AgentSignedIn("anna", SALES, frozenset()))
    day.at(0, ev.AgentReady("anna"))
    day.at(10, ev.ContactArrived("chat1", "sales", channel="chat"))
    day.answer(12)
    day.at(20, ev.ContactArrived("chat2", "sales", channel="chat"))
    day.at(30, ev.ContactArrived("call", "sales"))
    return day


def second_run() -> Day:
    day = Day()
    day.at(60, ev.QueueConfigured("sales", 20_000, 10_000))
    day.at(61, ev.ContactArrived("chat1", "sales", channel="chat", arrival_ns=10 * S))
    day.at(61, ev.ContactArrived("chat2", "sales", channel="chat", arrival_ns=20 * S))
    day.at(65, ev.ContactAbandoned("chat1"))
    day.at(70, ev.AgentSignedIn("anna", SALES, frozenset()))
    day.at(70, ev.AgentReady("anna"))
    day.answer(72)
    day.at(100, ev.ContactEnded("chat2"))
    day.at(101, ev.WrapUpFinished("anna"))
    return day


@pytest.mark.parametrize("settings", [None, SAME])
def test_a_restart_is_met_alike_by_all(settings: Settings | None) -> None:
    """The chat that was answered comes again: another stay.  That which waited waits on; the call is lost."""
    ledger = Ledger()
    ledger.run(first_run())
    ledger.run(second_run())
    for report in ledger.reports(settings):
        counts = report.all.counts
        assert (counts.offered, counts.answered, counts.abandoned, counts.waiting) == (4, 2, 2, 0)
        assert report.all.answered_waits.max_s == 52.0
        assert report.all.abandoned_waits.max_s == 4.0
        assert report.all.handled == 2
    assert sorted(ledger.account.past.contacts) == ["call", "chat1", "chat1 (2)", "chat2"]


def test_a_run_without_any_event_changes_nothing() -> None:
    """The process ended as soon as it had begun: the chat waits for the run after it."""
    ledger = Ledger()
    for day in (Day(), first_run(), Day(), second_run()):
        ledger.run(day)
    for report in ledger.reports():
        assert (report.from_s, report.all.counts.offered, report.all.counts.answered) == (0, 4, 2)


def test_a_queue_closed_when_a_run_ends_is_open_in_the_next() -> None:
    first, second = first_run(), second_run()
    first.at(40, ev.QueueClosed("sales", drain=False))
    ledger = Ledger()
    ledger.run(first)
    ledger.run(second)
    was, again = ledger.reports()
    assert was.all.counts == again.all.counts
    assert was.all.counts.answered == 2


def test_the_beginning_of_a_later_run_must_not_be_missing() -> None:
    ledger = Ledger()
    ledger.run(first_run())
    with pytest.raises(ValueError, match="the beginning of run run is lost"):
        ledger.run(second_run(), since=until(second_run(), 3))


def contact(name: str, waited_s: int, *, gave_up: bool) -> PastContact:
    return PastContact(ev.ContactArrived(name, "sales"), 0, waited_s * S, gave_up, answered=not gave_up)


def test_patience_is_what_is_known_of_it() -> None:
    """Kaplan and Meier by hand: 1 of 4 gives up at 10, then of the 2 left beyond 15 one gives up at 20."""
    waits = [(10, True), (15, False), (20, True), (30, False)]
    assert survival(waits) == ([10, 20], [0.75, 0.375])
    contacts = [contact(f"c{number}", wait, gave_up=gone) for number, (wait, gone) in enumerate(waits)]
    habits = Habits(contacts)
    assert habits.patience_ns(contacts[0]) == 10 * S
    assert habits.patience_ns(contacts[3]) is None
    many = [habits.patience_ns(contact(f"x{number}", 15, gave_up=False)) for number in range(400)]
    assert set(many) == {20 * S, None}
    assert many.count(None) / 400 == pytest.approx(0.5, abs=0.1)


def test_no_contacts_no_report() -> None:
    assert numbers(Rerun(Distributor, Limits(), Past()).run()) == (0, 0, None)
