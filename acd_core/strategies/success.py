"""Highest expected success: the best score for the contact's topic in the table that was handed in."""

from __future__ import annotations

from acd_core.strategies.base import Candidate, Reasons, Wanted
from acd_core.wording import choose_words


class Success:
    name = "success"

    def term(self, candidate: Candidate, wanted: Wanted) -> int:
        return candidate.scores.get(wanted.topic, 0)

    def sentence(self, reasons: Reasons) -> str:
        return choose_words("most likely to help", reasons, f"expected success {reasons.term / 10:g} %")
