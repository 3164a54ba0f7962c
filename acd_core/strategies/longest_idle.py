"""Longest idle: the contact goes to the agent who has been without a conversation for the longest time.

Idle time begins when a conversation and its wrap-up are over, or when the agent comes back from a pause.  An offer that
came to nothing (the customer left, the agent rejected it) does not interrupt it.
"""

from __future__ import annotations

from acd_core.strategies.base import Candidate, Reasons
from acd_core.wording import duration, name_skills


class LongestIdle:
    name = "longest_idle"

    def order(self, candidate: Candidate) -> tuple[int, int]:
        return candidate.idle_since_ns, candidate.idle_sequence

    def sentence(self, reasons: Reasons) -> str:
        with_skills = f" with {name_skills(reasons.skills)}" if reasons.skills else f" in queue {reasons.queue}"
        idle = f"idle {duration(reasons.idle_ns)}"
        if reasons.considered == 1:
            return f"the only available agent{with_skills}: {idle}"
        return f"longest idle of {reasons.considered} available agents{with_skills}: {idle}"
