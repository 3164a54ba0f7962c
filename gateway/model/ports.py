"""The ports that the session drives and the edges implement; each has a conformance suite in ``tests``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from gateway.model.events import AgentState, Customer, EndCause, Event, Party
from gateway.model.ids import AgentId, Channel, Codec, ContactId, LegId, QueueName, RecordingId


class VoiceLine(Protocol):
    """The customer's call as its edge (SIP or WebRTC) holds it.

    The edge reports what the other side does to the session (`ContactService.line_ended`); the session uses these.
    """

    @property
    def leg(self) -> LegId:
        """The customer's media leg, open since before the session heard of the call."""
        ...

    @property
    def codec(self) -> Codec:
        """What the leg carries; an agent's leg with the same codec can be relayed."""
        ...

    async def answer(self) -> None:
        """Accept the call (SIP: 200 OK).  Raises `PeerError` when the caller is gone by now."""
        ...

    def end(self, cause: EndCause) -> None:
        """End the call from our side in whatever way its state asks for (SIP: BYE, CANCEL or a final response).

        Harmless when it has ended already.  The edge closes the media leg.
        """
        ...


class ContactRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A contact as the database shows it: the projection of its events."""

    contact: ContactId
    channel: Channel
    queue: QueueName
    customer: Customer
    called: str
    opened_ns: int
    agent: AgentId | None = None
    """Who had it last."""
    answered_ns: int | None = None
    """When the first conversation started."""
    ended_ns: int | None = None
    ended_by: Party | None = None
    end_cause: EndCause | None = None
    outcome: str | None = None
    note: str | None = None
    customer_opinion: float | None = None
    """Mean opinion score of the customer's sound as it came to us, over the whole call (`QualityRecorded`)."""
    agent_opinion: float | None = None


class RecordingRecord(msgspec.Struct, frozen=True, kw_only=True):
    recording: RecordingId
    contact: ContactId
    agent: AgentId
    path: str
    duration_ms: int
    size_bytes: int


class Store(Protocol):
    """Events in, records out.  Raises `InternalError` when the database fails."""

    async def append(self, events: Sequence[Event]) -> None:
        """Keep the events and what follows from them in one transaction; returns once it is on disk."""
        ...

    async def contact(self, contact: ContactId) -> ContactRecord | None: ...

    async def timeline(self, contact: ContactId) -> list[Event]:
        """All events of the contact in the order they happened."""
        ...

    async def recordings(self, contact: ContactId) -> list[RecordingRecord]: ...

    async def recording(self, recording: RecordingId) -> RecordingRecord | None: ...

    async def contacts(
        self, *, agent: AgentId | None = None, customer_address: str | None = None, limit: int = 50
    ) -> list[ContactRecord]:
        """Newest first, at most ``limit`` (1..500)."""
        ...

    async def open_contacts(self) -> list[ContactRecord]:
        """Those without a `ContactEnded`: after a start, what a crash left behind."""
        ...

    async def last_agent_states(self, agents: Sequence[AgentId]) -> dict[AgentId, AgentState]:
        """The state that each of the agents was last known to be in; agents without any are left out."""
        ...


class Accounts(Protocol):
    """Agents' passwords.  Who the agents *are* is in the configuration."""

    async def has_password(self, agent: AgentId) -> bool: ...

    async def set_password(self, agent: AgentId, password: str) -> None: ...

    async def check_password(self, agent: AgentId, password: str) -> bool:
        """Takes the same time whether the agent exists or not."""
        ...
