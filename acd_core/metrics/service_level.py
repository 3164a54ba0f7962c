"""The service level by the formulas that the trade uses, each by its name.

They differ in what becomes of customers who gave up, and two centres that quote "80/20" seldom mean the same.  Sources:
ICMI, *Service Level Calculations* (QueueTips, July 2002), whose five formulas and example are in the tests; Genesys
Cloud, *Configure the service level calculation*, for short abandons left out and for flow-outs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """What the formulas count, of contacts whose wait is over.  *In time*: within the threshold, itself included."""

    answered: int
    answered_in_time: int
    abandoned: int
    abandoned_in_time: int
    abandoned_short: int
    """So soon that the customer can't have meant it."""
    overflowed: int = 0


class Formula(msgspec.Struct, frozen=True):
    name: str
    words: str
    """Numerator and denominator for people."""
    parts: Callable[[Tally], tuple[int, int]]

    def share(self, tally: Tally) -> float | None:
        """0..1; None when there is nothing to judge."""
        good, all_ = self.parts(tally)
        return good / all_ if all_ > 0 else None


_ALL: Final = (
    Formula(
        "of_answered",
        "answered in time / answered",
        lambda tally: (tally.answered_in_time, tally.answered),
    ),
    Formula(
        "of_offered",
        "answered in time / (answered + abandoned)",
        lambda tally: (tally.answered_in_time, tally.answered + tally.abandoned),
    ),
    Formula(
        "abandoned_in_time_count",
        "(answered in time + abandoned in time) / (answered + abandoned)",
        lambda tally: (tally.answered_in_time + tally.abandoned_in_time, tally.answered + tally.abandoned),
    ),
    Formula(
        "abandoned_in_time_left_out",
        "answered in time / (answered + abandoned later)",
        lambda tally: (tally.answered_in_time, tally.answered + tally.abandoned - tally.abandoned_in_time),
    ),
    Formula(
        "short_abandons_count",
        "(answered in time + short abandons) / (answered + abandoned)",
        lambda tally: (tally.answered_in_time + tally.abandoned_short, tally.answered + tally.abandoned),
    ),
    Formula(
        "short_abandons_left_out",
        "answered in time / (answered + abandoned - short abandons)",
        lambda tally: (tally.answered_in_time, tally.answered + tally.abandoned - tally.abandoned_short),
    ),
    Formula(
        "overflow_counts_against",
        "answered in time / (answered + abandoned + overflowed)",
        lambda tally: (tally.answered_in_time, tally.answered + tally.abandoned + tally.overflowed),
    ),
)

FORMULAS: Final[dict[str, Formula]] = {formula.name: formula for formula in _ALL}
"""By name, in the order in which they are shown."""

USUAL: Final = "short_abandons_left_out"
"""What is meant where nobody says which."""
