"""Visitors' calls between a browser and a session that only notes: who is told what, whichever side ends it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from gateway.model.errors import CapacityError, InternalError, PeerError, ZentraleError
from gateway.model.events import Customer, EndCause
from gateway.model.ids import Channel, Codec, ContactId, QueueName
from gateway.model.media import ConsentLost, DigitReceived
from gateway.webrtc.calls import IllegalLineTransitionError, LineState, WebCallLine, WebCalls
from gateway.webrtc.edge import WebRtcEdge, WebRtcLimits
from tests.support.fake_contacts import FakeCall, FakeContacts
from tests.support.patience import PATIENCE_S
from tests.support.sdp_samples import sample
from tests.support.webrtc_fakes import BrowserPlane, DtlsBrowser

CUSTOMER = Customer(address="visitor:1", name="Anna")


class Page:
    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.ended = asyncio.Event()
        self.ends: list[tuple[EndCause, str]] = []

    def on_opened(self, contact: ContactId) -> None:
        self.opened.set()

    def on_ended(self, cause: EndCause, message: str) -> None:
        self.ends.append((cause, message))
        self.ended.set()


class Stage:
    def __init__(self) -> None:
        self.plane = BrowserPlane()
        self.edge = WebRtcEdge(self.plane, limits=WebRtcLimits(restart_ms=0))
        self.contacts = FakeContacts()
        self.calls = WebCalls(self.edge, self.contacts)  # type: ignore[arg-type]
        self.browser = DtlsBrowser(self.plane)
        self.page = Page()

    async def start(self) -> tuple[str, WebCallLine]:
        return await self.calls.start(
            customer=CUSTOMER,
            queue=QueueName("sales"),
            called="https://example.org/",
            offer_sdp=self.browser.offer,
            on_ended=self.page.on_ended,
            on_opened=self.page.on_opened,
        )

    async def connect(self) -> WebCallLine:
        answer_sdp, line = await self.start()
        async with asyncio.timeout(PATIENCE_S):
            await self.browser.connect(line.leg, answer_sdp)
            await self.contacts.until(lambda: bool(self.contacts.calls))
        return line

    async def open(self) -> WebCallLine:
        line = await self.connect()
        async with asyncio.timeout(PATIENCE_S):
            await self.page.opened.wait()
        return line


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    await stage.edge.start()
    yield stage
    await stage.calls.stop()
    await stage.edge.stop()
    await stage.browser.close()
    assert stage.calls.calls == 0
    assert len(stage.page.ends) <= 1
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_the_session_hears_of_a_call_when_sound_can_flow(stage: Stage):
    answer_sdp, line = await stage.start()
    assert stage.contacts.calls == []
    await stage.browser.connect(line.leg, answer_sdp)
    async with asyncio.timeout(PATIENCE_S):
        await stage.page.opened.wait()
    (call,) = stage.contacts.calls
    assert (call.line, call.channel, call.queue) == (line, Channel.WEB_CALL, "sales")
    assert (call.customer, call.called) == (CUSTOMER, "https://example.org/")
    assert line.state is LineState.ANSWERED
    assert line.contact == call.contact
    assert line.codec is Codec.OPUS


async def test_the_visitor_hangs_up(stage: Stage):
    line = await stage.open()
    line.hang_up()
    line.hang_up()
    line.end(EndCause.HUNG_UP)
    assert stage.contacts.calls[0].ended is EndCause.HUNG_UP
    assert stage.page.ends == [(EndCause.HUNG_UP, "")]
    await stage.browser.wait_closed()
    assert stage.plane.steps()[-1] == "close_leg"


async def test_the_session_ends_the_call(stage: Stage):
    line = await stage.open()
    line.end(EndCause.HUNG_UP)
    assert stage.contacts.calls[0].ended is None, "the session knows what it did itself"
    assert stage.page.ends == [(EndCause.HUNG_UP, "")]
    await stage.browser.wait_closed()


async def test_the_browser_vanishes(stage: Stage):
    line = await stage.open()
    stage.plane.report(ConsentLost(leg=line.leg))
    async with asyncio.timeout(PATIENCE_S):
        await stage.page.ended.wait()
    assert stage.contacts.calls[0].ended is EndCause.CONNECTION_LOST


async def test_the_browser_says_goodbye(stage: Stage):
    await stage.open()
    await stage.browser.close()
    async with asyncio.timeout(PATIENCE_S):
        await stage.page.ended.wait()
    assert stage.contacts.calls[0].ended is EndCause.HUNG_UP


async def test_the_page_is_lost(stage: Stage):
    line = await stage.open()
    line.page_lost()
    assert stage.contacts.calls[0].ended is EndCause.CONNECTION_LOST


async def test_digits(stage: Stage):
    line = await stage.open()
    stage.plane.report(DigitReceived(leg=line.leg, digit="#", duration_ms=80))
    assert stage.contacts.calls[0].digits == "#"


async def test_hang_up_before_the_connection_never_reaches_the_session(stage: Stage):
    _, line = await stage.start()
    line.hang_up()
    assert stage.contacts.calls == []
    assert stage.page.ends == [(EndCause.HUNG_UP, "")]


async def test_hang_up_while_the_session_writes_the_call_down(stage: Stage):
    written = asyncio.Event()

    async def write_slowly(call: FakeCall) -> None:
        await written.wait()
        await call.line.answer()

    stage.contacts.on_call = write_slowly
    line = await stage.connect()
    line.hang_up()
    written.set()
    await stage.calls.stop()
    (call,) = stage.contacts.calls
    assert (call.ended, call.gone) == (EndCause.HUNG_UP, True)
    assert not stage.page.opened.is_set()


@pytest.mark.parametrize(
    ("error", "end"),
    [
        (CapacityError("all lines are busy", limit="x"), (EndCause.REJECTED, "all lines are busy")),
        (InternalError("disk full"), (EndCause.REJECTED, "disk full")),
        (ValueError("bug"), (EndCause.FAILED, "")),
    ],
)
async def test_the_session_refuses(stage: Stage, error: ZentraleError, end: tuple[EndCause, str]):

    async def refuse(call: FakeCall) -> None:
        raise error

    stage.contacts.on_call = refuse
    await stage.connect()
    async with asyncio.timeout(PATIENCE_S):
        await stage.page.ended.wait()
        await stage.browser.wait_closed()
    assert stage.page.ends == [end]


async def test_a_visitor_behind_a_firewall_is_told():
    stage = Stage()
    stage.edge = WebRtcEdge(stage.plane, limits=WebRtcLimits(connect_ms=0))
    stage.calls = WebCalls(stage.edge, stage.contacts)  # type: ignore[arg-type]
    await stage.edge.start()
    await stage.start()
    async with asyncio.timeout(PATIENCE_S):
        await stage.page.ended.wait()
    assert stage.page.ends[0][0] is EndCause.REJECTED
    assert "firewall" in stage.page.ends[0][1]
    assert stage.contacts.calls == []
    await stage.edge.stop()


async def test_a_bad_offer_makes_no_call(stage: Stage):
    stage.browser = type("Telephone", (DtlsBrowser,), {"offer": sample("sipp")})(stage.plane)
    with pytest.raises(PeerError):
        await stage.start()
    assert stage.calls.calls == 0


async def test_stop_ends_what_is_left(stage: Stage):
    line = await stage.open()
    await stage.calls.stop()
    assert line.state is LineState.ENDED
    assert stage.page.ends == [(EndCause.SHUTDOWN, "")]


async def test_the_table_of_states_is_kept(stage: Stage):
    _, line = await stage.start()
    with pytest.raises(IllegalLineTransitionError):
        line._move(LineState.ANSWERED)
    with pytest.raises(PeerError):
        await line.answer()
