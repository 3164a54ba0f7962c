"""How many browsers a second can connect: the browser edge's answer, STUN and DTLS through the media plane.

The edge and the plane run here as they do in the gateway; the browsers are `media_browsers`, in another process.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from gateway.app.bench.children import MODULE, end
from gateway.app.bench.media_browsers import UFRAG, Answer, Connected
from gateway.app.bench.media_load import STOP_S, read_line
from gateway.app.bench.media_rows import media_plane
from gateway.model.errors import InternalError
from gateway.model.ids import Codec
from gateway.protocol.sdp import parse
from gateway.webrtc.edge import WebRtcEdge, WebRtcLimits
from gateway.webrtc.leg import Loss

AT_ONCE = 16
START_S = 20.0
LIMIT_S = 20.0
LEGS_MAX = 8 * AT_ONCE
"""A leg that closes still counts for a moment."""


class Handshakes(msgspec.Struct, frozen=True, kw_only=True):
    count: int
    at_once: int
    per_second: float
    ms_p50: float
    """From the browser's offer until its keys are in the plane."""
    ms_p99: float
    cpu_ms_each: float
    """CPU of this process: the edge's Python, OpenSSL and the media thread."""


class _Browsers:
    def __init__(self, process: asyncio.subprocess.Process, fingerprint: str) -> None:
        self._process = process
        self.fingerprint = fingerprint
        self._waiting: dict[int, asyncio.Future[None]] = {}

    async def connect(self, answer: Answer) -> None:
        """Let a browser connect.  Raises `InternalError` with what it complains about."""
        assert self._process.stdin is not None
        waiting = self._waiting[answer.number] = asyncio.get_running_loop().create_future()
        self._process.stdin.write(msgspec.json.encode(answer) + b"\n")
        await waiting

    async def listen(self) -> None:
        while True:
            told: Connected = await read_line(self._process, Connected, LIMIT_S)
            waiting = self._waiting.pop(told.number)
            if told.error:
                waiting.set_exception(InternalError(f"browser {told.number}: {told.error}"))
            else:
                waiting.set_result(None)


@asynccontextmanager
async def _browsers() -> AsyncIterator[_Browsers]:
    process = await asyncio.create_subprocess_exec(
        *(*MODULE, "gateway.app.bench.media_browsers"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield _Browsers(process, await read_line(process, str, START_S))
    finally:
        await end(process, STOP_S)


def _offer(fingerprint: str) -> str:
    """What a browser offers for a call, at its shortest."""
    return (
        "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
        "m=audio 9 UDP/TLS/RTP/SAVPF 111 0 8 110\r\nc=IN IP4 0.0.0.0\r\n"
        f"a=ice-ufrag:{UFRAG}\r\na=ice-pwd:aPasswordOf24LettersIsIt\r\na=ice-options:trickle\r\n"
        f"a=fingerprint:sha-256 {fingerprint}\r\na=setup:actpass\r\na=mid:0\r\na=sendrecv\r\na=rtcp-mux\r\n"
        "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:0 PCMU/8000\r\n"
        "a=rtpmap:8 PCMA/8000\r\na=rtpmap:110 telephone-event/48000\r\n"
    )


async def _call(edge: WebRtcEdge, browsers: _Browsers, number: int, port: tuple[str, int]) -> float:
    """One browser's way from offer to keys, in seconds."""
    keyed = asyncio.get_running_loop().create_future()

    def lose(loss: Loss) -> None:
        if not keyed.done():
            keyed.set_exception(InternalError(f"browser {number} was lost: {loss}"))

    began = time.perf_counter()
    leg = await edge.answer(
        _offer(browsers.fingerprint), codecs=[Codec.OPUS], on_connected=lambda: keyed.set_result(None), on_lost=lose
    )
    media = parse(leg.answer_sdp).media[0]
    connected = browsers.connect(
        Answer(
            number=number,
            host=port[0],
            port=port[1],
            ufrag=next(iter(media.all("ice-ufrag"))),
            pwd=next(iter(media.all("ice-pwd"))),
            fingerprint=next(iter(media.all("fingerprint"))).split()[1],
        )
    )
    await asyncio.gather(connected, keyed)
    took = time.perf_counter() - began
    edge.close(leg.leg)
    return took


async def handshakes(count: int, at_once: int = AT_ONCE) -> Handshakes:
    """Connect so many browsers, some at a time.  Raises `InternalError` when one fails."""
    async with media_plane(LEGS_MAX) as plane, _browsers() as browsers:
        edge = WebRtcEdge(plane, limits=WebRtcLimits(legs_max=LEGS_MAX, connecting_max=at_once))
        await edge.start()
        turns = asyncio.Semaphore(at_once)
        port = plane.webrtc_addresses[0]
        listener = asyncio.create_task(browsers.listen())

        async def call(number: int) -> float:
            async with turns:
                return await _call(edge, browsers, number, port)

        try:
            await call(-1)  # what is made once: contexts, tables of OpenSSL
            cpu, began = time.process_time(), time.perf_counter()
            calls = asyncio.gather(*(call(number) for number in range(count)))
            both: list[asyncio.Future[Any]] = [calls, listener]
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if listener.done():
                calls.cancel()
                await listener
            times = sorted(await calls)
            took, cpu = time.perf_counter() - began, time.process_time() - cpu
        finally:
            listener.cancel()
            await edge.stop()
    return Handshakes(
        count=count,
        at_once=at_once,
        per_second=round(count / took, 1),
        ms_p50=round(1000 * times[count // 2], 1),
        ms_p99=round(1000 * times[count * 99 // 100], 1),
        cpu_ms_each=round(1000 * cpu / count, 2),
    )
