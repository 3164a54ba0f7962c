"""One encoder for all who hear the same in a conference: whose loss it goes by, and who must not share it."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.media._stages import opus_carries_fec, opus_samples, silence
from gateway.model.ids import Codec, LegId
from tests.support.media_peers import Browser, Phone
from tests.support.media_world import OPUS, MediaWorld, write_tone
from tests.support.patience import PATIENCE_S
from tests.support.talkers import Talker, decoded, tones_in

CUSTOMER, AGENT, MUSIC = 400.0, 700.0, 1700.0
TONES = (CUSTOMER, AGENT, MUSIC)
SILENCE = silence("opus")


@pytest.fixture
async def world() -> AsyncIterator[MediaWorld]:
    world = MediaWorld()
    yield world
    await world.close()


@pytest.fixture
async def speakers(world: MediaWorld) -> AsyncIterator[list[LegId]]:
    """Customer and agent."""
    legs, talkers = [], []
    for tone in (CUSTOMER, AGENT):
        leg, phone = world.phone()
        legs.append(leg)
        talkers.append(Talker(phone, tone))
    yield legs
    for talker in talkers:
        talker.stop()


def listen(world: MediaWorld, speakers: list[LegId], listeners: list[LegId]) -> None:
    conference = world.plane.name_conference(near=speakers[0])
    for leg in speakers:
        world.plane.join(conference, leg)
    for leg in listeners:
        world.plane.join(conference, leg, heard_by=[])


def report_loss(browser: Browser, share: float) -> None:
    """A receiver report (RFC 3550 6.4.2) about the stream that the browser is sent."""
    block = struct.pack("!IIIIII", browser.packets[-1].ssrc, round(share * 256) << 24, 0, 0, 0, 0)
    browser.send_rtcp(struct.pack("!BBHI", 0x81, 201, 7, 1) + block)


async def test_the_worst_loss_of_those_who_share_counts(world: MediaWorld, speakers: list[LegId]) -> None:
    listeners = [await world.browser(Codec.OPUS, near=speakers[0]) for _ in range(3)]
    listen(world, speakers, [leg for leg, _ in listeners])
    first, second, third = (browser for _, browser in listeners)
    for browser in (first, second, third):
        await browser.until(lambda browser=browser: len(browser.packets) > 20, "the conference")  # type: ignore[misc]
    assert not any(opus_carries_fec(payload) for payload in first.payloads(OPUS)[-10:])
    report_loss(second, 0.3)
    await third.until(lambda: any(opus_carries_fec(payload) for payload in third.payloads(OPUS)), "repeated sound")
    report_loss(first, 0)
    report_loss(third, 0)
    await first.connect()
    await third.connect()
    first.read()
    later = len(first.payloads(OPUS)) + 5
    # Where the talkers were late there is nothing to repeat.
    await first.until(
        lambda: any(opus_carries_fec(payload) for payload in first.payloads(OPUS)[later:]), "repeated sound after these"
    )


@pytest.mark.parametrize("packet_ms", [20, 60])
async def test_who_hears_music_shares_no_encoder(
    world: MediaWorld, speakers: list[LegId], tmp_path: Path, packet_ms: int
) -> None:
    """Sounds in packets of another length than 20 ms are encoded for the leg, by the encoder that it has."""
    world.plane.add_sound("music", write_tone(tmp_path / "music.wav", MUSIC, 1000))
    phones = [world.phone(Codec.OPUS, near=speakers[0], packet_ms=packet_ms) for _ in range(3)]
    listen(world, speakers, [leg for leg, _ in phones])

    async def heard(phone: Phone) -> set[float]:
        begin = len(phone.packets)
        await phone.until(lambda: len(phone.packets) > begin + 720 // packet_ms, "0.7 s of sound")
        packets = phone.packets[begin + 120 // packet_ms :]
        # Where the talkers are late there is silence, which is always sent in packets of 20 ms.
        sound = [packet.payload for packet in packets if packet.payload != SILENCE]
        assert {opus_samples(payload, 48000) for payload in sound} <= {48 * packet_ms}
        return tones_in(decoded(packets), TONES, 48000)

    async def until_heard(phone: Phone, tones: set[float]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while await heard(phone) != tones:
                pass

    for _, phone in phones:
        await until_heard(phone, {CUSTOMER, AGENT})
    for leg, phone in phones[:2]:  # the one that encodes for all is among them
        world.plane.play(leg, "music", loop=True)
        await until_heard(phone, {MUSIC})
    begin = len(phones[2][1].packets)
    await until_heard(phones[2][1], {CUSTOMER, AGENT})
    assert len(phones[2][1].packets) < begin + 3 * 720 // packet_ms, "at once, but for a pause of the talkers"
    assert MUSIC not in tones_in(decoded(phones[2][1].packets[begin:]), TONES, 48000, least=300)
    assert world.plane.statistics()[0].dropped == 0
