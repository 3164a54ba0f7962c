"""The DTLS server against OpenSSL as client, datagram by datagram, without sockets."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
from collections.abc import Callable

import pytest
from aiortc.rtcdtlstransport import RTCCertificate
from OpenSSL import SSL

from gateway.model.media import SrtpKeys
from gateway.protocol.sdp import Fingerprint
from gateway.webrtc import dtls
from gateway.webrtc.dtls import DtlsError, DtlsIdentity, DtlsSession, FingerprintError, split_records

IDENTITY = DtlsIdentity()
WRONG = Fingerprint("sha-256", ":".join(["00"] * 32))


def records(flight: bytes) -> list[bytes]:
    """Each DTLS record by itself."""
    found = []
    while flight:
        size = 13 + int.from_bytes(flight[11:13], "big")
        found.append(flight[:size])
        flight = flight[size:]
    return found


class Client:
    """OpenSSL's DTLS client over memory; ``carry`` decides what of a flight reaches the server."""

    def __init__(self, *, profiles: bytes = b"SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80", mtu: int = 1200) -> None:
        self.certificate = RTCCertificate.generateCertificate()
        context = SSL.Context(SSL.DTLS_METHOD)
        context.use_certificate(self.certificate._cert)
        context.use_privatekey(self.certificate._key)
        context.set_verify(SSL.VERIFY_NONE)
        context.set_tlsext_use_srtp(profiles)
        if mtu < 1200:
            # As long a ClientHello as browsers send with post-quantum keys.
            context.set_alpn_protos([bytes([letter]) * 250 for letter in b"abcdef"])
        self.ssl = SSL.Connection(context)
        self.ssl.set_ciphertext_mtu(mtu)
        self.ssl.set_connect_state()
        self.carry: Callable[[list[bytes]], list[bytes]] = lambda flight: flight
        self.largest = 0
        self.server: DtlsSession

    @property
    def fingerprints(self) -> list[Fingerprint]:
        return [Fingerprint(f.algorithm, f.value) for f in self.certificate.getFingerprints()]

    def start(self, server: DtlsSession) -> None:
        self.server = server
        self._step()

    def receive(self, datagram: bytes) -> None:
        self.largest = max(self.largest, len(datagram))
        self.ssl.bio_write(datagram)
        self._step()

    def flush(self) -> None:
        with contextlib.suppress(SSL.Error):
            for record in self.carry(records(self.ssl.bio_read(65_536))):
                self.server.receive(record)

    def _step(self) -> None:
        with contextlib.suppress(SSL.WantReadError):
            self.ssl.do_handshake()
        self.flush()

    def keys(self) -> tuple[bytes, bytes]:
        """Its send and receive keys, for AES-128-GCM."""
        material = self.ssl.export_keying_material(b"EXTRACTOR-dtls_srtp", 56)
        return material[:16] + material[32:44], material[16:32] + material[44:56]


async def connect(client: Client, remote: list[Fingerprint] | None = None) -> tuple[DtlsSession, SrtpKeys]:
    server = DtlsSession(IDENTITY, send=client.receive, remote=remote or client.fingerprints)
    async with asyncio.timeout(5):
        try:
            client.start(server)
            return server, await server.handshake()
        except BaseException:
            await server.close()
            raise


async def test_both_sides_have_the_same_keys_the_other_way_round():
    client = Client()
    server, keys = await connect(client)
    assert keys.profile == "SRTP_AEAD_AES_128_GCM"
    assert (keys.receive, keys.send) == client.keys()
    await server.close()


async def test_our_order_of_profiles_decides():
    client = Client(profiles=b"SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_256_GCM:SRTP_AEAD_AES_128_GCM")
    server, keys = await connect(client)
    assert keys.profile == "SRTP_AEAD_AES_128_GCM"
    assert len(keys.send) == 28
    await server.close()


async def test_a_browser_without_gcm_gets_the_old_profile():
    server, keys = await connect(Client(profiles=b"SRTP_AES128_CM_SHA1_80"))
    assert keys.profile == "SRTP_AES128_CM_SHA1_80"
    assert len(keys.send) == len(keys.receive) == 30
    await server.close()


async def test_no_profile_in_common_is_an_error():
    with pytest.raises(DtlsError, match="no SRTP profile"):
        await connect(Client(profiles=b"SRTP_AEAD_AES_256_GCM"))


async def test_another_certificate_than_the_offers_is_refused():
    with pytest.raises(FingerprintError):
        await connect(Client(), [WRONG])


async def test_all_fingerprints_must_match():
    client = Client()
    with pytest.raises(FingerprintError):
        await connect(client, [*client.fingerprints, WRONG])


async def test_a_fragmented_client_hello_in_any_order_and_twice():
    client = Client(mtu=256)
    fragments = []

    def shuffle(flight: list[bytes]) -> list[bytes]:
        fragments.append(len(flight))
        return [*reversed(flight), *flight]

    client.carry = shuffle
    server, keys = await connect(client)
    assert fragments[0] > 1, "the ClientHello was not fragmented, the test shows nothing"
    assert (keys.receive, keys.send) == client.keys()
    await server.close()


async def test_a_repeated_client_hello_does_no_harm():
    client = Client()
    first: list[bytes] = []

    def repeat(flight: list[bytes]) -> list[bytes]:
        first[:] = first or flight
        return [*first, *flight, *flight]

    client.carry = repeat
    server, keys = await connect(client)
    assert (keys.receive, keys.send) == client.keys()
    await server.close()


async def test_junk_between_the_records_is_ignored():
    client = Client()
    junk = [b"", b"\x00\x01", b"\x80\x00junk", b"\x16", b"\x16\xfe\xfd" + bytes(8) + b"\xff\xff", b"\x17" * 1500]
    client.carry = lambda flight: [*junk, *flight, *junk]
    server, _ = await connect(client)
    await server.close()


async def test_goodbye_of_the_browser_is_heard():
    client = Client()
    server, _ = await connect(client)
    client.ssl.shutdown()
    client.flush()
    async with asyncio.timeout(5):
        await server.wait_closed()
    await server.close()


async def test_goodbye_of_ours_is_said_and_may_be_repeated():
    client = Client()
    server, _ = await connect(client)
    await server.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    await server.close()
    with pytest.raises(SSL.ZeroReturnError):
        client.ssl.recv(100)


async def test_a_session_that_never_began_closes():
    server = DtlsSession(IDENTITY, send=lambda datagram: None, remote=[WRONG])
    await server.close()


async def test_a_cancelled_handshake_leaves_no_task():
    server = DtlsSession(IDENTITY, send=lambda datagram: None, remote=[WRONG])
    task = asyncio.create_task(server.handshake())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    await server.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_waiting_datagrams_are_limited():
    server = DtlsSession(IDENTITY, send=lambda datagram: None, remote=[WRONG])
    for _ in range(dtls.DATAGRAMS_WAITING_MAX + 10):
        server.receive(b"\x80")
        server.receive(b"\x00")
        server.receive(b"")
    assert server._wire._received.qsize() == 0
    for _ in range(dtls.DATAGRAMS_WAITING_MAX + 10):
        server.receive(b"\x16")
    assert server._wire._received.qsize() == dtls.DATAGRAMS_WAITING_MAX


async def test_our_datagrams_fit_the_path():
    client = Client()
    server, _ = await connect(client)
    assert 0 < client.largest <= dtls.DATAGRAM_BYTES_MAX
    await server.close()


def record(size: int) -> bytes:
    return b"\x16\xfe\xfd" + bytes(8) + size.to_bytes(2, "big") + bytes(size)


@pytest.mark.parametrize(
    ("sizes", "datagrams"),
    [
        ([], []),
        ([100], [113]),
        ([100, 100], [226]),
        ([600, 600], [613, 613]),
        ([600, 500, 600], [613 + 513, 613]),
        ([3000, 10], [3013, 23]),
    ],
)
def test_flights_are_split_between_records(sizes: list[int], datagrams: list[int]):
    flight = b"".join(record(size) for size in sizes)
    split = split_records(flight)
    assert [len(datagram) for datagram in split] == datagrams
    assert b"".join(split) == flight


def test_what_is_no_record_goes_out_whole():
    # DTLS 1.3 ciphertext has a header of its own (RFC 9147 section 4).
    assert split_records(b"\x2f" * 40) == [b"\x2f" * 40]
    assert split_records(record(10)[:-3]) == [record(10)[:-3]]


def test_the_certificate_is_renewed_before_it_expires():
    now = datetime.datetime.now(datetime.UTC)
    assert not IDENTITY.expires_soon(now)
    assert IDENTITY.expires_soon(now + datetime.timedelta(days=29, hours=1))
