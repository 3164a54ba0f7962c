"""What waiting does to requirements: relaxation and bullseye rings."""

from __future__ import annotations

from typing import Any

from acd_core import events as ev
from acd_core.requirements import any_of, skill, team
from tests.support.acd_centre import Centre, S, both


@both
def test_levels_are_lowered_step_by_step(make: type[Any]) -> None:
    centre = Centre(make, steps=(ev.Step(10_000, lower=20), ev.Step(30_000, lower=20)))
    centre.sign_in("anna", levels=frozenset({("german", 30)}))
    centre.sign_in("ben", levels=frozenset({("german", 50)}))
    centre.arrive("c1", needs=skill("german", 70))
    assert centre.at(9).ring() == {}
    assert centre.at(10).ring() == {"ben": "c1"}
    assert centre.made[0].explanation.skills == ("german>=50",)
    assert centre.made[0].explanation.step == 1
    centre.reject("ben")
    assert centre.at(29).ring() == {}
    assert centre.at(30).ring() == {"anna": "c1"}


@both
def test_bullseye_rings_grow_from_team_to_team(make: type[Any]) -> None:
    """North first, then north or south, then anybody."""
    rings = (
        ev.Step(10_000, drop=frozenset({"team:north"}), needs=any_of(team("north"), team("south"))),
        ev.Step(20_000, drop=frozenset({"team:north"})),
    )
    centre = Centre(make, skills=frozenset({"team:north"}), steps=rings)
    centre.sign_in("anna")
    centre.sign_in("ben", skills="team:south")
    centre.arrive("c1")
    centre.at(5).arrive("c2")
    assert centre.at(10).ring() == {"ben": "c1"}
    assert centre.made[0].explanation.skills == ("team:north|team:south",)
    assert centre.at(24).ring() == {"ben": "c1"}
    assert centre.at(25).ring() == {"ben": "c1", "anna": "c2"}


@both
def test_a_skill_may_become_unnecessary(make: type[Any]) -> None:
    centre = Centre(make, steps=(ev.Step(15_000, drop=frozenset({"vip"})),))
    centre.sign_in("anna", skills="german")
    centre.arrive("c1", skills="german vip")
    assert centre.d.get_timer() == 15 * S
    assert centre.at(15).ring() == {"anna": "c1"}


@both
def test_steps_that_were_due_while_it_rang_are_taken_when_it_waits_again(make: type[Any]) -> None:
    centre = Centre(make, steps=(ev.Step(15_000, drop=frozenset({"vip"})),))
    centre.sign_in("anna", skills="vip")
    centre.sign_in("ben")
    centre.at(10).arrive("c1", skills="vip")
    assert centre.d.get_timer() == 30 * S, "only the offer's"
    centre.at(27).reject("anna")
    assert centre.ring() == {"ben": "c1"}


@both
def test_new_settings_count_from_when_the_contact_entered(make: type[Any]) -> None:
    centre = Centre(make)
    centre.sign_in("anna")
    centre.arrive("c1", skills="vip")
    centre.at(20).queue("sales", steps=(ev.Step(15_000, drop=frozenset({"vip"})),))
    assert centre.ring() == {"anna": "c1"}
