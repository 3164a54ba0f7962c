"""Most skilled: the highest sum of levels in those skills that the contact's requirement names."""

from __future__ import annotations

from acd_core.strategies.base import Candidate, Reasons, Wanted
from acd_core.wording import choose_words


class MostSkilled:
    name = "most_skilled"

    def term(self, candidate: Candidate, wanted: Wanted) -> int:
        return sum(candidate.levels.get(name, 0) for name in wanted.skills)

    def sentence(self, reasons: Reasons) -> str:
        return choose_words("most skilled", reasons, f"levels add up to {reasons.term}")
