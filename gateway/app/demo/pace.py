"""How quickly the players live: all of the demo's chance and all of its durations, in one place."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

UNHURRIED_S = 120.0
"""A demo at least this long plays at its ordinary pace."""
HURRY_MIN = 0.15


class Pace:
    def __init__(self, seconds: float | None = None, *, seed: int | None = None) -> None:
        """``seconds``: how long the demo runs, None without an end.  In a short one everybody talks less, so that
        there are whole stories in it."""
        self.hurry = 1.0 if seconds is None else min(1.0, max(HURRY_MIN, seconds / UNHURRIED_S))
        self._random = random.Random(seed)

    def chance(self, probability: float) -> bool:
        return self._random.random() < probability

    def choice(self, items: Sequence[T]) -> T:
        return self._random.choice(items)

    def shuffled(self, items: Sequence[T]) -> list[T]:
        return self._random.sample(items, len(items))

    def between_s(self, least: float, most: float) -> float:
        """A moment of thought or of work; seconds."""
        return self._random.uniform(least, most) * max(self.hurry, 0.4)

    def talk_s(self) -> float:
        """A conversation: 20 to 60 s, rather shorter than longer."""
        return self._random.triangular(20, 60, 26) * self.hurry

    def typing_s(self, text: str) -> float:
        """The time that a quick typist takes for the line."""
        return min(4.5, 0.8 + len(text) / 22) * max(self.hurry, 0.25)

    def patience_s(self, *, patient: bool = False) -> float:
        """How long a customer waits for an agent: most are patient, some leave soon."""
        if not patient and self.chance(0.12):
            return self._random.uniform(9, 16)
        return self._random.uniform(75, 120)
