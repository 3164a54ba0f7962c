"""The helper for browser tests itself: a page that calls itself hears its own microphone, and silence afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.chromium import chromium, new_blank_page, tone_wav, wait_for_silence, wait_for_tone

CALL_ITSELF = """async () => {
  const mic = await navigator.mediaDevices.getUserMedia({ audio: true });
  const [a, b] = [new RTCPeerConnection(), new RTCPeerConnection()];
  a.onicecandidate = (event) => event.candidate && b.addIceCandidate(event.candidate);
  b.onicecandidate = (event) => event.candidate && a.addIceCandidate(event.candidate);
  a.addTrack(mic.getTracks()[0], mic);
  await a.setLocalDescription();
  await b.setRemoteDescription(a.localDescription);
  await b.setLocalDescription();
  await a.setRemoteDescription(b.localDescription);
  window.mic = mic;
}"""


async def test_a_page_that_calls_itself_hears_its_microphone(tmp_path: Path):
    async with chromium(tone_wav(tmp_path / "mic.wav", 700)) as browser:
        page = await new_blank_page(browser)
        await wait_for_silence(page)
        with pytest.raises(AssertionError, match="heard None"):
            await wait_for_tone(page, 700, timeout_s=0.2)
        await page.evaluate(CALL_ITSELF)
        heard = await wait_for_tone(page, 700, above_db=-30)
        assert abs(heard.frequency_hz - 700) < 3
        with pytest.raises(AssertionError, match="no tone of 900"):
            await wait_for_tone(page, 900, timeout_s=0.3)
        await page.evaluate("window.mic.getTracks()[0].enabled = false")
        await wait_for_silence(page)
