"""DTLS datagrams, changed at random on their way to the server: it fails in a documented way, or both sides have the
same keys, by the best version that both know."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.webrtc.dtls import DTLS_1_2, DTLS_1_3, DtlsError, DtlsIdentity
from gateway.webrtc.dtls_wolfssl import WolfSslServer
from tests.support.dtls_clients import GCM, Flight, WolfSslClient, gcm_keys

SERVER, IDENTITY = WolfSslServer(DtlsIdentity()), DtlsIdentity()


def spoil(datagram: bytes, chance: random.Random) -> Flight:
    """The datagram, now and then changed, cut, repeated, lost, or with another behind it."""
    changed = bytearray(datagram)
    for _ in range(chance.choice([0, 1, 1, 3])):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    spoiled = bytes(changed)
    return chance.choice(
        [
            [datagram],
            [spoiled],
            [spoiled, datagram],
            [datagram, spoiled],
            [spoiled[: chance.randrange(len(spoiled))]],
            [datagram + spoiled],
            [],
        ]
    )


async def play(versions: str, mtu: int, chance: random.Random) -> None:
    client = WolfSslClient(versions=versions, identity=IDENTITY, mtu=mtu)
    client.carry = lambda flight: [one for datagram in flight for one in spoil(datagram, chance)]
    session = SERVER.session(send=client.receive, remote=client.fingerprints)
    handshake = asyncio.create_task(session.handshake())
    client.start(session)
    step: Callable[[], None]
    for step in (client.repeat, client.repeat, client.say_goodbye):
        for _ in range(8):
            await asyncio.sleep(0)
        step()
    if not handshake.done():
        handshake.cancel()
    await asyncio.wait([handshake])
    if not handshake.cancelled():
        if handshake.exception() is not None:
            assert isinstance(handshake.exception(), DtlsError)
        else:
            keys = handshake.result()
            assert session.version == {"1.2": DTLS_1_2, "1.3": DTLS_1_3}[versions]
            assert keys.profile == GCM
            # Of 1.3 the server is ready when it has the client's Finished, of 1.2 the client not before the server.
            if client.connected:
                assert (keys.receive, keys.send) == gcm_keys(client)
    await session.close()


@settings(deadline=None)
@given(st.sampled_from(["1.2", "1.3"]), st.sampled_from([300, 1200]), st.integers(0, 2**32))
def test_a_spoiled_handshake_fails_as_documented(versions: str, mtu: int, seed: int):
    """By a seed, for how many numbers are drawn depends on datagrams, which are never the same twice."""
    asyncio.run(play(versions, mtu, random.Random(seed)))
