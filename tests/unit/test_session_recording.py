"""Recording by the session: what an agent may pause, what hold and transfer make of it, and what a full disk does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.model import events as ev
from gateway.model.errors import NotAllowedError
from gateway.session.states import RecordingState
from tests.support.session_world import ANNA, BEN, World, world


@pytest.fixture
async def floor(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


def recording(floor: World, agent: str = ANNA) -> RecordingState:
    contact = floor.agents.desk(agent).contact  # type: ignore[arg-type]
    assert contact is not None
    return contact.recording


async def test_an_agent_pauses_the_recording_and_goes_on(floor: World) -> None:
    floor.ready(ANNA)
    line, contact, _ = await floor.talk()
    captured = floor.media.legs[line.leg]
    assert recording(floor) is RecordingState.ON
    floor.agents.pause_recording(ANNA, contact)
    floor.agents.pause_recording(ANNA, contact)  # twice is once
    assert (captured.capture_paused, recording(floor)) == (True, RecordingState.PAUSED)
    floor.agents.resume_recording(ANNA, contact)
    floor.agents.resume_recording(ANNA, contact)
    assert (captured.capture_paused, recording(floor)) == (False, RecordingState.ON)
    told = [kind for kind in floor.kinds(contact) if kind.startswith("Recording")]
    assert told == ["RecordingPaused", "RecordingResumed"]


async def test_hold_does_not_end_a_pause_nor_a_resumed_recording_a_hold(floor: World) -> None:
    floor.ready(ANNA)
    line, contact, _ = await floor.talk()
    captured = floor.media.legs[line.leg]
    floor.agents.pause_recording(ANNA, contact)
    floor.agents.hold(ANNA, contact)
    floor.agents.resume(ANNA, contact)
    assert captured.capture_paused, "it was paused by hand"
    floor.agents.hold(ANNA, contact)
    floor.agents.resume_recording(ANNA, contact)
    assert captured.capture_paused, "the customer hears music"
    floor.agents.resume(ANNA, contact)
    assert not captured.capture_paused


async def test_a_pause_outlives_the_agents_connection(floor: World) -> None:
    floor.ready(ANNA)
    line, contact, leg = await floor.talk()
    floor.agents.pause_recording(ANNA, contact)
    floor.agents.detach_leg(ANNA, contact, leg)
    floor.agents.attach_leg(ANNA, contact, floor.agent_leg())
    assert floor.media.legs[line.leg].capture_paused
    assert recording(floor) is RecordingState.PAUSED


async def test_the_next_agent_is_recorded(floor: World) -> None:
    floor.ready(ANNA)
    line, contact, _ = await floor.talk()
    floor.agents.pause_recording(ANNA, contact)
    floor.ready(BEN)
    floor.agents.transfer(ANNA, contact, to_agent=BEN)
    await floor.agents.accept(BEN, floor.ringing(BEN))
    floor.agents.attach_leg(BEN, contact, floor.agent_leg())
    assert not floor.media.legs[line.leg].capture_paused
    assert recording(floor, BEN) is RecordingState.ON


async def test_who_has_not_got_it_in_hand_pauses_nothing(floor: World) -> None:
    floor.ready(ANNA)
    _, contact, _ = await floor.talk()
    floor.ready(BEN)
    with pytest.raises(NotAllowedError):
        floor.agents.pause_recording(BEN, contact)
    assert recording(floor) is RecordingState.ON


async def test_a_chat_has_no_recording_to_pause(floor: World) -> None:
    floor.ready(ANNA)
    contact = await floor.chat()
    await floor.agents.accept(ANNA, floor.ringing(ANNA))
    assert recording(floor) is RecordingState.OFF
    with pytest.raises(NotAllowedError, match="not recorded"):
        floor.agents.pause_recording(ANNA, contact)


async def test_a_full_disk_is_an_alarm_and_the_conversation_goes_on(floor: World) -> None:
    floor.ready(ANNA)
    line, contact, leg = await floor.talk()
    floor.media.fail_capture(line.leg, "No space left on device")
    floor.media.deliver()
    assert recording(floor) is RecordingState.FAILED
    (told,) = [event for event in floor.events if isinstance(event, ev.RecordingInterrupted)]
    assert (told.contact, told.reason) == (contact, "No space left on device")
    assert floor.media.hears(line.leg) == leg, "they talk on"
    floor.agents.hang_up(ANNA, contact)
    assert line.ended is ev.EndCause.HUNG_UP
