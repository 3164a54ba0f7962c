"""The visitor's page in a real browser against a real Zentrale."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.support.chromium import chromium
from tests.support.pages import SEE_MS, agent_desk, visitor_page
from tests.support.zentrale import Zentrale, zentrale

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def gateway(tmp_path: Path, browser: Browser) -> AsyncIterator[Zentrale]:
    async with zentrale(tmp_path / "zentrale", agents=("anna",)) as running:
        yield running
        for context in browser.contexts:
            await context.close()


async def test_all_agents_away_is_said_and_so_is_their_return(browser: Browser, gateway: Zentrale) -> None:
    visitor = await visitor_page(browser, gateway)
    await visitor.sees("all-away", "All our agents are away")
    await expect(visitor.part("call-button")).to_be_disabled()
    desk = await agent_desk(browser, gateway)
    await visitor.sees_no("all-away")
    await expect(visitor.part("call-button")).to_be_enabled(timeout=SEE_MS)
    await visitor.start_chat("hello")
    await desk.sees("offer")
    await desk.click("reject")
    await desk.click("pause-menu")
    await desk.click("pause-lunch")
    await visitor.sees("chat-status", "You keep your place")


async def test_a_reload_in_a_chat_changes_nothing_for_either_side(browser: Browser, gateway: Zentrale) -> None:
    desk = await agent_desk(browser, gateway)
    visitor = await visitor_page(browser, gateway)
    await visitor.start_chat("one", "Vera")
    await desk.accept()
    await desk.write("two")
    await visitor.reads("one", "two")
    await visitor.page.reload()
    await visitor.reads("one", "two")
    await visitor.write("three")
    await desk.reads("one", "two", "three")
    await desk.page.reload()
    await desk.reads("one", "two", "three")
    (contact,) = gateway.contacts()
    assert contact["ended_ns"] is None


async def test_a_line_written_without_connection_is_kept_and_sent_by_hand(browser: Browser, gateway: Zentrale) -> None:
    desk = await agent_desk(browser, gateway)
    visitor = await visitor_page(browser, gateway)
    await visitor.start_chat("one")
    await desk.accept()
    await visitor.sees_state("chat", "talking")
    # The page believes to be offline, and none of its attempts gets through.
    await visitor.page.evaluate(
        """() => {
            window.RealWebSocket = window.WebSocket;
            window.WebSocket = class extends WebSocket { constructor() { super('ws://127.0.0.1:9'); } };
            window.dispatchEvent(new Event('offline'));
        }"""
    )
    await visitor.sees("connection-lost")
    await visitor.write("two")
    await visitor.sees("chat-line-pending", "may not have arrived")
    await visitor.page.evaluate("() => { window.WebSocket = window.RealWebSocket; }")
    await visitor.sees_no("connection-lost")
    await visitor.part("chat-line-pending").get_by_role("button").click()
    await visitor.reads("one", "two")
    await desk.reads("one", "two")


async def test_a_reload_in_a_call_ends_it(browser: Browser, gateway: Zentrale) -> None:
    desk = await agent_desk(browser, gateway)
    visitor = await visitor_page(browser, gateway)
    await visitor.call("Vera")
    await desk.accept()
    await visitor.sees_state("call-live", "talking")
    await visitor.page.reload()
    await desk.sees("wrap-up")
    await visitor.sees("launcher" if await visitor.part("launcher").count() else "widget")
