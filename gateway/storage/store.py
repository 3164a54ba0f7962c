"""`Store` on SQL: events go in through the writer, records come out through the reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, select

from gateway.model.errors import ConflictError, RequestError
from gateway.model.events import AgentState, Customer, EndCause, Event, Party
from gateway.model.ids import AgentId, Channel, ContactId, RecordingId
from gateway.model.ports import ContactRecord, RecordingRecord
from gateway.storage import tables
from gateway.storage.projection import changes, decode_event
from gateway.storage.reader import Reader
from gateway.storage.writer import Writer

CONTACTS_MAX = 500

_contacts = tables.contacts
_NEWEST_FIRST = (_contacts.c.opened_ns.desc(), _contacts.c.contact.desc())


class SqlStore:
    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def append(self, events: Sequence[Event]) -> None:
        """As `Store.append`; also raises `CapacityError` when too much waits for the disk."""
        try:
            rows = [change for event in events for change in changes(event)]
        except UnicodeEncodeError as error:
            raise ConflictError(f"text that is not Unicode can't be kept: {error}") from error
        await self._writer.write(rows)

    async def contact(self, contact: ContactId) -> ContactRecord | None:
        found = await self._contact_records(select(_contacts).where(_contacts.c.contact == contact))
        return found[0] if found else None

    async def timeline(self, contact: ContactId) -> list[Event]:
        table = tables.contact_events
        query = select(table.c.event).where(table.c.contact == contact).order_by(table.c.seq)

        def run(connection: Connection) -> list[Event]:
            return [decode_event(text) for text in connection.scalars(query)]

        return await self._reader.read(run)

    async def recordings(self, contact: ContactId) -> list[RecordingRecord]:
        table = tables.recordings
        query = select(table).where(table.c.contact == contact).order_by(table.c.at_ns, table.c.recording)
        return await self._recording_records(query)

    async def recording(self, recording: RecordingId) -> RecordingRecord | None:
        table = tables.recordings
        found = await self._recording_records(select(table).where(table.c.recording == recording))
        return found[0] if found else None

    async def contacts(
        self, *, agent: AgentId | None = None, customer_address: str | None = None, limit: int = 50
    ) -> list[ContactRecord]:
        if not 1 <= limit <= CONTACTS_MAX:
            raise RequestError(f"limit {limit} is out of range; ask for 1 to {CONTACTS_MAX} contacts")
        query = select(_contacts).order_by(*_NEWEST_FIRST).limit(limit)
        if agent is not None:
            query = query.where(_contacts.c.agent == agent)
        if customer_address is not None:
            query = query.where(_contacts.c.customer_address == customer_address)
        return await self._contact_records(query)

    async def open_contacts(self) -> list[ContactRecord]:
        query = select(_contacts).where(_contacts.c.ended_ns.is_(None)).order_by(*_NEWEST_FIRST)
        return await self._contact_records(query)

    async def last_agent_states(self, agents: Sequence[AgentId]) -> dict[AgentId, AgentState]:
        table = tables.agent_states

        def run(connection: Connection) -> dict[AgentId, AgentState]:
            found: dict[AgentId, AgentState] = {}
            for agent in agents:  # one short look into the index each; grouping would read the whole table
                newest = select(table.c.state).where(table.c.agent == agent).order_by(table.c.at_ns.desc()).limit(1)
                state = connection.scalar(newest)
                if state is not None:
                    found[agent] = AgentState(state)
            return found

        return await self._reader.read(run)

    async def _contact_records(self, query: Select[Any]) -> list[ContactRecord]:
        def run(connection: Connection) -> list[ContactRecord]:
            return [_contact_record(row) for row in connection.execute(query).mappings()]

        return await self._reader.read(run)

    async def _recording_records(self, query: Select[Any]) -> list[RecordingRecord]:
        def run(connection: Connection) -> list[RecordingRecord]:
            return [_recording_record(row) for row in connection.execute(query).mappings()]

        return await self._reader.read(run)


def _contact_record(row: Mapping[Any, Any]) -> ContactRecord:
    return ContactRecord(
        contact=row["contact"],
        channel=Channel(row["channel"]),
        queue=row["queue"],
        customer=Customer(address=row["customer_address"], name=row["customer_name"]),
        called=row["called"],
        opened_ns=row["opened_ns"],
        agent=row["agent"],
        answered_ns=row["answered_ns"],
        ended_ns=row["ended_ns"],
        ended_by=Party(row["ended_by"]) if row["ended_by"] else None,
        end_cause=EndCause(row["end_cause"]) if row["end_cause"] else None,
        outcome=row["outcome"],
        note=row["note"],
        customer_opinion=row["customer_opinion"],
        agent_opinion=row["agent_opinion"],
    )


def _recording_record(row: Mapping[Any, Any]) -> RecordingRecord:
    return RecordingRecord(
        recording=row["recording"],
        contact=row["contact"],
        agent=row["agent"],
        path=row["path"],
        duration_ms=row["duration_ms"],
        size_bytes=row["size_bytes"],
    )
