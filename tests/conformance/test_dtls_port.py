"""One suite for both DTLS libraries: what `gateway.webrtc.dtls.DtlsServer` and its sessions promise, against clients of
both, datagram by datagram, without sockets."""

from __future__ import annotations

import asyncio
import datetime
import gc
import importlib
from collections.abc import Callable

import pytest

from gateway.model.media import SrtpKeys
from gateway.protocol.sdp import Fingerprint
from gateway.webrtc import dtls
from gateway.webrtc.dtls import DTLS_1_2, DTLS_1_3, DtlsError, DtlsIdentity, DtlsServer, DtlsSession, FingerprintError
from gateway.webrtc.dtls_openssl import OpenSslServer
from gateway.webrtc.dtls_records import is_encrypted, records
from tests.support.dtls_clients import CM, GCM, GCM_256, Client, Flight, OpenSslClient, WolfSslClient, gcm_keys
from tests.support.patience import PATIENCE_S

IDENTITY = DtlsIdentity()
WRONG = Fingerprint("sha-256", ":".join(["00"] * 32))

MakeClient = Callable[..., Client]
CLIENTS: dict[str, MakeClient] = {"OpenSSL client": OpenSslClient, "wolfSSL client": WolfSslClient}


def wolfssl_server(identity: DtlsIdentity) -> DtlsServer:
    # Not built is a failure here, not a reason to skip: `make test` insists on building it.
    return importlib.import_module("gateway.webrtc.dtls_wolfssl").WolfSslServer(identity)


SERVERS: dict[str, Callable[[DtlsIdentity], DtlsServer]] = {"OpenSSL": OpenSslServer, "wolfSSL": wolfssl_server}


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest) -> DtlsServer:
    return SERVERS[request.param](IDENTITY)


@pytest.fixture(params=CLIENTS)
def make_client(request: pytest.FixtureRequest) -> MakeClient:
    return CLIENTS[request.param]


def best_version(server: DtlsServer, client: Client) -> int:
    both = isinstance(client, WolfSslClient) and not isinstance(server, OpenSslServer)
    return DTLS_1_3 if both else DTLS_1_2


async def connect(
    server: DtlsServer, client: Client, remote: list[Fingerprint] | None = None
) -> tuple[DtlsSession, SrtpKeys]:
    session = server.session(send=client.receive, remote=remote or client.fingerprints)
    async with asyncio.timeout(PATIENCE_S):
        try:
            client.start(session)
            return session, await session.handshake()
        except BaseException:
            await session.close()
            raise


async def give_up(session: DtlsSession, handshake: asyncio.Task[SrtpKeys]) -> None:
    """As the edge does: whoever closes cancels the handshake first."""
    while not handshake.done():  # Python 3.11's wait_for, in aiortc, loses a cancellation that comes with a datagram
        handshake.cancel()
        await asyncio.sleep(0)
    await session.close()


async def test_both_sides_have_the_same_keys_the_other_way_round(server: DtlsServer, make_client: MakeClient):
    client = make_client()
    session, keys = await connect(server, client)
    assert keys.profile == GCM
    assert (keys.receive, keys.send) == gcm_keys(client)
    await session.close()


async def test_the_best_version_of_both_sides(server: DtlsServer, make_client: MakeClient):
    client = make_client()
    session, _ = await connect(server, client)
    assert session.version == best_version(server, client)
    await session.close()


async def test_a_wolfssl_client_of_1_2_alone(server: DtlsServer):
    client = WolfSslClient(versions="1.2")
    session, keys = await connect(server, client)
    assert session.version == DTLS_1_2
    assert (keys.receive, keys.send) == gcm_keys(client)
    await session.close()


async def test_post_quantum_keys(server: DtlsServer):
    client = WolfSslClient(post_quantum=True, mtu=2000)
    session, keys = await connect(server, client)
    assert session.version == best_version(server, client)
    assert (keys.receive, keys.send) == gcm_keys(client)
    assert client.received > 1500 or session.version == DTLS_1_2, "its answer holds no ML-KEM ciphertext"
    await session.close()


async def test_our_order_of_profiles_decides(server: DtlsServer, make_client: MakeClient):
    session, keys = await connect(server, make_client([CM, GCM_256, GCM]))
    assert keys.profile == GCM
    assert len(keys.send) == 28
    await session.close()


async def test_a_browser_without_gcm_gets_the_old_profile(server: DtlsServer, make_client: MakeClient):
    session, keys = await connect(server, make_client([CM]))
    assert keys.profile == CM
    assert len(keys.send) == len(keys.receive) == 30
    await session.close()


async def test_another_client_hello_in_the_same_datagram_does_not_choose_the_profile(
    server: DtlsServer, make_client: MakeClient
):
    """Who is on the way could else have the second best: nothing of that one is in the handshake that is verified."""
    client = make_client([GCM, CM])
    both = bytes.fromhex("000400070001")  # use_srtp (RFC 5764 4.1.1): two profiles, four octets, GCM and CM

    def follow(flight: Flight) -> Flight:
        other = both.replace(b"\7", b"\xf7")
        return [one + one.replace(both, other) if both in one else one for one in flight]

    client.carry = follow
    session, keys = await connect(server, client)
    assert keys.profile == GCM
    await session.close()


async def test_no_profile_in_common_is_an_error(server: DtlsServer, make_client: MakeClient):
    with pytest.raises(DtlsError, match="no SRTP profile"):
        await connect(server, make_client([GCM_256]))


async def test_another_certificate_than_the_offers_is_refused(server: DtlsServer, make_client: MakeClient):
    with pytest.raises(FingerprintError):
        await connect(server, make_client(), [WRONG])


async def test_all_fingerprints_must_match(server: DtlsServer, make_client: MakeClient):
    client = make_client()
    with pytest.raises(FingerprintError):
        await connect(server, client, [*client.fingerprints, WRONG])


async def test_no_certificate_is_refused(server: DtlsServer):
    with pytest.raises(DtlsError):
        await connect(server, OpenSslClient(shows_certificate=False))


@pytest.mark.parametrize("versions", ["1.2", "1.3"])
async def test_the_right_certificate_without_its_key_is_refused(server: DtlsServer, versions: str):
    thief = DtlsIdentity()
    thief.certificate_der = DtlsIdentity().certificate_der
    with pytest.raises(DtlsError):
        await connect(server, WolfSslClient(versions=versions, identity=thief))


def in_fragments(hello: bytes, size: int) -> Flight:
    """A ClientHello that came as one record, as a browser with a smaller MTU would send it."""
    message = hello[25:]
    flight = []
    for number, start in enumerate(range(0, len(message), size)):
        part = message[start : start + size]
        header = hello[13:19] + start.to_bytes(3, "big") + len(part).to_bytes(3, "big")
        length = (12 + len(part)).to_bytes(2, "big")
        flight.append(hello[:5] + number.to_bytes(6, "big") + length + header + part)
    return flight


@pytest.mark.parametrize("version", [DTLS_1_2, DTLS_1_3])
async def test_a_fragmented_client_hello_in_any_order_and_twice(server: DtlsServer, version: int):
    client: Client = OpenSslClient(mtu=256) if version == DTLS_1_2 else WolfSslClient(post_quantum=True, mtu=2000)
    if best_version(server, client) != version:
        pytest.skip("OpenSSL has no 1.3")
    fragments: Flight = []

    def shuffle(flight: Flight) -> Flight:
        if fragments:
            return flight
        fragments.extend(flight if len(flight) > 1 else in_fragments(flight[0], 250))
        return [*reversed(fragments), *fragments]

    client.carry = shuffle
    session, keys = await connect(server, client)
    assert session.version == version
    assert len(fragments) > 4
    assert {fragment[13] for fragment in fragments} == {1}, "these are no ClientHello's"
    assert (keys.receive, keys.send) == gcm_keys(client)
    await session.close()


async def test_a_repeated_client_hello_does_no_harm(server: DtlsServer, make_client: MakeClient):
    client = make_client()
    first: Flight = []

    def repeat(flight: Flight) -> Flight:
        first[:] = first or flight
        return [*first, *flight, *flight]

    client.carry = repeat
    session, keys = await connect(server, client)
    assert (keys.receive, keys.send) == gcm_keys(client)
    await session.close()


async def test_a_client_hello_again_and_again_is_not_amplified(server: DtlsServer, make_client: MakeClient):
    client = make_client()
    client.lose = lambda datagram: True
    session = server.session(send=client.receive, remote=client.fingerprints)
    handshake = asyncio.create_task(session.handshake())
    client.carry = lambda flight: flight * 30
    client.start(session)
    for _ in range(10):
        await asyncio.sleep(0)
    await give_up(session, handshake)
    assert client.received <= 3 * client.sent


@pytest.mark.parametrize("lost", range(4))
@pytest.mark.parametrize("versions", ["1.2", "1.3"])
async def test_what_is_lost_is_repeated(server: DtlsServer, lost: int, versions: str):
    client = WolfSslClient(versions=versions)
    seen = 0

    def lose(datagram: bytes) -> bool:
        nonlocal seen
        seen += 1
        return seen == lost + 1

    client.lose = lose
    session = server.session(send=client.receive, remote=client.fingerprints)
    handshake = asyncio.create_task(session.handshake())
    client.start(session)
    async with asyncio.timeout(PATIENCE_S):
        repeats = 3  # the rest is for the server's own timer
        while not (handshake.done() and client.connected):
            await asyncio.sleep(0.02)
            if not client.connected and repeats:
                repeats -= 1
                client.repeat()
    keys = await handshake
    assert (keys.receive, keys.send) == gcm_keys(client)
    await session.close()


async def test_junk_between_the_records_is_ignored(server: DtlsServer, make_client: MakeClient):
    client = make_client()
    junk = [b"", b"\x00\x01", b"\x80\x00junk", b"\x16", b"\x16\xfe\xfd" + bytes(8) + b"\xff\xff", b"\x17" * 1500]
    junk += [b"\x2f" * 60, b"\x2c\x00", b"\x20", b"\x3f" * 21]
    client.carry = lambda flight: [*junk, *flight, *junk]
    session, _ = await connect(server, client)
    await session.close()


async def test_forged_ciphertext_is_ignored(server: DtlsServer, make_client: MakeClient):
    client = make_client()
    forged = 0

    def forge(flight: Flight) -> Flight:
        nonlocal forged
        out = []
        for record in (record for datagram in flight for record in records(datagram)):
            if is_encrypted(record):
                out += [record[:-1] + bytes([record[-1] ^ 1]), record[:20]]
                forged += 1
            out.append(record)
        return out

    client.carry = forge
    session, keys = await connect(server, client)
    assert forged
    assert (keys.receive, keys.send) == gcm_keys(client)
    await session.close()


async def test_strangers_cannot_end_a_connection(server: DtlsServer, make_client: MakeClient):
    client = make_client()
    first: Flight = []
    client.carry = lambda flight: first.extend(flight) or flight  # type: ignore[func-returns-value]
    session, _ = await connect(server, client)
    client.carry = lambda flight: flight
    closed = asyncio.create_task(session.wait_closed())
    for alert in (b"\x01\x00", b"\x02\x28"):  # close_notify, fatal handshake_failure
        session.receive(b"\x15\xfe\xfd" + bytes(2) + b"\x00\x00\x00\x00\x00\x99" + b"\x00\x02" + alert)
        session.receive(b"\x15\xfe\xfd\x00\x01" + b"\x00\x00\x00\x00\x00\x99" + b"\x00\x1a" + alert * 13)
        session.receive(b"\x2f\x77\x00\x00\x1a" + alert * 13)
    for datagram in first:
        session.receive(datagram)
    for _ in range(20):
        await asyncio.sleep(0)
    assert not closed.done()
    client.say_goodbye()
    async with asyncio.timeout(PATIENCE_S):
        await closed
    await session.close()


async def test_goodbye_of_the_browser_is_heard(server: DtlsServer, make_client: MakeClient):
    client = make_client()
    session, _ = await connect(server, client)
    client.say_goodbye()
    async with asyncio.timeout(PATIENCE_S):
        await session.wait_closed()
    await session.close()


async def test_goodbye_of_ours_is_said_and_may_be_repeated(server: DtlsServer, make_client: MakeClient):
    client = make_client()
    session, _ = await connect(server, client)
    await session.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    await session.close()
    assert client.was_told_goodbye()


async def test_a_session_that_never_began_closes(server: DtlsServer):
    session = server.session(send=lambda datagram: None, remote=[WRONG])
    session.receive(b"\x16")
    await session.close()
    session.receive(b"\x16")


async def test_a_cancelled_handshake_leaves_no_task(server: DtlsServer):
    session = server.session(send=lambda datagram: None, remote=[WRONG])
    task = asyncio.create_task(session.handshake())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    await session.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_waiting_datagrams_are_limited(server: DtlsServer, make_client: MakeClient):
    client = make_client()
    session = server.session(send=client.receive, remote=client.fingerprints)
    for _ in range(dtls.DATAGRAMS_WAITING_MAX):
        session.receive(b"\x17junk")
    client.start(session)  # past the limit: lost, so nothing answers it
    handshake = asyncio.create_task(session.handshake())
    for _ in range(dtls.DATAGRAMS_WAITING_MAX + 10):
        await asyncio.sleep(0)
    assert not handshake.done()
    await give_up(session, handshake)
    assert client.received == 0


async def test_our_datagrams_fit_the_path(server: DtlsServer, make_client: MakeClient):
    client = make_client()
    session, _ = await connect(server, client)
    assert 0 < client.largest <= dtls.DATAGRAM_BYTES_MAX
    await session.close()


async def test_a_closed_session_leaves_nothing_behind(server: DtlsServer):
    async def sessions_after(count: int) -> int:
        for _ in range(count):
            session, _ = await connect(server, OpenSslClient())
            await session.close()
            kind = type(session)
        del session
        gc.collect()
        return sum(type(thing) is kind for thing in gc.get_objects())

    assert await sessions_after(2) == await sessions_after(5)


def test_the_certificate_is_renewed_before_it_expires():
    now = datetime.datetime.now(datetime.UTC)
    assert not IDENTITY.expires_soon(now)
    assert IDENTITY.expires_soon(now + datetime.timedelta(days=29, hours=1))
