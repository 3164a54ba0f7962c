"""What the distributor decided, in the order in which it happened, and why.

An `Explanation` holds the numbers of the moment of the decision; the sentences for people are made from them on demand.
"""

from __future__ import annotations

import msgspec

from acd_core.states import AgentState, OfferEnd
from acd_core.strategies import STRATEGIES
from acd_core.wording import count_agents, duration, name_skills


class PassedOver(msgspec.Struct, frozen=True, gc=False):
    """A group of agents who did not get the offer, and the reason that they share."""

    reason: str
    """``idle_shorter``, ``excluded``, a state of `AgentState`, ``unskilled`` or ``elsewhere``."""
    count: int
    sentence: str


class Explanation(msgspec.Struct, frozen=True, gc=False):
    """Why this agent, for this contact, at this moment.

    Every signed-in agent is counted once: ``considered`` (the winner among them), ``excluded``, one of the states,
    ``unskilled`` or ``elsewhere``.
    """

    strategy: str
    queue: str
    skills: tuple[str, ...]
    """What the contact needs, its queue's skills included; sorted."""
    agent: str
    idle_ns: int
    """How long the winner had been idle."""
    waited_ns: int
    """How long the contact had waited since its arrival."""
    considered: int
    """Agents of the queue with the skills who were available and not excluded, the winner included."""
    runner_up: str | None
    """Who would have been next."""
    runner_up_idle_ns: int | None
    excluded: tuple[str, ...]
    """Available too, but spared this contact for a while after they rejected it; sorted."""
    offered: int
    busy: int
    wrap_up: int
    paused: int
    not_responding: int
    unskilled: int
    """In the queue, without the skills."""
    elsewhere: int
    """Signed in, not in the queue."""

    def sentence(self) -> str:
        """One sentence for people."""
        return STRATEGIES[self.strategy].sentence(self)

    def passed_over(self) -> list[PassedOver]:
        """All others, by group; groups without anybody are left out."""
        skills = name_skills(self.skills)
        others = self.considered - 1
        shorter = f"{count_agents(others)} available too, but idle for a shorter time"
        if self.runner_up is not None and self.runner_up_idle_ns is not None:
            shorter += f" (next: {self.runner_up}, {duration(self.runner_up_idle_ns)})"
        spared = "passed over because they turned this contact down a moment ago"
        groups = [
            PassedOver("idle_shorter", others, shorter),
            PassedOver("excluded", len(self.excluded), f"{', '.join(self.excluded)}: {spared}"),
            PassedOver(AgentState.OFFERED, self.offered, f"{count_agents(self.offered)} being offered another contact"),
            PassedOver(AgentState.BUSY, self.busy, f"{count_agents(self.busy)} busy with a contact"),
            PassedOver(AgentState.WRAP_UP, self.wrap_up, f"{count_agents(self.wrap_up)} in wrap-up"),
            PassedOver(AgentState.PAUSED, self.paused, f"{count_agents(self.paused)} paused"),
            PassedOver(
                AgentState.NOT_RESPONDING, self.not_responding, f"{count_agents(self.not_responding)} not responding"
            ),
            PassedOver(
                "unskilled", self.unskilled, f"{count_agents(self.unskilled)} in queue {self.queue} without {skills}"
            ),
            PassedOver("elsewhere", self.elsewhere, f"{count_agents(self.elsewhere)} not in queue {self.queue}"),
        ]
        return [group for group in groups if group.count > 0]


class OfferMade(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Let it ring at the agent until ``expires_ns``; an answer at that moment or later is too late."""

    offer: int
    contact: str
    agent: str
    queue: str
    expires_ns: int
    waited_ns: int
    explanation: Explanation


class OfferEnded(msgspec.Struct, frozen=True, tag=True, gc=False):
    offer: int
    contact: str
    agent: str
    end: OfferEnd
    reason: str


class ContactAssigned(msgspec.Struct, frozen=True, tag=True, gc=False):
    contact: str
    agent: str
    offer: int


class AgentStateChanged(msgspec.Struct, frozen=True, tag=True, gc=False):
    agent: str
    state: AgentState
    reason: str
    until_ns: int | None
    """When the state ends by itself: the offer's expiry, the wrap-up's end."""
    contact: str | None
    """What is offered, in hand or being wrapped up."""


Decision = OfferMade | OfferEnded | ContactAssigned | AgentStateChanged
