"""SRTP once more, in plain Python from the RFCs, for what libsrtp2's Python binding lacks (AES-256 in counter mode).

Slow and without any state: the caller says which roll-over counter or SRTCP index a packet has.
"""

from __future__ import annotations

import hashlib
import hmac
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def counter_mode(key: bytes, iv: int, data: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES(key), modes.CTR(iv.to_bytes(16))).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def derive(master: bytes, salt: bytes, label: int, size: int) -> bytes:
    """RFC 3711 4.3.1, with a key derivation rate of 0."""
    x = int.from_bytes(salt) ^ label << 48
    return counter_mode(master, x << 16, bytes(size))


class CounterModeSrtp:
    """AES in counter mode with HMAC-SHA1; ``key`` is master key and salt of 14 octets."""

    def __init__(self, key: bytes, tag_octets: int) -> None:
        master, salt = key[:-14], key[-14:]
        self._tag_octets = tag_octets
        self._rtp, self._rtcp = (
            (
                derive(master, salt, label, len(master)),
                derive(master, salt, label + 1, 20),
                int.from_bytes(derive(master, salt, label + 2, 14)),
            )
            for label in (0, 3)
        )

    def protect(self, header: bytes, payload: bytes, roc: int) -> bytes:
        encryption, authentication, salt = self._rtp
        sequence, ssrc = struct.unpack_from("!H", header, 2)[0], struct.unpack_from("!I", header, 8)[0]
        iv = salt << 16 ^ ssrc << 64 ^ (roc << 16 | sequence) << 16
        packet = header + counter_mode(encryption, iv, payload)
        tag = hmac.new(authentication, packet + roc.to_bytes(4), hashlib.sha1).digest()
        return packet + tag[: self._tag_octets]

    def protect_rtcp(self, packet: bytes, index: int) -> bytes:
        encryption, authentication, salt = self._rtcp
        iv = salt << 16 ^ struct.unpack_from("!I", packet, 4)[0] << 64 ^ index << 16
        sealed = packet[:8] + counter_mode(encryption, iv, packet[8:]) + (1 << 31 | index).to_bytes(4)
        return sealed + hmac.new(authentication, sealed, hashlib.sha1).digest()[:10]
