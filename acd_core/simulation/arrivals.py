"""When contacts arrive: at random with a rate that may change over the day, or at given moments."""

from __future__ import annotations

import bisect
import math
import random
from collections.abc import Iterator

import msgspec

from acd_core.simulation.distributions import NS_PER_S

NS_PER_HOUR = 3600 * NS_PER_S


class Poisson(msgspec.Struct, frozen=True, tag="poisson"):
    """Independent customers; the rate is constant within each interval of a profile (one interval: constant)."""

    per_hour: tuple[float, ...]
    start_ns: int
    interval_ns: int

    @property
    def expected(self) -> float:
        """How many arrive on average."""
        return math.fsum(self.per_hour) * self.interval_ns / NS_PER_HOUR

    def times(self, chance: random.Random, from_ns: int = 0) -> Iterator[int]:
        """Moments in ns from ``from_ns`` on, in order.

        Exact: the time that passes is measured in expected arrivals, in which all gaps are exponential with mean 1.
        """
        uniform = chance.random
        gap = -math.log1p(-uniform())
        for number, per_hour in enumerate(self.per_hour):
            end = self.start_ns + (number + 1) * self.interval_ns
            begin = max(from_ns, end - self.interval_ns)
            if begin >= end:
                continue
            rate = per_hour / NS_PER_HOUR
            left = rate * (end - begin)
            passed = 0.0
            while gap <= left:
                passed += gap
                left -= gap
                yield min(begin + int(passed / rate), end - 1)
                gap = -math.log1p(-uniform())
            gap -= left


class Listed(msgspec.Struct, frozen=True, tag="listed"):
    """Moments of a real day."""

    times_ns: tuple[int, ...]
    """In ascending order."""

    @property
    def expected(self) -> float:
        return len(self.times_ns)

    def times(self, chance: random.Random, from_ns: int = 0) -> Iterator[int]:  # nothing is left to chance
        return iter(self.times_ns[bisect.bisect_left(self.times_ns, from_ns) :])


Arrivals = Poisson | Listed


def constant(per_hour: float, *, start_ns: int, end_ns: int) -> Poisson:
    """The same rate from ``start_ns`` to ``end_ns``."""
    return Poisson((per_hour,), start_ns, end_ns - start_ns)
