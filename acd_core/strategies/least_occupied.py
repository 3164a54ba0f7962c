"""Least occupied: the agent whose work in hand takes the smallest share of their capacity.

For agents with several chats at a time; where everybody has one contact at most it is the same as longest idle.
"""

from __future__ import annotations

from acd_core.strategies.base import Candidate, Reasons, Wanted
from acd_core.wording import choose_words


class LeastOccupied:
    name = "least_occupied"

    def term(self, candidate: Candidate, wanted: Wanted) -> int:
        return -candidate.occupied_permille

    def sentence(self, reasons: Reasons) -> str:
        return choose_words("least occupied", reasons, f"{-reasons.term / 10:g} % of the capacity in use")
