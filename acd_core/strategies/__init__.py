"""The policies that choose the agent, one file per policy, and the registry that names them.

A policy here is its name, its order among agents, and its sentence for people.  The reference sorts by
`Strategy.order`; the compiled core keeps its idle heaps by the same key.
"""

from __future__ import annotations

from typing import Final

from acd_core.strategies.base import Candidate, Reasons, Strategy
from acd_core.strategies.longest_idle import LongestIdle

__all__ = ["STRATEGIES", "Candidate", "Reasons", "Strategy"]

STRATEGIES: Final[dict[str, Strategy]] = {strategy.name: strategy for strategy in (LongestIdle(),)}
