"""Calls under load, and the rows that come of them: what is lost, how late it is, what a call costs.

A row is of one subject or of two side by side; two take turns under the same load, so that a machine's mood meets both.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median_low

import msgspec

from gateway.app.bench.media_load import generator
from gateway.app.bench.media_subject import GCM, HMAC_SHA1_80, HOST, Cipher, Counted, PlaneCalls, Subject, rtp_ports
from gateway.app.bench.process import thread_times
from gateway.media import MediaPlane
from gateway.media.loadgen import Addresses, CallPlan, Figures, Plan
from gateway.media.plane import Priority

TURN_S = 2.5
"""About so long is a turn, when there are several."""
FLAT_CALLS = (10, 50, 100, 200, 500)
CAPTURE_THREAD = "capture"


class Kind(msgspec.Struct, frozen=True):
    """What a row's calls are."""

    cipher: Cipher
    opus: bool
    calls: int
    """At once, when not said otherwise."""


KINDS = {
    "relay": Kind(HMAC_SHA1_80, False, 100),
    "relay_gcm": Kind(GCM, False, 100),
    "transcode": Kind(HMAC_SHA1_80, True, 30),
}


class Delay(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """In microseconds; of several turns the median, of `max` the worst."""

    p50: int
    p99: int
    max: int
    to_phone_p50: int | None = None
    """Where it is transcoded, by who heard it."""
    to_browser_p50: int | None = None
    to_phone_beyond_buffer: int | None = None
    """Of that what the jitter buffer does not account for: codecs, the 20 ms clock, the way."""
    to_browser_beyond_buffer: int | None = None


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """How much speech was changed on its way: r.m.s. difference of its spectrum in critical bands, in dB; 0 is best."""

    to_phone_db: float
    to_browser_db: float
    opus_kbit_s: float
    """What browsers were sent."""
    compared_s: float
    unmatched_s: float
    """Said, and not to be found in what was heard."""


class Measured(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One subject's figures; see docs/howto/measure.md."""

    calls: int
    seconds: float
    cipher: str
    packets: int
    lost: int
    unauthentic: int
    cpu_percent_per_call: float
    calls_per_core: int
    delay_us: Delay
    generator_late: int
    """Packets that the generator itself sent over 5 ms late or lost: then the machine is too small."""
    ticks_late: int | None = None
    quality: Quality | None = None


class Row(Measured, frozen=True, kw_only=True, omit_defaults=True):
    peer: Measured | None = None
    ratio_calls_per_core: float | None = None


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    calls: int
    seconds: float
    lost: int
    relay_cpu_percent_per_call: float
    cpu_percent_per_call: float
    """With every call recorded: media threads and the capture writer."""
    writer_cpu_percent_per_call: float
    added_percent: float
    bytes_per_call_s: int


class Point(msgspec.Struct, frozen=True, kw_only=True):
    calls: int
    cpu_percent_per_call: float
    lost: int
    generator_late: int


class Round(msgspec.Struct, frozen=True):
    figures: Figures
    counted: Counted
    cpu_ns: int


@asynccontextmanager
async def media_plane(calls: int, priority: Priority = "nice") -> AsyncIterator[MediaPlane]:
    """A plane of its own, with one thread, on this event loop."""
    plane = MediaPlane(addresses=[HOST], rtp_ports=rtp_ports(), legs_max=2 * calls, priority=priority)
    plane.start(asyncio.get_running_loop())
    try:
        yield plane
    finally:
        await plane.close()


async def talk(subject: Subject, calls: int, seconds: float, cipher: Cipher, *, opus: bool) -> Round:
    """Let so many calls talk through the subject, once."""
    async with generator(calls) as load:
        plans = await subject.open(load.addresses, cipher, opus=opus)
        await load.connect(Plan(host=HOST, profile=cipher.dtls, seconds=seconds, opus=opus, calls=plans))
        began_ns = subject.cpu_ns()
        figures = await load.talk(seconds)
        spent_ns = subject.cpu_ns() - began_ns
        return Round(figures, await subject.close(), spent_ns)


async def talk_through_plane(calls: int, seconds: float, kind: Kind, priority: Priority = "nice") -> Round:
    async with media_plane(calls, priority) as plane:
        return await talk(PlaneCalls(plane), calls, seconds, kind.cipher, opus=kind.opus)


async def row(
    name: str, calls: int | None, seconds: float, peer: Subject | None = None, priority: Priority = "nice"
) -> Row:
    """Measure one of `KINDS` for ``seconds``; with a peer, each for as long, by turns."""
    kind = KINDS[name]
    calls = calls or kind.calls
    ours: list[Round] = []
    theirs: list[Round] = []
    for part_s in _turns(seconds):
        ours.append(await talk_through_plane(calls, part_s, kind, priority))
        if peer is not None:
            theirs.append(await talk(peer, calls, part_s, kind.cipher, opus=kind.opus))
    own = _measured(ours, calls, seconds, kind)
    if not theirs:
        return Row(**msgspec.structs.asdict(own))
    return Row(
        **msgspec.structs.asdict(own),
        peer=_measured(theirs, calls, seconds, kind),
        ratio_calls_per_core=round(_cpu_ns(theirs) / _cpu_ns(ours), 2),
    )


def _turns(seconds: float) -> list[float]:
    turns = max(round(seconds / TURN_S), 1)
    return [seconds / turns] * turns


def percent_per_call(cpu_ns: int, calls: int, seconds: float) -> float:
    return cpu_ns / (seconds * 1e9) * 100 / calls


def _cpu_ns(rounds: Sequence[Round]) -> int:
    return sum(one.cpu_ns for one in rounds)


def _measured(rounds: Sequence[Round], calls: int, seconds: float, kind: Kind) -> Measured:
    heard = [one.figures for one in rounds]
    percent = percent_per_call(_cpu_ns(rounds), calls, seconds)
    ticks = [one.counted.ticks_late for one in rounds if one.counted.ticks_late is not None]
    return Measured(
        calls=calls,
        seconds=seconds,
        cipher=kind.cipher.sdes,
        packets=sum(each.sent for each in heard),
        lost=sum(one.figures.lost + one.counted.lost for one in rounds),
        unauthentic=sum(each.unauthentic for each in heard),
        cpu_percent_per_call=round(percent, 4),
        calls_per_core=int(100 / percent) if percent else 0,
        delay_us=Delay(
            p50=median_low(each.delay_p50_us for each in heard),
            p99=median_low(each.delay_p99_us for each in heard),
            max=max(each.delay_max_us for each in heard),
            to_phone_p50=median_low(each.delay_to_phone_us for each in heard) if kind.opus else None,
            to_browser_p50=median_low(each.delay_to_browser_us for each in heard) if kind.opus else None,
            to_phone_beyond_buffer=_beyond(
                (one.figures.delay_to_phone_us, one.counted.browser_buffer_us) for one in rounds if kind.opus
            ),
            to_browser_beyond_buffer=_beyond(
                (one.figures.delay_to_browser_us, one.counted.phone_buffer_us) for one in rounds if kind.opus
            ),
        ),
        generator_late=sum(each.late + each.overflowed for each in heard),
        ticks_late=sum(ticks) if ticks else None,
        quality=_quality(heard) if kind.opus else None,
    )


def _beyond(delays: Iterable[tuple[int, int | None]]) -> int | None:
    """Median of the delays less what the jitter buffers held, where that is known."""
    rest = [delay_us - buffer_us for delay_us, buffer_us in delays if buffer_us is not None]
    return median_low(rest) if rest else None


def _quality(heard: Sequence[Figures]) -> Quality:
    packets = sum(each.opus_packets for each in heard)
    return Quality(
        to_phone_db=round(sum(each.to_phone_db for each in heard) / len(heard), 2),
        to_browser_db=round(sum(each.to_browser_db for each in heard) / len(heard), 2),
        opus_kbit_s=round(sum(each.opus_octets for each in heard) * 8 * 50 / max(packets, 1) / 1000, 1),
        compared_s=sum(each.compared_ms for each in heard) / 1000,
        unmatched_s=sum(each.unmatched_ms for each in heard) / 1000,
    )


# --- what a call costs with a recording, and among few or many -------------------------------------------------------


class _RecordedCalls(PlaneCalls):
    """The same calls with the recording tap on, from the first packet to the last."""

    def __init__(self, plane: MediaPlane, folder: Path) -> None:
        super().__init__(plane)
        self._folder = folder

    async def open(self, ends: Addresses, cipher: Cipher, *, opus: bool) -> list[CallPlan]:
        plans = await super().open(ends, cipher, opus=opus)
        for number, (left, right) in enumerate(zip(self.legs[::2], self.legs[1::2], strict=True)):
            self.plane.start_capture(left, right, os.fspath(self._folder / f"{number}.capture"))
        return plans


async def recording(calls: int | None, seconds: float) -> Recording:
    """Relayed calls without and with a recording of each, by turns."""
    kind = KINDS["relay"]
    calls = calls or kind.calls
    plain: list[Round] = []
    taped: list[Round] = []
    writer_ns = size = 0
    for part_s in _turns(seconds):
        plain.append(await talk_through_plane(calls, part_s, kind))
        with tempfile.TemporaryDirectory(prefix="zentrale-bench-") as folder:
            async with media_plane(calls) as plane:
                subject = _RecordedCalls(plane, Path(folder))
                taped.append(await talk(subject, calls, part_s, kind.cipher, opus=False))
                writer_ns += round(thread_times(os.getpid())[CAPTURE_THREAD].on_cpu_s * 1e9)
            size += _octets(Path(folder))
    relay = percent_per_call(_cpu_ns(plain), calls, seconds)
    recorded = percent_per_call(_cpu_ns(taped) + writer_ns, calls, seconds)
    return Recording(
        calls=calls,
        seconds=seconds,
        lost=sum(one.figures.lost + one.counted.lost for one in taped),
        relay_cpu_percent_per_call=round(relay, 4),
        cpu_percent_per_call=round(recorded, 4),
        writer_cpu_percent_per_call=round(percent_per_call(writer_ns, calls, seconds), 4),
        added_percent=round((recorded / relay - 1) * 100, 1),
        bytes_per_call_s=int(size / calls / seconds),
    )


def _octets(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


async def flat(seconds: float, counts: Sequence[int] = FLAT_CALLS) -> list[Point]:
    """What a relayed call costs among few and among many."""
    points = []
    for calls in counts:
        one = await talk_through_plane(calls, seconds, KINDS["relay"])
        points.append(
            Point(
                calls=calls,
                cpu_percent_per_call=round(percent_per_call(one.cpu_ns, calls, seconds), 4),
                lost=one.figures.lost + one.counted.lost,
                generator_late=one.figures.late + one.figures.overflowed,
            )
        )
    return points
