"""What is measured, and how."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from statistics import median
from typing import TypeVar

from acd_core import Distributor
from acd_core import events as ev
from acd_core.bench.world import Size, Timed, World
from acd_core.core.stopwatch import read_memory, time_event
from acd_core.decisions import Decision
from acd_core.journal import Encoder
from acd_core.reference import Distributor as Reference

Quantiles = dict[str, float]
Result = TypeVar("Result")

FULL = Size(10_000, 100_000, 1_000, 1_000)
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


def measure_memory(size: Size) -> float:
    """Bytes that the distributor takes for each waiting contact, beside the contact's own name."""

    def measure() -> float:
        world = World(Distributor(size.limits()), size)
        arrivals = [world.arrival() for _ in range(size.waiting)]
        before = read_memory()
        for event in arrivals:
            world.tell(event)
        return round((read_memory() - before) / size.waiting, 1)

    return steadily(measure)


def measure_journal(size: Size, contacts: int) -> int:
    """Decisions per second of a centre that is working, each event decided and encoded for the journal.

    The clock runs over arrivals, answers, ends and wrap-ups, the making of decisions and their encoding in groups.
    """

    def measure() -> int:
        distributor = Distributor(size.limits())
        world = World(distributor, size)
        world.fill()
        return world.count_journalled(Encoder(), contacts)

    return steadily(measure)


def measure_scaling(events: int) -> list[dict[str, object]]:
    """Ten and ten times more agents and waiting contacts; profiles and classes as they are."""
    rows: list[dict[str, object]] = []
    for people in SCALES:
        size = Size(people, people, SCALE_CLASSES, SCALE_CLASSES)
        rows.append({**size._asdict(), **both_times(size, events)})
    return rows


def measure_ratio(events: int) -> dict[str, object]:
    """By medians: one pause of the machine must not decide it."""
    ratio: dict[str, object] = {"size": COMPARED._asdict()}
    for name, what in (("freed_agent", "time_freed"), ("arrival", "time_arrivals")):
        reference = Reference(COMPARED.limits())
        slow: list[int] = getattr(World(reference, COMPARED), what)(at_the_call(reference), events)
        ratio[name] = round(median(slow) / median(time_core(COMPARED, what, events, at_the_call)))
    return ratio


def measure_all(events: int) -> dict[str, object]:
    few = max(events // 10, 100)
    return {
        "size": FULL._asdict(),
        "events": events,
        **both_times(FULL, events),
        "api_freed_agent_us": quantiles(time_core(FULL, "time_freed", events, at_the_call)),
        "api_arrival_us": quantiles(time_core(FULL, "time_arrivals", events, at_the_call)),
        "skill_change_us": quantiles(time_core(FULL, "time_skill_changes", few, at_the_call)),
        "journalled_decisions_per_s": measure_journal(FULL, events),
        "bytes_per_waiting": measure_memory(FULL),
        "ratio_to_reference": measure_ratio(200),
        "scaling": measure_scaling(few),
        "worst_case": {
            **WORST._asdict(),
            **both_times(WORST, few),
            "bytes_per_waiting": measure_memory(WORST),
        },
    }
