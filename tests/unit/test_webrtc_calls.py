"""Visitors' calls between a browser and a session that only notes: who is told what, whichever side ends it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.model.errors import CapacityError, InternalError, PeerError, ZentraleError
from gateway.model.events import Customer, EndCause
from gateway.model.ids import Channel, Codec, ContactId, QueueName
from gateway.model.media import ConsentLost, DigitReceived
from gateway.webrtc.calls import IllegalLineTransitionError, LineState, WebCallLine, WebCalls
from gateway.webrtc.edge import WebRtcEdge, WebRtcLimits
from tests.support.sdp_samples import sample
from tests.support.webrtc_fakes import DtlsBrowser, NotingPlane

CUSTOMER = Customer(address="visitor:1", name="Anna")


class NotingContacts:
    """The session's side: takes calls as `ContactService` does."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.opened = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: Exception | None = None

    async def open_call(self, line: WebCallLine, **named: Any) -> ContactId:
        self.calls.append(("open", named))
        self.opened.set()
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        try:
            await line.answer()
        except PeerError:
            self.calls.append(("gone",))
        return ContactId("c1")

    def line_ended(self, line: WebCallLine, cause: EndCause) -> None:
        self.calls.append(("ended", cause))

    def digit_received(self, line: WebCallLine, digit: str, duration_ms: int) -> None:
        self.calls.append(("digit", digit, duration_ms))

    def names(self) -> list[str]:
        return [call[0] for call in self.calls]


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
        self.plane = NotingPlane()
        self.edge = WebRtcEdge(self.plane)  # type: ignore[arg-type]
        self.contacts = NotingContacts()
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
        async with asyncio.timeout(5):
            await self.browser.connect(line.leg, answer_sdp)
            await self.contacts.opened.wait()
        return line

    async def open(self) -> WebCallLine:
        line = await self.connect()
        async with asyncio.timeout(5):
            await self.page.opened.wait()
        return line


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    await stage.edge.start()
    yield stage
    stage.contacts.gate.set()
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
    async with asyncio.timeout(5):
        await stage.page.opened.wait()
    assert stage.contacts.calls == [
        (
            "open",
            {"channel": Channel.WEB_CALL, "queue": "sales", "customer": CUSTOMER, "called": "https://example.org/"},
        )
    ]
    assert line.state is LineState.ANSWERED
    assert line.contact == "c1"
    assert line.codec is Codec.OPUS


async def test_the_visitor_hangs_up(stage: Stage):
    line = await stage.open()
    line.hang_up()
    line.hang_up()
    line.end(EndCause.HUNG_UP)
    assert stage.contacts.calls[1:] == [("ended", EndCause.HUNG_UP)]
    assert stage.page.ends == [(EndCause.HUNG_UP, "")]
    await stage.browser.wait_closed()
    assert stage.plane.names()[-1] == "close"


async def test_the_session_ends_the_call(stage: Stage):
    line = await stage.open()
    line.end(EndCause.HUNG_UP)
    assert stage.contacts.names() == ["open"]
    assert stage.page.ends == [(EndCause.HUNG_UP, "")]
    await stage.browser.wait_closed()


async def test_the_browser_vanishes(stage: Stage):
    line = await stage.open()
    stage.plane.emit(ConsentLost(leg=line.leg))
    async with asyncio.timeout(5):
        await stage.page.ended.wait()
    assert stage.contacts.calls[1:] == [("ended", EndCause.CONNECTION_LOST)]


async def test_the_browser_says_goodbye(stage: Stage):
    await stage.open()
    await stage.browser.close()
    async with asyncio.timeout(5):
        await stage.page.ended.wait()
    assert stage.contacts.calls[1:] == [("ended", EndCause.HUNG_UP)]


async def test_the_page_is_lost(stage: Stage):
    line = await stage.open()
    line.page_lost()
    assert stage.contacts.calls[1:] == [("ended", EndCause.CONNECTION_LOST)]


async def test_digits(stage: Stage):
    line = await stage.open()
    stage.plane.emit(DigitReceived(leg=line.leg, digit="#", duration_ms=80))
    assert stage.contacts.calls[1:] == [("digit", "#", 80)]


async def test_hang_up_before_the_connection_never_reaches_the_session(stage: Stage):
    _, line = await stage.start()
    line.hang_up()
    assert stage.contacts.calls == []
    assert stage.page.ends == [(EndCause.HUNG_UP, "")]


async def test_hang_up_while_the_session_writes_the_call_down(stage: Stage):
    stage.contacts.gate.clear()
    line = await stage.connect()
    line.hang_up()
    stage.contacts.gate.set()
    await stage.calls.stop()
    assert stage.contacts.names() == ["open", "ended", "gone"]
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
    stage.contacts.error = error
    await stage.connect()
    async with asyncio.timeout(5):
        await stage.page.ended.wait()
        await stage.browser.wait_closed()
    assert stage.page.ends == [end]


async def test_a_visitor_behind_a_firewall_is_told():
    stage = Stage()
    stage.edge = WebRtcEdge(stage.plane, limits=WebRtcLimits(connect_ms=0))  # type: ignore[arg-type]
    stage.calls = WebCalls(stage.edge, stage.contacts)  # type: ignore[arg-type]
    await stage.edge.start()
    await stage.start()
    async with asyncio.timeout(5):
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
