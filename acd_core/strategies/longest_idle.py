"""Longest idle: the contact goes to the agent who has been without a conversation for the longest time.

Idle time begins when a conversation and its wrap-up are over, or when the agent comes back from a pause.  An offer that
came to nothing (the customer left, the agent rejected it) does not interrupt it.  All other policies break their ties
so.
"""

from __future__ import annotations

from acd_core.strategies.base import Candidate, Reasons, Wanted
from acd_core.wording import duration, name_group


class LongestIdle:
    name = "longest_idle"

    def term(self, candidate: Candidate, wanted: Wanted) -> int:
        return 0

    def sentence(self, reasons: Reasons) -> str:
        idle = f"idle {duration(reasons.idle_ns)}"
        if reasons.considered == 1:
            return f"the only available agent{name_group(reasons.queue, reasons.skills)}: {idle}"
        return (
            f"longest idle of {reasons.considered} available agents{name_group(reasons.queue, reasons.skills)}: {idle}"
        )
