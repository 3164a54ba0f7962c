"""The agent's page sends customers on, and shows several chats: in a real browser against a real Zentrale."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.support.chromium import chromium, tone_wav, wait_for_tone
from tests.support.pages import SEE_MS, agent_desk, visitor_page
from tests.support.zentrale import zentrale

VISITOR_HZ = 700
SECOND = '[[queues]]\nname = "second"\ntitle = "Second line"\n'
CHATS = 'lanes = [{ channel = "chat", most = 2 }, { channel = "*", weight = 2 }]'


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    async with chromium(tone_wav(tmp_path / "tone.wav", VISITOR_HZ)) as running:
        yield running


async def test_a_call_goes_on_to_a_colleague_and_its_sound_with_it(browser: Browser, tmp_path: Path) -> None:
    async with zentrale(tmp_path / "zentrale", extra=SECOND) as gateway:
        anna = await agent_desk(browser, gateway)
        visitor = await visitor_page(browser, gateway)
        await visitor.call("Vera")
        contact = await anna.accept()
        await wait_for_tone(anna.page, VISITOR_HZ)
        await anna.click("transfer-menu")
        await anna.sees("transfer-queue-second", "Second line")
        await anna.sees_no("transfer-agent-ben")
        await anna.page.keyboard.press("Escape")
        ben = await agent_desk(browser, gateway, "ben")
        await anna.click("transfer-menu")
        await anna.click("transfer-agent-ben")
        await anna.sees("wrap-up")
        assert await ben.accept() == contact
        await ben.sees_state("call", "talking")
        await wait_for_tone(ben.page, VISITOR_HZ)
        await anna.finish()
        await ben.click("hang-up")
        await ben.sees("wrap-up")
        rows = await gateway.until_rows("SELECT * FROM recordings", count=2)
        assert [row["agent"] for row in rows] == ["anna", "ben"]
        kinds = gateway.timeline(contact)
        assert kinds.index("ContactTransferred") < kinds.index("ContactEnded")


async def test_two_chats_in_two_tabs(browser: Browser, tmp_path: Path) -> None:
    async with zentrale(tmp_path / "zentrale", agents=("anna",), each_agent=CHATS) as gateway:
        anna = await agent_desk(browser, gateway)
        vera, viktor = await visitor_page(browser, gateway), await visitor_page(browser, gateway)
        await vera.start_chat("I am Vera", "Vera")
        first = await anna.accept()
        await anna.reads("I am Vera")
        await anna.sees_no("in-hand")
        await viktor.start_chat("I am Viktor", "Viktor")
        second = await anna.accept()
        await anna.reads("I am Viktor")
        await vera.write("still there?")
        await expect(anna.part(f"in-hand-{first}").get_by_role("img")).to_be_visible(timeout=SEE_MS)
        await anna.click(f"in-hand-{first}")
        await anna.reads("I am Vera", "still there?")
        await anna.write("yes, Vera")
        await vera.reads("I am Vera", "still there?", "yes, Vera")
        await viktor.reads("I am Viktor")
        await anna.click("end-chat")
        await anna.click("end-chat-sure")
        await anna.sees("wrap-up")
        await anna.click(f"in-hand-{second}")
        await anna.write("now you, Viktor")
        await viktor.reads("I am Viktor", "now you, Viktor")
        await anna.page.reload()
        await anna.sees("in-hand")
        await anna.click(f"in-hand-{first}")
        await anna.click("outcome-solved")
        await anna.click("finish-wrap-up")
        await anna.sees_no("in-hand")
        await anna.reads("I am Viktor", "now you, Viktor")
