"""Bridges set up and torn down by the thousand, with packets flowing: does anything stay behind?

They come in waves, relayed and transcoded by turns, one in ten with a recording.  Each wave is torn down while its
telephones and browsers are still sending.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

import msgspec

from gateway.app.bench.media_load import Generator, generator
from gateway.app.bench.media_rows import media_plane
from gateway.app.bench.media_subject import HMAC_SHA1_80, HOST, PlaneCalls
from gateway.media import MediaPlane
from gateway.media.loadgen import Plan
from gateway.model.media import CaptureFinished, MediaEvent

AT_ONCE = 250
TALK_S = 0.2
TEAR_DOWN_S = 0.12
DRAIN_MS = 20
RECORDED_EVERY = 10
WARM_WAVES = 4
"""Before the first look: what is made once and kept (the allocator's pools).

Even, as is the number of all: both looks follow a wave of the same way."""
KBYTE_PER_BRIDGE_MAX = 0.2


class Holdings(msgspec.Struct, frozen=True, kw_only=True):
    """What the process holds when no call is up."""

    rss_kb: int
    descriptors: int
    threads: int


class Churn(msgspec.Struct, frozen=True, kw_only=True):
    bridges: int
    at_once: int
    packets: int
    """Heard by telephones and browsers."""
    recordings: int
    before: Holdings
    after: Holdings
    legs_left: int

    @property
    def faults(self) -> list[str]:
        """What has grown and may not."""
        found = []
        for name in ("descriptors", "threads"):
            was, now = getattr(self.before, name), getattr(self.after, name)
            if now > was:
                found.append(f"churn: {name} grew from {was} to {now}")
        grown_kb = self.after.rss_kb - self.before.rss_kb
        if grown_kb > KBYTE_PER_BRIDGE_MAX * self.bridges:
            found.append(f"churn: memory grew by {grown_kb} kB over {self.bridges} bridges")
        if self.legs_left:
            found.append(f"churn: {self.legs_left} legs are left")
        return found


def holdings() -> Holdings:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Holdings(
        rss_kb=pages * os.sysconf("SC_PAGE_SIZE") // 1024,
        descriptors=len(os.listdir("/proc/self/fd")),
        threads=len(os.listdir("/proc/self/task")),
    )


class _Wave(PlaneCalls):
    def __init__(self, plane: MediaPlane, folder: Path) -> None:
        super().__init__(plane)
        self._folder = folder
        self._finished = asyncio.Event()
        self._captures = 0
        self.recordings = 0

    def record_some(self) -> None:
        for number in range(0, len(self.legs), 2 * RECORDED_EVERY):
            left, right = self.legs[number], self.legs[number + 1]
            self.plane.listen(left, self._listen)
            self.plane.start_capture(left, right, os.fspath(self._folder / f"{left}.capture"))
            self._captures += 1
            self._finished.clear()

    def _listen(self, event: MediaEvent) -> None:
        if isinstance(event, CaptureFinished):
            self._captures -= 1
            self.recordings += 1
            if self._captures == 0:
                self._finished.set()

    async def wait_recorded(self) -> None:
        await self._finished.wait()


async def _run_wave(wave: _Wave, load: Generator, *, opus: bool) -> int:
    """Set up, talk, tear down meanwhile.  Returns the packets heard."""
    plans = await wave.open(load.addresses, HMAC_SHA1_80, opus=opus)
    wave.record_some()
    await load.connect(
        Plan(host=HOST, profile=HMAC_SHA1_80.dtls, seconds=TALK_S, drain_ms=DRAIN_MS, opus=opus, calls=plans)
    )
    talking = asyncio.create_task(load.talk(TALK_S))
    await asyncio.sleep(TEAR_DOWN_S)
    await wave.close()
    await wave.wait_recorded()
    return (await talking).received


async def churn(bridges: int, at_once: int = AT_ONCE) -> Churn:
    """Set up and tear down at least so many bridges, ``at_once`` at a time; looks at the process before and after."""
    waves = 2 * max(-(-bridges // at_once // 2), 2)
    warm = min(WARM_WAVES, waves // 4 * 2)
    packets = 0
    before = holdings()
    with tempfile.TemporaryDirectory(prefix="zentrale-bench-") as folder:
        async with media_plane(2 * at_once) as plane, generator(at_once) as load:
            wave = _Wave(plane, Path(folder))
            for number in range(waves):
                packets += await _run_wave(wave, load, opus=number % 2 == 1)
                if number + 1 == warm:
                    before = holdings()
            return Churn(
                bridges=waves * at_once,
                at_once=at_once,
                packets=packets,
                recordings=wave.recordings,
                before=before,
                after=holdings(),
                legs_left=sum(thread.legs for thread in plane.statistics()),
            )
