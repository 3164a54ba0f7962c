"""Are the estimates right?  In a simulated centre some customers are told how long it will take, and are then watched.

Of estimates that are right, half of the waits stay within the p50 and nine in ten within the p90.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import msgspec

from acd_core import Distributor
from acd_core.api import DistributorApi
from acd_core.simulation.distributions import NS_PER_S
from acd_core.simulation.estimate import RUNS, Estimate, Outlook, estimate
from acd_core.simulation.plan import Plan, Stream
from acd_core.simulation.simulator import Progress, Simulator
from acd_core.states import ContactState

Told = tuple[Estimate, float]
"""An estimate, and the wait that followed (s)."""


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the estimates.  Shares 0..1, times in seconds."""

    estimates: int
    within_p50: float
    within_p90: float
    plus_minus_p50: float
    """Half of the 95 % interval in which `within_p50` should be from 0.5 by chance alone."""
    plus_minus_p90: float
    mean_wait_s: float
    mean_p50_s: float
    mean_error_s: float
    """Mean distance of the wait from the p50."""

    def sentence(self) -> str:
        return (
            f"{self.estimates} estimates: {100 * self.within_p50:.1f} % of the waits within the p50 "
            f"(50 +- {100 * self.plus_minus_p50:.1f} by chance), {100 * self.within_p90:.1f} % within the p90 "
            f"(90 +- {100 * self.plus_minus_p90:.1f}); waited {self.mean_wait_s:.0f} s on average, "
            f"off by {self.mean_error_s:.0f} s"
        )


class _Watch:
    """Tells every n-th customer who has to wait, one at a time: who is told does not give up, which others must not
    notice."""

    def __init__(self, outlook: Outlook, every: int, runs: int, seed: int, make: Callable[[], DistributorApi]) -> None:
        self._outlook, self._every, self._runs, self._seed, self._make = outlook, every, runs, seed, make
        self._arrived = 0
        self._began_ns: dict[str, int] = {}
        self._told: tuple[str, int, Estimate] | None = None
        self.found: list[Told] = []

    def arrived(self, simulator: Simulator, contact: str, stream: Stream) -> None:
        self._arrived += 1
        if self._arrived % self._every or self._told is not None:
            return
        if simulator.distributor.contact(contact).state is not ContactState.WAITING:
            return
        simulator.be_patient(contact)
        told = estimate(
            simulator.distributor.snapshot(),
            contact,
            self._outlook,
            began_ns=self._began_ns,
            seed=self._seed + self._arrived,
            runs=self._runs,
            make=self._make,
        )
        self._told = contact, simulator.now_ns, told

    def answered(self, simulator: Simulator, contact: str) -> None:
        self._began_ns[contact] = simulator.now_ns
        if self._told is not None and self._told[0] == contact:
            _, since_ns, told = self._told
            self._told = None
            self.found.append((told, (simulator.now_ns - since_ns) / NS_PER_S))


def tell(
    plan: Plan,
    seed: int,
    *,
    every: int = 10,
    runs: int = RUNS,
    make: Callable[[], DistributorApi] = Distributor,
    progress: Progress | None = None,
) -> list[Told]:
    """Simulate the plan; what some customers were told, and how long it was (s)."""
    watch = _Watch(Outlook(streams=plan.streams, answer=plan.groups[0].answer), every, runs, seed, make)
    Simulator(plan, seed, make=make, on_arrival=watch.arrived, on_answer=watch.answered).run(progress)
    return watch.found


def judge(found: Sequence[Told]) -> Calibration:
    """Raises `ValueError` when nobody was told anything, because nobody had to wait."""
    count = len(found)
    if not count:
        raise ValueError("nobody had to wait: simulate longer, or a busier centre")
    return Calibration(
        estimates=count,
        within_p50=sum(told.p50_s is None or wait <= told.p50_s for told, wait in found) / count,
        within_p90=sum(told.p90_s is None or wait <= told.p90_s for told, wait in found) / count,
        plus_minus_p50=1.96 * math.sqrt(0.25 / count),
        plus_minus_p90=1.96 * math.sqrt(0.09 / count),
        mean_wait_s=math.fsum(wait for _, wait in found) / count,
        mean_p50_s=math.fsum(told.p50_s or 0.0 for told, _ in found) / count,
        mean_error_s=math.fsum(abs(wait - (told.p50_s or 0.0)) for told, wait in found) / count,
    )
