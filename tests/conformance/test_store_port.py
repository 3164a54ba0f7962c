"""What every `Store` does: the one in SQL and the one that tests use in its place."""

from __future__ import annotations

import asyncio
import typing
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from gateway.config.schema import StorageConfig
from gateway.model import events as ev
from gateway.model.errors import ConflictError, RequestError
from gateway.model.ids import AgentId, Channel, ContactId, OfferId, QueueName, RecordingId, new_contact_id
from gateway.model.ports import ContactRecord, RecordingRecord, Store
from gateway.storage import open_stores
from tests.support.memory_store import MemoryStore

ANNA = AgentId("anna")
BEN = AgentId("ben")
SUPPORT = QueueName("support")
CUSTOMER = ev.Customer(address="tel:+4930123456", name="+49 30 123456")


@pytest.fixture(params=["memory", "sql"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
        return
    async with await open_stores(StorageConfig(directory=str(tmp_path))) as stores:
        yield stores.store


def opened(contact: ContactId, at_ns: int = 1_000_000, customer: ev.Customer = CUSTOMER) -> ev.ContactOpened:
    return ev.ContactOpened(
        at_ns=at_ns, contact=contact, channel=Channel.PHONE, queue=SUPPORT, customer=customer, called="100"
    )


def ended(contact: ContactId, at_ns: int, cause: ev.EndCause = ev.EndCause.HUNG_UP) -> ev.ContactEnded:
    return ev.ContactEnded(at_ns=at_ns, contact=contact, by=ev.Party.CUSTOMER, cause=cause)


def one_of_each(contact: ContactId) -> list[ev.Event]:
    """Every kind of event that a contact's timeline can hold."""
    at = {"contact": contact, "at_ns": 2_000_000}
    sales, offer, recording = QueueName("sales"), OfferId(2**40), RecordingId("r1")
    return [
        opened(contact),
        ev.GreetingStarted(**at),
        ev.ContactQueued(**at, queue=sales, arrival_ns=1_700_000_000_000_000_000),
        ev.ContactOffered(
            **at, queue=sales, offer=offer, agent=ANNA, expires_ns=3, waited_ms=4, why="Anna has waited longest."
        ),
        ev.OfferClosed(**at, offer=offer, agent=ANNA, end=ev.OfferEnd.ACCEPTED),
        ev.ContactAssigned(**at, agent=ANNA, offer=offer),
        ev.ConversationStarted(**at, agent=ANNA),
        ev.ContactHeld(**at, agent=ANNA),
        ev.ContactResumed(**at, agent=ANNA),
        ev.VideoStarted(**at, by=ev.Party.CUSTOMER, agent=None, source=ev.VideoSource.CAMERA),
        ev.VideoStopped(**at, by=ev.Party.AGENT, agent=ANNA),
        ev.AgentConnectionLost(**at, agent=ANNA),
        ev.AgentConnectionRestored(**at, agent=ANNA),
        ev.ContactRequeued(**at, queue=SUPPORT, agent=ANNA, reason="the agent's page is gone"),
        ev.ContactTransferred(**at, agent=ANNA, queue=sales, to_agent=BEN),
        ev.ContactMoved(**at, from_queue=SUPPORT, queue=sales, reason="transferred"),
        ev.DigitPressed(**at, digit="#", duration_ms=120),
        ev.LineWritten(**at, line=1, author=ev.Party.AGENT, agent=ANNA, text="Grüße 🙂\n\0'\"; DROP TABLE contacts"),
        ev.CustomerConnectionLost(**at),
        ev.CustomerConnectionRestored(**at),
        ev.RecordingPaused(**at, agent=ANNA),
        ev.RecordingResumed(**at, agent=ANNA),
        ev.RecordingInterrupted(**at, recording=recording, reason="No space left on device"),
        ev.RecordingStored(**at, recording=recording, agent=ANNA, path="a/r1.opus", duration_ms=5, size_bytes=6),
        ev.RecordingFailed(**at, recording=RecordingId("r2"), reason="disk full"),
        ev.AudioAlarmRaised(**at, party=ev.Party.CUSTOMER, alarm="one_way", after_ms=10_000),
        ev.AudioAlarmEnded(**at, party=ev.Party.CUSTOMER, alarm="one_way", after_ms=12_000),
        ev.QualityRecorded(
            **at,
            party=ev.Party.CUSTOMER,
            opinion=4.12,
            opinion_worst=2.5,
            loss_permille=12,
            jitter_us=3000,
            round_trip_us=None,
        ),
        ended(contact, 3_000_000),
        ev.OutcomeChosen(**at, agent=ANNA, outcome="solved", note=""),
    ]


async def test_every_kind_of_event_comes_back_as_it_was(store: Store) -> None:
    contact = new_contact_id()
    events = one_of_each(contact)
    kinds = {type(event) for event in events}
    assert kinds == set(typing.get_args(ev.StoredEvent)) - {ev.AgentStateChanged}, "the list above is complete"
    for event in events:
        await store.append([event])
    assert await store.timeline(contact) == events


async def test_record_is_what_the_events_made_of_it(store: Store) -> None:
    contact = new_contact_id()
    await store.append([opened(contact, 1_000)])
    expected = ContactRecord(
        contact=contact, channel=Channel.PHONE, queue=SUPPORT, customer=CUSTOMER, called="100", opened_ns=1_000
    )
    assert await store.contact(contact) == expected
    at = {"contact": contact}
    await store.append(
        [
            ev.ContactAssigned(**at, at_ns=2_000, agent=ANNA, offer=OfferId(1)),
            ev.ConversationStarted(**at, at_ns=3_000, agent=ANNA),
            ev.ContactRequeued(**at, at_ns=4_000, queue=QueueName("sales"), agent=ANNA, reason="gone"),
            ev.ContactAssigned(**at, at_ns=5_000, agent=BEN, offer=OfferId(2)),
            ev.ConversationStarted(**at, at_ns=6_000, agent=BEN),
        ]
    )
    expected = msgspec.structs.replace(expected, queue=QueueName("sales"), agent=BEN, answered_ns=3_000)
    assert await store.contact(contact) == expected
    await store.append([ended(contact, 7_000)])
    await store.append([ev.OutcomeChosen(**at, at_ns=8_000, agent=BEN, outcome="solved", note="fine")])
    expected = msgspec.structs.replace(
        expected,
        ended_ns=7_000,
        ended_by=ev.Party.CUSTOMER,
        end_cause=ev.EndCause.HUNG_UP,
        outcome="solved",
        note="fine",
    )
    assert await store.contact(contact) == expected


async def test_the_first_end_counts(store: Store) -> None:
    contact = new_contact_id()
    await store.append([opened(contact), ended(contact, 5)])
    await store.append([ended(contact, 9, ev.EndCause.RESTART)])
    record = await store.contact(contact)
    assert record is not None
    assert (record.ended_ns, record.end_cause) == (5, ev.EndCause.HUNG_UP)
    assert len(await store.timeline(contact)) == 3


async def test_unknown_things_are_not_there(store: Store) -> None:
    assert await store.contact(ContactId("nobody")) is None
    assert await store.timeline(ContactId("nobody")) == []
    assert await store.recordings(ContactId("nobody")) == []
    assert await store.recording(RecordingId("none")) is None
    assert await store.contacts() == []
    assert await store.open_contacts() == []


async def test_append_of_nothing_and_of_typing_keeps_nothing(store: Store) -> None:
    contact = new_contact_id()
    await store.append([])
    await store.append([opened(contact)])
    await store.append([ev.TypingNoticed(at_ns=2, contact=contact, author=ev.Party.AGENT, typing=True)])
    assert await store.timeline(contact) == [opened(contact)]


@pytest.mark.parametrize(
    "wrong",
    [
        opened,
        lambda known: ended(new_contact_id(), 5),
        lambda known: ev.LineWritten(
            at_ns=1, contact=known, line=1, author=ev.Party.CUSTOMER, agent=None, text="line 1 again"
        ),
        lambda known: ev.LineWritten(
            at_ns=1, contact=known, line=2, author=ev.Party.CUSTOMER, agent=None, text="half \ud83d of a pair"
        ),
    ],
    ids=["opened twice", "never opened", "same line twice", "not Unicode"],
)
async def test_append_is_all_or_nothing(store: Store, wrong: typing.Callable[[ContactId], ev.Event]) -> None:
    known, fresh = new_contact_id(), new_contact_id()
    line = ev.LineWritten(at_ns=1, contact=known, line=1, author=ev.Party.CUSTOMER, agent=None, text="hello")
    await store.append([opened(known), line])
    with pytest.raises(ConflictError) as caught:
        await store.append([opened(fresh), wrong(known), ended(known, 9)])
    assert CUSTOMER.name not in str(caught.value), "errors go to the log; what customers say does not"
    assert await store.contact(fresh) is None
    assert await store.timeline(fresh) == []
    assert await store.timeline(known) == [opened(known), line]
    await store.append([opened(fresh)])
    assert await store.timeline(fresh) == [opened(fresh)]


async def test_a_wrong_append_does_not_spoil_those_beside_it(store: Store) -> None:
    good = [new_contact_id() for _ in range(20)]
    appends = [store.append([opened(contact)]) for contact in good]
    appends.insert(10, store.append([ended(new_contact_id(), 5)]))
    results = await asyncio.gather(*appends, return_exceptions=True)
    assert [index for index, result in enumerate(results) if result is not None] == [10]
    assert isinstance(results[10], ConflictError)
    assert {record.contact for record in await store.contacts()} == set(good)


async def test_contacts_are_newest_first_and_can_be_chosen(store: Store) -> None:
    ids = [new_contact_id() for _ in range(6)]
    other = ev.Customer(address="visitor:1", name="Visitor")
    for number, contact in enumerate(ids):
        await store.append(
            [
                opened(contact, number, other if number % 2 else CUSTOMER),
                ev.ContactAssigned(at_ns=10, contact=contact, agent=ANNA if number < 4 else BEN, offer=OfferId(number)),
            ]
        )

    async def found(**choice: typing.Any) -> list[int]:
        return [ids.index(record.contact) for record in await store.contacts(**choice)]

    assert await found() == [5, 4, 3, 2, 1, 0]
    assert await found(limit=2) == [5, 4]
    assert await found(agent=ANNA) == [3, 2, 1, 0]
    assert await found(customer_address="visitor:1") == [5, 3, 1]
    assert await found(agent=ANNA, customer_address="visitor:1", limit=1) == [3]
    assert await found(agent=AgentId("nobody")) == []
    for limit in (0, 501):
        with pytest.raises(RequestError, match=f"limit {limit}"):
            await store.contacts(limit=limit)


async def test_open_contacts_are_those_without_an_end(store: Store) -> None:
    first, second, third = (new_contact_id() for _ in range(3))
    await store.append([opened(first, 1), opened(second, 2), opened(third, 3), ended(second, 4)])
    assert [record.contact for record in await store.open_contacts()] == [third, first]


async def test_recordings_are_found_by_contact_and_by_id(store: Store) -> None:
    contact, other = new_contact_id(), new_contact_id()
    await store.append([opened(contact), opened(other)])
    stored = [
        ev.RecordingStored(
            at_ns=number,
            contact=contact,
            recording=RecordingId(f"r{number}"),
            agent=ANNA,
            path=f"2026/r{number}.opus",
            duration_ms=1000 * number,
            size_bytes=2**33,
        )
        for number in (1, 2)
    ]
    await store.append(stored)
    records = [
        RecordingRecord(
            recording=event.recording,
            contact=contact,
            agent=ANNA,
            path=event.path,
            duration_ms=event.duration_ms,
            size_bytes=2**33,
        )
        for event in stored
    ]
    assert await store.recordings(contact) == records
    assert await store.recordings(other) == []
    assert await store.recording(RecordingId("r2")) == records[1]


async def test_agent_states_need_no_contact(store: Store) -> None:
    contact = new_contact_id()
    state = ev.AgentStateChanged(
        at_ns=1, agent=ANNA, state=ev.AgentState.WRAP_UP, reason="", until_ns=5, contact=contact
    )
    await store.append([state, opened(contact)])
    assert await store.timeline(contact) == [opened(contact)]


async def test_many_at_once_keep_their_order(store: Store) -> None:
    async def live(contact: ContactId) -> list[ev.Event]:
        events: list[ev.Event] = [opened(contact)]
        events += [ev.DigitPressed(at_ns=n, contact=contact, digit="1", duration_ms=n) for n in range(10)]
        events.append(ended(contact, 11))
        for event in events:
            await store.append([event])
        return events

    ids = [new_contact_id() for _ in range(30)]
    lives = await asyncio.gather(*(live(contact) for contact in ids))
    for contact, events in zip(ids, lives, strict=True):
        assert await store.timeline(contact) == events


async def test_the_last_state_of_each_agent_is_known(store: Store) -> None:
    anna, ben = AgentId("anna"), AgentId("ben")

    def changed(at_ns: int, agent: AgentId, state: ev.AgentState) -> ev.AgentStateChanged:
        return ev.AgentStateChanged(at_ns=at_ns, agent=agent, state=state, reason="", until_ns=None, contact=None)

    await store.append([changed(1, anna, ev.AgentState.PAUSED), changed(2, ben, ev.AgentState.AVAILABLE)])
    await store.append([changed(3, anna, ev.AgentState.BUSY)])
    assert await store.last_agent_states([anna, AgentId("nobody")]) == {anna: ev.AgentState.BUSY}
    assert await store.last_agent_states([anna, ben]) == {anna: ev.AgentState.BUSY, ben: ev.AgentState.AVAILABLE}


async def test_the_record_has_how_each_side_sounded(store: Store) -> None:
    contact = new_contact_id()
    await store.append([opened(contact)])
    for party, opinion in ((ev.Party.CUSTOMER, 3.9), (ev.Party.AGENT, 2.0), (ev.Party.AGENT, 4.2)):
        recorded = ev.QualityRecorded(
            contact=contact,
            at_ns=9,
            party=party,
            opinion=opinion,
            opinion_worst=1.5,
            loss_permille=0,
            jitter_us=0,
            round_trip_us=5,
        )
        await store.append([recorded])
    record = await store.contact(contact)
    assert record is not None
    assert (record.customer_opinion, record.agent_opinion) == (3.9, 4.2)
