"""From rows of metrics to figures with their uncertainty: what tables show of queues, simulated or real."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Sequence

import msgspec

from acd_core.metrics import FORMULAS, Row

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
    """Still, when the day or the journal ended."""
    abandonment: Figure | None
    abandonment_without_short: Figure | None
    asa_s: Figure | None
    wait_p50_s: Figure | None
    """Of those who were answered, as the two that follow."""
    wait_p90_s: Figure | None
    wait_max_s: Figure | None
    target_s: float
    target_share: float | None
    service_levels: dict[str, Figure | None]
    handled: Figure
    aht_s: Figure | None
    talk_s: Figure | None
    wrap_up_s: Figure | None
    transferred_in: Figure
    transferred_out: Figure
    offers: Figure
    offers_unanswered: Figure


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


def summarize_queue(rows: Sequence[Row], title: str, target_share: float | None) -> QueueSummary:
    """``rows``: one for each day; ``target_share``: of the service level, None: there is none."""

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
