"""Markov chains solved numerically, and the chain of a small centre with skills as one of them.

`stationary` takes any chain given as a function from a state to where it goes at which rate, walks through the states
that can be reached, and iterates (Gauss-Seidel) until the shares of time stand still.  Meant for a few ten thousand
states: the exact answer that the simulator is held against where no formula exists.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

import msgspec

State = TypeVar("State", bound=Hashable)

STATES_MAX = 200_000
SWEEPS_MAX = 20_000


def stationary(
    start: State, moves: Callable[[State], Iterable[tuple[float, State]]], *, tolerance: float = 1e-12
) -> dict[State, float]:
    """The share of time in each state that ``start`` leads to.

    Raises `ValueError` when there are more than `STATES_MAX` states, one that is never left, or no end of iterating.
    """
    numbers: dict[State, int] = {start: 0}
    entries: list[list[tuple[int, float]]] = [[]]
    leaving: list[float] = []
    reached = [start]
    for number, state in enumerate(reached):
        total = 0.0
        for rate, following in moves(state):
            if following == state or rate <= 0.0:
                continue
            place = numbers.setdefault(following, len(numbers))
            if place == len(reached):
                if place >= STATES_MAX:
                    raise ValueError(f"the chain has more than {STATES_MAX} states")
                reached.append(following)
                entries.append([])
            entries[place].append((number, rate))
            total += rate
        if total == 0.0:
            raise ValueError(f"state {state!r} is never left")
        leaving.append(total)
    return dict(zip(reached, _iterate(entries, leaving, tolerance), strict=True))


def _iterate(entries: list[list[tuple[int, float]]], leaving: list[float], tolerance: float) -> list[float]:
    shares = [1.0 / len(leaving)] * len(leaving)
    order = range(len(leaving))
    for _ in range(SWEEPS_MAX):
        change = 0.0
        for number in order:
            share = sum([shares[source] * rate for source, rate in entries[number]]) / leaving[number]
            change += abs(share - shares[number])
            shares[number] = share
        total = math.fsum(shares)
        shares = [share / total for share in shares]
        if change < tolerance * total:
            return shares
    raise ValueError(f"the chain has not come to rest after {SWEEPS_MAX} rounds")


class Kind(msgspec.Struct, frozen=True):
    """Contacts that need the same skill."""

    skill: str
    per_s: float
    patience_s: float


class Server(msgspec.Struct, frozen=True):
    """One agent."""

    skills: frozenset[str]
    handling_s: float


SkillState = tuple[tuple[int, ...], tuple[int, ...]]
"""Idle agents, the longest idle first; kinds of the waiting, the first come first."""


class SkillFigures(msgspec.Struct, frozen=True):
    """What the chain says about one kind of contact."""

    waits: float
    """Share that finds no free agent with the skill."""
    abandoned: float
    mean_wait_s: float
    """Over all contacts, until the answer or until they give up."""


class SkillChain(msgspec.Struct, frozen=True):
    """Agents with skills, contacts of several kinds: first come, first served, and the longest idle agent first.

    With impatient customers a queue longer than ``waiting_max`` is so rare that it may be left out; choose it so.
    """

    kinds: tuple[Kind, ...]
    servers: tuple[Server, ...]
    waiting_max: int

    def solve(self) -> tuple[list[SkillFigures], float]:
        """The figures of each kind, and the share of time in which the queue is as long as it may get."""
        nobody_waits: SkillState = (tuple(range(len(self.servers))), ())
        shares = stationary(nobody_waits, self._moves)
        cut = math.fsum(share for (_, waiting), share in shares.items() if len(waiting) == self.waiting_max)
        figures = []
        for number, kind in enumerate(self.kinds):
            able = {place for place, server in enumerate(self.servers) if kind.skill in server.skills}
            waits = math.fsum(share for (idle, _), share in shares.items() if able.isdisjoint(idle))
            length = math.fsum(share * waiting.count(number) for (_, waiting), share in shares.items())
            figures.append(SkillFigures(waits, length / kind.patience_s / kind.per_s, length / kind.per_s))
        return figures, cut

    def _moves(self, state: SkillState) -> Iterable[tuple[float, SkillState]]:
        idle, waiting = state
        for number, kind in enumerate(self.kinds):
            taker = next((one for one in idle if kind.skill in self.servers[one].skills), None)
            if taker is not None:
                yield kind.per_s, (tuple(one for one in idle if one != taker), waiting)
            elif len(waiting) < self.waiting_max:
                yield kind.per_s, (idle, (*waiting, number))
        for place, number in enumerate(waiting):
            yield 1.0 / self.kinds[number].patience_s, (idle, waiting[:place] + waiting[place + 1 :])
        for agent, server in enumerate(self.servers):
            if agent in idle:
                continue
            for place, number in enumerate(waiting):
                if self.kinds[number].skill in server.skills:
                    yield 1.0 / server.handling_s, (idle, waiting[:place] + waiting[place + 1 :])
                    break
            else:
                yield 1.0 / server.handling_s, ((*idle, agent), waiting)
