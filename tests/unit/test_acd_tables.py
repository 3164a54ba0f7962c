"""The core's tables where small centres don't reach: thousands of names that come and go, profiles of many lanes."""

from __future__ import annotations

import gc
import random
import sys
from typing import Any

import pytest

from acd_core import Distributor
from acd_core import events as ev
from acd_core.decisions import OfferMade
from acd_core.errors import DuplicateContactError, UnknownContactError
from acd_core.limits import Limits
from acd_core.requirements import REMEMBERED_MAX
from tests.support.acd_centre import Centre, both

SKILLS = REMEMBERED_MAX + 1
"""So many of one kind that its requirement is remembered nowhere else."""
LANES = tuple(ev.Lane(f"channel {number}") for number in range(8))


def test_thousands_of_names_come_and_go() -> None:
    """Each that is here is found and each that is not is missing, through growth and in gaps left by others."""
    chance = random.Random(7)
    d = Distributor()
    d.handle(ev.QueueConfigured("sales", 20_000, 30_000), 0)
    here: list[str] = []
    for number in range(12_000):
        if here and chance.random() < (0.3 if number < 6_000 else 0.7):
            place = chance.randrange(len(here))
            gone = here[place]
            here[place] = here[-1]
            here.pop()
            d.handle(ev.ContactAbandoned(gone), number)
            with pytest.raises(UnknownContactError):
                d.contact(gone)
        else:
            here.append(f"contact {number}")
            d.handle(ev.ContactArrived(here[-1], "sales"), number)
        if here and number % 10 == 0:
            known = chance.choice(here)
            # equal, but another object
            assert d.contact(known[:3] + known[3:]).contact == known
            with pytest.raises(DuplicateContactError):
                d.handle(ev.ContactArrived(known, "sales"), number)
    assert d.queue("sales").waiting == len(here)
    for name in here:
        assert d.contact(name).contact == name


@both
def test_agents_with_many_lanes(make: type[Any]) -> None:
    """One contact of each of eight channels, all in hand at once, ended in another order."""
    centre = Centre(make, wrap_up_ms=30_000)
    centre.sign_in("anna", lanes=LANES, capacity=8)
    for lane in LANES:
        centre.arrive(f"by {lane.channel}", channel=lane.channel)
        centre.accept("anna")
    centre.arrive("one more", channel="channel 3")
    assert centre.ring() == {}
    for number in (4, 0, 5, 3):
        centre.tell(ev.ContactEnded(f"by channel {number}"))
    centre.tell(ev.WrapUpFinished("anna", "by channel 3"))
    assert centre.ring() == {"anna": "one more"}


def lives(offer: int, agent: str, contact: str, reason: str) -> tuple[list[ev.Event], ...]:
    """Ways in which names go by an event that tells of them; nobody is left at the end of each."""
    here: list[ev.Event] = [
        ev.AgentSignedIn(agent, frozenset({"sales", "help"}), frozenset()),
        ev.AgentReady(agent),
        ev.ContactArrived(contact, "sales"),
    ]
    gone, left = ev.AgentSignedOut(agent), ev.ContactAbandoned(contact)
    return (
        [*here, ev.OfferAccepted(offer, agent), gone, ev.ContactEnded(contact), ev.WrapUpFinished(agent)],
        [*here, ev.AgentPaused(agent, reason), left, gone],
        [*here, ev.OfferRejected(offer, agent, reason), gone, left],
        [*here, gone, ev.ContactTransferred(contact, reason=reason, queue="help"), left],
    )


def test_names_outlive_the_event_in_which_they_are_given_up_and_no_longer() -> None:
    """Records of decisions borrow what they name, and afterwards nobody holds it."""
    held = [(f"agent {number}", f"contact {number}", f"reason {number}") for number in range(100)]
    before = [sys.getrefcount(name) for names in held for name in names]
    d = Distributor()
    for queue in ("sales", "help"):
        d.handle(ev.QueueConfigured(queue, 20_000, 30_000), 0)
    told = offers = 0
    for way in range(8):
        for agent, contact, reason in held:
            names = (agent, contact, reason)
            if way >= 4:
                # the tables have the only ones
                names = (agent[:3] + agent[3:], contact[:3] + contact[3:], reason[:3] + reason[3:])
            for event in lives(offers + 1, *names)[way % 4]:
                for one in d.handle(event, told):
                    told += 1
                    offers += isinstance(one, OfferMade)
                    assert getattr(one, "agent", agent) == agent, one
                    assert getattr(one, "contact", contact) in (contact, None), one
        assert not d.snapshot().agents
        assert not d.snapshot().contacts
    assert offers == 800
    del agent, contact, reason, names, event, one
    assert [sys.getrefcount(name) for names in held for name in names] == before


def test_kinds_kept_for_their_return_hold_few_names_of_skills() -> None:
    """Each contact is of a kind of its own with skills of its own, and gone before the next: what the core still names
    is bounded by its limit of skills, and kinds that are forgotten come back like others."""
    names = [[f"skill {number} {place}" for place in range(SKILLS)] for number in range(200)]
    before = [[sys.getrefcount(name) for name in one] for one in names]
    d = Distributor(Limits(skills_max=SKILLS + 2))
    d.handle(ev.QueueConfigured("sales", 20_000, 0), 0)
    d.handle(ev.AgentSignedIn("anna", frozenset({"sales"}), frozenset({"own"})), 0)
    for round in range(2):
        for number, one in enumerate(names):
            d.handle(ev.ContactArrived(f"c{number}", "sales", frozenset(one)), round)
            assert d.contact(f"c{number}").skills == tuple(sorted(one))
            d.handle(ev.ContactAbandoned(f"c{number}"), round)
    after = [[sys.getrefcount(name) for name in one] for one in names]
    # there is room for two kinds, and these are the last ones
    assert [number for number in range(200) if after[number] != before[number]] == [198, 199]


@pytest.mark.parametrize(
    "newcomer",
    [
        ev.QueueConfigured("help", 20_000, 0, frozenset("abc")),
        ev.AgentSignedIn("anna", frozenset({"sales"}), frozenset("abc")),
        ev.AgentSignedIn("anna", frozenset({"sales"}), frozenset(), frozenset((name, 7) for name in "abc")),
    ],
)
def test_queues_and_agents_make_room_for_their_skills_on_the_shelf(newcomer: ev.Event) -> None:
    d = Distributor(Limits(skills_max=SKILLS + 1))
    d.handle(ev.QueueConfigured("sales", 20_000, 0), 0)
    names = [f"skill {place}" for place in range(2 * SKILLS)]
    before = [sys.getrefcount(name) for name in names]
    for number in range(2):
        d.handle(ev.ContactArrived(f"c{number}", "sales", frozenset(names[number * SKILLS :][:SKILLS])), 0)
        d.handle(ev.ContactAbandoned(f"c{number}"), 0)
    d.handle(newcomer, 0)
    after = [sys.getrefcount(name) for name in names]
    assert [count > was for count, was in zip(after, before, strict=True)] == [False] * SKILLS + [True] * SKILLS


def test_a_distributor_in_a_cycle_is_collected() -> None:
    """With names and works in it: what holds them is not taken apart before it has let go of them."""
    centre = Centre(Distributor)
    centre.sign_in("anna")
    centre.arrive("c1")
    centre.accept("anna")
    centre.arrive("c2")
    cycle: list[Any] = [centre]
    cycle.append(cycle)
    del centre, cycle
    assert gc.collect() > 0
