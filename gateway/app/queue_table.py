"""Queues side by side as people read them on a terminal: of simulated days, and of the days of a journal."""

from __future__ import annotations

from collections.abc import Sequence

from acd_core.metrics import FORMULAS, USUAL
from gateway.app.figures import Figure, QueueSummary

HEADS = ("", "offered", "answered", "given up", "moved on", "left", "ASA", "p90 wait", "service level", "AHT")


def queue_table(queues: Sequence[QueueSummary]) -> list[str]:
    return aligned([HEADS, *map(cells, queues)])


def cells(row: QueueSummary) -> tuple[str, ...]:
    level = row.service_levels[USUAL]
    mark = "" if level is None or row.target_share is None else " ok" if level.mean >= row.target_share else " !!"
    judged = f"{percent(level)} in {duration(row.target_s)}{mark}"
    return (
        row.title,
        count(row.offered),
        count(row.answered),
        f"{count(row.abandoned)} ({percent(row.abandonment, short=True)})",
        count(row.overflowed) if row.overflowed.mean else "-",
        count(row.waiting) if row.waiting.mean else "-",
        seconds(row.asa_s),
        seconds(row.wait_p90_s),
        judged if row.name else "",
        seconds(row.aht_s),
    )


def formula_rows(queues: Sequence[QueueSummary]) -> list[tuple[str, ...]]:
    """The service level by each of the trade's formulas."""
    return [("", *(queue.title for queue in queues))] + [
        (formula.words, *(percent(queue.service_levels[name], short=True) for queue in queues))
        for name, formula in FORMULAS.items()
    ]


def count(figure: Figure) -> str:
    """Of one day a whole number."""
    return f"{figure.mean:.0f}" if figure.plus_minus is None else f"{figure.mean:.1f}"


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


def aligned(rows: list[tuple[str, ...]]) -> list[str]:
    """The first column to the left, all others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    kept = [place for place, width in enumerate(widths) if width]
    return [
        "  ".join(row[place].ljust(widths[place]) if not place else row[place].rjust(widths[place]) for place in kept)
        for row in rows
    ]
