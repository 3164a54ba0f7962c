"""The summary as a table for people, on a terminal or in a file."""

from __future__ import annotations

from acd_core.metrics import FORMULAS, USUAL
from gateway.app.queue_table import aligned, formula_rows, percent, queue_table
from gateway.app.simulation.summary import Summary


def render(summary: Summary, *, all_formulas: bool = False) -> str:
    """Some lines; ``all_formulas``: the service level by each of them."""
    days = "1 day" if summary.days == 1 else f"{summary.days} days"
    rows = [*summary.queues, summary.all] if len(summary.queues) > 1 else summary.queues
    lines = [
        f"{summary.title}: {days} from {summary.opens} to {summary.closes}, seed {summary.seed}",
        "",
        *queue_table(rows),
        "",
        f"Agents: occupancy {percent(summary.occupancy)}, busy or in wrap-up {percent(summary.utilisation)} "
        "of the time signed in",
        f"Service level: {FORMULAS[USUAL].words}",
    ]
    if summary.days > 1:
        lines.append("Per day; +- is the 95 % confidence interval of the mean over the days.")
    if all_formulas:
        lines += ["", "Service level by other formulas:", *aligned(formula_rows(rows))]
    if summary.estimates is not None:
        lines += ["", f"Waiting times told in advance: {summary.estimates.sentence()}"]
    lines += [
        "",
        f"{summary.contacts} contacts, {summary.events} events of the distributor in {summary.took_s:.1f} s "
        f"({summary.events_per_s:,.0f} a second)",
    ]
    return "\n".join(lines)
