"""How many browsers a second can connect: offer, answer and DTLS of the edge and of its clients on one core.

    python -m tests.bench.webrtc_handshakes [COUNT [AT_ONCE]]

Prints JSON.  Both ends run in this process, so the edge alone does about twice as many.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

import uvloop

from gateway.model.ids import Codec
from gateway.webrtc.edge import WebRtcEdge, WebRtcLimits
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


async def main(count: int, at_once: int) -> None:
    plane = BrowserPlane()
    edge = WebRtcEdge(plane, limits=WebRtcLimits(connecting_max=at_once))
    await edge.start()
    turns = asyncio.Semaphore(at_once)
    cpu, began = time.process_time(), time.perf_counter()
    times = sorted(await asyncio.gather(*(call(edge, plane, turns) for _ in range(count))))
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    await edge.stop()
    print(
        json.dumps(
            {
                "handshakes": count,
                "at_once": at_once,
                "per_second": round(count / seconds, 1),
                "cpu_ms_each_both_ends": round(1000 * cpu / count, 2),
                "ms_median": round(1000 * times[count // 2], 1),
                "ms_p99": round(1000 * times[int(count * 0.99)], 1),
            }
        )
    )


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]] + [500, 20][len(sys.argv) - 1 :]
    uvloop.run(main(numbers[0], numbers[1]))
