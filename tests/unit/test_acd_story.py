"""A contact's story for people: all that it asked for, and which others it came before."""

from __future__ import annotations

from acd_core import Distributor
from acd_core import events as ev
from acd_core.journal import Entry
from acd_core.journal.story import Happening, tell
from acd_core.requirements import all_of, any_of, skill

S = 1_000_000_000
SALES = frozenset({"sales"})
NONE: frozenset[str] = frozenset()


def story_of(contact: str, *events: tuple[int, ev.Event]) -> list[Happening]:
    distributor = Distributor()
    entries = [Entry(second * S, event, distributor.handle(event, second * S)) for second, event in events]
    return tell(contact, entries)


def test_everything_that_a_contact_asks_for_is_told() -> None:
    arrived = ev.ContactArrived(
        "c1",
        "sales",
        frozenset({"german"}),
        "chat",
        arrival_ns=2 * S,
        needs=all_of(skill("billing", 50), any_of(skill("tariffs", 20), skill("contracts"))),
        priority=2,
        bonus_ms=90_000,
        topic="roaming",
        excluded=frozenset({"carl", "ben"}),
        preferred="anna",
        preferred_ms=30_000,
    )
    story = story_of("c1", (0, ev.QueueConfigured("sales", 20_000, 0)), (10, arrived))
    assert story[0].sentence == (
        "arrived in queue sales (chat; asks for skills billing>=50, contracts|tariffs>=20 and german; about roaming; "
        "priority 2; counts as waiting 1 min 30 s longer; for anna if they can, for 30 s nobody else; "
        "never for ben, carl; its place counts from 8 s ago)"
    )


def test_the_contact_that_would_have_been_next_is_told_with_its_score() -> None:
    order = ev.Order("priority", step=30_000_000)
    events = [
        (0, ev.QueueConfigured("sales", 20_000, 0, order=order)),
        (0, ev.QueueConfigured("support", 20_000, 0)),
        (1, ev.ContactArrived("c1", "sales", priority=1)),
        (5, ev.ContactArrived("c2", "support")),
        (9, ev.AgentSignedIn("anna", SALES | {"support"}, NONE)),
        (9, ev.AgentReady("anna")),
    ]
    made = story_of("c1", *events)[-1]
    assert made.why[:2] == (
        "score 38,000,000 = priority 30,000,000 + wait 8,000,000",
        "came before c2 (queue support, waited 4 s, score 4,000,000 = wait 4,000,000)",
    )


def test_equal_scores_of_nothing_are_told_too() -> None:
    flat = ev.Order("flat", rate=0)
    events = [
        (0, ev.QueueConfigured("sales", 20_000, 0, order=flat)),
        (1, ev.ContactArrived("c1", "sales")),
        (1, ev.ContactArrived("c2", "sales")),
        (1, ev.AgentSignedIn("anna", SALES, NONE)),
        (1, ev.AgentReady("anna")),
    ]
    assert story_of("c1", *events)[-1].why[:2] == (
        "score 0",
        "came before c2 (queue sales, waited 0 s, score 0)",
    )


def test_who_is_overtaken_no_more_is_told_in_words() -> None:
    """The number that lifts such a contact above all others says nothing to people."""
    bound = ev.Order("priority", step=30_000_000, overtaking_ms=60_000)
    events = [
        (0, ev.QueueConfigured("sales", 20_000, 0, order=bound)),
        (1, ev.ContactArrived("c1", "sales")),
        (1, ev.ContactArrived("c2", "sales")),
        (40, ev.ContactArrived("c3", "sales", priority=9)),
        (61, ev.AgentSignedIn("anna", SALES, NONE)),
        (61, ev.AgentReady("anna")),
        (61, ev.OfferAccepted(1, "anna")),
        (61, ev.ContactEnded("c1")),
    ]
    assert story_of("c1", *events)[2].why[:2] == (
        "overtaken by no score any more, score 60,000,000 = wait 60,000,000",
        "came before c2 (queue sales, waited 1 min 0 s, overtaken by no score any more, "
        "score 60,000,000 = wait 60,000,000)",
    )
    assert story_of("c2", *events)[-1].why[1] == (
        "came before c3 (queue sales, waited 21 s, score 291,000,000 = priority 270,000,000 + wait 21,000,000)"
    )
