"""The same day under another configuration: what people did stays, what the distributor makes of it changes."""

from __future__ import annotations

import pytest

from acd_core import Distributor
from acd_core import events as ev
from acd_core.decisions import Decision, OfferMade
from acd_core.journal import Entry
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
    assert past.end_run() == (["c0", "c1", "c2", "c3"], ["anna"])
    assert past.acts[-1] == (past.end_ns, ev.AgentSignedOut("anna"))
    assert past.end_run() == ([], [])
    assert past.contacts["c0"].talk_ns == past.end_ns - 103 * S


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
