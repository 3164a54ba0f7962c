"""Erlang's formulas and the chains against published figures, and against each other where they must agree."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from acd_core.simulation.arrivals import Listed, Poisson
from acd_core.simulation.chain import Kind, Server, SkillChain, stationary
from acd_core.simulation.distributions import (
    Deterministic,
    Distribution,
    Empirical,
    Exponential,
    LogNormal,
    draw_rest,
    drawer,
)
from acd_core.simulation.erlang import (
    ErlangA,
    ErlangC,
    ageing_waits_s,
    agents_needed,
    erlang_b,
    erlang_c,
    priority_waits_s,
)

SEED = 7


@pytest.mark.parametrize(
    ("agents", "load", "blocked"),
    # Erlang B tables (ITU-D SG 2, Teletraffic Engineering Handbook): the load at which 1 % are blocked.
    [(1, 0.0101, 0.01), (5, 1.36, 0.01), (10, 4.46, 0.01), (20, 12.0, 0.01), (50, 37.9, 0.01), (100, 84.1, 0.01)],
)
def test_erlang_b_by_the_tables(agents: int, load: float, blocked: float) -> None:
    assert erlang_b(agents, load) == pytest.approx(blocked, rel=0.03)


def test_erlang_c_by_the_worked_example_of_mitan() -> None:
    """*The Erlang-C formula* (Mitan Ltd): 360 calls in half an hour, 4 minutes each, 55 agents."""
    centre = ErlangC(per_s=360 / 1800, handling_s=240, agents=55)
    assert round(centre.load, 6) == 48
    assert round(centre.occupancy, 3) == 0.873
    assert round(centre.waits, 3) == 0.239
    assert round(centre.mean_wait_s, 1) == 8.2
    assert round(centre.within(15), 3) == 0.846


def test_erlang_c_by_the_example_of_call_centre_helper() -> None:
    """*Erlang C formula made simple*: 100 calls in half an hour, 3 minutes each, 80 % within 20 s takes 14 agents."""
    centre = ErlangC(per_s=100 / 1800, handling_s=180, agents=14)
    assert round(centre.waits, 3) == 0.174
    assert round(centre.within(20), 3) == 0.888
    assert round(centre.mean_wait_s, 1) == 7.8
    assert round(centre.occupancy, 3) == 0.714
    assert agents_needed(per_s=100 / 1800, handling_s=180, share=0.8, seconds=20) == 14


def test_erlang_c_and_a_by_the_comparison_of_garnett_mandelbaum_and_reiman() -> None:
    """*Designing a call center with impatient customers*, 2002: 48 calls a minute of 1 minute, 50 agents, patience 2
    minutes."""
    patient = ErlangC(per_s=48 / 60, handling_s=60, agents=50)
    assert round(patient.mean_wait_s, 1) == 20.8
    assert round(patient.quantile(0.9), 1) == 58.1
    assert round(patient.mean_waiting) == 17
    assert round(patient.occupancy, 2) == 0.96
    impatient = ErlangA(per_s=48 / 60, handling_s=60, patience_s=120, agents=50)
    assert round(impatient.abandoned, 3) == 0.031
    assert round(impatient.mean_wait_s, 1) == 3.7
    assert round(impatient.mean_waiting) == 3
    assert round(impatient.occupancy, 2) == 0.93


def test_erlang_a_by_the_example_of_pyworkforce() -> None:
    """Its guide's example: 100 calls in 30 min, 3 min each, patience 5 min, 13 agents, 20 s."""
    centre = ErlangA(per_s=100 / 1800, handling_s=180, patience_s=300, agents=13)
    assert centre.answered_within(20) == pytest.approx(0.858, abs=0.001)
    assert centre.occupancy == pytest.approx(0.750, abs=0.001)
    assert centre.abandoned == pytest.approx(0.025, abs=0.001)
    assert centre.waits == pytest.approx(0.226, abs=0.001)
    assert centre.mean_wait_s / 60 == pytest.approx(0.125, abs=0.001)
    assert agents_needed(per_s=100 / 1800, handling_s=180, patience_s=300, share=0.8, seconds=20) == 13


def test_with_endless_patience_erlang_a_is_erlang_c() -> None:
    patient = ErlangC(per_s=100 / 1800, handling_s=180, agents=14)
    nearly = ErlangA(per_s=100 / 1800, handling_s=180, patience_s=1e8, agents=14)
    assert nearly.waits == pytest.approx(patient.waits, rel=1e-4)
    assert nearly.mean_wait_s == pytest.approx(patient.mean_wait_s, rel=1e-4)
    assert nearly.answered_within(20) == pytest.approx(patient.within(20), rel=1e-4)


def test_erlang_a_holds_under_a_load_far_too_high() -> None:
    centre = ErlangA(per_s=10, handling_s=300, patience_s=60, agents=1000)
    assert centre.abandoned == pytest.approx(1 - 1000 / 3000, abs=1e-3)
    assert centre.occupancy == pytest.approx(1, abs=1e-6)
    assert ErlangA(per_s=5, handling_s=300, patience_s=60, agents=3000).abandoned == pytest.approx(0, abs=1e-9)


def test_what_the_agents_cannot_do_is_refused() -> None:
    assert erlang_c(10, 10) == 1
    with pytest.raises(ValueError, match="need more than 10"):
        ErlangC(per_s=1, handling_s=10, agents=10)
    with pytest.raises(ValueError, match="positive"):
        ErlangA(per_s=1, handling_s=10, patience_s=0, agents=10)
    with pytest.raises(ValueError, match="between 0 and 1"):
        agents_needed(per_s=1, handling_s=10, share=1, seconds=20)


def test_priorities_keep_the_mean_and_ageing_lies_between() -> None:
    """Kleinrock's conservation law: priorities move waiting from one class to another, all of it remains."""
    rates, handling_s, agents = [0.01, 0.02, 0.015], 60.0, 4
    first_come = ErlangC(per_s=sum(rates), handling_s=handling_s, agents=agents).mean_wait_s

    def mean(waits: list[float]) -> float:
        return sum(rate * wait for rate, wait in zip(rates, waits, strict=True)) / sum(rates)

    strict = priority_waits_s(rates, handling_s, agents)
    ageing = ageing_waits_s(rates, [1, 2, 4], handling_s, agents)
    assert strict == sorted(strict)
    assert mean(strict) == pytest.approx(first_come)
    assert mean(ageing) == pytest.approx(first_come)
    assert ageing_waits_s(rates, [1, 1, 1], handling_s, agents) == pytest.approx([first_come] * 3)
    extreme = ageing_waits_s(rates, [1, 1e6, 1e12], handling_s, agents)
    assert extreme == pytest.approx(priority_waits_s(rates[::-1], handling_s, agents)[::-1], rel=1e-4)
    with pytest.raises(ValueError, match="slowest"):
        ageing_waits_s(rates, [2, 1, 1], handling_s, agents)


def test_a_chain_is_solved_as_linear_algebra_solves_it() -> None:
    """Erlang A with 3 agents, cut at 30 contacts, by our iteration, by numpy, and by the formula."""

    def moves(here: int) -> list[tuple[float, int]]:
        leaving = min(here, 3) / 100 + max(here - 3, 0) / 50
        return [(0.04 if here < 30 else 0.0, here + 1), (leaving, here - 1)]

    shares = stationary(0, moves)
    rates = np.zeros((31, 31))
    for here in range(31):
        for rate, following in moves(here):
            if 0 <= following <= 30:
                rates[here, following] += rate
                rates[here, here] -= rate
    system = np.vstack([rates.T, np.ones(31)])
    exact = np.linalg.lstsq(system, np.array([0.0] * 31 + [1.0]), rcond=None)[0]
    assert [shares[number] for number in range(31)] == pytest.approx(list(exact), abs=1e-9)
    formula = ErlangA(per_s=0.04, handling_s=100, patience_s=50, agents=3).shares()
    assert [shares[number] for number in range(15)] == pytest.approx(formula[:15], abs=1e-6)


def test_a_chain_with_one_skill_is_erlang_a() -> None:
    chain = SkillChain((Kind("any", 0.02, 80),), (Server(frozenset({"any"}), 100),) * 2, waiting_max=20)
    figures, cut = chain.solve()
    exact = ErlangA(per_s=0.02, handling_s=100, patience_s=80, agents=2)
    assert cut < 1e-9
    assert figures[0].waits == pytest.approx(exact.waits, abs=1e-6)
    assert figures[0].abandoned == pytest.approx(exact.abandoned, abs=1e-6)
    assert figures[0].mean_wait_s == pytest.approx(exact.mean_wait_s, abs=1e-4)


def test_chains_without_an_end_are_refused() -> None:
    with pytest.raises(ValueError, match="never left"):
        stationary(0, lambda here: [(1.0, here)])


SHAPES: list[Distribution] = [
    Exponential(60),
    LogNormal(60, 1.5),
    Deterministic(60),
    Empirical((10.0, 20.0, 60.0, 150.0)),
]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: type(shape).__name__)
def test_draws_have_the_mean_and_the_distribution(shape: Distribution) -> None:
    draw = drawer(shape, random.Random(SEED))
    drawn = sorted(draw() / 1e9 for _ in range(40_000))
    assert sum(drawn) / len(drawn) == pytest.approx(60, rel=0.03)
    for limit in (15, 60, 140):
        assert sum(one <= limit for one in drawn) / len(drawn) == pytest.approx(shape.within(limit), abs=0.01)
    assert drawn[len(drawn) * 7 // 10] == pytest.approx(shape.quantile(0.7), rel=0.04)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: type(shape).__name__)
def test_what_has_lasted_goes_on_as_those_that_lasted_as_long(shape: Distribution) -> None:
    chance = random.Random(SEED)
    draw = drawer(shape, chance)
    longer = [one for one in (draw() for _ in range(60_000)) if one > 15e9]
    rest = [draw_rest(shape, int(15e9), chance) for _ in range(len(longer))]
    assert sum(rest) / len(rest) == pytest.approx(sum(longer) / len(longer) - 15e9, rel=0.04)
    assert draw_rest(Deterministic(60), int(90e9), chance) == 0


def test_arrivals_follow_the_profile() -> None:
    profile = Poisson((3600.0, 0.0, 7200.0), start_ns=10**9, interval_ns=600 * 10**9)
    times = list(profile.times(random.Random(SEED)))
    assert times == sorted(times)
    counts = [sum(10**9 + at * 600e9 <= one < 10**9 + (at + 1) * 600e9 for one in times) for at in range(3)]
    assert counts[1] == 0
    assert counts[0] == pytest.approx(600, abs=80)
    assert counts[2] == pytest.approx(1200, abs=110)
    assert profile.expected == pytest.approx(1800)
    gaps = [after - before for before, after in itertools.pairwise(times) if after < 601e9]
    assert sum(gap > 1e9 for gap in gaps) / len(gaps) == pytest.approx(0.368, abs=0.06), "exponential gaps"
    late = list(profile.times(random.Random(SEED), from_ns=1500 * 10**9))
    assert late[0] >= 1500 * 10**9
    assert len(late) == pytest.approx(602, abs=80)


def test_arrivals_of_a_real_day() -> None:
    day = Listed((3, 5, 9))
    assert list(day.times(random.Random(SEED))) == [3, 5, 9]
    assert list(day.times(random.Random(SEED), from_ns=4)) == [5, 9]
