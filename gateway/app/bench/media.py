"""Bridged calls through the media plane under load: what is lost, how late it is, what a call costs.

The plane runs here; telephones and browsers are a native load generator in another process, so that the plane's threads
tell its cost alone by their own CPU clocks.  Two rows: `relay` (both sides A-law: packets are rewritten, and decrypted
or encrypted) and `transcode` (A-law and Opus: jitter buffer, decoder, encoder).
"""

from __future__ import annotations

import asyncio
import os
import sys
import time

import msgspec

from gateway.media import MediaPlane
from gateway.media.loadgen import CallPlan, Figures, Plan
from gateway.model.ids import Codec, LegId
from gateway.model.media import LegClosed, LegStatistics, MediaEvent, RtpPeer, SrtpKeys, WebRtcPeer

HOST = "127.0.0.1"
PROFILE = "SRTP_AEAD_AES_128_GCM"
KEY_OCTETS = 28
PASSWORD = "a password for the load generator"
RTP_PORTS = (30000, 37999)
TIME_LIMIT_S = 60
"""Beside the time of talking."""


class Delay(msgspec.Struct, frozen=True, kw_only=True):
    p50: int
    p99: int
    max: int


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One way through a bridge.

    `lost` counts packets that did not come out again, were not read, or could not be sent.  `delay_us` of `relay` is a
    packet's time from one socket to the other; of `transcode` a sound's time, jitter buffer and codecs included.
    """

    calls: int
    seconds: float
    packets: int
    lost: int
    cpu_percent_per_call: float
    calls_per_core: int
    delay_us: Delay
    ticks_late: int
    generator_late: int
    """Packets that the generator itself sent over 5 ms late or could not read: then the machine is too small."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    relay: Row
    transcode: Row


class _Calls:
    """The plane's legs of one measurement."""

    def __init__(self, plane: MediaPlane, ports: list[tuple[int, int]], codec: Codec) -> None:
        self._plane = plane
        self._closed: dict[LegId, LegStatistics] = {}
        self._all_closed = asyncio.Event()
        self.legs: list[LegId] = []
        self.plans = [self._open(number, phone, codec) for number, (phone, _) in enumerate(ports)]

    def _listener(self, event: MediaEvent) -> None:
        if isinstance(event, LegClosed):
            self._closed[event.leg] = event.statistics
            if len(self._closed) == len(self.legs):
                self._all_closed.set()

    def _open(self, number: int, port: int, codec: Codec) -> CallPlan:
        ufrag = f"bench{number}"
        to_browser, from_browser = os.urandom(KEY_OCTETS), os.urandom(KEY_OCTETS)
        phone, _, phone_port = self._plane.open_rtp_leg(self._listener)
        browser, addresses = self._plane.open_webrtc_leg(self._listener, ufrag=ufrag, pwd=PASSWORD, near=phone)
        self.legs += [phone, browser]
        self._plane.set_rtp_peer(phone, RtpPeer(address=HOST, port=port, codec=Codec.PCMA, payload_type=8))
        self._plane.set_webrtc_peer(
            browser, WebRtcPeer(codec=codec, payload_type=8 if codec is Codec.PCMA else 111, remote_ufrag="load")
        )
        self._plane.set_srtp_keys(browser, SrtpKeys(profile=PROFILE, send=to_browser, receive=from_browser))
        self._plane.bridge(phone, browser)
        return CallPlan(
            phone_port=phone_port,
            browser_port=addresses[0][1],
            username=f"{ufrag}:load",
            pwd=PASSWORD,
            send=from_browser,
            receive=to_browser,
        )

    async def close(self) -> list[LegStatistics]:
        for leg in self.legs:
            self._plane.close_leg(leg)
        await self._all_closed.wait()
        return list(self._closed.values())


async def _talk(
    plane: MediaPlane, calls: int, seconds: float, codec: Codec
) -> tuple[Figures, list[LegStatistics], int, float]:
    """Run the generator against fresh legs.  Its figures, the legs', the threads' CPU in ns, and the time in s."""
    generator = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "gateway.media.loadgen",
        str(calls),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 24,
    )
    assert generator.stdin is not None
    assert generator.stdout is not None
    try:
        async with asyncio.timeout(seconds + TIME_LIMIT_S):
            ports = msgspec.json.decode(await generator.stdout.readline(), type=list[tuple[int, int]])
            legs = _Calls(plane, ports, codec)
            plan = Plan(host=HOST, profile=PROFILE, seconds=seconds, mix=codec is Codec.OPUS, calls=legs.plans)
            began_s, began_ns = time.monotonic(), sum(thread.cpu_ns for thread in plane.statistics())
            generator.stdin.write(msgspec.json.encode(plan) + b"\n")
            await generator.stdin.drain()
            figures = msgspec.json.decode(await generator.stdout.readline(), type=Figures)
            spent_ns = sum(thread.cpu_ns for thread in plane.statistics()) - began_ns
            took_s = time.monotonic() - began_s
            return figures, await legs.close(), spent_ns, took_s
    finally:
        if generator.returncode is None:
            generator.stdin.close()
            try:
                async with asyncio.timeout(5):
                    await generator.wait()
            except TimeoutError:
                generator.kill()
                await generator.wait()


async def _measure(calls: int, seconds: float, codec: Codec) -> Row:
    plane = MediaPlane(address=HOST, rtp_ports=RTP_PORTS, legs_max=2 * calls)
    plane.start(asyncio.get_running_loop())
    try:
        figures, legs, spent_ns, took_s = await _talk(plane, calls, seconds, codec)
        threads = plane.statistics()
    finally:
        await plane.close()
    lost = figures.lost + sum(thread.dropped + thread.overflowed for thread in threads)
    if codec is Codec.OPUS:  # relayed packets are counted one by one already
        lost += sum(leg.packets_lost for leg in legs)
    percent = spent_ns / (took_s * 1e9) * 100 / calls
    return Row(
        calls=calls,
        seconds=seconds,
        packets=figures.sent,
        lost=lost,
        cpu_percent_per_call=round(percent, 4),
        calls_per_core=int(100 / percent) if percent else 0,
        delay_us=Delay(p50=figures.delay_p50_us, p99=figures.delay_p99_us, max=figures.delay_max_us),
        ticks_late=sum(thread.ticks_late for thread in threads),
        generator_late=figures.late + figures.overflowed,
    )


async def measure(calls: int = 50, seconds: float = 30.0) -> Report:
    """Both rows, one after the other.  Raises `OSError` or `TimeoutError` when the generator fails."""
    return Report(
        relay=await _measure(calls, seconds, Codec.PCMA),
        transcode=await _measure(calls, seconds, Codec.OPUS),
    )


def run(*, calls: int = 50, seconds: float = 30.0, as_json: bool = False) -> int:
    """Measure and print.  The exit status is 1 when the plane lost a packet."""
    report = asyncio.run(measure(calls, seconds))
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(report), indent=2).decode())
    else:
        for name, row in (("relay", report.relay), ("transcode", report.transcode)):
            print(
                f"{name:9}  {row.calls} calls, {row.seconds:g} s, {row.packets} packets: {row.lost} lost, "
                f"{row.cpu_percent_per_call} % of a core per call ({row.calls_per_core} calls per core), "
                f"delay {row.delay_us.p50} us (99 %: {row.delay_us.p99} us)"
            )
    return 1 if report.relay.lost or report.transcode.lost else 0
