"""`zentrale simulate`: play a scenario with the real distributor and say how customers and agents would fare."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TextIO

import msgspec

from acd_core.simulation.calibration import Calibration, Told, judge, tell
from acd_core.simulation.simulator import Result, Simulator
from gateway.app.simulation.chart import draw
from gateway.app.simulation.scenario import load, to_plan
from gateway.app.simulation.schema import Scenario
from gateway.app.simulation.summary import summarize
from gateway.app.simulation.table import render
from gateway.config.errors import ConfigError

EXIT_CONFIG = 2
BAR_CHARS = 40
JUDGED_DAYS_MAX = 3
"""An estimate is some fifty simulations: that takes its time."""
TOLD_EVERY = 5
"""Of the customers who are asked to judge estimates, at most every fifth is told one..."""
RUNS = 50
"""...from so many runs."""
SEEDS_PER_RUN = 1_000_000
"""Distance between the seeds of two runs, so that the days of one are not those of the next."""


def simulate(
    path: Path,
    *,
    seed: int = 1,
    days: int | None = None,
    as_json: bool = False,
    svg: Path | None = None,
    all_formulas: bool = False,
    estimates: bool = False,
) -> int:
    """Simulate and print; returns the exit code (0 done, 1 the picture can't be written, 2 the scenario is faulty)."""
    try:
        scenario = load(path)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return EXIT_CONFIG
    if svg is not None and not svg.parent.is_dir():
        # Said now and not when all the days are played.
        print(f"zentrale simulate: {svg} can't be written: there is no folder {svg.parent}; make it", file=sys.stderr)
        return 1
    days = scenario.scenario.days if days is None else days
    summary = summarize(scenario, seed, run(scenario, seed, days, sys.stderr))
    if estimates:
        summary = msgspec.structs.replace(summary, estimates=judge_estimates(scenario, seed, days, sys.stderr))
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(summary), indent=2).decode())
    else:
        print(render(summary, all_formulas=all_formulas))
    if svg is not None:
        try:
            svg.write_text(draw(summary), "utf-8")
        except OSError as error:
            print(f"zentrale simulate: {svg} can't be written: {error.strerror or error}", file=sys.stderr)
            return 1
    return 0


def run(scenario: Scenario, seed: int, days: int, out: TextIO) -> list[Result]:
    """One result for each day, which has a seed of its own; ``out`` shows the progress if it is a terminal."""
    plan = to_plan(scenario)
    bar = _Bar(out, days)
    results = []
    for day in range(days):
        bar.day = day
        results.append(Simulator(plan, _seed(seed, day)).run(bar.show))
    bar.clear()
    return results


def judge_estimates(scenario: Scenario, seed: int, days: int, out: TextIO) -> Calibration | None:
    """How right estimates of the waiting time are, on the first of the same days; None when nobody had to wait."""
    plan = to_plan(scenario)
    days = min(days, JUDGED_DAYS_MAX)
    bar = _Bar(out, days)
    found: list[Told] = []
    for day in range(days):
        bar.day = day
        found += tell(plan, _seed(seed, day), every=TOLD_EVERY, runs=RUNS, progress=bar.show)
    bar.clear()
    return judge(found) if found else None


def _seed(seed: int, day: int) -> int:
    return seed * SEEDS_PER_RUN + day


class _Bar:
    """A progress bar that is drawn some times a second, on a terminal only, and wiped away at the end."""

    def __init__(self, out: TextIO, days: int) -> None:
        self._out = out if out.isatty() else None
        self._days = days
        self._next_s = time.monotonic() + 0.3
        self._shown = False
        self.day = 0

    def show(self, now_ns: int, end_ns: int) -> None:
        if self._out is None or time.monotonic() < self._next_s:
            return
        self._next_s = time.monotonic() + 0.1
        self._shown = True
        share = (self.day + now_ns / end_ns) / self._days
        done = int(share * BAR_CHARS)
        bar = "█" * done + "░" * (BAR_CHARS - done)
        self._out.write(f"\r{bar} {100 * share:3.0f} %  day {self.day + 1} of {self._days}")
        self._out.flush()

    def clear(self) -> None:
        if self._out is not None and self._shown:
            self._out.write("\r\x1b[K")
            self._out.flush()
