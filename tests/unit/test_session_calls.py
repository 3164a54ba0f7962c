"""Calls through the session: the story of the happy call, and each way in which one side leaves it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.model import events as ev
from gateway.model.errors import CapacityError, InternalError, NotAllowedError, NotFoundError
from gateway.model.ids import Channel, OfferId, new_contact_id
from gateway.session import eventlog
from gateway.session.states import ContactState
from tests.support.session_world import ANNA, BEN, CALLER, SUPPORT, World, world


@pytest.fixture
async def floor(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


def hold_back_appends(floor: World) -> tuple[asyncio.Event, asyncio.Event]:
    """Two events: the store was asked to append something; it may go on."""
    writing, go_on = asyncio.Event(), asyncio.Event()
    append = floor.store.append

    async def slow(events: list[ev.Event]) -> None:
        writing.set()
        await go_on.wait()
        await append(events)

    floor.store.append = slow  # type: ignore[method-assign,assignment]
    return writing, go_on


async def test_a_call_is_on_disk_before_it_is_answered(floor: World) -> None:
    line = floor.line()
    seen: list[str] = []
    append = floor.store.append

    async def slow(events: list[ev.Event]) -> None:
        seen.append(f"append while answered={line.answered}")
        await append(events)

    floor.store.append = slow  # type: ignore[method-assign,assignment]
    await floor.call(line, greeted=False)
    assert line.answered
    assert seen[0] == "append while answered=False"


async def test_the_whole_story_of_a_call(floor: World) -> None:
    floor.ready(ANNA)
    line, contact = await floor.call(greeted=False)
    assert floor.media.hears(line.leg) == "greeting"
    assert floor.agents.desk(ANNA).offer is None, "nobody rings while the greeting is heard"
    floor.clock.advance(2000)
    floor.media.end_sound(line.leg)
    assert floor.media.hears(line.leg) == "music"
    desk = floor.agents.desk(ANNA)
    assert desk.offer is not None
    assert desk.offer.waited_ms == 2000
    assert "idle" in desk.offer.why
    assert desk.offer.contact.customer == CALLER
    assert await floor.agents.accept(ANNA, desk.offer.offer) == contact
    assert floor.media.hears(line.leg) == "music", "until audio is there"
    leg = floor.agent_leg()
    floor.agents.attach_leg(ANNA, contact, leg)
    assert (floor.media.hears(line.leg), floor.media.hears(leg)) == (leg, line.leg)
    assert floor.media.legs[line.leg].capture is not None
    floor.agents.hold(ANNA, contact)
    assert floor.media.commands[-3:] == [
        ("pause_capture", line.leg),
        ("unbridge", line.leg),
        ("play", line.leg, "music", True),
    ]
    assert floor.media.hears(leg) is None
    floor.agents.resume(ANNA, contact)
    assert floor.media.commands[-2:] == [("bridge", line.leg, leg), ("resume_capture", line.leg)]
    assert (floor.media.hears(line.leg), floor.media.hears(leg)) == (leg, line.leg)
    floor.agents.hang_up(ANNA, contact)
    assert line.ended is ev.EndCause.HUNG_UP
    desk = floor.agents.desk(ANNA)
    assert desk.state is ev.AgentState.WRAP_UP
    assert desk.contact is not None
    assert desk.contact.state is ContactState.ENDED
    await floor.agents.choose_outcome(ANNA, contact, "solved", "changed the bulb")
    floor.agents.finish_wrap_up(ANNA, contact)
    assert floor.agents.desk(ANNA).state is ev.AgentState.AVAILABLE
    assert floor.contacts.view(contact) is None
    assert floor.kinds(contact) == [
        "ContactOpened",
        "GreetingStarted",
        "ContactQueued",
        "ContactOffered",
        "OfferClosed",
        "ContactAssigned",
        "ConversationStarted",
        "ContactHeld",
        "ContactResumed",
        "ContactEnded",
        "OutcomeChosen",
    ]
    await floor.session.flushed()
    record = await floor.store.contact(contact)
    assert record is not None
    assert (record.agent, record.ended_by, record.outcome) == (ANNA, ev.Party.AGENT, "solved")


async def test_an_unanswered_offer_goes_to_the_next_agent_and_the_silent_one_is_not_responding(floor: World) -> None:
    floor.ready(ANNA, BEN)
    _, contact = await floor.call()
    assert floor.ringing(ANNA)
    floor.clock.advance(20_000)
    assert floor.agents.desk(ANNA).state is ev.AgentState.NOT_RESPONDING
    assert await floor.agents.accept(BEN, floor.ringing(BEN)) == contact


async def test_an_answer_at_the_very_moment_of_expiry_is_too_late(floor: World) -> None:
    floor.ready(ANNA, BEN)
    await floor.call()
    offer = floor.ringing(ANNA)
    # The timer has not run yet, but its time has come.
    floor.clock.ns += 20_000 * 1_000_000
    with pytest.raises(NotAllowedError, match="offer"):
        await floor.agents.accept(ANNA, offer)
    floor.clock.advance(0)
    assert floor.ringing(BEN)


async def test_nobody_takes_an_offer_twice_or_anothers(floor: World) -> None:
    floor.ready(ANNA, BEN)
    await floor.call()
    offer = floor.ringing(ANNA)
    with pytest.raises(NotAllowedError):
        await floor.agents.accept(BEN, offer)
    await floor.agents.accept(ANNA, offer)
    with pytest.raises(NotAllowedError):
        await floor.agents.accept(ANNA, offer)
    with pytest.raises(NotAllowedError):
        await floor.agents.accept(ANNA, OfferId(999))


async def test_caller_hangs_up_while_it_rings_at_the_agent(floor: World) -> None:
    floor.ready(ANNA)
    line, contact = await floor.call()
    floor.leave(line)
    floor.leave(line)
    assert floor.agents.desk(ANNA).offer is None
    assert floor.agents.desk(ANNA).state is ev.AgentState.AVAILABLE
    ended = floor.of(ev.ContactEnded)
    assert [(e.contact, e.by, e.cause) for e in ended] == [(contact, ev.Party.CUSTOMER, ev.EndCause.ABANDONED)]
    assert floor.last(ev.OfferClosed).end is ev.OfferEnd.REVOKED
    assert line.ended is None, "there is nobody left to say goodbye to"


async def test_caller_hangs_up_while_the_call_is_being_written(floor: World) -> None:
    line = floor.line()
    writing, go_on = hold_back_appends(floor)
    opening = asyncio.create_task(floor.call(line, greeted=False))
    await writing.wait()
    floor.leave(line)
    go_on.set()
    _, contact = await opening
    assert not line.answered
    assert floor.kinds(contact) == ["ContactOpened", "ContactEnded"]
    assert floor.contacts.view(contact) is None


async def test_a_stop_while_the_call_is_being_written_ends_it_once(floor: World) -> None:
    line = floor.line()
    writing, go_on = hold_back_appends(floor)
    opening = asyncio.create_task(floor.call(line, greeted=False))
    await writing.wait()
    floor.session.drain()
    go_on.set()
    _, contact = await opening
    assert (line.answered, line.ended) == (False, ev.EndCause.SHUTDOWN)
    assert floor.kinds(contact) == ["ContactOpened", "ContactEnded"]
    assert floor.last(ev.ContactEnded).cause is ev.EndCause.SHUTDOWN


async def test_caller_hangs_up_while_the_call_can_not_be_written(floor: World) -> None:
    line = floor.line()
    writing, go_on = hold_back_appends(floor)
    opening = asyncio.create_task(floor.call(line, greeted=False))
    await writing.wait()
    floor.leave(line)
    floor.store.failure = InternalError("disk full")
    go_on.set()
    with pytest.raises(InternalError, match="disk full"):
        await opening
    assert floor.session._floor.contacts == {}
    assert floor.of(ev.ContactEvent) == []


async def test_caller_is_gone_when_answered(floor: World) -> None:
    _, contact = await floor.call(floor.line(gone=True), greeted=False)
    assert floor.last(ev.ContactEnded).contact == contact
    assert floor.last(ev.ContactEnded).cause is ev.EndCause.ABANDONED


async def test_a_database_that_fails_refuses_calls_and_keeps_what_goes_on(
    floor: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eventlog, "RETRY_S", 0)
    floor.ready(ANNA)
    line, contact, _ = await floor.talk()
    await floor.session.flushed()
    floor.store.failure = InternalError("disk full")
    with pytest.raises(InternalError):
        await floor.call()
    floor.leave(line)
    assert floor.agents.desk(ANNA).state is ev.AgentState.WRAP_UP
    floor.store.failure = None
    await floor.session.flushed()
    record = await floor.store.contact(contact)
    assert record is not None
    assert record.ended_by is ev.Party.CUSTOMER


async def test_the_agents_audio_goes_and_comes_back(floor: World) -> None:
    floor.ready(ANNA)
    line, contact, leg = await floor.talk()
    floor.agents.detach_leg(ANNA, contact, leg)
    assert floor.media.hears(line.leg) == "music"
    floor.clock.advance(9_000)
    again = floor.agent_leg()
    floor.agents.attach_leg(ANNA, contact, again)
    floor.clock.advance(60_000)
    assert floor.media.hears(line.leg) == again
    view = floor.contacts.view(contact)
    assert view is not None
    assert view.state is ContactState.TALKING
    assert len(floor.of(ev.ConversationStarted)) == 1


async def test_who_is_on_hold_stays_so_while_the_agents_page_reloads(floor: World) -> None:
    floor.ready(ANNA)
    line, contact, leg = await floor.talk()
    floor.agents.hold(ANNA, contact)
    floor.agents.detach_leg(ANNA, contact, leg)
    assert floor.media.hears(line.leg) == "music"
    again = floor.agent_leg()
    floor.agents.attach_leg(ANNA, contact, again)
    view = floor.contacts.view(contact)
    assert view is not None
    assert view.state is ContactState.HELD
    assert floor.media.hears(line.leg) == "music"
    assert floor.media.legs[line.leg].capture_paused
    floor.clock.advance(60_000)
    floor.agents.resume(ANNA, contact)
    assert floor.media.hears(line.leg) == again
    assert not floor.media.legs[line.leg].capture_paused
    assert floor.kinds(contact)[-4:] == [
        "ContactHeld",
        "AgentConnectionLost",
        "AgentConnectionRestored",
        "ContactResumed",
    ]


async def test_a_call_that_was_on_hold_and_went_to_another_agent_is_not(floor: World) -> None:
    floor.ready(ANNA, BEN)
    line, contact, leg = await floor.talk()
    floor.agents.hold(ANNA, contact)
    floor.agents.detach_leg(ANNA, contact, leg)
    floor.clock.advance(10_000)
    await floor.agents.accept(BEN, floor.ringing(BEN))
    bens = floor.agent_leg()
    floor.agents.attach_leg(BEN, contact, bens)
    assert floor.media.hears(line.leg) == bens


async def test_the_agents_laptop_is_closed_in_a_call(floor: World) -> None:
    floor.ready(ANNA, BEN)
    line, contact, leg = await floor.talk()
    later, later_contact = await floor.call()
    floor.agents.reject(BEN, floor.ringing(BEN))
    floor.agents.page_disconnected(ANNA)
    floor.agents.detach_leg(ANNA, contact, leg)
    floor.clock.advance(10_000)
    assert floor.last(ev.ContactRequeued).contact == contact
    assert await floor.agents.accept(BEN, floor.ringing(BEN)) == contact, "it came first, so it is served first"
    assert floor.agents.desk(ANNA).state is ev.AgentState.SIGNED_OUT
    assert floor.contacts.view(later_contact) is not None
    floor.leave(line)
    floor.leave(later)


async def test_an_agent_without_audio_loses_the_call_to_the_next(floor: World) -> None:
    floor.ready(ANNA, BEN)
    _, contact = await floor.call()
    await floor.agents.accept(ANNA, floor.ringing(ANNA))
    floor.clock.advance(10_000)
    assert floor.agents.desk(ANNA).state is ev.AgentState.NOT_RESPONDING
    assert await floor.agents.accept(BEN, floor.ringing(BEN)) == contact
    with pytest.raises(NotAllowedError):
        floor.agents.attach_leg(ANNA, contact, floor.agent_leg())


async def test_the_page_goes_while_it_rings(floor: World) -> None:
    floor.ready(ANNA, BEN)
    await floor.call()
    assert floor.ringing(ANNA)
    floor.agents.page_disconnected(ANNA)
    assert floor.ringing(BEN), "nobody waits for a page that is gone"
    assert floor.agents.desk(ANNA).state is ev.AgentState.PAUSED
    floor.agents.page_connected(ANNA)
    assert floor.agents.desk(ANNA).state is ev.AgentState.AVAILABLE


async def test_a_page_that_stays_away_is_signed_out(floor: World) -> None:
    floor.ready(ANNA)
    floor.agents.page_disconnected(ANNA)
    floor.clock.advance(10_000)
    assert floor.agents.desk(ANNA).state is ev.AgentState.SIGNED_OUT


async def test_a_call_survives_its_agents_page_as_long_as_sound_flows(floor: World) -> None:
    floor.ready(ANNA)
    line, contact, _ = await floor.talk()
    floor.agents.page_disconnected(ANNA)
    floor.clock.advance(60_000)
    view = floor.contacts.view(contact)
    assert view is not None
    assert view.state is ContactState.TALKING
    floor.leave(line)
    floor.clock.advance(30_000)
    assert floor.agents.desk(ANNA).state is ev.AgentState.SIGNED_OUT, "nothing new for an agent without a page"


async def test_a_reloaded_page_takes_the_call_over(floor: World) -> None:
    floor.ready(ANNA)
    line, contact, leg = await floor.talk()
    floor.agents.page_disconnected(ANNA)
    floor.agents.page_connected(ANNA)
    again = floor.agent_leg()
    floor.agents.attach_leg(ANNA, contact, again)
    floor.agents.detach_leg(ANNA, contact, leg)
    view = floor.contacts.view(contact)
    assert view is not None
    assert view.state is ContactState.TALKING, "the old leg's end means nothing any more"
    assert floor.media.hears(line.leg) == again


async def test_caller_hangs_up_between_accept_and_audio(floor: World) -> None:
    floor.ready(ANNA)
    line, contact = await floor.call()
    await floor.agents.accept(ANNA, floor.ringing(ANNA))
    floor.leave(line)
    assert floor.last(ev.ContactEnded).cause is ev.EndCause.ABANDONED
    assert floor.agents.desk(ANNA).state is ev.AgentState.AVAILABLE, "nothing was said, so nothing is wrapped up"
    assert floor.contacts.view(contact) is None


async def test_limits_and_unknowns_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    async with world(tmp_path, calls_max=1) as floor:
        with pytest.raises(NotFoundError, match="number"):
            floor.contacts.queue_for_number("999")
        assert floor.contacts.queue_for_number("100") == SUPPORT
        with pytest.raises(NotFoundError, match="queue"):
            await floor.contacts.open_call(
                floor.line(),
                channel=Channel.PHONE,
                queue="nope",
                customer=CALLER,
                called="1",  # type: ignore[arg-type]
            )
        await floor.call()
        with pytest.raises(CapacityError) as caught:
            await floor.call()
        assert caught.value.limit == "limits.calls_max"
        assert len(floor.of(ev.ContactOpened)) == 1


async def test_a_stop_ends_each_contact_with_its_reason(tmp_path: Path) -> None:
    async with world(tmp_path) as floor:
        floor.ready(ANNA)
        talking, _, _ = await floor.talk()
        waiting, _ = await floor.call()
    assert talking.ended is ev.EndCause.SHUTDOWN
    assert waiting.ended is ev.EndCause.SHUTDOWN
    assert not await floor.store.open_contacts()


async def test_a_restart_closes_what_a_kill_left_open(tmp_path: Path) -> None:
    floor = World(tmp_path)
    contact = new_contact_id()
    await floor.store.append(
        [
            ev.ContactOpened(
                at_ns=1, contact=contact, channel=Channel.PHONE, queue=SUPPORT, customer=CALLER, called="100"
            )
        ]
    )
    async with floor.session:
        assert not await floor.store.open_contacts()
    assert floor.last(ev.ContactEnded).cause is ev.EndCause.RESTART


async def test_an_event_that_can_never_be_kept_takes_no_other_along(floor: World) -> None:
    floor.session._log.emit(ev.GreetingStarted(at_ns=1, contact=new_contact_id()))  # of a contact that never opened
    _, contact = await floor.call()
    await floor.session.flushed()
    assert await floor.store.contact(contact) is not None


async def test_who_was_at_work_before_a_restart_goes_on_when_the_page_is_back(tmp_path: Path) -> None:
    async with world(tmp_path) as before:
        before.ready(ANNA, BEN)
        before.agents.pause(BEN, "lunch")
    async with world(tmp_path, store=before.store) as after:
        after.agents.page_connected(ANNA)
        after.agents.page_connected(BEN)
        assert after.agents.desk(ANNA).state is ev.AgentState.AVAILABLE
        assert after.agents.desk(BEN).state is ev.AgentState.PAUSED


async def test_the_next_morning_nobody_is_ready_by_itself(tmp_path: Path) -> None:
    async with world(tmp_path) as before:
        before.ready(ANNA)
    async with world(tmp_path, store=before.store) as after:
        after.clock.advance(12 * 3600 * 1000)
        after.agents.page_connected(ANNA)
        assert after.agents.desk(ANNA).state is ev.AgentState.PAUSED


async def test_a_page_reload_leaves_a_recording_for_each_part(floor: World) -> None:
    floor.ready(ANNA)
    floor.media.capture_ms = 40
    line, contact, leg = await floor.talk()
    floor.agents.detach_leg(ANNA, contact, leg)
    first = await floor.until(ev.RecordingStored)
    floor.agents.attach_leg(ANNA, contact, floor.agent_leg())
    floor.leave(line)
    await floor.until(ev.RecordingStored, count=2)
    assert (first.contact, first.agent, first.duration_ms) == (contact, ANNA, 40)
    await floor.session.flushed()
    assert len(await floor.store.recordings(contact)) == 2
