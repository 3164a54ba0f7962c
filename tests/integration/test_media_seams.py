"""A tone goes on while the way through the plane changes: no click, no gap in the numbers, little that is made up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from gateway.media._stages import OpusEncoder
from gateway.model.ids import Codec, LegId
from tests.support.audio_probe import sine
from tests.support.media_peers import Rtp
from tests.support.media_world import OPUS, MediaWorld, write_tone
from tests.support.talkers import RATE, Talker, decoded, largest_step, longest_silence_ms, tone_level

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


Call = tuple[LegId, LegId, Talker]


@pytest.fixture
async def call(world: MediaWorld) -> AsyncIterator[Call]:
    """Two telephones that are relayed; the second one, the listener, hears the first one's tone."""
    (speaker, phone), (listener, heard) = world.phone(), world.phone()
    world.plane.bridge(speaker, listener)
    talker = Talker(phone, TONE_HZ)
    listening = Talker(heard, 0)  # says nothing, but keeps its side open
    await listening.hears(20)
    yield speaker, listener, listening
    talker.stop()
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
    speaker, listener, listening = call
    conference = world.plane.name_conference(near=speaker)
    start = len(listening.phone.packets)
    world.plane.join(conference, speaker)
    world.plane.join(conference, listener)
    supervisor, _ = world.phone()
    mixed = 0
    for _ in range(3):
        await listening.hears(5)
        world.plane.join(conference, supervisor, heard_by=[])
        await listening.hears(15)
        before, mixed = mixed, world.plane.statistics()[0].mixed
        assert mixed > before
        world.plane.leave(supervisor)
    await listening.hears(10)
    packets = listening.phone.packets[start:]
    assert_seamless(packets)
    assert tone_level(decoded(packets[-10:]), TONE_HZ) == pytest.approx(6000, rel=0.1)


async def test_hold_with_music_and_resume(world: MediaWorld, call: Call, tmp_path: Path) -> None:
    world.plane.add_sound("music", write_tone(tmp_path / "music.wav", 440, 1000))
    speaker, listener, listening = call
    start = len(listening.phone.packets)
    for _ in range(4):
        world.plane.play(listener, "music", loop=True)
        await listening.hears(9)
        world.plane.bridge(speaker, listener)
        await listening.hears(9)
    packets = listening.phone.packets[start:]
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
    encoder = OpusEncoder(48000, 64000)

    async def talk() -> None:
        start = asyncio.get_running_loop().time()
        for index in range(10_000):
            tone = sine(TONE_HZ, 48000, 960, start=960 * index, amplitude=6000)
            browser.send(encoder.encode(tone.tobytes()), OPUS)
            await asyncio.sleep(start + 0.02 * (index + 1) - asyncio.get_running_loop().time())

    async def hears(packets: int) -> None:
        before = len(heard.packets)
        await heard.until(lambda: len(heard.packets) >= before + packets)

    talking = asyncio.create_task(talk())
    await hears(15)
    for _ in range(3):
        world.plane.join(conference, supervisor, heard_by=[])
        await hears(15)
        world.plane.leave(supervisor)
        await hears(10)
    talking.cancel()
    assert world.plane.statistics()[0].mixed > 0
    sound = decoded(heard.packets)[10 * 960 :]
    assert longest_silence_ms(sound, 48000) < GAP_MAX_MS
    assert tone_level(sound[-5 * 960 :], TONE_HZ, 48000) == pytest.approx(6000, rel=0.1)
    for before, after in pairwise(heard.packets):
        assert (after.sequence - before.sequence) & 0xFFFF == 1


async def test_sound_falls_silent_without_a_click(world: MediaWorld, call: Call) -> None:
    _, listener, listening = call
    start = len(listening.phone.packets)
    world.plane.stop(listener)
    await listening.hears(6)
    heard = decoded(listening.phone.packets[start:])
    assert largest_step(heard) < STEP_MAX
    assert not np.any(np.abs(heard[-320:].astype(int)) > 8)


async def test_a_change_of_law_in_the_middle_of_a_call(world: MediaWorld, call: Call) -> None:
    """Relay to recode: what was heard last in the other law is no measure for what comes."""
    _, listener, listening = call
    world.negotiate_phone(listener, listening.phone, Codec.PCMU)
    await listening.phone.until(lambda: listening.phone.packets[-1].payload_type == 0)
    await listening.hears(3)
    heard = decoded(await listening.hears(10))
    assert tone_level(heard, TONE_HZ) == pytest.approx(6000, rel=0.1)
    assert largest_step(heard) < STEP_MAX


def test_the_measure_finds_a_click() -> None:
    tone = sine(TONE_HZ, RATE, 1600, amplitude=6000)
    assert largest_step(tone) < STEP_MAX
    top, bottom = int(np.argmax(tone)), int(np.argmin(tone))
    assert largest_step(np.concatenate([tone[: top + 1], tone[bottom:]])) > STEP_MAX
