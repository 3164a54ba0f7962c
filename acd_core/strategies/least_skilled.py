"""Least skilled that suffices: the smallest sum of all levels, so that those who can do more stay free for it."""

from __future__ import annotations

from acd_core.strategies.base import Candidate, Reasons, Wanted
from acd_core.wording import choose_words


class LeastSkilled:
    name = "least_skilled"

    def term(self, candidate: Candidate, wanted: Wanted) -> int:
        return -sum(candidate.levels.values())

    def sentence(self, reasons: Reasons) -> str:
        return choose_words("least skilled that suffices", reasons, f"all levels add up to {-reasons.term}")
