"""What the distributor is told.  Immutable, cheap to make (no garbage-collector header), tagged for the journal.

Times are nanoseconds of the caller's clock, the same as ``now_ns`` of `Distributor.handle`; durations in ms.
"""

from __future__ import annotations

import msgspec

from acd_core.states import AgentState

Requirement = frozenset[frozenset[tuple[str, int]]]
"""What an agent must know: every clause must be met, each by any one of its (skill, minimum level 0..100).

Built by `acd_core.requirements`.  A team is a skill named ``team:NAME``, a language one named ``language:NAME``.
"""


class Order(msgspec.Struct, frozen=True, gc=False):
    """A contact's score in *points*; of all contacts that an agent may take, the highest score is first.

    ``base + step * priority + rate * (waited_ms + bonus_ms) + blending - ratio``; exactly: rule 7 in
    docs/design/distributor-rules.md.
    `acd_core.strategies.orders` has the recipes: arrival, priority, service objective, c-mu, greatest need, ratio.
    """

    name: str = "arrival"
    """For explanations only."""
    base: int = 0
    rate: int = 1000
    """Points per ms of waiting, 0..100,000."""
    step: int = 0
    """Points per level of the contact's priority."""
    toll: int = 0
    """Points that each contact served costs its queue against others with a toll: shares in inverse proportion."""
    overtaking_ms: int | None = None
    """Who has waited as long as this, bonus included, is overtaken by nobody who comes later, and of a bonus no more
    counts; None: no such bound."""
    objective_ms: int = 0
    """Answered within this counts as good service; 0: not measured."""
    target_permille: int = 800
    blend: int = 0
    """Points per permille that the service of the last 64 contacts is below the target."""


class Step(msgspec.Struct, frozen=True, gc=False):
    """A relaxation, or a bullseye ring: what is asked for changes once a contact has waited ``after_ms``."""

    after_ms: int
    lower: int = 0
    """Minimum levels go down by this."""
    drop: frozenset[str] = frozenset()
    """Clauses that name one of these skills are dropped."""
    needs: Requirement = frozenset()
    """Asked for in addition from now on."""


class Overflow(msgspec.Struct, frozen=True, gc=False):
    """The contact moves to another queue, its place by arrival kept."""

    to: str
    when: str
    """``wait`` (``value`` ms in this queue), or on entering it: ``size`` (as many wait already), ``estimate`` (the
    estimated wait exceeds ``value`` ms), ``unstaffed`` (nobody signed in, or the last one leaves), ``closed``."""
    value: int = 0


class Split(msgspec.Struct, frozen=True, gc=False):
    """So many of a thousand arriving contacts go to the other queue; which ones depends on seed and contact only."""

    to: str
    permille: int


class QueueConfigured(msgspec.Struct, frozen=True, tag=True, gc=False, omit_defaults=True):
    """The queue exists from now on, or has other settings; takes effect at once, offers already out keep their time."""

    queue: str
    offer_ms: int
    """How long an agent may let it ring; also how long an agent who rejected a contact is spared it."""
    wrap_up_ms: int
    """0: none."""
    skills: frozenset[str] = frozenset()
    """All of them are needed at any level, beside those of the contact."""
    strategy: str = "longest_idle"
    needs: Requirement = frozenset()
    """Needed beside ``skills`` and what the contact needs."""
    order: Order = Order()
    steps: tuple[Step, ...] = ()
    """By rising ``after_ms``; each adds to those before it."""
    overflow: tuple[Overflow, ...] = ()
    """At most one of each kind."""
    splits: tuple[Split, ...] = ()
    broadcast: int = 1
    """How many agents a contact rings at at once; the first answer wins."""
    return_ms: int = 0
    """After this an agent who did not answer is available again by itself; 0: only when they say so."""
    handle_ms: int = 0
    """Mean handling time, for the estimate of overflow."""


class QueueRemoved(msgspec.Struct, frozen=True, tag=True, gc=False, omit_defaults=True):
    """Refused with `IllegalStateError` while contacts of the queue are here."""

    queue: str


class QueueOpened(msgspec.Struct, frozen=True, tag=True, gc=False, omit_defaults=True):
    """Opening hours begin; a queue is open until it is closed.  Contacts held because it was closed may be offered."""

    queue: str


class QueueClosed(msgspec.Struct, frozen=True, tag=True, gc=False, omit_defaults=True):
    """Who enters from now on overflows (``closed``) or is held until it opens."""

    queue: str
    drain: bool = True
    """Those who wait already are still served; else they overflow or are held too."""


class MatchingConfigured(msgspec.Struct, frozen=True, tag=True, gc=False, omit_defaults=True):
    seed: int = 0
    """Of the hash that random choices and splits are made by, 0..2**63-1."""
    window_ms: int = 0
    """0: match at once; else gather agents and contacts for so long (at most 50 ms) and match them jointly."""


class Lane(msgspec.Struct, frozen=True, gc=False):
    """What an agent may have in hand of one channel."""

    channel: str
    """``*``: any that has no lane of its own."""
    most: int = 1
    weight: int = 1
    """What each takes of the agent's capacity."""
    interruptible: bool = False
    """Makes room for others: is interrupted when the sum of weights would exceed the capacity, and resumed later."""


class AgentSignedIn(msgspec.Struct, frozen=True, tag=True, gc=False, omit_defaults=True):
    """The agent starts as paused("signed in")."""

    agent: str
    queues: frozenset[str]
    skills: frozenset[str]
    """Held at level 100."""
    levels: frozenset[tuple[str, int]] = frozenset()
    """Skills held at another level, 0..100; none of them in ``skills``."""
    lanes: tuple[Lane, ...] = ()
    """None: one contact at a time, of any channel."""
    capacity: int = 1
    wrap_up_ms: int | None = None
    """In place of the queue's."""
    weight: int = 1
    """In a weighted random choice, 1..20."""
    scores: frozenset[tuple[str, int]] = frozenset()
    """Expected success by topic, 0..1000; 0 where not named.  1,000 topics at most."""


class AgentChanged(msgspec.Struct, frozen=True, tag=True, gc=False, omit_defaults=True):
    """Other queues, skills and so on from now on; what the agent has in hand is not touched.

    What rings goes on ringing, unless there is no room for it any more: that offer is revoked.
    """

    agent: str
    queues: frozenset[str]
    skills: frozenset[str]
    levels: frozenset[tuple[str, int]] = frozenset()
    lanes: tuple[Lane, ...] = ()
    capacity: int = 1
    wrap_up_ms: int | None = None
    weight: int = 1
    scores: frozenset[tuple[str, int]] = frozenset()


class AgentReady(msgspec.Struct, frozen=True, tag=True, gc=False, omit_defaults=True):
    """Out of pause, not responding or wrap-up; with a contact in hand it cancels a pause or sign-out yet to come."""

    agent: str


class AgentPaused(msgspec.Struct, frozen=True, tag=True, gc=False, omit_defaults=True):
    """At once, or after the offer, contact and wrap-up in hand."""

    agent: str
    reason: str


class AgentSignedOut(msgspec.Struct, frozen=True, tag=True, gc=False, omit_defaults=True):
    """At once (a ringing offer is revoked), or after the contact and wrap-up in hand."""

    agent: str


class ContactArrived(msgspec.Struct, frozen=True, tag=True, gc=False, omit_defaults=True):
    contact: str
    queue: str
    skills: frozenset[str] = frozenset()
    channel: str = "phone"
    arrival_ns: int | None = None
    """Its place in the queue; None: now.  Never in the future."""
    needs: Requirement = frozenset()
    """Needed beside ``skills``."""
    priority: int = 0
    """0..100; what a level is worth is the queue's `Order.step`."""
    bonus_ms: int = 0
    """As if it had arrived earlier by this (VIP, an earlier contact on another channel); no more counts than the
    queue's `Order.overtaking_ms`."""
    topic: str = ""
    """For the choice by expected success."""
    excluded: frozenset[str] = frozenset()
    """Agents who never get it (conflict of interest), signed in or not; 1,000 at most."""
    preferred: str | None = None
    """The last agent, the owner of the case: need not serve the queue nor have the skills."""
    preferred_ms: int = 0
    """How long it waits for the preferred agent alone while they are at work; 0: they merely come first if free."""


class ContactChanged(msgspec.Struct, frozen=True, tag=True, gc=False, omit_defaults=True):
    """Of a contact that waits or rings; None: as it was.  The place is kept (virtual hold: ``channel="callback"``).

    It goes on ringing, but not at whom it excludes now, nor where there is no room for what it is now.
    """

    contact: str
    skills: frozenset[str] | None = None
    needs: Requirement | None = None
    channel: str | None = None
    priority: int | None = None
    bonus_ms: int | None = None
    topic: str | None = None
    excluded: frozenset[str] | None = None


class ContactDeferred(msgspec.Struct, frozen=True, tag=True, gc=False, omit_defaults=True):
    """A contact that waits or rings is not offered until ``until_ns`` (None: until it returns) and keeps its place."""

    contact: str
    until_ns: int | None = None


class ContactReturned(msgspec.Struct, frozen=True, tag=True, gc=False, omit_defaults=True):
    """A deferred contact may be offered again."""

    contact: str


class ContactTransferred(msgspec.Struct, frozen=True, tag=True, gc=False, omit_defaults=True):
    """To another queue, or to an agent, at its old place by arrival; the agent who had it wraps up."""

    contact: str
    queue: str | None = None
    """None: the present one."""
    agent: str | None = None
    """As `ContactArrived.preferred`."""
    agent_ms: int = 0
    reason: str = "transferred"


class AssignmentOrdered(msgspec.Struct, frozen=True, tag=True, gc=False, omit_defaults=True):
    """A supervisor has a contact that waits or rings offered to this agent now, whatever queue and skills."""

    contact: str
    agent: str


class ContactAbandoned(msgspec.Struct, frozen=True, tag=True, gc=False, omit_defaults=True):
    """The customer left while the contact waited or rang."""

    contact: str


class ContactEnded(msgspec.Struct, frozen=True, tag=True, gc=False, omit_defaults=True):
    """The conversation is over; the agent's wrap-up begins."""

    contact: str


class ContactRequeued(msgspec.Struct, frozen=True, tag=True, gc=False, omit_defaults=True):
    """An assigned contact goes back to its queue at its old place; its agent becomes ``agent_state``.

    An agent who asked for a pause or sign-out meanwhile gets that instead.  One who becomes available is spared this
    contact for the queue's offer time.
    """

    contact: str
    reason: str
    agent_state: AgentState = AgentState.NOT_RESPONDING


class OfferAccepted(msgspec.Struct, frozen=True, tag=True, gc=False, omit_defaults=True):
    offer: int
    agent: str


class OfferRejected(msgspec.Struct, frozen=True, tag=True, gc=False, omit_defaults=True):
    """The agent stays available, but is spared this contact for the queue's offer time."""

    offer: int
    agent: str
    reason: str = ""


class OfferRevoked(msgspec.Struct, frozen=True, tag=True, gc=False, omit_defaults=True):
    """The offer is taken back (the agent's page is gone, a supervisor wants it so); the contact goes to the next."""

    offer: int
    reason: str
    agent_state: AgentState = AgentState.NOT_RESPONDING


class WrapUpFinished(msgspec.Struct, frozen=True, tag=True, gc=False, omit_defaults=True):
    agent: str
    contact: str | None = None
    """Whose; None: the one that would end first."""


class WrapUpExtended(msgspec.Struct, frozen=True, tag=True, gc=False, omit_defaults=True):
    """The wrap-up ends at ``until_ns`` (later or sooner than before; at most 24 h from now)."""

    agent: str
    until_ns: int
    contact: str | None = None
    """As `WrapUpFinished.contact`."""


Event = (
    QueueConfigured
    | QueueRemoved
    | QueueOpened
    | QueueClosed
    | MatchingConfigured
    | AgentSignedIn
    | AgentChanged
    | AgentReady
    | AgentPaused
    | AgentSignedOut
    | ContactArrived
    | ContactChanged
    | ContactDeferred
    | ContactReturned
    | ContactTransferred
    | ContactAbandoned
    | ContactEnded
    | ContactRequeued
    | AssignmentOrdered
    | OfferAccepted
    | OfferRejected
    | OfferRevoked
    | WrapUpFinished
    | WrapUpExtended
)
