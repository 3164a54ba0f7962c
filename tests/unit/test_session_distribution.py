"""What the distribution settings make of calls and chats: overflow, hours, last agent, transfer, several chats."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from gateway.config.loader import parse
from gateway.model import events as ev
from gateway.model.errors import InternalError, NotAllowedError, NotFoundError
from gateway.model.ids import AgentId, ContactId, QueueName
from gateway.session.states import ContactState
from tests.support.session_world import ANNA, BEN, CALLER, SUPPORT, FakeLine, World, world

SECOND, CAROL = QueueName("second"), AgentId("carol")
OTHER_CALLER = ev.Customer(address="tel:+4930999", name="+4930999")
HOUR_MS = 3_600_000

Make = Callable[..., AbstractAsyncContextManager[World]]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A world whose queue ``support`` and agents Anna and Ben (support) have these settings more; Carol has second."""

    def made(*, queue: str = "", agent: str = "", top: str = "") -> AbstractAsyncContextManager[World]:
        text = f"""
{top}
[[agents]]
login = "anna"
name = "Anna"
queues = ["support"]
{agent}
[[agents]]
login = "ben"
name = "Ben"
queues = ["support"]
{agent}
[[agents]]
login = "carol"
name = "Carol"
queues = ["second"]
[[queues]]
name = "second"
title = "Second"
music = "ringback"
outcomes = ["done"]
[[numbers]]
number = "100"
queue = "support"
[[numbers]]
number = "900"
queue = "support"
priority = 5
[[queues]]
name = "support"
title = "Support"
{queue}
"""
        return world(tmp_path, parse(text, file="z.toml"))

    return made


async def accept(floor: World, agent: AgentId) -> ContactId:
    return await floor.agents.accept(agent, floor.ringing(agent))


async def talking(
    floor: World, agent: AgentId, customer: ev.Customer = CALLER, queue: QueueName = SUPPORT
) -> tuple[FakeLine, ContactId]:
    line, contact = await floor.call(customer=customer, queue=queue)
    assert await accept(floor, agent) == contact
    floor.agents.attach_leg(agent, contact, floor.agent_leg())
    return line, contact


async def spoken_with(floor: World, agent: AgentId, customer: ev.Customer = CALLER) -> None:
    """A call of the customer with the agent, all over."""
    _, contact = await talking(floor, agent, customer)
    floor.clock.advance(60_000)
    floor.agents.hang_up(agent, contact)
    floor.agents.finish_wrap_up(agent, contact)
    await floor.session.flushed()


# Order and flow


async def test_the_number_called_says_how_urgent_it_is(make: Make) -> None:
    async with make(queue='order = { policy = "priority", level_ms = 60000 }') as floor:
        await floor.call()
        floor.clock.advance(240_000)
        _, urgent = await floor.call(called="900")
        floor.ready(ANNA)
        assert await accept(floor, ANNA) == urgent


async def test_who_waits_too_long_goes_on_to_another_queue_and_keeps_the_place(make: Make) -> None:
    async with make(queue='overflow = [{ to = "second", when = "wait", after_ms = 30000 }]') as floor:
        line, contact = await floor.call()
        floor.clock.advance(10_000)
        _, younger = await floor.call(queue=SECOND)
        floor.clock.advance(20_000)
        moved = floor.last(ev.ContactMoved)
        assert (moved.contact, moved.from_queue, moved.queue) == (contact, SUPPORT, SECOND)
        assert moved.reason == "overflow: wait"
        assert floor.media.hears(line.leg) == "ringback", "the other queue's music"
        views = [floor.contacts.view(contact), floor.contacts.view(younger)]
        assert [(view.queue, view.position) for view in views if view is not None] == [(SECOND, 1), (SECOND, 2)]
        floor.ready(CAROL)
        assert await accept(floor, CAROL) == contact
        await floor.session.flushed()
        record = await floor.store.contact(contact)
        assert record is not None
        assert record.queue == SECOND


async def test_nobody_is_served_before_the_doors_open(make: Make) -> None:
    # The clock begins on a Tuesday, 22:13:20 UTC.
    hours = '[queues.hours]\nwednesday = ["08:00-17:00"]\n'
    async with make(queue=hours) as floor:
        floor.ready(ANNA)
        assert not floor.agents.desk(ANNA).queues[0].open
        _, contact = await floor.call()
        assert floor.agents.desk(ANNA).offer is None
        floor.clock.advance(9 * HOUR_MS)
        assert floor.agents.desk(ANNA).offer is None
        floor.clock.advance(HOUR_MS)
        assert contact in {event.contact for event in floor.of(ev.ContactOffered)}


async def test_a_call_rings_at_several_and_stops_when_one_answers(make: Make) -> None:
    async with make(queue="broadcast = 2") as floor:
        floor.ready(ANNA, BEN)
        _, contact = await floor.call()
        assert floor.ringing(ANNA) != floor.ringing(BEN)
        assert await accept(floor, BEN) == contact
        assert floor.agents.desk(ANNA).offer is None
        assert floor.agents.desk(ANNA).state is ev.AgentState.AVAILABLE
        assert floor.agents.desk(BEN).state is ev.AgentState.BUSY


# The past


async def test_d27_who_comes_back_is_kept_for_the_agent_they_spoke_with(make: Make) -> None:
    async with make(queue="last_agent_hours = 24\nlast_agent_wait_ms = 15000\nwrap_up_ms = 60000") as floor:
        floor.ready(ANNA)
        await spoken_with(floor, ANNA)
        floor.ready(BEN)
        floor.clock.advance(60_000)
        # A stranger goes to whom has been idle longest.
        await talking(floor, ANNA, OTHER_CALLER)
        _, contact = await floor.call()
        assert floor.agents.desk(BEN).offer is None, "kept for Anna, who is busy"
        floor.clock.advance(15_000)
        assert await accept(floor, BEN) == contact


async def test_d27_who_comes_back_does_not_wait_for_an_agent_who_is_away(make: Make) -> None:
    async with make(queue="last_agent_hours = 24") as floor:
        floor.ready(ANNA)
        await spoken_with(floor, ANNA)
        floor.agents.sign_out(ANNA)
        floor.ready(BEN)
        _, contact = await floor.call()
        assert await accept(floor, BEN) == contact


async def test_an_old_conversation_counts_for_nothing(make: Make) -> None:
    async with make(queue="last_agent_hours = 1") as floor:
        floor.ready(ANNA)
        await spoken_with(floor, ANNA)
        floor.clock.advance(HOUR_MS)
        floor.ready(BEN)
        await talking(floor, ANNA, OTHER_CALLER)
        _, contact = await floor.call()
        assert await accept(floor, BEN) == contact


async def test_callers_who_hide_their_number_are_not_one_customer(make: Make) -> None:
    nobody = ev.Customer(address="sip:anonymous@anonymous.invalid", name="Anonymous")
    async with make(queue="last_agent_hours = 24") as floor:
        floor.ready(ANNA)
        await spoken_with(floor, ANNA, nobody)
        floor.ready(BEN)
        await talking(floor, ANNA, OTHER_CALLER)
        _, contact = await floor.call(customer=nobody)
        assert await accept(floor, BEN) == contact


async def test_d23_an_earlier_contact_on_another_channel_counts(make: Make) -> None:
    async with make(queue="other_channel_hours = 24\nother_channel_bonus_ms = 300000") as floor:
        chat = await floor.chat(customer=CALLER)
        await floor.contacts.customer_left(chat)
        await floor.call(customer=OTHER_CALLER)
        floor.clock.advance(200_000)
        _, contact = await floor.call()
        floor.ready(ANNA)
        assert await accept(floor, ANNA) == contact


async def test_without_the_database_nobody_is_favoured_and_nobody_waits(make: Make) -> None:
    async with make(queue="last_agent_hours = 24") as floor:
        floor.ready(ANNA)

        async def fail(**query: object) -> list[object]:
            raise InternalError("the disk is gone")

        floor.store.contacts = fail  # type: ignore[method-assign,assignment]
        _, contact = await floor.call()
        assert await accept(floor, ANNA) == contact


# Transfer


async def test_a_call_is_sent_on_to_a_queue_at_its_old_place(make: Make) -> None:
    async with make() as floor:
        floor.ready(ANNA)
        line, contact, _ = await floor.talk()
        _, younger = await floor.call(queue=SECOND)
        assert floor.agents.transfer_targets(ANNA, contact).queues == [SECOND]
        floor.agents.transfer(ANNA, contact, queue=SECOND)
        assert floor.media.hears(line.leg) == "ringback"
        assert floor.media.of(line.leg, "stop_capture")
        desk = floor.agents.desk(ANNA)
        assert (desk.state, desk.contact and desk.contact.state) == (ev.AgentState.WRAP_UP, ContactState.ENDED)
        floor.ready(CAROL)
        assert await accept(floor, CAROL) == contact, f"before {younger}, who came later"
        floor.agents.attach_leg(CAROL, contact, floor.agent_leg())
        assert floor.kinds(contact)[-7:] == [
            "ConversationStarted",
            "ContactTransferred",
            "ContactMoved",
            "ContactOffered",
            "OfferClosed",
            "ContactAssigned",
            "ConversationStarted",
        ]
        with pytest.raises(NotAllowedError, match="went on"):
            floor.agents.hang_up(ANNA, contact)
        await floor.agents.choose_outcome(ANNA, contact, "solved", "wants a bill")
        with pytest.raises(NotAllowedError, match="no outcome"):
            await floor.agents.choose_outcome(ANNA, contact, "done", "")
        floor.agents.hang_up(CAROL, contact)
        floor.agents.finish_wrap_up(CAROL, contact)
        assert floor.contacts.view(contact) is not None, "Anna still wraps up"
        floor.agents.finish_wrap_up(ANNA, contact)
        assert floor.contacts.view(contact) is None


async def test_a_call_is_sent_on_to_a_colleague_whatever_their_queues(make: Make) -> None:
    async with make(queue="transfer_wait_ms = 30000") as floor:
        floor.ready(ANNA, BEN, CAROL)
        _, contact, _ = await floor.talk()
        assert [seat.agent for seat in floor.agents.transfer_targets(ANNA, contact).agents] == [BEN, CAROL]
        floor.agents.transfer(ANNA, contact, to_agent=CAROL)
        assert floor.agents.desk(BEN).offer is None
        transferred = floor.last(ev.ContactTransferred)
        assert (transferred.agent, transferred.queue, transferred.to_agent) == (ANNA, SUPPORT, CAROL)
        assert await accept(floor, CAROL) == contact


async def test_a_colleague_who_stays_busy_is_passed_over_in_the_end(make: Make) -> None:
    async with make(queue="transfer_wait_ms = 30000") as floor:
        floor.ready(CAROL)
        await talking(floor, CAROL, OTHER_CALLER, SECOND)
        floor.ready(ANNA, BEN)
        _, contact, _ = await floor.talk()
        floor.agents.transfer(ANNA, contact, to_agent=CAROL)
        floor.clock.advance(29_999)
        assert floor.agents.desk(BEN).offer is None
        floor.clock.advance(1)
        assert await accept(floor, BEN) == contact


async def test_a_chat_is_sent_on_and_the_customer_hears_from_the_next_agent(make: Make) -> None:
    async with make() as floor:
        floor.ready(ANNA, CAROL)
        contact = await floor.chat()
        await accept(floor, ANNA)
        floor.agents.transfer(ANNA, contact, queue=SECOND)
        await floor.contacts.customer_wrote(contact, "anybody?")
        await accept(floor, CAROL)
        assert (await floor.agents.write(CAROL, contact, "yes, me")).line == 3
        with pytest.raises(NotAllowedError, match="went on"):
            await floor.agents.write(ANNA, contact, "me too")
        await floor.contacts.customer_left(contact)
        assert floor.agents.desk(CAROL).state is ev.AgentState.WRAP_UP


async def test_the_customer_may_leave_while_being_sent_on(make: Make) -> None:
    async with make() as floor:
        floor.ready(ANNA)
        line, contact, _ = await floor.talk()
        floor.agents.transfer(ANNA, contact, queue=SECOND)
        floor.contacts.line_ended(line, ev.EndCause.HUNG_UP)
        assert floor.last(ev.ContactEnded).contact == contact
        floor.agents.finish_wrap_up(ANNA, contact)
        assert floor.contacts.view(contact) is None
        assert floor.agents.desk(ANNA).state is ev.AgentState.AVAILABLE


async def test_what_cannot_be_sent_on_stays_as_it_is(make: Make) -> None:
    async with make() as floor:
        floor.ready(ANNA)
        _, contact, _ = await floor.talk()
        with pytest.raises(NotAllowedError, match="not at work"):
            floor.agents.transfer(ANNA, contact, to_agent=BEN)
        with pytest.raises(NotAllowedError, match="already"):
            floor.agents.transfer(ANNA, contact, to_agent=ANNA)
        with pytest.raises(NotAllowedError, match="where to"):
            floor.agents.transfer(ANNA, contact)
        with pytest.raises(NotFoundError):
            floor.agents.transfer(ANNA, contact, queue=QueueName("none"))
        with pytest.raises(NotAllowedError, match="not in your hands"):
            floor.agents.transfer(BEN, contact, queue=SECOND)
        view = floor.contacts.view(contact)
        assert view is not None
        assert (view.state, view.agent) == (ContactState.TALKING, ANNA)


async def test_a_supervisor_gives_a_waiting_contact_to_an_agent(make: Make) -> None:
    async with make() as floor:
        _, first = await floor.call()
        _, contact = await floor.call()
        floor.ready(CAROL)
        floor.agents.assign(contact, CAROL)
        assert await accept(floor, CAROL) == contact
        with pytest.raises(NotAllowedError):
            floor.agents.assign(first, CAROL)


# Several in hand

LANES = 'lanes = [{ channel = "chat", most = 2 }, { channel = "phone", weight = 2 }]'


async def test_an_agent_has_several_chats_in_hand_and_each_has_its_own_wrap_up(make: Make) -> None:
    async with make(agent=LANES) as floor:
        floor.ready(ANNA)
        first = await floor.chat()
        await accept(floor, ANNA)
        second = await floor.chat(customer=OTHER_CALLER)
        await accept(floor, ANNA)
        third = await floor.chat(customer=CALLER)
        assert floor.agents.desk(ANNA).offer is None, "two are as many as Anna takes"
        desk = floor.agents.desk(ANNA)
        assert [contact.contact for contact in desk.contacts] == [first, second]
        await floor.agents.write(ANNA, second, "one moment")
        await floor.agents.write(ANNA, first, "hello")
        floor.agents.hang_up(ANNA, first)
        states = {contact.contact: contact.state for contact in floor.agents.desk(ANNA).contacts}
        assert states == {first: ContactState.ENDED, second: ContactState.TALKING}
        assert floor.agents.desk(ANNA).contacts[0].until_ns == floor.clock.ns + 30_000_000_000
        await floor.agents.choose_outcome(ANNA, first, "solved", "")
        floor.agents.finish_wrap_up(ANNA, first)
        assert floor.contacts.view(first) is None
        assert await accept(floor, ANNA) == third, "freed capacity takes the waiting chat at once"
        floor.agents.hang_up(ANNA, second)
        floor.clock.advance(30_000)
        assert [contact.contact for contact in floor.agents.desk(ANNA).contacts] == [third]


async def test_a_call_and_chats_do_not_mix_where_the_call_takes_all(make: Make) -> None:
    async with make(agent=LANES) as floor:
        floor.ready(ANNA)
        await floor.chat()
        await accept(floor, ANNA)
        await floor.call()
        assert floor.agents.desk(ANNA).offer is None


async def test_a_call_interrupts_chats_that_allow_it(make: Make) -> None:
    lanes = 'lanes = [{ channel = "chat", most = 2, interruptible = true }, { channel = "phone", weight = 2 }]'
    async with make(agent=lanes) as floor:
        floor.ready(ANNA)
        chat = await floor.chat()
        await accept(floor, ANNA)
        _, call = await floor.call()
        await accept(floor, ANNA)
        floor.agents.attach_leg(ANNA, call, floor.agent_leg())
        await floor.agents.write(ANNA, chat, "I'm on the phone, one moment")
        floor.agents.hang_up(ANNA, call)
        floor.agents.finish_wrap_up(ANNA, call)
        assert [contact.contact for contact in floor.agents.desk(ANNA).contacts] == [chat]
        assert floor.agents.desk(ANNA).state is ev.AgentState.BUSY


async def test_a_page_that_reloads_gets_nothing_new_meanwhile_and_goes_on_afterwards(make: Make) -> None:
    async with make(agent=LANES) as floor:
        floor.ready(ANNA)
        first = await floor.chat()
        await accept(floor, ANNA)
        floor.agents.page_disconnected(ANNA)
        await floor.chat(customer=OTHER_CALLER)
        assert floor.agents.desk(ANNA).offer is None
        floor.agents.page_connected(ANNA)
        assert await accept(floor, ANNA) != first
        assert len(floor.agents.desk(ANNA).contacts) == 2


async def test_chats_of_a_page_that_stays_away_all_find_another_agent(make: Make) -> None:
    async with make(agent=LANES) as floor:
        floor.ready(ANNA)
        chats = [await floor.chat(), await floor.chat(customer=OTHER_CALLER)]
        for _ in chats:
            await accept(floor, ANNA)
        floor.agents.page_disconnected(ANNA)
        floor.ready(BEN)
        floor.clock.advance(10_000)
        assert [await accept(floor, BEN), await accept(floor, BEN)] == chats
        assert floor.agents.desk(ANNA).state is ev.AgentState.SIGNED_OUT
        assert floor.agents.desk(ANNA).contacts == []
