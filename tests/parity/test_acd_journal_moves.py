"""Days in which anything may happen, by all rules: journalled, read, lived again, read off, told, played again."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acd_core import Distributor as Core
from acd_core.decisions import Decision
from acd_core.events import AgentSignedIn, Event, QueueConfigured
from acd_core.journal import Encoder, Entry, Header, Reader, Replay, Standing
from acd_core.journal.account import Account
from acd_core.journal.past import Past
from acd_core.journal.rerun import Rerun, Settings
from acd_core.journal.standstill import Inquiry
from acd_core.journal.story import concerns, tell
from acd_core.limits import Limits
from acd_core.reference import Distributor
from acd_core.states import ContactState
from tests.parity.acd_moves import Moves
from tests.parity.acd_pair import Pair

LIMITS = Limits()


class JournalledPair(Pair):
    def __init__(self) -> None:
        super().__init__(LIMITS)
        self.entries: list[Entry] = []
        self.header = Header("moves", 0, 0, LIMITS)

    def handle(self, event: Event, now_ns: int) -> list[Decision] | None:
        decisions = super().handle(event, now_ns)
        if decisions is not None:
            self.entries.append(Entry(now_ns, event, decisions))
        return decisions

    def handle_timer(self, now_ns: int) -> list[Decision] | None:
        decisions = super().handle_timer(now_ns)
        if decisions is not None:
            self.entries.append(Entry(now_ns, None, decisions))
        return decisions


def day(seed: int, steps: int) -> JournalledPair:
    pair = JournalledPair()
    moves = Moves(LIMITS, pair)
    chance = Random(seed)
    for _ in range(steps):
        moves.any_move(chance)
    return pair


def encode(header: Header, entries: list[Entry]) -> bytes:
    encoder = Encoder()
    parts = [encoder.begin(header)]
    for entry in entries:
        encoder.add(entry.now_ns, entry.event, entry.decisions)
        parts.append(encoder.take())
    return b"".join(parts)


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_all_events_and_decisions_survive_the_journal_and_come_out_again(seed: int) -> None:
    pair = day(seed, 150)
    reader = Reader(encode(pair.header, pair.entries))
    read = [entry for record in reader for entry in record.entries]
    assert read == pair.entries
    for make in (Core, Distributor):
        lived = Replay(make, pair.header)
        for entry in read:
            lived.step(0, 0, entry)
        assert lived.distributor.snapshot() == pair.reference.snapshot()


def check(standing: Standing, pair: JournalledPair) -> None:
    snapshot = pair.reference.snapshot()
    assert {
        one.agent: (one.state, one.reason, one.until_ns, one.contact, one.next_state, one.next_reason or "")
        for one in snapshot.agents
    } == {
        one.agent: (one.state, one.reason, one.until_ns, one.contact, one.wish, one.wish_reason)
        for one in standing.agents.values()
    }
    assert {
        one.contact: (one.queue, one.channel, one.arrival_ns, one.agent if one.state is ContactState.ASSIGNED else None)
        for one in snapshot.contacts
    } == {one.contact: (one.queue, one.channel, one.arrival_ns, one.agent) for one in standing.contacts.values()}


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32))
def test_who_stands_where_is_read_off_rightly(seed: int) -> None:
    pair = day(seed, 200)
    whole = Standing(pair.header)
    whole.take(pair.entries)
    check(whole, pair)
    later = Standing(Header("moves", 1, 0, LIMITS, snapshot=pair.reference.snapshot()))
    check(later, pair)


@pytest.mark.parametrize("seed", range(5))
def test_every_contact_has_a_story(seed: int) -> None:
    pair = day(seed, 400)
    contacts = {entry.event.contact for entry in pair.entries if hasattr(entry.event, "contact")} - {None}
    assert len(contacts) > 10
    for contact in contacts:
        story = tell(str(contact), pair.entries)
        assert story
        assert all(happening.sentence for happening in story)
        assert len(story) >= sum(concerns(entry, str(contact)) for entry in pair.entries) // 2


@pytest.mark.parametrize("seed", range(5))
def test_any_day_can_be_played_again(seed: int) -> None:
    pair = day(seed, 400)
    past = Past()
    for entry in pair.entries:
        past.take(entry)
    report = Rerun(Core, LIMITS, past).run()
    assert report.all.counts.offered == len(past.contacts)
    past.end_run()
    assert Rerun(Core, LIMITS, past).run().all.counts.offered == len(past.contacts)


@pytest.mark.parametrize("seed", range(10))
def test_any_day_can_be_counted_and_played_from_its_middle_on(seed: int) -> None:
    """Two runs, the first without its beginning: none of the counts loses anybody."""
    account, pair, chance = Account(), JournalledPair(), Random(seed)
    moves = Moves(LIMITS, pair)
    for _ in range(200):
        moves.any_move(chance)
    stood = pair.reference.snapshot()
    lost = len(pair.entries)
    for _ in range(200):
        moves.any_move(chance)
    account.begin(Header("moves", 3, 0, LIMITS, snapshot=stood))
    for entry in pair.entries[lost:]:
        account.take(entry)
    later_ns = account.past.end_ns + 1_000_000_000
    account.begin(Header("more moves", 0, later_ns, LIMITS))
    for entry in pair.entries[:lost]:
        account.take(Entry(entry.now_ns + later_ns, entry.event, entry.decisions))
    past = account.past
    was = account.report()
    uncounted = sum(contact.answered_before for contact in past.contacts.values())
    assert was.all.counts.offered == len(past.contacts) - uncounted
    again = Rerun(Core, LIMITS, past)
    # A queue may be removed in the same instant as its last contacts come and go.
    assert again.run().all.counts.offered + len(again.left_out) == was.all.counts.offered
    events = [entry.event for entry in pair.entries]
    queues = {event.queue: event for event in events if isinstance(event, QueueConfigured)}
    agents = {event.agent: event for event in events if isinstance(event, AgentSignedIn)}
    for kept in (slice(None), slice(None, None, 2)):
        settings = Settings(list(queues.values())[kept], list(agents.values())[kept])
        other = Rerun(Core, LIMITS, past, settings)
        assert other.run().all.counts.offered + len(other.left_out) == was.all.counts.offered


@pytest.mark.parametrize("seed", range(5))
def test_who_keeps_a_contact_waiting_is_counted_once(seed: int) -> None:
    """By `zentrale explain`, at any moment: all who are signed in, but for the one whom it is kept for."""
    pair, chance, asked = Pair(LIMITS), Random(seed), 0
    moves = Moves(LIMITS, pair)
    for _ in range(150):
        moves.any_move(chance)
        snapshot = pair.core.snapshot()
        inquiry = Inquiry(LIMITS)
        inquiry.restore(snapshot)
        for view in snapshot.contacts:
            if view.state is ContactState.WAITING:
                contact = inquiry._contact(view.contact)
                kept = inquiry._kept_for(contact) is not None
                assert sum(group.count for group in inquiry.groups(contact)) + kept == len(snapshot.agents)
                assert inquiry.tell(view.contact, "now").sentence
                asked += 1
    assert asked > 20
