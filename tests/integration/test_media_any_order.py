"""Whatever is asked of legs, in whatever order: no crash, no leak of a leg, and sound flows afterwards as it should."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.model.errors import CapacityError
from gateway.model.ids import Codec, LegId
from gateway.model.media import Background, LegClosed
from tests.support.media_world import MediaWorld, write_tone
from tests.support.talkers import Talker, until_heard

TONES = (400.0, 700.0, 1100.0, 1700.0)


@pytest.fixture
async def world() -> AsyncIterator[MediaWorld]:
    world = MediaWorld()
    yield world
    await world.close()


async def assert_sound_flows(world: MediaWorld, talkers: list[Talker]) -> list[LegId]:
    """Two new legs in a conference with a third hear each other; returns the three."""
    (first, one), (second, two), (third, _) = world.phone(), world.phone(), world.phone()
    talkers += [Talker(one, 400), Talker(two, 700)]
    conference = world.plane.name_conference(near=first)
    for member in (first, second, third):
        world.plane.join(conference, member)
    await talkers[-1].hears(15)
    await until_heard(talkers[-1], 400, TONES)
    return [first, second, third]


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(1, 20))])
async def test_any_order_of_commands(world: MediaWorld, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    plane = world.plane
    for index, tone in enumerate((300, 500)):
        plane.add_sound(f"sound{index}", write_tone(tmp_path / f"{index}.wav", tone, 60 + 40 * index))
    legs: list[LegId] = []
    talkers: list[Talker] = []
    conferences = [plane.name_conference() for _ in range(3)]

    async def one_more() -> None:
        if chance.random() < 0.3:
            legs.append((await world.browser(Codec.OPUS))[0])
            return
        codec = chance.choice([Codec.PCMA, Codec.PCMU])
        leg, phone = world.phone(codec, packet_ms=chance.choice([20, 20, 30]))
        legs.append(leg)
        if len(talkers) < 6:
            talkers.append(Talker(phone, chance.choice(TONES), codec=codec))

    def some() -> list[LegId]:
        return chance.sample(legs, chance.randint(0, 3))

    def command() -> None:
        leg, other, conference = chance.choice(legs), chance.choice(legs), chance.choice(conferences)
        sounds = [f"sound{chance.randint(0, 1)}" for _ in range(chance.randint(1, 3))]
        match chance.randint(0, 8):
            case 0 | 1:
                plane.join(conference, leg, heard_by=chance.choice([None, None, [], some()]))
            case 2:
                plane.leave(leg)
            case 3:
                plane.bridge(leg, other)
            case 4:
                plane.unbridge(leg)
            case 5:
                plane.play(leg, *sounds, loop=chance.random() < 0.5)
            case 6:
                plane.announce(leg, *sounds, background=chance.choice(list(Background)))
            case 7:
                plane.stop(leg)
            case _:
                if len(legs) > 6 and chance.random() < 0.2:
                    legs.remove(leg)
                    plane.close_leg(leg)

    for _ in range(10):
        await one_more()
    for turn in range(1500):
        with contextlib.suppress(CapacityError):  # a conference is full
            command()
        if turn % 25 == 0:
            await asyncio.sleep(0.02)  # some rounds of the plane between them
            if len(legs) < 12:
                await one_more()
    new = await assert_sound_flows(world, talkers)
    for talker in talkers:
        talker.stop()
    closing = [*legs, *new]
    for leg in closing:
        plane.close_leg(leg)
    await world.until(lambda: all(world.events_of(leg, LegClosed) for leg in closing))
    assert plane.statistics()[0].legs == 0


async def test_a_member_under_music_and_an_announcement_is_made_unheard(world: MediaWorld, tmp_path: Path) -> None:
    """All in one step: it hears the conference again, the announcement ends, and the two are no pair any more."""
    plane = world.plane
    plane.add_sound("sound", write_tone(tmp_path / "sound.wav", 300, 2000))
    (first, one), (second, two) = world.phone(), world.phone(packet_ms=30)  # no relay
    talkers = [Talker(one, 400), Talker(two, 700)]
    conference = plane.name_conference(near=first)
    plane.join(conference, first)
    plane.join(conference, second)
    plane.play(first, "sound", loop=True)
    plane.announce(first, "sound")
    plane.join(conference, first, heard_by=[])
    await talkers[0].hears(15)
    await until_heard(talkers[0], 700, TONES)
    for talker in talkers:
        talker.stop()
