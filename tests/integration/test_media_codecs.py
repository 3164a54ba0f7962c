"""Any codec to any other through the plane, packet times from 10 to 60 ms, and comfort noise relayed and replaced."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from itertools import pairwise

import numpy as np
import pytest

from gateway.media import _stages
from gateway.model.ids import Codec
from gateway.model.media import OpusWishes
from tests.support.audio_probe import Pcm, level_dbfs, pcm, purest_share, sine
from tests.support.media_peers import Phone, Rtp
from tests.support.media_world import G722, NUMBERS, OPUS, PCMA, MediaWorld, tone_frames

NOISE = 13
RATES = {Codec.PCMU: 8000, Codec.PCMA: 8000, Codec.G722: 16000, Codec.OPUS: 48000}


@pytest.fixture
async def world() -> AsyncIterator[MediaWorld]:
    world = MediaWorld()
    yield world
    await world.close()


def ticks(codec: Codec, packet_ms: int) -> int:
    return (48 if codec is Codec.OPUS else 8) * packet_ms


async def speak(phone: Phone, codec: Codec, tone_hz: int, packet_ms: int, seconds: float) -> None:
    """At the pace of speech."""
    rate, loop = RATES[codec], asyncio.get_running_loop()
    encoder, start = _stages.Encoder(codec.value, rate, packet_ms), loop.time()
    for i in range(round(seconds * 50)):
        for payload, _ in encoder.put(sine(tone_hz, rate, rate // 50, start=i * (rate // 50)).tobytes()):
            phone.send(payload, NUMBERS[codec], ticks=ticks(codec, packet_ms))
        await asyncio.sleep(start + 0.02 * (i + 1) - loop.time())


def heard(phone: Phone, codec: Codec) -> Pcm:
    payloads = phone.payloads(NUMBERS[codec])
    rate = RATES[codec]
    if codec is Codec.OPUS:
        decoder = _stages.OpusDecoder(rate)
        return np.concatenate([pcm(decoder.decode(payload)) for payload in payloads])
    if codec is Codec.G722:
        return pcm(_stages.G722(rate).decode(b"".join(payloads)))
    return pcm(_stages.decode_g711("pcma" if codec is Codec.PCMA else "pcmu", b"".join(payloads)))


@pytest.mark.parametrize(
    ("first", "first_ms", "second", "second_ms"),
    [
        (Codec.G722, 20, Codec.PCMA, 20),
        (Codec.G722, 30, Codec.OPUS, 40),
        (Codec.OPUS, 60, Codec.PCMU, 10),
        (Codec.PCMA, 60, Codec.PCMA, 20),
        (Codec.OPUS, 10, Codec.G722, 60),
    ],
)
async def test_any_codec_to_any_other(
    world: MediaWorld, first: Codec, first_ms: int, second: Codec, second_ms: int
) -> None:
    a, one = world.phone(first, packet_ms=first_ms)
    b, two = world.phone(second, packet_ms=second_ms)
    world.plane.bridge(a, b)
    await asyncio.gather(speak(one, first, 500, first_ms, 1.2), speak(two, second, 900, second_ms, 1.2))
    for peer, codec, packet_ms, tone_hz in ((one, first, first_ms, 900), (two, second, second_ms, 500)):
        rate = RATES[codec]
        assert purest_share(heard(peer, codec), tone_hz, rate) > 0.9
        packets = peer.packets[5:-5]
        assert {(after.sequence - before.sequence) & 0xFFFF for before, after in pairwise(packets)} == {1}
        assert {(after.timestamp - before.timestamp) & 0xFFFFFFFF for before, after in pairwise(packets)} == {
            ticks(codec, packet_ms)
        }
        if codec is not Codec.OPUS:
            assert {len(packet.payload) for packet in packets} == {8 * packet_ms}
    counted = world.plane.statistics()[0]
    assert (counted.dropped, counted.relayed) == (0, 0)


async def test_g722_beside_opus_keeps_what_a_telephone_would_lose(world: MediaWorld) -> None:
    a, one = world.phone(Codec.G722)
    b, two = world.phone(Codec.OPUS)
    world.plane.bridge(a, b)
    await speak(one, Codec.G722, 5500, 20, 1)
    assert purest_share(heard(two, Codec.OPUS), 5500, 48000) > 0.9


async def test_g722_is_relayed_to_g722(world: MediaWorld) -> None:
    a, one = world.phone(Codec.G722)
    b, two = world.phone(Codec.G722)
    world.plane.bridge(a, b)
    sent = [bytes([i + 1]) * 160 for i in range(10)]
    for payload in sent:
        one.send(payload, G722)
    await two.until(lambda: set(sent) <= set(two.payloads(G722)))
    assert world.plane.statistics()[0].relayed >= 10


@pytest.mark.parametrize("opus", [OpusWishes(dtx=True), OpusWishes(dtx=False)])
async def test_silence_is_not_sent_to_who_asks_for_that(opus: OpusWishes) -> None:
    world = MediaWorld(opus_dtx=True)
    try:
        a, one = world.phone(Codec.PCMA)
        b, two = world.phone(Codec.OPUS, opus=opus)
        world.plane.bridge(a, b)
        await speak(one, Codec.PCMA, 400, 20, 0.4)
        before = len(two.packets)
        for _ in range(60):
            one.send(b"\xd5" * 160)
            await asyncio.sleep(0.02)
        after = len(two.packets) - before
        assert (after < 30) == opus.dtx, after
        await speak(one, Codec.PCMA, 400, 20, 0.4)
        await two.until(lambda: len(two.packets) > before + after + 10)
        assert {packet.ssrc for packet in two.packets} == {two.packets[0].ssrc}
        spoken = [packet for packet in two.packets[before + after :] if packet.marker]
        assert bool(spoken) == opus.dtx, "a talk spurt begins with the marker (RFC 3551 4.1)"
    finally:
        await world.close()


async def test_the_highest_bit_rate_that_the_other_side_takes_is_not_taken_for_a_wish(world: MediaWorld) -> None:
    pairs = []
    for most in (None, 300_000, 8_000):
        (a, one), (b, two) = world.phone(Codec.PCMA), world.phone(Codec.OPUS, opus=OpusWishes(bitrate_max=most))
        world.plane.bridge(a, b)
        pairs.append((one, two))
    for _ in range(40):
        for one, _ in pairs:
            one.send(os.urandom(160))
        await asyncio.sleep(0.02)  # the pace of speech
    usual, high, low = (np.mean([len(packet) for packet in two.payloads(OPUS)[-20:]]) for _, two in pairs)
    assert high == pytest.approx(usual, rel=0.2)
    assert 6 < low < usual / 2


def noise(phone: Phone, level: int, payload_type: int = NOISE) -> Rtp:
    return phone.send(bytes([level]), payload_type)


async def test_comfort_noise_is_passed_on_when_both_have_it(world: MediaWorld) -> None:
    a, one = world.phone(Codec.PCMA, noise_payload_type=NOISE)
    b, two = world.phone(Codec.PCMA, noise_payload_type=98)
    world.plane.bridge(a, b)
    one.send(b"1" * 160)
    await two.until(lambda: b"1" * 160 in two.payloads(PCMA))
    noise(one, 50)
    await two.until(lambda: two.payloads(98) == [bytes([50])])
    seen = len(two.packets)
    # Longer than a source may be quiet before silence takes its place, by the clock of the plane: a leg that hears
    # silence all the time.
    _, clock = world.phone()
    await clock.until(lambda: len(clock.packets) > 35, "0.7 s")
    two.read()
    assert len(two.packets) == seen, "nothing is sent while the other side makes the noise itself"
    one.timestamp += 160 * 35
    one.send(b"2" * 160, marker=True)
    await two.until(lambda: b"2" * 160 in two.payloads(PCMA))
    first, last = (next(p for p in two.packets if p.payload == bytes([c]) * 160) for c in b"12")
    assert last.timestamp - first.timestamp == 160 * 37
    assert last.sequence - first.sequence == 2
    assert world.plane.statistics()[0].rejected == 0


@pytest.mark.parametrize("codec", [Codec.PCMA, Codec.PCMU])
async def test_comfort_noise_is_replaced_where_the_other_side_has_none(world: MediaWorld, codec: Codec) -> None:
    a, one = world.phone(Codec.PCMA, noise_payload_type=NOISE)
    b, two = world.phone(codec)
    world.plane.bridge(a, b)
    for frame in tone_frames(400, 5):
        one.send(frame)
    await two.until(lambda: len(two.packets) >= 5)
    noise(one, 35)
    seen = len(two.packets)
    await two.until(lambda: len(two.packets) > seen + 30)
    sound = pcm(_stages.decode_g711(codec.value, b"".join(p.payload for p in two.packets[seen + 10 :])))  # type: ignore[arg-type]
    assert level_dbfs(sound) == pytest.approx(-35, abs=2)
    one.send(b"\x55" * 160, marker=True)
    talk = b"\x55" if codec is Codec.PCMA else _stages.transcode_g711("pcma", b"\x55")
    # Its beginning is joined to the noise.
    await two.until(lambda: any(payload[80:] == talk * 80 for payload in two.payloads(NUMBERS[codec])))
    sequences = [packet.sequence for packet in two.packets]
    assert sequences == list(range(sequences[0], sequences[0] + len(sequences)))


async def test_comfort_noise_that_nobody_negotiated_is_heard_in_a_mix(world: MediaWorld) -> None:
    a, one = world.phone(Codec.PCMU)
    b, two = world.phone(Codec.OPUS)
    world.plane.bridge(a, b)
    await speak(one, Codec.PCMU, 400, 20, 0.3)
    for _ in range(4):
        noise(one, 30)
        one.timestamp += 160 * 9
        await asyncio.sleep(0.2)
    sound = heard(two, Codec.OPUS)
    assert level_dbfs(sound[-9600:]) == pytest.approx(-30, abs=6)
    assert world.plane.statistics()[0].rejected == 0
