"""Agents that somebody named: the contact's own (last agent, owner of the case), or one whom a supervisor chose."""

from __future__ import annotations

from acd_core.strategies.base import Reasons
from acd_core.wording import duration


class Preferred:
    name = "preferred"

    def sentence(self, reasons: Reasons) -> str:
        return f"the agent whom the contact asks for: idle {duration(reasons.idle_ns)}"


class ByHand:
    name = "by_hand"

    def sentence(self, reasons: Reasons) -> str:
        return "assigned by hand"
