"""DTLS as the edge sees it: a server's side of a handshake over datagrams that somebody else carries, and its keys.

Two libraries stand behind it: wolfSSL (`gateway.webrtc.dtls_wolfssl`), which speaks DTLS 1.3 and 1.2, and OpenSSL
(`gateway.webrtc.dtls_openssl`) with 1.2 alone.  `gateway.webrtc.dtls_choice` says which; both pass
``tests/conformance/test_dtls_port.py``.
"""

from __future__ import annotations

import datetime
import hashlib
import secrets
from collections.abc import Callable, Sequence
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.model.errors import PeerError
from gateway.model.media import SrtpKeys
from gateway.protocol.sdp import Fingerprint

DATAGRAMS_WAITING_MAX = 32
"""Received and not yet looked at; past it they are dropped, as a network would, and DTLS repeats them."""

DATAGRAM_BYTES_MAX = 1200
"""Fits every path that WebRTC meets; flights of several records are split to it."""

DTLS_1_2 = 0xFEFD
DTLS_1_3 = 0xFEFC

LIFE = datetime.timedelta(days=30)
RENEW_BEFORE = datetime.timedelta(days=1)
_CLOCKS_DIFFER = datetime.timedelta(days=1)

SRTP_PROFILES = ("SRTP_AEAD_AES_128_GCM", "SRTP_AES128_CM_SHA1_80")
"""In order of preference: GCM costs the media plane half of what HMAC does; all browsers have both."""

KEY_LABEL = b"EXTRACTOR-dtls_srtp"
"""RFC 5764 4.2"""

KEY_BYTES = {
    "SRTP_AES128_CM_SHA1_80": (16, 14),
    "SRTP_AEAD_AES_128_GCM": (16, 12),
    "SRTP_AEAD_AES_256_GCM": (32, 12),
}
"""Master key and salt (RFC 5764 4.1.2, RFC 7714 14.2)."""


class DtlsError(PeerError):
    """The handshake failed; the message says how."""


class FingerprintError(DtlsError):
    """The certificate is not the one that the offer named: somebody is in between, or the offer was forged."""


class DtlsIdentity:
    """Our certificate, self-signed, ECDSA on P-256.  One for all legs, made anew before it expires."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        # The name is nobody's (RFC 8827 6.5): what counts is the fingerprint.
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, secrets.token_hex(16))])
        now = datetime.datetime.now(datetime.UTC)
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _CLOCKS_DIFFER)
            .not_valid_after(now + LIFE)
            .sign(self.key, hashes.SHA256())
        )
        self.certificate_der = self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def fingerprint(self) -> Fingerprint:
        """SHA-256, the hash of the certificate's signature (RFC 8122 5)."""
        return Fingerprint("sha-256", _digest(self.certificate_der, "sha256"))

    def expires_soon(self, now: datetime.datetime) -> bool:
        return self.certificate.not_valid_after_utc - now < RENEW_BEFORE


class DtlsSession(Protocol):
    """One DTLS association in the server's role."""

    @property
    def version(self) -> int:
        """`DTLS_1_2` or `DTLS_1_3`.  Only after a handshake."""

    def receive(self, datagram: bytes) -> None:
        """Take a datagram from the browser; dropped when too many wait or when it is no DTLS record."""

    async def handshake(self) -> SrtpKeys:
        """Run the handshake (retransmission included).  No time limit of its own.  Raises `DtlsError`."""

    async def wait_closed(self) -> None:
        """Until the browser says close_notify.  Only after a handshake."""

    async def close(self) -> None:
        """Say close_notify where there is a connection, and end what runs.  May be repeated."""


class DtlsServer(Protocol):
    """Makes sessions with one certificate."""

    @property
    def identity(self) -> DtlsIdentity: ...

    @property
    def library(self) -> str:
        """Name and version."""

    @property
    def versions(self) -> str:
        """What it speaks, for the log: "DTLS 1.3 and 1.2"."""

    def session(
        self,
        *,
        send: Callable[[bytes], None],
        remote: Sequence[Fingerprint],
        profiles: Sequence[str] = SRTP_PROFILES,
    ) -> DtlsSession:
        """Make a session.  ``send`` takes each datagram of ours.

        ``remote`` are the fingerprints of the browser's offer; all must match.  ``profiles`` are SRTP protection
        profiles in order of preference, of `KEY_BYTES`.
        """


def certificate_fits(der: bytes, fingerprints: Sequence[Fingerprint]) -> bool:
    """Whether a certificate has all these fingerprints.  There must be one: none would trust anybody."""
    return bool(fingerprints) and all(
        secrets.compare_digest(_digest(der, fingerprint.algorithm.replace("-", "")), fingerprint.value)
        for fingerprint in fingerprints
    )


def _digest(der: bytes, algorithm: str) -> str:
    return hashlib.new(algorithm, der).digest().hex(":").upper()


def srtp_keys(profile: str, export: Callable[[int], bytes]) -> SrtpKeys:
    """Cut the keys of the server's side out of the exported material, whose length ``export`` is called with.

    RFC 5764 4.2: client's key, server's key, client's salt, server's salt.
    """
    key, salt = KEY_BYTES[profile]
    material = export(2 * (key + salt))
    client_key, server_key = material[:key], material[key : 2 * key]
    client_salt, server_salt = material[2 * key : 2 * key + salt], material[2 * key + salt :]
    return SrtpKeys(profile=profile, send=server_key + server_salt, receive=client_key + client_salt)
