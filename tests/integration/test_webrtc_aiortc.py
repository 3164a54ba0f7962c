"""The browser edge on the real plane against aiortc as the other WebRTC stack: sound both ways, and each way to end."""

from __future__ import annotations

import asyncio
import re
from unittest import mock

import pytest

from gateway.model.ids import Codec
from gateway.webrtc.dtls import DTLS_1_2
from gateway.webrtc.leg import Loss
from tests.support.patience import PATIENCE_S
from tests.support.webrtc_client import WebRtcClient
from tests.support.webrtc_world import Call, World, webrtc_world


async def connect(world: World, client: WebRtcClient, codec: Codec, near: Call | None = None) -> Call:
    call = await world.connect(client, codec, near=near)
    assert world.edge.dtls_version(call.leg) == DTLS_1_2  # aiortc knows no other
    return call


@pytest.mark.parametrize(
    ("first", "second", "relayed"),
    [
        (Codec.OPUS, Codec.OPUS, True),
        (Codec.PCMA, Codec.PCMA, True),
        (Codec.OPUS, Codec.PCMU, False),
    ],
)
async def test_two_browsers_hear_each_other(first: Codec, second: Codec, relayed: bool):
    async with webrtc_world() as world, WebRtcClient(600) as anna, WebRtcClient(900) as bert:
        one = await connect(world, anna, first)
        two = await connect(world, bert, second, near=one)
        world.plane.bridge(one.leg, two.leg)
        await asyncio.gather(anna.wait_for_tone(900), bert.wait_for_tone(600))
        for client, call in ((anna, one), (bert, two)):
            ((told, cname),) = re.findall(r"a=ssrc:(\d+) cname:(\S+)", call.answer_sdp)
            sources = client.connection.getReceivers()[0].getSynchronizationSources()
            assert {source.source for source in sources} == {int(told)}
            assert cname == f"z{int(told):08x}"
        counted = world.plane.statistics()[0]
        assert (counted.relayed > 0) is relayed
        assert counted.dropped == 0
        world.close(one)
        async with asyncio.timeout(PATIENCE_S):
            await anna.closed.wait()
            statistics = await one.statistics
        assert statistics.packets_received > 20
        assert statistics.packets_lost == 0
        # The other side has its keys a moment before the plane has them; what it sends in that moment is refused.
        assert set(statistics.rejected_by) <= {"early"}


async def test_a_client_that_closes_is_lost_with_goodbye():
    async with webrtc_world() as world, WebRtcClient() as client:
        call = await connect(world, client, Codec.OPUS)
        await client.close()
        async with asyncio.timeout(PATIENCE_S):
            assert await call.lost is Loss.GOODBYE
            await call.statistics
        assert world.edge.legs == 0


async def test_a_client_that_falls_silent_is_lost_by_consent():
    async with webrtc_world(consent_ms=2000) as world, WebRtcClient() as client:
        # aioice asks for consent every 5 s, so with less patience it looks dead.
        call = await connect(world, client, Codec.OPUS)
        async with asyncio.timeout(PATIENCE_S):
            assert await call.lost is Loss.CONSENT_LOST
            await call.statistics
        # No goodbye: without consent nothing may be sent (RFC 7675 5.1).
        assert not client.closed.is_set()


async def test_a_client_that_never_comes_is_given_up():
    async with webrtc_world(connect_ms=300) as world, WebRtcClient() as client:
        call = await world.answer(await client.offer())
        async with asyncio.timeout(PATIENCE_S):
            assert await call.lost in (Loss.NEVER_CONNECTED, Loss.CONSENT_LOST)


async def test_a_forged_fingerprint_gets_no_keys():
    async with webrtc_world() as world, WebRtcClient() as honest, WebRtcClient() as other:
        offer, foreign = await honest.offer(), await other.offer()

        def fingerprints(sdp: str) -> list[str]:
            return [line for line in sdp.split("\r\n") if line.startswith("a=fingerprint:")]

        forged = offer
        for own, theirs in zip(fingerprints(offer), fingerprints(foreign), strict=True):
            forged = forged.replace(own, theirs)
        call = await world.answer(forged)
        with mock.patch.object(world.plane, "set_srtp_keys") as keys:
            accepting = asyncio.create_task(honest.accept(call.answer_sdp, timeout_s=PATIENCE_S))
            async with asyncio.timeout(PATIENCE_S):
                assert await call.lost is Loss.WRONG_CERTIFICATE
            accepting.cancel()
            await asyncio.wait([accepting])
        keys.assert_not_called()
        assert not call.connected.is_set()


async def test_a_lost_flight_is_repeated():
    async with webrtc_world() as world, WebRtcClient() as client:
        send, dropped = world.plane.send_dtls, []

        def lose_the_first(leg: int, datagram: bytes) -> None:
            if dropped:
                send(leg, datagram)
            else:
                dropped.append(datagram)

        with mock.patch.object(world.plane, "send_dtls", lose_the_first):
            await connect(world, client, Codec.OPUS)
        assert dropped


async def test_stop_says_goodbye_to_everybody():
    async with WebRtcClient() as anna, WebRtcClient() as bert:
        async with webrtc_world() as world:
            await connect(world, anna, Codec.OPUS)
            await connect(world, bert, Codec.PCMA)
        async with asyncio.timeout(PATIENCE_S):
            await anna.closed.wait()
            await bert.closed.wait()
