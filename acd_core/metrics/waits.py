"""The book of one queue: each stay in it, how long it was and how it ended."""

from __future__ import annotations

import enum
from array import array
from collections import defaultdict

from acd_core.metrics.report import Counts, Interval, Target, Waits
from acd_core.metrics.service_level import FORMULAS, USUAL, Tally

NS_PER_S = 1_000_000_000


class Leaving(enum.IntEnum):
    """How a stay in a queue ends."""

    ANSWERED = 0
    ABANDONED = 1
    OVERFLOWED = 2


class WaitBook:
    """Stays are counted one by one as they begin and end, so that the sums can be held against each other."""

    def __init__(self, name: str, target: Target, interval_ns: int | None) -> None:
        self.name = name
        self.target = target
        self._interval_ns = interval_ns
        self._offered = 0
        self._left = [0] * len(Leaving)
        self._waiting = 0
        self._began = [array("q") for _ in Leaving]
        self._waits = [array("q") for _ in Leaving]
        self._entered: defaultdict[int, int] = defaultdict(int)
        self._peak: defaultdict[int, int] = defaultdict(int)
        self._level: dict[int, int] = {}

    def enter(self, now_ns: int) -> None:
        self._offered += 1
        self._waiting += 1
        if self._interval_ns is not None:
            place = now_ns // self._interval_ns
            self._entered[place] += 1
            self._note(place, self._waiting)

    def leave(self, how: Leaving, began_ns: int, now_ns: int) -> None:
        self._left[how] += 1
        if self._interval_ns is not None:
            place = now_ns // self._interval_ns
            self._note(place, self._waiting)
            self._level[place] = self._waiting - 1
        self._waiting -= 1
        self._began[how].append(began_ns)
        self._waits[how].append(now_ns - began_ns)

    def _note(self, place: int, waiting: int) -> None:
        self._peak[place] = max(self._peak[place], waiting)
        self._level[place] = waiting

    # What it comes to

    def counts(self) -> Counts:
        answered, abandoned, overflowed = self._left
        return Counts(
            offered=self._offered,
            answered=answered,
            abandoned=abandoned,
            overflowed=overflowed,
            waiting=self._waiting,
        )

    def waits_s(self, how: Leaving) -> list[float]:
        """In ascending order."""
        return sorted(wait / NS_PER_S for wait in self._waits[how])

    def tally(self) -> Tally:
        return tally(self._waits, self.target)

    def waits(self, how: Leaving) -> Waits:
        return describe(self.waits_s(how))

    def intervals(self, first: int, last: int) -> list[Interval]:
        """By the moment in which the stay began; from interval ``first`` to ``last``, both included."""
        assert self._interval_ns is not None
        by_place: dict[int, list[list[int]]] = {}
        for how in Leaving:
            for began, wait in zip(self._began[how], self._waits[how], strict=True):
                by_place.setdefault(began // self._interval_ns, [[] for _ in Leaving])[how].append(wait)
        rows = []
        level = 0
        for place in range(first, last + 1):
            ended = by_place.get(place, [[] for _ in Leaving])
            all_waits = describe(sorted(wait / NS_PER_S for waits in ended for wait in waits))
            rows.append(
                Interval(
                    start_s=place * self._interval_ns / NS_PER_S,
                    offered=self._entered.get(place, 0),
                    answered=len(ended[Leaving.ANSWERED]),
                    abandoned=len(ended[Leaving.ABANDONED]),
                    overflowed=len(ended[Leaving.OVERFLOWED]),
                    wait_mean_s=all_waits.mean_s,
                    wait_p90_s=all_waits.p90_s,
                    service_level=FORMULAS[USUAL].share(tally(ended, self.target)),
                    waiting_max=max(self._peak.get(place, 0), level),
                )
            )
            level = self._level.get(place, level)
        return rows


def tally(waits_ns: list[array[int]] | list[list[int]], target: Target) -> Tally:
    """``waits_ns`` by `Leaving`."""
    limit, short = int(target.seconds * NS_PER_S), int(target.short_abandon_s * NS_PER_S)
    answered, abandoned, overflowed = waits_ns
    return Tally(
        answered=len(answered),
        answered_in_time=sum(wait <= limit for wait in answered),
        abandoned=len(abandoned),
        abandoned_in_time=sum(wait <= limit for wait in abandoned),
        abandoned_short=sum(wait <= short for wait in abandoned),
        overflowed=len(overflowed),
    )


def describe(ordered_s: list[float]) -> Waits:
    """Of waits in ascending order."""
    if not ordered_s:
        return Waits(mean_s=None, p50_s=None, p90_s=None, p99_s=None, max_s=None)
    return Waits(
        mean_s=sum(ordered_s) / len(ordered_s),
        p50_s=quantile(ordered_s, 0.5),
        p90_s=quantile(ordered_s, 0.9),
        p99_s=quantile(ordered_s, 0.99),
        max_s=ordered_s[-1],
    )


def quantile(ordered: list[float], share: float) -> float:
    """The least of the values that at least this share of them does not exceed."""
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]
