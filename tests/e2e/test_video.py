"""A web call becomes a video call and a call again, between two browsers; nothing is seen that was not to be shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.support.chromium import chromium, tone_wav, wait_for_tone
from tests.support.pages import SEE_MS, AgentDesk, VisitorPage, agent_desk, visitor_page
from tests.support.pictures import estimate_grows, sees_pictures, video_statistics
from tests.support.zentrale import Zentrale, zentrale

TONE_HZ = 440
DENY = """(name) => {
  navigator.mediaDevices[name] = async () => { throw new DOMException('', 'NotAllowedError'); };
}"""


async def talk(browser, gateway: Zentrale) -> tuple[AgentDesk, VisitorPage, str]:  # type: ignore[no-untyped-def]
    """A visitor and anna in conversation."""
    anna = await agent_desk(browser, gateway, "anna")
    vera = await visitor_page(browser, gateway)
    await vera.call("Vera")
    contact = await anna.accept()
    await anna.sees_state("call", "talking")
    await vera.sees_state("call-live", "talking")
    return anna, vera, contact


async def both_hear(*pages: Page) -> None:
    for page in pages:
        await wait_for_tone(page, TONE_HZ)


async def video_events(gateway: Zentrale, contact: str, count: int) -> list[str]:
    """Whose pictures began and ended, from the contact's timeline, once there are so many."""
    query = (
        "SELECT kind, json_extract(event, '$.by') AS by, json_extract(event, '$.source') AS source FROM contact_events "
        "WHERE contact=? AND kind LIKE 'Video%' ORDER BY seq"
    )
    rows = await gateway.until_rows(query, contact, count=count)
    return [f"{row['by']} {row['source'] or 'nothing'}" for row in rows]


@pytest.mark.parametrize("codec", ["vp8", pytest.param("h264", marks=pytest.mark.soak)])
async def test_an_upgrade_to_video_by_both_and_back(tmp_path: Path, codec: str) -> None:
    microphone = tone_wav(tmp_path / "mic.wav", TONE_HZ)
    settings = {"queue": "video = true", "media": f'video_codecs = ["{codec}"]'}
    async with zentrale(tmp_path / "z", **settings) as gateway, chromium(microphone) as browser:
        anna, vera, contact = await talk(browser, gateway)
        await both_hear(anna.page, vera.page)
        await vera.click("camera")
        await vera.sees("video-own")
        # Nobody is shown what they have not asked for.
        await anna.sees("video-offered", "Vera")
        await anna.sees_no("video-remote")
        await anna.click("video-see")
        first = await sees_pictures(anna.page, codec=codec)
        await both_hear(anna.page, vera.page)

        await anna.click("camera")
        await anna.sees("video-own")
        theirs = await sees_pictures(vera.page, codec=codec)

        await anna.click("hold")
        await vera.sees_state("call-live", "held")
        await anna.click("resume")
        await vera.sees_state("call-live", "talking")
        await sees_pictures(anna.page, first, new_key=True, codec=codec)
        await sees_pictures(vera.page, theirs, new_key=True, codec=codec)
        assert any(one["type"] == "outbound-rtp" and one["pliCount"] > 0 for one in await video_statistics(vera.page))

        await vera.click("camera")
        await vera.sees_no("video-own")
        await anna.sees_no("video-remote")
        await anna.click("camera")
        await anna.sees_no("stage")
        await vera.sees_no("stage")
        await both_hear(anna.page, vera.page)
        assert await video_events(gateway, contact, 4) == [
            "customer camera", "agent camera", "customer nothing", "agent nothing",
        ]  # fmt: skip
        await anna.click("hang-up")
        await vera.sees("call-ended")
        await anna.finish()
        assert "ContactEnded" in gateway.timeline(contact)


async def test_a_shared_screen_and_a_camera_that_is_blocked(tmp_path: Path) -> None:
    async with zentrale(tmp_path / "z", queue="video = true") as gateway, chromium() as browser:
        anna, vera, contact = await talk(browser, gateway)
        await anna.click("screen")
        await vera.sees("video-offered", "Anna")
        await vera.click("video-see")
        screen = await sees_pictures(vera.page)
        assert (screen.width, screen.height) == (1280, 720)
        await anna.click("camera")
        await expect(anna.part("camera")).to_have_attribute("aria-pressed", "true", timeout=SEE_MS)
        await anna.click("screen")
        await expect(vera.part("video-remote")).to_have_attribute("aria-label", "Camera of Anna", timeout=SEE_MS)
        await sees_pictures(vera.page, screen)
        await vera.page.evaluate(DENY, "getDisplayMedia")
        await vera.click("screen")
        await vera.sees("picture-screen", "not shared")
        for page in (anna, vera):
            await page.page.set_viewport_size({"width": 320, "height": 640})
            await expect(page.part("hang-up")).to_be_in_viewport(ratio=1, timeout=SEE_MS)
        await vera.click("video-unsee")
        await vera.sees_no("video-remote")
        await vera.page.evaluate(DENY, "getUserMedia")
        await vera.click("camera")
        await vera.sees("picture-denied", "The camera is blocked")
        await vera.sees_no("video-own")
        assert await video_events(gateway, contact, 2) == ["agent screen", "agent camera"]
        await vera.click("hang-up")
        await vera.sees("call-ended")
        assert (await video_events(gateway, contact, 3))[-1] == "agent nothing"


@pytest.mark.soak
async def test_who_takes_over_sees_nothing_of_the_visitor_until_it_is_shown_anew(tmp_path: Path) -> None:
    async with zentrale(tmp_path / "z", queue="video = true", wrap_up_ms=1000) as gateway, chromium() as browser:
        anna, vera, contact = await talk(browser, gateway)
        await vera.click("camera")
        await anna.click("video-see")
        await sees_pictures(anna.page)
        ben = await agent_desk(browser, gateway, "ben")
        await anna.click("transfer-menu")
        await anna.click("transfer-agent-ben")
        await ben.accept()
        await ben.sees_state("call", "talking")
        await vera.sees_state("call-live", "talking")
        await vera.sees_no("video-own")
        await ben.sees_no("video-offered")
        await vera.click("camera")
        await ben.sees("video-offered", "Vera")
        await ben.click("video-see")
        await sees_pictures(ben.page)
        assert await video_events(gateway, contact, 3) == ["customer camera", "customer nothing", "customer camera"]


@pytest.mark.soak
async def test_the_sender_learns_what_the_viewers_line_holds(tmp_path: Path) -> None:
    """Without the viewer's feedback the estimate stays where it began, at some 300 kbit/s."""
    async with zentrale(tmp_path / "z", queue="video = true") as gateway, chromium() as browser:
        anna, vera, _ = await talk(browser, gateway)
        await vera.click("camera")
        await anna.click("video-see")
        await sees_pictures(anna.page)
        assert await estimate_grows(vera.page)
