"""What happened: the domain events of contacts and agents.

One stream of these feeds everything behind the session: storage appends them (they *are* the contact's timeline, and
the ``contacts`` table is a projection of them), the API pushes them to pages, metrics count them.  Events are frozen,
named in the past tense, and tagged, so that ``msgspec.json`` round-trips them.  ``at_ns`` is `Clock.now_ns`.
"""

from __future__ import annotations

import enum

import msgspec

from gateway.model.ids import AgentId, Channel, ContactId, OfferId, QueueName, RecordingId


class Party(enum.StrEnum):
    """Who did it."""

    CUSTOMER = "customer"
    AGENT = "agent"
    SYSTEM = "system"


class EndCause(enum.StrEnum):
    """Why a contact ended, beside who ended it."""

    HUNG_UP = "hung_up"
    """One side ended the conversation in the ordinary way."""
    ABANDONED = "abandoned"
    """The customer left before an agent was there."""
    CONNECTION_LOST = "connection_lost"
    """The customer's connection went away without a goodbye."""
    REJECTED = "rejected"
    """Zentrale could not serve it (media failed, codec not shared)."""
    SHUTDOWN = "shutdown"
    """Zentrale was stopped in an orderly way."""
    RESTART = "restart"
    """Zentrale was killed; found open at the next start."""
    FAILED = "failed"
    """An error of ours; the log has it under the contact's id."""


class OfferEnd(enum.StrEnum):
    """How an offer's lease ended."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EXPIRED = "expired"
    """The agent did not answer within the queue's time."""
    REVOKED = "revoked"
    """The customer left, or the agent's page went away, while it rang."""


class AgentState(enum.StrEnum):
    SIGNED_OUT = "signed_out"
    AVAILABLE = "available"
    OFFERED = "offered"
    BUSY = "busy"
    WRAP_UP = "wrap_up"
    PAUSED = "paused"
    NOT_RESPONDING = "not_responding"


class VideoSource(enum.StrEnum):
    """What the pictures of a call show."""

    CAMERA = "camera"
    SCREEN = "screen"


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """Who it is, as far as the channel tells.

    ``address`` is the key of the history over all channels: ``tel:+4930123456``, ``sip:anna@example.org`` or
    ``visitor:<token hash>``.  ``name`` is what an agent sees.
    """

    address: str
    name: str


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag=True):
    at_ns: int


class ContactEvent(Event, frozen=True, kw_only=True):
    contact: ContactId


class ContactOpened(ContactEvent, frozen=True, kw_only=True):
    """Accepted by an edge; on disk before the customer hears or reads anything."""

    channel: Channel
    queue: QueueName
    customer: Customer
    called: str
    """The number dialled, or the page's address."""


class GreetingStarted(ContactEvent, frozen=True, kw_only=True):
    pass


class ContactQueued(ContactEvent, frozen=True, kw_only=True):
    queue: QueueName
    arrival_ns: int
    """The key of its place: the first arrival, kept when it comes back."""


class ContactOffered(ContactEvent, frozen=True, kw_only=True):
    queue: QueueName
    offer: OfferId
    agent: AgentId
    expires_ns: int
    waited_ms: int
    why: str
    """One sentence for people: why this agent."""


class OfferClosed(ContactEvent, frozen=True, kw_only=True):
    offer: OfferId
    agent: AgentId
    end: OfferEnd


class ContactAssigned(ContactEvent, frozen=True, kw_only=True):
    """The agent accepted; for voice the agent's audio is on its way."""

    agent: AgentId
    offer: OfferId


class ConversationStarted(ContactEvent, frozen=True, kw_only=True):
    """Sound flows both ways, or the first line may be written."""

    agent: AgentId


class ContactHeld(ContactEvent, frozen=True, kw_only=True):
    agent: AgentId


class ContactResumed(ContactEvent, frozen=True, kw_only=True):
    agent: AgentId


class VideoStarted(ContactEvent, frozen=True, kw_only=True):
    """One side of a browser call shows pictures from now on, or others than before (camera, screen)."""

    by: Party
    agent: AgentId | None
    """When an agent shows them."""
    source: VideoSource


class VideoStopped(ContactEvent, frozen=True, kw_only=True):
    by: Party
    agent: AgentId | None


class AgentConnectionLost(ContactEvent, frozen=True, kw_only=True):
    """The agent's page or audio went away in the middle of the conversation."""

    agent: AgentId


class AgentConnectionRestored(ContactEvent, frozen=True, kw_only=True):
    agent: AgentId


class ContactRequeued(ContactEvent, frozen=True, kw_only=True):
    """Back in its queue at its old place, because the agent did not come back."""

    queue: QueueName
    agent: AgentId
    reason: str


class ContactMoved(ContactEvent, frozen=True, kw_only=True):
    """On to another queue while it waits, at its old place by arrival."""

    from_queue: QueueName
    queue: QueueName
    reason: str
    """``split``, or ``overflow:`` and why, or ``transferred``."""


class ContactTransferred(ContactEvent, frozen=True, kw_only=True):
    """The agent sent the customer on: to another queue, or to a colleague, at the old place by arrival."""

    agent: AgentId
    queue: QueueName
    to_agent: AgentId | None
    """Whom it waits for first."""


class DigitPressed(ContactEvent, frozen=True, kw_only=True):
    digit: str
    duration_ms: int


class LineWritten(ContactEvent, frozen=True, kw_only=True):
    """One line of a chat's transcript. ``line`` counts from 1 within the contact."""

    line: int
    author: Party
    agent: AgentId | None
    text: str


class CustomerConnectionLost(ContactEvent, frozen=True, kw_only=True):
    """A chat visitor's page went away; the chat stays open for the queue's grace time."""


class CustomerConnectionRestored(ContactEvent, frozen=True, kw_only=True):
    pass


class ContactEnded(ContactEvent, frozen=True, kw_only=True):
    by: Party
    cause: EndCause


class OutcomeChosen(ContactEvent, frozen=True, kw_only=True):
    agent: AgentId
    outcome: str
    note: str


class RecordingPaused(ContactEvent, frozen=True, kw_only=True):
    """By the agent: what is said from here on is in no recording."""

    agent: AgentId


class RecordingResumed(ContactEvent, frozen=True, kw_only=True):
    agent: AgentId


class RecordingInterrupted(ContactEvent, frozen=True, kw_only=True):
    """The alarm while the conversation goes on: what is said is not recorded. ``reason``: disk full, ..."""

    recording: RecordingId
    reason: str


class RecordingStored(ContactEvent, frozen=True, kw_only=True):
    recording: RecordingId
    agent: AgentId
    path: str
    """Relative to the recordings folder."""
    duration_ms: int
    size_bytes: int


class RecordingFailed(ContactEvent, frozen=True, kw_only=True):
    recording: RecordingId
    reason: str


class QualityRecorded(ContactEvent, frozen=True, kw_only=True):
    """How one side's sound came to us over the life of its leg; kept when the leg has closed."""

    party: Party
    opinion: float
    """Mean opinion score by ITU-T G.107, over all packets; 4.4 is an undisturbed call."""
    opinion_worst: float
    """Of the worst stretch that was measured."""
    loss_permille: int
    jitter_us: int
    round_trip_us: int | None


class AudioAlarmRaised(ContactEvent, frozen=True, kw_only=True):
    """One side of a conversation is not heard any more."""

    party: Party
    alarm: str
    """``silence`` (packets without sound) or ``one_way`` (no packets)."""
    after_ms: int


class AudioAlarmEnded(ContactEvent, frozen=True, kw_only=True):
    party: Party
    alarm: str
    after_ms: int


class AgentStateChanged(Event, frozen=True, kw_only=True):
    agent: AgentId
    state: AgentState
    reason: str
    until_ns: int | None
    """When the state ends by itself (wrap-up), if it does."""
    contact: ContactId | None


class TypingNoticed(ContactEvent, frozen=True, kw_only=True):
    """Passing: pushed to pages, never stored."""

    author: Party
    typing: bool


class QueueChanged(Event, frozen=True, kw_only=True):
    """Passing: how a queue stands now; sent at most once per turn of the event loop."""

    queue: QueueName
    waiting: int
    oldest_arrival_ns: int | None
    agents_available: int
    agents_signed_in: int
    open: bool = True
    """Within its opening hours."""


StoredEvent = (
    ContactOpened
    | GreetingStarted
    | ContactQueued
    | ContactOffered
    | OfferClosed
    | ContactAssigned
    | ConversationStarted
    | ContactHeld
    | ContactResumed
    | VideoStarted
    | VideoStopped
    | AgentConnectionLost
    | AgentConnectionRestored
    | ContactRequeued
    | ContactMoved
    | ContactTransferred
    | DigitPressed
    | LineWritten
    | CustomerConnectionLost
    | CustomerConnectionRestored
    | ContactEnded
    | OutcomeChosen
    | RecordingPaused
    | RecordingResumed
    | RecordingInterrupted
    | RecordingStored
    | RecordingFailed
    | QualityRecorded
    | AudioAlarmRaised
    | AudioAlarmEnded
    | AgentStateChanged
)
"""All events that storage keeps; `TypingNoticed` and `QueueChanged` are not among them."""
