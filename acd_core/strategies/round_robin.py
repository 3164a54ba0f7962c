"""Round robin: the agent whose last offer is the longest ago, whatever came of it."""

from __future__ import annotations

from acd_core.strategies.base import Candidate, Reasons, Wanted
from acd_core.wording import choose_words


class RoundRobin:
    name = "round_robin"

    def term(self, candidate: Candidate, wanted: Wanted) -> int:
        return -candidate.last_offer

    def sentence(self, reasons: Reasons) -> str:
        last = f"last offered number {-reasons.term}" if reasons.term else "not offered anything yet"
        return choose_words("next in turn", reasons, last)
