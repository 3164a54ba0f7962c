"""DTLS 1.2 by OpenSSL, through aiortc: the one module of the edge that knows it.

aiortc's `RTCDtlsTransport` asks its ICE transport for three things (``_recv``, ``_send``, ``role``), so `_Wire` is one.
Of the transport we use handshake, fingerprint check and data pump; where it would set up its own SRTP sessions we take
the keys instead (RFC 5764 4.2), and since it then has none it never touches RTP.  Those are private parts of aiortc:
``tests/unit/test_webrtc_aiortc_contract.py`` names each of them and fails first should a release change one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any, cast

from aiortc import RTCIceTransport
from aiortc import rtcdtlstransport as aiortc_dtls
from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport
from OpenSSL import SSL

from gateway.model.media import SrtpKeys
from gateway.protocol.sdp import Fingerprint
from gateway.webrtc.dtls import (
    DATAGRAM_BYTES_MAX,
    DATAGRAMS_WAITING_MAX,
    DTLS_1_2,
    KEY_LABEL,
    SRTP_PROFILES,
    DtlsError,
    DtlsIdentity,
    FingerprintError,
    srtp_keys,
)

_RECORD_HEADER_BYTES = 13  # RFC 6347 4.1
_RECORD_TYPES = range(20, 26)

_PROFILES = {
    "SRTP_AEAD_AES_128_GCM": aiortc_dtls.SRTP_AEAD_AES_128_GCM,
    "SRTP_AEAD_AES_256_GCM": aiortc_dtls.SRTP_AEAD_AES_256_GCM,
    "SRTP_AES128_CM_SHA1_80": aiortc_dtls.SRTP_AES128_CM_SHA1_80,
}


class OpenSslServer:
    library = SSL.OpenSSL_version(SSL.OPENSSL_VERSION).decode()
    versions = "DTLS 1.2"

    def __init__(self, identity: DtlsIdentity) -> None:
        self.identity = identity
        self._certificate = _Certificate(identity.key, identity.certificate)

    def session(
        self,
        *,
        send: Callable[[bytes], None],
        remote: Sequence[Fingerprint],
        profiles: Sequence[str] = SRTP_PROFILES,
    ) -> OpenSslSession:
        return OpenSslSession(self._certificate, send=send, remote=remote, profiles=profiles)


class OpenSslSession:
    def __init__(
        self,
        certificate: _Certificate,
        *,
        send: Callable[[bytes], None],
        remote: Sequence[Fingerprint],
        profiles: Sequence[str],
    ) -> None:
        assert remote, "a session without fingerprints would trust anybody"
        self._wire = _Wire(send)
        self._transport = _Transport(self._wire, certificate, profiles)
        self._remote = RTCDtlsParameters(fingerprints=[RTCDtlsFingerprint(f.algorithm, f.value) for f in remote])

    @property
    def version(self) -> int:
        return DTLS_1_2  # the contexts know no other

    def receive(self, datagram: bytes) -> None:
        self._wire.receive(datagram)

    async def handshake(self) -> SrtpKeys:
        await self._transport.start(self._remote)
        keys = self._transport.keys
        if self._transport.state != "connected" or keys is None:
            raise self._transport.failure or DtlsError("DTLS handshake failed")
        return keys

    async def wait_closed(self) -> None:
        await self._transport.wait_closed()

    async def close(self) -> None:
        await self._transport.end()


class _Wire:
    """What aiortc takes for an ICE transport."""

    role = "controlled"

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send_datagram = send
        self._received: asyncio.Queue[bytes] = asyncio.Queue(DATAGRAMS_WAITING_MAX)

    def receive(self, datagram: bytes) -> None:
        if datagram and 20 <= datagram[0] <= 63:  # RFC 7983 7
            with contextlib.suppress(asyncio.QueueFull):
                self._received.put_nowait(datagram)

    async def _recv(self) -> bytes:
        return await self._received.get()

    async def _send(self, data: bytes) -> None:
        self._send_datagram(data)


class _Certificate(RTCCertificate):
    """Keeps the OpenSSL context: making one for each handshake costs more than the handshake's mathematics."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._contexts: dict[tuple[bytes, ...], SSL.Context] = {}

    def _create_ssl_context(self, srtp_profiles: list[aiortc_dtls.SRTPProtectionProfile]) -> SSL.Context:
        key = tuple(profile.openssl_profile for profile in srtp_profiles)
        if key not in self._contexts:
            context = super()._create_ssl_context(srtp_profiles)
            context.set_max_proto_version(DTLS_1_2)  # a 1.3 record has another header, see split_records
            # Browsers never resume, and a cache shared by all legs would only grow.
            context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
            self._contexts[key] = context
        return self._contexts[key]


class _Transport(RTCDtlsTransport):
    def __init__(self, wire: _Wire, certificate: RTCCertificate, profiles: Sequence[str]) -> None:
        super().__init__(cast(RTCIceTransport, wire), [certificate])
        self._srtp_profiles = [_PROFILES[profile] for profile in profiles]
        self._set_role("server")
        self.keys: SrtpKeys | None = None
        self.failure: DtlsError | None = None

    @property
    def _openssl(self) -> SSL.Connection:
        assert self._ssl is not None, "aiortc makes the connection when it starts"
        return self._ssl

    async def _do_handshake(self) -> None:
        # A memory BIO has no path MTU to ask for, and OpenSSL's own guess is 228 bytes.
        self._openssl.set_ciphertext_mtu(DATAGRAM_BYTES_MAX)
        await super()._do_handshake()
        if self.state == "failed":
            self.failure = DtlsError("DTLS handshake failed: no version, cipher or certificate in common")

    def _validate_peer_identity(self, remoteParameters: RTCDtlsParameters) -> None:  # noqa: N803  (aiortc's name)
        super()._validate_peer_identity(remoteParameters)
        if self.state == "failed":
            self.failure = FingerprintError("DTLS certificate does not match a=fingerprint of the offer")

    def _setup_srtp(self) -> None:
        """Take the keys and leave aiortc without SRTP sessions."""
        selected = self._openssl.get_selected_srtp_profile()
        for profile in self._srtp_profiles:
            if profile.openssl_profile == selected:
                break
        else:
            self.failure = DtlsError("DTLS handshake agreed on no SRTP profile")
            self._set_state(aiortc_dtls.State.FAILED)
            return
        self.keys = srtp_keys(selected.decode(), lambda length: self._openssl.export_keying_material(KEY_LABEL, length))

    async def _write_ssl(self) -> None:
        """All that OpenSSL has to say, in whole records; aiortc would send 1500 bytes at most and keep the rest."""
        out = b""
        with contextlib.suppress(SSL.Error):
            while chunk := self._openssl.bio_read(65_536):
                out += chunk
        for datagram in split_records(out):
            await self.transport._send(datagram)

    async def wait_closed(self) -> None:
        assert self._task is not None, "wait_closed is for connected sessions"
        await asyncio.wait([self._task])

    async def end(self) -> None:
        task = self._task
        await self.stop()
        if task is not None:
            await asyncio.wait([task])
        self.remove_all_listeners()


def split_records(flight: bytes) -> list[bytes]:
    """Pack DTLS records into datagrams of at most `DATAGRAM_BYTES_MAX`; a longer record goes alone."""
    datagrams = []
    start = end = 0
    while end < len(flight):
        size = len(flight) - end
        if flight[end] in _RECORD_TYPES and size >= _RECORD_HEADER_BYTES:
            size = min(size, _RECORD_HEADER_BYTES + int.from_bytes(flight[end + 11 : end + 13], "big"))
        if end > start and end + size - start > DATAGRAM_BYTES_MAX:
            datagrams.append(flight[start:end])
            start = end
        end += size
    if end > start:
        datagrams.append(flight[start:end])
    return datagrams
