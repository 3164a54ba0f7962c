"""The browser edge over the fake plane: life and end of a leg, limits, order of commands, no task left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from gateway.model.errors import CapacityError, PeerError
from gateway.model.ids import Codec, LegId
from gateway.model.media import ConsentLost, DigitReceived, DtlsReceived, LegClosed, LegStatistics
from gateway.protocol.sdp import NoCommonCodecError
from gateway.webrtc.edge import WebRtcEdge, WebRtcLeg, WebRtcLimits
from gateway.webrtc.leg import TRANSITIONS, IllegalLegTransitionError, Leg, LegState, Loss
from tests.support.patience import PATIENCE_S
from tests.support.sdp_samples import sample
from tests.support.webrtc_fakes import BrowserPlane, DtlsBrowser

OFFER = sample("chromium_audio")


class Owner:
    """Whoever asked for the leg: notes what it is told, in one list with the plane's commands."""

    def __init__(self, plane: BrowserPlane) -> None:
        self._plane = plane
        self.connected = asyncio.Event()
        self.lost = asyncio.Event()
        self.losses: list[Loss] = []
        self.digits: list[tuple[str, int]] = []

    def on_connected(self) -> None:
        self._plane.commands.append(("connected",))
        self.connected.set()

    def on_lost(self, loss: Loss) -> None:
        self._plane.commands.append(("lost", loss))
        self.losses.append(loss)
        self.lost.set()

    def on_digit(self, digit: str, duration_ms: int) -> None:
        self.digits.append((digit, duration_ms))


@pytest.fixture
def plane() -> BrowserPlane:
    return BrowserPlane()


@pytest.fixture
def owner(plane: BrowserPlane) -> Owner:
    return Owner(plane)


@pytest.fixture
async def edge(plane: BrowserPlane) -> AsyncIterator[WebRtcEdge]:
    edge = WebRtcEdge(plane, limits=WebRtcLimits(legs_max=3, connecting_max=2, restart_ms=0))
    await edge.start()
    yield edge
    await edge.stop()
    assert edge.legs == 0
    assert plane.open_legs == []
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def answer(edge: WebRtcEdge, owner: Owner, offer: str = OFFER) -> WebRtcLeg:
    return await edge.answer(
        offer,
        codecs=[Codec.OPUS],
        on_connected=owner.on_connected,
        on_lost=owner.on_lost,
        on_digit=owner.on_digit,
    )


async def connect(edge: WebRtcEdge, plane: BrowserPlane, owner: Owner) -> tuple[WebRtcLeg, DtlsBrowser]:
    browser = DtlsBrowser(plane)
    leg = await answer(edge, owner, browser.offer)
    async with asyncio.timeout(PATIENCE_S):
        await browser.connect(leg.leg, leg.answer_sdp)
        await owner.connected.wait()
    return leg, browser


async def test_a_leg_connects_and_closes_with_a_goodbye(edge: WebRtcEdge, plane: BrowserPlane, owner: Owner):
    leg, browser = await connect(edge, plane, owner)
    assert leg.codec is Codec.OPUS
    assert plane.steps() == ["open_webrtc_leg", "set_webrtc_peer", "set_srtp_keys", "connected"]
    edge.close(leg.leg)
    edge.close(leg.leg)
    async with asyncio.timeout(PATIENCE_S):
        await browser.wait_closed()
    assert plane.steps()[4:] == ["close_leg"]
    assert owner.losses == []
    edge.close(leg.leg)


async def test_the_browsers_goodbye_loses_the_leg(edge: WebRtcEdge, plane: BrowserPlane, owner: Owner):
    _, browser = await connect(edge, plane, owner)
    await browser.close()
    async with asyncio.timeout(PATIENCE_S):
        await owner.lost.wait()
    assert owner.losses == [Loss.GOODBYE]
    await edge.stop()
    # What the owner still asks of the plane must come before the leg is closed.
    assert plane.steps()[-2:] == ["lost", "close_leg"]


async def test_lost_consent_loses_the_leg_once(edge: WebRtcEdge, plane: BrowserPlane, owner: Owner):
    leg, browser = await connect(edge, plane, owner)
    plane.report(ConsentLost(leg=leg.leg))
    plane.report(ConsentLost(leg=leg.leg))
    async with asyncio.timeout(PATIENCE_S):
        await owner.lost.wait()
    assert owner.losses == [Loss.CONSENT_LOST]
    await browser.close()


async def test_nothing_is_told_after_close(edge: WebRtcEdge, plane: BrowserPlane, owner: Owner):
    leg, browser = await connect(edge, plane, owner)
    plane.report(ConsentLost(leg=leg.leg))
    edge.close(leg.leg)
    await browser.wait_closed()
    assert owner.losses == []


async def test_close_before_the_handshake(edge: WebRtcEdge, plane: BrowserPlane, owner: Owner):
    leg = await answer(edge, owner)
    edge.close(leg.leg)
    await edge.stop()
    assert plane.steps()[-1] == "close_leg"
    assert owner.losses == []


async def test_a_leg_that_the_plane_closed_is_lost(edge: WebRtcEdge, plane: BrowserPlane, owner: Owner):
    leg = await answer(edge, owner)
    plane.report(LegClosed(leg=leg.leg, statistics=LegStatistics()))
    await edge.stop()
    assert owner.losses in ([Loss.FAILED], [])


async def test_digits_go_to_the_owner(edge: WebRtcEdge, plane: BrowserPlane, owner: Owner):
    leg, browser = await connect(edge, plane, owner)
    plane.report(DigitReceived(leg=leg.leg, digit="5", duration_ms=120))
    assert owner.digits == [("5", 120)]
    edge.close(leg.leg)
    await browser.wait_closed()


async def test_a_browser_that_never_comes_is_given_up(plane: BrowserPlane, owner: Owner):
    edge = WebRtcEdge(plane, limits=WebRtcLimits(connect_ms=0))
    await edge.start()
    await answer(edge, owner)
    async with asyncio.timeout(PATIENCE_S):
        await owner.lost.wait()
    assert owner.losses == [Loss.NEVER_CONNECTED]
    await edge.stop()


async def test_a_handshake_that_stops_half_way_is_given_up(plane: BrowserPlane, owner: Owner):
    edge = WebRtcEdge(plane, limits=WebRtcLimits(connect_ms=0))
    await edge.start()
    leg = await answer(edge, owner)
    plane.report(DtlsReceived(leg=leg.leg, datagram=b"\x16\xfe\xfd"))
    async with asyncio.timeout(PATIENCE_S):
        await owner.lost.wait()
    assert owner.losses == [Loss.NEVER_CONNECTED]
    await edge.stop()


async def test_a_forged_fingerprint_is_refused(edge: WebRtcEdge, plane: BrowserPlane, owner: Owner):
    browser = DtlsBrowser(plane)
    leg = await answer(edge, owner, OFFER)
    async with asyncio.timeout(PATIENCE_S):
        await browser.connect(leg.leg, leg.answer_sdp)
        await owner.lost.wait()
    assert owner.losses == [Loss.WRONG_CERTIFICATE]
    assert "set_srtp_keys" not in plane.steps()
    await browser.close()


@pytest.mark.parametrize(
    ("offer", "error"),
    [
        ("", PeerError),
        (sample("asterisk"), NoCommonCodecError),
        (OFFER.replace("a=setup:actpass", "a=setup:passive"), PeerError),
        (OFFER.replace("opus", "vorbis"), NoCommonCodecError),
    ],
)
async def test_a_bad_offer_leaves_no_leg(
    edge: WebRtcEdge, plane: BrowserPlane, owner: Owner, offer: str, error: type[Exception]
):
    with pytest.raises(error):
        await answer(edge, owner, offer)
    assert plane.open_legs == []
    assert edge.legs == 0


async def test_connecting_legs_and_all_legs_are_limited(edge: WebRtcEdge, plane: BrowserPlane):
    connected = [await connect(edge, plane, Owner(plane)) for _ in range(2)]
    await answer(edge, Owner(plane))
    with pytest.raises(CapacityError, match="all 3") as caught:
        await answer(edge, Owner(plane))
    assert caught.value.limit == "webrtc.legs_max"
    edge.close(connected[0][0].leg)
    await connected[0][1].wait_closed()
    await answer(edge, Owner(plane))
    edge.close(connected[1][0].leg)
    await connected[1][1].wait_closed()
    with pytest.raises(CapacityError, match="connecting") as caught:
        await answer(edge, Owner(plane))
    assert caught.value.limit == "webrtc.connecting_max"
    await edge.answer(OFFER, codecs=[Codec.OPUS], stranger=False, on_connected=lambda: None, on_lost=lambda loss: None)


async def test_an_edge_that_does_not_run_refuses(plane: BrowserPlane, owner: Owner):
    edge = WebRtcEdge(plane)
    with pytest.raises(CapacityError):
        await answer(edge, owner)
    await edge.start()
    await edge.stop()
    with pytest.raises(CapacityError):
        await answer(edge, owner)


async def test_stop_says_goodbye_to_all(edge: WebRtcEdge, plane: BrowserPlane, owner: Owner):
    _, browser = await connect(edge, plane, owner)
    await answer(edge, owner)
    await edge.stop()
    await browser.wait_closed()
    assert owner.losses == []


async def test_an_owner_that_fails_does_not_keep_the_leg(edge: WebRtcEdge, plane: BrowserPlane):
    class Failing(Owner):
        def on_connected(self) -> None:
            super().on_connected()
            raise ValueError("owner's bug")

        def on_lost(self, loss: Loss) -> None:
            super().on_lost(loss)
            raise ValueError("owner's second bug")

    owner = Failing(plane)
    _, browser = await connect(edge, plane, owner)
    async with asyncio.timeout(PATIENCE_S):
        await owner.lost.wait()
        await browser.wait_closed()
    assert owner.losses == [Loss.FAILED]


async def test_the_owner_may_close_from_within_its_callbacks(edge: WebRtcEdge, plane: BrowserPlane):
    class Closing(Owner):
        def on_connected(self) -> None:
            super().on_connected()
            edge.close(leg.leg)

        def on_lost(self, loss: Loss) -> None:
            super().on_lost(loss)
            edge.close(leg.leg)

    owner = Closing(plane)
    browser = DtlsBrowser(plane)
    leg = await answer(edge, owner, browser.offer)
    async with asyncio.timeout(PATIENCE_S):
        await browser.connect(leg.leg, leg.answer_sdp)
        await browser.wait_closed()
    assert owner.losses == []
    leg = await answer(edge, owner)
    plane.report(ConsentLost(leg=leg.leg))
    await edge.stop()


def test_the_table_of_states_is_kept():
    leg = Leg(
        LegId(1),
        None,  # type: ignore[arg-type]
        None,  # type: ignore[arg-type]
        on_connected=lambda: None,
        on_lost=lambda loss: None,
        on_digit=lambda digit, ms: None,
    )
    for old in LegState:
        for new in LegState:
            leg.state = old
            if new in TRANSITIONS[old]:
                leg.move(new)
                assert leg.state is new
            else:
                with pytest.raises(IllegalLegTransitionError):
                    leg.move(new)
