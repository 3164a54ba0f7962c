"""Core and reference in step: Hypothesis looks for a short history that tells them apart, a seeded walk for a long one.

``ZENTRALE_ACD_STEPS`` is the number of steps of the walks (20,000 unless told); Hypothesis takes half as many.  As long
as the core lacks slices of the rules, the reference alone is held to the invariants with all of them.
"""

from __future__ import annotations

import os
import random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from acd_core.limits import Limits
from tests.parity.acd_moves import Moves
from tests.parity.slices import ALL, COMPLETE, CORE

STEPS = int(os.environ.get("ZENTRALE_ACD_STEPS", "20000"))
SMALL = Limits(
    contacts_max=20, agents_max=4, queues_max=3, skills_max=3, classes_max=9, profiles_max=4, exclusions_max=3
)
EVERYTHING = frozenset(ALL)
alone = pytest.mark.skipif(COMPLETE, reason="the core has it all: both are held to it together")


class Machine(RuleBasedStateMachine):
    limits: Limits | None = None
    slices = CORE
    alone = False

    def __init__(self) -> None:
        super().__init__()
        self.moves = Moves(self.limits, self.slices, alone=self.alone)

    @rule(chance=st.randoms(use_true_random=False))
    def anything_happens(self, chance: random.Random) -> None:
        self.moves.any_move(chance)

    def teardown(self) -> None:
        self.moves.pair.run_down()


class NarrowMachine(Machine):
    """The same, with every limit within reach."""

    limits = SMALL


class LonelyMachine(Machine):
    """All rules, by the reference alone."""

    slices = EVERYTHING
    alone = True


def machine_settings(steps: int) -> settings:
    return settings(
        max_examples=max(1, steps // 50),
        stateful_step_count=50,
        deadline=None,
        derandomize="ZENTRALE_ACD_STEPS" not in os.environ,
        suppress_health_check=list(HealthCheck),
    )


def test_core_and_reference_decide_alike() -> None:
    run_state_machine_as_test(Machine, settings=machine_settings(STEPS // 4))


def test_core_and_reference_refuse_alike_at_their_limits() -> None:
    run_state_machine_as_test(NarrowMachine, settings=machine_settings(STEPS // 4))


@alone
def test_the_reference_keeps_the_invariants_of_all_rules() -> None:
    run_state_machine_as_test(LonelyMachine, settings=machine_settings(STEPS // 8))


def walk(moves: Moves, seed: int, steps: int) -> int:
    """Offers made."""
    chance = random.Random(seed)
    while moves.pair.steps < steps:
        moves.any_move(chance)
    moves.pair.run_down()
    return moves.pair.snapshot.offers_made


def walk_far(slices: frozenset[str], steps: int, *, alone: bool) -> None:
    """Prints how far it went; the seed is fixed, so a failure repeats."""
    for seed in range(10):
        moves = Moves(SMALL if seed % 3 == 2 else None, slices, alone=alone)
        offers = walk(moves, seed, steps // 10)
        print(f"seed {seed}: {moves.pair.steps} steps, {moves.pair.errors} refused, {offers} offers")
        assert offers > moves.pair.steps // 50
        assert moves.pair.errors > moves.pair.steps // 100


def test_they_decide_alike_for_long() -> None:
    walk_far(CORE, STEPS, alone=False)


@alone
def test_the_reference_keeps_the_invariants_for_long() -> None:
    walk_far(EVERYTHING, STEPS // 2, alone=True)
