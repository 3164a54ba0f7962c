"""The agent's page in a real browser against a real Zentrale: what only the page itself can get wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from gateway.app.demo.agent_client import AgentClient
from gateway.model.events import AgentState
from tests.support.chromium import chromium, tone_wav, wait_for_tone
from tests.support.pages import SEE_MS, AgentDesk, VisitorPage, agent_desk, visitor_page
from tests.support.patience import PATIENCE_S
from tests.support.zentrale import Zentrale, zentrale

VISITOR_HZ = 700


# Each test's pages are closed and its agent is sent home at its end, so that one Zentrale and one browser do for all.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Zentrale]:
    folder = tmp_path_factory.mktemp("zentrale")
    async with zentrale(folder, agents=("anna",), extra="[limits]\nlogin_attempts_per_minute = 1000\n") as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    folder = tmp_path_factory.mktemp("microphone")
    async with chromium(tone_wav(folder / "tone.wav", VISITOR_HZ)) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def gateway(shared: Zentrale, browser: Browser) -> AsyncIterator[Zentrale]:
    yield shared
    print(shared.log()[-8000:])
    for context in browser.contexts:
        await context.close()
    await go_home(shared, "anna")
    async with asyncio.timeout(PATIENCE_S):
        while shared.rows("SELECT 1 FROM contacts WHERE ended_ns IS NULL"):  # noqa: ASYNC110 - SQLite tells nobody
            await asyncio.sleep(0.02)


async def go_home(gateway: Zentrale, agent: str) -> None:
    """Whatever the agent is doing: hang up, and sign out."""
    client = AgentClient()
    try:
        await client.open(gateway.web, agent, gateway.password(agent))
        async with asyncio.timeout(PATIENCE_S):
            if client.contact is not None:
                contact = client.contact.contact
                if client.has(contact):
                    await client.hang_up(contact)
                await client.finish_wrap_up(contact)
            await client.sign_out()
            await client.until(lambda: client.state is not None and client.state.state is AgentState.SIGNED_OUT)
    finally:
        await client.close()


async def without_microphone(page: Page, fault: str) -> None:
    await page.add_init_script(
        f"navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', '{fault}'))"
    )


async def in_call(browser: Browser, gateway: Zentrale) -> tuple[AgentDesk, VisitorPage, str]:
    desk = await agent_desk(browser, gateway)
    visitor = await visitor_page(browser, gateway)
    await visitor.call("Vera")
    contact = await desk.accept()
    await desk.sees_state("call", "talking")
    await wait_for_tone(desk.page, VISITOR_HZ)
    return desk, visitor, contact


async def open_history(desk: AgentDesk, contact: str) -> None:
    await desk.page.locator(f"[data-testid=history-item][data-contact='{contact}']").click(timeout=SEE_MS)


async def test_a_missing_microphone_is_told_before_a_customer_waits(browser: Browser, gateway: Zentrale) -> None:
    desk = await agent_desk(browser, gateway, ready=False)
    await without_microphone(desk.page, "NotFoundError")
    await desk.page.reload()
    await desk.click("idle-ready")
    await desk.sees("microphone-missing")
    await desk.sees_state("agent-state", "paused")
    await desk.click("ready-without-microphone")
    await desk.sees_state("agent-state", "available")


async def test_a_reload_in_a_call_brings_call_and_sound_back(browser: Browser, gateway: Zentrale) -> None:
    desk, visitor, _ = await in_call(browser, gateway)
    await desk.page.reload()
    await desk.sees_state("call", "talking")
    await wait_for_tone(desk.page, VISITOR_HZ)
    await wait_for_tone(visitor.page, VISITOR_HZ)
    await desk.click("hang-up")
    await visitor.sees("call-ended")


async def test_a_reload_on_hold_leaves_the_caller_on_hold(browser: Browser, gateway: Zentrale) -> None:
    desk, visitor, _ = await in_call(browser, gateway)
    await desk.click("hold")
    await visitor.sees_state("call-live", "held")
    await desk.page.reload()
    await desk.sees_state("call", "held")
    await visitor.sees_state("call-live", "held")
    await desk.click("resume")
    await wait_for_tone(desk.page, VISITOR_HZ)
    await wait_for_tone(visitor.page, VISITOR_HZ)


async def test_a_second_window_may_take_the_sound_over(browser: Browser, gateway: Zentrale) -> None:
    desk, visitor, _ = await in_call(browser, gateway)
    other = AgentDesk(await desk.page.context.new_page())
    await other.page.goto(f"{gateway.web}/agent")
    await other.sees("sound-elsewhere")
    await other.part("sound-elsewhere").get_by_role("button").click()
    await wait_for_tone(other.page, VISITOR_HZ)
    await desk.sees("sound-elsewhere")
    await other.sees_state("call", "talking")
    await wait_for_tone(visitor.page, VISITOR_HZ)
    await other.page.close()
    await desk.sees_no("sound-elsewhere")
    await wait_for_tone(desk.page, VISITOR_HZ)


async def test_a_lost_socket_is_told_and_the_call_goes_on(browser: Browser, gateway: Zentrale) -> None:
    desk, visitor, _ = await in_call(browser, gateway)
    connection = "window.__zentrale.pc"
    before = await desk.page.evaluate_handle(connection)
    await desk.page.evaluate("window.dispatchEvent(new Event('offline'))")
    await desk.sees("connection-lost")
    await desk.page.evaluate("window.dispatchEvent(new Event('online'))")
    await desk.sees_no("connection-lost")
    await desk.sees_state("call", "talking")
    assert await desk.page.evaluate(f"(before) => {connection} === before", before)
    await visitor.sees_state("call-live", "talking")
    await visitor.click("hang-up")
    await desk.sees("wrap-up")


async def test_everything_works_from_the_keyboard(browser: Browser, gateway: Zentrale) -> None:
    desk = await agent_desk(browser, gateway)
    visitor = await visitor_page(browser, gateway)
    await visitor.call("Vera")
    await desk.sees("offer")
    await desk.page.keyboard.press("Alt+a")
    await desk.sees_state("call", "talking")
    await desk.page.keyboard.press("Alt+h")
    await desk.sees_state("call", "held")
    await visitor.sees_state("call-live", "held")
    await desk.page.keyboard.press("Alt+h")
    await desk.sees_state("call", "talking")
    await desk.page.keyboard.press("Alt+m")
    await expect(desk.part("mute")).to_have_attribute("aria-pressed", "true", timeout=SEE_MS)
    await desk.page.keyboard.press("Alt+x")
    await desk.sees("wrap-up")
    await desk.page.keyboard.press("Alt+w")
    await desk.sees_state("agent-state", "available")
    await desk.page.keyboard.press("Alt+p")
    await desk.sees_state("agent-state", "paused")


async def test_the_recording_is_paused_and_goes_on_by_a_button(browser: Browser, gateway: Zentrale) -> None:
    desk, _, contact = await in_call(browser, gateway)
    await desk.sees("call-state", "Recording")
    await desk.click("recording")
    await desk.sees_state("recording", "paused")
    await desk.sees("call-state", "Recording paused")
    await desk.page.keyboard.press("Alt+c")
    await desk.sees_state("recording", "on")
    await desk.click("hang-up")
    await desk.sees("recording-ready")
    await desk.finish()
    await open_history(desk, contact)
    await desk.sees("detail-timeline", "Anna paused the recording")
    await desk.sees("detail-timeline", "Anna went on recording")
    (row,) = gateway.rows("SELECT path FROM recordings WHERE contact=?", contact)
    tags = (gateway.recordings / row["path"]).read_bytes()[:4096]
    assert b"NAME=Recording paused" in tags
    assert b"NAME=Recording resumed" in tags


async def test_the_history_shows_timeline_and_a_recording_that_plays(browser: Browser, gateway: Zentrale) -> None:
    desk, _, contact = await in_call(browser, gateway)
    await desk.click("hang-up")
    await desk.sees("recording-ready")
    await desk.finish()
    await open_history(desk, contact)
    await desk.sees("detail-timeline", "Conversation began")
    await desk.sees("detail-outcome", "solved")
    player = desk.part("recording-player")
    await expect(player).to_be_visible(timeout=SEE_MS)
    # A function: the pages' policy forbids to evaluate a text again at each look.
    await desk.page.wait_for_function(
        "() => document.querySelector('audio[data-testid=recording-player]').duration > 0", timeout=SEE_MS
    )


async def test_signing_out_leads_to_the_login_and_the_cookie_is_dead(browser: Browser, gateway: Zentrale) -> None:
    desk = await agent_desk(browser, gateway)
    (cookie,) = await desk.page.context.cookies()
    await desk.click("user-menu")
    await desk.click("sign-out")
    await desk.sees("login-name")
    await desk.page.wait_for_function("() => fetch('/api/me').then((r) => r.status === 401)", timeout=SEE_MS)
    await desk.page.context.add_cookies([cookie])  # type: ignore[list-item]  # what came back may go in again
    response = await desk.page.request.get(f"{gateway.web}/api/me")
    assert response.status == 401


async def test_the_pages_keep_to_their_policy_and_to_the_narrowest_screen(browser: Browser, gateway: Zentrale) -> None:
    page = await browser.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda line: troubles.append(line.text) if "Content Security" in line.text else None)
    page.on("request", lambda request: None if gateway.web in request.url else troubles.append(request.url))
    await page.set_viewport_size({"width": 320, "height": 640})

    async def check(testid: str) -> None:
        await expect(page.get_by_test_id(testid)).to_be_visible(timeout=SEE_MS)
        assert await page.evaluate("document.documentElement.scrollWidth") <= 320

    await page.goto(f"{gateway.web}/")
    await check("launcher")
    await page.goto(f"{gateway.web}/agent")
    await check("login-name")
    await page.get_by_test_id("login-name").fill("anna")
    await page.get_by_test_id("login-password").fill("a wrong guess")
    await page.get_by_test_id("login-submit").click()
    await expect(page.get_by_test_id("login-error")).to_contain_text("wrong", timeout=SEE_MS)
    await page.get_by_test_id("login-password").fill(gateway.password("anna"))
    await page.get_by_test_id("login-submit").click()
    await check("desk")
    assert troubles == []
