"""What pages see of the live state: plain values, made anew for each question."""

from __future__ import annotations

import msgspec

from gateway.model.events import AgentState, Customer, VideoSource
from gateway.model.ids import AgentId, Channel, ContactId, OfferId, QueueName
from gateway.session.states import ContactState, RecordingState


class ContactView(msgspec.Struct, frozen=True, kw_only=True):
    """One live contact, or one in wrap-up (state ``ended``)."""

    contact: ContactId
    channel: Channel
    queue: QueueName
    queue_title: str
    customer: Customer
    called: str
    state: ContactState
    agent: AgentId | None
    agent_name: str | None
    position: int | None
    """Place in the queue from 1 while it waits, else None."""
    opened_ns: int
    answered_ns: int | None
    outcomes: list[str]
    """The outcomes that the agent may choose from."""
    outcome: str | None
    customer_connected: bool
    """False while a chat visitor's page is away."""
    video_allowed: bool = False
    """Either side may show pictures now."""
    customer_shows: VideoSource | None = None
    agent_shows: VideoSource | None = None
    recording: RecordingState
    until_ns: int | None = None
    """On a desk: when this agent's wrap-up of it ends by itself."""


class OfferView(msgspec.Struct, frozen=True, kw_only=True):
    """An offer ringing at an agent."""

    offer: OfferId
    contact: ContactView
    offered_ns: int
    expires_ns: int
    waited_ms: int
    """How long the customer had waited when it began to ring."""
    why: str


class QueueView(msgspec.Struct, frozen=True, kw_only=True):
    queue: QueueName
    title: str
    waiting: int
    oldest_arrival_ns: int | None
    agents_available: int
    agents_signed_in: int
    open: bool
    """Within its opening hours."""


class DeskView(msgspec.Struct, frozen=True, kw_only=True):
    """Everything an agent's page needs after it connects or reconnects."""

    agent: AgentId
    name: str
    state: AgentState
    reason: str
    since_ns: int
    until_ns: int | None
    offer: OfferView | None
    contacts: list[ContactView]
    """In hand, in order of acceptance: connecting, talking, held, parted, or ended (for this agent) and in wrap-up."""
    queues: list[QueueView]
    now_ns: int
    """The server's clock, so that the page can count without trusting its own."""

    @property
    def contact(self) -> ContactView | None:
        """The first in hand."""
        return self.contacts[0] if self.contacts else None


class ColleagueView(msgspec.Struct, frozen=True, kw_only=True):
    agent: AgentId
    name: str
    state: AgentState


class TransferView(msgspec.Struct, frozen=True, kw_only=True):
    """Where a contact may be sent on to."""

    queues: list[QueueName]
    """Those that take its channel, but for the one that it is in."""
    agents: list[ColleagueView]
    """Who else is at work, by name."""
