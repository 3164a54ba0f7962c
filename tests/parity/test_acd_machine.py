"""Core and reference in step: Hypothesis looks for a short history that tells them apart, a seeded walk for a long one.

``ZENTRALE_ACD_STEPS`` is the number of steps of the walks (20,000 unless told); Hypothesis takes as many.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from acd_core.limits import Limits
from acd_core.strategies import STRATEGIES
from tests.parity.acd_moves import Moves

STEPS = int(os.environ.get("ZENTRALE_ACD_STEPS", "20000"))
if "ZENTRALE_ACD_STEPS" in os.environ:
    pytestmark = pytest.mark.timeout(0)  # as long as it takes
SMALL = Limits(
    contacts_max=20, agents_max=4, queues_max=3, skills_max=3, classes_max=9, profiles_max=4, exclusions_max=3
)

EXPECTED = {
    "compared: of one kind": 200,
    "compared: by score": 500,
    "compared: past the bound of overtaking": 200,
    "compared: past the bound, with a bonus": 50,
    "compared: next contact": 200,
    "strategy joint": 4,
    "strategy by_hand": 20,
    "strategy preferred": 20,
    "AgentChanged": 20,
    "ContactChanged.excluded": 20,
    "ContactChanged.topic": 20,
    "ContactInterrupted": 20,
    "ContactResumed": 10,
    "ContactMoved.overflow: closed": 10,
    "ContactMoved.overflow: estimate": 10,
    "ContactMoved.overflow: size": 10,
    "ContactMoved.overflow: unstaffed": 5,
    "ContactMoved.overflow: wait": 10,
    "ContactMoved.split": 10,
    "ContactMoved.transferred": 20,
    "ContactRequeued": 20,
    "ContactReturned": 20,
    "OfferEnded.accepted": 200,
    "OfferEnded.expired": 50,
    "OfferEnded.rejected": 50,
    "OfferEnded.revoked": 50,
    "WrapUpExtended.contact": 5,
    "WrapUpFinished.contact": 5,
}
"""What a walk of 20,000 steps meets at least: a comparison that is never made would hold for ever."""


class Machine(RuleBasedStateMachine):
    limits: Limits | None = None
    seen: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.moves = Moves(self.limits)

    @initialize(seed=st.integers(0, 2**32))
    def the_day_begins(self, seed: int) -> None:
        chance = random.Random(seed)
        for move in (self.moves.queue_is_configured, self.moves.agent_signs_in):
            for _ in range(3):
                move(chance)

    @rule(seed=st.integers(0, 2**32))
    def anything_happens(self, seed: int) -> None:
        """Numbers drawn one by one would nearly all be small: the same few moves, and hardly an offer."""
        self.moves.any_move(random.Random(seed))

    def teardown(self) -> None:
        self.moves.pair.run_down()
        self.seen.update(self.moves.pair.seen)
        self.seen["steps"] += self.moves.pair.steps


class NarrowMachine(Machine):
    """The same, with every limit within reach."""

    limits = SMALL
    seen: ClassVar[Counter[str]] = Counter()


def run_machine(machine: type[Machine], steps: int) -> None:
    """At least so many, each of them a rule of the machine."""
    length = 50
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=1 + steps // (length - 5),
            stateful_step_count=length,
            deadline=None,
            derandomize="ZENTRALE_ACD_STEPS" not in os.environ,
            suppress_health_check=list(HealthCheck),
        ),
    )
    print(f"{machine.seen['steps']} steps: {dict(sorted(machine.seen.items()))}")
    assert machine.seen["steps"] >= steps


def test_core_and_reference_decide_alike() -> None:
    run_machine(Machine, STEPS // 2)
    assert Machine.seen["compared: of one kind"] >= STEPS // 1000


def test_core_and_reference_refuse_alike_at_their_limits() -> None:
    run_machine(NarrowMachine, STEPS // 2)


def walk(moves: Moves, seed: int, steps: int) -> int:
    """Offers made."""
    chance = random.Random(seed)
    while moves.pair.steps < steps:
        moves.any_move(chance)
    moves.pair.run_down()
    return moves.pair.snapshot.offers_made


def test_they_decide_alike_for_long() -> None:
    """Prints how far it went; the seeds are fixed, so a failure repeats."""
    seen: Counter[str] = Counter()
    for seed in range(10):
        moves = Moves(SMALL if seed % 3 == 2 else None)
        offers = walk(moves, seed, STEPS // 10)
        print(f"seed {seed}: {moves.pair.steps} steps, {moves.pair.errors} refused, {offers} offers")
        assert offers > moves.pair.steps // 50
        assert moves.pair.errors > moves.pair.steps // 100
        seen += moves.pair.seen
    print(dict(sorted(seen.items())))
    scarce = {name: seen[name] for name, least in EXPECTED.items() if seen[name] < least * STEPS // 20_000}
    assert not scarce, "too few to mean anything"
    assert all(seen[f"strategy {strategy}"] >= 20 * STEPS // 20_000 for strategy in STRATEGIES)
