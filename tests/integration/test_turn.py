"""Calls through a TURN server: Chromium's sound takes the relay alone, with credentials that Zentrale made."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from playwright.async_api import Page

from gateway.api.turn import ice_servers
from gateway.config.schema import TurnConfig
from gateway.model.ids import Codec
from tests.support.chromium import chromium, new_blank_page, tone_wav, wait_for_tone
from tests.support.coturn import SECRET, coturn
from tests.support.pages import SEE_MS, agent_desk, visitor_page
from tests.support.patience import PATIENCE_S
from tests.support.voices import until
from tests.support.webrtc_client import WebRtcClient
from tests.support.webrtc_world import webrtc_world
from tests.support.zentrale import zentrale

MICROPHONE_HZ = 700

PAIR = """async () => {
  const stats = await window.__zentrale.pc.getStats();
  for (const pair of stats.values())
    if (pair.type === 'candidate-pair' && pair.nominated && pair.state === 'succeeded') {
      const local = stats.get(pair.localCandidateId);
      return [local.candidateType, local.relayProtocol];
    }
}"""


async def pair_in_use(page: Page) -> tuple[str, str]:
    found = await page.wait_for_function(PAIR, polling=100, timeout=SEE_MS)
    kind, protocol = await found.json_value()
    return kind, protocol


async def test_both_pages_of_a_call_speak_through_the_relay(tmp_path: Path) -> None:
    async with (
        coturn(tmp_path / "coturn") as relay,
        zentrale(tmp_path / "zentrale", agents=("anna",), extra=relay.config()) as gateway,
        chromium(tone_wav(tmp_path / "mic.wav", MICROPHONE_HZ)) as browser,
    ):
        desk = await agent_desk(browser, gateway)
        visitor = await visitor_page(browser, gateway)
        await visitor.call("Vera")
        await desk.accept()
        await visitor.sees_state("call-live", "talking")
        await asyncio.gather(wait_for_tone(visitor.page, MICROPHONE_HZ), wait_for_tone(desk.page, MICROPHONE_HZ))
        assert await pair_in_use(visitor.page) == ("relay", "udp")
        assert await pair_in_use(desk.page) == ("relay", "udp")
        await visitor.click("hang-up")
        await desk.sees("wrap-up")
        (contact,) = await gateway.until_rows("SELECT * FROM contacts WHERE ended_ns IS NOT NULL")
        assert contact["end_cause"] == "hung_up"
    assert relay.log.count("ALLOCATE processed, success") >= 2


OFFER = """async (configuration) => {
  const mic = await navigator.mediaDevices.getUserMedia({ audio: true });
  const pc = new RTCPeerConnection(configuration);
  window.__zentrale = { pc };
  pc.addTrack(mic.getTracks()[0], mic);
  await pc.setLocalDescription();
  return pc.localDescription.sdp;
}"""

ACCEPT = "(sdp) => window.__zentrale.pc.setRemoteDescription({ type: 'answer', sdp })"
GATHERED = "window.__zentrale.pc.iceGatheringState === 'complete'"


@pytest.mark.parametrize(("expired", "works"), [(False, True), (True, False)])
async def test_a_relay_over_tcp_and_credentials_that_have_ended(tmp_path: Path, expired: bool, works: bool) -> None:
    async with (
        coturn(tmp_path / "coturn") as relay,
        chromium(tone_wav(tmp_path / "mic.wav", MICROPHONE_HZ)) as browser,
        webrtc_world() as world,
        WebRtcClient(1200) as client,
    ):
        config = TurnConfig(urls=[relay.url("tcp")], secret=SECRET, credentials_s=60)
        now_ns = 0 if expired else time.time_ns()
        (server,) = ice_servers(config, "vera", now_ns).servers
        page = await new_blank_page(browser)
        configuration = {
            "iceTransportPolicy": "relay",
            "iceServers": [{"urls": server.urls, "username": server.username, "credential": server.credential}],
        }
        call = await world.answer(await page.evaluate(OFFER, configuration), Codec.OPUS)
        await page.evaluate(ACCEPT, call.answer_sdp)
        if works:
            async with asyncio.timeout(PATIENCE_S):
                await call.connected.wait()
            other = await world.connect(client, Codec.OPUS, near=call)
            world.plane.bridge(call.leg, other.leg)
            await asyncio.gather(wait_for_tone(page, 1200), client.wait_for_tone(MICROPHONE_HZ))
            assert await pair_in_use(page) == ("relay", "tcp")
        else:
            await page.wait_for_function(GATHERED)
            await until(lambda: "401" in relay.log, "the refusal")
            assert not call.connected.is_set()
            assert "ALLOCATE processed, success" not in relay.log
