"""`Store` and `Accounts` in memory, for tests of what stands on them.

They pass the same suites as the SQL ones (``tests/conformance``).  ``failure`` lets a test break the database: while it
is set, every call raises it and nothing is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from gateway.model import events as ev
from gateway.model.errors import ConflictError, RequestError, ZentraleError
from gateway.model.ids import AgentId, ContactId, RecordingId
from gateway.model.ports import ContactRecord, RecordingRecord

T = TypeVar("T")


class MemoryStore:
    def __init__(self) -> None:
        self.failure: ZentraleError | None = None
        self.agent_states: list[ev.AgentStateChanged] = []
        self._records: dict[ContactId, ContactRecord] = {}
        self._timelines: dict[ContactId, list[ev.Event]] = {}
        self._recordings: dict[RecordingId, RecordingRecord] = {}
        self._lines: set[tuple[ContactId, int]] = set()

    async def append(self, events: Sequence[ev.Event]) -> None:
        self._check()
        kept = [event for event in events if not isinstance(event, ev.TypingNoticed)]
        self._refuse_impossible(kept)
        for event in kept:
            self._keep(event)

    async def contact(self, contact: ContactId) -> ContactRecord | None:
        self._check()
        return self._records.get(contact)

    async def timeline(self, contact: ContactId) -> list[ev.Event]:
        self._check()
        return list(self._timelines.get(contact, []))

    async def recordings(self, contact: ContactId) -> list[RecordingRecord]:
        self._check()
        return [recording for recording in self._recordings.values() if recording.contact == contact]

    async def recording(self, recording: RecordingId) -> RecordingRecord | None:
        self._check()
        return self._recordings.get(recording)

    async def contacts(
        self, *, agent: AgentId | None = None, customer_address: str | None = None, limit: int = 50
    ) -> list[ContactRecord]:
        self._check()
        if not 1 <= limit <= 500:
            raise RequestError(f"limit {limit} is out of range; ask for 1 to 500 contacts")
        found = [
            record
            for record in self._newest_first()
            if agent in (None, record.agent) and customer_address in (None, record.customer.address)
        ]
        return found[:limit]

    async def open_contacts(self) -> list[ContactRecord]:
        self._check()
        return [record for record in self._newest_first() if record.ended_ns is None]

    async def last_agent_states(self, agents: Sequence[AgentId]) -> dict[AgentId, ev.AgentState]:
        self._check()
        newest = sorted(self.agent_states, key=lambda event: event.at_ns)
        return {event.agent: event.state for event in newest if event.agent in agents}

    def _check(self) -> None:
        if self.failure is not None:
            raise self.failure

    def _newest_first(self) -> list[ContactRecord]:
        return sorted(self._records.values(), key=lambda record: (record.opened_ns, record.contact), reverse=True)

    def _refuse_impossible(self, events: Sequence[ev.Event]) -> None:
        """Before anything is kept, so that an append is kept as a whole or not at all."""
        opened, lines, recordings = set(self._records), set(self._lines), set(self._recordings)
        for event in events:
            try:
                msgspec.json.encode(event)
            except UnicodeEncodeError as error:
                raise ConflictError(f"text that is not Unicode can't be kept: {error}") from error
            if isinstance(event, ev.ContactOpened):
                _add(opened, event.contact)
            elif isinstance(event, ev.ContactEvent) and event.contact not in opened:
                raise ConflictError(f"contact {event.contact} was never opened")
            if isinstance(event, ev.LineWritten):
                _add(lines, (event.contact, event.line))
            elif isinstance(event, ev.RecordingStored):
                _add(recordings, event.recording)

    def _keep(self, event: ev.Event) -> None:
        if isinstance(event, ev.AgentStateChanged):
            self.agent_states.append(event)
            return
        assert isinstance(event, ev.ContactEvent)
        contact = event.contact
        self._timelines.setdefault(contact, []).append(event)
        match event:
            case ev.ContactOpened():
                self._records[contact] = ContactRecord(
                    contact=contact,
                    channel=event.channel,
                    queue=event.queue,
                    customer=event.customer,
                    called=event.called,
                    opened_ns=event.at_ns,
                )
            case ev.LineWritten():
                self._lines.add((contact, event.line))
            case ev.RecordingStored():
                self._recordings[event.recording] = RecordingRecord(
                    recording=event.recording,
                    contact=contact,
                    agent=event.agent,
                    path=event.path,
                    duration_ms=event.duration_ms,
                    size_bytes=event.size_bytes,
                )
            case _:
                self._records[contact] = _after(self._records[contact], event)


def _add(seen: set[T], key: T) -> None:
    if key in seen:
        raise ConflictError(f"{key} is there already")
    seen.add(key)


def _after(record: ContactRecord, event: ev.ContactEvent) -> ContactRecord:
    changes: dict[str, object] = {}
    match event:
        case ev.ContactQueued() | ev.ContactRequeued() | ev.ContactMoved():
            changes = {"queue": event.queue}
        case ev.ContactAssigned():
            changes = {"agent": event.agent}
        case ev.ConversationStarted():
            answered_ns = event.at_ns if record.answered_ns is None else record.answered_ns
            changes = {"agent": event.agent, "answered_ns": answered_ns}
        case ev.ContactEnded() if record.ended_ns is None:
            changes = {"ended_ns": event.at_ns, "ended_by": event.by, "end_cause": event.cause}
        case ev.QualityRecorded(party=ev.Party.CUSTOMER):
            changes = {"customer_opinion": event.opinion}
        case ev.QualityRecorded(party=ev.Party.AGENT):
            changes = {"agent_opinion": event.opinion}
        case ev.OutcomeChosen():
            changes = {"outcome": event.outcome, "note": event.note}
    return msgspec.structs.replace(record, **changes)


class MemoryAccounts:
    def __init__(self) -> None:
        self._passwords: dict[AgentId, str] = {}

    async def has_password(self, agent: AgentId) -> bool:
        return agent in self._passwords

    async def set_password(self, agent: AgentId, password: str) -> None:
        if not 8 <= len(password) <= 200:
            raise RequestError(f"a password has 8 to 200 characters; this one has {len(password)}")
        try:
            password.encode()
        except UnicodeEncodeError:
            raise RequestError("the password has characters that are not Unicode; choose others") from None
        self._passwords[agent] = password

    async def check_password(self, agent: AgentId, password: str) -> bool:
        return agent in self._passwords and self._passwords[agent] == password
