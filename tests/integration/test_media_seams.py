"""A tone goes on while the way through the plane changes: no click, no gap in the numbers, little that is made up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from gateway.model.ids import Codec, LegId
from tests.support.audio_probe import Pcm, sine
from tests.support.media_peers import Rtp
from tests.support.media_world import MediaWorld, write_tone
from tests.support.talkers import (
    RATE,
    OpusTalker,
    Talker,
    decoded,
    in_step,
    largest_step,
    longest_silence_ms,
    tone_level,
)

TONE_HZ = 713.0
"""Not a whole number of periods in a frame: else it is zero wherever it may be cut off."""

SLOPE = 2 * np.pi * TONE_HZ * 6000 / RATE
"""The largest step that the tone itself makes from one sample to the next."""
STEP_MAX = 1.2 * SLOPE
"""With what A-law rounds, and what a seam adds: at most twice the amplitude within 10 ms."""
GAP_MAX_MS = 60
"""Silence that a change of the way may cost; what is heard of it is less."""


@pytest.fixture
async def world() -> AsyncIterator[MediaWorld]:
    world = MediaWorld()
    yield world
    await world.close()


class Call(NamedTuple):
    speaker: LegId
    listener: LegId
    talking: Talker
    listening: Talker

    async def heard(self, change: Callable[[], Awaitable[None]]) -> list[Rtp]:
        """What the listener hears while the way through the plane is changed."""
        packets = self.listening.phone.packets

        async def attempt() -> list[Rtp]:
            self.listening.phone.read()
            start = len(packets)
            await change()
            return packets[start:]

        return await in_step([self.talking, self.listening], attempt)


@pytest.fixture
async def call(world: MediaWorld) -> AsyncIterator[Call]:
    """Two telephones that are relayed; the second one, the listener, hears the first one's tone."""
    (speaker, phone), (listener, heard) = world.phone(), world.phone()
    world.plane.bridge(speaker, listener)
    talking = Talker(phone, TONE_HZ)
    listening = Talker(heard, 0)  # says nothing, but keeps its side open
    await listening.hears(20)
    yield Call(speaker, listener, talking, listening)
    talking.stop()
    listening.stop()


def assert_seamless(packets: list[Rtp]) -> None:
    for before, after in pairwise(packets):
        assert (after.sequence - before.sequence) & 0xFFFF == 1
        step = (after.timestamp - before.timestamp) & 0xFFFFFFFF
        assert step in (160, 320), "at most one packet's time is left out"
    heard = decoded(packets)
    assert largest_step(heard) < STEP_MAX
    assert longest_silence_ms(heard) < GAP_MAX_MS


async def test_relay_mix_relay_as_a_supervisor_comes_and_goes(world: MediaWorld, call: Call) -> None:
    conference = world.plane.name_conference(near=call.speaker)
    supervisor, _ = world.phone()

    async def come_and_go() -> None:
        world.plane.join(conference, call.speaker)
        world.plane.join(conference, call.listener)
        await call.listening.hears(5)
        before = world.plane.statistics()[0].mixed
        world.plane.join(conference, supervisor, heard_by=[])
        await call.listening.hears(15)
        assert world.plane.statistics()[0].mixed > before
        world.plane.leave(supervisor)
        await call.listening.hears(15)

    for _ in range(3):
        packets = await call.heard(come_and_go)
        assert_seamless(packets)
        assert tone_level(decoded(packets[-10:]), TONE_HZ) == pytest.approx(6000, rel=0.1)


async def test_hold_with_music_and_resume(world: MediaWorld, call: Call, tmp_path: Path) -> None:
    world.plane.add_sound("music", write_tone(tmp_path / "music.wav", 440, 1000))

    async def hold_and_resume() -> None:
        world.plane.play(call.listener, "music", loop=True)
        await call.listening.hears(9)
        world.plane.bridge(call.speaker, call.listener)
        await call.listening.hears(9)

    for _ in range(4):
        packets = await call.heard(hold_and_resume)
        assert_seamless(packets)
        assert tone_level(decoded(packets[-7:]), TONE_HZ) == pytest.approx(6000, rel=0.1)
        assert tone_level(decoded(packets), 440) > 1000


@pytest.mark.parametrize("third", [Codec.OPUS, Codec.PCMA])
async def test_opus_from_relay_to_mix_and_back(world: MediaWorld, third: Codec) -> None:
    """No gap and no silence; but a step where another encoder's frames begin, which is not ours to join (0016)."""
    (speaker, browser), (listener, heard) = await world.browser(Codec.OPUS), await world.browser(Codec.OPUS)
    supervisor, _ = await world.browser(Codec.OPUS) if third is Codec.OPUS else world.phone()
    conference = world.plane.name_conference(near=speaker)
    world.plane.join(conference, speaker)
    world.plane.join(conference, listener)
    talking = OpusTalker(browser, TONE_HZ, bit_rate=64_000)

    async def hears(packets: int) -> None:
        heard.read()
        before = len(heard.packets)
        await heard.until(lambda: len(heard.packets) >= before + packets)

    async def come_and_go() -> Pcm:
        heard.read()
        start = len(heard.packets)
        world.plane.join(conference, supervisor, heard_by=[])
        await hears(15)
        world.plane.leave(supervisor)
        await hears(10)
        # All of them: a decoder of Opus has to know what came before.
        return decoded(heard.packets)[960 * start :]

    await hears(15)
    for _ in range(3):
        sound = await in_step([talking], come_and_go)
        assert longest_silence_ms(sound, 48000) < GAP_MAX_MS
        assert tone_level(sound[-5 * 960 :], TONE_HZ, 48000) == pytest.approx(6000, rel=0.1)
    talking.stop()
    assert world.plane.statistics()[0].mixed > 0
    for before, after in pairwise(heard.packets):
        assert (after.sequence - before.sequence) & 0xFFFF == 1


async def test_sound_falls_silent_without_a_click(world: MediaWorld, call: Call) -> None:
    async def fall_silent() -> None:
        world.plane.bridge(call.speaker, call.listener)
        await call.listening.hears(10)
        world.plane.stop(call.listener)
        await call.listening.hears(6)

    heard = decoded(await call.heard(fall_silent))
    assert largest_step(heard) < STEP_MAX
    assert not np.any(np.abs(heard[-320:].astype(int)) > 8)


async def test_a_change_of_law_in_the_middle_of_a_call(world: MediaWorld, call: Call) -> None:
    """Relay to recode: what was heard last in the other law is no measure for what comes."""
    listening = call.listening
    world.negotiate_phone(call.listener, listening.phone, Codec.PCMU)
    await listening.phone.until(lambda: listening.phone.packets[-1].payload_type == 0)
    await listening.hears(3)

    async def listen() -> None:
        await listening.hears(10)

    heard = decoded(await call.heard(listen))
    assert tone_level(heard, TONE_HZ) == pytest.approx(6000, rel=0.1)
    assert largest_step(heard) < STEP_MAX


def test_the_measure_finds_a_click() -> None:
    tone = sine(TONE_HZ, RATE, 1600, amplitude=6000)
    assert largest_step(tone) < STEP_MAX
    top, bottom = int(np.argmax(tone)), int(np.argmin(tone))
    assert largest_step(np.concatenate([tone[: top + 1], tone[bottom:]])) > STEP_MAX
