"""A visitor and an agent change from WLAN to mobile in the middle of their call: it goes on, and it is one contact."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from playwright.async_api import Page

from tests.support.chromium import chromium, tone_wav, wait_for_tone
from tests.support.pages import agent_desk, visitor_page
from tests.support.two_networks import MOBILE, SERVER, WLAN, two_networks
from tests.support.zentrale import zentrale

MICROPHONE_HZ = 700
CHANGE_MS = 40_000

SENDS_FROM = """async (address) => {
  const pc = window.__zentrale.pc;
  if (pc === null || pc.connectionState !== 'connected') return false;
  const stats = await pc.getStats();
  for (const report of stats.values()) {
    if (report.type !== 'transport' || !report.selectedCandidatePairId) continue;
    const pair = stats.get(report.selectedCandidatePairId);
    return stats.get(pair.localCandidateId).address === address;
  }
  return false;
}"""

REMEMBER = "() => { window.before = window.__zentrale.pc; }"
SAME = "() => window.before === window.__zentrale.pc"


async def sends_from(page: Page, address: str) -> None:
    await page.wait_for_function(SENDS_FROM, arg=address, polling=200, timeout=CHANGE_MS)


@pytest.mark.parametrize(
    "way",
    [
        "WLAN goes before mobile is there",
        pytest.param("mobile is there before WLAN goes", marks=pytest.mark.soak),
    ],
)
async def test_a_call_outlives_the_change_from_wlan_to_mobile(tmp_path: Path, way: str) -> None:
    """In both networks at once a browser changes by itself; otherwise it takes a restart of ICE."""
    restarts = way == "WLAN goes before mobile is there"
    with two_networks() as networks:
        async with AsyncExitStack() as stack:
            if not restarts:
                networks.open_mobile()
            with networks.at_server():
                gateway = await stack.enter_async_context(
                    zentrale(tmp_path / "zentrale", agents=("anna",), address=SERVER, restart_ms=30_000)
                )
            with networks.at_visitor():
                browser = await stack.enter_async_context(
                    chromium(
                        tone_wav(tmp_path / "mic.wav", MICROPHONE_HZ),
                        f"--unsafely-treat-insecure-origin-as-secure={gateway.web}",
                    )
                )
            desk = await agent_desk(browser, gateway)
            visitor = await visitor_page(browser, gateway)
            await visitor.call("Vera")
            await desk.accept()
            await visitor.sees_state("call-live", "talking")
            pages = (visitor.page, desk.page)
            await asyncio.gather(*(wait_for_tone(page, MICROPHONE_HZ) for page in pages))
            for page in pages:
                await sends_from(page, WLAN)
                await page.evaluate(REMEMBER)

            networks.cut_wlan()
            if restarts:
                networks.open_mobile()
            for page in pages:
                await sends_from(page, MOBILE)
            await asyncio.gather(*(wait_for_tone(page, MICROPHONE_HZ) for page in pages))
            await visitor.sees_state("call-live", "talking")
            await desk.sees_state("call", "talking")
            await visitor.sees_no("sound-interrupted")
            assert [await page.evaluate(SAME) for page in pages] == [True, True]

            await visitor.click("hang-up")
            await desk.sees("wrap-up")
            (contact,) = await gateway.until_rows("SELECT * FROM contacts WHERE ended_ns IS NOT NULL")
            assert len(gateway.contacts()) == 1
            assert contact["end_cause"] == "hung_up"
            timeline = gateway.timeline(contact["contact"])
            assert timeline.count("ContactAssigned") == 1
            assert "ContactRequeued" not in timeline
            # One handshake for each of the two, however many ways their packets took.
            assert gateway.log().count("is connected with") == 2
            assert not restarts or "restarts ICE" in gateway.log()
