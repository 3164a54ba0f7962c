"""What an agent lives through beside the happy story: a missed offer, time that runs out, keys on the telephone."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.async_api import expect

from tests.support import baresip, sipp
from tests.support.chromium import chromium, tone_wav, wait_for_tone
from tests.support.pages import SEE_MS, agent_desk
from tests.support.sipp_scenario import Scenario
from tests.support.zentrale import zentrale

PHONE_HZ, AGENT_HZ = 440, 1000


async def test_a_missed_offer_goes_on_and_its_agent_comes_back_when_they_say_so(tmp_path: Path) -> None:
    patient = Scenario("patient").invite().expect(200).ack().receive("BYE", timeout_ms=60_000)
    async with zentrale(tmp_path / "z", offer_ms=3000, wrap_up_ms=2000) as gateway, chromium() as browser:
        anna = await agent_desk(browser, gateway, "anna")
        ben = await agent_desk(browser, gateway, "ben")
        async with sipp.running(patient, gateway.sip, timeout_s=60) as carrier:
            await anna.sees("offer-why", "longest idle of 2")
            await expect(anna.part("offer-waited")).to_have_text(re.compile(r"^\d+:\d\d$"), timeout=SEE_MS)
            contact = await ben.accept()
            await anna.sees_state("agent-state", "not_responding")
            await anna.sees("idle", "did not answer in time")
            await anna.click("idle-ready")
            await anna.sees_state("agent-state", "available")
            await ben.sees_state("call", "talking")
            await ben.click("hang-up")
            await carrier.finished()
        # The time for notes runs out by itself.
        await gateway.until_rows("SELECT 1 FROM agent_states WHERE agent='ben' AND state='wrap_up'")
        await ben.sees_state("agent-state", "available")
        assert await gateway.story(contact, "RecordingStored") == [
            "ContactOpened",
            "GreetingStarted",
            "ContactQueued",
            "ContactOffered",
            "OfferClosed",
            "ContactOffered",
            "OfferClosed",
            "ContactAssigned",
            "ConversationStarted",
            "ContactEnded",
            "RecordingStored",
        ]
        states = gateway.rows("SELECT state FROM agent_states WHERE agent='anna' ORDER BY at_ns")
        assert [row["state"] for row in states][-3:] == ["offered", "not_responding", "available"]


async def test_keys_and_hold_of_a_telephone(tmp_path: Path) -> None:
    async with (
        zentrale(tmp_path / "z") as gateway,
        chromium(tone_wav(tmp_path / "agent.wav", AGENT_HZ)) as browser,
        baresip.running(name="carl", tone_hz=PHONE_HZ) as phone,
    ):
        desk = await agent_desk(browser, gateway)
        await phone.dial("100", gateway.sip)
        await phone.press("7")  # while it waits
        contact = await desk.accept()
        await desk.sees_state("call", "talking")
        await wait_for_tone(desk.page, PHONE_HZ)
        await phone.press("4")  # while the two legs are bridged
        await phone.press("#")
        await gateway.until_rows(
            "SELECT 1 FROM contact_events WHERE contact=? AND kind='DigitPressed'", contact, count=3
        )
        await phone.command("hold")
        await phone.command("resume")
        await wait_for_tone(desk.page, PHONE_HZ)
        await phone.hang_up()
        await desk.finish()
        await desk.part("history-item").first.click()
        await desk.sees("detail-timeline")
        pressed = desk.page.locator("[data-kind=DigitPressed]")
        await expect(pressed).to_have_count(3, timeout=SEE_MS)
        for number, digit in enumerate("74#"):
            await expect(pressed.nth(number)).to_contain_text(digit)
        assert gateway.contacts()[0]["ended_by"] == "customer"
