"""Digits as tones in G.722 and Opus through the plane: in a relay where a leg is configured for it, in any mix."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from gateway.media._guards import DtmfDetector, generate_dtmf
from gateway.media._stages import G722, Encoder, OpusDecoder, opus_samples
from gateway.model.ids import Codec, LegId
from gateway.model.media import CaptureFinished, DigitReceived, DtmfPolicy, DtmfWay, OpusWishes
from tests.integration.test_media_digits import events_heard, press, tones_heard
from tests.support import captures
from tests.support.media_peers import Phone
from tests.support.media_world import NUMBERS, OPUS, MediaWorld

WIDE = [Codec.G722, Codec.OPUS]
INBAND = {"dtmf": DtmfWay.TONES}
SILENCE = b"\xf8\xff\xfe"
"""Opus for 20 ms of nothing, before, between and after digits."""


@pytest.fixture
async def world() -> AsyncIterator[MediaWorld]:
    world = MediaWorld()
    yield world
    await world.close()


def decoded(codec: Codec, payloads: list[bytes]) -> bytes:
    decoder = G722(8000) if codec is Codec.G722 else OpusDecoder(8000)
    return b"".join(decoder.decode(payload) for payload in payloads)


def digits_in(codec: Codec, payloads: list[bytes]) -> str:
    return "".join(digit for digit, _ in DtmfDetector().detect(decoded(codec, payloads) + bytes(1600)))


def spoken(codec: Codec, digits: str) -> list[bytes]:
    """Packets of 20 ms: 200 ms of noise, each digit for 100 ms and as much silence, and noise."""
    rng = np.random.default_rng(1)
    hiss = rng.normal(0, 900, 1600).astype("<i2").tobytes()
    sound = hiss + b"".join(generate_dtmf(digit, 800) + bytes(1600) for digit in digits) + hiss
    encoder = Encoder(codec.value, 8000)  # type: ignore[arg-type]
    return [payload for at in range(0, len(sound), 320) for payload, _ in encoder.put(sound[at : at + 320])]


async def say(phone: Phone, codec: Codec, payloads: list[bytes]) -> None:
    """In real time, as a jitter buffer expects it."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    for number, payload in enumerate(payloads):
        phone.send(payload, NUMBERS[codec], ticks=960 if codec is Codec.OPUS else 160)
        await asyncio.sleep(start + 0.02 * (number + 1) - loop.time())


def pair(
    world: MediaWorld, codec: Codec, said: dict[str, object], other: Codec, heard: dict[str, object]
) -> tuple[LegId, Phone, LegId, Phone]:
    clock = {"dtmf_clock_hz": 48000} if other is Codec.OPUS else {}
    first, one = world.phone(codec, **said)
    second, two = world.phone(other, near=first, **clock, **heard)
    world.plane.bridge(first, second)
    return first, one, second, two


@pytest.mark.parametrize("codec", WIDE)
async def test_tones_in_a_relay_become_events_where_the_leg_is_configured_for_it(
    world: MediaWorld, codec: Codec
) -> None:
    first, said, _, heard = pair(world, codec, INBAND, codec, {})
    for payload in spoken(codec, "42"):
        said.send(payload, NUMBERS[codec], ticks=960 if codec is Codec.OPUS else 160)
    await world.event(first, DigitReceived, 2)
    assert [event.digit for event in world.events_of(first, DigitReceived)] == ["4", "2"]
    await heard.until(lambda: len(heard.payloads(101)) > 0, "events")
    assert digits_in(codec, heard.payloads(NUMBERS[codec])) == "", "and not a second time as a tone"
    assert world.plane.statistics()[0].mixed == 0


@pytest.mark.parametrize("codec", WIDE)
async def test_tones_in_a_mix_become_events(world: MediaWorld, codec: Codec) -> None:
    first, said, _, heard = pair(world, codec, {"dtmf_payload_type": None}, Codec.PCMA, {})
    await say(said, codec, spoken(codec, "42"))
    await world.event(first, DigitReceived, 2)
    assert [event.digit for event in world.events_of(first, DigitReceived)] == ["4", "2"]
    await heard.until(lambda: events_heard(heard) == "42", "the digits as events")
    assert tones_heard(heard) == "", "and not a second time as tones"


@pytest.mark.parametrize("codec", WIDE)
async def test_blocked_tones_reach_neither_the_other_side_nor_the_recording(
    world: MediaWorld, tmp_path: Path, codec: Codec
) -> None:
    first, said, second, heard = pair(world, codec, {"dtmf_payload_type": None}, codec, {})
    world.plane.set_dtmf_policy(first, DtmfPolicy.BLOCK)
    path = tmp_path / "blocked.capture"
    world.plane.start_capture(first, second, str(path))
    payloads = spoken(codec, "42")
    assert digits_in(codec, payloads) == "42"
    for payload in payloads:
        said.send(payload, NUMBERS[codec], ticks=960 if codec is Codec.OPUS else 160)
    await world.event(first, DigitReceived, 2)
    assert all(event.blocked for event in world.events_of(first, DigitReceived))
    held = 2
    await heard.until(lambda: len(heard.payloads(NUMBERS[codec])) >= len(payloads) - held, "all but what waits")
    world.plane.stop_capture(first)
    await world.event(first, CaptureFinished)
    kept = [one for one in captures.read(path).records if one.kind == captures.AUDIO and one.side == captures.LEFT]
    assert events_heard(heard) == ""
    assert digits_in(codec, heard.payloads(NUMBERS[codec])) == ""
    assert digits_in(codec, [one.payload for one in kept]) == ""
    assert payloads[3] in heard.payloads(NUMBERS[codec]), "speech passes"


@pytest.mark.parametrize("codec", WIDE)
async def test_events_become_tones_for_who_has_nothing_else(world: MediaWorld, codec: Codec) -> None:
    _, said, _, heard = pair(world, Codec.PCMA, {}, codec, {"dtmf_payload_type": None})
    said.send(bytes([0xD5]) * 160)
    press(said, "6")
    await heard.until(lambda: digits_in(codec, heard.payloads(NUMBERS[codec])) == "6", "the digit as a tone")


@pytest.mark.parametrize("codec", WIDE)
async def test_digits_are_sent_as_tones(world: MediaWorld, codec: Codec) -> None:
    leg, phone = world.phone(codec, **INBAND)
    world.plane.send_digits(leg, "29*D", tone_ms=80, gap_ms=80)
    await phone.until(lambda: digits_in(codec, phone.payloads(NUMBERS[codec])) == "29*D", "the tones")


@pytest.mark.parametrize("packet_ms", [10, 20, 40, 60])
async def test_tones_in_opus_keep_to_what_the_other_side_takes(world: MediaWorld, packet_ms: int) -> None:
    wishes = OpusWishes(bitrate_max=12000, playback_hz=8000)
    leg, phone = world.phone(Codec.OPUS, **INBAND, opus=wishes, packet_ms=packet_ms)
    world.plane.send_digits(leg, "29*D", tone_ms=90, gap_ms=80)
    await phone.until(lambda: digits_in(Codec.OPUS, phone.payloads(OPUS)) == "29*D", "the tones")
    tones = [payload for payload in phone.payloads(OPUS) if payload != SILENCE]
    assert {opus_samples(payload, 48000) for payload in tones} == {48 * packet_ms}
    assert 8 * sum(map(len, tones)) / (len(tones) * packet_ms / 1000) < 16000


async def test_who_changes_to_g711_while_digits_are_blocked_is_blocked_still(world: MediaWorld) -> None:
    first, said, _, heard = pair(world, Codec.OPUS, {"dtmf_clock_hz": 48000}, Codec.PCMA, {})
    world.plane.set_dtmf_policy(first, DtmfPolicy.BLOCK)
    world.negotiate_phone(first, said, Codec.PCMA)
    payloads = spoken(Codec.PCMA, "7")
    for payload in payloads:
        said.send(payload)
    assert (await world.event(first, DigitReceived)).blocked
    await heard.until(lambda: len(heard.payloads(8)) >= len(payloads) - 2, "all but what waits")
    assert tones_heard(heard) == ""
