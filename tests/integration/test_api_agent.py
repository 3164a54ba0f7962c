"""The agent's socket: what the page shows follows the session, whatever happens to the page."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest

from gateway.api import socket as api_socket
from gateway.model import events as ev
from gateway.model.ids import ContactId, RecordingId
from tests.support.api_world import ApiWorld, Page, api_world
from tests.support.patience import PATIENCE_S
from tests.support.session_world import ANNA, SUPPORT


async def test_the_desk_of_a_fresh_page(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        page = await api.agent("anna", ready=False)
        desk = page.frames[0]
        assert desk["agent_name"] == "Anna"
        assert desk["state"]["state"] == "paused"
        assert desk["queues"][0]["title"] == "Support"
        assert desk["offer"] is None
        assert desk["contacts"] == []


async def test_a_chat_rings_is_accepted_and_wrapped_up(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        anna = await api.agent("anna")
        contact = await api.world.chat("my first line")
        offer = (await anna.see("offer_ringing"))["offer"]
        assert (offer["contact"], offer["customer_name"], offer["queue_title"]) == (contact, "Vera", "Support")
        assert offer["why"]
        assert offer["expires_ms"] - offer["offered_ms"] == 20_000
        await anna.send(type="accept", offer=offer["offer"])
        await anna.see("contact", contact__state="talking")
        assert (await anna.see("transcript"))["lines"][0]["text"] == "my first line"

        await anna.send(type="write", contact=contact, text="how can I help?", key=5)
        line = (await anna.see("line"))["line"]
        assert (line["author"], line["name"], line["line"]) == ("agent", "Anna", 2)
        assert (await anna.see("line_stored"))["key"] == 5
        api.world.contacts.customer_typing(contact, True)
        assert (await anna.see("typing"))["typing"] is True

        await anna.send(type="hang_up", contact=contact)
        shown = await anna.see("contact", contact__state="wrap_up")
        assert shown["contact"]["until_ms"] is not None
        await anna.send(type="outcome", contact=contact, outcome="solved", note="easy")
        await anna.see("contact", contact__outcome="solved")
        await anna.send(type="finish_wrap_up", contact=contact)
        await anna.see("contact_gone", contact=contact)
        await anna.see("agent_state", state__state="available")
        record = await api.world.store.contact(contact)
        assert record is not None
        assert (record.outcome, record.note) == ("solved", "easy")


async def test_an_offer_that_nobody_takes_goes_on_and_the_page_says_so(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        anna = await api.agent("anna")
        await api.world.chat()
        offer = (await anna.see("offer_ringing"))["offer"]
        api.world.clock.advance(20_000)
        assert (await anna.see("offer_closed"))["end"] == "expired"
        await anna.see("agent_state", state__state="not_responding")
        await anna.send(type="accept", offer=offer["offer"])
        error = await anna.see("error")
        assert (error["kind"], error["where"]) == ("request", "accept")


async def test_a_reloaded_page_gets_offer_contact_and_transcript_back(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        client = await api.signed_in("anna")
        anna = await api.agent("anna", client=client)
        contact = await api.world.chat()
        offer = (await anna.see("offer_ringing"))["offer"]
        await anna.send(type="accept", offer=offer["offer"])
        await anna.see("contact", contact__state="talking")
        await anna.close()
        again = await api.agent("anna", client=client, ready=False)
        assert again.frames[0]["contacts"][0]["contact"] == contact
        assert again.frames[0]["state"]["state"] == "busy"
        assert len((await again.see("transcript"))["lines"]) == 1


async def test_a_cookie_outlives_the_server(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        client = await api.signed_in("anna")
        page = await api.agent("anna", client=client)
        restarting = asyncio.create_task(api.restart())
        assert await page.closed() == aiohttp.WSCloseCode.GOING_AWAY
        await restarting
        again = await api.agent("anna", client=client, ready=False)
        assert again.frames[0]["agent"] == "anna"


async def talking(api: ApiWorld) -> tuple[aiohttp.ClientSession, Page, ContactId]:
    client = await api.signed_in("anna")
    anna = await api.agent("anna", client=client)
    _, contact = await api.world.call()
    offer = (await anna.see("offer_ringing"))["offer"]
    await anna.send(type="accept", offer=offer["offer"])
    await anna.see("contact", contact__state="connecting")
    await anna.send(type="media_offer", contact=contact, sdp="v=0 offer")
    assert (await anna.see("media_answer"))["sdp"] == "v=0 answer"
    api.audio.connect(ANNA, contact)
    await anna.see("contact", contact__state="talking", contact__media="here")
    return client, anna, contact


async def test_hold_resume_and_hang_up_of_a_call(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        _, anna, contact = await talking(api)
        await anna.send(type="hold", contact=contact)
        await anna.see("contact", contact__state="held")
        await anna.send(type="resume", contact=contact)
        await anna.see("contact", contact__state="talking")
        await anna.send(type="hang_up", contact=contact)
        await anna.see("contact", contact__state="wrap_up")


async def test_a_second_page_may_take_the_sound_and_the_first_is_told(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        client, anna, contact = await talking(api)
        other = await api.agent("anna", client=client, ready=False)
        assert other.frames[0]["contacts"][0]["media"] == "elsewhere"
        await other.send(type="media_offer", contact=contact, sdp="v=0 offer")
        await other.see("contact", contact__media="here")
        await anna.see("media_moved")
        await anna.see("contact", contact__media="elsewhere")
        await other.close()
        await anna.see("contact", contact__media="nowhere")


async def test_a_further_offer_is_answered_by_its_number(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        _, anna, contact = await talking(api)
        await anna.send(type="media_update", contact=contact, sdp="v=0 restart", key=7)
        answer = await anna.see("media_answer")
        assert (answer["sdp"], answer["key"]) == ("v=0 further answer", 7)
        ben = await api.agent("ben", ready=False)
        await ben.send(type="media_update", contact=contact, sdp="v=0 restart", key=8)
        error = await ben.see("error")
        assert (error["where"], error["key"]) == ("media_update", 8)


async def test_an_agents_page_gets_no_relays_where_there_are_none(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        anna = await api.agent("anna")
        await anna.send(type="ping")
        await anna.see("pong")
        await anna.send(type="ask_ice_servers")
        assert await anna.see("ice_servers") == {"type": "ice_servers", "servers": [], "relay_only": False}


async def test_sound_for_a_contact_of_somebody_else_is_refused(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        _, _, contact = await talking(api)
        ben = await api.agent("ben", ready=False)
        await ben.send(type="media_offer", contact=contact, sdp="v=0 offer")
        assert (await ben.see("error"))["where"] == "media_offer"
        assert [agent for agent, _, _ in api.audio.offers] == [ANNA]


async def test_a_recording_is_announced_to_its_agent(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        _, anna, contact = await talking(api)
        api.world.session.bus.publish(
            ev.RecordingStored(
                at_ns=api.world.clock.ns,
                contact=contact,
                recording=RecordingId("r1"),
                agent=ANNA,
                path="a.ogg",
                duration_ms=1234,
                size_bytes=9,
            )
        )
        frame = await anna.see("recording_ready")
        assert (frame["recording"], frame["duration_ms"]) == ("r1", 1234)


async def test_queue_counts_follow(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        anna = await api.agent("anna", ready=False)
        await api.world.chat()
        await api.world.chat()
        api.world.clock.advance(0)
        queues = (await anna.see("queues"))["queues"]
        assert queues[0]["name"] == SUPPORT
        assert queues[0]["waiting"] == 2
        assert queues[0]["longest_since_ms"] == api.world.clock.ns // 1_000_000


async def test_pausing_and_signing_out(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        anna = await api.agent("anna")
        await anna.send(type="pause", reason="Lunch")
        state = (await anna.see("agent_state", state__state="paused"))["state"]
        assert state["reason"] == "Lunch"
        await anna.send(type="sign_out")
        await anna.see("agent_state", state__state="signed_out")


async def test_bad_frames_are_answered_and_the_sixth_closes(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        anna = await api.agent("anna")
        for _ in range(api_socket.BAD_FRAMES_MAX):
            await anna.socket.send_str('{"type":"accept"}')
            error = await anna.see("error")
            assert "offer" in error["error"]
            assert error["what_to_do"]
        await anna.socket.send_str("x")
        assert await anna.closed() == aiohttp.WSCloseCode.POLICY_VIOLATION


async def test_a_flood_of_frames_closes(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        anna = await api.agent("anna")
        for _ in range(api_socket.FRAMES_BURST + 50):
            await anna.send(type="reject", offer=1)
        assert await anna.closed() == aiohttp.WSCloseCode.POLICY_VIOLATION


async def test_a_frame_that_is_too_large_closes(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        anna = await api.agent("anna")
        await anna.socket.send_str("x" * (api_socket.FRAME_BYTES_MAX + 1))
        assert await anna.closed() == aiohttp.WSCloseCode.MESSAGE_TOO_BIG


async def test_a_page_that_does_not_read_is_cut_off_and_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_socket, "CLOSE_S", 0.2)
    monkeypatch.setattr(api_socket, "QUEUE_FRAMES_MAX", 8)
    async with api_world(tmp_path) as api:
        slow = await api.agent("anna", ready=False)
        ben = await api.agent("ben", ready=False)
        transport = slow.socket._response.connection.transport  # type: ignore[union-attr]
        transport.pause_reading()  # type: ignore[union-attr]
        for number in range(400):
            # More than the kernel's buffers hold, so that frames wait at last.
            api.world.session.bus.publish(
                ev.RecordingStored(
                    at_ns=number,
                    contact=ContactId("x" * 50_000),
                    recording=RecordingId("r"),
                    agent=ANNA,
                    path="",
                    duration_ms=0,
                    size_bytes=0,
                )
            )
            await asyncio.sleep(0)
        async with asyncio.timeout(PATIENCE_S):
            while api.world.session._floor.seats[ANNA].pages:  # noqa: ASYNC110 - the seat has no event
                await asyncio.sleep(0.02)
        await ben.send(type="ready")
        await ben.see("agent_state", state__state="available")


async def test_a_socket_needs_a_cookie_and_the_own_page(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await api.client().ws_connect(api.url("/api/agent"))
        assert caught.value.status == 401
        client = await api.signed_in("anna")
        for path in ("/api/agent", "/api/visitor"):
            for origin in ("https://evil.example", "null"):
                with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                    await client.ws_connect(api.url(path), headers={"Origin": origin})
                assert caught.value.status == 403
            async with client.ws_connect(api.url(path), headers={"Origin": api.server.url}):
                pass


async def test_signing_out_by_http_closes_the_pages_of_that_cookie(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        client = await api.signed_in("anna")
        page = await api.agent("anna", client=client)
        other = await api.agent("anna", ready=False)
        async with client.post(api.url("/api/logout")) as response:
            assert response.status == 204
        assert await page.closed() == 4401
        await other.send(type="pause", reason="still here")
        await other.see("agent_state", state__reason="still here")
