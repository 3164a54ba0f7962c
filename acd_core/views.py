"""The distributor's state as it may be read: single agents, contacts, offers and queues, or all of it as a snapshot.

A snapshot is complete: it has every number that a later decision depends on, in a fixed order, so that two
distributors that will decide alike have equal snapshots.
"""

from __future__ import annotations

import msgspec

from acd_core.events import AgentChanged, AgentSignedIn, MatchingConfigured, QueueConfigured, Requirement
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
    settings: QueueConfigured | None = None
    closed: bool = False
    passed: int = 0
    """What it has paid of its toll (rule 7.4)."""
    seen: int = 0
    """Contacts measured against the objective, at most 64."""
    recent: int = 0
    """A bit each, the last one lowest; 1: good."""


class WorkView(msgspec.Struct, frozen=True, gc=False):
    """A contact that an agent has in hand or wraps up."""

    contact: str
    lane: str
    weight: int
    interruptible: bool
    interrupted: bool
    until_ns: int | None
    """Of a wrap-up."""
    timer_sequence: int | None


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
    """Order among timers due at the same time (of the wrap-up that ends first, or of the return)."""
    settings: AgentSignedIn | AgentChanged | None = None
    work: tuple[WorkView, ...] = ()
    """In order of acceptance."""
    last_offer: int = 0
    """Number of the last offer made to the agent; 0: none since signing in."""
    return_ms: int = 0
    """With a wish for not responding: how long until the agent returns by itself."""


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
    needs: Requirement = frozenset()
    """The contact's own."""
    priority: int = 0
    bonus_ms: int = 0
    topic: str = ""
    excluded: tuple[str, ...] = ()
    preferred: str | None = None
    preferred_ms: int = 0
    preferring: bool = False
    """Whether it is still to wait for the preferred agent alone."""
    entered_ns: int = 0
    """When it entered its queue."""
    step: int = 0
    held: str = ""
    """``deferred`` or ``closed``: it waits, but is not offered."""
    held_until_ns: int | None = None
    hops: int = 0
    charged: bool = False
    """Whether its queue has paid the toll for it."""
    overflow_tried: bool = False
    offers: tuple[int, ...] = ()
    due_ns: int | None = None
    """When something changes by the time that it waits; its timer's order is its ``sequence``."""


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
    matching: MatchingConfigured = MatchingConfigured()
    window_ns: int | None = None
    """When the running matching window ends."""
    window_sequence: int | None = None
    passed: int = 0
    """The greatest ``passed`` of a queue at the time that it was served (V in rule 7.4)."""
