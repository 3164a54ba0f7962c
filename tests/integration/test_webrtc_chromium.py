"""The browser edge on the real plane against Chromium: sound both ways, digits, other sections, and how pages go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from gateway.model.ids import Codec
from gateway.webrtc.leg import Loss
from tests.support.chromium import chromium, new_blank_page, tone_wav, wait_for_silence, wait_for_tone
from tests.support.patience import PATIENCE_S
from tests.support.webrtc_client import WebRtcClient
from tests.support.webrtc_world import Call, World, webrtc_world

OFFER = """async (extra) => {
  const mic = await navigator.mediaDevices.getUserMedia({ audio: true });
  const pc = window.pc = new RTCPeerConnection();
  window.sender = pc.addTrack(mic.getTracks()[0], mic);
  if (extra) { pc.addTransceiver('video'); pc.createDataChannel('chat'); }
  await pc.setLocalDescription();
  return pc.localDescription.sdp;
}"""

ACCEPT = """async (sdp) => {
  const pc = window.pc;
  await pc.setRemoteDescription({ type: 'answer', sdp });
  await new Promise((resolve, reject) => {
    const check = () => {
      if (pc.connectionState === 'connected') resolve();
      if (pc.connectionState === 'failed') reject(new Error('failed'));
    };
    pc.addEventListener('connectionstatechange', check);
    check();
  });
}"""

SENT_CODEC = """async () => {
  const stats = await window.pc.getStats();
  for (const report of stats.values())
    if (report.type === 'outbound-rtp') return stats.get(report.codecId).mimeType;
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    folder: Path = tmp_path_factory.mktemp("microphone")
    async with chromium(tone_wav(folder / "mic.wav", 700)) as browser:
        yield browser


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def connect(world: World, page: Page, codec: Codec, *, near: Call | None = None, extra: bool = False) -> Call:
    call = await world.answer(await page.evaluate(OFFER, extra), codec, near=near)
    await page.evaluate(ACCEPT, call.answer_sdp)
    async with asyncio.timeout(PATIENCE_S):
        await call.connected.wait()
    return call


@pytest.mark.parametrize("codec", list(Codec))
async def test_chromium_and_aiortc_hear_each_other(browser: Browser, codec: Codec):
    async with webrtc_world() as world, WebRtcClient(1200) as client:
        page = await new_blank_page(browser)
        call = await connect(world, page, codec)
        other = await world.connect(client, codec, near=call)
        # The other side has its keys a moment before the plane has them; what it sends in that moment is refused.
        early = world.plane.statistics()[0].rejected
        world.plane.bridge(call.leg, other.leg)
        await asyncio.gather(wait_for_tone(page, 1200), client.wait_for_tone(700))
        assert (await page.evaluate(SENT_CODEC)).lower() == f"audio/{codec.value}"
        world.plane.unbridge(call.leg)
        await wait_for_silence(page)
        assert world.plane.statistics()[0].rejected == early
        await page.context.close()


async def test_refused_video_and_data_do_not_disturb(browser: Browser):
    async with webrtc_world() as world, WebRtcClient(1200) as client:
        page = await new_blank_page(browser)
        call = await connect(world, page, Codec.OPUS, extra=True)
        other = await world.connect(client, Codec.OPUS, near=call)
        world.plane.bridge(call.leg, other.leg)
        await wait_for_tone(page, 1200)
        await page.context.close()


PAIR = """async () => {
  const stats = await window.pc.getStats();
  for (const report of stats.values())
    if (report.type === 'transport' && report.selectedCandidatePairId)
      return stats.get(stats.get(report.selectedCandidatePairId).remoteCandidateId).address;
}"""


@pytest.mark.parametrize("addresses", [["::1"], ["::1", "127.0.0.1"], ["127.0.0.1", "::1"]])
async def test_chromium_over_ipv6(browser: Browser, addresses: list[str]):
    """Alone, and beside IPv4: one browser that has both, and one stack that knows IPv4 alone, hear each other."""
    async with webrtc_world(addresses=addresses) as world, WebRtcClient(1200) as client:
        page = await new_blank_page(browser)
        call = await connect(world, page, Codec.OPUS)
        if "127.0.0.1" in addresses:
            other = await world.connect(client, Codec.OPUS, near=call)
            world.plane.bridge(call.leg, other.leg)
            await asyncio.gather(wait_for_tone(page, 1200), client.wait_for_tone(700))
        else:
            second = await new_blank_page(browser)
            other = await connect(world, second, Codec.OPUS, near=call)
            world.plane.bridge(call.leg, other.leg)
            await asyncio.gather(wait_for_tone(page, 700), wait_for_tone(second, 700))
            assert await page.evaluate(PAIR) == "::1"
            await second.context.close()
        await page.context.close()


@pytest.mark.parametrize("codec", [Codec.OPUS, Codec.PCMA])
async def test_digits_from_chromium(browser: Browser, codec: Codec):
    async with webrtc_world() as world:
        page = await new_blank_page(browser)
        call = await connect(world, page, codec)
        await page.wait_for_function("window.sender.dtmf.canInsertDTMF")
        await page.evaluate("window.sender.dtmf.insertDTMF('17#', 120, 60)")
        async with asyncio.timeout(PATIENCE_S):
            pressed = [await call.digits.get() for _ in range(3)]
        assert [digit for digit, _ in pressed] == ["1", "7", "#"]
        for _, duration_ms in pressed:
            assert 90 <= duration_ms <= 400
        await page.context.close()


@pytest.mark.parametrize("way", ["close the connection", "close the page", "reload"])
async def test_however_a_page_goes_its_leg_is_lost(browser: Browser, way: str):
    async with webrtc_world(consent_ms=4000) as world:
        page = await new_blank_page(browser)
        call = await connect(world, page, Codec.OPUS)
        if way == "close the connection":
            await page.evaluate("window.pc.close()")
        elif way == "close the page":
            await page.close()
        else:
            await page.reload()
        async with asyncio.timeout(PATIENCE_S):
            assert await call.lost in (Loss.GOODBYE, Loss.CONSENT_LOST)
            await call.statistics
        await page.context.close()


async def test_our_goodbye_reaches_the_page(browser: Browser):
    async with webrtc_world() as world:
        page = await new_blank_page(browser)
        call = await connect(world, page, Codec.OPUS)
        world.close(call)
        await page.wait_for_function("window.sender.transport.state === 'closed'")
        await page.context.close()
