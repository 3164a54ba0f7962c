"""What journalling costs: ``python -m tests.bench.acd_journal [--json] [--folder DIR]``.

*Throughput*: the compiled core works as fast as it can, everything is journalled and flushed by group commit; decisions
a second with one record for each event (as the router does) and with many events a record (as a bulk import would).
*Latency*: events come in at a steady rate; the time that `Router.submit` takes with and without a journal, and how long
`Journal.flushed` takes.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import uvloop

from acd_core import Distributor
from acd_core import events as ev
from acd_core.decisions import Decision, OfferMade
from acd_core.journal import Encoder, Header, Reader, Replay
from gateway.model.clock import LoopScheduler, SystemClock
from gateway.routing.journal import Journal
from gateway.routing.router import Router
from gateway.routing.segments import find_runs, read_run

AGENTS = 1000
QUEUES = 10
CONTACTS = 50_000
RATE_PER_S = 2000


def quantiles(times_ns: list[int]) -> dict[str, float]:
    ordered = sorted(times_ns)
    named = {"p50": 0.5, "p99": 0.99, "p999": 0.999, "max": 1.0}
    return {
        name: round(ordered[min(int(len(ordered) * part), len(ordered) - 1)] / 1000, 1) for name, part in named.items()
    }


def opening() -> Iterator[ev.Event]:
    for queue in range(QUEUES):
        yield ev.QueueConfigured(f"queue {queue}", 20_000, 0)
    for agent in range(AGENTS):
        served = frozenset({f"queue {agent % QUEUES}", f"queue {agent * 7 % QUEUES}"})
        yield ev.AgentSignedIn(f"agent {agent}", served, frozenset())
        yield ev.AgentReady(f"agent {agent}")


class Centre:
    """Contacts arrive, are answered and end; ``handle`` is whatever stands in for the distributor."""

    def __init__(self, handle: Callable[[ev.Event], list[Decision]]) -> None:
        self.handle = handle
        self.events = self.decisions = 0
        for event in opening():
            self.tell(event)

    def tell(self, event: ev.Event) -> list[Decision]:
        decisions = self.handle(event)
        self.events += 1
        self.decisions += len(decisions)
        return decisions

    def serve(self, number: int) -> None:
        contact = f"0190a1b2-{number:027}"
        decisions = self.tell(ev.ContactArrived(contact, f"queue {number % QUEUES}"))
        made = decisions[0]
        assert isinstance(made, OfferMade)
        self.tell(ev.OfferAccepted(made.offer, made.agent))
        self.tell(ev.ContactEnded(contact))


def plain(contacts: int) -> float:
    distributor, clock = Distributor(), SystemClock()
    centre = Centre(lambda event: distributor.handle(event, clock.now_ns()))
    start = time.perf_counter()
    before = centre.decisions
    for number in range(contacts):
        centre.serve(number)
    return (centre.decisions - before) / (time.perf_counter() - start)


async def journalled(folder: Path, contacts: int) -> float:
    """A record for each event, written at once; the group commit runs beside it."""
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
        before = centre.decisions
        for number in range(contacts):
            centre.serve(number)
            if number % 100 == 0:
                await asyncio.sleep(0)
        await journal.flushed()
        return (centre.decisions - before) / (time.perf_counter() - start)


def batched(folder: Path, contacts: int, size: int) -> float:
    distributor, clock, encoder = Distributor(), SystemClock(), Encoder()
    with (folder / "batched").open("wb", buffering=0) as file:
        file.write(encoder.begin(Header("batched", 0, clock.now_ns(), distributor.limits)))

        def handle(event: ev.Event) -> list[Decision]:
            now_ns = clock.now_ns()
            decisions = distributor.handle(event, now_ns)
            encoder.add(now_ns, event, decisions)
            if encoder.pending >= size:
                file.write(encoder.take())
            return decisions

        centre = Centre(handle)
        start = time.perf_counter()
        before = centre.decisions
        for number in range(contacts):
            centre.serve(number)
        file.write(encoder.take())
        os.fdatasync(file.fileno())
        return (centre.decisions - before) / (time.perf_counter() - start)


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

    gc.collect()
    gc.disable()
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
    gc.enable()
    router.stop()
    if journal is not None:
        await journal.__aexit__()
    return submits, flushes


def measure(folder: Path, contacts: int, seconds: float) -> dict[str, object]:
    gc.disable()
    rates = {
        "without": round(plain(contacts)),
        "one_event_a_record": round(uvloop.run(journalled(folder / "single", contacts))),
        "64_events_a_record": round(batched(folder, contacts, 64)),
    }
    (run,) = find_runs(folder / "single")
    size = sum(path.stat().st_size for path in run.segments)
    entries = sum(len(record.entries) for _, _, records in read_run(run) for record in records)
    start = time.perf_counter()
    data = run.segments[0].read_bytes()
    read = sum(len(record.entries) for record in Reader(data))
    read_s = time.perf_counter() - start
    header = Reader(data).header
    assert header is not None
    start = time.perf_counter()
    lived = Replay(Distributor, header)
    for _ in lived.play(Reader(data)):
        pass
    replay_s = time.perf_counter() - start
    gc.enable()
    without, _ = uvloop.run(latency(None, seconds))
    submits, flushes = uvloop.run(latency(folder / "latency", seconds))
    return {
        "journalled_decisions_per_s": rates["one_event_a_record"],
        "decisions_per_s": rates,
        "bytes_per_event": round(size / entries),
        "events_read_per_s": round(read / read_s),
        "events_replayed_per_s": round(lived.entries / replay_s),
        "crc32_bytes_per_s": crc_rate(),
        "submit_us": {"without": quantiles(without), "journalled": quantiles(submits)},
        "flushed_us": quantiles(flushes),
    }


def crc_rate() -> int:
    data = bytes(1 << 24)
    start = time.perf_counter()
    zlib.crc32(data)
    return round(len(data) / (time.perf_counter() - start))


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
