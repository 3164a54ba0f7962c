"""The estimates against what then happens, in a simulated centre: half within the p50, nine in ten within the p90."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from acd_core.simulation.calibration import judge, tell
from acd_core.simulation.distributions import Exponential, LogNormal
from acd_core.simulation.plan import Plan, seconds
from tests.simulation.replications import LONG, hours, single_queue

SEED = 5
pytestmark = pytest.mark.timeout(3600 if LONG else 120)


def check(plan: Plan, *, every: int) -> None:
    found = judge(tell(plan, SEED, every=every, runs=100 if LONG else 40))
    print(f"seed {SEED}: {found.sentence()}")
    assert found.estimates > 60
    assert abs(found.within_p50 - 0.5) < 1.5 * found.plus_minus_p50 + 0.02
    assert abs(found.within_p90 - 0.9) < 1.5 * found.plus_minus_p90 + 0.03


def test_estimates_in_a_busy_hotline() -> None:
    check(single_queue(per_hour=100, handling_s=180, patience_s=200, agents=5, end_ns=hours(20)), every=8)


def test_estimates_with_durations_that_have_a_memory() -> None:
    """Log-normal conversations and wrap-up: how long they have lasted already matters."""
    plan = single_queue(per_hour=80, handling_s=150, patience_s=300, agents=4, end_ns=hours(20))
    stream = replace(plan.streams[0], handling=LogNormal(150, 0.7), wrap_up=Exponential(30))
    check(replace(plan, streams=(stream,), queues=(replace(plan.queues[0], wrap_up_ms=3_600_000),)), every=8)


def test_where_nobody_waits_there_is_nothing_to_calibrate() -> None:
    plan = single_queue(per_hour=1, handling_s=10, patience_s=None, agents=9, end_ns=seconds(3600))
    with pytest.raises(ValueError, match="nobody had to wait"):
        judge(tell(plan, 1))
