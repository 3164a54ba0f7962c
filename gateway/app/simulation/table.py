"""The summary as a table for people, on a terminal or in a file."""

from __future__ import annotations

from acd_core.metrics import FORMULAS, USUAL
from gateway.app.simulation.summary import Figure, QueueSummary, Summary

HEADS = ("", "offered", "answered", "given up", "moved on", "left", "ASA", "p90 wait", "service level", "AHT")


def render(summary: Summary, *, all_formulas: bool = False) -> str:
    """Some lines; ``all_formulas``: the service level by each of them."""
    days = "1 day" if summary.days == 1 else f"{summary.days} days"
    lines = [
        f"{summary.title}: {days} from {summary.opens} to {summary.closes}, seed {summary.seed}",
        "",
        *_aligned([HEADS, *map(_cells, _rows(summary))]),
        "",
        f"Agents: occupancy {percent(summary.occupancy)}, busy or in wrap-up {percent(summary.utilisation)} "
        "of the time signed in",
        f"Service level: {FORMULAS[USUAL].words}",
    ]
    if summary.days > 1:
        lines.append("Per day; +- is the 95 % confidence interval of the mean over the days.")
    if all_formulas:
        lines += ["", "Service level by other formulas:", *_aligned(_formula_rows(summary))]
    if summary.estimates is not None:
        lines += ["", f"Waiting times told in advance: {summary.estimates.sentence()}"]
    lines += [
        "",
        f"{summary.contacts} contacts, {summary.events} events of the distributor in {summary.took_s:.1f} s "
        f"({summary.events_per_s:,.0f} a second)",
    ]
    return "\n".join(lines)


def _rows(summary: Summary) -> list[QueueSummary]:
    return [*summary.queues, summary.all] if len(summary.queues) > 1 else summary.queues


def _cells(row: QueueSummary) -> tuple[str, ...]:
    level = row.service_levels[USUAL]
    mark = "" if level is None else (" ok" if level.mean >= row.target_share else " !!")
    judged = f"{percent(level)} in {duration(row.target_s)}{mark}"
    return (
        row.title,
        f"{row.offered.mean:.1f}",
        f"{row.answered.mean:.1f}",
        f"{row.abandoned.mean:.1f} ({percent(row.abandonment, short=True)})",
        f"{row.overflowed.mean:.1f}" if row.overflowed.mean else "-",
        f"{row.waiting.mean:.1f}" if row.waiting.mean else "-",
        seconds(row.asa_s),
        seconds(row.wait_p90_s),
        judged if row.name else "",
        seconds(row.aht_s),
    )


def _formula_rows(summary: Summary) -> list[tuple[str, ...]]:
    heads = ("", *(queue.title for queue in _rows(summary)))
    return [heads] + [
        (formula.words, *(percent(queue.service_levels[name], short=True) for queue in _rows(summary)))
        for name, formula in FORMULAS.items()
    ]


def percent(figure: Figure | None, *, short: bool = False) -> str:
    if figure is None:
        return "-"
    if short or figure.plus_minus is None:
        return f"{100 * figure.mean:.1f} %"
    return f"{100 * figure.mean:.1f} +- {100 * figure.plus_minus:.1f} %"


def seconds(figure: Figure | None) -> str:
    return "-" if figure is None else duration(figure.mean)


def duration(value: float) -> str:
    """``4.2 s``, ``42 s``, ``3:12 min``, ``2:05 h``."""
    if value < 9.95:
        return f"{value:.1f} s" if value % 1 else f"{value:.0f} s"
    whole = round(value)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02} h"


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    """The first column to the left, all others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    kept = [place for place, width in enumerate(widths) if width]
    return [
        "  ".join(row[place].ljust(widths[place]) if not place else row[place].rjust(widths[place]) for place in kept)
        for row in rows
    ]
