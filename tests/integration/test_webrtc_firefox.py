"""Firefox as the third WebRTC stack: DTLS, ICE, sound both ways, and a restart of ICE that keeps it flowing."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from gateway.model.ids import Codec
from gateway.webrtc.dtls import DTLS_1_3
from tests.support.firefox import FirefoxPage, firefox
from tests.support.patience import PATIENCE_S
from tests.support.two_networks import SERVER, two_networks
from tests.support.webrtc_world import Call, World, webrtc_world

MICROPHONE_HZ = 700

OFFER = """async () => {
  const mic = await navigator.mediaDevices.getUserMedia({ audio: true });
  const pc = window.pc = new RTCPeerConnection();
  pc.ontrack = ({ track }) => { window.heard = new MediaStream([track]); };
  pc.addTrack(mic.getTracks()[0], mic);
  await pc.setLocalDescription();
  return pc.localDescription.sdp;
}"""
RESTART = """async () => {
  const pc = window.pc;
  await pc.setLocalDescription(await pc.createOffer({ iceRestart: true }));
  return pc.localDescription.sdp;
}"""
ACCEPT = "(sdp) => window.pc.setRemoteDescription({ type: 'answer', sdp })"
UFRAG_IN_USE = "() => window.pc.currentLocalDescription.sdp.match(/a=ice-ufrag:(.*)/)[1]"


async def connect(world: World, page: FirefoxPage, codec: Codec, near: Call | None = None) -> Call:
    call = await world.answer(await page.call(OFFER), codec, near=near)
    await page.call(ACCEPT, call.answer_sdp)
    async with asyncio.timeout(PATIENCE_S):
        await call.connected.wait()
    return call


@pytest.mark.soak
@pytest.mark.parametrize("codec", [Codec.OPUS, Codec.PCMA])
async def test_firefox_hears_and_is_heard_before_and_after_a_restart(tmp_path: Path, codec: Codec) -> None:
    with two_networks() as networks:
        async with AsyncExitStack() as stack:
            with networks.at_server():
                world = await stack.enter_async_context(webrtc_world(addresses=[SERVER]))
            with networks.at_visitor():
                browser = await stack.enter_async_context(firefox(tmp_path / "profile", microphone_hz=MICROPHONE_HZ))
            one, two = await browser.new_page(), await browser.new_page()
            first = await connect(world, one, codec)
            second = await connect(world, two, codec, near=first)
            world.plane.bridge(first.leg, second.leg)
            await one.wait_for_tone(MICROPHONE_HZ)
            await two.wait_for_tone(MICROPHONE_HZ)
            assert world.edge.dtls_version(first.leg) == DTLS_1_3
            before = await one.call(UFRAG_IN_USE)
            answer = await world.edge.renegotiate(first.leg, await one.call(RESTART))
            await one.call(ACCEPT, answer.answer_sdp)
            assert await one.call(UFRAG_IN_USE) != before
            await one.wait_for_tone(MICROPHONE_HZ)
            await two.wait_for_tone(MICROPHONE_HZ)
            assert not first.lost.done()
