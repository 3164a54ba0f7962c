"""The command line of the benchmark."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from acd_core.bench import figures as measured


@contextmanager
def pinned(core: int | None) -> Iterator[int]:
    """This process runs on one core (None: the last that it may use) until the end of the block."""
    allowed = os.sched_getaffinity(0)
    chosen = max(allowed) if core is None else core
    os.sched_setaffinity(0, {chosen})
    try:
        yield chosen
    finally:
        os.sched_setaffinity(0, allowed)


def main(arguments: list[str] | None = None) -> int:
    """Print the figures; ``arguments`` as on the command line."""
    parser = argparse.ArgumentParser(description="Time the distributor's decisions.")
    parser.add_argument("--json", action="store_true", help="print JSON only")
    parser.add_argument("--events", type=int, default=50_000, help="events to time (default: %(default)s)")
    parser.add_argument("--core", type=int, help="the core to run on (default: the last one)")
    parser.add_argument("--folder", help="where the journal is written (default: the system's for temporary files)")
    options = parser.parse_args(arguments)
    with pinned(options.core) as core, tempfile.TemporaryDirectory(dir=options.folder) as folder:
        figures = {"core": core, **measured.measure_all(max(100, options.events), Path(folder))}
    if options.json:
        print(json.dumps(figures, indent=2))
        return 0
    for key, value in figures.items():
        for line in value if isinstance(value, list) else [value]:
            print(f"{key:26} {line}")
    return 0
