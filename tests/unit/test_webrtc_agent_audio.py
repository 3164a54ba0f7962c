"""Agents' audio between browsers and a session that only notes: attach, loss, page reload, end of the contact."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.model.errors import NotAllowedError
from gateway.model.events import ContactEnded, ContactRequeued, EndCause, Party
from gateway.model.ids import AgentId, Codec, ContactId, LegId, QueueName
from gateway.model.media import ConsentLost
from gateway.protocol.sdp import parse
from gateway.session.bus import EventBus
from gateway.webrtc.agent_audio import AgentAudio
from gateway.webrtc.edge import WebRtcEdge, WebRtcLimits
from tests.support.webrtc_fakes import BrowserPlane, DtlsBrowser

ANNA = AgentId("anna")
CALL = ContactId("c1")
CUSTOMER_LEG = LegId(99)


class NotingAgents:
    def __init__(self, codec: Codec) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.attached = asyncio.Event()
        self.detached = asyncio.Event()
        self.codec = codec
        self.too_late = False

    def customer_line(self, agent: AgentId, contact: ContactId) -> Any:
        if contact != CALL:
            raise NotAllowedError("not in your hands")
        return SimpleNamespace(leg=CUSTOMER_LEG, codec=self.codec)

    def attach_leg(self, agent: AgentId, contact: ContactId, leg: LegId) -> None:
        self.attached.set()
        if self.too_late:
            raise NotAllowedError("ended")
        self.calls.append(("attach", agent, contact, leg))

    def detach_leg(self, agent: AgentId, contact: ContactId, leg: LegId) -> None:
        self.calls.append(("detach", agent, contact, leg))
        self.detached.set()


class Stage:
    def __init__(self, codec: Codec = Codec.PCMA) -> None:
        self.plane = BrowserPlane()
        # Visitors have used up the places for those who connect; agents must not notice.
        self.edge = WebRtcEdge(self.plane, limits=WebRtcLimits(connecting_max=0))
        self.agents = NotingAgents(codec)
        self.bus = EventBus()
        self.audio = AgentAudio(self.edge, self.agents, self.bus)  # type: ignore[arg-type]
        self.browsers: list[DtlsBrowser] = []

    async def offer(self) -> tuple[DtlsBrowser, LegId, str]:
        browser = DtlsBrowser(self.plane)
        self.browsers.append(browser)
        answer_sdp = await self.audio.offer(ANNA, CALL, browser.offer)
        return browser, max(self.plane.open_legs), answer_sdp

    async def connect(self) -> tuple[DtlsBrowser, LegId]:
        browser, leg, answer_sdp = await self.offer()
        self.agents.attached.clear()
        async with asyncio.timeout(5):
            await browser.connect(leg, answer_sdp)
            await self.agents.attached.wait()
        return browser, leg


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    await stage.edge.start()
    await stage.audio.start()
    yield stage
    await stage.audio.stop()
    await stage.edge.stop()
    for browser in stage.browsers:
        await browser.close()
    assert stage.audio.legs == 0
    assert stage.plane.open_legs == []
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("codec", list(Codec))
async def test_the_customers_codec_and_thread_are_taken(codec: Codec):
    stage = Stage(codec)
    await stage.edge.start()
    _, leg, answer_sdp = await stage.offer()
    expected = {Codec.OPUS: "111", Codec.PCMA: "8", Codec.PCMU: "0"}[codec]
    assert parse(answer_sdp).media[0].formats[0] == expected
    assert ("open_webrtc_leg", leg, CUSTOMER_LEG) in stage.plane.commands
    await stage.edge.stop()


async def test_connected_means_attached(stage: Stage):
    _, leg = await stage.connect()
    assert stage.agents.calls == [("attach", ANNA, CALL, leg)]


async def test_lost_means_detached(stage: Stage):
    _, leg = await stage.connect()
    stage.plane.report(ConsentLost(leg=leg))
    async with asyncio.timeout(5):
        await stage.agents.detached.wait()
    assert stage.agents.calls[1:] == [("detach", ANNA, CALL, leg)]
    assert stage.audio.legs == 0


async def test_a_reloaded_page_takes_over(stage: Stage):
    old_browser, old = await stage.connect()
    _, new = await stage.connect()
    assert stage.agents.calls == [("attach", ANNA, CALL, old), ("attach", ANNA, CALL, new)]
    async with asyncio.timeout(5):
        await old_browser.wait_closed()
    assert stage.audio.legs == 1


async def test_the_old_leg_stays_until_the_new_one_is_there(stage: Stage):
    await stage.connect()
    await stage.offer()
    assert stage.audio.legs == 2
    await stage.offer()
    assert stage.audio.legs == 2, "an offer that never connected is replaced, not collected"


async def test_a_contact_not_in_hand_gets_no_leg(stage: Stage):
    with pytest.raises(NotAllowedError):
        await stage.audio.offer(ANNA, ContactId("other"), DtlsBrowser(stage.plane).offer)
    assert stage.plane.open_legs == []


async def test_too_late_closes_the_leg(stage: Stage):
    stage.agents.too_late = True
    browser, _ = await stage.connect()
    async with asyncio.timeout(5):
        await browser.wait_closed()
    assert stage.agents.calls == []
    assert stage.audio.legs == 0


async def test_the_contacts_end_closes_the_leg(stage: Stage):
    browser, _ = await stage.connect()
    stage.bus.publish(ContactEnded(at_ns=1, contact=ContactId("other"), by=Party.CUSTOMER, cause=EndCause.HUNG_UP))
    assert stage.audio.legs == 1
    stage.bus.publish(ContactEnded(at_ns=1, contact=CALL, by=Party.CUSTOMER, cause=EndCause.HUNG_UP))
    assert stage.audio.legs == 0
    async with asyncio.timeout(5):
        await browser.wait_closed()
    assert [call[0] for call in stage.agents.calls] == ["attach"]


async def test_a_requeued_contact_leaves_its_agent(stage: Stage):
    await stage.connect()
    stage.bus.publish(ContactRequeued(at_ns=1, contact=CALL, queue=QueueName("q"), agent=ANNA, reason="away"))
    assert stage.audio.legs == 0


async def test_close_by_the_page(stage: Stage):
    await stage.connect()
    stage.audio.close(ANNA, CALL)
    stage.audio.close(ANNA, CALL)
    assert stage.audio.legs == 0
    assert [call[0] for call in stage.agents.calls] == ["attach"]
