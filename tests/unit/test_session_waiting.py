"""What waiting callers hear: music, their place in the queue and how long it will take, in two languages."""

from __future__ import annotations

import math
from pathlib import Path
from typing import get_args

import pytest

from gateway.config.schema import AgentConfig, Config, NumberConfig, QueueConfig
from gateway.model.ids import LegId, QueueName
from gateway.model.media import Background
from gateway.session.speech import NAMES, Language, say_number, say_position, say_wait
from tests.support.session_world import ANNA, BEN, SUPPORT, World, world

SOUNDS = Path(__file__).parents[2] / "gateway" / "media" / "sounds"
EVERY_MS = 30_000
SALES = QueueName("sales")


def config(**support: object) -> Config:
    settings = {"announce_position_every_ms": EVERY_MS, **support}
    return Config(
        queues=[
            QueueConfig(name=SUPPORT, title="Support", **settings),  # type: ignore[arg-type]
            QueueConfig(name=SALES, title="Sales", music="ringback"),
        ],
        numbers=[NumberConfig(number="100", queue=SUPPORT)],
        agents=[
            AgentConfig(login=ANNA, name="Anna", queues=[SUPPORT, SALES]),
            AgentConfig(login=BEN, name="Ben", queues=[SUPPORT]),
        ],
    )


def announced(world: World, leg: LegId) -> list[list[str]]:
    """All announcements to the leg so far, each as its sounds."""
    return [list(command[2:-1]) for command in world.media.of(leg, "announce")]


# --- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", get_args(Language))
def test_every_word_is_recorded_and_no_other(language: Language) -> None:
    recorded = {f"{language}/{path.stem}" for path in (SOUNDS / language).glob("*.opus")}
    assert recorded == set(NAMES[language])


@pytest.mark.parametrize("language", get_args(Language))
def test_every_number_is_said_with_words_that_there_are(language: Language) -> None:
    said = {tuple(say_number(language, number)) for number in range(1, 100)}
    assert len(said) == 99
    assert {word for words in said for word in words} <= set(NAMES[language])
    for number in (0, 100):
        with pytest.raises(ValueError, match=str(number)):
            say_number(language, number)


def test_german_says_the_ones_first() -> None:
    assert say_number("de", 23) == ["de/and_3", "de/n_20"]
    assert say_number("en", 23) == ["en/n_20", "en/n_3"]
    assert say_number("de", 40) == ["de/n_40"]
    assert say_number("de", 17) == ["de/n_17"]


@pytest.mark.parametrize("language", get_args(Language))
def test_who_is_next_and_who_is_far_behind_hear_no_number(language: Language) -> None:
    assert say_position(language, 1) == [f"{language}/position_first"]
    assert say_position(language, 2) == [
        f"{language}/position_before",
        f"{language}/n_2",
        f"{language}/position_after",
    ]
    assert say_position(language, 100) == [f"{language}/position_beyond"]


@pytest.mark.parametrize(
    ("wait_s", "minutes"),
    [(60, 1), (61, 2), (5 * 60, 5), (10 * 60, 10), (10 * 60 + 1, 15), (21 * 60, 25), (59 * 60, 60), (60 * 60, 60)],
)
@pytest.mark.parametrize("language", get_args(Language))
def test_the_wait_is_rounded_up(language: Language, wait_s: int, minutes: int) -> None:
    words = say_wait(language, wait_s * 1000)
    assert words[0] == f"{language}/wait_before"
    if minutes == 1:  # German: "eine Minute", not "eins Minuten"
        assert words[1:] == [f"{language}/minute"]
    else:
        assert words[1:] == [*say_number(language, minutes), f"{language}/minutes"]


@pytest.mark.parametrize("language", get_args(Language))
def test_very_short_and_very_long_waits_have_their_own_words(language: Language) -> None:
    assert say_wait(language, 59_999) == [f"{language}/wait_short"]
    assert say_wait(language, 3_600_001) == [f"{language}/wait_long"]


# --- the session ------------------------------------------------------------------------------------------------------


async def test_the_place_is_told_again_and_again_while_waiting(tmp_path: Path) -> None:
    async with world(tmp_path, config()) as it:
        first, _ = await it.call()
        second, _ = await it.call()
        it.clock.advance(EVERY_MS - 1)
        assert announced(it, first.leg) == []
        it.clock.advance(1)
        assert announced(it, first.leg) == [say_position("en", 1)]
        assert announced(it, second.leg) == [say_position("en", 2)]
        assert it.media.legs[second.leg].background is Background.SILENT
        assert it.media.hears(second.leg) == "music"
        it.leave(first)
        it.clock.advance(EVERY_MS)
        assert announced(it, second.leg) == [say_position("en", 2), say_position("en", 1)]


async def test_not_while_talking_and_not_after_the_end(tmp_path: Path) -> None:
    async with world(tmp_path, config()) as it:
        it.ready(ANNA)
        line, contact, _ = await it.talk()
        it.clock.advance(10 * EVERY_MS)
        it.agents.hold(ANNA, contact)
        it.clock.advance(10 * EVERY_MS)
        assert announced(it, line.leg) == []
        waiting, _ = await it.call()
        it.leave(waiting)
        it.clock.advance(10 * EVERY_MS)
        assert announced(it, waiting.leg) == []


async def test_who_is_sent_back_to_the_queue_is_told_again(tmp_path: Path) -> None:
    async with world(tmp_path, config()) as it:
        it.ready(ANNA)
        line, contact, _ = await it.talk()
        it.agents.transfer(ANNA, contact, queue=SUPPORT)
        it.clock.advance(EVERY_MS)
        assert announced(it, line.leg) == [say_position("en", 1)]


@pytest.mark.parametrize("language", get_args(Language))
async def test_the_estimate_goes_by_the_agents_at_work(tmp_path: Path, language: Language) -> None:
    settings = config(announce_language=language, announce_wait=True, handle_ms=4 * 60_000)
    async with world(tmp_path, settings) as it:
        it.agents.sign_in(ANNA)
        it.agents.sign_in(BEN)
        lines = [(await it.call())[0] for _ in range(3)]
        it.clock.advance(EVERY_MS)
        for position, line in enumerate(lines, 1):
            minutes = math.ceil(position * 4 / 2)
            words = say_position(language, position) + say_wait(language, minutes * 60_000)
            assert announced(it, line.leg) == [words]


async def test_without_anybody_at_work_no_time_is_told(tmp_path: Path) -> None:
    async with world(tmp_path, config(announce_wait=True, handle_ms=60_000)) as it:
        line, _ = await it.call()
        it.clock.advance(EVERY_MS)
        assert announced(it, line.leg) == [say_position("en", 1)]


async def test_chats_are_told_nothing(tmp_path: Path) -> None:
    async with world(tmp_path, config()) as it:
        await it.chat()
        it.clock.advance(10 * EVERY_MS)
        assert "announce" not in it.media.names()


async def test_a_queue_may_be_silent_about_it(tmp_path: Path) -> None:
    async with world(tmp_path, config(announce_position_every_ms=0)) as it:
        line, _ = await it.call()
        it.clock.advance(10 * EVERY_MS)
        assert announced(it, line.leg) == []


async def test_a_playlist_is_repeated_as_a_whole(tmp_path: Path) -> None:
    async with world(tmp_path, config(playlist=["goodbye", "busy"])) as it:
        line, _ = await it.call()
        assert it.media.of(line.leg, "play")[-1] == ("play", line.leg, "music", "goodbye", "busy", True)
