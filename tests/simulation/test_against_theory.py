"""The simulator, with the real distributor in it, against exact results of queueing theory.

Each of these would show a distributor that loses time, serves out of order, leaves an agent idle beside a waiting
contact, or a simulator whose chance is skewed.
"""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from acd_core import events as ev
from acd_core.metrics import Row
from acd_core.simulation.chain import Kind, Server, SkillChain
from acd_core.simulation.distributions import Deterministic, Exponential
from acd_core.simulation.erlang import ErlangA, ErlangC, ageing_waits_s, priority_waits_s
from acd_core.simulation.plan import Plan
from acd_core.strategies import orders
from tests.simulation.replications import LONG, expect, group, hours, repeat, single_queue, stream

pytestmark = pytest.mark.timeout(3600 if LONG else 120)


def wait_of(row: Row) -> float:
    """Mean over all contacts, until the answer or until they give up."""
    answered, abandoned = row.counts.answered, row.counts.abandoned
    total = (row.answered_waits.mean_s or 0.0) * answered + (row.abandoned_waits.mean_s or 0.0) * abandoned
    return total / (answered + abandoned)


def test_erlang_c() -> None:
    exact = ErlangC(per_s=100 / 3600, handling_s=300, agents=11)
    reports = repeat(
        single_queue(per_hour=100, handling_s=300, patience_s=None, agents=11, end_ns=hours(120)), first_seed=100
    )
    expect("mean wait", exact.mean_wait_s, reports, lambda report: report.all.answered_waits.mean_s)
    expect("answered in 20 s", exact.within(20), reports, lambda report: report.all.service_levels["of_answered"])
    expect("occupancy", exact.occupancy, reports, lambda report: report.agents.occupancy)


def test_erlang_a() -> None:
    exact = ErlangA(per_s=200 / 3600, handling_s=180, patience_s=120, agents=9)
    reports = repeat(
        single_queue(per_hour=200, handling_s=180, patience_s=120, agents=9, end_ns=hours(60)), first_seed=200
    )
    expect("abandonment", exact.abandoned, reports, lambda report: report.all.abandonment)
    expect("mean wait", exact.mean_wait_s, reports, lambda report: wait_of(report.all))
    expect(
        "answered in 20 s", exact.answered_within(20), reports, lambda report: report.all.service_levels["of_offered"]
    )
    expect("occupancy", exact.occupancy, reports, lambda report: report.agents.occupancy)


def test_constant_handling_time() -> None:
    """M/D/1 waits half as long as M/M/1 (Pollaczek-Khinchine)."""
    end_ns = hours(150)
    plan = single_queue(per_hour=42, handling_s=60, patience_s=None, agents=1, end_ns=end_ns)
    calls = stream(
        "call",
        ev.ContactArrived("", "hotline"),
        per_hour=42,
        end_ns=end_ns,
        handling=Deterministic(60),
        patience_s=None,
    )
    exact = ErlangC(per_s=42 / 3600, handling_s=60, agents=1).mean_wait_s / 2
    reports = repeat(replace(plan, streams=(calls,)), first_seed=300)
    expect("mean wait", exact, reports, lambda report: report.all.answered_waits.mean_s)


def test_two_skill_chain() -> None:
    """German-speaking agents, English-speaking ones, and those who speak both; longest idle and first come decide."""
    chain = SkillChain(
        (Kind("german", 40 / 3600, 90), Kind("english", 25 / 3600, 60)),
        (
            Server(frozenset({"german"}), 100),
            Server(frozenset({"german", "english"}), 120),
            Server(frozenset({"english"}), 100),
        ),
        waiting_max=7,
    )
    figures, cut = chain.solve()
    assert cut < 2e-4
    end_ns = hours(120)
    plan = Plan(
        queues=tuple(ev.QueueConfigured(kind.skill, 20_000, 0, frozenset({kind.skill})) for kind in chain.kinds),
        streams=tuple(
            stream(
                kind.skill,
                ev.ContactArrived("", kind.skill),
                per_hour=kind.per_s * 3600,
                end_ns=end_ns,
                handling=Exponential(100),
                patience_s=kind.patience_s,
            )
            for kind in chain.kinds
        ),
        groups=(
            group("german", 1, end_ns, "german", "english", skills=["german"]),
            replace(group("both", 1, end_ns, "german", "english", skills=["german", "english"]), handling_factor=1.2),
            group("english", 1, end_ns, "german", "english", skills=["english"]),
        ),
        end_ns=end_ns,
    )
    reports = repeat(plan, first_seed=400)
    for number, kind in enumerate(chain.kinds):
        exact = figures[number]
        expect(
            f"{kind.skill}: abandonment",
            exact.abandoned,
            reports,
            lambda report, at=number: report.queues[at].abandonment,
        )
        expect(
            f"{kind.skill}: mean wait", exact.mean_wait_s, reports, lambda report, at=number: wait_of(report.queues[at])
        )


CLASSES = ("first", "second", "third")
PER_HOUR = (16.0, 30.0, 18.0)


def three_classes(orders_: tuple[ev.Order, ...], end_ns: int) -> Plan:
    """M/M/3 with a queue for each class, which all agents serve."""
    return Plan(
        queues=tuple(
            ev.QueueConfigured(name, 20_000, 0, order=order) for name, order in zip(CLASSES, orders_, strict=True)
        ),
        streams=tuple(
            stream(
                name,
                ev.ContactArrived("", name, priority=len(CLASSES) - number),
                per_hour=PER_HOUR[number],
                end_ns=end_ns,
                handling=Exponential(120),
                patience_s=None,
            )
            for number, name in enumerate(CLASSES)
        ),
        groups=(group("agent", 3, end_ns, *CLASSES),),
        end_ns=end_ns,
        from_ns=end_ns // 20,
    )


def test_strict_priority() -> None:
    """Cobham's formula for M/M/c."""
    exact = priority_waits_s([rate / 3600 for rate in PER_HOUR], 120, 3)
    reports = repeat(three_classes((orders.greatest_need(),) * 3, hours(90)), first_seed=500)
    for number, name in enumerate(CLASSES):
        expect(
            f"{name}: mean wait",
            exact[number],
            reports,
            lambda report, at=number: report.queues[at].answered_waits.mean_s,
        )


def test_priority_that_grows_with_the_wait() -> None:
    """Kleinrock's formula for classes that age at different rates."""
    exact = ageing_waits_s([rate / 3600 for rate in PER_HOUR], [1, 3, 9], 120, 3)
    ageing = tuple(ev.Order("ageing", rate=rate) for rate in (1_000, 3_000, 9_000))
    reports = repeat(three_classes(ageing, hours(90)), first_seed=600)
    for number, name in enumerate(CLASSES):
        expect(
            f"{name}: mean wait",
            exact[number],
            reports,
            lambda report, at=number: report.queues[at].answered_waits.mean_s,
        )
