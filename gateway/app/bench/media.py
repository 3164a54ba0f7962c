"""``zentrale bench media``: the media plane under load, part by part, beside rtpengine when that is asked for.

The plane runs here; telephones, browsers and rtpengine run in processes of their own, so that the plane's threads tell
its cost alone by their own CPU clocks.  What each part measures, and what its keys mean: docs/howto/measure.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import resource
import sys
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import uvloop

from gateway.app.bench.media_churn import Churn, churn
from gateway.app.bench.media_handshakes import Handshakes, handshakes
from gateway.app.bench.media_parts import PARTS, PEERS, ROWS, SECONDS
from gateway.app.bench.media_rows import Measured, Point, Recording, Row, flat, recording, row
from gateway.app.bench.media_rtpengine import Rtpengine
from gateway.media.loadgen import NICE
from gateway.media.plane import Priority
from gateway.model.errors import ZentraleError

FLAT_SECONDS = 4.0
"""At most, for each number of calls."""

HANDSHAKES_PER_SECOND = 100
"""So many are done for each second of measuring."""
BRIDGES = 10_000
AUTOGROUP = Path("/proc/self/autogroup")


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    cores: int
    load: list[float]
    """Of the last minute, before and after: above the number of cores others were at work, too."""


class Report(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Only what was asked for is there."""

    machine: Machine
    relay: Row | None = None
    relay_gcm: Row | None = None
    transcode: Row | None = None
    recording: Recording | None = None
    flat: list[Point] | None = None
    handshakes_per_s: float | None = None
    handshakes: Handshakes | None = None
    churn: Churn | None = None

    @property
    def rows(self) -> dict[str, Row]:
        named = {"relay": self.relay, "relay_gcm": self.relay_gcm, "transcode": self.transcode}
        return {name: found for name, found in named.items() if found is not None}

    @property
    def faults(self) -> list[str]:
        """What may not be, whatever the machine."""
        lost = {name: found.lost for name, found in self.rows.items()}
        if self.recording is not None:
            lost["recording"] = self.recording.lost
        for point in self.flat or ():
            lost[f"flat, {point.calls} calls"] = point.lost
        found = [f"{name}: {count} packets lost" for name, count in lost.items() if count]
        return found + (self.churn.faults if self.churn is not None else [])


async def measure(
    *,
    calls: int | None = None,
    seconds: float = SECONDS,
    only: Sequence[str] = (),
    against: str | None = None,
    priority: Priority = "nice",
) -> Report:
    """Measure the parts named, or all.  ``seconds`` for each row and subject; ``priority`` of the rows' media threads.

    Raises `RequestError` when the peer is not installed, `InternalError` when it or the load generator fails.
    """
    parts = only or PARTS
    before = os.getloadavg()[0]
    found: dict[str, object] = {}
    allow_files()
    async with AsyncExitStack() as stack:
        peer = None
        if against is not None and any(part in ROWS for part in parts):
            peer = await stack.enter_async_context(Rtpengine(realtime=priority == "realtime"))
        for name in ROWS:
            if name in parts:
                found[name] = await row(name, calls, seconds, peer, priority)
    if "recording" in parts:
        found["recording"] = await recording(calls, seconds)
    if "flat" in parts:
        found["flat"] = await flat(min(seconds, FLAT_SECONDS))
    if "handshakes" in parts:
        found["handshakes"] = shaken = await handshakes(max(int(seconds * HANDSHAKES_PER_SECOND), 1))
        found["handshakes_per_s"] = shaken.per_second
    if "churn" in parts:
        found["churn"] = await churn(BRIDGES)
    machine = Machine(cores=os.cpu_count() or 1, load=[round(load, 2) for load in (before, os.getloadavg()[0])])
    return msgspec.convert({"machine": machine, **found}, Report, from_attributes=True)


def allow_files() -> None:
    """Raise the limit of open files to what the system allows.

    A telephone's leg has two sockets, and the usual limit of 1024 is for programs that know select(2) only."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@contextlib.contextmanager
def first_in_line() -> Iterator[None]:
    """Put this session's programs before those of other sessions while it measures.

    Linux shares the processor among sessions first (sched(7), autogroup), so that the priority of a thread counts
    within its session alone.  Without the right to it, or without autogroups, nothing changes.
    """
    try:
        before = re.search(r"nice (-?\d+)", AUTOGROUP.read_text())
        AUTOGROUP.write_text(str(NICE))
    except OSError:
        before = None
    try:
        yield
    finally:
        if before is not None:
            with contextlib.suppress(OSError):
                AUTOGROUP.write_text(before[1])


def run(
    *,
    calls: int | None = None,
    seconds: float = SECONDS,
    only: Sequence[str] = (),
    against: str | None = None,
    priority: Priority = "nice",
    as_json: bool = False,
) -> int:
    """Measure and print.  The exit status is 1 when the plane lost a packet, or when it could not be measured."""
    try:
        # The loop that the gateway runs on: handshakes go through it.
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, first_in_line():
            report = runner.run(measure(calls=calls, seconds=seconds, only=only, against=against, priority=priority))
    except ZentraleError as error:
        print(f"zentrale bench media: {error}", file=sys.stderr)
        return 1
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(report), indent=2).decode())
    else:
        _print(report)
    for fault in report.faults:
        print(f"zentrale bench media: {fault}", file=sys.stderr)
    return 1 if report.faults else 0


def _print(report: Report) -> None:
    for name, found in report.rows.items():
        _print_row(name, found)
        if found.peer is not None:
            _print_row(f"  {PEERS[0]}", found.peer)
            print(f"  ratio      {found.ratio_calls_per_core} times as many calls per core")
    if report.recording is not None:
        taped = report.recording
        print(f"recording    {taped.calls} calls: {taped.added_percent} % more CPU than without ({taped.lost} lost)")
    for point in report.flat or ():
        print(
            f"flat         {point.calls} calls: {point.cpu_percent_per_call} % of a core for each ({point.lost} lost)"
        )


def _print_row(name: str, one: Measured) -> None:
    print(
        f"{name:12} {one.calls} calls, {one.cipher}, {one.packets} packets: {one.lost} lost, "
        f"{one.cpu_percent_per_call} % of a core per call ({one.calls_per_core} calls per core), "
        f"delay {one.delay_us.p50} us (99 %: {one.delay_us.p99} us)"
    )
    if one.quality is not None:
        quality = one.quality
        print(
            f"{'':12} speech changed by {quality.to_phone_db} dB on its way to telephones, by "
            f"{quality.to_browser_db} dB to browsers, at {quality.opus_kbit_s} kbit/s"
        )
