"""Agents' audio between browsers and the session, over the fake plane: attach, loss, page reload, end of contact."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from gateway.model.errors import NotAllowedError
from gateway.model.events import ContactEnded, ContactRequeued, EndCause, Party
from gateway.model.ids import AgentId, Codec, ContactId, LegId, new_contact_id
from gateway.model.media import ConsentLost
from gateway.protocol.sdp import parse
from gateway.session.states import ContactState
from gateway.webrtc.agent_audio import AgentAudio
from gateway.webrtc.edge import WebRtcEdge, WebRtcLimits
from tests.support.patience import PATIENCE_S
from tests.support.session_world import ANNA, FakeLine, SessionPlane, World, world
from tests.support.webrtc_fakes import BrowserPlane, DtlsBrowser


class Plane(SessionPlane, BrowserPlane):
    """Its captures are files, and its browsers hear DTLS."""


class Stage:
    """A call that anna has accepted and whose audio is hers to bring."""

    def __init__(self, floor: World, plane: Plane) -> None:
        self.floor = floor
        self.plane = plane
        # Visitors have used up the places for those who connect; agents must not notice.
        self.edge = WebRtcEdge(plane, limits=WebRtcLimits(connecting_max=0, restart_ms=0))
        self.audio = AgentAudio(self.edge, floor.agents, floor.session.bus)
        self.browsers: list[DtlsBrowser] = []
        self.line: FakeLine
        self.contact: ContactId

    async def accept_call(self) -> None:
        self.floor.ready(ANNA)
        self.line, self.contact = await self.floor.call()
        await self.floor.agents.accept(ANNA, self.floor.ringing(ANNA))

    async def offer(self) -> tuple[DtlsBrowser, LegId, str]:
        browser = DtlsBrowser(self.plane)
        self.browsers.append(browser)
        answer_sdp = await self.audio.offer(ANNA, self.contact, browser.offer)
        return browser, max(self.plane.open_legs), answer_sdp

    async def connect(self) -> tuple[DtlsBrowser, LegId]:
        browser, leg, answer_sdp = await self.offer()
        async with asyncio.timeout(PATIENCE_S):
            await browser.connect(leg, answer_sdp)
        await self.until(lambda: self.plane.hears(self.line.leg) == leg)
        return browser, leg

    @property
    def state(self) -> ContactState:
        view = self.floor.contacts.view(self.contact)
        assert view is not None
        return view.state

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for what the edge's tasks do in the next turns of the loop."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():  # noqa: ASYNC110 - the plane tells nobody of its commands
                await asyncio.sleep(0)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    plane = Plane()
    async with world(tmp_path, media=plane) as floor:
        stage = Stage(floor, plane)
        await stage.accept_call()
        await stage.edge.start()
        await stage.audio.start()
        yield stage
        await stage.audio.stop()
        await stage.edge.stop()
        for browser in stage.browsers:
            await browser.close()
        assert stage.audio.legs == 0
        assert set(plane.open_legs) <= {stage.line.leg}
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("codec", list(Codec))
async def test_the_customers_codec_and_thread_are_taken(stage: Stage, codec: Codec):
    stage.line.codec = codec
    _, leg, answer_sdp = await stage.offer()
    expected = {Codec.OPUS: "111", Codec.G722: "9", Codec.PCMA: "8", Codec.PCMU: "0"}[codec]
    assert parse(answer_sdp).media[0].formats[0] == expected
    assert ("open_webrtc_leg", leg, stage.line.leg) in stage.plane.commands


async def test_connected_means_that_the_two_hear_each_other(stage: Stage):
    _, leg = await stage.connect()
    assert (stage.plane.hears(stage.line.leg), stage.plane.hears(leg)) == (leg, stage.line.leg)
    assert stage.state is ContactState.TALKING


async def test_lost_means_parted(stage: Stage):
    _, leg = await stage.connect()
    stage.plane.report(ConsentLost(leg=leg))
    await stage.until(lambda: stage.state is ContactState.PARTED)
    assert stage.plane.hears(stage.line.leg) == "music"
    assert stage.audio.legs == 0


async def test_a_reloaded_page_takes_over(stage: Stage):
    old_browser, _ = await stage.connect()
    _, new = await stage.connect()
    async with asyncio.timeout(PATIENCE_S):
        await old_browser.wait_closed()
    assert stage.audio.legs == 1
    assert stage.plane.hears(stage.line.leg) == new
    assert stage.state is ContactState.TALKING


async def test_the_old_leg_stays_until_the_new_one_is_there(stage: Stage):
    _, old = await stage.connect()
    await stage.offer()
    assert stage.audio.legs == 2
    await stage.offer()
    assert stage.audio.legs == 2, "an offer that never connected is replaced, not collected"
    assert stage.plane.hears(stage.line.leg) == old


async def test_a_contact_not_in_hand_gets_no_leg(stage: Stage):
    with pytest.raises(NotAllowedError):
        await stage.audio.offer(ANNA, new_contact_id(), DtlsBrowser(stage.plane).offer)
    assert stage.plane.open_legs == [stage.line.leg]


async def test_too_late_closes_the_leg(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """The contact went between handshake and report: a moment that nothing else can produce."""

    def gone(agent: AgentId, contact: ContactId, leg: LegId) -> None:
        raise NotAllowedError("ended")

    monkeypatch.setattr(stage.floor.agents, "attach_leg", gone)
    browser, leg, answer_sdp = await stage.offer()
    async with asyncio.timeout(PATIENCE_S):
        await browser.connect(leg, answer_sdp)
        await browser.wait_closed()
    assert stage.audio.legs == 0


async def test_the_contacts_end_closes_the_leg(stage: Stage):
    browser, _ = await stage.connect()
    stage.floor.session.bus.publish(
        ContactEnded(at_ns=1, contact=new_contact_id(), by=Party.CUSTOMER, cause=EndCause.HUNG_UP)
    )
    assert stage.audio.legs == 1
    stage.floor.leave(stage.line)
    assert stage.audio.legs == 0
    async with asyncio.timeout(PATIENCE_S):
        await browser.wait_closed()


async def test_a_requeued_contact_leaves_its_agent(stage: Stage):
    await stage.offer()
    stage.floor.clock.advance(10_000)
    assert stage.floor.last(ContactRequeued).contact == stage.contact
    assert stage.audio.legs == 0
