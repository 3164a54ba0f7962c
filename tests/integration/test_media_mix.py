"""The media plane's mix path: a tone goes in as G.711 and comes out as Opus, and the other way, at the right pitch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from gateway.media._stages import OpusDecoder, OpusEncoder, decode_g711, dtmf_packets
from gateway.model.ids import Codec
from gateway.model.media import DigitReceived, SoundFinished
from tests.support.audio_probe import Pcm, pcm, purest_share, sine, tone_share
from tests.support.media_peers import Rtp
from tests.support.media_world import EVENT, OPUS, PCMA, PCMU, MediaWorld, tone_frames, write_tone

FRAMES = 60


@pytest.fixture
async def world() -> AsyncIterator[MediaWorld]:
    world = MediaWorld()
    yield world
    await world.close()


def decoded_opus(packets: list[Rtp]) -> Pcm:
    decoder = OpusDecoder(48000)
    return np.concatenate([pcm(decoder.decode(packet.payload)) for packet in packets if packet.payload_type == OPUS])


def decoded_g711(packets: list[Rtp], codec: str) -> Pcm:
    number = PCMA if codec == "pcma" else PCMU
    return np.concatenate(
        [
            pcm(decode_g711("pcma" if codec == "pcma" else "pcmu", packet.payload))
            for packet in packets
            if packet.payload_type == number
        ]
    )


def loud_part(samples: Pcm, rate: int) -> Pcm:
    """Half a second from the middle of what is not silence."""
    loud = np.flatnonzero(np.abs(samples.astype(int)) > 1000)
    assert len(loud) > rate // 2, "no sound came out"
    middle = (loud[0] + loud[-1]) // 2
    return samples[middle - rate // 4 : middle + rate // 4]


@pytest.mark.parametrize("codec", [Codec.PCMA, Codec.PCMU])
async def test_a_tone_each_way_between_g711_and_opus(world: MediaWorld, codec: Codec) -> None:
    number = PCMA if codec is Codec.PCMA else PCMU
    phone_leg, phone = world.phone(codec)
    leg, browser = await world.browser(Codec.OPUS)
    world.plane.bridge(phone_leg, leg)
    encoder = OpusEncoder(48000)
    loop = asyncio.get_running_loop()
    start = loop.time()
    for index, frame in enumerate(tone_frames(440, FRAMES, codec.value)):
        phone.send(frame, number)
        browser.send(encoder.encode(sine(1000, 48000, 960, start=960 * index).tobytes()), OPUS)
        await asyncio.sleep(start + 0.02 * (index + 1) - loop.time())  # the pace of speech; nothing is waited for
    await browser.until(lambda: len(browser.packets) >= FRAMES)
    await phone.until(lambda: len(phone.packets) >= FRAMES)
    assert purest_share(decoded_opus(browser.packets), 440, 48000) > 0.9
    assert purest_share(decoded_g711(phone.packets, codec.value), 1000, 8000) > 0.9
    assert {
        (b.timestamp - a.timestamp) & 0xFFFFFFFF for a, b in zip(browser.packets, browser.packets[1:], strict=False)
    } == {960}
    counted = world.plane.statistics()[0]
    assert counted.mixed > 2 * FRAMES - 10
    assert (counted.dropped, counted.rejected, counted.relayed) == (0, 0, 0)


async def test_a_digit_passes_a_mix_with_its_duration_in_the_other_clock(world: MediaWorld) -> None:
    phone_leg, phone = world.phone(Codec.PCMA)
    leg, browser = await world.browser(Codec.OPUS, dtmf=110)
    world.plane.bridge(phone_leg, leg)
    phone.send(tone_frames(440, 1)[0])
    await browser.until(lambda: len(browser.packets) > 2)
    for timestamp, marker, payload in dtmf_packets("7", 100, phone.timestamp + 160):
        phone.sequence += 1
        phone.socket.sendto(Rtp(EVENT, phone.sequence, timestamp, phone.ssrc, payload, marker).pack(), phone.to)
        await asyncio.sleep(0.01)
    assert (await world.event(phone_leg, DigitReceived)).digit == "7"
    await browser.until(lambda: len(browser.payloads(110)) > 6)
    events = [packet for packet in browser.packets if packet.payload_type == 110]
    assert len({event.timestamp for event in events}) == 1
    assert events[0].marker
    assert events[-1].payload[:2] == b"\x07\x8a"
    assert int.from_bytes(events[-1].payload[2:]) == pytest.approx(4800, abs=960)
    sequences = [packet.sequence for packet in browser.packets]
    assert sequences == list(range(sequences[0], sequences[0] + len(sequences)))


async def test_a_sound_is_heard_as_opus(world: MediaWorld, tmp_path: Path) -> None:
    world.plane.add_sound("beep", write_tone(tmp_path / "beep.wav", 600, 1000))
    leg, browser = world.open_browser()
    world.plane.play(leg, "beep")
    world.plane.close_leg(leg)
    leg, browser = await world.browser(Codec.OPUS)
    world.plane.play(leg, "beep")
    await world.event(leg, SoundFinished)
    await browser.until(lambda: len(browser.packets) >= 50)
    assert len(browser.packets) == 50  # and no silence after it: a browser needs none
    assert tone_share(loud_part(decoded_opus(browser.packets), 48000), 600, 48000) > 0.95


async def test_the_way_changes_when_the_codec_does(world: MediaWorld) -> None:
    """A re-INVITE from A-law to mu-law, and packet times that begin to differ: the bridge goes on."""
    first, one = world.phone(Codec.PCMA)
    second, two = world.phone(Codec.PCMA)
    world.plane.bridge(first, second)
    one.send(b"1" * 160)
    await two.until(lambda: b"1" * 160 in two.payloads(PCMA))
    world.negotiate_phone(second, two, Codec.PCMU)
    await two.until(lambda: len(two.payloads(PCMU)) > 1, "silence in the new codec")
    seen = len(two.packets)
    one.send(b"2" * 160)
    await two.until(lambda: len(two.packets) > seen)
    world.negotiate_phone(second, two, Codec.PCMU, packet_ms=40)
    await two.until(lambda: len(two.packets[-1].payload) == 320)
    assert len({packet.ssrc for packet in two.packets}) == 1
    sequences = [packet.sequence for packet in two.packets]
    assert sequences == list(range(sequences[0], sequences[0] + len(sequences)))
