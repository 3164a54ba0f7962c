"""How numbers and names are put to people in explanations."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from acd_core.strategies.base import Reasons


def count_agents(count: int) -> str:
    return "1 agent is" if count == 1 else f"{count} agents are"


def name_skills(skills: tuple[str, ...]) -> str:
    """``skill german``, ``skills german and vip``, or empty."""
    if not skills:
        return ""
    if len(skills) == 1:
        return f"skill {skills[0]}"
    return f"skills {', '.join(skills[:-1])} and {skills[-1]}"


def name_group(queue: str, skills: tuple[str, ...]) -> str:
    """Whom the agents were chosen from: `` with skill german``, or `` in queue sales``."""
    return f" with {name_skills(skills)}" if skills else f" in queue {queue}"


def choose_words(superlative: str, reasons: Reasons, why: str) -> str:
    """``most skilled of 3 available agents with skill german: levels add up to 80``."""
    group = name_group(reasons.queue, reasons.skills)
    if reasons.considered == 1:
        return f"the only available agent{group}: {why}"
    return f"{superlative} of {reasons.considered} available agents{group}: {why}, idle {duration(reasons.idle_ns)}"


def duration(duration_ns: int) -> str:
    """As people say it: ``0 s``, ``42 s``, ``3 min 12 s``, ``2 h 5 min``; cut, not rounded."""
    seconds = duration_ns // 1_000_000_000
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"
