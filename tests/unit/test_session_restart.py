"""What a restart restores: agents go on where they were, chats keep their place, calls are closed with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from acd_core.journal import Encoder, Entry, Header, Reader, Standing
from acd_core.limits import Limits
from gateway.model import events as ev
from gateway.model.errors import InternalError
from gateway.model.ids import Channel, ContactId, QueueName
from tests.support.session_world import ANNA, BEN, VISITOR, World

STATE = ev.AgentState


class Memory:
    """A journal without a disk."""

    def __init__(self) -> None:
        self.encoder = Encoder()
        self.parts = [self.encoder.begin(Header("test", 0, 0, Limits()))]
        self.healthy = True

    def record(self, now_ns: int, event: object, decisions: list[object]) -> None:
        self.encoder.add(now_ns, event, decisions)  # type: ignore[arg-type]
        self.parts.append(self.encoder.take())

    def entries(self) -> list[Entry]:
        return [entry for record in Reader(b"".join(self.parts)) for entry in record.entries]

    def standing(self) -> Standing:
        reader = Reader(b"".join(self.parts))
        assert reader.header is not None
        standing = Standing(reader.header)
        for record in reader:
            standing.take(record.entries)
        return standing


def begin(directory: Path) -> tuple[World, Memory]:
    floor, journal = World(directory), Memory()
    floor.session._router._recorder = journal  # type: ignore[assignment]
    return floor, journal


async def kill(floor: World) -> None:
    """The process is gone: nothing is drained, but what was to be written is."""
    await floor.session.flushed()
    assert floor.session._appending is not None
    floor.session._appending.cancel()


def again(directory: Path, before: World, journal: Memory) -> World:
    after = World(directory)
    after.session._store = after.session._log._store = before.store
    after.session._standing = journal.standing()
    after.clock.ns = before.clock.ns
    return after


async def test_a_chat_keeps_its_place(tmp_path: Path) -> None:
    before, journal = begin(tmp_path)
    await before.session.__aenter__()
    first = await before.chat("first")
    before.clock.advance(5000)
    second = await before.chat("second")
    await before.contacts.customer_wrote(first, "still there?")
    await kill(before)

    after = again(tmp_path, before, journal)
    async with after.session:
        after.clock.advance(2000)
        third = await after.chat("third")
        views = [after.contacts.view(contact) for contact in (first, second, third)]
        assert [view.position if view else None for view in views] == [1, 2, 3]
        assert views[0] is not None
        assert views[0].opened_ns == before.of(ev.ContactOpened)[0].at_ns
        assert not views[0].customer_connected
        after.contacts.customer_reconnected(first)
        line = await after.contacts.customer_wrote(first, "here I am")
        assert line.line == 3
        after.clock.advance(10_000)
        view = after.contacts.view(first)
        assert view is not None
        assert view.position == 1
        assert after.contacts.view(second) is None
        assert after.last(ev.ContactEnded).contact == second
        assert after.last(ev.ContactEnded).cause is ev.EndCause.CONNECTION_LOST


async def test_a_chat_with_an_agent_goes_back_to_its_old_place(tmp_path: Path) -> None:
    before, journal = begin(tmp_path)
    await before.session.__aenter__()
    before.ready(ANNA)
    talking = await before.chat("first")
    await before.agents.accept(ANNA, before.ringing(ANNA))
    before.clock.advance(1000)
    waiting = await before.chat("second")
    await kill(before)

    after = again(tmp_path, before, journal)
    async with after.session:
        assert after.contacts.view(talking).position == 1  # type: ignore[union-attr]
        assert after.contacts.view(waiting).position == 2  # type: ignore[union-attr]
        after.contacts.customer_reconnected(talking)
        after.agents.page_connected(ANNA)
        assert after.agents.desk(ANNA).state is STATE.OFFERED
        assert after.agents.desk(ANNA).offer.contact.contact == talking  # type: ignore[union-attr]


async def test_calls_are_closed_and_chats_that_may_not_wait_on(tmp_path: Path) -> None:
    before, journal = begin(tmp_path)
    await before.session.__aenter__()
    _, call = await before.call()
    chat = await before.chat()
    gone = ContactId("0190a1b2-0000-7000-8000-000000000001")
    await before.store.append(
        [
            ev.ContactOpened(
                at_ns=1,
                contact=gone,
                channel=Channel.CHAT,
                queue=QueueName("no longer"),
                customer=VISITOR,
                called="web",
            )
        ]
    )
    await kill(before)
    after = again(tmp_path, before, journal)
    async with after.session:
        ended = {event.contact: event.cause for event in after.of(ev.ContactEnded)}
        assert ended == {call: ev.EndCause.RESTART, gone: ev.EndCause.RESTART}
        assert [record.contact for record in await before.store.open_contacts()] == [chat]


async def test_agents_go_on_as_the_journal_says(tmp_path: Path) -> None:
    """The journal knows more than the database: a pause that was asked for during a contact."""
    before, journal = begin(tmp_path)
    await before.session.__aenter__()
    before.ready(ANNA, BEN)
    await before.talk()
    before.agents.pause(ANNA, "lunch")
    await kill(before)
    after = again(tmp_path, before, journal)
    async with after.session:
        for agent in (ANNA, BEN):
            after.agents.page_connected(agent)
        assert after.agents.desk(ANNA).state is STATE.PAUSED
        assert after.agents.desk(BEN).state is STATE.AVAILABLE


async def wrapping_up(tmp_path: Path) -> World:
    """Anna, with 20 of 30 s of wrap-up left when the process is killed; started again."""
    before, journal = begin(tmp_path)
    await before.session.__aenter__()
    before.ready(ANNA)
    line, _, _ = await before.talk()
    before.contacts.line_ended(line, ev.EndCause.HUNG_UP)
    before.clock.advance(10_000)
    await kill(before)
    return again(tmp_path, before, journal)


async def test_a_wrap_up_is_not_cut_short(tmp_path: Path) -> None:
    after = await wrapping_up(tmp_path)
    async with after.session:
        after.clock.advance(2000)
        after.agents.page_connected(ANNA)
        desk = after.agents.desk(ANNA)
        assert (desk.state, desk.reason) == (STATE.PAUSED, "wrap-up")
        after.clock.advance(17_900)
        assert after.agents.desk(ANNA).state is STATE.PAUSED
        after.clock.advance(200)
        assert after.agents.desk(ANNA).state is STATE.AVAILABLE


async def test_who_is_ready_before_the_wrap_up_would_have_ended_is(tmp_path: Path) -> None:
    after = await wrapping_up(tmp_path)
    async with after.session:
        after.agents.page_connected(ANNA)
        after.agents.ready(ANNA)
        assert after.agents.desk(ANNA).state is STATE.AVAILABLE
        after.agents.pause(ANNA, "lunch")
        after.clock.advance(30_000)
        assert after.agents.desk(ANNA).reason == "lunch"


@pytest.mark.parametrize(("late_ms", "state"), [(25_000, STATE.AVAILABLE), (120_000, STATE.PAUSED)])
async def test_whose_page_comes_back_after_the_wrap_up(tmp_path: Path, late_ms: int, state: ev.AgentState) -> None:
    after = await wrapping_up(tmp_path)
    async with after.session:
        after.clock.advance(late_ms)
        assert after.agents.desk(ANNA).state is STATE.SIGNED_OUT
        after.agents.page_connected(ANNA)
        assert after.agents.desk(ANNA).state is state


async def test_while_the_journal_fails_new_contacts_are_refused(tmp_path: Path) -> None:
    floor, journal = begin(tmp_path)
    async with floor.session:
        chat = await floor.chat()
        journal.healthy = False
        with pytest.raises(InternalError, match="journal can't be written"):
            await floor.chat()
        await floor.contacts.customer_wrote(chat, "this goes on")
        journal.healthy = True
        await floor.chat()
    assert any(type(entry.event).__name__ == "ContactArrived" for entry in journal.entries())
