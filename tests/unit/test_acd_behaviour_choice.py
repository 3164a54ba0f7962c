"""Who of the agents gets it: one story per strategy, and broadcast."""

from __future__ import annotations

from collections import Counter
from typing import Any

from acd_core import events as ev
from acd_core.hashing import hash_name, mix
from acd_core.requirements import skill
from tests.support.acd_centre import Centre, both


@both
def test_least_occupied(make: type[Any]) -> None:
    """By share of capacity: two chats of four are less than one of one."""
    centre = Centre(make, strategy="least_occupied")
    centre.sign_in("anna", lanes=(ev.Lane("chat", 4),), capacity=4)
    centre.sign_in("ben", lanes=(ev.Lane("chat", 2),), capacity=2)
    for chat in ("c1", "c2", "c3", "c4", "c5"):
        centre.arrive(chat, channel="chat")
        centre.accept(next(iter(centre.ring())))
    assert Counter(one.agent for one in centre.made) == {"anna": 3, "ben": 2}
    assert centre.made[2].explanation.term == -250
    assert "25 % of the capacity in use" in centre.made[2].explanation.sentence()


@both
def test_most_skilled(make: type[Any]) -> None:
    centre = Centre(make, strategy="most_skilled")
    centre.sign_in("anna", levels=frozenset({("german", 50), ("vip", 60), ("other", 100)}))
    centre.sign_in("ben", levels=frozenset({("german", 90), ("vip", 30)}))
    centre.arrive("c1", needs=skill("german") | skill("vip"))
    assert centre.ring() == {"ben": "c1"}
    assert (centre.made[0].explanation.term, centre.made[0].explanation.runner_up_term) == (120, 110)
    assert centre.why.startswith("most skilled of 2 available agents with skills german and vip: levels add up to 120")


@both
def test_least_skilled_that_suffices(make: type[Any]) -> None:
    """The specialist stays free for what only she can do."""
    centre = Centre(make, strategy="least_skilled")
    centre.sign_in("anna", skills="german vip")
    centre.sign_in("ben", skills="german")
    centre.sign_in("carl")
    centre.arrive("c1", skills="german")
    assert centre.ring() == {"ben": "c1"}
    centre.arrive("c2", skills="german")
    assert centre.ring() == {"ben": "c1", "anna": "c2"}


@both
def test_round_robin(make: type[Any]) -> None:
    """In turn, whatever came of the last offer and however long the call took."""
    centre = Centre(make, strategy="round_robin")
    centre.sign_in("anna", "ben", "carl")
    for number in range(6):
        centre.arrive(f"c{number}")
        centre.serve(next(iter(centre.ring())))
    assert [one.agent for one in centre.made] == ["anna", "ben", "carl"] * 2
    assert centre.why == "next in turn of 3 available agents in queue sales: last offered number 3, idle 0 s"


def test_the_hash_is_the_published_one() -> None:
    """splitmix64 from 0, FNV-1a of the empty text and of "a": their authors' test values."""
    assert mix(0) == 0xE220A8397B1DCDAF
    assert (hash_name(""), hash_name("a")) == (0xCBF29CE484222325, 0xAF63DC4C8601EC8C)


@both
def test_weighted_random_is_by_weight_and_repeats(make: type[Any]) -> None:
    """1 : 3 of 400 draws is 100 give or take 9 (one sigma); the same seed draws the same."""

    def draw(seed: int) -> list[str]:
        centre = Centre(make, strategy="random")
        centre.tell(ev.MatchingConfigured(seed=seed))
        centre.sign_in("anna", weight=1)
        centre.sign_in("ben", weight=3)
        for number in range(400):
            centre.arrive(f"c{number}")
            centre.serve(next(iter(centre.ring())))
        return [one.agent for one in centre.made]

    drawn = draw(1)
    assert 65 < Counter(drawn)["anna"] < 135
    assert drawn == draw(1)
    assert drawn != draw(2)


@both
def test_highest_expected_success(make: type[Any]) -> None:
    centre = Centre(make, strategy="success")
    centre.sign_in("anna", scores=frozenset({("tariffs", 300), ("moving", 900)}))
    centre.sign_in("ben", scores=frozenset({("tariffs", 700)}))
    centre.arrive("c1", topic="tariffs")
    assert centre.ring() == {"ben": "c1"}
    assert "most likely to help of 2" in centre.why
    assert "expected success 70 %" in centre.why
    centre.tell(ev.ContactAbandoned("c1"))
    centre.arrive("c2", topic="something else")
    assert centre.ring() == {"anna": "c2"}, "nobody knows: the longest idle"


@both
def test_broadcast_rings_at_n_and_fills_up(make: type[Any]) -> None:
    centre = Centre(make, broadcast=3)
    centre.sign_in("anna", "ben")
    centre.arrive("c1")
    assert centre.ring() == {"anna": "c1", "ben": "c1"}
    centre.sign_in("carl", "dora")
    assert centre.ring() == {"anna": "c1", "ben": "c1", "carl": "c1"}
    centre.reject("ben")
    assert centre.ring() == {"anna": "c1", "carl": "c1", "dora": "c1"}
    centre.accept("carl")
    assert centre.ring() == {}
    assert [centre.has(agent) for agent in ("anna", "ben", "dora")] == ["available"] * 3


@both
def test_a_broadcast_that_nobody_answers_waits_again(make: type[Any]) -> None:
    centre = Centre(make, broadcast=2)
    centre.sign_in("anna", "ben")
    centre.arrive("c1")
    centre.at(20)
    assert centre.ring() == {}
    assert centre.d.contact("c1").state == "waiting"
    assert centre.d.position("c1") == 1
    assert (centre.has("anna"), centre.has("ben")) == ("not_responding", "not_responding")
