"""What is as it is by default stands in no journal, so a default is part of the journal's form.

Each record here was written by hand.  If one of these tests fails, a default has changed, and all journals that there
are would be read as something else: give the new meaning a field of its own.
"""

from __future__ import annotations

import msgspec
import pytest

from acd_core import events as ev
from acd_core.decisions import AgentStateChanged, Decision
from acd_core.states import AgentState

NOTHING: frozenset[str] = frozenset()

EVENTS: dict[str, tuple[dict[str, object], ev.Event]] = {
    "a contact": (
        {"type": "ContactArrived", "contact": "c", "queue": "q"},
        ev.ContactArrived(
            "c", "q", NOTHING, "phone", arrival_ns=None, needs=frozenset(), priority=0, bonus_ms=0, topic="",
            excluded=NOTHING, preferred=None, preferred_ms=0,
        ),
    ),
    "an agent": (
        {"type": "AgentSignedIn", "agent": "a", "queues": ["q"], "skills": []},
        ev.AgentSignedIn(
            "a", frozenset({"q"}), NOTHING, levels=frozenset(), lanes=(), capacity=1, wrap_up_ms=None, weight=1,
            scores=frozenset(),
        ),
    ),
    "a queue": (
        {"type": "QueueConfigured", "queue": "q", "offer_ms": 1, "wrap_up_ms": 2},
        ev.QueueConfigured(
            "q", 1, 2, skills=NOTHING, strategy="longest_idle", needs=frozenset(),
            order=ev.Order("arrival", base=0, rate=1000, step=0, toll=0, overtaking_ms=None, objective_ms=0,
                           target_permille=800, blend=0),
            steps=(), overflow=(), splits=(), broadcast=1, return_ms=0, handle_ms=0,
        ),
    ),
    "a transfer": (
        {"type": "ContactTransferred", "contact": "c"},
        ev.ContactTransferred("c", queue=None, agent=None, agent_ms=0, reason="transferred"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_without_what_is_by_default_is_read_as_ever(name: str) -> None:
    record, event = EVENTS[name]
    read = msgspec.msgpack.decode(msgspec.msgpack.encode(record), type=ev.Event)
    assert read == event
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(read)) == record


def test_a_decision_without_what_is_by_default_is_read_as_ever() -> None:
    record = {"type": "AgentStateChanged", "agent": "a", "state": "paused", "reason": "lunch"}
    changed = AgentStateChanged("a", AgentState.PAUSED, "lunch", until_ns=None, contact=None)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(record), type=Decision) == changed
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(changed)) == record
