"""The metrics on streams made by hand, where each figure can be counted on the fingers."""

from __future__ import annotations

import pytest

from acd_core import events as ev
from acd_core.decisions import (
    AgentStateChanged,
    ContactAssigned,
    ContactInterrupted,
    ContactMoved,
    ContactResumed,
    Decision,
    Explanation,
    OfferEnded,
    OfferMade,
)
from acd_core.metrics import FORMULAS, USUAL, Collector, ConservationError, Counts, Report, Tally, Target
from acd_core.metrics.waits import describe, quantile
from acd_core.states import AgentState, OfferEnd

S = 1_000_000_000


class Story:
    """Tells a collector what happened, in seconds."""

    def __init__(self, **options: object) -> None:
        self.collector = Collector(**options)  # type: ignore[arg-type]

    def at(self, seconds: float, event: ev.Event | None, *decisions: Decision) -> Story:
        self.collector.observe(event, decisions, round(seconds * S))
        return self

    def arrive(self, seconds: float, contact: str, queue: str = "sales") -> Story:
        return self.at(seconds, ev.ContactArrived(contact, queue))

    def answer(self, seconds: float, contact: str, agent: str = "anna") -> Story:
        return self.at(
            seconds,
            ev.OfferAccepted(1, agent),
            ContactAssigned(contact, agent, 1),
            AgentStateChanged(agent, AgentState.BUSY, "accepted", None, contact),
        )

    def end(self, seconds: float, contact: str, agent: str = "anna", *, wrap_up: bool = True) -> Story:
        state = AgentState.WRAP_UP if wrap_up else AgentState.AVAILABLE
        return self.at(seconds, ev.ContactEnded(contact), AgentStateChanged(agent, state, "over", None, contact))

    def state(self, seconds: float, state: AgentState, agent: str = "anna") -> Story:
        return self.at(seconds, None, AgentStateChanged(agent, state, "", None, None))

    def give_up(self, seconds: float, contact: str) -> Story:
        return self.at(seconds, ev.ContactAbandoned(contact))

    def report(self, seconds: float) -> Report:
        report = self.collector.report(round(seconds * S))
        report.check()
        return report


def test_service_levels_by_the_example_of_icmi() -> None:
    """Service Level Calculations, QueueTips, 2002: five formulas on one day."""
    day = Tally(answered=1000, answered_in_time=860, abandoned=60, abandoned_in_time=20, abandoned_short=10)
    shares = {name: round(100 * (formula.share(day) or 0)) for name, formula in FORMULAS.items()}
    assert shares["abandoned_in_time_count"] == 83
    assert shares["of_answered"] == 86
    assert shares["of_offered"] == 81
    assert shares["abandoned_in_time_left_out"] == 83
    assert shares["short_abandons_count"] == 82


def test_service_levels_as_genesys_counts() -> None:
    """(answered - late) / (answered + abandoned, - short abandons, + flow-outs): *Configure the service level
    calculation*."""
    day = Tally(answered=90, answered_in_time=80, abandoned=10, abandoned_in_time=6, abandoned_short=4, overflowed=20)
    assert FORMULAS["short_abandons_left_out"].share(day) == pytest.approx(80 / 96)
    assert FORMULAS["overflow_counts_against"].share(day) == pytest.approx(80 / 120)


def test_without_contacts_there_is_no_service_level() -> None:
    nothing = Tally(answered=0, answered_in_time=0, abandoned=0, abandoned_in_time=0, abandoned_short=0)
    assert all(formula.share(nothing) is None for formula in FORMULAS.values())
    assert USUAL in FORMULAS


def test_a_day_of_four_calls() -> None:
    story = Story(targets={"sales": Target(seconds=20, short_abandon_s=5)})
    story.state(0, AgentState.PAUSED).state(10, AgentState.AVAILABLE)
    story.arrive(20, "quick").answer(30, "quick").end(90, "quick").state(110, AgentState.AVAILABLE)
    story.arrive(110, "slow").answer(150, "slow").end(200, "slow", wrap_up=False)
    story.arrive(210, "mistaken").give_up(213, "mistaken")
    story.arrive(220, "lost").give_up(250, "lost")
    story.arrive(290, "last")
    report = story.report(300)
    row = report.queues[0]
    assert row.counts == Counts(offered=5, answered=2, abandoned=2, overflowed=0, waiting=1)
    assert row.answered_waits.mean_s == 25, "ASA"
    assert row.answered_waits.max_s == 40
    assert row.abandoned_waits.mean_s == 16.5
    assert row.handled == 2
    assert (row.talk_s, row.wrap_up_s, row.aht_s) == (55, 10, 65)
    assert row.abandonment == 2 / 4
    assert row.abandonment_without_short == 1 / 3
    assert row.service_levels["of_answered"] == 1 / 2
    assert row.service_levels["of_offered"] == 1 / 4
    assert row.service_levels["short_abandons_left_out"] == 1 / 3
    assert report.all.counts == row.counts
    assert report.agents.seconds["busy"] == 110
    assert report.agents.seconds["wrap_up"] == 20
    assert report.agents.seconds["paused"] == 10
    assert report.agents.occupancy == 130 / 290
    assert report.agents.utilisation == 130 / 300


def test_transfer_requeue_and_overflow_are_stays_of_their_own() -> None:
    story = Story()
    story.arrive(0, "c").answer(10, "c")
    story.at(40, ev.ContactTransferred("c", "support"), ContactMoved("c", "sales", "support", "transferred"))
    story.answer(60, "c", "ben")
    story.at(70, ev.ContactRequeued("c", "page lost"))
    story.at(100, None, ContactMoved("c", "support", "night", "overflow: wait"))
    story.answer(105, "c", "cleo").end(205, "c", "cleo", wrap_up=False)
    report = story.report(300)
    sales, support, night = report.queues
    assert (sales.counts.offered, sales.counts.answered, sales.transferred_out, sales.handled) == (1, 1, 1, 1)
    assert sales.talk_s == 30
    assert support.counts == Counts(offered=2, answered=1, abandoned=0, overflowed=1, waiting=0)
    assert (support.transferred_in, support.requeued) == (1, 1)
    assert support.answered_waits.mean_s == 20
    assert (night.counts.offered, night.counts.answered, night.answered_waits.mean_s) == (1, 1, 5)
    assert report.all.counts == Counts(offered=1, answered=1, abandoned=0, overflowed=0, waiting=0)
    assert report.all.answered_waits.mean_s == 10, "the customer's wait, to the first answer"


def test_a_mail_that_rests_while_the_agent_takes_a_call() -> None:
    story = Story()
    story.arrive(0, "mail", "mail").answer(10, "mail")
    story.arrive(30, "call").at(30, None, ContactAssigned("call", "anna", 2), ContactInterrupted("mail", "anna"))
    story.at(50, ev.ContactEnded("call"), ContactResumed("mail", "anna"))
    story.arrive(60, "call2").at(60, None, ContactAssigned("call2", "anna", 3), ContactInterrupted("mail", "anna"))
    story.at(70, ev.ContactEnded("mail"))
    mail, calls = story.report(100).queues
    assert (mail.handled, mail.talk_s) == (1, 20 + 10)
    assert (calls.handled, calls.talk_s) == (1, 20)


def test_waiting_contacts_that_are_transferred() -> None:
    story = Story()
    story.arrive(0, "c").at(5, ev.ContactTransferred("c", None, "anna"))
    story.at(8, ev.ContactTransferred("c", "support"), ContactMoved("c", "sales", "support", "transferred"))
    story.give_up(10, "c")
    sales, support = story.report(20).queues
    assert sales.counts == Counts(offered=1, answered=0, abandoned=0, overflowed=1, waiting=0)
    assert support.abandoned_waits.mean_s == 2


def test_a_split_contact_was_never_in_the_first_queue() -> None:
    story = Story(interval_ns=60 * S)
    story.at(5, ev.ContactArrived("c", "sales"), ContactMoved("c", "sales", "pilot", "split"))
    report = story.report(60)
    assert report.queues[0].counts == Counts(offered=0, answered=0, abandoned=0, overflowed=0, waiting=0)
    assert report.queues[1].counts.waiting == 1
    assert report.intervals["sales"][0].offered == 0
    assert [one.waiting_max for one in story.report(180).intervals["sales"]] == [0, 0, 0]
    assert [one.waiting_max for one in story.report(180).intervals["pilot"]] == [1, 1, 1]
    assert report.all.counts.offered == 1


def test_intervals() -> None:
    story = Story(interval_ns=60 * S)
    story.state(0, AgentState.AVAILABLE)
    story.arrive(10, "a").arrive(20, "b").answer(70, "a").give_up(80, "b").arrive(130, "c")
    first, second, third = story.report(180).intervals["sales"]
    assert (first.offered, first.answered, first.abandoned, first.waiting_max) == (2, 1, 1, 2)
    assert first.wait_mean_s == 60
    assert (second.offered, second.wait_mean_s, second.waiting_max) == (0, None, 2)
    assert (third.offered, third.answered, third.waiting_max, third.service_level) == (1, 0, 1, None)
    assert [one.working for one in story.report(180).staffing] == [0, pytest.approx(50 / 60), 1]
    assert [one.ready for one in story.report(180).staffing] == [1, 1, 1]


def test_what_began_before_the_counting_does_not_count() -> None:
    story = Story(from_ns=100 * S)
    story.state(0, AgentState.AVAILABLE)
    story.arrive(50, "early").answer(120, "early").arrive(130, "late").end(150, "early").give_up(160, "late")
    report = story.report(200)
    assert report.all.counts == Counts(offered=1, answered=0, abandoned=1, overflowed=0, waiting=0)
    assert report.all.handled == 0
    assert report.agents.seconds["available"] == 20


def test_what_came_back_or_rang_before_the_counting_does_not_count() -> None:
    story = Story(from_ns=100 * S)
    offer = OfferMade(1, "c", "anna", "sales", 110 * S, 0, Explanation("", "", (), "", 0, 0, 1))
    story.arrive(50, "c").answer(60, "c").at(70, ev.ContactRequeued("c", "page lost"), offer)
    story.at(110, None, OfferEnded(1, "c", "anna", OfferEnd.EXPIRED, "no answer"))
    row = story.report(200).all
    assert (row.requeued, row.offers, row.offers_unanswered) == (0, 0, 0)


def test_contacts_of_unknown_beginning_are_passed_over() -> None:
    """A collector that is started in the middle of a day."""
    story = Story().answer(1, "x").end(2, "x").give_up(3, "y").at(4, ev.ContactRequeued("z", ""))
    story.at(5, ev.ContactTransferred("z", "sales")).at(6, None, ContactMoved("z", "a", "b", "split"))
    assert story.report(7).all.counts.offered == 0


def test_a_lost_contact_is_noticed() -> None:
    with pytest.raises(ConservationError, match="queue x: 3 offered, but 1 answered"):
        Counts(offered=3, answered=1, abandoned=0, overflowed=1, waiting=0).check("queue x")


def test_quantiles() -> None:
    ordered = [float(number) for number in range(1, 11)]
    assert [quantile(ordered, share) for share in (0.0, 0.1, 0.11, 0.5, 0.9, 0.91, 1.0)] == [1, 1, 2, 5, 9, 10, 10]
    assert quantile([4.0], 0.5) == 4
    assert describe([]).mean_s is None
