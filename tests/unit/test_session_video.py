"""Pictures in the session: who may show them, what is told of them, and when they end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.config.schema import AgentConfig, Config, QueueConfig
from gateway.model import events as ev
from gateway.model.errors import NotAllowedError
from gateway.model.ids import Channel, ContactId, LegId, QueueName, VideoCodec
from gateway.model.media import VideoPeer
from tests.support.session_world import ANNA, BEN, SUPPORT, VISITOR, FakeLine, World, world

SALES = QueueName("sales")
CAMERA, SCREEN = ev.VideoSource.CAMERA, ev.VideoSource.SCREEN


def peer(codec: VideoCodec = VideoCodec.VP8, *, receive: bool = True, transport_cc_id: int = 3) -> VideoPeer:
    return VideoPeer(codec=codec, payload_type=96, ssrc=1, rtx_ssrc=2, receive=receive, transport_cc_id=transport_cc_id)


class WebLine(FakeLine):
    """A visitor's call: a browser's leg."""

    def __init__(self, floor: World) -> None:
        super().__init__(floor.media)
        floor.media.close_leg(self.leg)
        self.leg = floor.agent_leg()


@pytest.fixture
async def floor(tmp_path: Path) -> AsyncIterator[World]:
    config = Config(
        queues=[
            QueueConfig(name=SUPPORT, title="Support", wrap_up_ms=0, video=True),
            QueueConfig(name=SALES, title="Sales", wrap_up_ms=0),
        ],
        agents=[AgentConfig(login=login, name=login.title(), queues=[SUPPORT, SALES]) for login in (ANNA, BEN)],
    )
    async with world(tmp_path, config) as made:
        yield made


async def web_call(
    floor: World, queue: QueueName = SUPPORT, channel: Channel = Channel.WEB_CALL
) -> tuple[WebLine, ContactId]:
    line = WebLine(floor)
    contact = await floor.contacts.open_call(line, channel=channel, queue=queue, customer=VISITOR, called="web")
    floor.media.end_sound(line.leg)
    return line, contact


async def talk(floor: World, queue: QueueName = SUPPORT) -> tuple[WebLine, ContactId, LegId]:
    floor.ready(ANNA)
    line, contact = await web_call(floor, queue)
    return line, contact, await answer(floor, contact)


async def answer(floor: World, contact: ContactId) -> LegId:
    await floor.agents.accept(ANNA, floor.ringing(ANNA))
    leg = floor.agent_leg()
    floor.agents.attach_leg(ANNA, contact, leg)
    return leg


def shown(floor: World, contact: ContactId) -> tuple[ev.VideoSource | None, ev.VideoSource | None]:
    """By the customer and by the agent."""
    view = floor.contacts.view(contact)
    assert view is not None
    return view.customer_shows, view.agent_shows


def told(floor: World) -> list[tuple[ev.Party, str | None]]:
    """Whose pictures began (as what) and ended (None), in order."""
    return [
        (event.by, event.source.value if isinstance(event, ev.VideoStarted) else None)
        for event in floor.events
        if isinstance(event, ev.VideoStarted | ev.VideoStopped)
    ]


async def test_pictures_are_for_conversations_in_queues_that_allow_them(floor: World) -> None:
    floor.ready(ANNA)
    line, contact = await web_call(floor)
    assert floor.contacts.video_wish(line).codecs == (), "still waiting"
    leg = await answer(floor, contact)
    assert floor.contacts.video_wish(line).codecs == tuple(VideoCodec)
    assert floor.agents.video_wish(ANNA, contact, leg).codecs == tuple(VideoCodec)
    assert floor.agents.video_wish(ANNA, contact, LegId(leg + 100)).codecs == (), "not the leg in use"
    view = floor.contacts.view(contact)
    assert view is not None
    assert view.video_allowed
    with pytest.raises(NotAllowedError):
        floor.agents.video_wish(BEN, contact, leg)
    floor.agents.hang_up(ANNA, contact)
    assert floor.contacts.video_wish(line).codecs == ()


async def test_a_queue_without_video_and_a_telephone_have_none(floor: World) -> None:
    line, contact, leg = await talk(floor, SALES)
    assert floor.contacts.video_wish(line).codecs == ()
    floor.agents.hang_up(ANNA, contact)
    line, contact = await web_call(floor, SUPPORT, Channel.PHONE)
    leg = await answer(floor, contact)
    assert floor.contacts.video_wish(line).codecs == ()
    assert floor.agents.video_wish(ANNA, contact, leg).codecs == ()


async def test_the_second_side_is_answered_what_the_first_has(floor: World) -> None:
    line, contact, leg = await talk(floor)
    floor.contacts.video_negotiated(line, peer(VideoCodec.H264, transport_cc_id=0))
    wish = floor.agents.video_wish(ANNA, contact, leg)
    assert (wish.codecs, wish.transport_cc) == ((VideoCodec.H264,), False)
    floor.agents.video_negotiated(ANNA, contact, leg, peer(VideoCodec.H264, receive=False))
    floor.contacts.video_negotiated(line, None)
    assert floor.contacts.video_wish(line).codecs == (VideoCodec.H264,)


async def test_each_side_is_told_of_by_what_is_negotiated(floor: World) -> None:
    line, contact, leg = await talk(floor)
    floor.contacts.video_negotiated(line, peer())
    assert shown(floor, contact) == (CAMERA, None)
    floor.agents.video_negotiated(ANNA, contact, leg, peer(receive=False))
    assert shown(floor, contact) == (CAMERA, None)
    floor.agents.agent_shows(ANNA, contact, SCREEN)
    assert shown(floor, contact) == (CAMERA, None), "not before it is negotiated"
    floor.agents.video_negotiated(ANNA, contact, leg, peer())
    floor.contacts.customer_shows(contact, SCREEN)
    assert shown(floor, contact) == (SCREEN, SCREEN)
    floor.contacts.video_negotiated(line, peer(receive=False))
    assert shown(floor, contact) == (None, SCREEN)
    floor.agents.hang_up(ANNA, contact)
    customer, agent = ev.Party.CUSTOMER, ev.Party.AGENT
    assert told(floor) == [
        (customer, "camera"),
        (agent, "screen"),
        (customer, "screen"),
        (customer, None),
        (agent, None),
    ]
    assert isinstance(floor.events[-1], ev.Event)
    kinds = floor.kinds(contact)
    assert kinds.index("ContactEnded") > max(i for i, kind in enumerate(kinds) if kind == "VideoStopped")
    assert {event.agent for event in floor.of(ev.VideoStarted) if event.by is agent} == {ANNA}


async def test_hold_changes_nothing_of_what_is_agreed(floor: World) -> None:
    line, contact, leg = await talk(floor)
    floor.contacts.video_negotiated(line, peer())
    floor.agents.hold(ANNA, contact)
    assert shown(floor, contact) == (CAMERA, None)
    assert floor.contacts.video_wish(line).codecs == tuple(VideoCodec)
    floor.agents.resume(ANNA, contact)
    assert shown(floor, contact) == (CAMERA, None)
    assert floor.agents.video_wish(ANNA, contact, leg).codecs == (VideoCodec.VP8,)


async def test_an_agent_who_comes_back_shows_nothing_until_they_wish_to(floor: World) -> None:
    line, contact, leg = await talk(floor)
    floor.contacts.video_negotiated(line, peer())
    floor.agents.video_negotiated(ANNA, contact, leg, peer())
    floor.agents.detach_leg(ANNA, contact, leg)
    assert shown(floor, contact) == (CAMERA, None)
    assert floor.contacts.video_wish(line).codecs == tuple(VideoCodec), "the customer's stays as it is"
    floor.agents.attach_leg(ANNA, contact, floor.agent_leg())
    assert shown(floor, contact) == (CAMERA, None)


async def test_who_comes_next_sees_nothing_of_the_customer(floor: World) -> None:
    line, contact, _ = await talk(floor)
    floor.contacts.video_negotiated(line, peer())
    floor.media.set_video(line.leg, peer())
    floor.agents.transfer(ANNA, contact, queue=SALES)
    assert floor.media.legs[line.leg].video is None
    assert shown(floor, contact) == (None, None)
    assert floor.contacts.video_wish(line).codecs == ()
