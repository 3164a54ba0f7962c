"""The days that a journal tells of, read from its files: what `zentrale replay` counts and plays."""

from __future__ import annotations

import sys

from acd_core.journal.account import Account
from acd_core.limits import Limits
from acd_core.metrics import Target
from gateway.routing.segments import Run, read_run, read_segment


def read_account(runs: list[Run], targets: dict[str, Target]) -> tuple[Account, Limits]:
    """All that happened, and the limits of the last run.  Raises `JournalError`."""
    account, limits = Account(targets), Limits()
    for run in since_gap(runs):
        begun = False
        for _, reader, records in read_run(run):
            assert reader.header is not None
            limits = reader.header.limits
            if not begun:
                account.begin(reader.header)
                begun = True
            for record in records:
                for entry in record.entries:
                    account.take(entry)
    return account, limits


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
