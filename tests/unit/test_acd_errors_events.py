"""Bad input in the fields of strategies, order, lanes, steps and flow: a documented error, the state as it was."""

from __future__ import annotations

from typing import Any

import pytest

from acd_core import errors as er
from acd_core import events as ev
from acd_core.limits import Limits
from acd_core.requirements import skill
from tests.support.acd_centre import NONE, SALES, Centre, S, both

NOW = 100 * S


def queue(**settings: Any) -> ev.QueueConfigured:
    return ev.QueueConfigured("sales", 20_000, 0, **settings)


def agent(**settings: Any) -> ev.AgentSignedIn:
    return ev.AgentSignedIn("new", SALES, NONE, **settings)


def contact(**settings: Any) -> ev.ContactArrived:
    return ev.ContactArrived("new", "sales", **settings)


INVALID: list[tuple[str, Any]] = [
    ("needs", queue(needs=[["german", 1]])),
    ("clause", queue(needs=frozenset({frozenset()}))),
    ("from 0 to 100", queue(needs=skill("german", 101))),
    ("of needs", contact(needs=frozenset({frozenset({"german"})}))),
    ("clauses", contact(needs=frozenset(frozenset({(f"s{n}", 0)}) for n in range(33)))),
    ("levels", agent(levels=frozenset({("german", -1)}))),
    ("once", agent(levels=frozenset({("german", 1), ("german", 2)}))),
    ("once", ev.AgentSignedIn("new", SALES, frozenset({"german"}), frozenset({("german", 1)}))),
    ("excluded", contact(excluded=["anna"])),
    ("preferred", contact(preferred="")),
    ("preferred_ms", contact(preferred="anna", preferred_ms=-1)),
    ("priority", contact(priority=101)),
    ("priority", contact(priority=True)),
    ("bonus_ms", contact(bonus_ms=-1)),
    ("order", queue(order="fifo")),
    ("rate", queue(order=ev.Order(rate=100_001))),
    ("rate", queue(order=ev.Order(rate=1.5))),  # type: ignore[arg-type]
    ("base", queue(order=ev.Order(base=-1))),
    ("step", queue(order=ev.Order(step=-1))),
    ("toll", queue(order=ev.Order(toll=10**9 + 1))),
    ("overtaking_ms", queue(order=ev.Order(overtaking_ms=0))),
    ("target_permille", queue(order=ev.Order(target_permille=1001))),
    ("blend", queue(order=ev.Order(blend=-1))),
    ("capacity", agent(capacity=0)),
    ("lanes", agent(lanes=[ev.Lane("chat")])),
    ("lanes.most", agent(lanes=(ev.Lane("chat", 0),))),
    ("lanes.weight", agent(lanes=(ev.Lane("chat", 1, 0),))),
    ("interruptible", agent(lanes=(ev.Lane("chat", 1, 1, 1),))),  # type: ignore[arg-type]
    ("channels of lanes", agent(lanes=(ev.Lane("chat"), ev.Lane("chat", 2)))),
    ("strategy", queue(strategy="best")),
    ("broadcast", queue(broadcast=0)),
    ("weight", agent(weight=0)),
    ("weight", agent(weight=21)),
    ("scores", agent(scores=frozenset({("tariffs", 1001)}))),
    ("scores must be at most 1000, got 1001", agent(scores=frozenset((f"t{n}", 5) for n in range(1001)))),
    ("excluded must be at most 1000, got 1001", contact(excluded=frozenset(f"a{n}" for n in range(1001)))),
    ("excluded", ev.ContactChanged("c2", excluded=frozenset(f"a{n}" for n in range(1001)))),
    ("topic", contact(topic=None)),
    ("seed", ev.MatchingConfigured(seed=-1)),
    ("steps", queue(steps=[ev.Step(1)])),
    ("after_ms", queue(steps=(ev.Step(0),))),
    ("after_ms", queue(steps=(ev.Step(5), ev.Step(5)))),
    ("lower", queue(steps=(ev.Step(5, lower=101),))),
    ("overflow.when", queue(overflow=(ev.Overflow("sales", "whenever"),))),
    ("overflow.value of wait", queue(overflow=(ev.Overflow("sales", "wait"),))),
    ("overflow.value of closed", queue(overflow=(ev.Overflow("sales", "closed", 1),))),
    ("overflow.to", queue(overflow=(ev.Overflow("", "closed"),))),
    ("once", queue(overflow=(ev.Overflow("a", "closed"), ev.Overflow("b", "closed")))),
    ("sum of splits", queue(splits=(ev.Split("a", 600), ev.Split("b", 600)))),
    ("return_ms", queue(return_ms=-1)),
    ("handle_ms", queue(handle_ms=None)),
    ("wrap_up_ms", agent(wrap_up_ms=-1)),
    ("drain", ev.QueueClosed("sales", drain=None)),  # type: ignore[arg-type]
    ("priority", ev.ContactChanged("c1", priority=-1)),
    ("until_ns", ev.ContactDeferred("c1", NOW)),
    ("agent_ms", ev.ContactTransferred("c1", agent="anna", agent_ms=-1)),
    ("reason", ev.ContactTransferred("c1", reason=7)),  # type: ignore[arg-type]
    ("window_ms", ev.MatchingConfigured(window_ms=51)),
]

REFUSED: list[tuple[type[er.AcdError], Any]] = [
    (er.UnknownQueueError, ev.QueueOpened("nowhere")),
    (er.UnknownQueueError, ev.QueueClosed("nowhere")),
    (er.UnknownQueueError, ev.ContactTransferred("c1", "nowhere")),
    (er.UnknownContactError, ev.ContactTransferred("nobody")),
    (er.UnknownContactError, ev.ContactChanged("nobody")),
    (er.UnknownContactError, ev.ContactDeferred("nobody")),
    (er.UnknownContactError, ev.ContactReturned("nobody")),
    (er.UnknownContactError, ev.AssignmentOrdered("nobody", "anna")),
    (er.UnknownAgentError, ev.AssignmentOrdered("c1", "nobody")),
    (er.IllegalStateError, ev.ContactChanged("c1")),
    (er.IllegalStateError, ev.ContactDeferred("c1")),
    (er.IllegalStateError, ev.ContactReturned("c1")),
    (er.IllegalStateError, ev.AssignmentOrdered("c1", "ben")),
    (er.IllegalStateError, ev.AssignmentOrdered("c2", "anna")),
    (er.IllegalStateError, ev.WrapUpFinished("carl", "c1")),
    (er.IllegalStateError, ev.WrapUpExtended("carl", NOW + 1, "c1")),
]


def make_centre(make: type[Any]) -> Centre:
    """anna has c1, carl wraps up c0, c2 waits, ben is paused."""
    centre = Centre(make, wrap_up_ms=600_000)
    centre.sign_in("carl")
    centre.arrive("c0")
    centre.accept("carl")
    centre.sign_in("anna")
    centre.arrive("c1")
    centre.accept("anna")
    centre.arrive("c2")
    centre.tell(ev.ContactEnded("c0"))
    centre.tell(ev.AgentSignedIn("ben", SALES, NONE))
    return centre


def refuse(centre: Centre, error: type[er.AcdError], event: Any, match: str | None = None) -> None:
    before = centre.d.snapshot()
    with pytest.raises(error, match=match):
        centre.d.handle(event, NOW)
    assert centre.d.snapshot() == before


@both
@pytest.mark.parametrize(("words", "event"), INVALID)
def test_invalid_fields(make: type[Any], words: str, event: Any) -> None:
    refuse(make_centre(make), er.InvalidEventError, event, words)


@both
@pytest.mark.parametrize(("error", "event"), REFUSED)
def test_what_is_not_there_or_not_so(make: type[Any], error: type[er.AcdError], event: Any) -> None:
    refuse(make_centre(make), error, event)


@both
def test_ten_thousand_kinds_of_contacts(make: type[Any]) -> None:
    """Refused by name when the limit of kinds is reached; kinds that are there already still come in."""
    centre = Centre(lambda: make(Limits(classes_max=50)))  # type: ignore[arg-type]
    for number in range(50):
        centre.arrive(f"c{number}", needs=skill("german", number % 101), priority=number // 101)
    for number in range(50, 10_000):
        event = ev.ContactArrived(f"c{number}", "sales", needs=skill("german", number % 101), priority=number // 101)
        with pytest.raises(er.LimitError, match="classes_max"):
            centre.d.handle(event, 0)
    assert len(centre.d.snapshot().contacts) == 50
    centre.arrive("again", needs=skill("german", 3))


@both
def test_as_many_topics_and_excluded_agents_as_may_be(make: type[Any]) -> None:
    centre = make_centre(make)
    centre.tell(agent(scores=frozenset((f"t{n}", 5) for n in range(1000))))
    centre.arrive("new", excluded=frozenset(f"a{n}" for n in range(1000)))
    assert len(centre.d.contact("new").excluded) == 1000
