"""Weighted random: each agent takes up as much room as their weight in one row of all, and a point of it is drawn.

Nobody's chance depends on the order in the row, so it can be one that is quickly found: agents of the same profile
stand together.  The point depends on seed, contact, and the number of the draw only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from acd_core.hashing import draw_point
from acd_core.strategies.base import Candidate, Reasons, Wanted
from acd_core.wording import choose_words

Drawn = TypeVar("Drawn", bound=Candidate)


class RandomDraw:
    name = "random"

    def term(self, candidate: Candidate, wanted: Wanted) -> int:
        return candidate.weight

    def sentence(self, reasons: Reasons) -> str:
        return choose_words("drawn by lot", reasons, f"weight {reasons.term}")


def draw(agents: Sequence[Drawn], wanted: Wanted, first: int, count: int) -> list[Drawn]:
    """So many of them, one after the other, by the draws from number ``first`` on (rule 8.2)."""
    row = sorted(agents, key=lambda agent: (agent.row_key, agent.name))
    drawn: list[Drawn] = []
    for number in range(first, first + min(count, len(row))):
        point = draw_point(wanted.seed, wanted.contact, number, sum(agent.weight for agent in row))
        place = 0
        while point >= row[place].weight:
            point -= row[place].weight
            place += 1
        drawn.append(row.pop(place))
    return drawn
