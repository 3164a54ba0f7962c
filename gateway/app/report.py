"""``zentrale replay JOURNAL --report``: the metrics of the days that a journal tells of, as they were."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from acd_core.events import Order
from acd_core.journal import JournalError
from acd_core.metrics import FORMULAS, USUAL, Report, Row
from acd_core.metrics.report import Target
from gateway.app.days import find_orders, make_targets, read_account
from gateway.app.figures import summarize_queue
from gateway.app.queue_table import aligned, duration, formula_rows, queue_table
from gateway.model.errors import ZentraleError
from gateway.routing.segments import find_runs


def report(journal: Path, *, as_json: bool = False) -> int:
    """Print it; returns the exit code."""
    try:
        runs = find_runs(journal)
        orders = find_orders(runs)
        account, _ = read_account(runs, make_targets(orders))
    except (ZentraleError, JournalError) as error:
        print(f"zentrale replay: {error}", file=sys.stderr)
        return 1
    found = account.report()
    if as_json:
        print(msgspec.json.encode(found).decode())
    elif account.past.start_ns is None:
        print("Nothing has happened in this journal.")
    else:
        print("\n".join(render(found, orders)))
    return 0


def render(found: Report, orders: Mapping[str, Order]) -> Iterator[str]:
    rows = [*sorted(found.queues, key=lambda row: row.name), found.all] if len(found.queues) != 1 else found.queues
    queues = [summarize_queue([row], row.name or "All", share(orders.get(row.name))) for row in rows]
    yield f"From {day_time(found.from_s)} to {day_time(found.until_s)}"
    yield ""
    yield from queue_table(queues)
    yield ""
    agents = found.agents
    yield (
        f"Agents: occupancy {percent(agents.occupancy)}, busy or in wrap-up {percent(agents.utilisation)} "
        "of the time signed in"
    )
    yield f"Service level: {FORMULAS[USUAL].words}"
    yield ""
    heads = [("", *(queue.title for queue in queues))]
    yield from aligned(heads + [(label, *map(read, rows)) for label, read in DETAILS])
    yield ""
    yield "Service level by other formulas:"
    yield from aligned(formula_rows(queues))


def share(order: Order | None) -> float | None:
    """Of the contacts that are to be answered in time; None: the journal's configuration does not say."""
    return order.target_permille / 1000 if order is not None and order.objective_ms else None


def day_time(at_s: float) -> str:
    return f"{datetime.fromtimestamp(at_s).astimezone():%A, %d %B %Y %H:%M:%S}"


def percent(part: float | None) -> str:
    return "-" if part is None else f"{100 * part:.1f} %"


def seconds(value: float | None) -> str:
    return "-" if value is None else duration(value)


DETAILS: tuple[tuple[str, Callable[[Row], str]], ...] = (
    ("given up, of answered and given up", lambda row: percent(row.abandonment)),
    (f"without those within {Target().short_abandon_s:g} s", lambda row: percent(row.abandonment_without_short)),
    ("half answered within", lambda row: seconds(row.answered_waits.p50_s)),
    ("longest wait answered", lambda row: seconds(row.answered_waits.max_s)),
    ("longest wait given up", lambda row: seconds(row.abandoned_waits.max_s)),
    ("conversations that are over", lambda row: str(row.handled)),
    ("talk", lambda row: seconds(row.talk_s)),
    ("wrap-up", lambda row: seconds(row.wrap_up_s)),
    ("transferred in", lambda row: str(row.transferred_in)),
    ("transferred out", lambda row: str(row.transferred_out)),
    ("came back from an agent", lambda row: str(row.requeued)),
    ("offers", lambda row: str(row.offers)),
    ("offers not answered", lambda row: str(row.offers_unanswered)),
    ("offers rejected", lambda row: str(row.offers_rejected)),
)
"""What the table has no room for."""
