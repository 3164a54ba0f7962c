"""What is simulated: queues, streams of contacts, groups of agents with their shifts.

Queues, contacts and agents are given as the distributor's own events, so that whatever it can be told can be
simulated.  Times are ns, from whatever moment the plan
counts from (0: midnight, say).
"""

from __future__ import annotations

import msgspec

from acd_core import events as ev
from acd_core.metrics.report import Target
from acd_core.simulation.arrivals import Arrivals
from acd_core.simulation.distributions import NS_PER_S, Deterministic, Distribution

AT_ONCE = Deterministic(0.0)


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """Contacts of one kind."""

    name: str
    contact: ev.ContactArrived
    """What each of them is like; its id and time are replaced."""
    arrivals: Arrivals
    handling: Distribution
    """Of the conversation."""
    patience: Distribution | None = None
    """After this long in the queue the customer gives up; None: never."""
    wrap_up: Distribution | None = None
    """None: as long as the queue allows (``wrap_up_ms``); else at most that."""
    transfer: float = 0.0
    """Share that is transferred, once, after a conversation..."""
    transfer_to: str = ""
    """...to this queue, for another conversation of the same kind."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Agents who are alike."""

    name: str
    count: int
    agent: ev.AgentSignedIn
    """What each of them is like; the id is replaced."""
    shifts: tuple[tuple[int, int], ...]
    """From and until, ns, in order and apart.  At the end they sign out, after what they have in hand."""
    answer: Distribution = AT_ONCE
    """How long they let it ring; longer than the queue's offer time is no answer."""
    no_answer: float = 0.0
    """Share of offers that they let expire."""
    back: Distribution = Deterministic(60.0)
    """After this long not responding they make themselves ready again."""
    handling_factor: float = 1.0
    """Their conversations take so many times as long as others'."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    queues: tuple[ev.QueueConfigured, ...]
    streams: tuple[Stream, ...]
    groups: tuple[Group, ...]
    end_ns: int
    """The simulation ends then; who still waits is counted as waiting."""
    close_ns: int | None = None
    """From then on it ends as soon as no contact is left."""
    from_ns: int = 0
    """What begins earlier is simulated, but not counted."""
    interval_ns: int | None = None
    """Step of the time series."""
    targets: dict[str, Target] = {}
    """By queue; under the empty name for all."""
    events: tuple[tuple[int, ev.Event], ...] = ()
    """What else happens, with its time: other settings, opening hours."""

    @property
    def expected(self) -> float:
        """How many contacts arrive on average."""
        return sum(stream.arrivals.expected for stream in self.streams)


def seconds(value: float) -> int:
    """In ns."""
    return round(value * NS_PER_S)
