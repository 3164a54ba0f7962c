"""What the demo adds to a configuration, which folder it uses, and what its players have to say."""

from __future__ import annotations

import wave
from pathlib import Path

import msgspec
import pytest

from gateway.app.demo import dialogues
from gateway.app.demo.pace import Pace
from gateway.app.demo.players import VOICES
from gateway.app.demo.stage import Robot, Stage, data_folder, queues_for, reachable, with_robots
from gateway.config.loader import load
from gateway.config.schema import Config
from gateway.model.errors import InternalError
from gateway.model.ids import AgentId, Channel, QueueName


def test_two_robots_serve_every_queue(tmp_path: Path) -> None:
    config, robots = with_robots(load(None), tmp_path)
    assert robots == ["robin", "kim"]
    assert [agent.login for agent in config.agents] == ["anna", "ben", "robin", "kim"]
    assert config.agents[-1].queues == ["support", "sales"]
    assert config.storage.directory == str(tmp_path)


def test_a_person_of_the_robot_s_name_keeps_it() -> None:
    config = load(None)
    agents = [msgspec.structs.replace(config.agents[0], login=AgentId("robin")), *config.agents[1:]]
    _, robots = with_robots(msgspec.structs.replace(config, agents=agents), None)
    assert robots == ["robin-robot", "kim"]


def test_robots_have_every_skill_that_a_queue_asks_for() -> None:
    config = load(None)
    queues = [msgspec.structs.replace(config.queues[0], skills=["french"]), *config.queues[1:]]
    config, _ = with_robots(msgspec.structs.replace(config, queues=queues), None)
    assert config.agents[-1].skills == ["french"]


def test_the_players_carrier_is_let_in_though_no_trunk_was_configured() -> None:
    config, _ = with_robots(msgspec.structs.replace(load(None), trunks=[]), None)
    assert [trunk.networks for trunk in config.trunks] == [["127.0.0.1"]]


@pytest.mark.parametrize(
    ("listens", "called"),
    [
        ("127.0.0.1:5060", ("127.0.0.1", 5060)),
        ("0.0.0.0:5060", ("127.0.0.1", 5060)),
        ("192.0.2.1:5062", ("192.0.2.1", 5062)),
        ("[::1]:5060", ("::1", 5060)),
    ],
)
def test_everywhere_is_reached_at_the_loopback(listens: str, called: tuple[str, int]) -> None:
    assert reachable(listens) == called


def test_customers_choose_among_the_queues_that_take_them() -> None:
    config = load(None)
    queues = [msgspec.structs.replace(config.queues[0], channels=[Channel.PHONE]), *config.queues[1:]]
    assert queues_for(msgspec.structs.replace(config, queues=queues), Channel.CHAT) == [QueueName("sales")]


def stored_at(directory: Path) -> Config:
    config = load(None)
    return msgspec.structs.replace(config, storage=msgspec.structs.replace(config.storage, directory=str(directory)))


def test_the_built_in_configuration_plays_in_a_folder_that_goes_with_it() -> None:
    with data_folder(load(None), None) as directory:
        assert directory is not None
        assert directory.is_dir()
    assert not directory.exists()


def test_a_configured_folder_is_used_again_by_the_demo(tmp_path: Path) -> None:
    for _ in range(2):
        with data_folder(stored_at(tmp_path / "var"), Path("my.toml")) as directory:
            assert directory is None
        (tmp_path / "var" / "zentrale.db").touch()


def test_a_real_database_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "zentrale.db").touch()
    with pytest.raises(InternalError, match="real Zentrale"), data_folder(stored_at(tmp_path), Path("my.toml")):
        pass


def test_the_stage_is_told_as_json() -> None:
    stage = Stage(
        web="http://127.0.0.1:1",
        sip=("127.0.0.1", 2),
        address="127.0.0.1",
        numbers=["100"],
        call_queues=[QueueName("support")],
        chat_queues=[],
        robots=[Robot(login=AgentId("robin"), password="secret")],
        seconds=None,
    )
    assert msgspec.json.decode(msgspec.json.encode(stage), type=Stage) == stage


def test_a_robot_knows_the_answer_to_every_line_of_every_dialogue() -> None:
    for dialogue in dialogues.DIALOGUES:
        assert [dialogues.answer_to(asked) for asked, _ in dialogue.turns] == [answer for _, answer in dialogue.turns]
        assert dialogues.answer_to(dialogue.farewell) == dialogues.FAREWELL
        assert dialogues.note_for(["Hello", dialogue.farewell]) == dialogue.note


def test_to_what_a_person_writes_a_robot_has_no_scripted_answer() -> None:
    assert dialogues.answer_to("What is the weather like?") is None
    assert dialogues.note_for(["What is the weather like?"]) == ""


def test_no_line_has_two_answers() -> None:
    asked = [text for dialogue in dialogues.DIALOGUES for text, _ in dialogue.turns]
    farewells = [dialogue.farewell for dialogue in dialogues.DIALOGUES]
    assert len({*asked, *farewells}) == len(asked) + len(farewells)


def test_a_short_demo_hurries() -> None:
    unhurried, hurried = Pace(None, seed=1), Pace(30, seed=1)
    assert all(20 <= unhurried.talk_s() <= 60 for _ in range(50))
    assert all(5 <= hurried.talk_s() <= 15 for _ in range(50))


@pytest.mark.parametrize("path", sorted(VOICES.glob("*.wav")), ids=lambda path: path.stem)
def test_voices_are_short_mono_and_small(path: Path) -> None:
    with wave.open(str(path)) as voice:
        assert (voice.getnchannels(), voice.getsampwidth(), voice.getframerate()) == (1, 2, 16_000)
        assert 3 <= voice.getnframes() / voice.getframerate() <= 8
    assert path.stat().st_size < 300 * 1024


def test_everybody_has_a_voice() -> None:
    for who in ("agent", "caller", "visitor"):
        assert len(list(VOICES.glob(f"{who}-*.wav"))) == 2
