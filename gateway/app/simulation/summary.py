"""From the reports of simulated days to what the table, the JSON and the picture show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from acd_core.metrics import ALL, Report
from acd_core.simulation.calibration import Calibration
from acd_core.simulation.simulator import Result
from gateway.app.figures import Figure, QueueSummary, figure, summarize_queue
from gateway.app.simulation.schema import Scenario

T = TypeVar("T")


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
        summarize_queue(
            [report.queues[index] for report in reports], table.title or table.name, table.target_percent / 100
        )
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
        all=summarize_queue([report.all for report in reports], "All", scenario.queues[0].target_percent / 100),
        intervals={name: _points(reports, name) for name in [*(queue.name for queue in scenario.queues), ALL]},
        staffing=_staff(reports),
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
