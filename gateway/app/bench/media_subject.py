"""What is measured, as the benchmark sees it: something that bridges telephones and browsers.

The media plane is one such subject and lives in this process; `gateway.app.bench.media_rtpengine` is another.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Sequence
from typing import Protocol

import msgspec

from gateway.media import MediaPlane
from gateway.media.loadgen import Addresses, CallPlan
from gateway.model.ids import Codec, LegId
from gateway.model.media import LegClosed, LegStatistics, MediaEvent, RtpPeer, SrtpKeys, WebRtcPeer

HOST = "127.0.0.1"
PASSWORD = "a password for the load generator"
FIRST_PORTS = range(10_000, 24_000, 2)
RTP_PORTS = 8000
PCMA_TYPE, OPUS_TYPE = 8, 111


def rtp_ports() -> tuple[int, int]:
    """First and last of a range that another measurement on this machine hardly has."""
    first = random.choice(FIRST_PORTS)
    return first, first + RTP_PORTS - 1


class Cipher(msgspec.Struct, frozen=True):
    """An SRTP protection profile by its names in DTLS (RFC 5764, RFC 7714) and SDES (RFC 4568)."""

    dtls: str
    sdes: str
    key_octets: int
    """Master key and salt."""


HMAC_SHA1_80 = Cipher("SRTP_AES128_CM_SHA1_80", "AES_CM_128_HMAC_SHA1_80", 30)
GCM = Cipher("SRTP_AEAD_AES_128_GCM", "AEAD_AES_128_GCM", 28)


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """What a subject knows of itself when its calls have ended; only the plane tells."""

    lost: int = 0
    """Packets it dropped, did not read in time, or missed from telephones and browsers (where it decodes)."""
    ticks_late: int | None = None
    browser_buffer_us: int | None = None
    """How long the jitter buffers hold what browsers say, on the average over the calls."""
    phone_buffer_us: int | None = None


class Subject(Protocol):
    async def open(self, ends: Addresses, cipher: Cipher, *, opus: bool) -> list[CallPlan]:
        """Bridge as many calls as there are ends; browsers talk SRTP, telephones RTP."""
        ...

    def cpu_ns(self) -> int:
        """CPU time since it started, user and kernel."""
        ...

    async def close(self) -> Counted:
        """End the calls."""
        ...


class PlaneCalls:
    """Calls through the media plane: a telephone's and a browser's leg each, bridged."""

    def __init__(self, plane: MediaPlane) -> None:
        self.plane = plane
        self.legs: list[LegId] = []
        self._closed: dict[LegId, LegStatistics] = {}
        self._all_closed = asyncio.Event()
        self._opus = False
        self._opened = 0

    async def open(self, ends: Addresses, cipher: Cipher, *, opus: bool) -> list[CallPlan]:
        self.legs.clear()
        self._closed.clear()
        self._all_closed.clear()
        self._opus = opus
        return [self._open(phone, cipher) for phone, _ in ends]

    def _open(self, phone: tuple[str, int], cipher: Cipher) -> CallPlan:
        self._opened += 1
        ufrag = f"bench{self._opened}"
        to_browser, from_browser = os.urandom(cipher.key_octets), os.urandom(cipher.key_octets)
        first, _, phone_port = self.plane.open_rtp_leg(self._listener)
        second, addresses = self.plane.open_webrtc_leg(self._listener, ufrag=ufrag, pwd=PASSWORD, near=first)
        self.legs += [first, second]
        self.plane.set_rtp_peer(
            first, RtpPeer(address=phone[0], port=phone[1], codec=Codec.PCMA, payload_type=PCMA_TYPE)
        )
        codec, payload_type = (Codec.OPUS, OPUS_TYPE) if self._opus else (Codec.PCMA, PCMA_TYPE)
        self.plane.set_webrtc_peer(second, WebRtcPeer(codec=codec, payload_type=payload_type, remote_ufrag="load"))
        self.plane.set_srtp_keys(second, SrtpKeys(profile=cipher.dtls, send=to_browser, receive=from_browser))
        self.plane.bridge(first, second)
        return CallPlan(
            phone_port=phone_port,
            browser_port=addresses[0][1],
            username=f"{ufrag}:load",
            pwd=PASSWORD,
            send=from_browser,
            receive=to_browser,
        )

    def _listener(self, event: MediaEvent) -> None:
        if isinstance(event, LegClosed):
            self._closed[event.leg] = event.statistics
            if len(self._closed) == len(self.legs):
                self._all_closed.set()

    def cpu_ns(self) -> int:
        return sum(thread.cpu_ns for thread in self.plane.statistics())

    async def close(self) -> Counted:
        threads = self.plane.statistics()
        for leg in self.legs:
            self.plane.close_leg(leg)
        if self.legs:
            await self._all_closed.wait()
        lost = sum(thread.dropped + thread.overflowed for thread in threads)
        if self._opus:  # relayed packets are counted one by one by the generator
            lost += sum(leg.packets_lost for leg in self._closed.values())
        return Counted(
            lost=lost,
            ticks_late=sum(thread.ticks_late for thread in threads),
            browser_buffer_us=self._mean_buffer_us(self.legs[1::2]),
            phone_buffer_us=self._mean_buffer_us(self.legs[::2]),
        )

    def _mean_buffer_us(self, legs: Sequence[LegId]) -> int | None:
        held = [self._closed[leg].buffer_ms for leg in legs]
        return round(1000 * sum(held) / len(held)) if held else None
