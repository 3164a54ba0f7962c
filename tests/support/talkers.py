"""Telephones that speak: each says a tone of its own without a pause, so that what another one hears is told apart."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import TypeVar

import numpy as np

from gateway.media._stages import OpusDecoder, OpusEncoder, decode_g711, encode_g711
from gateway.model.ids import Codec
from tests.support.audio_probe import Pcm, pcm, sine
from tests.support.media_peers import Browser, Phone, Rtp
from tests.support.media_world import OPUS, PCMA, PCMU
from tests.support.patience import PATIENCE_S
from tests.support.sound import level

RATE = 8000
FRAME = 160
STUMBLE_S = 0.045
"""So late a jitter buffer has little left to give."""

T = TypeVar("T")


class Paced:
    """Says one thing after the other, 20 ms apart, from construction to `stop`."""

    def __init__(self) -> None:
        self.sent = 0
        self._start_s = self._due_s = asyncio.get_running_loop().time()
        self._stumbles = 0
        self._task = asyncio.create_task(self._talk())

    def say(self, number: int) -> None:
        raise NotImplementedError

    async def _talk(self) -> None:
        while True:
            self.say(self.sent)
            self.sent += 1
            self._due_s = self._start_s + 0.02 * self.sent
            # The pace of speech; nothing is waited for.
            await asyncio.sleep(self._due_s - asyncio.get_running_loop().time())
            self._stumbles += self._is_late()

    def _is_late(self) -> bool:
        return asyncio.get_running_loop().time() - self._due_s > STUMBLE_S

    @property
    def stumbles(self) -> int:
        """How often it has been late so far, now included."""
        return self._stumbles + self._is_late()

    def stop(self) -> None:
        self._task.cancel()


class OpusTalker(Paced):
    """A browser that says a tone in Opus."""

    def __init__(self, browser: Browser, tone_hz: float, *, bit_rate: int = 24_000) -> None:
        self._browser, self._tone_hz, self._encoder = browser, tone_hz, OpusEncoder(48_000, bit_rate)
        super().__init__()

    def say(self, number: int) -> None:
        tone = sine(self._tone_hz, 48_000, 960, start=960 * number, amplitude=6000)
        self._browser.send(self._encoder.encode(tone.tobytes()), OPUS)


class Talker(Paced):
    """A telephone that says a tone in G.711; the tone goes on through whatever is done with the call."""

    def __init__(self, phone: Phone, tone_hz: float, *, codec: Codec = Codec.PCMA, amplitude: float = 6000) -> None:
        self.phone = phone
        self.tone_hz = tone_hz
        self._codec = codec
        self._amplitude = amplitude
        super().__init__()

    def say(self, number: int) -> None:
        tone = sine(self.tone_hz, RATE, FRAME, start=FRAME * number, amplitude=self._amplitude)
        law = "pcma" if self._codec is Codec.PCMA else "pcmu"
        self.phone.send(encode_g711(law, tone.tobytes()), PCMA if law == "pcma" else PCMU)

    async def hears(self, packets: int) -> list[Rtp]:
        """The next so many packets that come from now on."""
        self.phone.read()  # what has come already, and waits in the socket, is not of now
        before = len(self.phone.packets)
        await self.phone.until(lambda: len(self.phone.packets) >= before + packets, f"{packets} packets")
        return self.phone.packets[before : before + packets]


async def in_step(talkers: Collection[Paced], attempt: Callable[[], Awaitable[T]]) -> T:
    """What an attempt brings during which all of them kept pace.

    A talker is a task of the test's own loop: when the machine has no time for it, it pauses, and the plane conceals
    and then sends silence, as it must.  What is heard meanwhile says nothing of the plane, so it is tried anew.
    """
    async with asyncio.timeout(PATIENCE_S):
        while True:
            before = [talker.stumbles for talker in talkers]
            outcome = await attempt()
            if before == [talker.stumbles for talker in talkers]:
                return outcome


async def until_heard(listener: Talker, tone_hz: float, among: Iterable[float], packets: int = 15) -> None:
    """So many packets in a row that have this tone of those in them, and never one that has another.

    Packets without any tone prove nothing (`in_step` says why), and the next ones are looked at.
    """
    async with asyncio.timeout(PATIENCE_S):
        while not (found := tones_in(decoded(await listener.hears(packets)), among)):
            pass
    assert found == {tone_hz}


def decoded(packets: Iterable[Rtp]) -> Pcm:
    """Sound of G.711 packets, or (at 48 kHz) of Opus packets; telephone events are left out."""
    opus = OpusDecoder(48000)
    parts = []
    for packet in packets:
        if packet.payload_type == OPUS:
            parts.append(opus.decode(packet.payload))
        elif packet.payload_type in (PCMA, PCMU):
            parts.append(decode_g711("pcma" if packet.payload_type == PCMA else "pcmu", packet.payload))
    return pcm(b"".join(parts))


def tone_level(samples: Pcm, tone_hz: float, rate: int = RATE) -> float:
    """Amplitude of a tone in the sound, whatever else there is."""
    return level(samples.astype(float), rate, tone_hz)


def tones_in(samples: Pcm, tones_hz: Iterable[float], rate: int = RATE, *, least: float = 1500) -> set[float]:
    """Which of the tones can be heard."""
    return {tone for tone in tones_hz if tone_level(samples, tone, rate) > least}


def largest_step(samples: Pcm) -> int:
    """Between two samples that follow each other."""
    return int(np.max(np.abs(np.diff(samples.astype(int)))))


def longest_silence_ms(samples: Pcm, rate: int = RATE, *, below: int = 500) -> float:
    """The longest stretch that stays below the level."""
    longest = run = 0
    for quiet in np.abs(samples.astype(int)) < below:
        run = run + 1 if quiet else 0
        longest = max(longest, run)
    return 1000 * longest / rate
