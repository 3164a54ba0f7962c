"""The distributor's state as it may be read: single agents, contacts, offers and queues, or all of it as a snapshot.

A snapshot is complete: it has every number that a later decision depends on, in a fixed order, so that two
distributors that will decide alike have equal snapshots.
"""

from __future__ import annotations

import msgspec

from acd_core.states import AgentState, ContactState


class QueueView(msgspec.Struct, frozen=True, gc=False):
    queue: str
    offer_ms: int
    wrap_up_ms: int
    skills: tuple[str, ...]
    strategy: str
    waiting: int
    offered: int
    assigned: int
    agents: int
    """Signed in for this queue, whatever their state and skills."""


class AgentView(msgspec.Struct, frozen=True, gc=False):
    agent: str
    queues: tuple[str, ...]
    skills: tuple[str, ...]
    state: AgentState
    reason: str
    since_ns: int
    until_ns: int | None
    contact: str | None
    offer: int | None
    next_state: AgentState | None
    """Paused or signed out, when the work in hand is done."""
    next_reason: str | None
    idle_since_ns: int
    """Since when the agent has been without a conversation (an offer that came to nothing does not count)."""
    idle_sequence: int
    timer_sequence: int | None
    """Order among timers due at the same time (of the wrap-up)."""


class ContactView(msgspec.Struct, frozen=True, gc=False):
    contact: str
    queue: str
    channel: str
    skills: tuple[str, ...]
    """The contact's own, without those of its queue."""
    arrival_ns: int
    sequence: int
    state: ContactState
    agent: str | None
    offer: int | None


class OfferView(msgspec.Struct, frozen=True, gc=False):
    offer: int
    contact: str
    agent: str
    expires_ns: int
    timer_sequence: int


class ExclusionView(msgspec.Struct, frozen=True, gc=False):
    contact: str
    agent: str
    until_ns: int
    timer_sequence: int


class Snapshot(msgspec.Struct, frozen=True, gc=False):
    now_ns: int
    sequence: int
    """The last number given to an arrival, an idle time or a timer."""
    offers_made: int
    queues: tuple[QueueView, ...]
    agents: tuple[AgentView, ...]
    contacts: tuple[ContactView, ...]
    """In order of arrival."""
    offers: tuple[OfferView, ...]
    exclusions: tuple[ExclusionView, ...]
