"""Requirements: levels, clauses, teams and languages; excluded and preferred agents."""

from __future__ import annotations

from typing import Any

import pytest

from acd_core import events as ev
from acd_core.requirements import all_of, any_of, describe, is_met, language, skill, team
from tests.support.acd_centre import Centre, both


def test_a_requirement_is_clauses_of_alternatives() -> None:
    needs = all_of(skill("german", 50), any_of(skill("billing"), all_of(skill("tariffs", 20), skill("contracts"))))
    assert describe(needs) == ("billing|contracts", "billing|tariffs>=20", "german>=50")
    assert is_met(needs, {"german": 50, "billing": 0})
    assert is_met(needs, {"german": 60, "tariffs": 20, "contracts": 1})
    assert not is_met(needs, {"german": 60, "tariffs": 20})
    assert not is_met(needs, {"german": 49, "billing": 100})


@both
def test_a_minimum_level_is_asked_for(make: type[Any]) -> None:
    centre = Centre(make)
    centre.sign_in("anna", levels=frozenset({("german", 40)}))
    centre.sign_in("ben", levels=frozenset({("german", 60)}))
    centre.sign_in("carl", skills="german")
    centre.arrive("c1", needs=skill("german", 50))
    centre.arrive("c2", needs=skill("german", 61))
    centre.arrive("c3", needs=skill("german"))
    assert centre.ring() == {"ben": "c1", "carl": "c2", "anna": "c3"}
    assert "german" in centre.why
    assert centre.made[0].explanation.skills == ("german>=50",)


@both
def test_one_of_several_skills_is_enough(make: type[Any]) -> None:
    centre = Centre(make, needs=language("de"))
    centre.sign_in("anna", skills="language:de")
    centre.sign_in("ben", skills="language:de team:north")
    centre.sign_in("carl", skills="team:north vip")
    centre.arrive("c1", needs=any_of(team("north"), skill("vip")))
    assert centre.ring() == {"ben": "c1"}
    assert centre.made[0].explanation.skills == ("language:de", "team:north|vip")
    assert centre.groups() == {"unskilled": 2}


@both
def test_an_excluded_agent_never_gets_it(make: type[Any]) -> None:
    """Conflict of interest; also of somebody who signs in later."""
    centre = Centre(make)
    centre.sign_in("anna")
    centre.arrive("c1", excluded=frozenset({"anna", "ben"}))
    centre.sign_in("ben")
    assert centre.at(100).ring() == {}
    centre.sign_in("carl")
    assert centre.ring() == {"carl": "c1"}
    why = centre.made[0].explanation
    assert (why.excluded, why.spared) == (("anna", "ben"), ())
    assert [one.sentence for one in why.passed_over()] == [
        "anna, ben: passed over because this contact is never to go to them"
    ]


@both
def test_a_preferred_agent_is_waited_for_and_need_not_serve_the_queue(make: type[Any]) -> None:
    centre = Centre(make)
    centre.queue("service")
    centre.sign_in("anna", queues="service")
    centre.arrive("c0", "service")
    centre.accept("anna")
    centre.sign_in("ben")
    centre.arrive("c1", preferred="anna", preferred_ms=30_000)
    assert centre.at(10).ring() == {}
    centre.tell(ev.ContactEnded("c0"))
    assert centre.ring() == {"anna": "c1"}
    assert centre.why == "the agent whom the contact asks for: idle 0 s"
    assert centre.groups() == {"not_named": 1}


@both
def test_a_preferred_agent_who_rejects_is_waited_for_no_more(make: type[Any]) -> None:
    centre = Centre(make)
    centre.sign_in("ben")
    centre.at(1).sign_in("anna")
    centre.arrive("c1", preferred="anna", preferred_ms=30_000)
    assert centre.ring() == {"anna": "c1"}, "although ben has been idle for longer"
    centre.reject("anna")
    assert centre.ring() == {"ben": "c1"}


@both
@pytest.mark.parametrize("preferred_ms", [0, 5_000])
def test_a_preferred_agent_comes_first_even_when_nobody_waits_for_them(make: type[Any], preferred_ms: int) -> None:
    centre = Centre(make)
    centre.arrive("c1", preferred="ben", preferred_ms=preferred_ms)
    centre.at(10)
    centre.sign_in("anna", skills="german")
    assert centre.ring() == {"anna": "c1"}
    centre.sign_in("ben")
    centre.sign_in("carl")
    centre.arrive("c2", preferred="carl", preferred_ms=preferred_ms)
    assert centre.ring()["carl"] == "c2"
