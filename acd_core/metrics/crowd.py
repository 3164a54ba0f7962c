"""The agents' time: how long they were in which state, in all and by interval.

Each second of an agent counts once, however much is in hand; what rings beside that is no state here.
"""

from __future__ import annotations

from acd_core.metrics.report import AgentTimes, Staffing
from acd_core.states import AgentState

NS_PER_S = 1_000_000_000
WORKING = (AgentState.BUSY, AgentState.WRAP_UP)
READY = (*WORKING, AgentState.AVAILABLE, AgentState.OFFERED)


class Crowd:
    """Knows everybody's state and since when, and adds up the time of those that are over."""

    def __init__(self, from_ns: int, interval_ns: int | None) -> None:
        self._from_ns = from_ns
        self._interval_ns = interval_ns
        self._now: dict[str, tuple[AgentState, int]] = {}
        self._spent_ns: dict[int, dict[AgentState, int]] = {}
        """By interval; all under 0 when there are none."""

    def change(self, agent: str, state: AgentState, now_ns: int) -> None:
        before = self._now.get(agent)
        if before is not None:
            self._add(before[0], before[1], now_ns)
        if state is AgentState.SIGNED_OUT:
            self._now.pop(agent, None)
        else:
            self._now[agent] = (state, now_ns)

    def advance(self, now_ns: int) -> None:
        """Up to then nothing else has changed."""
        for agent, (state, since_ns) in self._now.items():
            self._add(state, since_ns, now_ns)
            self._now[agent] = (state, now_ns)

    def _add(self, state: AgentState, begin_ns: int, end_ns: int) -> None:
        begin_ns = max(begin_ns, self._from_ns)
        length = self._interval_ns
        while begin_ns < end_ns:
            place, until_ns = 0, end_ns
            if length is not None:
                place = begin_ns // length
                until_ns = min(end_ns, (place + 1) * length)
            spent = self._spent_ns.get(place)
            if spent is None:
                spent = self._spent_ns[place] = dict.fromkeys(AgentState, 0)
            spent[state] += until_ns - begin_ns
            begin_ns = until_ns

    def times(self) -> AgentTimes:
        spent = {state: sum(one[state] for one in self._spent_ns.values()) for state in AgentState}
        working = sum(spent[state] for state in WORKING)
        ready = sum(spent[state] for state in READY)
        everything = sum(spent.values())
        return AgentTimes(
            seconds={str(state): spent[state] / NS_PER_S for state in AgentState if state is not AgentState.SIGNED_OUT},
            occupancy=working / ready if ready else None,
            utilisation=working / everything if everything else None,
        )

    def staffing(self, first: int, last: int) -> list[Staffing]:
        """From interval ``first`` to ``last``, both included."""
        length = self._interval_ns
        assert length is not None
        rows = []
        for place in range(first, last + 1):
            spent = self._spent_ns.get(place, {})
            rows.append(
                Staffing(
                    start_s=place * length / NS_PER_S,
                    signed_in=sum(spent.values()) / length,
                    working=sum(spent.get(state, 0) for state in WORKING) / length,
                    ready=sum(spent.get(state, 0) for state in READY) / length,
                )
            )
        return rows
