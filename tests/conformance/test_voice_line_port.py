"""One suite for all customers' lines, telephone, browser and fake: what `gateway.model.ports.VoiceLine` promises.

The other side of each line (SIP dialog, browser's DTLS) is played here; real ones are the integration tests' matter.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

import pytest

from gateway.model.errors import PeerError
from gateway.model.events import Customer, EndCause
from gateway.model.ids import Codec, QueueName
from gateway.model.ports import VoiceLine
from gateway.sip.line import SignallingError, SipLine
from gateway.sip.negotiation import Negotiation
from gateway.webrtc.calls import WebCalls
from gateway.webrtc.edge import WebRtcEdge
from tests.support.fake_contacts import FakeCall, FakeContacts
from tests.support.fake_media import FakeMediaPlane
from tests.support.sdp_samples import sample
from tests.support.session_world import FakeLine
from tests.support.webrtc_fakes import BrowserPlane, DtlsBrowser

CUSTOMER = Customer(address="tel:+4930123456", name="Anna")


class Case(Protocol):
    """A line that the session has just been told of, and the hand that moves its other side."""

    line: VoiceLine
    plane: FakeMediaPlane
    told: list[EndCause]
    """Ends that the edge told the session of."""

    async def leave(self) -> None:
        """The customer goes away."""
        ...

    async def close(self) -> None: ...


class FakeCase:
    def __init__(self) -> None:
        self.plane = FakeMediaPlane()
        self.line = FakeLine(self.plane)
        self.told: list[EndCause] = []

    async def leave(self) -> None:
        if self.line.ended is None and not self.line.gone:
            self.line.leave()
            self.told.append(EndCause.HUNG_UP)

    async def close(self) -> None:
        pass


class SipCase:
    def __init__(self) -> None:
        self.plane = FakeMediaPlane()
        self.told: list[EndCause] = []
        leg, address, port = self.plane.open_rtp_leg(lambda event: None)
        negotiation = Negotiation(address, port, session_id=7)
        negotiation.answer(sample("sipp"))
        self.over = False
        self.line = SipLine(
            label="a call",
            signalling=self,
            plane=self.plane,
            leg=leg,
            negotiation=negotiation,
            ended=lambda line, cause: self.told.append(cause),
        )

    def accept(self, description: str | None) -> None:
        if self.over:
            raise SignallingError("the dialog is over")

    def hang_up(self, code: int, reason: str, headers: dict[str, str]) -> None:
        if self.over:
            raise SignallingError("the dialog is over")

    async def leave(self) -> None:
        self.over = True
        self.line.remote_ended(200)

    async def close(self) -> None:
        pass


class WebCase:
    """The line exists before the session hears of it, so it is taken from the session's side."""

    def __init__(self) -> None:
        self.plane: BrowserPlane = BrowserPlane()
        self._contacts = FakeContacts()
        self._contacts.on_call = self._wait
        self._done = asyncio.Event()
        self._edge = WebRtcEdge(self.plane)
        self._calls = WebCalls(self._edge, self._contacts)  # type: ignore[arg-type]  # the fake passes the suite, too
        self._browser = DtlsBrowser(self.plane)

    async def _wait(self, call: FakeCall) -> None:
        await self._done.wait()

    async def start(self) -> WebCase:
        await self._edge.start()
        sdp, self.line = await self._calls.start(
            customer=CUSTOMER,
            queue=QueueName("sales"),
            called="web",
            offer_sdp=self._browser.offer,
            on_ended=lambda cause, message: None,
        )
        await self._browser.connect(self.line.leg, sdp)
        await self._contacts.until(lambda: bool(self._contacts.calls))
        return self

    @property
    def told(self) -> list[EndCause]:
        ended = self._contacts.calls[0].ended
        return [] if ended is None else [ended]  # it fails when it is told twice

    async def leave(self) -> None:
        self.line.hang_up()

    async def close(self) -> None:
        self._done.set()
        await self._calls.stop()
        await self._edge.stop()
        await self._browser.close()


async def fake() -> Case:
    return FakeCase()


async def telephone() -> Case:
    return SipCase()


async def browser() -> Case:
    return await WebCase().start()


@pytest.fixture(params=[fake, telephone, browser])
async def case(request: pytest.FixtureRequest) -> AsyncIterator[Case]:
    make: Callable[[], Awaitable[Case]] = request.param
    made = await make()
    yield made
    await made.close()
    assert made.plane.open_legs == [], "the edge frees what it opened"


async def test_its_leg_is_open_and_its_codec_known_before_the_answer(case: Case) -> None:
    assert case.line.leg in case.plane.open_legs
    assert case.line.codec in Codec
    case.line.end(EndCause.REJECTED)


async def test_an_answered_call_stays_until_our_side_ends_it(case: Case) -> None:
    await case.line.answer()
    assert case.line.leg in case.plane.open_legs
    case.line.end(EndCause.HUNG_UP)
    case.line.end(EndCause.HUNG_UP)
    await case.leave()
    assert case.told == [], "the session knows what it did itself"


@pytest.mark.parametrize("cause", EndCause)
async def test_our_side_may_end_it_before_the_answer_for_any_reason(case: Case, cause: EndCause) -> None:
    case.line.end(cause)
    with pytest.raises(PeerError):
        await case.line.answer()
    assert case.told == []


async def test_a_caller_who_left_before_the_answer_is_told_once_and_cannot_be_answered(case: Case) -> None:
    await case.leave()
    with pytest.raises(PeerError):
        await case.line.answer()
    await case.leave()
    assert len(case.told) == 1


async def test_a_caller_who_hangs_up_is_told_once_and_ending_it_is_harmless(case: Case) -> None:
    await case.line.answer()
    await case.leave()
    case.line.end(EndCause.HUNG_UP)
    await case.leave()
    assert case.told == [EndCause.HUNG_UP]
