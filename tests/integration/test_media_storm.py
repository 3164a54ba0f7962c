"""All threads of the plane at once: media threads, capture writer, loaders of sounds and finishers of recordings, while
legs come and go and packets flood in.  By itself it shows that nothing hangs or is left; under ThreadSanitizer
(`make sanitize`) it is where a missing lock would be seen.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.model.errors import CapacityError
from gateway.model.ids import Codec, LegId
from gateway.model.media import CaptureFinished, LegClosed, RtpPeer
from recordings.finisher import finish
from tests.support.audio_probe import sine
from tests.support.media_peers import Rtp
from tests.support.media_world import MediaWorld, tone_frames

TURNS, LEGS, THREADS = 600, 12, 2
NUMBERS = {Codec.PCMA: 8, Codec.PCMU: 0, Codec.G722: 9}


class Flood:
    """A thread that sends a tone from one port to whoever there is, as fast as it may."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        self.targets: list[tuple[str, int]] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._send)
        self._thread.start()

    def _send(self) -> None:
        sequence = 0
        payloads = tone_frames(500, 50)
        while not self._stopping.wait(0.001):
            for target in tuple(self.targets):
                packet = Rtp(8, sequence & 0xFFFF, 160 * sequence & 0xFFFFFFFF, 7, payloads[sequence % 50])
                self.socket.sendto(packet.pack(), target)
            sequence += 1

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()
        self.socket.close()


@pytest.fixture
def floods() -> Iterator[list[Flood]]:
    both = [Flood() for _ in range(THREADS)]
    yield both
    for flood in both:
        flood.stop()


class Storm:
    """What is going on at once; legs of one media thread are a group."""

    def __init__(self, world: MediaWorld, floods: list[Flood], folder: Path) -> None:
        self.world, self.plane, self.floods, self.folder = world, world.plane, floods, folder
        self.chance = random.Random(1)
        self.opened = [self.plane.open_rtp_leg(world.listener)[0] for _ in range(THREADS)]
        self.near = list(self.opened)
        self.conferences = [self.plane.name_conference(near=leg) for leg in self.near]
        self.groups: list[list[LegId]] = [[] for _ in range(THREADS)]
        self.loads: list[asyncio.Task[None]] = []
        self.finishes: dict[str, asyncio.Task[object]] = {}
        self.captures = 0

    def open_leg(self, group: int) -> None:
        leg, address, port = self.plane.open_rtp_leg(self.world.listener, near=self.near[group])
        codec = self.chance.choice(list(NUMBERS))
        peer = RtpPeer(address="127.0.0.1", port=self.floods[group].port, codec=codec, payload_type=NUMBERS[codec])
        self.plane.set_rtp_peer(leg, peer)
        self.floods[group].targets.append((address, port))
        self.groups[group].append(leg)
        self.opened.append(leg)

    def load(self) -> None:
        pcm = sine(self.chance.choice([300, 600]), 8000, 1600).tobytes()
        name = f"sound {len(self.loads)}"
        self.loads.append(asyncio.create_task(asyncio.to_thread(self.plane.add_pcm, name, pcm, rate_hz=8000)))

    def finish_captures(self) -> None:
        for event in self.world.events:
            if isinstance(event, CaptureFinished) and not event.error and event.path not in self.finishes:
                path = Path(event.path)
                done = asyncio.to_thread(finish, path, path.with_suffix(".opus"))
                self.finishes[event.path] = asyncio.create_task(done)

    def command(self, group: int) -> None:
        legs, plane = self.groups[group], self.plane
        leg, other = self.chance.choice(legs), self.chance.choice(legs)
        match self.chance.randint(0, 9):
            case 0 | 1:
                plane.bridge(leg, other)
            case 2 | 3:
                plane.join(self.conferences[group], leg)
            case 4:
                plane.play(leg, self.chance.choice(list(plane.sounds)), loop=True)
            case 5:
                plane.announce(leg, "sound 0")
            case 6:
                self.captures += 1
                plane.start_capture(leg, other, str(self.folder / f"{self.captures}.capture"))
            case 7:
                plane.stop_capture(leg)
            case 8:
                plane.send_digits(leg, "12")
            case _:
                legs.remove(leg)
                plane.close_leg(leg)

    async def end(self) -> None:
        for leg in self.opened:
            self.plane.close_leg(leg)
        await self.world.until(lambda: all(self.world.events_of(leg, LegClosed) for leg in self.opened))
        ended = CaptureFinished
        await self.world.until(lambda: sum(isinstance(event, ended) for event in self.world.events) == self.captures)
        self.finish_captures()
        await asyncio.gather(*self.loads, *self.finishes.values())


async def test_all_threads_at_once(floods: list[Flood], tmp_path: Path) -> None:
    world = MediaWorld(threads=THREADS)
    storm = Storm(world, floods, tmp_path)
    storm.load()
    await storm.loads[0]
    for turn in range(TURNS):
        group = turn % THREADS
        if len(storm.groups[group]) < LEGS // THREADS:
            storm.open_leg(group)
        with contextlib.suppress(CapacityError):
            storm.command(group)
        if turn % 10 == 0:
            await asyncio.sleep(0.003)  # some wake-ups of all threads
        if turn % 60 == 0:
            storm.load()
            storm.finish_captures()
    await storm.end()
    counted = world.plane.statistics()
    assert [one.legs for one in counted] == [0] * THREADS
    assert all(one.packets_in and one.mixed for one in counted)
    assert len(storm.finishes) == storm.captures > 10
    await world.close()
