"""The three stories whole: a telephone caller, a web caller and a chat visitor each reach an agent in a browser.

Everything is what users have: the installed command, baresip and SIPp as the telephone world, Chromium with a fake
microphone at both ends of the web.  Each side sends a tone of its own, so that every way can be told by frequency.
"""

from __future__ import annotations

from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from gateway.media._stages import encode_g711
from tests.support import baresip, sipp
from tests.support.chromium import chromium, tone_wav, wait_for_silence, wait_for_tone
from tests.support.pages import SEE_MS, agent_desk, visitor_page
from tests.support.sipp_scenario import STREAM, Scenario
from tests.support.sound import OPUS_HZ, level, loudest_hz, read_opus, read_wav, write_tone_raw_pcma
from tests.support.voices import until
from tests.support.zentrale import Zentrale, zentrale

PHONE_HZ, AGENT_HZ, VISITOR_HZ = 440, 1000, 700
GREETING_HZ = 425
"""Of ``busy.wav``, which tests take for a greeting: nothing else sounds like it."""


def heard_by(folder: Path) -> Path:
    return next(folder.glob("*-dec.wav"))


def what_was_heard(samples: Any, rate: int) -> list[str]:
    """What a telephone heard, one after the other; pauses, and what lasts less than 0.4 s, are left out."""
    step = rate // 5
    kinds = []
    for start in range(0, len(samples) - step, step):
        part = samples[start : start + step]
        if abs(part).max() < 0.01:
            continue
        hz = loudest_hz(part, rate)
        kinds.append("agent" if abs(hz - AGENT_HZ) < 10 else "greeting" if abs(hz - GREETING_HZ) < 10 else "music")
    lasting = [kind for kind, following in pairwise(kinds) if kind == following]
    return [kind for kind, _ in groupby(lasting)]


async def until_heard(folder: Path, kind: str) -> None:
    """Wait until the telephone has heard this for a while, by the file that it writes as it hears."""

    def heard() -> bool:
        files = [file for file in folder.glob("*-dec.wav") if file.stat().st_size > 1000]
        return any(what_was_heard(*read_wav(file))[-1:] == [kind] for file in files)

    await until(heard, f"{kind} at the telephone")


async def the_recording(gateway: Zentrale, contact: str) -> tuple[Path, int]:
    """The file and its length in ms, as the database has them."""
    row = (await gateway.until_rows("SELECT * FROM recordings WHERE contact=?", contact))[0]
    return gateway.recordings / row["path"], row["duration_ms"]


def check_channels(path: Path, duration_ms: int, left_hz: int, right_hz: int) -> None:
    """Each tone in its own channel, the other's at least 30 dB below, and the length exact to a millisecond."""
    samples = read_opus(path)
    assert abs(len(samples) / OPUS_HZ * 1000 - duration_ms) < 1.5
    middle = samples[len(samples) // 3 : len(samples) * 2 // 3]
    for channel, own, other in ((0, left_hz, right_hz), (1, right_hz, left_hz)):
        heard = middle[:, channel]
        assert abs(loudest_hz(heard, OPUS_HZ) - own) < 10
        assert level(heard, OPUS_HZ, own) > 30 * level(heard, OPUS_HZ, other)


async def test_a_telephone_caller_reaches_an_agent_in_a_browser(tmp_path: Path) -> None:
    async with (
        zentrale(tmp_path / "z") as gateway,
        chromium(tone_wav(tmp_path / "agent.wav", AGENT_HZ)) as browser,
        baresip.running(name="carl", tone_hz=PHONE_HZ, keep_sound=tmp_path) as phone,
    ):
        desk = await agent_desk(browser, gateway)
        await phone.dial("100", gateway.sip)
        await desk.sees("offer-customer", "carl")
        await desk.sees("offer-queue", "Support")
        await desk.sees("offer-why", "idle")
        await until_heard(tmp_path, "music")
        contact = await desk.accept()
        await desk.sees_state("call", "talking")
        await wait_for_tone(desk.page, PHONE_HZ)
        await desk.click("hold")
        await desk.sees_state("call", "held")
        await wait_for_silence(desk.page)
        await until_heard(tmp_path, "music")
        await desk.click("resume")
        await wait_for_tone(desk.page, PHONE_HZ)
        await gateway.until_rows("SELECT 1 FROM contact_events WHERE contact=? AND kind='ContactResumed'", contact)
        await desk.page.wait_for_timeout(1500)  # something to record after the hold
        await desk.click("hang-up")
        await phone.event("CALL_CLOSED")
        await desk.finish("solved")
        path, duration_ms = await the_recording(gateway, contact)
        samples = read_opus(path)
        assert abs(len(samples) / OPUS_HZ * 1000 - duration_ms) < 1.5
        end = samples[-OPUS_HZ:]
        assert abs(loudest_hz(end[:, 0], OPUS_HZ) - PHONE_HZ) < 10, "left is the customer"
        assert abs(loudest_hz(end[:, 1], OPUS_HZ) - AGENT_HZ) < 10, "right is the agent"
        # What the database says of it, and what the agent's page shows.
        record = gateway.contacts()[0]
        assert (record["agent"], record["ended_by"], record["outcome"]) == ("anna", "agent", "solved")
        assert (await gateway.story(contact))[:7] == [
            "ContactOpened",
            "GreetingStarted",
            "ContactQueued",
            "ContactOffered",
            "OfferClosed",
            "ContactAssigned",
            "ConversationStarted",
        ]
        await desk.part("history-item").first.click()
        await desk.sees("detail-outcome", "solved")
        await desk.sees("recording-player")
        await desk.sees("detail-timeline")
    heard = what_was_heard(*read_wav(heard_by(tmp_path)))
    assert heard[:3] == ["greeting", "music", "agent"], heard
    assert heard[-2:] == ["music", "agent"], f"on hold, and after it: {heard}"


async def test_sipp_streams_a_tone_to_the_agent(tmp_path: Path) -> None:
    tone = write_tone_raw_pcma(tmp_path / "tone.pcma", PHONE_HZ, 4, lambda pcm: encode_g711("pcma", pcm))
    scenario = (
        Scenario("talk").invite(STREAM).expect(200, "RTP/AVP 8").ack().stream(tone).receive("BYE", timeout_ms=20_000)
    )
    async with (
        zentrale(tmp_path / "z") as gateway,
        chromium(tone_wav(tmp_path / "agent.wav", AGENT_HZ)) as browser,
    ):
        desk = await agent_desk(browser, gateway)
        async with sipp.running(scenario, gateway.sip, timeout_s=40) as carrier:
            contact = await desk.accept()
            await wait_for_tone(desk.page, PHONE_HZ)
            await desk.page.wait_for_timeout(2000)  # something to record
            await desk.click("hang-up")
            await carrier.finished()
        await desk.finish()
        check_channels(*await the_recording(gateway, contact), PHONE_HZ, AGENT_HZ)


async def test_a_web_caller_reaches_an_agent(tmp_path: Path) -> None:
    async with (
        zentrale(tmp_path / "z") as gateway,
        chromium(tone_wav(tmp_path / "agent.wav", AGENT_HZ)) as agents,
        chromium(tone_wav(tmp_path / "visitor.wav", VISITOR_HZ)) as visitors,
    ):
        desk = await agent_desk(agents, gateway)
        visitor = await visitor_page(visitors, gateway)
        await visitor.call("Vera")
        await desk.sees("offer-customer", "Vera")
        contact = await desk.accept()
        await desk.sees_state("call", "talking")
        await visitor.sees_state("call-live", "talking")
        await wait_for_tone(desk.page, VISITOR_HZ)
        await wait_for_tone(visitor.page, AGENT_HZ)
        await desk.click("hold")
        await visitor.sees_state("call-live", "held")
        await wait_for_tone(visitor.page, 460, tolerance_hz=420)  # music, whatever its key, and not the agent
        await wait_for_silence(desk.page)
        await desk.click("resume")
        await wait_for_tone(visitor.page, AGENT_HZ)
        await desk.page.wait_for_timeout(3000)  # something to record
        await visitor.click("hang-up")
        await visitor.sees("call-ended")
        await desk.finish()
        check_channels(*await the_recording(gateway, contact), VISITOR_HZ, AGENT_HZ)
        record = gateway.contacts()[0]
        assert (record["channel"], record["ended_by"], record["end_cause"]) == ("web_call", "customer", "hung_up")


async def test_a_chat_visitor_reaches_an_agent(tmp_path: Path) -> None:
    async with zentrale(tmp_path / "z") as gateway, chromium() as agents, chromium() as visitors:
        desk = await agent_desk(agents, gateway)
        visitor = await visitor_page(visitors, gateway)
        await visitor.start_chat("My lamp does not light.", "Vera")
        await desk.sees("offer-customer", "Vera")
        contact = await desk.accept()
        await desk.reads("My lamp does not light.")
        await desk.part("chat-input").press_sequentially("Have")
        await visitor.sees("chat-typing")
        await desk.write("Have you tried another bulb?")
        await visitor.reads("My lamp does not light.", "Have you tried another bulb?")
        await visitor.write("No. Now it lights, thank you!")
        await desk.reads("My lamp does not light.", "Have you tried another bulb?", "No. Now it lights, thank you!")
        # The visitor's page is reloaded in the middle of it: everything is still there.
        await visitor.page.reload()
        await visitor.reads("My lamp does not light.", "Have you tried another bulb?", "No. Now it lights, thank you!")
        await desk.write("You are welcome.")
        await expect(visitor.part("chat-line")).to_have_count(4, timeout=SEE_MS)
        await desk.click("end-chat")
        await desk.click("end-chat-sure")
        await visitor.sees_state("chat", "ended")
        await desk.finish()
        (record,) = gateway.contacts()
        assert (record["channel"], record["ended_by"], record["outcome"]) == ("chat", "agent", "solved")
        lines = gateway.rows("SELECT author, text FROM chat_lines WHERE contact=? ORDER BY line", contact)
        assert [line["author"] for line in lines] == ["customer", "agent", "customer", "agent"]
        await desk.part("history-item").first.click()
        await desk.sees("detail-transcript", "Have you tried another bulb?")


async def test_a_customer_has_one_history_over_all_channels(tmp_path: Path) -> None:
    """D32: telephone, web call and chat of one day in one list."""
    caller = Scenario("short").invite().expect(200).ack().receive("BYE", timeout_ms=20_000)
    async with (
        zentrale(tmp_path / "z", wrap_up_ms=0) as gateway,
        chromium() as agents,
        chromium(tone_wav(tmp_path / "visitor.wav", VISITOR_HZ)) as visitors,
    ):
        desk = await agent_desk(agents, gateway)
        async with sipp.running(caller, gateway.sip, timeout_s=40) as carrier:
            await desk.accept()
            await desk.sees_state("call", "talking")
            await desk.click("hang-up")
            await carrier.finished()
        visitor = await visitor_page(visitors, gateway)
        await visitor.call("Vera")
        await desk.accept()
        await desk.sees_state("call", "talking")
        await visitor.click("hang-up")
        await visitor.sees("call-ended")
        visitor = await visitor_page(visitors, gateway)
        await visitor.start_chat("One more thing.", "Vera")
        await desk.accept()
        await desk.reads("One more thing.")
        await desk.click("end-chat")
        await desk.click("end-chat-sure")
        await expect(desk.part("history-item")).to_have_count(3, timeout=SEE_MS)
        icons = [await desk.part("history-item").nth(number).get_attribute("data-channel") for number in range(3)]
        assert icons == ["chat", "web_call", "phone"], "the newest first"
        assert [contact["channel"] for contact in gateway.contacts()] == ["phone", "web_call", "chat"]


@pytest.mark.parametrize(
    ("refusal", "part"), [("NotAllowedError", "microphone-denied"), ("NotFoundError", "microphone-missing")]
)
async def test_a_microphone_that_cannot_be_had_is_told(tmp_path: Path, refusal: str, part: str) -> None:
    async with zentrale(tmp_path / "z") as gateway, chromium() as browser:
        await agent_desk(browser, gateway)
        visitor = await visitor_page(browser, gateway)
        await visitor.page.evaluate(
            "name => { navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', name) } }",
            refusal,
        )
        await visitor.call()
        await visitor.sees(part)


async def test_a_visitor_is_told_that_all_agents_are_away(tmp_path: Path) -> None:
    async with zentrale(tmp_path / "z") as gateway, chromium() as browser:
        visitor = await visitor_page(browser, gateway)
        await visitor.sees("all-away")
        await agent_desk(browser, gateway)
        await visitor.sees_no("all-away")
