"""Counterparts for the media plane on loopback sockets: a telephone's RTP and a browser's ICE and SRTP.

They speak with code of their own (struct, hmac, pylibsrtp), so that a mistake in the plane is not made twice.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import socket
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pylibsrtp

from tests.support.patience import PATIENCE_S


@dataclass(frozen=True)
class Rtp:
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False

    def pack(self) -> bytes:
        first = (0x80 if self.marker else 0) | self.payload_type
        return struct.pack("!BBHII", 0x80, first, self.sequence, self.timestamp, self.ssrc) + self.payload

    @classmethod
    def parse(cls, datagram: bytes) -> Rtp:
        first, second, sequence, timestamp, ssrc = struct.unpack_from("!BBHII", datagram)
        assert first == 0x80, f"unexpected first octet {first:#x}"
        return cls(second & 0x7F, sequence, timestamp, ssrc, datagram[12:], bool(second & 0x80))


def is_rtcp(datagram: bytes) -> bool:
    return len(datagram) > 1 and 192 <= datagram[1] <= 223


class Peer:
    """A UDP socket on loopback that collects what comes in, with waiting."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.host, self.port = sock.getsockname()[:2]
        self.datagrams: list[bytes] = []
        self.source: Any = None
        """Where the last one came from."""
        self._news = asyncio.Event()
        asyncio.get_running_loop().add_reader(sock, self.read)

    @classmethod
    def open(cls, host: str = "127.0.0.1", port: int = 0) -> Any:
        sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        sock.bind((host, port))
        return cls(sock)

    def read(self) -> None:
        """Take what has come."""
        while True:
            try:
                datagram, self.source = self.socket.recvfrom(2048)
            except BlockingIOError:
                return
            self.take(datagram)
            self._news.set()

    def take(self, datagram: bytes) -> None:
        self.datagrams.append(datagram)

    async def until(self, condition: Callable[[], bool], what: str = "datagrams") -> None:
        """Wait until the condition holds; it is looked at after each datagram."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not condition():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"waited {PATIENCE_S} s in vain for {what}") from None

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.socket)
        self.socket.close()


class Phone(Peer):
    """Plain RTP, as a SIP trunk sends it; RTCP comes to the same list of its own when muxed."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        self.packets: list[Rtp] = []
        self.reports: list[bytes] = []
        self.ssrc = int.from_bytes(os.urandom(4))
        self.sequence = 100
        self.timestamp = 5000
        self.to: tuple[str, int] = ("127.0.0.1", 9)

    def take(self, datagram: bytes) -> None:
        if is_rtcp(datagram):
            self.reports.append(datagram)
        else:
            self.packets.append(Rtp.parse(datagram))

    def packet(self, payload: bytes, payload_type: int = 8, *, ticks: int = 160, marker: bool = False) -> Rtp:
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.timestamp = (self.timestamp + ticks) & 0xFFFFFFFF
        return Rtp(payload_type, self.sequence, self.timestamp, self.ssrc, payload, marker)

    def send(self, payload: bytes, payload_type: int = 8, *, ticks: int = 160, marker: bool = False) -> Rtp:
        rtp = self.packet(payload, payload_type, ticks=ticks, marker=marker)
        self.socket.sendto(rtp.pack(), self.to)
        return rtp

    def payloads(self, payload_type: int) -> list[bytes]:
        return [rtp.payload for rtp in self.packets if rtp.payload_type == payload_type]


COOKIE = 0x2112A442
PROFILES = {
    "SRTP_AES128_CM_SHA1_80": (pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 30),
    "SRTP_AEAD_AES_128_GCM": (pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 28),
    "SRTP_AEAD_AES_256_GCM": (pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_256_GCM, 44),
}


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def stun_request(
    username: str | None,
    password: str | None,
    *,
    use_candidate: bool = False,
    controlled: bool = False,
    fingerprint: bool = True,
    extra: bytes = b"",
) -> bytes:
    """A Binding request as RFC 8445 7.2.4 has it; ``extra`` are more attributes, packed."""
    body = extra
    if username is not None:
        body += attribute(0x0006, username.encode())
    body += attribute(0x0024, struct.pack("!I", 0x6E7F1EFF))
    body += attribute(0x8029 if controlled else 0x802A, os.urandom(8))
    if use_candidate:
        body += attribute(0x0025, b"")
    transaction = os.urandom(12)

    def header(length: int) -> bytes:
        return struct.pack("!HHI", 0x0001, length, COOKIE) + transaction

    if password is not None:
        mac = hmac.new(password.encode(), header(len(body) + 24) + body, hashlib.sha1).digest()
        body += attribute(0x0008, mac)
    if fingerprint:
        crc = zlib.crc32(header(len(body) + 8) + body) ^ 0x5354554E
        body += attribute(0x8028, struct.pack("!I", crc))
    return header(len(body)) + body


def is_signed(message: bytes, password: str) -> bool:
    """MESSAGE-INTEGRITY, with FINGERPRINT behind it, is of this password."""
    covered = message[:2] + struct.pack("!H", len(message) - 28) + message[4:-32]
    return hmac.new(password.encode(), covered, hashlib.sha1).digest() == message[-28:-8]


def stun_consent(request: bytes, password: str, *, transaction: bytes | None = None) -> bytes:
    """The answer to a check of the plane, which must be as RFC 8445 7.2.2 and RFC 7675 have it."""
    asked = StunResponse.parse(request, password)
    assert asked.kind == 0x0001
    assert {0x0006, 0x0008, 0x0024, 0x8029} <= set(asked.attributes), "USERNAME, integrity, PRIORITY, ICE-CONTROLLED"
    assert 0x0025 not in asked.attributes, "only the controlling side nominates"
    transaction = transaction or asked.transaction

    def header(length: int) -> bytes:
        return struct.pack("!HHI", 0x0101, length, COOKIE) + transaction

    mac = hmac.new(password.encode(), header(24), hashlib.sha1).digest()
    body = attribute(0x0008, mac)
    crc = zlib.crc32(header(len(body) + 8) + body) ^ 0x5354554E
    body += attribute(0x8028, struct.pack("!I", crc))
    return header(len(body)) + body


@dataclass(frozen=True)
class StunResponse:
    kind: int
    transaction: bytes
    attributes: dict[int, bytes]

    @classmethod
    def parse(cls, datagram: bytes, password: str | None) -> StunResponse:
        """Checks FINGERPRINT, and MESSAGE-INTEGRITY when a password is given."""
        kind, length, cookie = struct.unpack_from("!HHI", datagram)
        assert cookie == COOKIE
        assert length == len(datagram) - 20
        attributes: dict[int, bytes] = {}
        at = 20
        while at < len(datagram):
            name, size = struct.unpack_from("!HH", datagram, at)
            value = datagram[at + 4 : at + 4 + size]
            if name == 0x0008 and password is not None:
                covered = datagram[:2] + struct.pack("!H", at + 4) + datagram[4:at]
                assert hmac.new(password.encode(), covered, hashlib.sha1).digest() == value
            if name == 0x8028:
                assert struct.unpack("!I", value)[0] == zlib.crc32(datagram[:at]) ^ 0x5354554E
            attributes[name] = value
            at += 4 + size + -size % 4
        assert 0x8028 in attributes
        return cls(kind, datagram[8:20], attributes)

    @property
    def error(self) -> int | None:
        value = self.attributes.get(0x0009)
        return None if value is None else value[2] * 100 + value[3]

    @property
    def mapped(self) -> tuple[str, int]:
        value = self.attributes[0x0020]
        port = struct.unpack_from("!H", value, 2)[0] ^ (COOKIE >> 16)
        host = bytes(a ^ b for a, b in zip(value[4:8], struct.pack("!I", COOKIE), strict=True))
        return socket.inet_ntoa(host), port


class Browser(Peer):
    """ICE checks and SRTP of a browser; DTLS is only some octets."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        self.to: tuple[str, int] = ("127.0.0.1", 9)
        self.ufrag = "them"
        self.pwd = f"a password of the browser {self.port}"
        self.server_ufrag = "usus"
        self.server_pwd = "a password of the server"
        self.stun: list[bytes] = []
        """Answers to our checks."""
        self.asks: list[bytes] = []
        """Requests of the plane for our consent, which is given unless `answers` is False."""
        self.answers = True
        self.dtls: list[bytes] = []
        self.packets: list[Rtp] = []
        self.reports: list[bytes] = []
        self.unreadable = 0
        self.ssrc = int.from_bytes(os.urandom(4))
        self.sequence = 4000
        self.timestamp = 70000
        self.send_key = b""
        self.receive_key = b""
        self._out: pylibsrtp.Session | None = None
        self._in: pylibsrtp.Session | None = None

    def take(self, datagram: bytes) -> None:
        if datagram[:2] == b"\x00\x01":
            self.asks.append(datagram)
            if self.answers and is_signed(datagram, self.pwd):
                self.socket.sendto(stun_consent(datagram, self.pwd), self.to)
        elif datagram[0] <= 3:
            self.stun.append(datagram)
        elif datagram[0] < 64:
            self.dtls.append(datagram)
        elif self._in is None:
            self.unreadable += 1
        elif is_rtcp(datagram):
            self.reports.append(self._in.unprotect_rtcp(datagram))
        else:
            try:
                self.packets.append(Rtp.parse(self._in.unprotect(datagram)))
            except pylibsrtp.Error:
                self.unreadable += 1

    def payloads(self, payload_type: int) -> list[bytes]:
        return [rtp.payload for rtp in self.packets if rtp.payload_type == payload_type]

    def check(self, **options: Any) -> None:
        """Send a check with the right credentials."""
        request = stun_request(f"{self.server_ufrag}:{self.ufrag}", self.server_pwd, **options)
        self.socket.sendto(request, self.to)

    async def connect(self) -> None:
        before = len(self.stun)
        self.check(use_candidate=True)
        await self.until(lambda: len(self.stun) > before, "an answer to the check")

    def key(self, profile: str) -> None:
        """Choose keys; the plane's `send` is our `receive_key`."""
        number, size = PROFILES[profile]
        self.send_key, self.receive_key = os.urandom(size), os.urandom(size)

        def policy(key: bytes, direction: int) -> pylibsrtp.Policy:
            return pylibsrtp.Policy(key=key, ssrc_type=direction, srtp_profile=number)

        self._out = pylibsrtp.Session(policy(self.send_key, pylibsrtp.Policy.SSRC_ANY_OUTBOUND))
        self._in = pylibsrtp.Session(policy(self.receive_key, pylibsrtp.Policy.SSRC_ANY_INBOUND))

    def send(self, payload: bytes, payload_type: int = 111, *, ticks: int = 960, marker: bool = False) -> Rtp:
        assert self._out is not None
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.timestamp = (self.timestamp + ticks) & 0xFFFFFFFF
        return self.send_rtp(Rtp(payload_type, self.sequence, self.timestamp, self.ssrc, payload, marker))

    def send_rtp(self, rtp: Rtp) -> Rtp:
        """A packet with numbers of the caller's choice."""
        assert self._out is not None
        self.socket.sendto(self._out.protect(rtp.pack()), self.to)
        return rtp

    def send_rtcp(self, packet: bytes) -> None:
        assert self._out is not None
        self.socket.sendto(self._out.protect_rtcp(packet), self.to)
