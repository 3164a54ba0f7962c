"""Ten thousand handshakes, with failures in between, leave neither memory nor anything else behind."""

from __future__ import annotations

import asyncio
import ctypes
import gc
from pathlib import Path

import pytest

from gateway.protocol.sdp import Fingerprint
from gateway.webrtc.dtls import DtlsError, DtlsIdentity
from gateway.webrtc.dtls_wolfssl import WolfSslServer
from tests.support.dtls_clients import WolfSslClient

HANDSHAKES = 10_000
GROWTH_BYTES_MAX = 3_000_000
"""A leaked association would be 20 KB or more, times ten thousand."""
WRONG = Fingerprint("sha-256", ":".join(["00"] * 32))


def resident_bytes() -> int:
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


async def handshake(server: WolfSslServer, identity: DtlsIdentity, number: int) -> None:
    client = WolfSslClient(versions="1.2" if number % 3 == 0 else "1.3", identity=identity)
    stranger = number % 5 == 0
    session = server.session(send=client.receive, remote=[WRONG] if stranger else client.fingerprints)
    client.start(session)
    try:
        await session.handshake()
        assert not stranger
        if number % 2:
            client.say_goodbye()
            await session.wait_closed()
    except DtlsError:
        assert stranger
    await session.close()


@pytest.mark.soak
@pytest.mark.timeout(300)
async def test_ten_thousand_handshakes_leave_nothing_behind():
    server, identity = WolfSslServer(DtlsIdentity()), DtlsIdentity()
    for number in range(500):
        await handshake(server, identity, number)
    before = resident_bytes()
    for number in range(HANDSHAKES):
        await handshake(server, identity, number)
    assert resident_bytes() - before < GROWTH_BYTES_MAX
    assert asyncio.all_tasks() == {asyncio.current_task()}
