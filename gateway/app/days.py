"""The days that a journal tells of, read from its files: what `zentrale replay` counts and plays."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

import msgspec

from acd_core import events as ev
from acd_core.journal.account import Account
from acd_core.limits import Limits
from acd_core.metrics import ALL, Target
from gateway.routing.segments import Run, read_run, read_segment


def read_account(runs: list[Run], targets: dict[str, Target]) -> tuple[Account, Limits]:
    """All that happened, and limits that were enough for it.  Raises `JournalError`."""
    account = Account(targets)
    limits: Limits | None = None
    for run in since_gap(runs):
        begun = False
        for _, reader, records in read_run(run):
            assert reader.header is not None
            if not begun:
                begun = True
                account.begin(reader.header)
                limits = greater(limits, reader.header.limits)
            for record in records:
                for entry in record.entries:
                    account.take(entry)
    return account, limits or Limits()


def greater(one: Limits | None, other: Limits) -> Limits:
    if one is None:
        return other
    most = {name: max(value, getattr(other, name)) for name, value in msgspec.structs.asdict(one).items()}
    return Limits(**most)


def since_gap(runs: list[Run]) -> list[Run]:
    """The last of the runs between which nothing is missing.

    The oldest segments go first, so only the first run can have lost its beginning, unless somebody moved files away.
    """
    for place in range(len(runs) - 1, 0, -1):
        header = read_segment(runs[place].segments[0]).header
        if header is not None and header.snapshot is not None:
            left_out = "1 run is left out" if place == 1 else f"{place} runs are left out"
            print(f"zentrale replay: the beginning of run {runs[place].name} is missing: {left_out}", file=sys.stderr)
            return runs[place:]
    return runs


def find_orders(runs: list[Run]) -> dict[str, ev.Order]:
    """By queue, what the newest run that has it was configured with when it began.  Raises `JournalError`."""
    orders: dict[str, ev.Order] = {}
    for run in runs:
        for event in first_events(run):
            if isinstance(event, ev.ContactArrived):
                break
            if isinstance(event, ev.QueueConfigured):
                orders[event.queue] = event.order
    return orders


def first_events(run: Run) -> Iterator[ev.Event | None]:
    """What its oldest segment begins with; of a snapshot the queues."""
    for _, reader, records in read_run(run):
        if reader.header is not None and reader.header.snapshot is not None:
            yield from (queue.settings for queue in reader.header.snapshot.queues if queue.settings is not None)
        for record in records:
            yield from (entry.event for entry in record.entries)
        return


def make_targets(orders: Mapping[str, ev.Order]) -> dict[str, Target]:
    """What is in time: the objectives of the queues; of all queues where they agree."""
    targets = {name: Target(seconds=order.objective_ms / 1000) for name, order in orders.items() if order.objective_ms}
    different = {targets.get(name, Target()).seconds for name in orders}
    return {**targets, ALL: Target(seconds=different.pop())} if len(different) == 1 else targets
