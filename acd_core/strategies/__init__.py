"""The policies that choose the agent, one file per policy, and the registry that names them.

A policy here is its name, the term by which it ranks agents, and its sentence for people.  The reference sorts by
`Strategy.term`; the compiled core keeps its idle heaps by the same numbers.
"""

from __future__ import annotations

from typing import Final

from acd_core.strategies.base import Candidate, Reasons, Strategy, Wanted
from acd_core.strategies.least_occupied import LeastOccupied
from acd_core.strategies.least_skilled import LeastSkilled
from acd_core.strategies.longest_idle import LongestIdle
from acd_core.strategies.most_skilled import MostSkilled
from acd_core.strategies.named import ByHand, Joint, Preferred
from acd_core.strategies.random_draw import RandomDraw
from acd_core.strategies.round_robin import RoundRobin
from acd_core.strategies.success import Success

__all__ = ["NAMED", "STRATEGIES", "Candidate", "Reasons", "Strategy", "Wanted", "write_sentence"]

STRATEGIES: Final[dict[str, Strategy]] = {
    strategy.name: strategy
    for strategy in (
        LongestIdle(),
        LeastOccupied(),
        MostSkilled(),
        LeastSkilled(),
        RoundRobin(),
        RandomDraw(),
        Success(),
    )
}
"""What a queue may be configured with."""

NAMED: Final[dict[str, Preferred | ByHand | Joint]] = {named.name: named for named in (Preferred(), ByHand(), Joint())}
"""Choices that the contact, a supervisor or a matching window made, not the queue."""


def write_sentence(name: str, reasons: Reasons) -> str:
    chosen = NAMED.get(name)
    return STRATEGIES[name].sentence(reasons) if chosen is None else chosen.sentence(reasons)
