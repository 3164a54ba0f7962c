"""Chats through the session: lines, typing, a reloaded page on either side, and the limits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.model import events as ev
from gateway.model.errors import CapacityError, NotAllowedError
from gateway.session.states import ContactState
from tests.support.session_world import ANNA, BEN, World, world


@pytest.fixture
async def floor(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path, chat_line_chars_max=20, chat_lines_max=4, chats_max=2) as made:
        yield made


async def test_the_whole_story_of_a_chat(floor: World) -> None:
    floor.ready(ANNA)
    contact = await floor.chat("hello")
    await floor.agents.accept(ANNA, floor.ringing(ANNA))
    view = floor.contacts.view(contact)
    assert view is not None
    assert (view.state, view.agent_name) == (ContactState.TALKING, "Anna")
    floor.agents.typing(ANNA, contact, True)
    assert floor.last(ev.TypingNoticed).author is ev.Party.AGENT
    line = await floor.agents.write(ANNA, contact, "how can I help?")
    assert line.line == 2
    floor.contacts.customer_typing(contact, True)
    await floor.contacts.customer_wrote(contact, "it is dark")
    await floor.contacts.customer_left(contact)
    assert floor.agents.desk(ANNA).state is ev.AgentState.WRAP_UP
    await floor.session.flushed()
    timeline = await floor.store.timeline(contact)
    lines = [(event.author, event.text) for event in timeline if isinstance(event, ev.LineWritten)]
    assert lines == [
        (ev.Party.CUSTOMER, "hello"),
        (ev.Party.AGENT, "how can I help?"),
        (ev.Party.CUSTOMER, "it is dark"),
    ]
    assert not any(isinstance(event, ev.TypingNoticed) for event in timeline)
    with pytest.raises(NotAllowedError, match="ended"):
        await floor.contacts.customer_wrote(contact, "one more thing")


async def test_a_visitor_who_reloads_goes_on_chatting(floor: World) -> None:
    floor.ready(ANNA)
    contact = await floor.chat()
    await floor.agents.accept(ANNA, floor.ringing(ANNA))
    floor.contacts.customer_disconnected(contact)
    desk = floor.agents.desk(ANNA).contact
    assert desk is not None
    assert not desk.customer_connected
    floor.clock.advance(9_000)
    floor.contacts.customer_reconnected(contact)
    floor.clock.advance(60_000)
    await floor.contacts.customer_wrote(contact, "back again")
    assert floor.kinds(contact)[-3:] == ["CustomerConnectionLost", "CustomerConnectionRestored", "LineWritten"]


@pytest.mark.parametrize("answered", [False, True])
async def test_a_visitor_who_stays_away_ends_the_chat(floor: World, answered: bool) -> None:
    floor.ready(ANNA)
    contact = await floor.chat()
    if answered:
        await floor.agents.accept(ANNA, floor.ringing(ANNA))
    floor.contacts.customer_disconnected(contact)
    floor.clock.advance(10_000)
    ended = floor.last(ev.ContactEnded)
    assert (ended.contact, ended.by, ended.cause) == (contact, ev.Party.CUSTOMER, ev.EndCause.CONNECTION_LOST)
    assert floor.agents.desk(ANNA).offer is None


async def test_the_agents_page_goes_and_the_chat_finds_another(floor: World) -> None:
    floor.ready(ANNA, BEN)
    contact = await floor.chat()
    await floor.agents.accept(ANNA, floor.ringing(ANNA))
    floor.agents.page_disconnected(ANNA)
    view = floor.contacts.view(contact)
    assert view is not None
    assert view.state is ContactState.PARTED
    await floor.contacts.customer_wrote(contact, "still there?")
    floor.clock.advance(10_000)
    await floor.agents.accept(BEN, floor.ringing(BEN))
    assert floor.agents.desk(ANNA).state is ev.AgentState.SIGNED_OUT


async def test_the_agents_page_comes_back_in_time(floor: World) -> None:
    floor.ready(ANNA, BEN)
    contact = await floor.chat()
    await floor.agents.accept(ANNA, floor.ringing(ANNA))
    floor.agents.page_disconnected(ANNA)
    floor.clock.advance(5_000)
    floor.agents.page_connected(ANNA)
    floor.clock.advance(60_000)
    await floor.agents.write(ANNA, contact, "sorry, my laptop")
    assert floor.agents.desk(BEN).offer is None


async def test_lines_have_limits(floor: World) -> None:
    with pytest.raises(NotAllowedError, match="empty"):
        await floor.chat("  ")
    with pytest.raises(CapacityError, match="split"):
        await floor.chat("x" * 21)
    contact = await floor.chat("1")
    for text in ("2", "3", "4"):
        await floor.contacts.customer_wrote(contact, text)
    with pytest.raises(CapacityError) as caught:
        await floor.contacts.customer_wrote(contact, "5")
    assert caught.value.limit == "limits.chat_lines_max"
    await floor.chat("second")
    with pytest.raises(CapacityError, match="places"):
        await floor.chat("third")


async def test_what_a_call_can_a_chat_cannot(floor: World) -> None:
    floor.ready(ANNA)
    chat = await floor.chat()
    await floor.agents.accept(ANNA, floor.ringing(ANNA))
    with pytest.raises(NotAllowedError):
        floor.agents.hold(ANNA, chat)
    floor.agents.hang_up(ANNA, chat)
    with pytest.raises(NotAllowedError, match="ended"):
        await floor.agents.write(ANNA, chat, "too late")
    with pytest.raises(NotAllowedError, match="outcome"):
        await floor.agents.choose_outcome(ANNA, chat, "no such thing", "")
