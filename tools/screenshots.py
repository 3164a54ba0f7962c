"""Take pictures of both pages in each of their states: wide and narrow, light and dark.

    python tools/screenshots.py FOLDER [--only agent-offer] [--looks wide-light,narrow-dark]

Starts Zentrale as its users do (built pages and all), plays agents and visitors in headless Chromium, and writes
``<state>.<look>.png`` into the folder.  Look at them after each change to the pages.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect  # noqa: E402

from tests.support.chromium import EXECUTABLE, FLAGS  # noqa: E402
from tests.support.pages import AgentDesk, VisitorPage  # noqa: E402
from tests.support.zentrale import Zentrale, zentrale  # noqa: E402

WIDE, NARROW = (1280, 800), (320, 640)
LOOKS = {
    "wide-light": (WIDE, "light"),
    "wide-dark": (WIDE, "dark"),
    "narrow-light": (NARROW, "light"),
    "narrow-dark": (NARROW, "dark"),
}

EXTRA = """
[[queues]]
name = "sales"
title = "Sales and rental"
channels = ["phone"]

[[queues]]
name = "workshop"
title = "Workshop"
channels = ["phone"]
"""

NO_MICROPHONE = """
navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", "%s"));
"""

NO_SCREEN = """() => {
  navigator.mediaDevices.getDisplayMedia = () => Promise.reject(new DOMException("", "NotAllowedError"));
}"""


class Camera:
    """Takes a page's picture in each look."""

    def __init__(self, folder: Path, looks: list[str], only: str) -> None:
        self.folder = folder
        self.looks = looks
        self.only = only

    async def take(self, page: Page, name: str) -> None:
        if self.only not in name:
            return
        for look in self.looks:
            (width, height), scheme = LOOKS[look]
            await page.set_viewport_size({"width": width, "height": height})
            await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            # Let the layout and the short animations come to rest.
            await page.wait_for_timeout(350)
            wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
            await page.screenshot(path=self.folder / f"{name}.{look}.png")
            print(f"{name}.{look}{'  IS WIDER THAN THE SCREEN' if wide else ''}")
        (width, height), _ = LOOKS["wide-light"]
        await page.set_viewport_size({"width": width, "height": height})
        await page.emulate_media(color_scheme="light")


class Studio:
    def __init__(self, gateway: Zentrale, browser: Browser, camera: Camera) -> None:
        self.gateway = gateway
        self.browser = browser
        self.camera = camera
        self.contexts: list[BrowserContext] = []

    async def page(self, script: str = "") -> Page:
        context = await self.browser.new_context(viewport={"width": WIDE[0], "height": WIDE[1]}, locale="en-GB")
        self.contexts.append(context)
        if script:
            await context.add_init_script(script)
        page = await context.new_page()
        page.on("pageerror", lambda error: print(f"PAGE ERROR {error}"))
        page.on("console", lambda line: print(f"CONSOLE {line.text}") if line.type == "error" else None)
        return page

    async def desk(self, script: str = "") -> AgentDesk:
        desk = AgentDesk(await self.page(script))
        await desk.sign_in(self.gateway, "anna")
        return desk

    async def visitor(self, script: str = "") -> VisitorPage:
        visitor = VisitorPage(await self.page(script))
        await visitor.open(self.gateway)
        return visitor

    async def take(self, page: AgentDesk | VisitorPage, name: str) -> None:
        await self.camera.take(page.page, name)

    async def close(self) -> None:
        for context in self.contexts:
            await context.close()
        self.contexts.clear()


async def login(studio: Studio) -> None:
    page = await studio.page()
    await page.goto(f"{studio.gateway.web}/agent")
    await studio.camera.take(page, "agent-login")
    await page.get_by_test_id("login-name").fill("anna")
    await page.get_by_test_id("login-password").fill("a wrong guess")
    await page.get_by_test_id("login-submit").click()
    await page.get_by_test_id("login-error").wait_for()
    await studio.camera.take(page, "agent-login-wrong")


async def away(studio: Studio) -> None:
    visitor = await studio.visitor()
    await visitor.sees("all-away")
    await studio.take(visitor, "visitor-all-away")
    desk = await studio.desk()
    await studio.take(desk, "agent-paused")
    await desk.part("user-menu").click()
    await studio.take(desk, "agent-menu")
    for fault, name in (("NotAllowedError", "denied"), ("NotFoundError", "missing")):
        muted = await studio.desk(NO_MICROPHONE % fault)
        await muted.click("idle-ready")
        await muted.sees(f"microphone-{name}")
        await studio.take(muted, f"agent-microphone-{name}")


async def chat(studio: Studio) -> None:
    desk = await studio.desk()
    await desk.go_ready()
    await studio.take(desk, "agent-ready")
    await desk.click("pause-menu")
    await studio.take(desk, "agent-pause-menu")
    await desk.click("pause-menu")
    visitor = await studio.visitor()
    await studio.take(visitor, "visitor-home")
    await visitor.click("widget-close")
    await studio.take(visitor, "visitor-page")
    await visitor.click("launcher")
    await visitor.start_chat(
        "Hello! My rear brake squeals since the last repair. Can I bring the bike in today?", "Vera Klein"
    )
    await visitor.sees_state("chat", "queued")
    await studio.take(visitor, "visitor-chat-waiting")
    await desk.sees("offer")
    await studio.take(desk, "agent-offer")
    await desk.accept()
    await visitor.sees_state("chat", "talking")
    await desk.write("Good morning, you are talking to Anna. Sorry to hear that!")
    await desk.write("Yes, come by until six; it is a matter of ten minutes.")
    await visitor.write("Perfect, thank you.")
    await visitor.write("Do I have to pay for it?")
    await visitor.reads("Hello", "Good", "Yes", "Perfect", "Do I")
    await visitor.part("chat-input").press_sequentially("One more")
    await desk.sees("chat-typing")
    await studio.take(desk, "agent-chat")
    await desk.part("chat-input").press_sequentially("No, it is")
    await visitor.sees("chat-typing")
    await studio.take(visitor, "visitor-chat")
    await desk.click("end-chat")
    await studio.take(desk, "agent-chat-end-sure")
    await desk.click("end-chat-sure")
    await visitor.sees_state("chat", "ended")
    await studio.take(visitor, "visitor-chat-ended")
    await desk.sees("wrap-up")
    await desk.click("outcome-solved")
    await desk.part("wrap-up-note").fill("Brake squeals after repair 4711. Comes by today, free of charge.")
    await studio.take(desk, "agent-wrap-up-chat")
    await desk.click("finish-wrap-up")
    await history(studio, desk, "chat")


async def history(studio: Studio, desk: AgentDesk, name: str) -> None:
    await desk.sees("history-item")
    await studio.take(desk, f"agent-after-{name}")
    await desk.part("history-item").first.click()
    await desk.sees("detail-timeline")
    await studio.take(desk, f"agent-detail-{name}")
    await desk.page.set_viewport_size({"width": 320, "height": 640})
    await desk.click("tab-history")
    await studio.take(desk, f"agent-history-tab-{name}")
    await desk.page.set_viewport_size({"width": 320, "height": 640})
    await desk.click("tab-desk")


async def call(studio: Studio) -> None:
    desk = await studio.desk()
    await desk.go_ready()
    visitor = await studio.visitor()
    await visitor.call("Jonas Okafor")
    await visitor.sees_state("call-live", "queued")
    await studio.take(visitor, "visitor-call-waiting")
    await desk.sees("offer")
    await studio.take(desk, "agent-offer-call")
    await desk.accept()
    await desk.sees_state("call", "talking")
    await visitor.sees_state("call-live", "talking")
    await desk.page.wait_for_timeout(2500)
    await studio.take(desk, "agent-call")
    await studio.take(visitor, "visitor-call")
    await visitor.click("keypad")
    await studio.take(visitor, "visitor-call-keypad")
    await desk.click("hold")
    await desk.sees_state("call", "held")
    await studio.take(desk, "agent-call-held")
    await studio.take(visitor, "visitor-call-held")
    await desk.click("resume")
    await desk.sees_state("call", "talking")
    await desk.click("mute")
    await studio.take(desk, "agent-call-muted")
    await visitor.click("hang-up")
    await visitor.sees("call-ended")
    await studio.take(visitor, "visitor-call-ended")
    await desk.sees("wrap-up")
    await studio.take(desk, "agent-wrap-up")
    await desk.click("outcome-callback")
    await desk.click("finish-wrap-up")
    await history(studio, desk, "call")


async def video(studio: Studio) -> None:
    desk = await studio.desk()
    await desk.go_ready()
    visitor = await studio.visitor()
    await visitor.call("Jonas Okafor")
    await desk.accept()
    await visitor.sees_state("call-live", "talking")
    await visitor.click("camera")
    await visitor.sees("video-own")
    await studio.take(visitor, "visitor-video-own")
    await desk.sees("video-offered")
    await studio.take(desk, "agent-video-offered")
    await desk.click("video-see")
    await sees_pictures(desk)
    await studio.take(desk, "agent-video-seen")
    await desk.click("camera")
    await sees_pictures(visitor)
    await studio.take(desk, "agent-video-both")
    await studio.take(visitor, "visitor-video-both")
    await desk.click("screen")
    await expect(visitor.part("video-remote")).to_have_attribute("aria-label", "Screen of Anna")
    await studio.take(desk, "agent-video-screen")
    await studio.take(visitor, "visitor-video-screen")
    await visitor.click("keypad")
    await studio.take(visitor, "visitor-video-keypad")
    await visitor.click("keypad")
    await desk.click("hold")
    await visitor.sees_state("call-live", "held")
    await studio.take(desk, "agent-video-held")
    await studio.take(visitor, "visitor-video-held")
    await desk.click("resume")
    await visitor.page.evaluate(NO_SCREEN)
    await visitor.click("screen")
    await visitor.sees("picture-screen")
    await studio.take(visitor, "visitor-video-screen-refused")
    await desk.click("hang-up")
    await visitor.sees("call-ended")
    await desk.sees("recording-ready")
    await desk.click("finish-wrap-up")
    await history(studio, desk, "video")


async def sees_pictures(page: AgentDesk | VisitorPage) -> None:
    """Wait until those of the other side are there."""
    await page.sees("video-remote")
    await expect(page.part("video-remote")).not_to_have_js_property("videoWidth", 0)


async def missed(studio: Studio) -> None:
    desk = await studio.desk()
    await desk.go_ready()
    visitor = await studio.visitor()
    await visitor.start_chat("Is anybody there?")
    await desk.sees("offer")
    await desk.sees_state("agent-state", "not_responding")
    await studio.take(desk, "agent-missed")
    await studio.take(visitor, "visitor-chat-waiting-away")
    await visitor.click("end-chat")
    await visitor.click("end-chat-sure")


async def trouble(studio: Studio) -> None:
    desk = await studio.desk()
    await desk.go_ready()
    for fault, name in (("NotAllowedError", "denied"), ("NotFoundError", "missing")):
        visitor = await studio.visitor(NO_MICROPHONE % fault)
        await visitor.click("call-button")
        await visitor.sees(f"microphone-{name}")
        await studio.take(visitor, f"visitor-microphone-{name}")
    visitor = await studio.visitor()
    await studio.gateway.stop()
    await desk.sees("connection-lost")
    await studio.take(desk, "agent-connection-lost")
    await visitor.sees("connection-lost")
    await studio.take(visitor, "visitor-connection-lost")
    await studio.gateway.start()
    await desk.sees_no("connection-lost")


async def readme(studio: Studio) -> None:
    """The picture of the README: a call rings at an agent who has served some customers already."""
    desk = await studio.desk()
    await desk.go_ready()
    for name, text, outcome in (
        ("Vera Klein", "My rear brake squeals, can I come by today?", "solved"),
        ("Tomasz Nowak", "Do you rent cargo bikes for a weekend?", "callback"),
        ("Marie Dubois", "Is my bike ready?", "solved"),
    ):
        visitor = await studio.visitor()
        await visitor.start_chat(text, name)
        await desk.accept()
        await visitor.sees_state("chat", "talking")
        await visitor.click("end-chat")
        await visitor.click("end-chat-sure")
        await desk.finish(outcome)
    waiting = [await studio.visitor() for _ in range(2)]
    await waiting[0].call("Jonas Okafor")
    await desk.sees("offer")
    await waiting[1].start_chat("Do you repair e-bikes?", "Ida Berg")
    await expect(desk.part("queue-support")).to_have_attribute("data-waiting", "2")
    await desk.click("history-mine")
    await studio.take(desk, "agent-page")


SCENES: list[Callable[[Studio], Awaitable[None]]] = [login, away, chat, call, video, missed, trouble, readme]


@asynccontextmanager
async def studio(camera: Camera) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        settings: dict[str, Any] = {"agents": ("anna",), "offer_ms": 12_000, "queue": "video = true", "extra": EXTRA}
        async with zentrale(Path(folder), **settings) as gateway, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=EXECUTABLE, args=list(FLAGS))
            try:
                yield Studio(gateway, browser, camera)
            finally:
                await browser.close()


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="", help="take only pictures with this in their name")
    parser.add_argument("--scenes", default=",".join(scene.__name__ for scene in SCENES))
    parser.add_argument("--looks", default=",".join(LOOKS), help=f"of {', '.join(LOOKS)}")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    camera = Camera(options.folder, options.looks.split(","), options.only)
    failed = 0
    for scene in SCENES:
        if scene.__name__ not in options.scenes.split(","):
            continue
        async with studio(camera) as place:
            try:
                await scene(place)
            except Exception as error:
                failed += 1
                print(f"SCENE {scene.__name__} FAILED: {str(error)[:2000]}")
            await place.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
