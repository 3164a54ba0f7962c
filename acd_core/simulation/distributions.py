"""How long things take: handling, patience, wrap-up, the time until an agent answers.

Each is sampled by inversion from one uniform number, so that a draw depends on nothing but the generator's stream.
Seconds in descriptions (people think in them), nanoseconds in draws (the distributor counts in them).
"""

from __future__ import annotations

import bisect
import math
import random
from collections.abc import Callable
from statistics import NormalDist

import msgspec

NS_PER_S = 1_000_000_000
FOREVER_NS = 2**60
"""36 years: longer than anything here; what exceeds it is cut."""
_NORMAL = NormalDist()
_TOP = 1.0 - 1e-15


class Exponential(msgspec.Struct, frozen=True, tag="exponential"):
    mean_s: float

    def quantile(self, share: float) -> float:
        """Seconds that so large a share (0..1) does not exceed."""
        return -math.log1p(-share) * self.mean_s

    def within(self, seconds: float) -> float:
        """Share that takes at most so many seconds."""
        return -math.expm1(-seconds / self.mean_s)


class LogNormal(msgspec.Struct, frozen=True, tag="lognormal"):
    """As call durations usually are (Brown et al., *Statistical analysis of a telephone call center*, 2005)."""

    mean_s: float
    cv: float
    """Standard deviation divided by the mean."""

    @property
    def _sigma(self) -> float:
        return math.sqrt(math.log1p(self.cv * self.cv))

    def quantile(self, share: float) -> float:
        sigma = self._sigma
        if share <= 0.0:
            return 0.0
        return self.mean_s * math.exp(sigma * _NORMAL.inv_cdf(min(share, _TOP)) - sigma * sigma / 2)

    def within(self, seconds: float) -> float:
        if seconds <= 0.0:
            return 0.0
        sigma = self._sigma
        return _NORMAL.cdf((math.log(seconds / self.mean_s) + sigma * sigma / 2) / sigma)


class Deterministic(msgspec.Struct, frozen=True, tag="deterministic"):
    """Always the same."""

    mean_s: float

    def quantile(self, share: float) -> float:
        return self.mean_s

    def within(self, seconds: float) -> float:
        return float(seconds >= self.mean_s)


class Empirical(msgspec.Struct, frozen=True, tag="empirical"):
    """One of the values that were measured, each as likely as the next."""

    values_s: tuple[float, ...]
    """In ascending order, at least one."""

    @property
    def mean_s(self) -> float:
        return math.fsum(self.values_s) / len(self.values_s)

    def quantile(self, share: float) -> float:
        return self.values_s[min(int(share * len(self.values_s)), len(self.values_s) - 1)]

    def within(self, seconds: float) -> float:
        return bisect.bisect_right(self.values_s, seconds) / len(self.values_s)


Distribution = Exponential | LogNormal | Deterministic | Empirical


def drawer(distribution: Distribution, chance: random.Random) -> Callable[[], int]:
    """A function that draws the next duration, in ns."""
    uniform = chance.random
    if isinstance(distribution, Exponential):
        scale = -distribution.mean_s * NS_PER_S
        log = math.log1p
        return lambda: int(scale * log(-uniform()))
    if isinstance(distribution, Deterministic):
        fixed = to_ns(distribution.mean_s)
        return lambda: fixed
    quantile = distribution.quantile
    return lambda: to_ns(quantile(uniform()))


def draw_rest(distribution: Distribution, elapsed_ns: int, chance: random.Random) -> int:
    """How much longer (ns) something takes that has lasted ``elapsed_ns``; 0 when it should have been over."""
    if isinstance(distribution, Exponential):
        return to_ns(distribution.quantile(chance.random()))  # it has no memory
    past = distribution.within(elapsed_ns / NS_PER_S)
    if past >= _TOP:
        return 0
    return max(0, to_ns(distribution.quantile(past + (1.0 - past) * chance.random())) - elapsed_ns)


def to_ns(seconds: float) -> int:
    return min(int(seconds * NS_PER_S), FOREVER_NS)
