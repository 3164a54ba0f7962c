"""A SIP edge on 127.0.0.1 between a fake session and a fake media plane; checks at the end that nothing is left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Literal

from gateway.config.schema import LimitsConfig, SipConfig, TrunkConfig
from gateway.model.clock import SystemClock
from gateway.sip.edge import SipEdge
from gateway.sip.stack import Timers
from tests.support.fake_contacts import FakeContacts
from tests.support.fake_media import FakeMediaPlane
from tests.support.patience import PATIENCE_S

BUSINESS = {"open_rtp_leg", "set_rtp_peer", "say_digit", "close_leg"}
"""All that the SIP edge may ask of the media plane; the rest is the session's."""


class SipWorld:
    def __init__(
        self,
        *,
        networks: tuple[str, ...] = ("127.0.0.1/32",),
        strangers: Literal["silence", "forbid"] = "silence",
        calls_max: int = 500,
        legs_max: int = 10_000,
        t1_ms: int = 500,
        address: str = "127.0.0.1",
        port: int = 0,
        trunk: dict[str, Any] | None = None,
    ) -> None:
        """``trunk``: more settings of the one trunk."""
        self.contacts = FakeContacts()
        self.plane = FakeMediaPlane(legs_max=legs_max, addresses=(address,), rtp_ports=(30_000, 49_999))
        self.edge = SipEdge(
            SipConfig(address=address, port=port, strangers=strangers),
            [TrunkConfig(name="loopback", networks=list(networks), **(trunk or {}))] if networks else [],
            self.contacts,
            self.plane,
            LimitsConfig(calls_max=calls_max),
            SystemClock(),
            timers=Timers(t1=t1_ms, t2=8 * t1_ms, t4=10 * t1_ms, lingering=64 * t1_ms),
        )

    @property
    def address(self) -> tuple[str, int]:
        return self.edge.address

    async def until(self, condition: Callable[[], bool], *, within_s: float = PATIENCE_S) -> None:
        """Wait for what nobody tells: looks again at every turn of the loop."""
        async with asyncio.timeout(within_s):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.002)


@asynccontextmanager
async def sip_world(**settings: object) -> AsyncIterator[SipWorld]:
    world = SipWorld(**settings)  # type: ignore[arg-type]
    await world.edge.start()
    try:
        yield world
        await world.until(lambda: world.edge.calls == 0)
        assert not world.plane.open_legs, "a media leg was left open"
        assert not world.plane.dropped, "a closed leg was asked for something"
        assert set(world.plane.names()) <= BUSINESS
    finally:
        await world.edge.stop()
    assert world.edge.calls == 0
