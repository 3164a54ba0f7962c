"""What journalling costs: ``python -m tests.bench.acd_journal [--json] [--folder DIR]``.

*Throughput*: the compiled core works as fast as it can and everything is written and flushed; with the journal of
production, and bare with one or many events a record.  *Latency*: events come in at a steady rate; the time that
`Router.submit` takes with and without a journal, and how long `Journal.flushed` takes.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import tempfile
import time
import zlib
from pathlib import Path

import uvloop

from acd_core import Distributor
from acd_core import events as ev
from acd_core.decisions import Decision, OfferMade
from acd_core.journal import Reader, Replay
from gateway.model.clock import LoopScheduler, SystemClock
from gateway.routing.journal import Journal
from gateway.routing.restore import read_standing
from gateway.routing.router import Router
from gateway.routing.segments import find_runs
from tests.bench.journal_centre import QUEUES, Centre, decisions_per_s, opening

CONTACTS = 50_000
RATE_PER_S = 2000


def quantiles(times_ns: list[int]) -> dict[str, float]:
    ordered = sorted(times_ns)
    named = {"p50": 0.5, "p99": 0.99, "p999": 0.999, "max": 1.0}
    return {
        name: round(ordered[min(int(len(ordered) * part), len(ordered) - 1)] / 1000, 1) for name, part in named.items()
    }


async def production(folder: Path, contacts: int) -> float:
    """`Journal.record` for each event, the group commit beside it."""
    distributor, clock = Distributor(), SystemClock()
    async with Journal(folder, clock, limits=distributor.limits, snapshot=distributor.snapshot) as journal:

        def handle(event: ev.Event) -> list[Decision]:
            now_ns = clock.now_ns()
            decisions = distributor.handle(event, now_ns)
            journal.record(now_ns, event, decisions)
            return decisions

        centre = Centre(handle)
        await journal.flushed()
        start = time.perf_counter()
        for number in range(contacts):
            centre.serve(number)
            if number % 100 == 0:
                await asyncio.sleep(0)
        await journal.flushed()
        return centre.decisions / (time.perf_counter() - start)


async def latency(folder: Path | None, seconds: float) -> tuple[list[int], list[int]]:
    """Times of `submit` at a steady rate, and of `flushed` now and then."""
    distributor, clock = Distributor(), SystemClock()
    scheduler = LoopScheduler(asyncio.get_running_loop())
    journal = None
    if folder is not None:
        journal = Journal(folder, clock, limits=distributor.limits, snapshot=distributor.snapshot)
        await journal.__aenter__()
    router = Router(distributor, clock, scheduler, journal)
    offers: list[OfferMade] = []
    router.on_decision(lambda decision: offers.append(decision) if isinstance(decision, OfferMade) else None)
    for event in opening():
        router.submit(event)
    submits: list[int] = []
    flushes: list[int] = []

    def submit(event: ev.Event) -> None:
        start = time.perf_counter_ns()
        router.submit(event)
        submits.append(time.perf_counter_ns() - start)

    began = time.perf_counter()
    number = 0
    while (spent := time.perf_counter() - began) < seconds:
        while number < spent * RATE_PER_S / 3:
            number += 1
            contact = f"0190a1b2-{number:027}"
            submit(ev.ContactArrived(contact, f"queue {number % QUEUES}"))
            made = offers.pop()
            submit(ev.OfferAccepted(made.offer, made.agent))
            submit(ev.ContactEnded(contact))
        if journal is not None and number % 5 == 0:
            start = time.perf_counter_ns()
            await journal.flushed()
            flushes.append(time.perf_counter_ns() - start)
        await asyncio.sleep(0.001)
    router.stop()
    if journal is not None:
        await journal.__aexit__()
    return submits, flushes


def reading(folder: Path) -> dict[str, float]:
    """Of a run of one segment."""
    (run,) = find_runs(folder)
    data = run.segments[0].read_bytes()
    start = time.perf_counter()
    entries = sum(len(record.entries) for record in Reader(data))
    read_s = time.perf_counter() - start
    start = time.perf_counter()
    read_standing(folder)
    standing_s = time.perf_counter() - start
    header = Reader(data).header
    assert header is not None
    start = time.perf_counter()
    lived = Replay(Distributor, header)
    for _ in lived.play(Reader(data)):
        pass
    replay_s = time.perf_counter() - start
    start = time.perf_counter()
    zlib.crc32(data)
    return {
        "bytes_per_event": round(len(data) / entries),
        "events_read_per_s": round(entries / read_s),
        "events_restored_per_s": round(entries / standing_s),
        "events_replayed_per_s": round(entries / replay_s),
        "crc32_bytes_per_s": round(len(data) / (time.perf_counter() - start)),
    }


def measure(folder: Path, contacts: int, seconds: float) -> dict[str, object]:
    gc.disable()
    rates = {
        "without": decisions_per_s(Distributor, contacts, events_a_record=None),
        "in_production": round(uvloop.run(production(folder / "throughput", contacts))),
        "1_event_a_record": decisions_per_s(Distributor, contacts, events_a_record=1),
        "64_events_a_record": decisions_per_s(Distributor, contacts, events_a_record=64),
    }
    gc.disable()
    uvloop.run(production(folder / "reading", 20_000))
    figures = reading(folder / "reading")
    without, _ = uvloop.run(latency(None, seconds))
    submits, flushes = uvloop.run(latency(folder / "latency", seconds))
    return {
        "journalled_decisions_per_s": rates["in_production"],
        "decisions_per_s": rates,
        **figures,
        "submit_us": {"without": quantiles(without), "journalled": quantiles(submits)},
        "flushed_us": quantiles(flushes),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--folder", type=Path, help="where to write (default: a temporary folder)")
    parser.add_argument("--contacts", type=int, default=CONTACTS)
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        print(json.dumps(measure(Path(folder), options.contacts, options.seconds), indent=None if options.json else 2))


if __name__ == "__main__":
    main()
