"""What is measured about a leg while it lasts, and alarms when one side is not heard any more."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator

import pytest

from gateway.media._stages import encode_g711
from gateway.model.media import AudioAlarm, AudioAlarmChanged, LegClosed, MediaStarted, QualityMeasured
from tests.support.media_peers import Phone
from tests.support.media_world import MediaWorld, tone_frames

QUIET = bytes([0xD5]) * 160
LOUD = tone_frames(440, 1)[0]


@pytest.fixture
async def world() -> AsyncIterator[MediaWorld]:
    world = MediaWorld(quality_ms=300, silence_alarm_ms=1500, one_way_alarm_ms=1500)
    yield world
    await world.close()


async def say(phone: Phone, payload: bytes, stop: asyncio.Event) -> None:
    """Every 20 ms until told to stop: the pace of speech, nothing is waited for."""
    while not stop.is_set():
        phone.send(payload)
        await asyncio.sleep(0.02)


async def test_loss_jitter_and_opinion_are_measured(world: MediaWorld) -> None:
    leg, phone = world.phone()
    stop = asyncio.Event()
    saying = asyncio.create_task(say(phone, LOUD, stop))
    first = await world.event(leg, QualityMeasured)
    assert first.packets_lost == 0
    assert first.opinion > 4
    assert (first.far_loss, first.far_opinion, first.round_trip_us) == (None, None, None)
    phone.sequence += 40
    await world.until(lambda: any(e.packets_lost >= 40 for e in world.events_of(leg, QualityMeasured)), "the loss")
    bad = next(e for e in world.events_of(leg, QualityMeasured) if e.packets_lost >= 40)
    assert bad.opinion < 3
    stop.set()
    await saying


async def test_what_the_far_side_reports_makes_the_other_opinion(world: MediaWorld) -> None:
    leg, phone = world.phone()
    phone.send(LOUD)
    await world.event(leg, MediaStarted)
    await phone.until(lambda: bool(phone.packets), "our SSRC")
    ssrc = phone.packets[0].ssrc
    report = struct.pack("!BBHIIIIIII", 0x81, 201, 7, phone.ssrc, ssrc, 26 << 24, 0, 80, 0, 0)
    phone.socket.sendto(report, phone.to)
    phone.send(LOUD)
    await world.until(lambda: any(e.far_loss for e in world.events_of(leg, QualityMeasured)), "the report")
    measured = next(e for e in world.events_of(leg, QualityMeasured) if e.far_loss)
    assert measured.far_loss == pytest.approx(26 / 256)
    assert measured.far_opinion is not None
    assert measured.far_opinion < 3.5 < measured.opinion


async def test_a_leg_that_says_nothing_is_noticed_in_a_conversation_only(world: MediaWorld) -> None:
    first, caller = world.phone()
    second, agent = world.phone(near=first)
    stop = asyncio.Event()
    saying = [asyncio.create_task(say(phone, LOUD, stop)) for phone in (caller, agent)]
    world.plane.bridge(first, second)
    await world.event(second, QualityMeasured)
    saying[0].cancel()
    alarm = await world.event(first, AudioAlarmChanged)
    assert (alarm.alarm, alarm.active) == (AudioAlarm.ONE_WAY, True)
    assert alarm.after_ms >= 1500
    saying[0] = asyncio.create_task(say(caller, LOUD, stop))
    over = await world.event(first, AudioAlarmChanged, 2)
    assert (over.alarm, over.active) == (AudioAlarm.ONE_WAY, False)
    assert world.events_of(second, AudioAlarmChanged) == []
    stop.set()
    await asyncio.gather(*saying, return_exceptions=True)


async def test_silence_is_noticed_and_who_waits_with_music_need_not_speak(world: MediaWorld) -> None:
    first, caller = world.phone()
    second, agent = world.phone(near=first)
    waiting, waiter = world.phone(near=first)
    stop = asyncio.Event()
    saying = [
        asyncio.create_task(say(phone, payload, stop))
        for phone, payload in ((caller, QUIET), (agent, LOUD), (waiter, QUIET))
    ]
    world.plane.bridge(first, second)
    alarm = await world.event(first, AudioAlarmChanged)
    assert (alarm.alarm, alarm.active) == (AudioAlarm.SILENCE, True)
    assert world.events_of(second, AudioAlarmChanged) == []
    assert world.events_of(waiting, AudioAlarmChanged) == []
    stop.set()
    await asyncio.gather(*saying)


async def test_nothing_is_measured_when_nobody_asked() -> None:
    world = MediaWorld()
    leg, phone = world.phone()
    for _ in range(5):
        phone.send(encode_g711("pcma", bytes(320)))
    await world.event(leg, MediaStarted)
    await world.close_leg(leg)
    assert [type(event) for event in world.events] == [MediaStarted, LegClosed]
    await world.close()
