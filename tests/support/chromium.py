"""Headless Chromium with a microphone of our choice, and ears: which tone does a page hear?

    async with chromium(microphone=tone_wav(tmp_path / "mic.wav", 440)) as browser:
        page = await new_page(browser)
        await page.goto(url)                       # the page calls getUserMedia and RTCPeerConnection as it likes
        await wait_for_tone(page, 1000)            # in any audio track that any of its connections receives

The ears need no help of the page: a script that runs before the page's own notes each RTCPeerConnection and listens to
each audio track that comes in, with an AnalyserNode.  The same script asks for the microphone without echo
cancellation, noise suppression and gain control, which take a steady tone for noise.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import struct
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from playwright.async_api import Browser, Page, async_playwright
from playwright.async_api import TimeoutError as PlaywrightTimeoutError

from tests.support.patience import PATIENCE_S

EXECUTABLE = "/usr/bin/chromium"

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--autoplay-policy=no-user-gesture-required",
)

SAMPLE_HZ = 48_000

OFFER = """async () => {
  const mic = await navigator.mediaDevices.getUserMedia({ audio: true });
  const pc = window.pc = new RTCPeerConnection();
  pc.addTrack(mic.getTracks()[0], mic);
  await pc.setLocalDescription();
  return pc.localDescription.sdp;
}"""
"""Begins a connection with the microphone in ``window.pc``."""

EARS = """
(() => {
  const ears = { connections: [], heard: [] };
  window.__ears = ears;
  const Original = window.RTCPeerConnection;
  let context = null;
  function listen(track) {
    const stream = new MediaStream([track]);
    // Chromium feeds a remote track to Web Audio only while a media element plays it.
    const element = new Audio();
    element.muted = true;
    element.srcObject = stream;
    element.play().catch(() => {});
    context = context || new AudioContext();
    context.resume();
    const analyser = context.createAnalyser();
    analyser.fftSize = 8192;
    analyser.smoothingTimeConstant = 0;
    context.createMediaStreamSource(stream).connect(analyser);
    ears.heard.push({ track, element, analyser, bins: new Float32Array(analyser.frequencyBinCount) });
  }
  window.RTCPeerConnection = class extends Original {
    constructor(...args) {
      super(...args);
      ears.connections.push(this);
      this.addEventListener('track', (event) => { if (event.track.kind === 'audio') listen(event.track); });
    }
  };
  // The strongest tone in any track that is alive: [Hz, dB]; null when nothing is received or all is silent.
  ears.strongest = () => {
    let best = null;
    for (const { track, analyser, bins } of ears.heard) {
      if (track.readyState !== 'live') continue;
      analyser.getFloatFrequencyData(bins);
      let peak = 2;
      for (let i = 3; i < bins.length - 1; i++) if (bins[i] > bins[peak]) peak = i;
      if (!Number.isFinite(bins[peak])) continue;
      const [left, top, right] = [bins[peak - 1], bins[peak], bins[peak + 1]];
      const bend = left - 2 * top + right;
      const shift = Number.isFinite(bend) && bend !== 0 ? 0.5 * (left - right) / bend : 0;
      const hz = (peak + shift) * context.sampleRate / analyser.fftSize;
      if (best === null || top > best[1]) best = [hz, top];
    }
    return best;
  };
  const devices = navigator.mediaDevices;
  if (devices) {
    const ask = devices.getUserMedia.bind(devices);
    devices.getUserMedia = (wish) => {
      if (wish && wish.audio) {
        const audio = wish.audio === true ? {} : { ...wish.audio };
        wish = {
          ...wish,
          audio: { ...audio, echoCancellation: false, noiseSuppression: false, autoGainControl: false },
        };
      }
      return ask(wish);
    };
  }
})();
"""


class Heard(NamedTuple):
    frequency_hz: float
    level_db: float
    """Of the AnalyserNode: 0 is full scale, a tone of half scale has about -13."""


@asynccontextmanager
async def chromium(microphone: Path | None = None, *more_flags: str) -> AsyncIterator[Browser]:
    """A browser of its own, gone at the end.  ``microphone`` is a WAV file, played in a loop; else Chromium's beeps."""
    flags = [*FLAGS, *more_flags]
    if microphone is not None:
        flags.append(f"--use-file-for-fake-audio-capture={microphone}")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=EXECUTABLE, args=flags)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def asleep(browser: Browser) -> AsyncIterator[None]:
    """All of its processes stand still, as when a laptop is closed: its sockets stay open and say nothing."""
    session = await browser.new_browser_cdp_session()
    found = await session.send("SystemInfo.getProcessInfo")
    await session.detach()
    processes = [int(process["id"]) for process in found["processInfo"]]
    try:
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        yield
    finally:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)


async def new_page(browser: Browser) -> Page:
    """A page with a storage of its own (cookies!), and with ears."""
    context = await browser.new_context()
    await context.add_init_script(EARS)
    return await context.new_page()


async def new_blank_page(browser: Browser) -> Page:
    """A page without any server that may use the microphone (``localhost`` counts as secure)."""
    page = await new_page(browser)
    html = "<!doctype html><title>test</title>"
    await page.route("http://localhost:9/*", lambda route: route.fulfill(body=html, content_type="text/html"))
    await page.goto("http://localhost:9/")
    return page


async def strongest_tone(page: Page) -> Heard | None:
    """What the page hears at this moment."""
    heard = await page.evaluate("window.__ears.strongest()")
    return None if heard is None else Heard(*heard)


async def wait_for_tone(
    page: Page, frequency_hz: float, *, tolerance_hz: float = 15, above_db: float = -50, timeout_s: float = PATIENCE_S
) -> Heard:
    """Until the strongest tone that the page hears is this one.  Fails with what it heard instead."""
    try:
        found = await page.wait_for_function(
            """([hz, tolerance, db]) => {
                const heard = window.__ears.strongest();
                return heard !== null && Math.abs(heard[0] - hz) <= tolerance && heard[1] > db ? heard : false;
            }""",
            arg=[frequency_hz, tolerance_hz, above_db],
            polling=100,
            timeout=timeout_s * 1000,
        )
    except PlaywrightTimeoutError:
        raise AssertionError(f"no tone of {frequency_hz} Hz; heard {await strongest_tone(page)}") from None
    return Heard(*await found.json_value())


async def wait_for_silence(page: Page, *, below_db: float = -70, timeout_s: float = PATIENCE_S) -> None:
    """Until the page hears nothing louder than this (or receives no track at all)."""
    try:
        await page.wait_for_function(
            "(db) => { const heard = window.__ears.strongest(); return heard === null || heard[1] < db; }",
            arg=below_db,
            polling=100,
            timeout=timeout_s * 1000,
        )
    except PlaywrightTimeoutError:
        raise AssertionError(f"no silence; heard {await strongest_tone(page)}") from None


def tone_wav(path: Path, frequency_hz: int, *, seconds: int = 2, amplitude: float = 0.5) -> Path:
    """A mono WAV of a sine that loops without a click (whole numbers of hertz and seconds)."""
    step = 2 * math.pi * frequency_hz / SAMPLE_HZ
    samples = [round(32_767 * amplitude * math.sin(step * index)) for index in range(SAMPLE_HZ * seconds)]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_HZ)
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return path
