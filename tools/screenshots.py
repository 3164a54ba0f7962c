"""Takes the pictures of the documentation: real calls on a real Zentrale, seen in Chromium.

Run by ``make screenshots``; writes PNG files into ``docs/start`` (or the folder that is named).
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from playwright.async_api import Page  # noqa: E402

from tests.support import baresip  # noqa: E402
from tests.support.chromium import chromium, tone_wav  # noqa: E402
from tests.support.pages import agent_desk, visitor_page  # noqa: E402
from tests.support.zentrale import zentrale  # noqa: E402

DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 780}


async def take(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        async with (
            zentrale(work / "zentrale", agents=("anna",)) as gateway,
            chromium(tone_wav(work / "microphone.wav", 440)) as browser,
            baresip.running(name="Carla", tone_hz=440) as phone,
        ):
            desk = await agent_desk(browser, gateway)
            visitor = await visitor_page(browser, gateway)
            await desk.page.set_viewport_size(DESK)
            await visitor.page.set_viewport_size(PHONE)

            async def picture(page: Page, name: str) -> None:
                path = folder / f"{name}.png"
                await page.screenshot(path=path)
                print(path)

            await picture(visitor.page, "visitor-page")

            # A chat, so that the agent has something in the history when the telephone rings.
            await visitor.start_chat("Hello, where do I find my invoice?", name="Vera")
            await desk.accept()
            await desk.write("Good morning Vera! It is in your account, under Orders.")
            await visitor.reads(
                "Hello, where do I find my invoice?", "Good morning Vera! It is in your account, under Orders."
            )
            await visitor.write("Found it, thank you!")
            await desk.sees("chat-input")
            await picture(desk.page, "agent-chat")
            await picture(visitor.page, "visitor-chat")
            await desk.click("end-chat")
            await desk.click("end-chat-sure")
            await desk.finish()

            await phone.dial("100", gateway.sip)
            await desk.sees("offer")
            await picture(desk.page, "agent-page")
            await desk.accept()
            await desk.sees_state("call", "talking")
            await picture(desk.page, "agent-call")


if __name__ == "__main__":
    asyncio.run(take(Path(sys.argv[1]) if sys.argv[1:] else ROOT / "docs" / "start"))
