"""Conferences on real sockets: who hears whom, supervisors, announcements, and what it costs to share a mix."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.media._stages import dtmf_packets
from gateway.model.ids import Codec, ConferenceId, LegId
from gateway.model.media import AnnouncementFinished, Background
from tests.support.audio_probe import Pcm
from tests.support.media_peers import Phone, Rtp
from tests.support.media_world import EVENT, MediaWorld, write_tone
from tests.support.patience import PATIENCE_S
from tests.support.talkers import RATE, OpusTalker, Talker, decoded, in_step, largest_step, tone_level, tones_in

CUSTOMER, AGENT, SUPERVISOR, FOURTH = 400.0, 700.0, 1100.0, 1700.0
TONES = (CUSTOMER, AGENT, SUPERVISOR, FOURTH)
SETTLE = 10
"""Packets: a jitter buffer fills up, a fade ends."""


@pytest.fixture
async def world() -> AsyncIterator[MediaWorld]:
    world = MediaWorld()
    yield world
    await world.close()


class Room:
    """Telephones with a tone each."""

    def __init__(self, world: MediaWorld) -> None:
        self.world = world
        self.plane = world.plane
        self.talkers: dict[LegId, Talker] = {}

    def leg(self, tone_hz: float, codec: Codec = Codec.PCMA, amplitude: float = 6000) -> LegId:
        leg, phone = self.world.phone(codec)
        self.talkers[leg] = Talker(phone, tone_hz, codec=codec, amplitude=amplitude)
        return leg

    async def heard(self, leg: LegId, packets: int = 15) -> set[float]:
        talker = self.talkers[leg]

        async def listen() -> set[float]:
            await talker.hears(SETTLE)
            return tones_in(decoded(await talker.hears(packets)), TONES)

        return await in_step(self.talkers.values(), listen)

    async def all_hear(self, expected: dict[LegId, set[float]]) -> None:
        """Each of these legs hears just these tones."""
        heard = await asyncio.gather(*(self.heard(leg) for leg in expected))
        assert dict(zip(expected, heard, strict=True)) == expected

    async def until_heard(self, leg: LegId, tones: set[float]) -> None:
        """Waits for the first quarter of a second with exactly these."""
        async with asyncio.timeout(PATIENCE_S):
            while tones_in(decoded(await self.talkers[leg].hears(12)), TONES) != tones:
                pass

    def stop(self) -> None:
        for talker in self.talkers.values():
            talker.stop()


@pytest.fixture
async def room(world: MediaWorld) -> AsyncIterator[Room]:
    room = Room(world)
    yield room
    room.stop()


def meet(room: Room, *legs: LegId) -> ConferenceId:
    conference = room.plane.name_conference(near=legs[0])
    for leg in legs:
        room.plane.join(conference, leg)
    return conference


async def until_mixed(room: Room) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while room.plane.statistics()[0].mixed == 0:
            await next(iter(room.talkers.values())).hears(1)


async def test_each_hears_all_others_and_not_itself(room: Room) -> None:
    tones = dict(zip(TONES, (Codec.PCMA, Codec.PCMU, Codec.PCMA, Codec.PCMA), strict=True))
    legs = {tone: room.leg(tone, codec) for tone, codec in tones.items()}
    meet(room, *legs.values())
    await room.all_hear({leg: set(TONES) - {tone} for tone, leg in legs.items()})
    counted = room.plane.statistics()[0]
    assert (counted.dropped, counted.rejected) == (0, 0)


async def test_two_are_relayed_and_a_third_makes_it_a_mix_and_back(room: Room) -> None:
    customer, agent, third = room.leg(CUSTOMER), room.leg(AGENT), room.leg(SUPERVISOR)
    conference = meet(room, customer, agent)
    assert await room.heard(customer) == {AGENT}
    assert room.plane.statistics()[0].mixed == 0
    room.plane.join(conference, third)
    await room.until_heard(customer, {AGENT, SUPERVISOR})
    mixed = room.plane.statistics()[0].mixed
    assert mixed > 0
    room.plane.leave(third)
    await room.until_heard(customer, {AGENT})
    assert await room.heard(third) == set()
    counted = room.plane.statistics()[0]
    await room.heard(agent)
    after = room.plane.statistics()[0]
    assert after.mixed == counted.mixed
    assert after.relayed > counted.relayed


async def test_a_supervisor_listens_whispers_and_barges_in(room: Room) -> None:
    """Switched while all go on talking; nobody hears what is not meant for them at any time."""
    customer, agent, supervisor = room.leg(CUSTOMER), room.leg(AGENT), room.leg(SUPERVISOR)
    conference = meet(room, customer, agent)
    assert await room.heard(customer) == {AGENT}
    room.plane.join(conference, supervisor, heard_by=[])
    await room.until_heard(supervisor, {CUSTOMER, AGENT})
    await room.all_hear({customer: {AGENT}, agent: {CUSTOMER}})
    before_whispering = len(room.talkers[customer].phone.packets)
    room.plane.join(conference, supervisor, heard_by=[agent])
    await room.until_heard(agent, {CUSTOMER, SUPERVISOR})
    await room.all_hear({customer: {AGENT}, supervisor: {CUSTOMER, AGENT}})
    whispered = decoded(room.talkers[customer].phone.packets[before_whispering:])
    assert tone_level(whispered, SUPERVISOR) < 60
    room.plane.join(conference, supervisor)
    await room.until_heard(customer, {AGENT, SUPERVISOR})
    assert await room.heard(agent) == {CUSTOMER, SUPERVISOR}
    room.plane.join(conference, supervisor, heard_by=[])
    await room.until_heard(customer, {AGENT})
    assert await room.heard(agent) == {CUSTOMER}


async def test_consultation_with_music_then_a_conference_then_a_transfer(room: Room, tmp_path: Path) -> None:
    room.plane.add_sound("music", write_tone(tmp_path / "music.wav", FOURTH, 1000))
    customer, agent, expert = room.leg(CUSTOMER), room.leg(AGENT), room.leg(SUPERVISOR)
    room.plane.bridge(customer, agent)
    assert await room.heard(customer) == {AGENT}
    room.plane.bridge(agent, expert)
    room.plane.play(customer, "music", loop=True)
    await room.all_hear({expert: {AGENT}, agent: {SUPERVISOR}, customer: {FOURTH}})
    conference = meet(room, customer, agent, expert)
    await room.until_heard(customer, {AGENT, SUPERVISOR})
    assert await room.heard(expert) == {CUSTOMER, AGENT}
    room.plane.play(customer, "music", loop=True)  # on hold in the conference: heard still
    await room.until_heard(customer, {FOURTH})
    assert await room.heard(agent) == {CUSTOMER, SUPERVISOR}
    room.plane.join(conference, customer)
    await room.until_heard(customer, {AGENT, SUPERVISOR})
    room.plane.close_leg(agent)
    await room.until_heard(expert, {CUSTOMER})
    assert await room.heard(customer) == {SUPERVISOR}


async def test_a_browser_in_opus_among_telephones(room: Room) -> None:
    phone, other = room.leg(CUSTOMER), room.leg(AGENT)
    leg, browser = await room.world.browser(Codec.OPUS)
    meet(room, phone, other, leg)
    talking = OpusTalker(browser, SUPERVISOR)
    await room.until_heard(phone, {AGENT, SUPERVISOR})
    assert await room.heard(other) == {CUSTOMER, SUPERVISOR}

    async def listen() -> list[Rtp]:
        before = len(browser.packets)
        await browser.until(lambda: len(browser.packets) > before + 20)
        return browser.packets[before:]

    heard = await in_step([talking, *room.talkers.values()], listen)
    assert tones_in(decoded(heard), TONES, 48000) == {CUSTOMER, AGENT}
    talking.stop()


async def test_listeners_in_one_codec_share_one_encoder(room: Room) -> None:
    """Bit by bit the same from Opus encoders is only possible from one."""
    speakers = [room.leg(CUSTOMER), room.leg(AGENT)]
    conference = meet(room, *speakers)
    listeners = [await room.world.browser(Codec.OPUS) for _ in range(3)]
    for leg, _ in listeners:
        room.plane.join(conference, leg, heard_by=[])
    for _, browser in listeners:
        await browser.until(lambda browser=browser: len(browser.packets) > 40)  # type: ignore[misc]
    first, second, third = ([packet.payload for packet in browser.packets[-30:]] for _, browser in listeners)
    assert set(first[5:20]) <= set(second)
    assert set(first[5:20]) <= set(third)
    assert tones_in(decoded(listeners[2][1].packets[-20:]), TONES, 48000) == {CUSTOMER, AGENT}


async def test_thirty_two_parties_hear_who_speaks(room: Room) -> None:
    customer, agent = room.leg(CUSTOMER), room.leg(AGENT)
    phones = [room.world.phone() for _ in range(30)]
    conference = meet(room, customer, agent)
    for leg, _ in phones:
        room.plane.join(conference, leg)
    await until_mixed(room)

    async def listen() -> list[set[float]]:
        await room.heard(customer)
        return [tones_in(decoded(phone.packets[-12:]), TONES) for _, phone in phones]

    assert await in_step(room.talkers.values(), listen) == [{CUSTOMER, AGENT}] * len(phones)
    counted = room.plane.statistics()[0]
    assert (counted.dropped, counted.rejected) == (0, 0)


async def test_many_loud_parties_do_not_clip(room: Room) -> None:
    legs = [room.leg(tone, amplitude=30000) for tone in TONES]
    meet(room, *legs)
    talker = room.talkers[legs[0]]

    async def listen() -> list[Rtp]:
        await talker.hears(20)
        return await talker.hears(25)

    heard = decoded(await in_step(room.talkers.values(), listen))
    levels = [tone_level(heard, tone) for tone in TONES[1:]]
    assert min(levels) > 0.6 * max(levels)
    assert tone_level(heard, 3 * AGENT) < 0.03 * max(levels), "clipping makes overtones"


async def test_a_digit_goes_to_all_who_hear_its_sender(room: Room) -> None:
    sender, near, far = room.leg(CUSTOMER), room.leg(AGENT), room.leg(SUPERVISOR)
    conference = meet(room, sender, near)
    room.plane.join(conference, far, heard_by=[])
    room.plane.join(conference, sender, heard_by=[near])
    await room.until_heard(near, {CUSTOMER})
    room.talkers[sender].stop()
    phone = room.talkers[sender].phone
    for timestamp, marker, payload in dtmf_packets("5", 100, phone.timestamp + 160):
        phone.sequence += 1
        phone.socket.sendto(Rtp(EVENT, phone.sequence, timestamp, phone.ssrc, payload, marker).pack(), phone.to)
        await asyncio.sleep(0.01)
    heard: Phone = room.talkers[near].phone
    await heard.until(lambda: len(heard.payloads(EVENT)) >= 5)
    assert {payload[0] for payload in heard.payloads(EVENT)} == {5}
    assert room.talkers[far].phone.payloads(EVENT) == []


# --- announcements ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("background", list(Background))
async def test_an_announcement_into_a_running_bridge_is_heard_by_one_side(
    room: Room, tmp_path: Path, background: Background
) -> None:
    room.plane.add_sound("word", write_tone(tmp_path / "word.wav", FOURTH, 1200))
    customer, agent = room.leg(CUSTOMER), room.leg(AGENT)
    room.plane.bridge(customer, agent)
    assert await room.heard(customer) == {AGENT}

    async def announce() -> list[Pcm]:
        before = [len(talker.phone.packets) for talker in room.talkers.values()]
        finished = len(room.world.events_of(customer, AnnouncementFinished))
        room.plane.announce(customer, "word", background=background)
        await room.world.event(customer, AnnouncementFinished, finished + 1)
        await room.until_heard(customer, {AGENT})
        phones = (talker.phone for talker in room.talkers.values())
        return [decoded(phone.packets[start:]) for phone, start in zip(phones, before, strict=True)]

    heard, other = await in_step(room.talkers.values(), announce)
    spoken = max(
        (heard[at : at + 4000] for at in range(0, len(heard) - 4000, 800)), key=lambda part: tone_level(part, FOURTH)
    )
    assert tone_level(spoken, FOURTH) > 7000
    beneath = tone_level(spoken, AGENT)
    assert 900 < beneath < 1500 if background is Background.DUCKED else beneath < 60
    slope = 2 * 3.1416 * (8000 * FOURTH + 6000 * AGENT) / RATE
    assert largest_step(heard) < 1.15 * slope
    assert tone_level(other, CUSTOMER) > 5000
    assert tone_level(other, FOURTH) < 60
    await room.heard(customer)  # the fade is over by now
    counted = room.plane.statistics()[0]
    await room.heard(customer)
    assert room.plane.statistics()[0].mixed == counted.mixed, "it is relayed again"


async def test_music_waits_beneath_an_announcement_and_goes_on_where_it_was(room: Room, tmp_path: Path) -> None:
    """The music changes its pitch every second, so that its place can be heard."""
    for index, tone in enumerate((AGENT, SUPERVISOR)):
        room.plane.add_sound(f"part{index}", write_tone(tmp_path / f"{index}.wav", tone, 1000))
    room.plane.add_sound("word", write_tone(tmp_path / "word.wav", FOURTH, 1500))
    customer = room.leg(CUSTOMER)
    talker = room.talkers[customer]

    async def announce() -> Pcm:
        room.plane.play(customer, "word")  # music that was heard before would go on where it was
        room.plane.play(customer, "part0", "part1", loop=True)
        await talker.hears(10)  # 0.2 s of the first part
        start = len(talker.phone.packets)
        finished = len(room.world.events_of(customer, AnnouncementFinished))
        room.plane.announce(customer, "word", background=Background.SILENT)
        await room.world.event(customer, AnnouncementFinished, finished + 1)
        await talker.hears(60)
        return decoded(talker.phone.packets[start:])

    heard = await in_step(room.talkers.values(), announce)
    first, second = (
        sum(tone_level(heard[at : at + 160], tone) > 1500 for at in range(0, len(heard) - 160, 160)) * 20
        for tone in (AGENT, SUPERVISOR)
    )
    assert 500 <= first <= 900, "what was left of the first part, less what had faded"
    assert second > 0
    assert tone_level(heard[-4000:], FOURTH) < 60


async def test_hold_music_goes_on_where_it_was(room: Room, tmp_path: Path) -> None:
    for index, tone in enumerate((AGENT, SUPERVISOR)):
        room.plane.add_sound(f"part{index}", write_tone(tmp_path / f"{index}.wav", tone, 1000))
    customer, agent = room.leg(CUSTOMER), room.leg(FOURTH)
    talker = room.talkers[customer]
    room.plane.play(customer, "part0", "part1", loop=True)
    await room.until_heard(customer, {SUPERVISOR})
    room.plane.bridge(customer, agent)
    assert await room.heard(customer) == {FOURTH}
    start = len(talker.phone.packets)
    room.plane.play(customer, "part0", "part1", loop=True)
    await talker.hears(8)
    heard = decoded(talker.phone.packets[start:])
    assert tones_in(heard[320:], TONES) == {SUPERVISOR}
    room.plane.play(customer, "part0", loop=True)  # other music begins at its beginning
    await talker.hears(3)
    assert tones_in(decoded(await talker.hears(5)), TONES) == {AGENT}
