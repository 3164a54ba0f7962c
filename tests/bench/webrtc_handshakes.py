"""How many browsers a second can connect: offer, answer and DTLS of the edge and of its clients on one core.

    python -m tests.bench.webrtc_handshakes [COUNT [AT_ONCE]]

Prints JSON.  Both ends run in this process, so the edge alone does about twice as many.  ``dtls`` is the server's side
of the handshake alone, by library, version and key exchange: milliseconds of CPU each, handshakes per second of it,
and the memory that an open association holds.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import json
import sys
import time
from pathlib import Path

import uvloop

from gateway.model.ids import Codec
from gateway.webrtc.dtls import DtlsIdentity, DtlsServer, DtlsSession
from gateway.webrtc.dtls_openssl import OpenSslServer
from gateway.webrtc.dtls_wolfssl import WolfSslServer
from gateway.webrtc.edge import WebRtcEdge, WebRtcLimits
from tests.support.dtls_clients import WolfSslClient
from tests.support.webrtc_fakes import BrowserPlane, DtlsBrowser


async def call(edge: WebRtcEdge, plane: BrowserPlane, turns: asyncio.Semaphore) -> float:
    """Seconds from the offer to keys on both sides."""
    async with turns:
        browser = DtlsBrowser(plane)
        offer = browser.offer
        connected = asyncio.Event()
        began = time.perf_counter()
        leg = await edge.answer(
            offer, codecs=[Codec.OPUS], on_connected=connected.set, on_lost=lambda loss: sys.exit(f"lost: {loss}")
        )
        await browser.connect(leg.leg, leg.answer_sdp)
        await connected.wait()
        took = time.perf_counter() - began
        edge.close(leg.leg)
        await browser.wait_closed()
        return took


class TimedClient(WolfSslClient):
    """Its own CPU time is not the server's."""

    cpu = 0.0

    def step(self) -> None:
        began = time.thread_time()
        super().step()
        self.cpu += time.thread_time() - began


def resident_bytes() -> int:
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what earlier ones left is no room for these
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


async def server_side(server: DtlsServer, count: int, *, versions: str, post_quantum: bool) -> dict[str, object]:
    open_sessions: list[DtlsSession] = []
    times: list[float] = []
    version = 0
    identity = DtlsIdentity()
    for number in range(count + 50):
        if number == 50:  # warm by now
            before = resident_bytes()
        mtu = 2000 if post_quantum else 1200
        client = TimedClient(versions=versions, post_quantum=post_quantum, mtu=mtu, identity=identity)
        began = time.thread_time()
        session = server.session(send=client.receive, remote=client.fingerprints)
        client.start(session)
        await session.handshake()
        times.append(time.thread_time() - began - client.cpu)
        version = session.version
        client.server = session
        del client
        open_sessions.append(session)
    held = (resident_bytes() - before) / count
    for session in open_sessions:
        await session.close()
    ms = 1000 * sorted(times)[len(times) // 2]
    return {
        "library": server.library,
        "version": f"{version:04X}",
        "post_quantum": post_quantum,
        "cpu_ms_median": round(ms, 3),
        "per_second_of_cpu": round(1000 / ms),
        "kilobytes_open_both_ends": round(held / 1024, 1),
    }


async def main(count: int, at_once: int) -> None:
    plane = BrowserPlane()
    edge = WebRtcEdge(plane, limits=WebRtcLimits(connecting_max=at_once))
    await edge.start()
    turns = asyncio.Semaphore(at_once)
    cpu, began = time.process_time(), time.perf_counter()
    times = sorted(await asyncio.gather(*(call(edge, plane, turns) for _ in range(count))))
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    await edge.stop()
    dtls = []
    for server in (WolfSslServer(DtlsIdentity()), OpenSslServer(DtlsIdentity())):
        dtls.append(await server_side(server, count, versions="1.2", post_quantum=False))
    for post_quantum in (False, True):
        dtls.append(await server_side(WolfSslServer(DtlsIdentity()), count, versions="1.3", post_quantum=post_quantum))
    print(
        json.dumps(
            {
                "handshakes": count,
                "at_once": at_once,
                "per_second": round(count / seconds, 1),
                "cpu_ms_each_both_ends": round(1000 * cpu / count, 2),
                "ms_median": round(1000 * times[count // 2], 1),
                "ms_p99": round(1000 * times[int(count * 0.99)], 1),
                "dtls": dtls,
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]] + [500, 20][len(sys.argv) - 1 :]
    uvloop.run(main(numbers[0], numbers[1]))
