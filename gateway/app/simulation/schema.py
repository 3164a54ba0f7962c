"""The shape of a scenario file: one Struct per TOML table, with defaults, limits and the words of the reference.

The text under each field is its documentation: ``tools/make_config_reference.py`` turns this module into
``docs/reference/scenario.md``, as it does with the configuration's.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from gateway.config.distribution import Needs, OrderConfig, OverflowConfig, SplitConfig, StepConfig, Strategy
from gateway.config.values import DayMs, Hours, Skill, Table, Text, Topic

Name = Annotated[
    str,
    Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*\Z", max_length=64, extra={"rule": "letters, digits and _ . - only"}),
]
Level = Annotated[int, Meta(ge=0, le=100)]
Clock = Annotated[
    str,
    Meta(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)\Z", extra={"rule": "a time of day such as 08:30, to 24:00"}),
]
Seconds = Annotated[float, Meta(ge=0, le=604_800)]
PerHour = Annotated[float, Meta(ge=0, le=100_000)]
Percent = Annotated[float, Meta(ge=0, le=100)]
Millis = Annotated[int, Meta(ge=0, le=3_600_000)]


class Duration(Table, frozen=True, kw_only=True):
    """How long something takes: an inline table such as `{ kind = "lognormal", mean_s = 240, cv = 0.9 }`, wherever a
    duration is asked for below."""

    kind: Literal["exponential", "lognormal", "deterministic", "empirical"] = "exponential"
    """`exponential`: as in the Erlang formulas. `lognormal`: as conversations usually are. `deterministic`: always
    `mean_s`. `empirical`: one of `values_s`, each as likely as the next."""
    mean_s: Seconds | None = None
    """The mean in seconds; not for `empirical`."""
    cv: Annotated[float, Meta(ge=0.01, le=10)] | None = None
    """Of `lognormal`: standard deviation divided by the mean; 1 where not given."""
    values_s: Annotated[list[Seconds], Meta(max_length=100_000)] = msgspec.field(default_factory=list)
    """Of `empirical`: the measured values."""


class Head(Table, frozen=True, kw_only=True):
    """The day."""

    title: Text = "Scenario"
    """Shown above the table and the picture."""
    opens: Clock = "08:00"
    """Contacts arrive from then..."""
    closes: Clock = "18:00"
    """...until then."""
    run_on_minutes: Annotated[int, Meta(ge=0, le=1440)] = 60
    """The simulation goes on for so long after closing, for those who still wait."""
    warm_up_minutes: Annotated[int, Meta(ge=0, le=1440)] = 0
    """What happens in this time after opening is not counted."""
    interval_minutes: Annotated[int, Meta(ge=1, le=240)] = 15
    """Step of the time series and of the picture."""
    window_ms: Annotated[int, Meta(ge=0, le=50)] = 0
    """0 matches at once; else free agents and waiting contacts gather for so long and are matched jointly."""
    days: Annotated[int, Meta(ge=1, le=1000)] = 5
    """So many days are simulated, each by itself with its own seed; figures are means over them."""


class QueueTable(Table, frozen=True, kw_only=True):
    """One queue: `[[queues]]`, once for each; at least one."""

    name: Name
    """Short unique name."""
    title: Text | None = None
    """Name that people read; the short one where not given."""
    skills: Annotated[list[Skill], Meta(max_length=64)] = msgspec.field(default_factory=list)
    """Skills that an agent must have, all of them."""
    needs: Needs = msgspec.field(default_factory=list)
    """More that an agent must have: `"german>=50"` is a skill at a level, `"billing | tariffs>=20"` either of two."""
    strategy: Strategy = "longest_idle"
    """Which of the agents who can."""
    topic: Topic | None = None
    """What it is about, for the strategy `success`."""
    order: OrderConfig = msgspec.field(default_factory=OrderConfig)
    """Which contact first."""
    steps: Annotated[list[StepConfig], Meta(max_length=16)] = msgspec.field(default_factory=list)
    """What is asked for with longer waiting."""
    overflow: Annotated[list[OverflowConfig], Meta(max_length=5)] = msgspec.field(default_factory=list)
    """When contacts go on to another queue."""
    splits: Annotated[list[SplitConfig], Meta(max_length=16)] = msgspec.field(default_factory=list)
    """Shares that go to other queues on arrival."""
    broadcast: Annotated[int, Meta(ge=1, le=32)] = 1
    """At how many agents a contact rings at once; the first answer wins."""
    return_ms: DayMs = 0
    """After this an agent who did not answer is available again by itself; 0: only by their `back_s`."""
    handle_ms: DayMs = 0
    """How long a contact takes on average; for `estimate` and `generalised_cmu`."""
    offer_ms: Annotated[int, Meta(ge=1000, le=600_000)] = 20000
    """How long it rings at one agent before the next one is asked."""
    wrap_up_ms: Millis = 0
    """Time for notes after a contact, always the same; for one that varies see `wrap_up` of the streams."""
    target_s: Seconds = 20
    """Answered within this counts as good service."""
    target_percent: Percent = 80
    """So many of them should be."""
    short_abandon_s: Seconds = 5
    """Who gives up within this can't have meant it."""


class StreamTable(Table, frozen=True, kw_only=True):
    """Contacts of one kind: `[[streams]]`, once for each; at least one."""

    name: Name
    """Short unique name."""
    queue: Name
    """Where they arrive."""
    channel: Name = "phone"
    """Medium: phone, chat, mail, or any other word."""
    skills: Annotated[list[Skill], Meta(max_length=64)] = msgspec.field(default_factory=list)
    """Skills that they need beside their queue's."""
    needs: Needs = msgspec.field(default_factory=list)
    """More that they need, as `needs` of a queue."""
    priority: Level = 0
    """Their level of priority; what a level is worth is said by the queue's `order`."""
    bonus_s: Annotated[int, Meta(ge=0, le=86_400)] = 0
    """As if they had waited so much longer."""
    per_hour: PerHour | None = None
    """How many arrive in an hour, all day long; they arrive at random (Poisson)."""
    profile: Annotated[list[PerHour], Meta(max_length=1440)] = msgspec.field(default_factory=list)
    """In place of `per_hour`: how many arrive *per hour* in each interval from opening on."""
    profile_minutes: Annotated[int, Meta(ge=1, le=240)] = 60
    """Length of the profile's intervals."""
    handling: Duration | None = None
    """How long the conversation takes; required."""
    patience: Duration | None = None
    """After so long in the queue the customer gives up; never, where not given."""
    wrap_up: Duration | None = None
    """How long the notes take, in place of the queue's `wrap_up_ms`."""
    transfer_percent: Percent = 0
    """So many are transferred after the conversation..."""
    transfer_to: Name | None = None
    """...to this queue, for another one."""


class LaneTable(Table, frozen=True, kw_only=True):
    """What an agent may have in hand of one channel: `[[agents.lanes]]`. Without any: one contact at a time."""

    channel: Annotated[str, Meta(min_length=1, max_length=64)]
    """`*`: every channel without a lane of its own. A channel without any lane is not offered to the agent."""
    most: Annotated[int, Meta(ge=1, le=100)] = 1
    """Contacts at once."""
    weight: Annotated[int, Meta(ge=1, le=1000)] = 1
    """What each takes of the agent's `capacity`."""
    interruptible: bool = False
    """Makes room for others, and goes on when there is room again."""


class AgentsTable(Table, frozen=True, kw_only=True):
    """A group of agents who are alike: `[[agents]]`, once for each group; at least one."""

    name: Name
    """Short unique name."""
    count: Annotated[int, Meta(ge=1, le=5000)] = 1
    """How many they are."""
    queues: Annotated[list[Name], Meta(min_length=1, max_length=1000)]
    """Queues that they serve."""
    skills: Annotated[list[Skill], Meta(max_length=64)] = msgspec.field(default_factory=list)
    """What they can do. All of it at level 100."""
    levels: Annotated[dict[Skill, Level], Meta(max_length=64)] = msgspec.field(default_factory=dict)
    """Skills at another level: `levels = { german = 60 }`."""
    lanes: Annotated[list[LaneTable], Meta(max_length=16)] = msgspec.field(default_factory=list)
    """Several contacts in hand."""
    capacity: Annotated[int, Meta(ge=1, le=1000)] | None = None
    """What the weights of contacts in hand add up to at most; left out: as much as the fullest lane takes."""
    weight: Annotated[int, Meta(ge=1, le=20)] = 1
    """Lots in the strategy `random`."""
    scores: Annotated[dict[Topic, Annotated[int, Meta(ge=0, le=1000)]], Meta(max_length=64)] = msgspec.field(
        default_factory=dict
    )
    """Expected success by topic, in permille, for the strategy `success`."""
    shifts: Annotated[list[Hours], Meta(max_length=24)] = msgspec.field(default_factory=list)
    """When they are there, such as `["08:00-12:00", "12:30-17:00"]`; all day where not given. At a shift's end they
    finish what they have in hand."""
    answer: Duration | None = None
    """How long they let it ring before they answer; 2 s where not given."""
    no_answer_percent: Percent = 0
    """So many offers they don't notice at all."""
    back_s: Seconds = 60
    """After so long not responding they make themselves ready again."""
    handling_percent: Annotated[float, Meta(ge=1, le=1000)] = 100
    """How long their conversations take, compared with the streams' `handling`: 130 for beginners, say."""


class Scenario(Table, frozen=True, kw_only=True):
    """The whole file."""

    scenario: Head = msgspec.field(default_factory=Head)
    queues: Annotated[list[QueueTable], Meta(min_length=1, max_length=1000)]
    streams: Annotated[list[StreamTable], Meta(min_length=1, max_length=1000)]
    agents: Annotated[list[AgentsTable], Meta(min_length=1, max_length=1000)]
