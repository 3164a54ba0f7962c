"""The tables that say who serves whom and in which order: parts of a queue, of an agent, and `[distribution]`.

`gateway.routing.settings` puts them into the distributor's words; docs/howto/distribution.md has worked examples.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from gateway.config.values import Day, DayMs, Hours, Need, PositiveDayMs, QueueKey, Skill, Table

Strategy = Literal[
    "longest_idle", "least_occupied", "most_skilled", "least_skilled", "round_robin", "random", "success"
]
Policy = Literal["arrival", "priority", "greatest_need", "service_objective", "generalised_cmu", "ratio"]
Needs = Annotated[list[Need], Meta(max_length=32)]


class DistributionConfig(Table, frozen=True, kw_only=True):
    """What concerns the distribution of all queues."""

    timezone: Annotated[str, Meta(min_length=1, max_length=64)] = "UTC"
    """Where opening hours are counted: a name of the time zone database, such as `"Europe/Berlin"`."""
    seed: Annotated[int, Meta(ge=0, le=2**53 - 1)] = 0
    """Decides random choices and splits: with the same seed the same contacts fall the same way."""
    window_ms: Annotated[int, Meta(ge=0, le=50)] = 0
    """0 matches at once; else free agents and waiting contacts gather for so long and are matched jointly."""


class OrderConfig(Table, frozen=True, kw_only=True):
    """Which of the contacts that an agent may take comes first: `order = { policy = "...", ... }`."""

    policy: Policy = "arrival"
    """`arrival`: who came first. `priority`: a level of priority counts as much as `level_ms` of waiting.
    `greatest_need`: the highest level first, and of that who came first; a level counts as much as a day of waiting.
    `service_objective`: who has waited the greatest share of `objective_ms`. `generalised_cmu`: whose waiting costs
    most for the work (`cost`, and the queue's `handle_ms`). `ratio`: queues are served in proportion to their
    `share`."""
    level_ms: DayMs | None = None
    """For `priority`: what one level counts in waiting; 60000 when left out."""
    ageing_percent: Annotated[int, Meta(ge=0, le=10_000)] | None = None
    """For `priority` and `ratio`: how fast waiting counts in this queue; left out: 100 for `priority`, 0 for
    `ratio`."""
    objective_ms: PositiveDayMs | None = None
    """Answered within this is good service. For `service_objective`, and for `target_percent` with any policy."""
    cost: Annotated[int, Meta(ge=1, le=1000)] | None = None
    """For `generalised_cmu`: how fast waiting grows dear; 1 when left out."""
    cost_fixed_s: Annotated[int, Meta(ge=0, le=100_000)] | None = None
    """For `generalised_cmu`: cost at arrival, in seconds of waiting at `cost = 1`; 0 when left out."""
    share: Annotated[int, Meta(ge=1, le=1000)] | None = None
    """For `ratio`: of what agents serve, this queue gets its share against the other queues' shares."""
    overtaking_ms: PositiveDayMs | None = None
    """Who has waited so long, bonus included, is overtaken by nobody who comes later; no more of a bonus counts."""
    target_percent: Annotated[int, Meta(ge=1, le=100)] | None = None
    """The queue comes forward while fewer of its last 64 contacts than this were answered within `objective_ms`."""
    blend_ms: PositiveDayMs | None = None
    """How much waiting each percent short of the target counts for; 600 when left out."""


class StepConfig(Table, frozen=True, kw_only=True):
    """A relaxation, or a ring of a bullseye: `[[queues.steps]]`, by rising `after_ms`; each adds to those before."""

    after_ms: PositiveDayMs
    """When the contact has waited so long in this queue."""
    lower: Annotated[int, Meta(ge=0, le=100)] = 0
    """Minimum levels go down by this, never below 0."""
    drop: Annotated[list[Skill], Meta(max_length=64)] = msgspec.field(default_factory=list)
    """Skills that are not asked for any more."""
    needs: Needs = msgspec.field(default_factory=list)
    """Asked for in addition from now on."""


class OverflowConfig(Table, frozen=True, kw_only=True):
    """The way to another queue; the place by arrival is kept: `[[queues.overflow]]`, each `when` once."""

    to: QueueKey
    """The other queue. It takes at least the same channels."""
    when: Literal["wait", "size", "estimate", "unstaffed", "closed"]
    """`wait`: after `after_ms` in this queue. On arrival: `size`: as many as `waiting` wait already; `estimate`: the
    wait will be longer than `after_ms` (by `handle_ms`); `closed`: outside `hours`. `unstaffed`: nobody is signed in,
    or the last one leaves."""
    after_ms: DayMs | None = None
    """For `wait` and `estimate`."""
    waiting: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    """For `size`."""


class SplitConfig(Table, frozen=True, kw_only=True):
    """So many of a thousand arriving contacts go to another queue, for a pilot: `[[queues.splits]]`."""

    to: QueueKey
    """The other queue. It takes at least the same channels."""
    permille: Annotated[int, Meta(ge=0, le=1000)]
    """Out of a thousand; the sum over a queue's splits is 1000 at most."""


DayHours = Annotated[list[Hours], Meta(max_length=10)]


class HoursConfig(Table, frozen=True, kw_only=True):
    """A queue's opening hours: `[queues.hours]`, a list for each day, in `distribution.timezone`."""

    monday: DayHours = msgspec.field(default_factory=list)
    """Such as `["08:00-12:00", "13:00-17:30"]`; empty: closed all day. Past midnight is the next day's business."""
    tuesday: DayHours = msgspec.field(default_factory=list)
    """As `monday`."""
    wednesday: DayHours = msgspec.field(default_factory=list)
    """As `monday`."""
    thursday: DayHours = msgspec.field(default_factory=list)
    """As `monday`."""
    friday: DayHours = msgspec.field(default_factory=list)
    """As `monday`."""
    saturday: DayHours = msgspec.field(default_factory=list)
    """As `monday`."""
    sunday: DayHours = msgspec.field(default_factory=list)
    """As `monday`."""
    closed_on: Annotated[list[Day], Meta(max_length=1000)] = msgspec.field(default_factory=list)
    """Days on which the queue is closed whatever the day of the week says."""
    drain: bool = True
    """Serve those who wait at closing time; `false`: they overflow (`closed`), or are held until it opens."""


class LaneConfig(Table, frozen=True, kw_only=True):
    """What an agent may have in hand of one channel: `[[agents.lanes]]`. Without any: one contact at a time."""

    channel: Literal["phone", "web_call", "chat", "*"]
    """`*`: every channel without a lane of its own. A channel without any lane is not offered to the agent."""
    most: Annotated[int, Meta(ge=1, le=100)] = 1
    """Contacts at once; more than one for chats only."""
    weight: Annotated[int, Meta(ge=1, le=1000)] = 1
    """What each takes of the agent's `capacity`."""
    interruptible: bool = False
    """A call may come on top of it, beyond the capacity; for chats only."""
