"""What a report says: per queue and for all contacts, and how the day went by intervals.  Seconds, shares 0..1.

A *stay* is the time of a contact in one queue.  It begins when the contact arrives, is transferred or overflows into
the queue, or comes back to it from an agent; it ends by an answer, by the customer giving up, or by leaving for another
queue.  A queue's row counts stays, the row of all queues counts contacts from arrival to first answer.
"""

from __future__ import annotations

import msgspec


class ConservationError(AssertionError):
    """Contacts have been lost or made: a mistake in the distributor, in its events, or in the counting."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """By what a queue is judged."""

    seconds: float = 20.0
    short_abandon_s: float = 5.0


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Each is counted by itself, when it happens; `check` holds them against each other."""

    offered: int
    answered: int
    abandoned: int
    overflowed: int
    """Left for another queue while waiting."""
    waiting: int
    """Waiting or ringing now."""

    def check(self, name: str) -> None:
        """Raises `ConservationError` unless offered = answered + abandoned + overflowed + waiting."""
        found = self.answered + self.abandoned + self.overflowed + self.waiting
        if found != self.offered:
            raise ConservationError(
                f"{name}: {self.offered} offered, but {self.answered} answered + {self.abandoned} abandoned + "
                f"{self.overflowed} overflowed + {self.waiting} waiting = {found}"
            )


class Waits(msgspec.Struct, frozen=True, kw_only=True):
    """Of some waits; all None when there were none."""

    mean_s: float | None
    p50_s: float | None
    p90_s: float | None
    p99_s: float | None
    max_s: float | None


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One queue, or all of them."""

    name: str
    counts: Counts
    abandoned_short: int
    abandonment: float | None
    """Abandoned / (answered + abandoned)."""
    abandonment_without_short: float | None
    """The same with short abandons left out of both."""
    answered_waits: Waits
    """Their mean is the ASA, the average speed of answer."""
    abandoned_waits: Waits
    target_s: float
    service_levels: dict[str, float | None]
    """By the names of `acd_core.metrics.service_level.FORMULAS`."""
    handled: int
    """Conversations that are over."""
    aht_s: float | None
    """Average handling time: conversation and wrap-up, of each contact by itself, whatever else its agent did
    meanwhile."""
    talk_s: float | None
    wrap_up_s: float | None
    transferred_in: int
    transferred_out: int
    requeued: int
    """Came back from an agent without being done."""
    offers: int
    offers_unanswered: int
    offers_rejected: int


class AgentTimes(msgspec.Struct, frozen=True, kw_only=True):
    """How agents spent their time, summed over all of them."""

    seconds: dict[str, float]
    """By `acd_core.states.AgentState`; nobody is counted while signed out.  Who has work in hand when another contact
    rings is busy or in wrap-up."""
    occupancy: float | None
    """(busy + wrap-up) / (busy + wrap-up + available + ringing): pauses are left out."""
    utilisation: float | None
    """(busy + wrap-up) / all time signed in."""


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the contacts that came into the queue within one interval, and how full it was then."""

    start_s: float
    offered: int
    answered: int
    abandoned: int
    overflowed: int
    wait_mean_s: float | None
    """Of all whose wait is over, however it ended."""
    wait_p90_s: float | None
    service_level: float | None
    """By `service_level.USUAL`."""
    waiting_max: int


class Staffing(msgspec.Struct, frozen=True, kw_only=True):
    """Agents on average within one interval."""

    start_s: float
    signed_in: float
    working: float
    """Busy or in wrap-up."""
    ready: float
    """Working, available or ringing."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    from_s: float
    until_s: float
    queues: list[Row]
    all: Row
    agents: AgentTimes
    intervals: dict[str, list[Interval]]
    """By queue, and for all contacts under the empty name; without any when no interval was asked for."""
    staffing: list[Staffing]

    def check(self) -> None:
        """Raises `ConservationError`."""
        for row in self.queues:
            row.counts.check(f"queue {row.name}")
        self.all.counts.check("all queues")
