"""Browsers' side of a DTLS association, datagram by datagram, without sockets: OpenSSL for 1.2, wolfSSL for 1.3."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, cast

from aiortc.rtcdtlstransport import RTCCertificate
from cryptography.hazmat.primitives import serialization
from OpenSSL import SSL

from gateway.protocol.sdp import Fingerprint
from gateway.webrtc.dtls import KEY_LABEL, DtlsIdentity, DtlsSession

GCM = "SRTP_AEAD_AES_128_GCM"
GCM_256 = "SRTP_AEAD_AES_256_GCM"
CM = "SRTP_AES128_CM_SHA1_80"

Flight = list[bytes]


def records(flight: bytes) -> Flight:
    """Each DTLS record of a flight in plaintext by itself."""
    found = []
    while flight:
        size = 13 + int.from_bytes(flight[11:13], "big")
        found.append(flight[:size])
        flight = flight[size:]
    return found


class Client:
    """``carry`` decides what of a flight reaches the server, ``lose`` what of the server's datagrams is lost."""

    def __init__(self) -> None:
        self.carry: Callable[[Flight], Flight] = lambda flight: flight
        self.lose: Callable[[bytes], bool] = lambda datagram: False
        self.largest = 0
        """Of the server's datagrams, bytes."""
        self.received = 0
        self.sent = 0
        """Bytes that came from the server and went to it."""
        self.server: DtlsSession

    @property
    def fingerprints(self) -> list[Fingerprint]:
        raise NotImplementedError

    def start(self, server: DtlsSession) -> None:
        self.server = server
        self.step()

    def receive(self, datagram: bytes) -> None:
        self.largest = max(self.largest, len(datagram))
        self.received += len(datagram)
        if not self.lose(datagram):
            self.take(datagram)

    def take(self, datagram: bytes) -> None:
        raise NotImplementedError

    def step(self) -> None:
        """Go on and send what there is to send."""
        raise NotImplementedError

    def send(self, flight: Flight) -> None:
        for datagram in self.carry(flight) if flight else []:
            self.sent += len(datagram)
            self.server.receive(datagram)

    def repeat(self) -> None:
        """As after its retransmission timer."""
        raise NotImplementedError

    def export(self, length: int) -> bytes:
        raise NotImplementedError

    def say_goodbye(self) -> None:
        raise NotImplementedError

    def was_told_goodbye(self) -> bool:
        raise NotImplementedError


def gcm_keys(client: Client) -> tuple[bytes, bytes]:
    """Its send and receive keys, for AES-128-GCM (RFC 5764 4.2)."""
    material = client.export(56)
    return material[:16] + material[32:44], material[16:32] + material[44:56]


class OpenSslClient(Client):
    """DTLS 1.2.  A small ``mtu`` and it sends a ClientHello as long as browsers do, in fragments."""

    def __init__(self, profiles: Sequence[str] = (GCM, CM), *, mtu: int = 1200, shows_certificate: bool = True) -> None:
        super().__init__()
        self.certificate = RTCCertificate.generateCertificate()
        context = SSL.Context(SSL.DTLS_METHOD)
        if shows_certificate:
            context.use_certificate(self.certificate._cert)
            context.use_privatekey(self.certificate._key)
        context.set_verify(SSL.VERIFY_NONE)
        context.set_tlsext_use_srtp(":".join(profiles).encode())
        if mtu < 1200:
            context.set_alpn_protos([bytes([letter]) * 250 for letter in b"abcdef"])
        self.ssl = SSL.Connection(context)
        self.ssl.set_ciphertext_mtu(mtu)
        self.ssl.set_connect_state()

    @property
    def fingerprints(self) -> list[Fingerprint]:
        return [Fingerprint(f.algorithm, f.value) for f in self.certificate.getFingerprints()]

    def take(self, datagram: bytes) -> None:
        self.ssl.bio_write(datagram)
        self.step()

    def step(self) -> None:
        with contextlib.suppress(SSL.Error):
            self.ssl.do_handshake()
        self._flush()

    def _flush(self) -> None:
        with contextlib.suppress(SSL.Error):
            self.send(records(self.ssl.bio_read(65_536)))

    def repeat(self) -> None:
        # OpenSSL looks at the clock itself: what it has not to send yet it does not repeat.
        self.ssl.DTLSv1_handle_timeout()
        self._flush()

    def export(self, length: int) -> bytes:
        return self.ssl.export_keying_material(KEY_LABEL, length)

    def say_goodbye(self) -> None:
        self.ssl.shutdown()
        self._flush()

    def was_told_goodbye(self) -> bool:
        try:
            self.ssl.recv(100)
        except SSL.ZeroReturnError:
            return True
        except SSL.Error:
            pass
        return False


class WolfSslClient(Client):
    """DTLS 1.3, and 1.2 for servers without; ``versions`` "1.2" offers that alone."""

    def __init__(
        self,
        profiles: Sequence[str] = (GCM, CM),
        *,
        mtu: int = 1200,
        versions: str = "1.3",
        post_quantum: bool = False,
        identity: DtlsIdentity | None = None,
    ) -> None:
        super().__init__()
        # Here, because it is not there where wolfSSL was not built.
        from gateway.webrtc import _wolfssl  # noqa: PLC0415

        self._error: type[Exception] = _wolfssl.WolfSslError
        self.identity = identity or DtlsIdentity()
        key = self.identity.key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        ciphers = b"TLS13-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256"
        context = _wolfssl.Context(self.identity.certificate_der, key, ciphers, versions, post_quantum)
        self.connection = _wolfssl.Connection(context, lambda certificate: True, mtu)
        self.connection.offer_srtp(":".join(profiles).encode())
        self.connected = False
        self.closed = False
        self.failure: Exception | None = None

    @property
    def fingerprints(self) -> list[Fingerprint]:
        return [self.identity.fingerprint]

    def take(self, datagram: bytes) -> None:
        self.connection.receive(datagram)
        self.step()

    def step(self) -> None:
        try:
            if not self.connected:
                self.connected = self.connection.handshake()
            if self.connected and not self.closed:
                self.closed = not self.connection.read()
        except self._error as error:
            self.failure = error
        self._flush()

    def _flush(self) -> None:
        self.send(self.connection.outgoing())

    def repeat(self) -> None:
        with contextlib.suppress(self._error):  # it has repeated often enough
            self.connection.timed_out()
        self._flush()

    def export(self, length: int) -> bytes:
        return cast(Any, self.connection).export_keys(KEY_LABEL, length)

    def say_goodbye(self) -> None:
        self.connection.shutdown()
        self._flush()

    def was_told_goodbye(self) -> bool:
        return self.closed
