"""Weighted random: each agent has as many lots as their weight, the highest lot wins.

The highest of w equally likely numbers is a given agent's with probability w / sum of weights, and no state is needed:
a lot depends on seed, contact, agent and its number only.
"""

from __future__ import annotations

from acd_core.hashing import lot
from acd_core.strategies.base import Candidate, Reasons, Wanted
from acd_core.wording import choose_words


class RandomLots:
    name = "random"

    def term(self, candidate: Candidate, wanted: Wanted) -> int:
        return max(lot(wanted.seed, wanted.contact, candidate.name, number) for number in range(candidate.lots))

    def sentence(self, reasons: Reasons) -> str:
        return choose_words("drawn by lot", reasons, f"lot {reasons.term}")
