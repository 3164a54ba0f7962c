"""What the simulator does with customers and agents, against both distributors; and that a seed is a day."""

from __future__ import annotations

import itertools

import pytest
from msgspec.structs import replace

from acd_core import Distributor
from acd_core import events as ev
from acd_core.api import DistributorApi
from acd_core.reference import Distributor as Reference
from acd_core.simulation.arrivals import Listed
from acd_core.simulation.distributions import Deterministic, Exponential
from acd_core.simulation.estimate import Outlook, estimate
from acd_core.simulation.plan import Group, Plan, Stream, seconds
from acd_core.simulation.simulator import Simulator
from acd_core.strategies import orders
from tests.simulation.replications import single_queue

SEED = 11
both = pytest.mark.parametrize("make", [Distributor, Reference], ids=["core", "reference"])


def plan(times_s: tuple[float, ...], *, end_s: float = 1000, **changes: object) -> Plan:
    """One agent, conversations of 60 s, at listed times."""
    small = Plan(
        queues=(ev.QueueConfigured("q", 20_000, 0),),
        streams=(
            Stream(
                name="call",
                contact=ev.ContactArrived("", "q"),
                arrivals=Listed(tuple(map(seconds, times_s))),
                handling=Deterministic(60),
            ),
        ),
        groups=(
            Group(
                name="agent",
                count=1,
                agent=ev.AgentSignedIn("", frozenset({"q"}), frozenset()),
                shifts=((0, seconds(end_s + 1)),),
            ),
        ),
        end_ns=seconds(end_s),
    )
    return replace(small, **changes)


@both
def test_one_after_the_other(make: type[DistributorApi]) -> None:
    report = Simulator(plan((100, 110, 300)), SEED, make=make).run().report
    assert report.all.counts.answered == 3
    assert report.all.answered_waits.max_s == 50
    assert report.all.aht_s == 60
    assert report.agents.occupancy == 180 / 1000


@both
def test_customers_give_up(make: type[DistributorApi]) -> None:
    base = plan((100, 110))
    impatient = replace(base, streams=(replace(base.streams[0], patience=Deterministic(40)),))
    report = Simulator(impatient, SEED, make=make).run().report
    assert (report.all.counts.answered, report.all.counts.abandoned) == (1, 1)
    assert report.all.abandoned_waits.mean_s == 40


@both
def test_wrap_up_by_chance_ends_before_the_queue_would(make: type[DistributorApi]) -> None:
    base = plan((100, 110), queues=(ev.QueueConfigured("q", 20_000, 600_000),))
    noting = replace(base, streams=(replace(base.streams[0], wrap_up=Deterministic(25)),))
    report = Simulator(noting, SEED, make=make).run().report
    assert report.all.wrap_up_s == 25
    assert report.all.answered_waits.max_s == 75
    longer = replace(noting, streams=(replace(base.streams[0], wrap_up=Deterministic(900)),), end_ns=seconds(2000))
    assert Simulator(longer, SEED, make=make).run().report.all.wrap_up_s == 600, "as long as the queue allows"


@both
def test_shifts_end_after_the_work_in_hand(make: type[DistributorApi]) -> None:
    base = plan((90, 110, 180))
    group = replace(base.groups[0], shifts=((0, seconds(100)), (seconds(200), seconds(400))))
    report = Simulator(replace(base, groups=(group,)), SEED, make=make).run().report
    assert report.all.handled == 3
    assert report.all.answered_waits.max_s == 90, "the second waits for the next shift"
    assert sum(report.agents.seconds.values()) == 150 + 200


@both
def test_offers_that_nobody_hears(make: type[DistributorApi]) -> None:
    base = plan((100,))
    deaf = replace(base, groups=(replace(base.groups[0], no_answer=1.0, back=Deterministic(30)),))
    report = Simulator(deaf, SEED, make=make).run().report
    assert report.all.counts.waiting == 1
    assert report.all.offers_unanswered == 900 // 50
    slow = replace(base, groups=(replace(base.groups[0], answer=Deterministic(8)),))
    assert Simulator(slow, SEED, make=make).run().report.all.answered_waits.mean_s == 8


@both
def test_beginners_take_longer_and_events_may_be_planned(make: type[DistributorApi]) -> None:
    base = plan((100, 300), events=((seconds(200), ev.QueueConfigured("q", 20_000, 30_000)),))
    slow = replace(base, groups=(replace(base.groups[0], handling_factor=1.5),))
    report = Simulator(slow, SEED, make=make).run().report
    assert report.all.talk_s == 90
    assert report.all.wrap_up_s == 15


def test_a_seed_is_a_day_and_both_distributors_have_the_same() -> None:
    busy = single_queue(per_hour=120, handling_s=100, patience_s=60, agents=3, end_ns=seconds(3 * 3600))
    core, again, reference = (Simulator(busy, SEED, make=make).run() for make in (Distributor, Distributor, Reference))
    assert core.report == again.report == reference.report
    assert core.events == reference.events
    assert Simulator(busy, SEED + 1).run().report != core.report


def test_customers_are_the_same_whatever_the_agents_do() -> None:
    few = single_queue(per_hour=120, handling_s=100, patience_s=None, agents=4, end_ns=seconds(3 * 3600))
    many = replace(few, groups=(replace(few.groups[0], count=9),))
    one, other = Simulator(few, SEED).run(), Simulator(many, SEED).run()
    assert one.contacts == other.contacts
    assert one.report.all.counts.offered == other.report.all.counts.offered
    assert (one.report.all.answered_waits.mean_s or 0) > (other.report.all.answered_waits.mean_s or 0)


def test_it_ends_early_when_the_work_is_done() -> None:
    closing = plan((100, 110), close_ns=seconds(120))
    assert Simulator(closing, SEED).run().report.until_s == 220


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    busy = single_queue(per_hour=2000, handling_s=10, patience_s=None, agents=9, end_ns=seconds(3 * 3600))
    Simulator(busy, SEED).run(lambda now, end: told.append((now, end)))
    assert len(told) > 5
    assert told[-1] == (busy.end_ns, busy.end_ns)
    assert all(before[0] <= after[0] for before, after in itertools.pairwise(told))


@both
def test_an_estimate_that_can_be_known(make: type[DistributorApi]) -> None:
    """Two before me, one in conversation for 20 s of 60: 40 + 60 + 60."""
    simulator = Simulator(plan((100, 101, 102, 103)), SEED, make=make)
    simulator.run_until(seconds(120))
    outlook = Outlook(streams=(replace(simulator.plan.streams[0], arrivals=Listed(())),))
    found = estimate(simulator.distributor.snapshot(), "call-4", outlook, now_ns=seconds(120), runs=5, make=make)
    assert (found.position, found.p50_s, found.p90_s, found.answered) == (3, 160, 160, 1)
    soon = estimate(
        simulator.distributor.snapshot(), "call-4", outlook, now_ns=seconds(120), runs=5, horizon_s=100, make=make
    )
    assert (soon.p50_s, soon.answered) == (None, 0)


@both
def test_an_estimate_knows_wrap_up_and_skills(make: type[DistributorApi]) -> None:
    base = plan((100, 101, 102), queues=(ev.QueueConfigured("q", 20_000, 30_000),))
    french = replace(base.streams[0], name="french", contact=ev.ContactArrived("", "q", frozenset({"fr"})))
    base = replace(base, streams=(base.streams[0], replace(french, arrivals=Listed((seconds(105),)))))
    speaks = replace(base.groups[0], name="speaks", agent=ev.AgentSignedIn("", frozenset({"q"}), frozenset({"fr"})))
    base = replace(base, groups=(base.groups[0], replace(speaks, shifts=((seconds(98), seconds(2000)),))))
    simulator = Simulator(base, SEED, make=make)
    simulator.run_until(seconds(170))
    outlook = Outlook(streams=tuple(replace(stream, arrivals=Listed(())) for stream in base.streams))
    found = estimate(simulator.distributor.snapshot(), "french-1", outlook, now_ns=seconds(170), runs=5, make=make)
    assert found.position == 2
    assert found.p50_s == pytest.approx(100 + 60 + 30 - 170 + 1, abs=1.01), "when the one who speaks it is free"


def test_an_estimate_of_patience_by_others() -> None:
    """Those before me give up soon: it takes less long."""
    base = plan((100, 101, 102, 103, 104))
    simulator = Simulator(base, SEED)
    simulator.run_until(seconds(110))
    stream = replace(base.streams[0], arrivals=Listed(()), handling=Exponential(300))
    patient = estimate(simulator.distributor.snapshot(), "call-5", Outlook(streams=(stream,)), runs=40)
    hasty = replace(stream, patience=Exponential(30))
    shorter = estimate(simulator.distributor.snapshot(), "call-5", Outlook(streams=(hasty,)), runs=40)
    assert (shorter.p50_s or 0) < 0.7 * (patient.p50_s or 0)


@both
def test_an_estimate_knows_of_several_contacts_in_hand(make: type[DistributorApi]) -> None:
    """Two chats at once of 60 s each, begun at 100 and 130; a third came at 140: it is taken up at 160."""
    base = plan((100, 130, 140))
    chats = replace(base.streams[0], contact=ev.ContactArrived("", "q", channel="chat"))
    lanes = (ev.Lane("chat", most=2), ev.Lane("phone", weight=2))
    agent = ev.AgentSignedIn("", frozenset({"q"}), frozenset(), lanes=lanes, capacity=2)
    base = replace(base, streams=(chats,), groups=(replace(base.groups[0], agent=agent),))
    simulator = Simulator(base, SEED, make=make)
    simulator.run_until(seconds(140))
    outlook = Outlook(streams=(replace(chats, arrivals=Listed(())),))
    began_ns = {"call-1": seconds(100), "call-2": seconds(130)}
    found = estimate(simulator.distributor.snapshot(), "call-3", outlook, began_ns=began_ns, runs=3, make=make)
    assert (found.position, found.p50_s) == (1, 20)
    assert simulator.run().report.all.answered_waits.max_s == 20


@both
def test_a_mail_makes_room_for_a_call_and_takes_no_shorter_for_it(make: type[DistributorApi]) -> None:
    base = plan((130,))
    mail = replace(
        base.streams[0],
        name="mail",
        contact=ev.ContactArrived("", "q", channel="mail"),
        arrivals=Listed((seconds(100),)),
        handling=Deterministic(200),
    )
    lanes = (ev.Lane("phone"), ev.Lane("mail", interruptible=True))
    agent = ev.AgentSignedIn("", frozenset({"q"}), frozenset(), lanes=lanes)
    both_kinds = replace(base, streams=(*base.streams, mail), groups=(replace(base.groups[0], agent=agent),))
    report = Simulator(both_kinds, SEED, make=make).run().report
    assert report.all.answered_waits.max_s == 0
    assert report.all.handled == 2
    assert report.all.talk_s == (60 + 200) / 2, "the mail was in hand for 260 s, of which it rested 60"
    assert report.agents.seconds["busy"] == 260


@both
def test_a_transferred_contact_is_served_twice(make: type[DistributorApi]) -> None:
    base = plan((100,), queues=(ev.QueueConfigured("q", 20_000, 0), ev.QueueConfigured("second", 20_000, 0)))
    moving = replace(base.streams[0], transfer=1.0, transfer_to="second")
    agent = ev.AgentSignedIn("", frozenset({"q", "second"}), frozenset())
    report = (
        Simulator(replace(base, streams=(moving,), groups=(replace(base.groups[0], agent=agent),)), SEED, make=make)
        .run()
        .report
    )
    assert [(row.counts.offered, row.handled, row.transferred_in, row.transferred_out) for row in report.queues] == [
        (1, 1, 0, 1),
        (1, 1, 1, 0),
    ]
    assert report.agents.seconds["busy"] == 120


@both
def test_an_estimate_knows_when_less_will_be_asked_for(make: type[DistributorApi]) -> None:
    """After 100 s in the queue anybody may take it; it has been there for 50."""
    asks = ev.QueueConfigured("q", 20_000, 0, frozenset({"fr"}), steps=(ev.Step(100_000, drop=frozenset({"fr"})),))
    simulator = Simulator(plan((100,), queues=(asks,)), SEED, make=make)
    simulator.run_until(seconds(150))
    outlook = Outlook(streams=(replace(simulator.plan.streams[0], arrivals=Listed(())),))
    found = estimate(simulator.distributor.snapshot(), "call-1", outlook, now_ns=seconds(150), runs=3, make=make)
    assert (found.p50_s, found.answered) == (50, 1)
    assert simulator.run().report.all.answered_waits.mean_s == 100


@both
def test_an_estimate_knows_who_goes_first(make: type[DistributorApi]) -> None:
    """One call in hand until 160; before me by priority one that came after me."""
    base = plan((100, 101), queues=(ev.QueueConfigured("q", 20_000, 0, order=orders.greatest_need()),))
    vip = replace(base.streams[0], name="vip", contact=ev.ContactArrived("", "q", priority=3))
    base = replace(base, streams=(base.streams[0], replace(vip, arrivals=Listed((seconds(110),)))))
    simulator = Simulator(base, SEED, make=make)
    simulator.run_until(seconds(120))
    outlook = Outlook(streams=tuple(replace(stream, arrivals=Listed(())) for stream in base.streams))
    snapshot = simulator.distributor.snapshot()
    mine = estimate(snapshot, "call-2", outlook, now_ns=seconds(120), runs=3, make=make)
    theirs = estimate(snapshot, "vip-1", outlook, now_ns=seconds(120), runs=3, make=make)
    assert (mine.position, mine.p50_s) == (2, 100)
    assert (theirs.position, theirs.p50_s) == (1, 40)
