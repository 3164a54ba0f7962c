"""DTLS 1.3 and 1.2 by wolfSSL, which is linked into `gateway.webrtc._wolfssl`.

A session is callbacks on the event loop, without a task: a datagram or a timer moves wolfSSL on, and what it has to
say goes out afterwards.  Its choice of the SRTP profile would follow the browser's order; we name it just the one that
ours comes to.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from cryptography.hazmat.primitives import serialization

from gateway.model.media import SrtpKeys
from gateway.protocol.sdp import Fingerprint
from gateway.webrtc._wolfssl import LIBRARY_VERSION, Connection, Context, WolfSslError
from gateway.webrtc.client_hello import ClientHelloReader
from gateway.webrtc.dtls import (
    DATAGRAM_BYTES_MAX,
    DATAGRAMS_WAITING_MAX,
    KEY_LABEL,
    SRTP_PROFILES,
    DtlsError,
    DtlsIdentity,
    FingerprintError,
    certificate_fits,
    srtp_keys,
)
from gateway.webrtc.dtls_records import may_follow, records

_CIPHERS = (
    b"TLS13-AES128-GCM-SHA256:TLS13-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"
)


class WolfSslServer:
    library = f"wolfSSL {LIBRARY_VERSION}"
    versions = "DTLS 1.3 and 1.2"

    def __init__(self, identity: DtlsIdentity) -> None:
        self.identity = identity
        key = identity.key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self._context = Context(identity.certificate_der, key, _CIPHERS)

    def session(
        self,
        *,
        send: Callable[[bytes], None],
        remote: Sequence[Fingerprint],
        profiles: Sequence[str] = SRTP_PROFILES,
    ) -> WolfSslSession:
        return WolfSslSession(self._context, send=send, remote=remote, profiles=profiles)


class WolfSslSession:
    def __init__(
        self,
        context: Context,
        *,
        send: Callable[[bytes], None],
        remote: Sequence[Fingerprint],
        profiles: Sequence[str],
    ) -> None:
        assert remote, "a session without fingerprints would trust anybody"
        self._send = send
        self._remote = tuple(remote)
        self._profiles = tuple(profiles)
        self._connection: Connection | None = Connection(context, self._certificate_fits, DATAGRAM_BYTES_MAX)
        self._hello: ClientHelloReader | None = ClientHelloReader()
        self._received: deque[bytes] = deque()
        self._loop = asyncio.get_running_loop()
        self._keys: asyncio.Future[SrtpKeys] | None = None
        """What `handshake` waits for; None before it was called."""
        self._closed: asyncio.Future[None] = self._loop.create_future()
        self._timer: asyncio.TimerHandle | None = None
        self._soon: asyncio.Handle | None = None
        self._connected = False

    @property
    def version(self) -> int:
        assert self._connection is not None, "only until it is closed"
        return self._connection.version

    def receive(self, datagram: bytes) -> None:
        is_dtls = bool(datagram) and 20 <= datagram[0] <= 63  # RFC 7983 7
        if is_dtls and self._connection is not None and len(self._received) < DATAGRAMS_WAITING_MAX:
            self._received.append(datagram)
            self._go_on_soon()

    async def handshake(self) -> SrtpKeys:
        assert self._keys is None, "one handshake each"
        self._keys = self._loop.create_future()
        self._go_on_soon()
        return await self._keys

    async def wait_closed(self) -> None:
        assert self._connected, "wait_closed is for connected sessions"
        await asyncio.shield(self._closed)

    async def close(self) -> None:
        connection = self._connection
        if connection is not None:
            if self._connected and not self._closed.done():
                connection.shutdown()
            self._flush()
        self._end()

    def _go_on_soon(self) -> None:
        if self._soon is None and self._keys is not None:
            self._soon = self._loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        """Take all that came."""
        self._soon = None
        while self._received and self._running():
            for readable in self._readable(self._received.popleft()):
                self._advance(readable)
        self._set_timer()

    def _readable(self, datagram: bytes) -> Iterator[bytes]:
        """What of a datagram wolfSSL may see, ClientHellos whole and by themselves: each goes by its own profiles."""
        hello, rest = self._hello, b""
        for record in records(datagram):
            if hello is None:
                rest += record if may_follow(record) else b""
                continue
            count = hello.count
            taken = hello.take(record)
            if hello.count == count:
                rest += taken
                continue
            if rest:
                yield rest
                rest = b""
            yield taken
        if rest:
            yield rest

    def _running(self) -> bool:
        return self._connection is not None and not self._closed.done()

    def _advance(self, datagram: bytes) -> None:
        connection = self._connection
        if connection is None or self._closed.done():
            return
        connection.receive(datagram)
        try:
            if not self._connected:
                self._choose_profile(connection)
                if not connection.handshake():
                    return
                self._take_keys(connection)
            if not connection.read():
                self._closed.set_result(None)
        except (WolfSslError, DtlsError) as error:
            self._fail(error)
        finally:
            self._flush()

    def _choose_profile(self, connection: Connection) -> None:
        """Before wolfSSL reads a ClientHello: the first of ours that is in it."""
        assert self._hello is not None
        profile = next((profile for profile in self._profiles if profile in self._hello.profiles), None)
        if profile is not None:
            connection.offer_srtp(profile.encode())

    def _take_keys(self, connection: Connection) -> None:
        profile = connection.srtp_profile
        if profile is None:
            raise DtlsError("DTLS handshake agreed on no SRTP profile")
        assert self._keys is not None
        keys = srtp_keys(profile, lambda length: connection.export_keys(KEY_LABEL, length))
        self._connected = True
        self._hello = None
        if not self._keys.done():
            self._keys.set_result(keys)

    def _fail(self, error: Exception) -> None:
        assert self._connection is not None
        assert self._keys is not None
        self._closed.set_result(None)
        if self._keys.done():  # after the handshake an error ends as a goodbye does
            return
        if self._connection.certificate_fits is False:
            error = FingerprintError("DTLS certificate does not match a=fingerprint of the offer")
        elif not isinstance(error, DtlsError):
            error = DtlsError(f"DTLS handshake failed: {error}")
        self._keys.set_exception(error)

    def _flush(self) -> None:
        if self._connection is not None:
            for datagram in self._connection.outgoing():
                self._send(datagram)

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        connection = self._connection
        if connection is None or self._closed.done():
            return
        if not self._connected or connection.waits_for_acknowledgement():
            self._timer = self._loop.call_later(connection.timeout_s(), self._timed_out)

    def _timed_out(self) -> None:
        self._timer = None
        connection = self._connection
        if connection is None or self._closed.done():
            return
        try:
            connection.timed_out()
        except WolfSslError as error:
            self._fail(error)
        self._flush()
        self._set_timer()

    def _end(self) -> None:
        """Nothing runs any more, and wolfSSL's memory is given back at once."""
        self._connection = None
        self._received.clear()
        for handle in (self._timer, self._soon):
            if handle is not None:
                handle.cancel()
        self._timer = self._soon = None
        if not self._closed.done():
            self._closed.set_result(None)
        if self._keys is not None and not self._keys.done():
            self._keys.cancel()

    def _certificate_fits(self, certificate: bytes) -> bool:
        return certificate_fits(certificate, self._remote)
