"""A browser's sound without a browser: aiortc as the WebRTC stack, a WAV file as the microphone.

It costs 3 to 5 % of a core for each call (measured; see docs/decisions/0080), so a few calls at once are its measure.
"""

from __future__ import annotations

import asyncio
import contextlib
import fractions
import time
import wave
from pathlib import Path
from typing import Any, Protocol

import aioice.ice
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame

FRAMES_PER_SECOND = 50


class Voice(Protocol):
    """The sound of one call, whoever makes it."""

    async def offer(self) -> str:
        """The SDP offer for Zentrale."""
        ...

    async def accept(self, answer_sdp: str) -> None:
        """Take Zentrale's answer; returns when sound is connected."""
        ...

    async def close(self) -> None: ...


class Speech:
    """A WAV file (PCM16, mono) in frames of 20 ms."""

    def __init__(self, path: Path) -> None:
        with wave.open(str(path), "rb") as source:
            if source.getnchannels() != 1 or source.getsampwidth() != 2:
                raise ValueError(f"{path} is not mono with 16 bits")
            self.rate = source.getframerate()
            data = source.readframes(source.getnframes())
        self.frame_samples = self.rate // FRAMES_PER_SECOND
        size = self.frame_samples * 2
        self.frames = [data[at : at + size].ljust(size, b"\0") for at in range(0, len(data), size)]
        self.silence = bytes(size)

    @property
    def seconds(self) -> float:
        return len(self.frames) / FRAMES_PER_SECOND


class SpeechTrack(MediaStreamTrack):
    """Says it again and again, with a pause in between to let the other side speak."""

    kind = "audio"

    def __init__(self, speech: Speech, *, first_s: float = 0.5, pause_s: float = 6.0) -> None:
        super().__init__()
        self._speech = speech
        self._count = 0
        self._began = 0.0
        self._next = -round(first_s * FRAMES_PER_SECOND)
        """The frame of the speech that is due; below 0 there is silence."""
        self._pause = round(pause_s * FRAMES_PER_SECOND)

    async def recv(self) -> AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        if self._count == 0:
            self._began = time.monotonic()
        wait_s = self._began + self._count / FRAMES_PER_SECOND - time.monotonic()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        speech = self._speech
        frame = AudioFrame(format="s16", layout="mono", samples=speech.frame_samples)
        frame.planes[0].update(speech.frames[self._next] if self._next >= 0 else speech.silence)
        frame.sample_rate = speech.rate
        frame.pts = self._count * speech.frame_samples
        frame.time_base = fractions.Fraction(1, speech.rate)
        self._count += 1
        self._next += 1
        if self._next >= len(speech.frames):
            self._next = -self._pause
        return frame


class RtcVoice:
    """One call's sound over WebRTC: speaks, and listens without keeping what it hears."""

    def __init__(self, speech: Speech) -> None:
        # No STUN server: aiortc would ask a public one, and Zentrale needs no candidates of ours.
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._connection.addTransceiver(SpeechTrack(speech), direction="sendrecv")
        self._connected = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None
        self._connection.on("connectionstatechange", self._state_changed)
        self._connection.on("track", self._track_added)

    async def offer(self) -> str:
        await self._connection.setLocalDescription(await self._connection.createOffer())
        return str(self._connection.localDescription.sdp)

    async def accept(self, answer_sdp: str) -> None:
        await self._connection.setRemoteDescription(RTCSessionDescription(answer_sdp, "answer"))
        await self._connected.wait()

    async def close(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        await self._connection.close()

    def _state_changed(self) -> None:
        if self._connection.connectionState == "connected":
            self._connected.set()

    def _track_added(self, track: Any) -> None:
        self._listening = asyncio.get_running_loop().create_task(self._listen(track), name="ear")

    async def _listen(self, track: Any) -> None:
        """aiortc queues what is heard without a limit: somebody must take it."""
        with contextlib.suppress(MediaStreamError):
            while True:
                await track.recv()


def speak_from(address: str) -> None:
    """Let all voices of this process use this address of the machine alone.

    aioice leaves 127.0.0.1 out, and has no setting for it; a Zentrale on the loopback is reached from there best.
    """

    def addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
        return [address]

    aioice.ice.get_host_addresses = addresses
