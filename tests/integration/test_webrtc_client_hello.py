"""Chromium's own ClientHello: DTLS 1.3 with post-quantum keys, too long for one datagram."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import cast
from unittest import mock

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from gateway.model.ids import Codec
from gateway.webrtc import dtls_choice
from gateway.webrtc.dtls import DtlsSession
from gateway.webrtc.dtls_openssl import OpenSslSession
from gateway.webrtc.dtls_wolfssl import WolfSslSession
from tests.support.chromium import OFFER, chromium, new_blank_page, tone_wav, wait_for_tone
from tests.support.patience import PATIENCE_S
from tests.support.webrtc_client import WebRtcClient
from tests.support.webrtc_world import webrtc_world

CLIENT_HELLO, FRAGMENTS = 1, 2
DTLS_1_3 = b"\xfe\xfc"

ACCEPT = "(sdp) => window.pc.setRemoteDescription({ type: 'answer', sdp })"
VERSION = """async () => {
  for (const report of (await window.pc.getStats()).values())
    if (report.type === 'transport') return report.tlsVersion;
}"""

Flight = list[bytes]

WAYS: dict[str, Callable[[Flight], Flight]] = {
    "as it comes": lambda flight: flight,
    "last fragment first": lambda flight: flight[::-1],
    "each twice": lambda flight: [fragment for fragment in flight for _ in range(2)],
    "reversed, then in order": lambda flight: flight[::-1] + flight,
    "the first one lost": lambda flight: flight[1:],
    "the last one lost": lambda flight: flight[:-1],
}


class Carrier:
    """Holds the first flight of a browser back until it is whole, then lets it through in the order that is tried."""

    def __init__(self, way: Callable[[Flight], Flight], kind: type[OpenSslSession] | type[WolfSslSession]) -> None:
        self.flight: Flight = []
        self._way = way
        self._receive = cast(Callable[[DtlsSession, bytes], None], kind.receive)

    def patched(self) -> Callable[[DtlsSession, bytes], None]:
        """In place of the sessions' `receive`."""

        def receive(session: DtlsSession, datagram: bytes) -> None:
            self._carry(session, datagram)

        return receive

    def _carry(self, session: DtlsSession, datagram: bytes) -> None:
        if len(self.flight) < FRAGMENTS and datagram[13] == CLIENT_HELLO:
            self.flight.append(datagram)
            if len(self.flight) == FRAGMENTS:
                for late in self._way(self.flight):
                    self._receive(session, late)
            return
        self._receive(session, datagram)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    folder: Path = tmp_path_factory.mktemp("microphone")
    # What Chromium does by itself now; named, so that a test of another release says so if it no longer does.
    trials = "--force-fieldtrials=WebRTC-ForceDtls13/Enabled/WebRTC-EnableDtlsPqc/Enabled/"
    async with chromium(tone_wav(folder / "mic.wav", 700), trials) as browser:
        yield browser


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("way", WAYS)
async def test_chromium_settles_on_1_3_whatever_happens_to_its_client_hello(browser: Browser, way: str) -> None:
    await meet(browser, way, WolfSslSession, "FEFC")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("way", ["as it comes", "last fragment first"])
async def test_chromium_settles_on_1_2_where_wolfssl_was_not_built(browser: Browser, way: str) -> None:
    with mock.patch.object(dtls_choice, "has_wolfssl", return_value=False):
        await meet(browser, way, OpenSslSession, "FEFD")


async def meet(browser: Browser, way: str, kind: type[OpenSslSession] | type[WolfSslSession], version: str) -> None:
    carrier = Carrier(WAYS[way], kind)
    async with webrtc_world() as world, WebRtcClient(1200) as client:
        page = await new_blank_page(browser)
        with mock.patch.object(kind, "receive", carrier.patched()):
            call = await world.answer(await page.evaluate(OFFER), Codec.OPUS)
            await page.evaluate(ACCEPT, call.answer_sdp)
            async with asyncio.timeout(PATIENCE_S):
                await call.connected.wait()
        first, second = (int.from_bytes(datagram[19:22]) for datagram in carrier.flight)
        assert first == 0
        assert second > 0, "the ClientHello came in one datagram, the test shows nothing"
        assert any(DTLS_1_3 in datagram for datagram in carrier.flight)
        assert await page.evaluate(VERSION) == version
        assert f"{world.edge.dtls_version(call.leg):04X}" == version
        if way == "as it comes":
            other = await world.connect(client, Codec.OPUS, near=call)
            world.plane.bridge(call.leg, other.leg)
            await asyncio.gather(wait_for_tone(page, 1200), client.wait_for_tone(700))
        await page.context.close()
