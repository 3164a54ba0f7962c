"""A real media plane with a browser edge on it, for integration tests with real browsers and aiortc."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from gateway.media import MediaPlane
from gateway.model.ids import Codec, LegId
from gateway.model.media import LegClosed, LegStatistics, MediaEvent
from gateway.webrtc.edge import WebRtcEdge, WebRtcLeg, WebRtcLimits
from gateway.webrtc.leg import Loss
from tests.support.patience import PATIENCE_S
from tests.support.webrtc_client import WebRtcClient


class Call:
    """One leg and what the edge and the plane told of it."""

    def __init__(self) -> None:
        self.leg = LegId(0)
        self.answer_sdp = ""
        self.connected = asyncio.Event()
        self.lost: asyncio.Future[Loss] = asyncio.get_running_loop().create_future()
        self.digits: asyncio.Queue[tuple[str, int]] = asyncio.Queue()
        self.statistics: asyncio.Future[LegStatistics] = asyncio.get_running_loop().create_future()

    def listen(self, event: MediaEvent) -> None:
        if isinstance(event, LegClosed):
            self.statistics.set_result(event.statistics)


class World:
    def __init__(self, *, consent_ms: int, connect_ms: int, restart_ms: int, addresses: Sequence[str]) -> None:
        self.plane = MediaPlane(consent_ms=consent_ms, addresses=addresses)
        self.plane.start(asyncio.get_running_loop())
        self.edge = WebRtcEdge(self.plane, limits=WebRtcLimits(connect_ms=connect_ms, restart_ms=restart_ms))

    async def answer(self, offer_sdp: str, *codecs: Codec, near: Call | None = None) -> Call:
        call = Call()
        wanted: Sequence[Codec] = codecs or (Codec.OPUS,)
        leg: WebRtcLeg = await self.edge.answer(
            offer_sdp,
            codecs=wanted,
            near=near.leg if near else None,
            on_connected=call.connected.set,
            on_lost=call.lost.set_result,
            on_digit=lambda digit, duration_ms: call.digits.put_nowait((digit, duration_ms)),
        )
        assert leg.codec is wanted[0]
        self.plane.listen(leg.leg, call.listen)
        call.leg, call.answer_sdp = leg.leg, leg.answer_sdp
        return call

    async def connect(self, client: WebRtcClient, *codecs: Codec, near: Call | None = None) -> Call:
        """Answer this client and wait until sound can flow."""
        call = await self.answer(await client.offer(), *codecs, near=near)
        await client.accept(call.answer_sdp)
        async with asyncio.timeout(PATIENCE_S):
            await call.connected.wait()
        return call

    def close(self, call: Call) -> None:
        self.edge.close(call.leg)


@asynccontextmanager
async def webrtc_world(
    *,
    consent_ms: int = 15_000,
    connect_ms: int = 10_000,
    restart_ms: int = 0,
    addresses: Sequence[str] = ("127.0.0.1",),
) -> AsyncIterator[World]:
    world = World(consent_ms=consent_ms, connect_ms=connect_ms, restart_ms=restart_ms, addresses=addresses)
    await world.edge.start()
    try:
        yield world
    finally:
        await world.edge.stop()
        await world.plane.close()
