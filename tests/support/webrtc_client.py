"""aiortc as a second WebRTC stack: a client with a tone as voice and Goertzel filters as ears."""

from __future__ import annotations

import asyncio
import contextlib
import fractions
import time
from types import TracebackType
from typing import Any, Self
from unittest import mock

import numpy as np
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame
from numpy.typing import NDArray

from tests.support.patience import PATIENCE_S

SAMPLE_HZ = 48_000
FRAME_SAMPLES = SAMPLE_HZ // 50
EAR_SECONDS = 0.5


class ToneTrack(MediaStreamTrack):
    """A sine of half scale in frames of 20 ms, in real time."""

    kind = "audio"

    def __init__(self, frequency_hz: float) -> None:
        super().__init__()
        self._frequency_hz = frequency_hz
        self._samples = 0
        self._began = 0.0

    async def recv(self) -> AudioFrame:
        if self._samples == 0:
            self._began = time.monotonic()
        wait_s = self._began + self._samples / SAMPLE_HZ - time.monotonic()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        t = (self._samples + np.arange(FRAME_SAMPLES)) / SAMPLE_HZ
        wave = (16_383 * np.sin(2 * np.pi * self._frequency_hz * t)).astype(np.int16)
        frame = AudioFrame.from_ndarray(wave.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = SAMPLE_HZ
        frame.pts = self._samples
        frame.time_base = fractions.Fraction(1, SAMPLE_HZ)
        self._samples += FRAME_SAMPLES
        return frame


def goertzel(samples: NDArray[np.float64], sample_hz: int, frequency_hz: float) -> float:
    """Amplitude (1.0 is full scale) of one frequency."""
    n = len(samples)
    if n == 0:
        return 0.0
    phase = np.exp(-2j * np.pi * frequency_hz / sample_hz * np.arange(n))
    return float(2 * abs(np.dot(samples, phase)) / n)


class WebRtcClient:
    """One connection.  Use as ``async with``; nothing of it runs on afterwards."""

    def __init__(self, tone_hz: float = 600) -> None:
        self.connection = RTCPeerConnection()
        self.connection.addTransceiver(ToneTrack(tone_hz), direction="sendrecv")
        self.connected = asyncio.Event()
        self.closed = asyncio.Event()
        self.sample_hz = 0
        self._heard: NDArray[np.float64] = np.zeros(0)
        self._listening: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self.connection.on("connectionstatechange", self._state_changed)
        self.connection.on("track", self._track_added)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def offer(self, address: str = "127.0.0.1") -> str:
        """Its offer, candidates on ``address`` included (aioice leaves loopback out by itself)."""
        with mock.patch("aioice.ice.get_host_addresses", return_value=[address]):
            await self.connection.setLocalDescription(await self.connection.createOffer())
        return self.connection.localDescription.sdp

    async def accept(self, answer_sdp: str, *, timeout_s: float = PATIENCE_S) -> None:
        """Take the answer and wait for the connection."""
        await self.connection.setRemoteDescription(RTCSessionDescription(answer_sdp, "answer"))
        async with asyncio.timeout(timeout_s):
            await self.connected.wait()

    async def wait_for_tone(self, frequency_hz: float, *, least: float = 0.1, timeout_s: float = PATIENCE_S) -> float:
        """Until half a second of what it hears holds the tone and 97 % of the power is the tone's.  Its amplitude."""
        level = share = 0.0
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    self._news.clear()
                    await self._news.wait()
                    if len(self._heard) < EAR_SECONDS * self.sample_hz:
                        continue
                    level = goertzel(self._heard, self.sample_hz, frequency_hz)
                    share = (level**2 / 2) / max(float(np.mean(self._heard**2)), 1e-12)
                    if level >= least and share > 0.97:
                        return level
        except TimeoutError:
            raise AssertionError(
                f"no tone of {frequency_hz} Hz: amplitude {level:.3f}, {share:.0%} of the power; "
                f"{len(self._heard)} samples heard at {self.sample_hz} Hz"
            ) from None

    async def close(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait([self._listening])
        await self.connection.close()

    def _state_changed(self) -> None:
        state = self.connection.connectionState
        if state == "connected":
            self.connected.set()
        elif state in ("closed", "failed"):
            self.closed.set()

    def _track_added(self, track: Any) -> None:
        self._listening = asyncio.create_task(self._listen(track))

    async def _listen(self, track: Any) -> None:
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                data = frame.to_ndarray().astype(np.float64).reshape(-1) / 32_768
                data = data[:: len(frame.layout.channels)]
                if self.sample_hz != frame.sample_rate:
                    self.sample_hz, self._heard = frame.sample_rate, np.zeros(0)
                self._heard = np.concatenate([self._heard, data])[-int(EAR_SECONDS * self.sample_hz) :]
                self._news.set()
