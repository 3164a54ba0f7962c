"""The matching window: gather for some milliseconds, then match jointly."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

from acd_core import events as ev
from acd_core.reference.joint import assign
from tests.support.acd_centre import Centre, both

MS = 1_000_000


@pytest.mark.parametrize("seed", range(30))
def test_the_assignment_is_the_best_of_all(seed: int) -> None:
    chance = random.Random(seed)
    rows = chance.randint(1, 5)
    columns = chance.randint(rows, 6)
    values = [[chance.choice([0, chance.randint(0, 9)]) for _ in range(columns)] for _ in range(rows)]
    assigned = assign(values)
    assert len(set(assigned)) == rows
    best = max(
        sum(values[row][column] for row, column in enumerate(chosen))
        for chosen in itertools.permutations(range(columns), rows)
    )
    assert sum(values[row][column] for row, column in enumerate(assigned)) == best


@both
def test_nobody_is_taken_from_who_needs_them_more(make: type[Any]) -> None:
    """At once, the first would get the only one who speaks French, and the second nobody."""
    centre = Centre(make)
    centre.tell(ev.MatchingConfigured(window_ms=20))
    centre.sign_in("anna", skills="french")
    centre.sign_in("ben")
    centre.arrive("c1")
    centre.arrive("c2", skills="french")
    assert centre.ring() == {}
    assert centre.d.get_timer() == 20 * MS
    centre.d.handle_timer(20 * MS)
    assert centre.ring() == {"anna": "c2", "ben": "c1"}


@both
def test_a_match_against_the_first_choice_says_so(make: type[Any]) -> None:
    centre = Centre(make)
    centre.tell(ev.MatchingConfigured(window_ms=20))
    centre.sign_in("anna", skills="french")
    centre.sign_in("ben")
    centre.arrive("c1")
    centre.arrive("c2", skills="french")
    centre.at(1)
    joint = next(one for one in centre.made if one.agent == "ben").explanation
    assert joint.sentence() == "one of 2 available agents in queue sales, matched together with other contacts"


@both
def test_a_window_that_is_switched_off_ends_at_once(make: type[Any]) -> None:
    centre = Centre(make)
    centre.tell(ev.MatchingConfigured(window_ms=50))
    centre.sign_in("anna")
    centre.arrive("c1")
    assert centre.ring() == {}
    centre.tell(ev.MatchingConfigured(window_ms=0))
    assert centre.ring() == {"anna": "c1"}
    assert centre.d.snapshot().window_ns is None


@both
def test_no_window_begins_where_nobody_could_be_matched(make: type[Any]) -> None:
    centre = Centre(make)
    centre.tell(ev.MatchingConfigured(window_ms=50))
    centre.arrive("c1", skills="german")
    centre.sign_in("anna")
    assert centre.d.get_timer() is None
