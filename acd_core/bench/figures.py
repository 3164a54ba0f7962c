"""What is measured, and how."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TypeVar

from acd_core import Distributor
from acd_core import events as ev
from acd_core.bench.log_file import LogFile
from acd_core.bench.memory import measure_memory
from acd_core.bench.world import Size, Timed, World
from acd_core.core.stopwatch import read_clock_twice, time_event
from acd_core.decisions import Decision
from acd_core.reference import Distributor as Reference
from acd_core.strategies import STRATEGIES

Quantiles = dict[str, float]
Result = TypeVar("Result")

FULL = Size(10_000, 100_000, 1_000, 1_000)
PLAIN = FULL._replace(plain=True)
WORST = Size(10_000, 100_000, 1_000, 100_000)
COMPARED = Size(200, 1_000, 50, 50)
SCALES = (100, 1_000, 10_000, 100_000)
SCALE_CLASSES = 100


def quantiles(times_ns: list[int]) -> Quantiles:
    """In us."""
    ordered = sorted(times_ns)
    return {
        name: round(ordered[min(int(len(ordered) * part), len(ordered) - 1)] / 1000, 2)
        for name, part in (("p50", 0.5), ("p99", 0.99), ("p999", 0.999))
    }


def at_the_call(distributor: Distributor | Reference) -> Timed:
    """Time what a caller in Python waits for."""
    handle, clock = distributor.handle, time.perf_counter_ns

    def timed(event: ev.Event, now_ns: int) -> tuple[int, list[Decision]]:
        start = clock()
        decisions = handle(event, now_ns)
        return clock() - start, decisions

    return timed


def in_the_core(distributor: Distributor) -> Timed:
    """Time what happens between the event and the decision."""

    def timed(event: ev.Event, now_ns: int) -> tuple[int, list[Decision]]:
        return time_event(distributor, event, now_ns)

    return timed


def steadily(measure: Callable[[], Result]) -> Result:
    """Without pauses of the garbage collector."""
    gc.collect()
    gc.disable()
    try:
        return measure()
    finally:
        gc.enable()


def time_core(size: Size, what: str, events: int, watch: Callable[[Distributor], Timed]) -> list[int]:
    def measure() -> list[int]:
        distributor = Distributor(size.limits())
        times: list[int] = getattr(World(distributor, size), what)(watch(distributor), events)
        return times

    return steadily(measure)


def both_times(size: Size, events: int) -> dict[str, Quantiles]:
    return {
        "freed_agent_us": quantiles(time_core(size, "time_freed", events, in_the_core)),
        "arrival_us": quantiles(time_core(size, "time_arrivals", events, in_the_core)),
    }


def measure_journal(size: Size, contacts: int, folder: Path) -> dict[str, int]:
    """Of a centre that is working with full queues: arrivals, answers, ends and wrap-ups, all of it journalled."""

    def measure() -> dict[str, int]:
        world = World(Distributor(size.limits()), size)
        world.fill()
        with LogFile(folder / "journal", size.limits()) as log:
            decisions, events, taken_ns = world.count_journalled(log, contacts)
        return {
            "journalled_decisions_per_s": decisions * 1_000_000_000 // taken_ns,
            "journalled_events_per_s": events * 1_000_000_000 // taken_ns,
        }

    return steadily(measure)


def measure_scaling(events: int) -> list[dict[str, object]]:
    """Ten and ten times more agents and waiting contacts; profiles and kinds as they are.  First the real centre, then
    a plain one with all queues by one strategy."""
    rows: list[dict[str, object]] = []
    for people in SCALES:
        size = Size(people, people, SCALE_CLASSES, SCALE_CLASSES)
        rows.append({"strategy": "mixed", **scale(size), **both_times(size, events)})
    for strategy in STRATEGIES:
        for people in SCALES:
            size = Size(people, people, SCALE_CLASSES, SCALE_CLASSES, plain=True, strategy=strategy)
            rows.append({"strategy": strategy, **scale(size), **both_times(size, events)})
    return rows


def scale(size: Size) -> dict[str, int]:
    return {"agents": size.agents, "waiting": size.waiting, "profiles": size.profiles, "classes": size.classes}


def measure_ratio(events: int) -> dict[str, object]:
    """By medians: one pause of the machine must not decide it."""
    ratio: dict[str, object] = {"size": scale(COMPARED)}
    # the reference looks at all who wait: among many it would take minutes
    nobody = COMPARED._replace(waiting=0)
    for name, what, size in (("freed_agent", "time_freed", COMPARED), ("arrival", "time_arrivals", nobody)):
        reference = Reference(size.limits())
        slow: list[int] = getattr(World(reference, size), what)(at_the_call(reference), events)
        ratio[name] = round(median(slow) / median(time_core(size, what, events, at_the_call)))
    return ratio


def measure_clock() -> Quantiles:
    """The time that is found for nothing at all: it is in each of the other times."""
    return quantiles([read_clock_twice() for _ in range(10_000)])


def measure_all(events: int, folder: Path) -> dict[str, object]:
    few = max(events // 10, 100)
    return {
        "size": scale(FULL),
        "events": events,
        "clock_us": measure_clock(),
        **both_times(FULL, events),
        "new_kind_us": quantiles(time_core(FULL, "time_new_kinds", events, in_the_core)),
        "api_freed_agent_us": quantiles(time_core(FULL, "time_freed", events, at_the_call)),
        "api_arrival_us": quantiles(time_core(FULL, "time_arrivals", events, at_the_call)),
        "skill_change_us": quantiles(time_core(FULL, "time_skill_changes", few, at_the_call)),
        **measure_journal(FULL, events, folder),
        "bytes_per_waiting": measure_memory(FULL),
        "ratio_to_reference": measure_ratio(100),
        "scaling": measure_scaling(few),
        "worst_case": {
            **scale(WORST),
            **both_times(WORST, few),
            "bytes_per_waiting": measure_memory(WORST),
        },
        "plain": {**both_times(PLAIN, events), "bytes_per_waiting": measure_memory(PLAIN)},
    }
