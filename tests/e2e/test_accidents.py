"""What goes wrong in real life: each accident leaves a right state and a right record."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support import baresip, sipp
from tests.support.chromium import asleep, chromium, tone_wav, wait_for_tone
from tests.support.pages import agent_desk, visitor_page
from tests.support.patience import PATIENCE_S
from tests.support.sipp_scenario import Scenario
from tests.support.sound import OPUS_HZ, read_opus
from tests.support.zentrale import Zentrale, zentrale

PATIENT = Scenario("patient").invite().expect(200).ack().receive("BYE", timeout_ms=60_000)


async def test_caller_hangs_up_while_it_rings_at_the_agent(tmp_path: Path) -> None:
    async with zentrale(tmp_path / "z") as gateway, chromium() as browser, baresip.running() as phone:
        desk = await agent_desk(browser, gateway)
        await phone.dial("100", gateway.sip)
        await desk.sees("offer")
        await phone.hang_up()
        await desk.sees_no("offer")
        await desk.sees_state("agent-state", "available")
        (contact,) = await gateway.until_rows("SELECT * FROM contacts WHERE ended_ns IS NOT NULL")
        assert (contact["ended_by"], contact["end_cause"]) == ("customer", "abandoned")
        assert contact["answered_ns"] is None
        timeline = await gateway.story(contact["contact"], "OfferClosed")
        assert timeline[-3:] == ["ContactOffered", "ContactEnded", "OfferClosed"]
        # And the agent is as free as before.
        async with sipp.running(PATIENT, gateway.sip, timeout_s=60) as carrier:
            await desk.accept()
            await desk.sees_state("call", "talking")
            await desk.click("hang-up")
            await carrier.finished()


async def test_the_agents_browser_crashes_in_the_middle_of_a_call(tmp_path: Path) -> None:
    async with zentrale(tmp_path / "z") as gateway, chromium(tone_wav(tmp_path / "ben.wav", 1000)) as bens:
        async with chromium() as annas, sipp.running(PATIENT, gateway.sip, timeout_s=90) as carrier:
            anna = await agent_desk(annas, gateway, "anna")
            contact = await anna.accept()
            await anna.sees_state("call", "talking")
            ben = await agent_desk(bens, gateway, "ben")
            # Not a goodbye: the browser is gone from one moment to the next.
            session = await annas.new_browser_cdp_session()
            crash = asyncio.create_task(session.send("Browser.crash"))
            await ben.sees("offer")
            assert await ben.accept() == contact
            await ben.sees_state("call", "talking")
            await ben.click("hang-up")
            await carrier.finished(within_s=60)
            crash.cancel()
            await asyncio.gather(crash, return_exceptions=True)
        kinds = gateway.timeline(contact)
        lost = kinds.index("AgentConnectionLost")
        assert kinds[lost:].index("ContactRequeued") < kinds[lost:].index("ContactAssigned")
        (record,) = await gateway.until_rows("SELECT * FROM contacts WHERE ended_ns IS NOT NULL")
        assert (record["agent"], record["ended_by"]) == ("ben", "agent")
        recordings = await gateway.until_rows("SELECT agent FROM recordings WHERE contact=?", contact, count=2)
        assert sorted(row["agent"] for row in recordings) == ["anna", "ben"]
        # Whether her page comes back is waited for, for as long as it may.
        await gateway.until_rows("SELECT 1 FROM agent_states WHERE agent='anna' AND state='signed_out'", within_s=30)


async def test_the_agents_laptop_is_closed_in_the_middle_of_a_call(tmp_path: Path) -> None:
    """It says nothing any more, and its connections stay open: only what is missing tells that it is gone."""
    async with (
        zentrale(tmp_path / "z", reconnect_ms=1000) as gateway,
        chromium(tone_wav(tmp_path / "ben.wav", 1000)) as bens,
        chromium() as annas,
        sipp.running(PATIENT, gateway.sip, timeout_s=110) as carrier,
    ):
        anna = await agent_desk(annas, gateway, "anna")
        contact = await anna.accept()
        await anna.sees_state("call", "talking")
        ben = await agent_desk(bens, gateway, "ben")
        async with asleep(annas):
            await gateway.until_rows(
                "SELECT 1 FROM contact_events WHERE contact=? AND kind='AgentConnectionLost'", contact, within_s=40
            )
            assert await ben.accept() == contact
            await ben.sees_state("call", "talking")
        # The laptop is opened again: the call is not there any more, and the page says so.
        await anna.sees("desk")
        await anna.sees_no("call")
        await ben.click("hang-up")
        await carrier.finished(within_s=60)
        (record,) = await gateway.until_rows("SELECT * FROM contacts WHERE ended_ns IS NOT NULL")
        assert (record["agent"], record["ended_by"], record["end_cause"]) == ("ben", "agent", "hung_up")
        assert gateway.timeline(contact).count("ContactAssigned") == 2


MALFORMED = [
    b"INVITE sip:100@127.0.0.1 SIP/2.0\r\n\r\n",
    b"INVITE sip:100@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK1\r\nFrom: <<<\r\nTo: \r\n\r\n",
    b"INVITE \xff\xfe SIP/2.0\r\nContent-Length: 99999\r\n\r\nv=0",
    b"INVITE sip:100@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK2\r\n"
    b"From: <sip:a@b>;tag=1\r\nTo: <sip:100@127.0.0.1>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n"
    b"Contact: <sip:a@127.0.0.1:9>\r\nContent-Type: application/sdp\r\nContent-Length: 12\r\n\r\nthis=no sdp!",
    b"\x00" * 1500,
]


async def test_malformed_invites_do_no_harm(tmp_path: Path) -> None:
    async with zentrale(tmp_path / "z") as gateway, chromium() as browser:
        desk = await agent_desk(browser, gateway)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind(("127.0.0.1", 0))
            for packet in MALFORMED * 20:
                stranger.sendto(packet, gateway.sip)
        async with sipp.running(PATIENT, gateway.sip, timeout_s=60) as carrier:
            await desk.accept()
            await desk.sees_state("call", "talking")
            await desk.click("hang-up")
            await carrier.finished()
        assert len(gateway.contacts()) == 1, "only the good call became a contact"
        assert "Traceback" not in gateway.log()


@pytest.mark.parametrize("strangers", ["silence", "forbid"])
async def test_an_invite_from_a_network_that_is_not_allowed(tmp_path: Path, strangers: str) -> None:
    async with zentrale(tmp_path / "z", strangers=strangers) as gateway:
        if strangers == "forbid":
            refused = Scenario("refused").invite().expect(403, trying=False).ack_refusal()
            await sipp.run(refused, gateway.sip, local="127.0.0.2", calls=5)
        else:
            ignored = Scenario("ignored").invite(retransmit=False).expect_silence(1500)
            await sipp.run(ignored, gateway.sip, local="127.0.0.2", calls=5)
        assert gateway.contacts() == []
        async with asyncio.timeout(PATIENCE_S):
            while "127.0.0.2" not in gateway.log():  # noqa: ASYNC110 - a log tells nobody
                await asyncio.sleep(0.05)
        assert gateway.log().count("127.0.0.2") == 1, "one line for all of them"


class ApiAgent:
    """An agent at the API, quicker than any hand."""

    def __init__(self, session: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._session, self._socket = session, socket
        self.frames: list[dict[str, Any]] = []

    async def until(self, kind: str) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                frame = dict(await self._socket.receive_json())
                self.frames.append(frame)
                if frame["type"] == kind:
                    return frame

    async def send(self, **frame: Any) -> None:
        await self._socket.send_json(frame)


async def api_agent(session: aiohttp.ClientSession, gateway: Zentrale, agent: str) -> ApiAgent:
    login = {"login": agent, "password": gateway.password(agent)}
    async with session.post(f"{gateway.web}/api/login", json=login, headers={"Origin": gateway.web}) as answer:
        assert answer.status == 200, await answer.text()
    found = ApiAgent(session, await session.ws_connect(f"{gateway.web}/api/agent", headers={"Origin": gateway.web}))
    await found.until("desk")
    await found.send(type="ready")
    return found


async def test_an_offer_answered_at_the_very_moment_it_expires(tmp_path: Path) -> None:
    """Again and again, a little before and a little after: it is always one or the other, never both."""
    rounds = [-3, -2, -1, 0, 0, 0, 1, 2, 3]
    jar = aiohttp.CookieJar(unsafe=True)
    async with (
        zentrale(tmp_path / "z", agents=("anna",), offer_ms=1000, wrap_up_ms=0) as gateway,
        aiohttp.ClientSession(cookie_jar=jar) as session,
    ):
        anna = await api_agent(session, gateway, "anna")
        for offset_ms in rounds:
            hasty = Scenario("hasty").invite().expect(200).ack().receive("BYE", timeout_ms=30_000)
            async with sipp.running(hasty, gateway.sip, timeout_s=40) as carrier:
                offer = (await anna.until("offer_ringing"))["offer"]
                now_ms = asyncio.get_running_loop().time() * 1000
                left_ms = offer["expires_ms"] - offer["offered_ms"] + offset_ms
                await asyncio.sleep((now_ms + left_ms) / 1000 - asyncio.get_running_loop().time())
                await anna.send(type="accept", offer=offer["offer"])
                closed = await anna.until("offer_closed")
                contact = offer["contact"]
                if closed["end"] == "expired":
                    # Not responding until she says otherwise; the caller waits on and rings again.
                    assert gateway.rows("SELECT agent FROM contacts WHERE contact=?", contact)[0]["agent"] is None
                while closed["end"] == "expired":
                    await anna.send(type="ready")
                    again = (await anna.until("offer_ringing"))["offer"]
                    assert again["contact"] == contact
                    await anna.send(type="accept", offer=again["offer"])
                    closed = await anna.until("offer_closed")
                assert closed["end"] == "accepted"
                await anna.send(type="hang_up", contact=contact)
                await carrier.finished(within_s=30)
        await gateway.until_rows("SELECT 1 FROM contacts WHERE ended_ns IS NOT NULL", count=len(rounds))
        for record in gateway.contacts():
            kinds = await gateway.story(record["contact"], "ContactEnded")
            assert kinds.count("ContactAssigned") == 1
            assert kinds.count("ContactOffered") == kinds.count("OfferClosed")
            assert kinds[-1] == "ContactEnded"


async def test_a_kill_leaves_no_contact_dangling_and_pages_come_back(tmp_path: Path) -> None:
    async with zentrale(tmp_path / "z") as gateway, chromium(tone_wav(tmp_path / "mic.wav", 1000)) as browser:
        desk = await agent_desk(browser, gateway)
        visitor = await visitor_page(browser, gateway)
        async with sipp.running(PATIENT, gateway.sip, calls=2, limit=2, timeout_s=60):
            contact = await desk.accept()
            await desk.sees_state("call", "talking")
            await visitor.start_chat("Is anybody there?")
            await visitor.sees_state("chat", "queued")
            await asyncio.sleep(2)  # something to record
            await gateway.kill()
            await desk.sees("connection-lost")
        await gateway.start()
        await desk.sees_no("connection-lost")
        await desk.sees("desk")
        records = gateway.contacts()
        assert len(records) == 3
        calls = [r for r in records if r["channel"] != "chat"]
        assert {(r["ended_by"], r["end_cause"]) for r in calls} == {("system", "restart")}
        (recording,) = await gateway.until_rows("SELECT * FROM recordings WHERE contact=?", contact)
        samples = read_opus(gateway.recordings / recording["path"])
        assert len(samples) > OPUS_HZ, "the talk up to the kill is kept"
        await nothing_in(gateway.folder / "var" / "captures")
        # Everything works again without anybody doing anything: the agent is even ready again, and the chat has waited.
        chat = await desk.accept()
        assert chat == next(r["contact"] for r in records if r["channel"] == "chat")
        await visitor.sees_state("chat", "talking")
        await desk.click("end-chat")
        await desk.click("end-chat-sure")
        await visitor.sees_state("chat", "ended")
        await desk.finish()
        async with sipp.running(PATIENT, gateway.sip, timeout_s=60) as carrier:
            await desk.accept()
            await desk.sees_state("call", "talking")
            await desk.click("hang-up")
            await carrier.finished()
        # The journals of both lives, the one that was cut short and the present one.
        verified = await gateway.command("replay", str(gateway.folder / "var" / "journal"), "--verify")
        assert verified.count(": identical: ") == 2, verified
        explained = await gateway.command("explain", chat, "--config", str(gateway.config))
        assert "every decision came out the same" in explained
        assert "offer" in explained


async def nothing_in(folder: Path) -> None:
    """A capture goes once its recording is stored."""
    async with asyncio.timeout(PATIENCE_S):
        while list(folder.iterdir()):  # noqa: ASYNC110 - a folder tells nobody
            await asyncio.sleep(0.02)


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """64 KiB: two sides of G.711 fill it in under four seconds."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
async def test_a_full_disk_stops_the_recording_and_not_the_call(tmp_path: Path) -> None:
    captures = tmp_path / "z" / "var" / "captures"
    captures.mkdir(parents=True)
    with small_disk(captures):
        async with (
            zentrale(tmp_path / "z") as gateway,
            chromium(tone_wav(tmp_path / "mic.wav", 1000)) as browser,
            baresip.running(tone_hz=440) as phone,
        ):
            desk = await agent_desk(browser, gateway)
            await phone.dial("100", gateway.sip)
            contact = await desk.accept()
            await desk.sees_state("call", "talking")
            await desk.sees("recording-failed", "not being recorded")
            await desk.sees_state("call", "talking")
            await wait_for_tone(desk.page, 440)
            await desk.click("hang-up")
            await phone.event("CALL_CLOSED")
            await desk.finish()
            timeline = await gateway.story(contact, "OutcomeChosen")
            assert timeline.count("RecordingInterrupted") == 1
            assert timeline[-1] in ("OutcomeChosen", "RecordingStored")
            assert "No space left on device" in gateway.log()
            (recording,) = await gateway.until_rows("SELECT * FROM recordings WHERE contact=?", contact)
            assert len(read_opus(gateway.recordings / recording["path"])) > OPUS_HZ, "what had room is kept"


async def test_a_stop_says_goodbye_to_everybody(tmp_path: Path) -> None:
    async with zentrale(tmp_path / "z") as gateway, chromium(tone_wav(tmp_path / "mic.wav", 1000)) as browser:
        desk = await agent_desk(browser, gateway)
        visitor = await visitor_page(browser, gateway)
        async with sipp.running(PATIENT, gateway.sip, timeout_s=60) as carrier:
            await desk.accept()
            await desk.sees_state("call", "talking")
            await visitor.call("Vera")
            await visitor.sees_state("call-live", "queued")
            await wait_for_tone(visitor.page, 660, tolerance_hz=640)  # music, whatever its key
            await gateway.stop()
            await carrier.finished()
        assert {(r["ended_by"], r["end_cause"]) for r in gateway.contacts()} == {("system", "shutdown")}
        assert len(gateway.rows("SELECT 1 FROM recordings")) == 1
        await desk.sees("connection-lost")
