"""Why a contact still waits: everybody who is signed in is named or counted, with what keeps them from it."""

from __future__ import annotations

import pytest

from acd_core import Distributor
from acd_core import events as ev
from acd_core.journal.standstill import tell_waiting
from acd_core.limits import Limits

S = 1_000_000_000
SALES = frozenset({"sales"})
NONE: frozenset[str] = frozenset()


def waiting(contact: str, *events: tuple[int, ev.Event]) -> tuple[str, tuple[str, ...]]:
    distributor = Distributor()
    for second, event in events:
        distributor.handle(event, second * S)
    told = tell_waiting(contact, distributor.snapshot(), Limits(), "now")
    assert told is not None
    return told.sentence, told.why


def sales(**settings: object) -> ev.QueueConfigured:
    return ev.QueueConfigured("sales", 20_000, 10_000, **settings)  # type: ignore[arg-type]


def at_work(agent: str, skills: frozenset[str] = NONE, queues: frozenset[str] = SALES) -> list[tuple[int, ev.Event]]:
    return [(1, ev.AgentSignedIn(agent, queues, skills)), (1, ev.AgentReady(agent))]


def at_ten(agent: str) -> list[tuple[int, ev.Event]]:
    return [(10, event) for _, event in at_work(agent)]


def test_each_agent_is_in_a_group() -> None:
    german = frozenset({"german"})
    events: list[tuple[int, ev.Event]] = [(0, sales(skills=german)), (0, ev.QueueConfigured("support", 20_000, 0))]
    for agent in ("busy", "closing", "never", "rung", "refusing"):
        events += at_work(agent, german)
    events += at_work("unskilled") + at_work("elsewhere", german, frozenset({"support"}))
    events.append((1, ev.AgentSignedIn("paused", SALES, german)))
    for number, agent in enumerate(["busy", "closing"], 1):
        events += [(2, ev.ContactArrived(f"x{number}", "sales")), (2, ev.OfferAccepted(number, agent))]
    events += [
        (3, ev.ContactEnded("x2")),
        (4, ev.ContactArrived("x3", "sales", excluded=frozenset({"never", "refusing"}))),
        (5, ev.ContactArrived("c", "sales", excluded=frozenset({"never"}))),
        (6, ev.OfferRejected(4, "refusing")),
    ]
    sentence, why = waiting("c", *events)
    assert sentence == "now: waits at place 1 of 1 in queue sales, 1 s by now"
    assert why == (
        "never: passed over because this contact is never to go to them",
        "refusing: passed over for a while because this contact has just come back from them",
        "1 agent is being offered another contact",
        "1 agent is busy with a contact",
        "1 agent is in wrap-up",
        "1 agent is paused",
        "1 agent is in queue sales without skill german",
        "1 agent is not in queue sales",
    )


def test_nobody_is_signed_in() -> None:
    arrived = [ev.ContactArrived(contact, "sales") for contact in ("a", "b")]
    told = waiting("b", (0, sales()), (5, arrived[0]), (9, arrived[1]))
    assert told == ("now: waits at place 2 of 2 in queue sales, 0 s by now", ("nobody is signed in",))


def test_a_contact_is_kept_for_who_is_busy() -> None:
    events: list[tuple[int, ev.Event]] = [
        (0, sales()),
        *at_work("anna"),
        (2, ev.ContactArrived("x", "sales")),
        (2, ev.OfferAccepted(1, "anna")),
        *[(3, event) for _, event in at_work("ben")],
        (10, ev.ContactArrived("c", "sales", preferred="anna", preferred_ms=60_000)),
        (15, ev.ContactArrived("y", "sales", excluded=frozenset({"ben"}))),
    ]
    assert waiting("c", *events)[1] == (
        "is kept for anna, who is busy with a contact, for 55 s yet",
        "1 agent is available, but it is kept",
    )


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (ev.ContactDeferred("c", 40 * S), "is not to be offered for 30 s yet"),
        (ev.ContactDeferred("c"), "is not to be offered until it returns"),
        (ev.QueueClosed("sales", drain=False), "is held until its queue opens"),
    ],
)
def test_a_contact_is_held(event: ev.Event, said: str) -> None:
    sentence, why = waiting("c", (0, sales()), (5, ev.ContactArrived("c", "sales")), (10, event), *at_ten("anna"))
    assert sentence == "now: waits in queue sales, 5 s by now"
    assert why == (said, "1 agent is available, but it is held")


def test_who_does_not_wait_is_not_told_of() -> None:
    distributor = Distributor()
    for _, event in [(0, sales()), *at_work("anna"), (1, ev.ContactArrived("c", "sales"))]:
        distributor.handle(event, S)
    for contact in ("c", "nobody"):
        assert tell_waiting(contact, distributor.snapshot(), Limits(), "now") is None
