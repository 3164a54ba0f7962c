"""What the reference distributor remembers."""

from __future__ import annotations

from dataclasses import dataclass

from acd_core.decisions import Explanation
from acd_core.states import AgentState, ContactState
from acd_core.views import AgentView, ContactView, ExclusionView, OfferView, QueueView


@dataclass(slots=True)
class Queue:
    name: str
    offer_ms: int
    wrap_up_ms: int
    skills: frozenset[str]
    strategy: str

    def view(self, agents: list[Agent], contacts: list[Contact]) -> QueueView:
        states = [contact.state for contact in contacts if contact.queue is self]
        return QueueView(
            self.name,
            self.offer_ms,
            self.wrap_up_ms,
            tuple(sorted(self.skills)),
            self.strategy,
            states.count(ContactState.WAITING),
            states.count(ContactState.OFFERED),
            states.count(ContactState.ASSIGNED),
            sum(self.name in agent.queues for agent in agents),
        )


@dataclass(slots=True)
class Agent:
    name: str
    queues: frozenset[str]
    skills: frozenset[str]
    state: AgentState = AgentState.SIGNED_OUT
    reason: str = ""
    since_ns: int = 0
    until_ns: int | None = None
    contact: str | None = None
    offer: int | None = None
    next_state: AgentState | None = None
    next_reason: str | None = None
    idle_since_ns: int = 0
    idle_sequence: int = 0
    timer_sequence: int | None = None

    def view(self) -> AgentView:
        return AgentView(
            self.name,
            tuple(sorted(self.queues)),
            tuple(sorted(self.skills)),
            self.state,
            self.reason,
            self.since_ns,
            self.until_ns,
            self.contact,
            self.offer,
            self.next_state,
            self.next_reason,
            self.idle_since_ns,
            self.idle_sequence,
            self.timer_sequence,
        )


@dataclass(slots=True)
class Contact:
    name: str
    queue: Queue
    channel: str
    skills: frozenset[str]
    arrival_ns: int
    sequence: int
    state: ContactState = ContactState.WAITING
    agent: str | None = None
    offer: int | None = None

    @property
    def needs(self) -> frozenset[str]:
        return self.skills | self.queue.skills

    @property
    def place(self) -> tuple[int, int]:
        """Sorts contacts in the order in which they are served."""
        return self.arrival_ns, self.sequence

    def view(self) -> ContactView:
        return ContactView(
            self.name,
            self.queue.name,
            self.channel,
            tuple(sorted(self.skills)),
            self.arrival_ns,
            self.sequence,
            self.state,
            self.agent,
            self.offer,
        )


@dataclass(slots=True)
class Offer:
    number: int
    contact: Contact
    agent: Agent
    expires_ns: int
    timer_sequence: int
    explanation: Explanation

    def view(self) -> OfferView:
        return OfferView(self.number, self.contact.name, self.agent.name, self.expires_ns, self.timer_sequence)


@dataclass(slots=True)
class Exclusion:
    """The agent rejected the contact and is spared it until then."""

    contact: str
    agent: str
    until_ns: int
    timer_sequence: int

    def view(self) -> ExclusionView:
        return ExclusionView(self.contact, self.agent, self.until_ns, self.timer_sequence)
