"""Choices that are not the queue's: of the contact (last agent, owner of the case), a supervisor, a matching window."""

from __future__ import annotations

from acd_core.strategies.base import Reasons
from acd_core.wording import duration, name_group


class Preferred:
    name = "preferred"

    def sentence(self, reasons: Reasons) -> str:
        return f"the agent whom the contact asks for: idle {duration(reasons.idle_ns)}"


class ByHand:
    name = "by_hand"

    def sentence(self, reasons: Reasons) -> str:
        return "assigned by hand"


class Joint:
    """Somebody else was the contact's first choice, but served another contact better."""

    name = "joint"

    def sentence(self, reasons: Reasons) -> str:
        group = name_group(reasons.queue, reasons.skills)
        return f"one of {reasons.considered} available agents{group}, matched together with other contacts"
