"""``zentrale replay JOURNAL``: is every decision reproduced (``--verify``), and what would other rules have made of it
(``--with CONFIG``)?  What it was (``--report``) is in `report`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from acd_core import Distributor
from acd_core.api import DistributorApi
from acd_core.events import ContactArrived
from acd_core.journal import Difference, JournalError, Replay
from acd_core.journal.past import Past
from acd_core.journal.rerun import Rerun, Settings
from acd_core.limits import Limits
from acd_core.metrics import FORMULAS, USUAL
from acd_core.metrics.report import Report, Row
from gateway.app.days import make_targets, read_account
from gateway.config.schema import Config
from gateway.model.errors import ZentraleError
from gateway.routing.hours import opening_events
from gateway.routing.segments import Run, find_runs, read_run
from gateway.routing.settings import agent_signed_in, matching_configured, queue_configured


def verify(journal: Path, *, reference: bool = False) -> int:
    """Live each run again; returns 0 when all that can be is identical, else 1."""
    try:
        runs = find_runs(journal)
    except ZentraleError as error:
        print(f"zentrale replay: {error}", file=sys.stderr)
        return 1
    make: Callable[[Limits], DistributorApi] = Distributor
    if reference:
        from acd_core.reference import Distributor as Reference  # noqa: PLC0415  (the oracle, only when asked for)

        make = Reference
    return max([verify_run(run, make) for run in runs])


def verify_run(run: Run, make: Callable[[Limits], DistributorApi]) -> int:
    began = time.perf_counter()
    lived: Replay | None = None
    torn = 0
    path = run.segments[0]
    try:
        for path, reader, records in read_run(run):  # noqa: B007  (named when something is found)
            assert reader.header is not None
            if lived is None:
                lived = Replay(make, reader.header)
            lived.check_start(reader.header)
            for _ in lived.play(records):
                pass
            torn = reader.torn
    except Difference as difference:
        print(f"run {run.name}: NOT identical: {path.name}, {difference}")
        return 1
    except JournalError as error:
        print(f"run {run.name}: damaged: {path.name}, {error}; everything before it is identical")
        return 1
    if lived is None:
        print(f"run {run.name}: empty")
        return 0
    took_s = time.perf_counter() - began
    since = f" from the snapshot of segment {lived.segment} on" if lived.segment else ""
    cut = f"; {torn} bytes of a record that was not written wholly are cut" if torn else ""
    print(
        f"run {run.name}: identical{since}: {lived.entries:,} events, {lived.decisions:,} decisions "
        f"({lived.entries / took_s if took_s else 0:,.0f} events/s){cut}"
    )
    return 0


# Another configuration


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    was: Report
    """As it was."""
    again: Report
    """Played again with the journal's own configuration: how true the play is."""
    other: Report
    contacts_left_out: int
    """Their queue is not in the other configuration."""
    agents_left_out: list[str]
    """At work in the journal, but not in the other configuration."""
    agents_idle: list[str]
    """In the other configuration, but never at work in the journal."""


def compare(journal: Path, config: Config, *, as_json: bool = False) -> int:
    """Print how service would have been with ``config``; returns the exit code."""
    try:
        comparison = make_comparison(find_runs(journal), config)
    except (ZentraleError, JournalError) as error:
        print(f"zentrale replay: {error}", file=sys.stderr)
        return 1
    if as_json:
        print(msgspec.json.encode(comparison).decode())
    else:
        print("\n".join(table(comparison)))
    return 0


def make_comparison(runs: list[Run], config: Config) -> Comparison:
    # Of the configuration's queues, for the journal's own play too.
    targets = make_targets({str(queue.name): queue_configured(queue).order for queue in config.queues})
    account, limits = read_account(runs, targets)
    past = account.past
    was = account.report()
    settings = make_settings(config, past)
    again = Rerun(Distributor, limits, past, targets=targets)
    other = Rerun(Distributor, limits, past, settings, targets)
    at_work = {event.agent for _, event in past.acts if hasattr(event, "agent")}
    if past.snapshot is not None:
        at_work |= {agent.agent for agent in past.snapshot.agents}
    return Comparison(
        was=was,
        again=again.run(),
        other=other.run(),
        contacts_left_out=len(other.left_out),
        agents_left_out=sorted(other.absent),
        agents_idle=sorted(settings.agents.keys() - at_work),
    )


def make_settings(config: Config, past: Past) -> Settings:
    queues = {str(queue.name): queue for queue in config.queues}

    def adapt(arrived: ContactArrived) -> ContactArrived:
        # Which number was called is not in the journal, so what it asked for stays unless the queue says otherwise.
        queue = queues.get(arrived.queue)
        if queue is None:
            return arrived
        return msgspec.structs.replace(
            arrived,
            priority=queue.priority or arrived.priority,
            topic=arrived.topic if queue.topic is None else queue.topic,
        )

    start_ns = past.start_ns or 0
    return Settings(
        [queue_configured(queue) for queue in config.queues],
        [agent_signed_in(agent) for agent in config.agents],
        matching=matching_configured(config.distribution),
        opening=list(opening_events(config.queues, config.distribution.timezone, start_ns, past.end_ns)),
        adapt=adapt,
    )


def table(comparison: Comparison) -> Iterator[str]:
    reports = (comparison.was, comparison.again, comparison.other)
    names = sorted({row.name for report in reports for row in report.queues})
    yield f"{'':34}{'as it was':>12}{'played again':>14}{'with config':>14}"
    for name in [*names, ""]:
        rows = [find_row(report, name) for report in reports]
        if not any(row is not None and row.counts.offered for row in rows):
            continue
        row = next(row for row in rows if row is not None)
        yield f"{f'queue {name}' if name else 'all queues'} (in time: within {row.target_s:g} s)"
        for label, read in ROWS:
            cells = [read(row) if row is not None else None for row in rows]
            if label == WAITING and not any(row is not None and row.counts.waiting for row in rows):
                continue
            yield f"  {label:32}{show(cells[0]):>12}{show(cells[1]):>14}{show(cells[2]):>14}"
    occupancy = [report.agents.occupancy for report in reports]
    shares = [None if share is None else f"{share:.1%}" for share in occupancy]
    yield f"{'occupancy of the agents':34}{show(shares[0]):>12}{show(shares[1]):>14}{show(shares[2]):>14}"
    yield ""
    yield f"Service level: {FORMULAS[USUAL].words}."
    yield "Compare with 'played again': it differs from 'as it was' by what no journal tells (docs/howto/replay.md)."
    if comparison.contacts_left_out:
        yield f"{comparison.contacts_left_out} contacts are left out: the configuration does not have their queue."
    if comparison.agents_left_out:
        yield f"Agents who worked, but are not in the configuration: {', '.join(comparison.agents_left_out)}."
    if comparison.agents_idle:
        yield f"Agents of the configuration who never worked in this time: {', '.join(comparison.agents_idle)}."


def find_row(report: Report, name: str) -> Row | None:
    return report.all if not name else next((row for row in report.queues if row.name == name), None)


def percent(share: float | None) -> str | None:
    return None if share is None else f"{share:.1%}"


def in_seconds(value: float | None) -> str | None:
    return None if value is None else f"{value:.1f} s"


def show(cell: str | None) -> str:
    return "-" if cell is None else cell


WAITING = "waiting at the end"
"""Shown where somebody was."""

ROWS: tuple[tuple[str, Callable[[Row], str | None]], ...] = (
    ("offered", lambda row: str(row.counts.offered)),
    ("answered", lambda row: str(row.counts.answered)),
    ("abandoned", lambda row: str(row.counts.abandoned)),
    (WAITING, lambda row: str(row.counts.waiting)),
    ("service level", lambda row: percent(row.service_levels[USUAL])),
    ("answered in time of all", lambda row: percent(row.service_levels["of_offered"])),
    ("average speed of answer", lambda row: in_seconds(row.answered_waits.mean_s)),
    ("90 % answered within", lambda row: in_seconds(row.answered_waits.p90_s)),
    ("longest wait answered", lambda row: in_seconds(row.answered_waits.max_s)),
)
