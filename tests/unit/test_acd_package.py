"""The package's promises: no silent fallback, sound tables, words for people."""

from __future__ import annotations

import sys

import msgspec
import pytest

import acd_core
from acd_core import events as ev
from acd_core import reference
from acd_core.states import AGENT_TRANSITIONS, CONTACT_TRANSITIONS, AgentState, ContactState
from acd_core.wording import count_agents, duration, name_skills


def test_the_distributor_is_the_compiled_one() -> None:
    assert acd_core.Distributor.__module__ == "acd_core.core.distributor"
    assert acd_core.Distributor is not reference.Distributor


def test_without_the_extension_it_fails_with_a_word_on_how_to_build_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(acd_core.__dict__, "Distributor", raising=False)
    monkeypatch.setitem(sys.modules, "acd_core.core.distributor", None)
    with pytest.raises(ImportError, match="make build"):
        _ = acd_core.Distributor
    assert reference.Distributor().snapshot().agents == ()


def test_the_package_has_no_other_names() -> None:
    with pytest.raises(AttributeError, match="Distribution"):
        _ = acd_core.Distribution  # type: ignore[attr-defined]


def test_each_agent_state_can_be_reached_and_left() -> None:
    assert set(AGENT_TRANSITIONS) == set(AgentState)
    reachable = {AgentState.SIGNED_OUT}
    for _ in AgentState:
        reachable |= {after for before in reachable for after in AGENT_TRANSITIONS[before]}
    assert reachable == set(AgentState)
    for state in set(AgentState) - {AgentState.SIGNED_OUT}:
        assert AgentState.SIGNED_OUT in AGENT_TRANSITIONS[state], f"{state} can't sign out"


def test_each_contact_state_leads_to_the_end() -> None:
    assert set(CONTACT_TRANSITIONS) == set(ContactState)
    for state in set(ContactState) - {ContactState.ENDED}:
        assert ContactState.ENDED in CONTACT_TRANSITIONS[state]
    assert not CONTACT_TRANSITIONS[ContactState.ENDED]


def test_events_survive_the_journal() -> None:
    event = ev.ContactArrived("c1", "sales", frozenset({"german"}), "chat", 17)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(event), type=ev.Event) == event


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (0.999, "0 s"), (59, "59 s"), (60, "1 min 0 s"), (192, "3 min 12 s"), (7500, "2 h 5 min")],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(int(seconds * 1e9)) == words


def test_names_and_counts() -> None:
    assert [name_skills(skills) for skills in ((), ("a",), ("a", "b"), ("a", "b", "c"))] == [
        "",
        "skill a",
        "skills a and b",
        "skills a, b and c",
    ]
    assert [count_agents(1), count_agents(2)] == ["1 agent is", "2 agents are"]
