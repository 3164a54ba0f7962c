"""Who attacks the media plane, and a telephone with SRTP (libsrtp's, so that no mistake of ours is made twice)."""

from __future__ import annotations

import os
import socket

import pylibsrtp

from gateway.model.media import SrtpKeys
from tests.support.media_peers import Phone, Rtp, is_rtcp

SUITE = "AES_CM_128_HMAC_SHA1_80"
KEY_OCTETS = 30
SUITES = {
    SUITE: (pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80, KEY_OCTETS),
    "AES_CM_128_HMAC_SHA1_32": (pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_32, KEY_OCTETS),
    "AEAD_AES_128_GCM": (pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 28),
    "AEAD_AES_256_GCM": (pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_256_GCM, 44),
}
"""Those that libsrtp can be told by name."""


def session(key: bytes, direction: int, suite: str = SUITE) -> pylibsrtp.Session:
    return pylibsrtp.Session(pylibsrtp.Policy(key=key, ssrc_type=direction, srtp_profile=SUITES[suite][0]))


class SecurePhone(Phone):
    """``keys`` are the plane's: it sends with what we receive with."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        self.unreadable = 0
        self.sent: list[bytes] = []
        self.key(os.urandom(KEY_OCTETS), os.urandom(KEY_OCTETS))

    def key(self, send: bytes, receive: bytes, suite: str = SUITE) -> None:
        self._outgoing = session(send, pylibsrtp.Policy.SSRC_ANY_OUTBOUND, suite)
        self._incoming = session(receive, pylibsrtp.Policy.SSRC_ANY_INBOUND, suite)
        self.keys = SrtpKeys(profile=suite, send=receive, receive=send)

    def take(self, datagram: bytes) -> None:
        try:
            if is_rtcp(datagram):
                self.reports.append(self._incoming.unprotect_rtcp(datagram))
            else:
                self.packets.append(Rtp.parse(self._incoming.unprotect(datagram)))
        except pylibsrtp.Error:
            self.unreadable += 1

    def send(self, payload: bytes, payload_type: int = 8, *, ticks: int = 160, marker: bool = False) -> Rtp:
        rtp = self.packet(payload, payload_type, ticks=ticks, marker=marker)
        self.sent.append(self.protect(rtp.pack()))
        self.socket.sendto(self.sent[-1], self.to)
        return rtp

    def protect(self, packet: bytes) -> bytes:
        return self._outgoing.protect(packet)

    def protect_rtcp(self, packet: bytes) -> bytes:
        return self._outgoing.protect_rtcp(packet)

    def send_rtcp(self, packet: bytes, *, port: int = 1) -> bytes:
        """To RTP's port plus ``port``."""
        protected = self.protect_rtcp(packet)
        self.socket.sendto(protected, (self.to[0], self.to[1] + port))
        return protected


class Attacker(Phone):
    """A socket that should never be answered."""

    def inject(self, victim: Phone, payload: bytes = b"!" * 160, *, ahead: int = 1) -> None:
        """A packet that would follow the victim's last one."""
        forged = Rtp(8, victim.sequence + ahead, victim.timestamp + 160 * ahead, victim.ssrc, payload)
        self.socket.sendto(forged.pack(), victim.to)

    def send_raw(self, datagram: bytes, to: tuple[str, int]) -> None:
        self.socket.sendto(datagram, to)
