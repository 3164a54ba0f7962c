"""The visitor's socket: a call, a chat that survives a reload, and clear words when nobody is there."""

from __future__ import annotations

import asyncio
from pathlib import Path

from gateway.config.schema import TurnConfig
from gateway.model.errors import PeerError
from gateway.model.events import EndCause
from tests.support.api_world import ApiWorld, Page, api_world
from tests.support.session_world import ANNA


async def test_the_welcome_says_whether_somebody_is_there(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        vera = await api.visitor()
        welcome = await vera.see("welcome")
        assert (welcome["call_open"], welcome["chat_open"]) == (False, False)
        anna = await api.agent("anna", ready=False)
        assert "channels" not in [frame["type"] for frame in vera.frames], "signed in but paused is away"
        await anna.send(type="ready")
        channels = await vera.see("channels")
        assert (channels["call_open"], channels["chat_open"]) == (True, True)
        await anna.send(type="pause", reason="Lunch")
        assert (await vera.see("channels"))["chat_open"] is False


async def chatting(api: ApiWorld) -> tuple[Page, Page, str, str]:
    """Anna and Vera in a chat: both pages, Vera's token and the contact."""
    anna = await api.agent("anna")
    vera = await api.visitor()
    token = (await vera.see("welcome"))["token"]
    await vera.send(type="chat_start", text="hello", key=1, name=" Vera\n ")
    assert (await vera.see("line_stored"))["key"] == 1
    offer = (await anna.see("offer_ringing"))["offer"]
    assert offer["customer_name"] == "Vera"
    await anna.send(type="accept", offer=offer["offer"])
    await anna.see("transcript")
    await vera.see("chat_state", state="talking", agent_name="Anna")
    return anna, vera, token, offer["contact"]


async def test_a_chat_from_first_line_to_goodbye(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        anna, vera, _, contact = await chatting(api)
        await anna.send(type="typing", contact=contact, typing=True)
        assert (await vera.see("typing"))["typing"] is True
        await anna.send(type="write", contact=contact, text="good morning", key=1)
        line = (await vera.see("line"))["line"]
        assert (line["author"], line["name"], line["text"]) == ("agent", "Anna", "good morning")
        await vera.send(type="typing", typing=True)
        await anna.see("typing")
        await vera.send(type="write", text=" my bike \n", key=2)
        assert (await anna.see("line", line__author="customer"))["line"]["text"] == "my bike"
        await vera.send(type="leave")
        ended = await vera.see("chat_state", state="ended")
        assert (ended["by"], ended["cause"]) == ("customer", "hung_up")
        await anna.see("contact", contact__state="wrap_up")
        await vera.send(type="write", text="one more", key=3)
        assert (await vera.see("error"))["key"] == 3


async def test_a_reload_brings_the_whole_chat_back_and_the_agent_sees_it(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        anna, vera, token, contact = await chatting(api)
        await vera.send(type="write", text="second", key=2)
        await anna.see("line")
        await vera.close()
        await anna.see("contact", contact__customer_connected=False)
        await anna.send(type="write", contact=contact, text="are you there?", key=1)
        await anna.see("line_stored")
        vera = await api.visitor(token)
        assert (await vera.see("welcome"))["token"] == token
        shown = await vera.see("chat_state")
        assert (shown["contact"], shown["state"], shown["agent_name"]) == (contact, "talking", "Anna")
        lines = (await vera.see("transcript"))["lines"]
        assert [line["text"] for line in lines] == ["hello", "second", "are you there?"]
        assert [line["line"] for line in lines] == [1, 2, 3]
        await anna.see("contact", contact__customer_connected=True)
        await vera.send(type="write", text="yes", key=3)
        assert (await anna.see("line", line__text="yes"))["line"]["line"] == 4
        timeline = api.world.kinds(contact)  # type: ignore[arg-type]
        assert timeline.count("CustomerConnectionLost") == timeline.count("CustomerConnectionRestored") == 1


async def test_lines_written_while_the_page_reloads_are_neither_lost_nor_doubled(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        anna, vera, token, contact = await chatting(api)
        await vera.close()

        async def write() -> None:
            for number in range(20):
                await anna.send(type="write", contact=contact, text=f"line {number}", key=number)
                await asyncio.sleep(0)

        writing = asyncio.create_task(write())
        vera = await api.visitor(token)
        await writing
        for _ in range(20):
            await anna.see("line_stored")
        await vera.send(type="write", text="end", key=99)
        await vera.see("line", line__text="end")
        merged: dict[int, str] = {}
        for frame in vera.frames:
            for line in frame.get("lines", []) + ([frame["line"]] if frame["type"] == "line" else []):
                assert merged.setdefault(line["line"], line["text"]) == line["text"]
        assert [merged[key] for key in sorted(merged)] == ["hello", *(f"line {n}" for n in range(20)), "end"]


async def test_a_visitor_who_stays_away_loses_the_chat_and_is_told_later(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        anna, vera, token, _ = await chatting(api)
        await vera.close()
        await anna.see("contact", contact__customer_connected=False)
        api.world.clock.advance(10_000)
        await anna.see("contact", contact__state="wrap_up")
        vera = await api.visitor(token)
        ended = await vera.see("chat_state")
        assert (ended["state"], ended["cause"]) == ("ended", "connection_lost")
        assert len((await vera.see("transcript"))["lines"]) == 1


async def test_after_a_restart_the_page_learns_how_its_chat_ended(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        _, vera, token, contact = await chatting(api)
        restarting = asyncio.create_task(api.restart())
        await vera.closed()
        await restarting
        api.world.session.drain()
        await api.world.session.flushed()
        vera = await api.visitor(token)
        ended = await vera.see("chat_state")
        assert (ended["contact"], ended["state"], ended["cause"]) == (contact, "ended", "shutdown")
        assert [line["text"] for line in (await vera.see("transcript"))["lines"]] == ["hello"]


async def test_the_places_of_those_who_wait_move_up(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        first, second = await api.visitor(), await api.visitor()
        await first.send(type="chat_start", text="one", key=1)
        await first.see("chat_state", state="queued", position=1)
        await second.send(type="chat_start", text="two", key=1)
        await second.see("chat_state", state="queued", position=2)
        await first.send(type="leave")
        await first.see("chat_state", state="ended", cause="abandoned")
        api.world.clock.advance(0)
        await second.see("chat_state", state="queued", position=1)


async def test_a_call_from_offer_to_hang_up(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        anna = await api.agent("anna")
        vera = await api.visitor()
        await vera.send(type="call", sdp="v=0 offer", name="Vera")
        assert (await vera.see("call_answer"))["sdp"] == "v=0 answer"
        assert (await vera.see("call_state"))["state"] == "connecting"
        contact = await api.web_calls.connect()
        await vera.see("call_state", state="queued", contact=contact)
        offer = (await anna.see("offer_ringing"))["offer"]
        assert (offer["channel"], offer["customer_name"]) == ("web_call", "Vera")
        await anna.send(type="accept", offer=offer["offer"])
        await anna.see("contact", contact__state="connecting")
        api.audio.connect(ANNA, contact)
        await vera.see("call_state", state="talking", agent_name="Anna")
        await anna.send(type="hold", contact=contact)
        await vera.see("call_state", state="held")
        await anna.send(type="resume", contact=contact)
        await vera.see("call_state", state="talking")
        await vera.send(type="digit", digit="5")
        await vera.send(type="hang_up")
        ended = await vera.see("call_state", state="ended")
        assert (ended["by"], ended["cause"]) == ("customer", "hung_up")
        assert "DigitPressed" in api.world.kinds(contact)


async def test_a_further_offer_of_a_call_is_answered_by_its_number(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        vera = await api.visitor()
        await vera.send(type="call_update", sdp="v=0 restart", key=1)
        assert (await vera.see("error"))["where"] == "call_update"
        await vera.send(type="call", sdp="v=0 offer")
        assert (await vera.see("call_answer"))["key"] is None
        contact = await api.web_calls.connect()
        await vera.send(type="call_update", sdp="v=0 restart", key=2)
        answer = await vera.see("call_answer")
        assert (answer["sdp"], answer["key"]) == ("v=0 further answer", 2)
        await vera.send(type="call_update", sdp="no description", key=3)
        error = await vera.see("error")
        assert (error["where"], error["key"], error["kind"]) == ("call_update", 3, "peer")
        assert api.world.kinds(contact).count("ContactOpened") == 1


async def test_relays_come_with_credentials_and_not_without_end(tmp_path: Path) -> None:
    turn = TurnConfig(urls=["stun:s.example", "turn:t.example", "turns:t.example:443"], secret="s" * 16)
    async with api_world(tmp_path, turn=turn) as api:
        vera = await api.visitor()
        await vera.send(type="ping")
        await vera.see("pong")
        await vera.send(type="ask_ice_servers")
        stun, relays = (await vera.see("ice_servers"))["servers"]
        assert stun == {"urls": ["stun:s.example"], "username": None, "credential": None}
        assert relays["urls"] == ["turn:t.example", "turns:t.example:443"]
        expires, _, user = relays["username"].partition(":")
        assert int(expires) == api.world.clock.now_ns() // 10**9 + turn.credentials_s
        assert len(user) == 16
        # One socket takes 75 frames at once; all sockets of an address together get relays 120 times a minute.
        for _ in range(3):
            other = await api.visitor()
            for _ in range(70):
                await other.send(type="ask_ice_servers")
        error = await other.see("error")
        assert (error["where"], error["kind"]) == ("ask_ice_servers", "capacity")


async def test_a_call_that_can_not_be_made_says_why(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        vera = await api.visitor()
        api.web_calls.refusal = PeerError("the offer has no audio")
        await vera.send(type="call", sdp="v=0 offer")
        ended = await vera.see("call_state", state="ended")
        assert ended["message"] == "the offer has no audio"
        assert (await vera.see("error"))["where"] == "call"
        api.web_calls.refusal = None
        await vera.send(type="call", sdp="v=0 offer")
        await vera.see("call_state", state="connecting")
        api.web_calls.lines[-1].on_ended(EndCause.REJECTED, "a firewall may block it")
        assert (await vera.see("call_state", state="ended"))["message"] == "a firewall may block it"


async def test_a_page_reloaded_in_a_call_ends_it_a_page_reconnected_keeps_it(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        vera = await api.visitor()
        token = (await vera.see("welcome"))["token"]
        await vera.send(type="call", sdp="v=0 offer")
        await vera.see("call_answer")
        contact = await api.web_calls.connect()
        await vera.see("call_state", state="queued")
        await vera.close()
        vera = await api.visitor(token, has_call=True)
        await vera.see("call_state", state="queued", contact=contact)
        await vera.close()
        vera = await api.visitor(token)
        ended = await vera.see("call_state")
        assert (ended["state"], ended["cause"]) == ("ended", "connection_lost")


async def test_limits_of_one_visitor(tmp_path: Path) -> None:
    async with api_world(tmp_path, contacts_per_visitor_max=1, chat_line_chars_max=10) as api:
        vera = await api.visitor()
        assert (await vera.see("welcome"))["line_chars_max"] == 10
        await vera.send(type="chat_start", text="x" * 11, key=1)
        assert "11 characters" in (await vera.see("error"))["error"]
        await vera.send(type="chat_start", text="hello", key=2)
        await vera.see("line_stored")
        await vera.send(type="call", sdp="v=0 offer")
        error = await vera.see("error")
        assert (error["kind"], error["where"]) == ("capacity", "call")
        await vera.send(type="chat_start", text="again", key=3)
        assert (await vera.see("error"))["key"] == 3


async def test_the_first_frame_must_be_hello(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        vera = Page(await api.client().ws_connect(api.url("/api/visitor")))
        await vera.send(type="write", text="x", key=1)
        assert "hello" in (await vera.see("error"))["error"]


async def test_pages_are_limited(tmp_path: Path) -> None:
    async with api_world(tmp_path, pages_max=1) as api:
        first = await api.visitor()
        await first.see("welcome")
        async with api.client().get(api.url("/api/visitor")) as response:
            assert response.status == 503
            assert response.headers["Retry-After"]
