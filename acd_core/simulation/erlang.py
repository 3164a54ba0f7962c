"""The classic formulas of one queue: Erlang B, Erlang C and Erlang A, and priorities on top of Erlang C.

All assume Poisson arrivals and exponential handling times.  Rates are per second, times in seconds, results are shares
(0..1) or seconds.  The simulator is held against them (tests/simulation), and a planner may use them by themselves.

Sources: Erlang 1917; Cooper, *Introduction to Queueing Theory*, 1981, chapter 3; Cobham, *Priority assignment in
waiting line problems*, Operations Research 2 (1954); Mandelbaum and Zeltyn, *Service engineering in action: the
Palm/Erlang-A queue*, 2007.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

TAIL = 1e-15
"""States rarer than this, relative to the likeliest, are left out of Erlang A."""


def erlang_b(agents: int, load: float) -> float:
    """Share of contacts that find all ``agents`` busy where nobody waits; ``load`` in erlangs."""
    blocked = 1.0
    for number in range(1, agents + 1):
        blocked = load * blocked / (number + load * blocked)
    return blocked


def erlang_c(agents: int, load: float) -> float:
    """Share of contacts that have to wait; 1 when the load is not less than the agents."""
    if load >= agents:
        return 1.0
    blocked = erlang_b(agents, load)
    return blocked / (1.0 - load / agents * (1.0 - blocked))


class ErlangC(msgspec.Struct, frozen=True, kw_only=True):
    """M/M/c: customers never give up.  Raises `ValueError` when the agents can't do the work."""

    per_s: float
    handling_s: float
    agents: int

    def __post_init__(self) -> None:
        if not (self.per_s > 0 and self.handling_s > 0 and self.load < self.agents):
            raise ValueError(f"{self.load:.2f} erlangs need more than {self.agents} agents")

    @property
    def load(self) -> float:
        return self.per_s * self.handling_s

    @property
    def occupancy(self) -> float:
        return self.load / self.agents

    @property
    def waits(self) -> float:
        """Share that has to wait at all."""
        return erlang_c(self.agents, self.load)

    @property
    def mean_wait_s(self) -> float:
        """Over all contacts, those that need not wait included (the trade's ASA)."""
        return self.waits * self.handling_s / (self.agents - self.load)

    @property
    def mean_waiting(self) -> float:
        return self.per_s * self.mean_wait_s

    def within(self, seconds: float) -> float:
        """Share answered within so many seconds."""
        return 1.0 - self.waits * math.exp(-(self.agents - self.load) * seconds / self.handling_s)

    def quantile(self, share: float) -> float:
        """So many seconds does that share wait at most."""
        if share <= 1.0 - self.waits:
            return 0.0
        return math.log(self.waits / (1.0 - share)) * self.handling_s / (self.agents - self.load)


def priority_waits_s(per_s: Sequence[float], handling_s: float, agents: int) -> list[float]:
    """Mean wait of each class under strict priority without interruption; the first class goes first (Cobham 1954).

    M/M/c with one handling time for all.  Raises `ValueError` when the agents can't do the work.
    """
    whole = ErlangC(per_s=sum(per_s), handling_s=handling_s, agents=agents)
    base_s = whole.waits * handling_s / agents
    waits: list[float] = []
    before = 0.0
    for rate in per_s:
        after = before + rate * handling_s / agents
        waits.append(base_s / ((1.0 - before) * (1.0 - after)))
        before = after
    return waits


def ageing_waits_s(per_s: Sequence[float], ageing: Sequence[float], handling_s: float, agents: int) -> list[float]:
    """Mean wait of each class when the priority of a waiting contact grows in proportion to its wait, each class at its
    own pace (Kleinrock, *A delay dependent queue discipline*, 1964); ``ageing`` must not decrease.

    M/M/c with one handling time for all.  The last class, the fastest, is solved for first.
    """
    if list(ageing) != sorted(ageing):
        raise ValueError("list the classes from the slowest ageing to the fastest")
    whole = ErlangC(per_s=sum(per_s), handling_s=handling_s, agents=agents)
    shares = [rate * handling_s / agents for rate in per_s]
    waits: list[float] = []
    for index, pace in enumerate(ageing):
        above = whole.mean_wait_s
        above -= sum(shares[lower] * waits[lower] * (1.0 - ageing[lower] / pace) for lower in range(index))
        below = 1.0 - sum(shares[higher] * (1.0 - pace / ageing[higher]) for higher in range(index + 1, len(per_s)))
        waits.append(above / below)
    return waits


class ErlangA(msgspec.Struct, frozen=True, kw_only=True):
    """M/M/c+M: customers give up after an exponential time.  Stable under any load; solved as a birth-death chain."""

    per_s: float
    handling_s: float
    patience_s: float
    agents: int

    def __post_init__(self) -> None:
        if min(self.per_s, self.handling_s, self.patience_s) <= 0 or self.agents < 0:
            raise ValueError("rates, times and agents are positive")

    def shares(self) -> list[float]:
        """How likely so many contacts are here (waiting or served), by number from 0."""
        weights = [1.0]
        largest = 1.0
        while len(weights) <= self.agents + 1 or weights[-1] > largest * TAIL:
            weights.append(weights[-1] * self.per_s / self._leaving(len(weights)))
            largest = max(largest, weights[-1])
            if largest > 1e200:
                weights = [weight / largest for weight in weights]
                largest = 1.0
        total = math.fsum(weights)
        return [weight / total for weight in weights]

    def _leaving(self, here: int) -> float:
        """Rate at which one of so many leaves, served or not."""
        return min(here, self.agents) / self.handling_s + max(here - self.agents, 0) / self.patience_s

    @property
    def waits(self) -> float:
        """Share that has to wait at all (and may give up)."""
        return math.fsum(self.shares()[self.agents :])

    @property
    def mean_waiting(self) -> float:
        return math.fsum(number * share for number, share in enumerate(self.shares()[self.agents :]))

    @property
    def abandoned(self) -> float:
        return self.mean_waiting / self.patience_s / self.per_s

    @property
    def mean_wait_s(self) -> float:
        """Over all contacts, until the answer or until they give up."""
        return self.mean_waiting / self.per_s

    @property
    def occupancy(self) -> float:
        return self.per_s * (1.0 - self.abandoned) * self.handling_s / self.agents

    def answered_within(self, seconds: float) -> float:
        """Share of all contacts that is answered within so many seconds.

        For a contact with j ahead of it: dF(j)/dt = (c/h + j/p)(F(j-1) - F(j)) - F(j)/p with F(-1) = 1, solved by
        uniformisation (Jensen 1953).
        """
        shares = self.shares()
        ahead = len(shares) - self.agents
        served, leave = self.agents / self.handling_s, 1.0 / self.patience_s
        pace = served + ahead * leave
        steps = pace * seconds
        last = int(steps + 8.0 * math.sqrt(steps) + 30.0)
        down = [(served + number * leave) / pace for number in range(ahead)]
        stay = [1.0 - one - leave / pace for one in down]
        answered = [0.0] * ahead
        total = [0.0] * ahead
        for step in range(last + 1):
            weight = math.exp(step * math.log(steps) - steps - math.lgamma(step + 1)) if steps > 0 else float(step == 0)
            total = [sum_ + weight * one for sum_, one in zip(total, answered, strict=True)]
            answered = [
                down[number] * (answered[number - 1] if number else 1.0) + stay[number] * answered[number]
                for number in range(ahead)
            ]
        at_once = math.fsum(shares[: self.agents])
        return at_once + math.fsum(shares[self.agents + number] * total[number] for number in range(ahead))


def agents_needed(
    *, per_s: float, handling_s: float, share: float, seconds: float, patience_s: float | None = None
) -> int:
    """The fewest agents that answer ``share`` of all contacts within ``seconds``; ``patience_s`` None: Erlang C."""
    if not 0.0 < share < 1.0:
        raise ValueError("the share lies between 0 and 1")
    agents = int(per_s * handling_s) + 1 if patience_s is None else 1
    while True:
        reached = (
            ErlangC(per_s=per_s, handling_s=handling_s, agents=agents).within(seconds)
            if patience_s is None
            else ErlangA(per_s=per_s, handling_s=handling_s, patience_s=patience_s, agents=agents).answered_within(
                seconds
            )
        )
        if reached >= share:
            return agents
        agents += 1
