"""What a contact asks of an agent's skills: clauses that must all be met, each by any one of its alternatives.

    all_of(skill("german", 50), any_of(skill("billing"), all_of(skill("tariffs", 20), skill("contracts"))))

A team is a skill named ``team:north``, a language one named ``language:de``: nothing more is needed for them.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from acd_core.events import QueueConfigured, Requirement, Step

NOTHING: Requirement = frozenset()
REMEMBERED_MAX: Final = 16
"""Clauses of a requirement whose relaxed form and words are remembered: a contact may ask for thousands, and then they
would hold more than all tables."""


def skill(name: str, minimum: int = 0) -> Requirement:
    return frozenset({frozenset({(name, minimum)})})


def team(name: str) -> Requirement:
    return skill(f"team:{name}")


def language(name: str, minimum: int = 0) -> Requirement:
    return skill(f"language:{name}", minimum)


def all_of(*requirements: Requirement) -> Requirement:
    return frozenset().union(*requirements)


def any_of(*requirements: Requirement) -> Requirement:
    """Distributed into clauses; what is met by nothing in particular (no clause) makes the whole so."""
    if not requirements:
        return NOTHING
    combined: set[frozenset[tuple[str, int]]] = {frozenset()}
    for requirement in requirements:
        combined = {before | clause for before in combined for clause in requirement}
    return frozenset(combined)


def is_met(requirement: Requirement, levels: Mapping[str, int]) -> bool:
    return all(any(levels.get(name, -1) >= minimum for name, minimum in clause) for clause in requirement)


def relax(requirement: Requirement, steps: tuple[Step, ...]) -> Requirement:
    """After these steps, in order."""
    if len(requirement) > REMEMBERED_MAX:
        return _relax.__wrapped__(requirement, steps)
    return _relax(requirement, steps)


@lru_cache(maxsize=512)
def _relax(requirement: Requirement, steps: tuple[Step, ...]) -> Requirement:
    for step in steps:
        kept = (clause for clause in requirement if not any(name in step.drop for name, _ in clause))
        lowered = (frozenset((name, max(0, minimum - step.lower)) for name, minimum in clause) for clause in kept)
        requirement = frozenset(lowered) | step.needs
    return requirement


def named_skills(requirement: Requirement) -> frozenset[str]:
    return frozenset(name for clause in requirement for name, _ in clause)


def list_queue_skills(settings: QueueConfigured) -> frozenset[str]:
    """All that a queue's settings name."""
    steps = (named_skills(step.needs) | step.drop for step in settings.steps)
    return settings.skills.union(named_skills(settings.needs), *steps)


def describe(requirement: Requirement) -> tuple[str, ...]:
    """A text per clause, sorted: ``billing|tariffs>=20``, ``german>=50``."""
    if len(requirement) > REMEMBERED_MAX:
        return _describe.__wrapped__(requirement)
    return _describe(requirement)


@lru_cache(maxsize=512)
def _describe(requirement: Requirement) -> tuple[str, ...]:
    return tuple(sorted(sys.intern(describe_clause(clause)) for clause in requirement))


def describe_clause(clause: frozenset[tuple[str, int]]) -> str:
    return "|".join(sorted(f"{name}>={minimum}" if minimum else name for name, minimum in clause))
