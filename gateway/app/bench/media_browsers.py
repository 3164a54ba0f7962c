"""Browsers that only connect: ``python -m gateway.app.bench.media_browsers``, the far end of the handshakes measured.

They run in a process of their own.  It prints their fingerprint as one line of JSON; then, for each line that it reads
(an `Answer`), a browser runs a STUN check and a DTLS handshake as a real one does, holds the gateway's certificate
against the answer's fingerprint, and prints a `Connected`.  Its socket is closed when the gateway says goodbye.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import secrets
import sys
from typing import Any, cast

import msgspec
import uvloop
from aioice import stun
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from OpenSSL import SSL

UFRAG = "load"
SRTP_PROFILES = b"SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80"
DATAGRAM_OCTETS_MAX = 1200
RETRY_S = 0.5
LIMIT_S = 10.0


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a browser takes from the gateway's SDP."""

    number: int
    host: str
    port: int
    ufrag: str
    pwd: str
    fingerprint: str
    """SHA-256, as in a=fingerprint."""


class Connected(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    error: str = ""


def make_context() -> tuple[SSL.Context, str]:
    """One certificate for all browsers, as a browser has one for a time; and its fingerprint."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bench")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    context = SSL.Context(SSL.DTLS_METHOD)
    context.use_certificate(certificate)
    context.use_privatekey(key)
    context.set_tlsext_use_srtp(SRTP_PROFILES)
    return context, fingerprint_of(certificate)


def fingerprint_of(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


class _Browser(asyncio.DatagramProtocol):
    def __init__(self, context: SSL.Context, answer: Answer, connected: asyncio.Future[None]) -> None:
        self._answer = answer
        self._connected = connected
        self._ssl = SSL.Connection(context, None)
        self._ssl.set_connect_state()
        self._ssl.set_ciphertext_mtu(DATAGRAM_OCTETS_MAX)
        self._verified = False
        self._retry: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        self._check()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._retry is not None:
            self._retry.cancel()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if data[0] < 4:
            if not self._verified and stun.parse_message(data).message_class is stun.Class.RESPONSE:
                self._verified = True
                self._go_on()
        elif 20 <= data[0] <= 63:
            self._ssl.bio_write(data)
            self._go_on()

    def _check(self) -> None:
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST, secrets.token_bytes(12))
        request.attributes["USERNAME"] = f"{self._answer.ufrag}:{UFRAG}"
        request.attributes["PRIORITY"] = 1
        request.attributes["ICE-CONTROLLING"] = 1
        request.attributes["USE-CANDIDATE"] = None
        request.add_message_integrity(self._answer.pwd.encode())
        self._transport.sendto(bytes(request))
        self._retry = asyncio.get_running_loop().call_later(RETRY_S, self._again)

    def _again(self) -> None:
        """What a lost datagram needs; on a loopback device hardly ever."""
        if self._connected.done():
            return
        if not self._verified:
            self._check()
            return
        self._ssl.DTLSv1_handle_timeout()
        self._flush()
        self._retry = asyncio.get_running_loop().call_later(RETRY_S, self._again)

    def _go_on(self) -> None:
        try:
            if self._connected.done():
                self._ssl.recv(DATAGRAM_OCTETS_MAX)
            else:
                self._ssl.do_handshake()
                self._finish()
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            self._transport.close()
        except SSL.Error as error:
            if not self._connected.done():
                self._connected.set_exception(ConnectionError(f"DTLS: {error}"))
        self._flush()

    def _finish(self) -> None:
        certificate = self._ssl.get_peer_certificate(as_cryptography=True)
        if certificate is None or fingerprint_of(certificate) != self._answer.fingerprint:
            self._connected.set_exception(ConnectionError("the certificate is not the one of the answer"))
        elif not self._ssl.get_selected_srtp_profile():
            self._connected.set_exception(ConnectionError("no SRTP profile was agreed on"))
        else:
            self._connected.set_result(None)

    def _flush(self) -> None:
        with contextlib.suppress(SSL.Error):
            while flight := self._ssl.bio_read(65_536):
                self._transport.sendto(flight)


async def _connect(context: SSL.Context, answer: Answer) -> None:
    loop = asyncio.get_running_loop()
    connected = loop.create_future()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Browser(context, answer, connected), remote_addr=(answer.host, answer.port)
    )
    try:
        async with asyncio.timeout(LIMIT_S):
            await connected
    except (ConnectionError, TimeoutError) as error:
        transport.close()
        _say(Connected(number=answer.number, error=str(error) or f"no connection within {LIMIT_S:g} s"))
    else:
        _say(Connected(number=answer.number))


async def _main() -> None:
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    context, fingerprint = make_context()
    _say(fingerprint)
    async with asyncio.TaskGroup() as tasks:
        while line := await lines.readline():
            tasks.create_task(_connect(context, msgspec.json.decode(line, type=Answer)))


def _say(value: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(value) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main())
