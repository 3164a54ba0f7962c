"""A browser edge's surroundings without sockets: the fake media plane, and a browser that only speaks DTLS."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport

from gateway.model.ids import LegId
from gateway.protocol.sdp import parse
from tests.support.fake_media import FakeMediaPlane
from tests.support.sdp_samples import sample

CHROMIUM_FINGERPRINT = next(parse(sample("chromium_audio")).media[0].all("fingerprint"))


class BrowserPlane(FakeMediaPlane):
    """The fake plane, with DTLS records handed to whoever plays the leg's browser."""

    def __init__(self) -> None:
        super().__init__()
        self.browsers: dict[LegId, Callable[[bytes], None]] = {}

    def send_dtls(self, leg: LegId, datagram: bytes) -> None:
        super().send_dtls(leg, datagram)
        if leg in self.open_legs and leg in self.browsers:
            self.browsers[leg](datagram)

    def steps(self) -> list[str]:
        """The commands' names in their order, but for the handshake's."""
        return [name for name in self.names() if name != "send_dtls"]


class DtlsBrowser:
    """A DTLS client of its own, joined to one leg of a `BrowserPlane`."""

    role = "controlling"

    def __init__(self, plane: BrowserPlane) -> None:
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
        self._plane.receive_dtls(self._leg, data)
