"""Independent repetitions of a simulation, and the confidence interval of a figure over them.

A repetition has a seed of its own, so that the figures are independent and Student's t applies.  The intervals are wide
(99.9 %) and the seeds fixed: a test that fails says that simulator and theory differ, not that luck was bad.
``ZENTRALE_SIM_LONG=1`` simulates twenty times as much, which shows smaller differences.
"""

from __future__ import annotations

import math
import os
import statistics
from collections.abc import Callable, Sequence

from acd_core import events as ev
from acd_core.metrics import Report
from acd_core.simulation.arrivals import constant
from acd_core.simulation.distributions import Distribution, Exponential
from acd_core.simulation.plan import Group, Plan, Stream, seconds
from acd_core.simulation.simulator import Simulator

LONG = bool(os.environ.get("ZENTRALE_SIM_LONG"))
REPETITIONS = 20
T_999 = 3.883
"""Student's t for 19 degrees of freedom, 99.9 % two-sided (Abramowitz and Stegun, table 26.10)."""


def repeat(plan: Plan, *, first_seed: int) -> list[Report]:
    """Prints the seeds."""
    print(f"seeds {first_seed} to {first_seed + REPETITIONS - 1}, {plan.end_ns / 3.6e12:.0f} h each")
    return [Simulator(plan, first_seed + number).run().report for number in range(REPETITIONS)]


def expect(what: str, exact: float, reports: Sequence[Report], figure: Callable[[Report], float | None]) -> None:
    """Fail unless the exact value lies within the confidence interval of the figure, or the interval says nothing."""
    values = [value for value in map(figure, reports) if value is not None]
    assert len(values) == REPETITIONS
    mean = statistics.fmean(values)
    half = T_999 * statistics.stdev(values) / math.sqrt(len(values))
    print(f"{what}: exact {exact:.5f}, simulated {mean:.5f} +- {half:.5f}")
    assert half < 0.25 * max(abs(exact), 0.02), f"{what}: +- {half} says too little: simulate longer"
    assert abs(mean - exact) <= half, f"{what}: exact {exact}, simulated {mean} +- {half}"


def hours(count: float) -> int:
    """How long a repetition lasts, in ns."""
    return seconds(3600 * count * (20 if LONG else 1))


def stream(
    name: str,
    contact: ev.ContactArrived,
    *,
    per_hour: float,
    end_ns: int,
    handling: Distribution,
    patience_s: float | None,
) -> Stream:
    return Stream(
        name=name,
        contact=contact,
        arrivals=constant(per_hour, start_ns=0, end_ns=end_ns),
        handling=handling,
        patience=None if patience_s is None else Exponential(patience_s),
    )


def group(name: str, count: int, end_ns: int, *queues: str, skills: Sequence[str] = ()) -> Group:
    """There from the beginning to the end."""
    agent = ev.AgentSignedIn("", frozenset(queues), frozenset(skills))
    return Group(name=name, count=count, agent=agent, shifts=((0, end_ns + 1),))


def single_queue(*, per_hour: float, handling_s: float, patience_s: float | None, agents: int, end_ns: int) -> Plan:
    """M/M/c, or M/M/c+M."""
    return Plan(
        queues=(ev.QueueConfigured("hotline", 20_000, 0),),
        streams=(
            stream(
                "call",
                ev.ContactArrived("", "hotline"),
                per_hour=per_hour,
                end_ns=end_ns,
                handling=Exponential(handling_s),
                patience_s=patience_s,
            ),
        ),
        groups=(group("agent", agents, end_ns, "hotline"),),
        end_ns=end_ns,
        from_ns=min(end_ns // 20, seconds(4 * 3600)),
    )
