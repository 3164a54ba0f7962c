"""A browser edge's surroundings without sockets: a plane that notes commands, and a browser that only speaks DTLS."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Any

from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport

from gateway.model.ids import LegId
from gateway.model.media import DtlsReceived, MediaEvent, MediaListener
from gateway.protocol.sdp import parse
from tests.support.sdp_samples import sample

CHROMIUM_FINGERPRINT = next(parse(sample("chromium_audio")).media[0].all("fingerprint"))


class NotingPlane:
    """Notes what is asked of it, in order, and hands DTLS records to whoever plays the browser."""

    def __init__(self) -> None:
        self.commands: list[tuple[Any, ...]] = []
        self.listeners: dict[LegId, MediaListener] = {}
        self.browsers: dict[LegId, Callable[[bytes], None]] = {}
        self._ids = count(1)

    def open_webrtc_leg(
        self, listener: MediaListener, *, ufrag: str, pwd: str, near: LegId | None = None
    ) -> tuple[LegId, list[tuple[str, int]]]:
        leg = LegId(next(self._ids))
        self.listeners[leg] = listener
        self.commands.append(("open", leg, near))
        assert len(ufrag) >= 4
        assert len(pwd) >= 22
        return leg, [("127.0.0.1", 4000)]

    def send_dtls(self, leg: LegId, datagram: bytes) -> None:
        if leg in self.listeners and leg in self.browsers:
            self.browsers[leg](datagram)

    def close_leg(self, leg: LegId) -> None:
        self.commands.append(("close", leg))
        self.listeners.pop(leg, None)

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *arguments: self.commands.append((name, *arguments))

    def emit(self, event: MediaEvent) -> None:
        if event.leg in self.listeners:
            self.listeners[event.leg](event)

    def names(self) -> list[str]:
        return [command[0] for command in self.commands]


class DtlsBrowser:
    """A DTLS client of its own, joined to one leg of a `NotingPlane`."""

    role = "controlling"

    def __init__(self, plane: NotingPlane) -> None:
        self._plane = plane
        self._leg = LegId(0)
        self._received: asyncio.Queue[bytes] = asyncio.Queue()
        self._certificate = RTCCertificate.generateCertificate()
        self.transport = RTCDtlsTransport(self, [self._certificate])  # type: ignore[arg-type]
        self.transport._set_role("client")

    @property
    def offer(self) -> str:
        """Chromium's, with this browser's fingerprint."""
        own = next(f.value for f in self._certificate.getFingerprints() if f.algorithm == "sha-256")
        return sample("chromium_audio").replace(CHROMIUM_FINGERPRINT, f"sha-256 {own}")

    async def connect(self, leg: LegId, answer_sdp: str) -> None:
        self._leg = leg
        self._plane.browsers[leg] = self._received.put_nowait
        algorithm, value = next(parse(answer_sdp).media[0].all("fingerprint")).split()
        await self.transport.start(RTCDtlsParameters([RTCDtlsFingerprint(algorithm, value)]))

    async def close(self) -> None:
        task = self.transport._task
        await self.transport.stop()
        if task is not None:
            await asyncio.wait([task])

    async def wait_closed(self) -> None:
        """Until the other side said goodbye."""
        assert self.transport._task is not None
        await asyncio.wait([self.transport._task])

    async def _recv(self) -> bytes:
        return await self._received.get()

    async def _send(self, data: bytes) -> None:
        self._plane.emit(DtlsReceived(leg=self._leg, datagram=data))
