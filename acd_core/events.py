"""What the distributor is told.  Immutable, cheap to make (no garbage-collector header), tagged for the journal.

Times are nanoseconds of the caller's clock, the same as ``now_ns`` of `Distributor.handle`; durations in ms.
"""

from __future__ import annotations

import msgspec

from acd_core.states import AgentState


class QueueConfigured(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The queue exists from now on, or has other settings; takes effect at once, offers already out keep their time."""

    queue: str
    offer_ms: int
    """How long an agent may let it ring; also how long an agent who rejected a contact is spared it."""
    wrap_up_ms: int
    """0: none."""
    skills: frozenset[str] = frozenset()
    """All of them are needed, beside those of the contact."""
    strategy: str = "longest_idle"


class QueueRemoved(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Refused with `IllegalStateError` while contacts of the queue are here."""

    queue: str


class AgentSignedIn(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The agent starts as paused("signed in")."""

    agent: str
    queues: frozenset[str]
    skills: frozenset[str]


class AgentChanged(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Other queues and skills from now on; what the agent has in hand is not touched."""

    agent: str
    queues: frozenset[str]
    skills: frozenset[str]


class AgentReady(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Out of pause, not responding or wrap-up; with a contact in hand it cancels a pause or sign-out yet to come."""

    agent: str


class AgentPaused(msgspec.Struct, frozen=True, tag=True, gc=False):
    """At once, or after the offer, contact and wrap-up in hand."""

    agent: str
    reason: str


class AgentSignedOut(msgspec.Struct, frozen=True, tag=True, gc=False):
    """At once (a ringing offer is revoked), or after the contact and wrap-up in hand."""

    agent: str


class ContactArrived(msgspec.Struct, frozen=True, tag=True, gc=False):
    contact: str
    queue: str
    skills: frozenset[str] = frozenset()
    channel: str = "phone"
    arrival_ns: int | None = None
    """Its place in the queue; None: now.  Never in the future."""


class ContactAbandoned(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The customer left while the contact waited or rang."""

    contact: str


class ContactEnded(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The conversation is over; the agent's wrap-up begins."""

    contact: str


class ContactRequeued(msgspec.Struct, frozen=True, tag=True, gc=False):
    """An assigned contact goes back to its queue at its old place; its agent becomes ``agent_state``.

    An agent who asked for a pause or sign-out meanwhile gets that instead.  One who becomes available is spared this
    contact for the queue's offer time.
    """

    contact: str
    reason: str
    agent_state: AgentState = AgentState.NOT_RESPONDING


class OfferAccepted(msgspec.Struct, frozen=True, tag=True, gc=False):
    offer: int
    agent: str


class OfferRejected(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The agent stays available, but is spared this contact for the queue's offer time."""

    offer: int
    agent: str
    reason: str = ""


class OfferRevoked(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The offer is taken back (the agent's page is gone, a supervisor wants it so); the contact goes to the next."""

    offer: int
    reason: str
    agent_state: AgentState = AgentState.NOT_RESPONDING


class WrapUpFinished(msgspec.Struct, frozen=True, tag=True, gc=False):
    agent: str


class WrapUpExtended(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The wrap-up ends at ``until_ns`` (later or sooner than before; at most 24 h from now)."""

    agent: str
    until_ns: int


Event = (
    QueueConfigured
    | QueueRemoved
    | AgentSignedIn
    | AgentChanged
    | AgentReady
    | AgentPaused
    | AgentSignedOut
    | ContactArrived
    | ContactAbandoned
    | ContactEnded
    | ContactRequeued
    | OfferAccepted
    | OfferRejected
    | OfferRevoked
    | WrapUpFinished
    | WrapUpExtended
)
