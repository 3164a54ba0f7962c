"""From the reports of single days to figures with their uncertainty: what the table, the JSON and the picture show."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import msgspec

from acd_core.metrics import ALL, FORMULAS, Report, Row
from acd_core.simulation.calibration import Calibration
from acd_core.simulation.simulator import Result
from gateway.app.simulation.schema import Scenario

T = TypeVar("T")

_T_95 = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
"""Student's t, 95 % two-sided, for 1 to 30 degrees of freedom."""


class Figure(msgspec.Struct, frozen=True):
    """A mean over the days."""

    mean: float
    plus_minus: float | None
    """Half of the 95 % confidence interval of the mean; None with one day."""


class QueueSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One queue, or all; per day."""

    name: str
    title: str
    offered: Figure
    answered: Figure
    abandoned: Figure
    overflowed: Figure
    waiting: Figure
    """Still, when the simulated day ended."""
    abandonment: Figure | None
    abandonment_without_short: Figure | None
    asa_s: Figure | None
    wait_p50_s: Figure | None
    """Of those who were answered, as the two that follow."""
    wait_p90_s: Figure | None
    wait_max_s: Figure | None
    target_s: float
    target_share: float
    service_levels: dict[str, Figure | None]
    handled: Figure
    aht_s: Figure | None
    talk_s: Figure | None
    wrap_up_s: Figure | None
    transferred_in: Figure
    transferred_out: Figure
    offers: Figure
    offers_unanswered: Figure


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One interval of the day, over all days."""

    start_s: float
    """After midnight."""
    offered: float
    abandoned: float
    wait_mean_s: float | None
    """Of all contacts that arrived then, on whichever day."""
    wait_p90_s: float | None
    """Mean of the days' 90 % quantiles, weighted by contacts."""
    service_level: float | None
    waiting_max: float


class StaffPoint(msgspec.Struct, frozen=True, kw_only=True):
    start_s: float
    ready: float
    """Agents who work or could."""
    working: float


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    seed: int
    days: int
    opens: str
    closes: str
    interval_s: float
    contacts: int
    """Of all days."""
    events: int
    """Calls of the distributor, on all days."""
    took_s: float
    events_per_s: float
    occupancy: Figure | None
    utilisation: Figure | None
    queues: list[QueueSummary]
    all: QueueSummary
    intervals: dict[str, list[Point]]
    """By queue; under the empty name those of all contacts."""
    staffing: list[StaffPoint]
    estimates: Calibration | None = None
    """Whether estimates of the waiting time are right; only where asked for."""


def summarize(scenario: Scenario, seed: int, results: Sequence[Result]) -> Summary:
    """Of one result for each day; at least one."""
    reports = [result.report for result in results]
    head = scenario.scenario
    took_s = math.fsum(result.took_s for result in results)
    events = sum(result.events for result in results)
    queues = [
        _queue([report.queues[index] for report in reports], table.title or table.name, table.target_percent / 100)
        for index, table in enumerate(scenario.queues)
    ]
    return Summary(
        title=head.title,
        seed=seed,
        days=len(results),
        opens=head.opens,
        closes=head.closes,
        interval_s=head.interval_minutes * 60.0,
        contacts=sum(result.contacts for result in results),
        events=events,
        took_s=took_s,
        events_per_s=events / took_s if took_s else 0.0,
        occupancy=figure(report.agents.occupancy for report in reports),
        utilisation=figure(report.agents.utilisation for report in reports),
        queues=queues,
        all=_queue([report.all for report in reports], "All", scenario.queues[0].target_percent / 100),
        intervals={name: _points(reports, name) for name in [*(queue.name for queue in scenario.queues), ALL]},
        staffing=_staff(reports),
    )


def figure(values: Iterable[float | None]) -> Figure | None:
    """None when there is no value on any day; days without one are left out."""
    found = [value for value in values if value is not None]
    if not found:
        return None
    mean = statistics.fmean(found)
    if len(found) == 1:
        return Figure(mean, None)
    t = _T_95[len(found) - 2] if len(found) - 2 < len(_T_95) else 1.96
    return Figure(mean, t * statistics.stdev(found) / math.sqrt(len(found)))


def _count(values: Iterable[float]) -> Figure:
    found = figure(values)
    assert found is not None
    return found


def _queue(rows: Sequence[Row], title: str, target_share: float) -> QueueSummary:
    def over(get: Callable[[Row], float | None]) -> Figure | None:
        return figure(map(get, rows))

    return QueueSummary(
        name=rows[0].name,
        title=title,
        offered=_count(row.counts.offered for row in rows),
        answered=_count(row.counts.answered for row in rows),
        abandoned=_count(row.counts.abandoned for row in rows),
        overflowed=_count(row.counts.overflowed for row in rows),
        waiting=_count(row.counts.waiting for row in rows),
        abandonment=over(lambda row: row.abandonment),
        abandonment_without_short=over(lambda row: row.abandonment_without_short),
        asa_s=over(lambda row: row.answered_waits.mean_s),
        wait_p50_s=over(lambda row: row.answered_waits.p50_s),
        wait_p90_s=over(lambda row: row.answered_waits.p90_s),
        wait_max_s=over(lambda row: row.answered_waits.max_s),
        target_s=rows[0].target_s,
        target_share=target_share,
        service_levels={name: figure(row.service_levels[name] for row in rows) for name in FORMULAS},
        handled=_count(row.handled for row in rows),
        aht_s=over(lambda row: row.aht_s),
        talk_s=over(lambda row: row.talk_s),
        wrap_up_s=over(lambda row: row.wrap_up_s),
        transferred_in=_count(row.transferred_in for row in rows),
        transferred_out=_count(row.transferred_out for row in rows),
        offers=_count(row.offers for row in rows),
        offers_unanswered=_count(row.offers_unanswered for row in rows),
    )


def _points(reports: Sequence[Report], name: str) -> list[Point]:
    days = len(reports)
    points = []
    for same in _by_interval([report.intervals[name] for report in reports]):
        ended = [one.answered + one.abandoned + one.overflowed for one in same]
        points.append(
            Point(
                start_s=same[0].start_s,
                offered=sum(one.offered for one in same) / days,
                abandoned=sum(one.abandoned for one in same) / days,
                wait_mean_s=_mean([one.wait_mean_s for one in same], ended),
                wait_p90_s=_mean([one.wait_p90_s for one in same], ended),
                service_level=_mean([one.service_level for one in same], ended),
                waiting_max=sum(one.waiting_max for one in same) / days,
            )
        )
    return points


def _staff(reports: Sequence[Report]) -> list[StaffPoint]:
    days = len(reports)
    return [
        StaffPoint(
            start_s=same[0].start_s,
            ready=math.fsum(one.ready for one in same) / days,
            working=math.fsum(one.working for one in same) / days,
        )
        for same in _by_interval([report.staffing for report in reports])
    ]


def _by_interval(days: Sequence[Sequence[T]]) -> list[list[T]]:
    """The days' values of each interval; a day that was over sooner has none of the last ones."""
    return [[day[place] for day in days if place < len(day)] for place in range(max(map(len, days)))]


def _mean(values: Sequence[float | None], weights: Sequence[int]) -> float | None:
    found = [(value, weight) for value, weight in zip(values, weights, strict=True) if value is not None]
    total = sum(weight for _, weight in found)
    return math.fsum(value * weight for value, weight in found) / total if total else None
