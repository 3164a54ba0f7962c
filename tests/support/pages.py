"""The two pages as a person uses them: what they click, and what they can see."""

from __future__ import annotations

import re

from playwright.async_api import Browser, Locator, Page, expect

from tests.support.chromium import new_page
from tests.support.patience import PATIENCE_S
from tests.support.zentrale import Zentrale

SEE_MS = 1000 * PATIENCE_S


class _Page:
    def __init__(self, page: Page) -> None:
        self.page = page

    def part(self, testid: str) -> Locator:
        return self.page.get_by_test_id(testid)

    async def click(self, testid: str) -> None:
        await self.part(testid).click(timeout=SEE_MS)

    async def sees(self, testid: str, text: str | None = None) -> None:
        """Wait until the part is there, with the text in it."""
        await expect(self.part(testid)).to_be_visible(timeout=SEE_MS)
        if text is not None:
            await expect(self.part(testid)).to_contain_text(text, timeout=SEE_MS)

    async def sees_no(self, testid: str) -> None:
        await expect(self.part(testid)).to_have_count(0, timeout=SEE_MS)

    async def sees_state(self, testid: str, state: str) -> None:
        await expect(self.part(testid)).to_have_attribute("data-state", state, timeout=SEE_MS)

    async def write(self, text: str) -> None:
        await self.part("chat-input").fill(text, timeout=SEE_MS)
        await self.click("chat-send")

    async def reads(self, *lines: str) -> None:
        """Wait until the chat shows exactly these lines, none of them still on its way."""
        await expect(self.part("chat-line")).to_have_count(len(lines), timeout=SEE_MS)
        for index, text in enumerate(lines):
            await expect(self.part("chat-line").nth(index)).to_contain_text(text, timeout=SEE_MS)
        await self.sees_no("chat-line-pending")


class AgentDesk(_Page):
    async def sign_in(self, gateway: Zentrale, agent: str) -> None:
        await self.page.goto(f"{gateway.web}/agent")
        await self.part("login-name").fill(agent, timeout=SEE_MS)
        await self.part("login-password").fill(gateway.password(agent))
        await self.click("login-submit")
        await self.sees("desk")

    async def go_ready(self) -> None:
        """Say so; where somebody waits already it rings at once."""
        await self.click("idle-ready")
        await expect(self.part("agent-state")).to_have_attribute(
            "data-state", re.compile("available|offered"), timeout=SEE_MS
        )

    async def accept(self) -> str:
        """Take what rings; returns the contact."""
        contact = await self.part("offer").get_attribute("data-contact", timeout=SEE_MS)
        assert contact is not None
        await self.click("accept")
        return contact

    async def finish(self, outcome: str = "solved") -> None:
        await self.sees("wrap-up")
        await self.click(f"outcome-{outcome}")
        await self.click("finish-wrap-up")
        await self.sees_state("agent-state", "available")


class VisitorPage(_Page):
    async def open(self, gateway: Zentrale) -> None:
        await self.page.goto(f"{gateway.web}/")
        await self.click("launcher")

    async def call(self, name: str = "") -> None:
        if name:
            await self.part("visitor-name").fill(name, timeout=SEE_MS)
        await self.click("call-button")

    async def start_chat(self, text: str, name: str = "") -> None:
        if name:
            await self.part("visitor-name").fill(name, timeout=SEE_MS)
        await self.click("chat-button")
        await self.write(text)


async def agent_desk(browser: Browser, gateway: Zentrale, agent: str = "anna", *, ready: bool = True) -> AgentDesk:
    """A page of its own with the agent signed in."""
    desk = AgentDesk(await new_page(browser))
    await desk.sign_in(gateway, agent)
    if ready:
        await desk.go_ready()
    return desk


async def visitor_page(browser: Browser, gateway: Zentrale) -> VisitorPage:
    page = VisitorPage(await new_page(browser))
    await page.open(gateway)
    return page
