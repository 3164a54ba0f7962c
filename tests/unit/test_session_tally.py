"""A queue's tally says at any time what counting everybody would say."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.model.events import AgentState
from gateway.model.ids import ContactId
from gateway.session.tally import SPARE_MAX, QueueTally

STEPS = st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=400)


@given(STEPS, st.lists(st.integers(0, 5), min_size=41, max_size=41))
def test_waiting_and_oldest(steps: list[tuple[int, bool]], arrivals: list[int]) -> None:
    tally = QueueTally()
    waiting: set[int] = set()
    for number, comes in steps:
        contact = ContactId(f"c{number}")
        if comes and number not in waiting:
            waiting.add(number)
            tally.came(contact, arrivals[number])
        elif not comes:
            waiting.discard(number)
            tally.left(contact)
        assert tally.waiting == len(waiting)
        assert tally.oldest_arrival_ns() == min((arrivals[n] for n in waiting), default=None)


def test_it_does_not_grow_behind_one_who_waits_for_ever() -> None:
    tally = QueueTally()
    tally.came(ContactId("patient"), 0)
    for number in range(10 * SPARE_MAX):
        contact = ContactId(f"c{number % 3}")
        tally.came(contact, 1 + number % 3)
        tally.left(contact)
    assert len(tally._arrivals) <= SPARE_MAX + 4
    assert (tally.waiting, tally.oldest_arrival_ns()) == (1, 0)


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from(AgentState)), max_size=60))
def test_agents(moves: list[tuple[int, AgentState]]) -> None:
    tally = QueueTally()
    states = [AgentState.SIGNED_OUT] * 5
    for agent, state in moves:
        tally.agent_moved(states[agent], state)
        states[agent] = state
        assert tally.available == states.count(AgentState.AVAILABLE)
        assert tally.signed_in == sum(state is not AgentState.SIGNED_OUT for state in states)
