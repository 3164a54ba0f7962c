"""What the distributor decided, in the order in which it happened, and why.

An `Explanation` holds the numbers of the moment of the decision; the sentences for people are made from them on demand.
"""

from __future__ import annotations

import msgspec

from acd_core.states import AgentState, OfferEnd
from acd_core.strategies import write_sentence
from acd_core.wording import count_agents, duration, name_skills


class PassedOver(msgspec.Struct, frozen=True, gc=False):
    """A group of agents who did not get the offer, and the reason that they share."""

    reason: str
    """``idle_shorter``, ``excluded``, ``spared``, a state of `AgentState`, ``unskilled``, ``no_channel``, ``not_named``
    or ``elsewhere``."""
    count: int
    sentence: str


class NextContact(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The contact that the agent would have been offered if the chosen one had not been there."""

    contact: str
    queue: str
    waited_ns: int
    score: int
    """In points: the sum of the seven that follow, as those of the chosen one."""
    base: int = 0
    priority: int = 0
    wait: int = 0
    bonus: int = 0
    blending: int = 0
    ratio: int = 0
    overdue: int = 0


class Explanation(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Why this agent, for this contact, at this moment.

    Every signed-in agent is counted once: ``considered`` (the winner among them), ``excluded``, ``spared``, one of the
    states, ``no_channel``, ``not_named``, ``unskilled`` or ``elsewhere``.
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
    """Agents of the queue with the skills who were available, neither excluded nor spared, the winner included."""
    runner_up: str | None = None
    """Who would have been next."""
    runner_up_idle_ns: int | None = None
    excluded: tuple[str, ...] = ()
    """Able, but never to get this contact (`ContactArrived.excluded`), whatever their state; sorted."""
    offered: int = 0
    busy: int = 0
    wrap_up: int = 0
    paused: int = 0
    not_responding: int = 0
    unskilled: int = 0
    """In the queue, without the skills."""
    elsewhere: int = 0
    """Signed in, not in the queue."""
    score: int = 0
    """The contact's, in points: the sum of the seven that follow."""
    base: int = 0
    priority: int = 0
    wait: int = 0
    bonus: int = 0
    blending: int = 0
    ratio: int = 0
    overdue: int = 0
    """What lifts a contact that may be overtaken no more above all others."""
    term: int = 0
    """The winner's by the queue's strategy: level sum, share of capacity, lot, expected success..."""
    runner_up_term: int | None = None
    step: int = 0
    """How many relaxation steps had been taken."""
    no_channel: int = 0
    """Available and able, but without capacity for the channel."""
    not_named: int = 0
    """Could have taken it, but the contact was for the winner by name."""
    spared: tuple[str, ...] = ()
    """Could have taken it, but had it before them a moment ago and gave it back, or lost it; sorted."""
    next_contact: NextContact | None = None
    """Whom else the agent might have been offered; None: nobody who waited."""

    def sentence(self) -> str:
        """One sentence for people."""
        return write_sentence(self.strategy, self)

    def passed_over(self) -> list[PassedOver]:
        """All others, by group; groups without anybody are left out."""
        skills = name_skills(self.skills)
        others = self.considered - 1
        plain = self.strategy == "longest_idle"
        shorter = f"{count_agents(others)} available too, but {'idle for a shorter time' if plain else 'ranked lower'}"
        if self.runner_up is not None and self.runner_up_idle_ns is not None:
            term = "" if plain or self.runner_up_term is None else f"{abs(self.runner_up_term)}, "
            shorter += f" (next: {self.runner_up}, {term}{duration(self.runner_up_idle_ns)})"
        groups = [
            PassedOver("idle_shorter", others, shorter),
            PassedOver(
                "excluded",
                len(self.excluded),
                f"{', '.join(self.excluded)}: passed over because this contact is never to go to them",
            ),
            PassedOver(
                "spared",
                len(self.spared),
                f"{', '.join(self.spared)}: passed over for a while because this contact has just come back from them",
            ),
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
            PassedOver(
                "no_channel", self.no_channel, f"{count_agents(self.no_channel)} available, but not for this channel"
            ),
            PassedOver(
                "not_named",
                self.not_named,
                f"{count_agents(self.not_named)} available too, but the contact was for {self.agent}",
            ),
            PassedOver("elsewhere", self.elsewhere, f"{count_agents(self.elsewhere)} not in queue {self.queue}"),
        ]
        return [group for group in groups if group.count > 0]


class OfferMade(msgspec.Struct, frozen=True, tag=True, gc=False, omit_defaults=True):
    """Let it ring at the agent until ``expires_ns``; an answer at that moment or later is too late."""

    offer: int
    contact: str
    agent: str
    queue: str
    expires_ns: int
    waited_ns: int
    explanation: Explanation


class OfferEnded(msgspec.Struct, frozen=True, tag=True, gc=False, omit_defaults=True):
    offer: int
    contact: str
    agent: str
    end: OfferEnd
    reason: str


class ContactAssigned(msgspec.Struct, frozen=True, tag=True, gc=False, omit_defaults=True):
    contact: str
    agent: str
    offer: int


class ContactMoved(msgspec.Struct, frozen=True, tag=True, gc=False, omit_defaults=True):
    """To another queue: by a split, by overflow or transferred."""

    contact: str
    from_queue: str
    to_queue: str
    reason: str
    """``split``, ``overflow: wait`` (``size``, ``estimate``, ``unstaffed``, ``closed``), or that of the transfer."""


class ContactInterrupted(msgspec.Struct, frozen=True, tag=True, gc=False, omit_defaults=True):
    """Its agent has something in hand for which it makes room; it stays with the agent."""

    contact: str
    agent: str


class ContactResumed(msgspec.Struct, frozen=True, tag=True, gc=False, omit_defaults=True):
    contact: str
    agent: str


class AgentStateChanged(msgspec.Struct, frozen=True, tag=True, gc=False, omit_defaults=True):
    agent: str
    state: AgentState
    reason: str
    until_ns: int | None = None
    """When the state ends by itself: the offer's expiry, the wrap-up's end."""
    contact: str | None = None
    """What is offered, in hand or being wrapped up."""


Decision = (
    OfferMade | OfferEnded | ContactAssigned | ContactMoved | ContactInterrupted | ContactResumed | AgentStateChanged
)
