"""What the reference distributor knows, what it refuses, and how it shows it; `distributor` says what happens."""

from __future__ import annotations

from acd_core.decisions import Explanation
from acd_core.errors import (
    OFFER_ENDED,
    OFFER_EXPIRED,
    OFFER_OF_ANOTHER,
    LimitError,
    StaleOfferError,
    UnknownAgentError,
    UnknownContactError,
    UnknownQueueError,
    not_assigned,
    not_in_wrap_up,
    not_queued,
)
from acd_core.limits import Limits
from acd_core.reference.records import Agent, Contact, Exclusion, Offer, Queue
from acd_core.states import AgentState, ContactState
from acd_core.strategies import STRATEGIES
from acd_core.views import AgentView, ContactView, QueueView, Snapshot


class State:
    """Dictionaries and brute force: every question is answered by looking at everything."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits if limits is not None else Limits()
        self._now_ns = 0
        self._sequence = 0
        self._offers_made = 0
        self._queues: dict[str, Queue] = {}
        self._agents: dict[str, Agent] = {}
        self._contacts: dict[str, Contact] = {}
        self._offers: dict[int, Offer] = {}
        self._exclusions: dict[tuple[str, str], Exclusion] = {}

    # Reading

    def position(self, contact: str) -> int:
        found = self._contact(contact)
        if found.state is ContactState.ASSIGNED:
            assert found.agent is not None
            raise not_queued(found.name, found.agent)
        return 1 + sum(
            other.queue is found.queue and other.state is ContactState.WAITING and other.place < found.place
            for other in self._contacts.values()
        )

    def explain(self, offer: int) -> Explanation:
        if type(offer) is not int or offer not in self._offers:
            raise StaleOfferError(offer, OFFER_ENDED)
        return self._offers[offer].explanation

    def agent(self, agent: str) -> AgentView:
        return self._agent(agent).view()

    def contact(self, contact: str) -> ContactView:
        return self._contact(contact).view()

    def queue(self, queue: str) -> QueueView:
        return self._queue(queue).view(list(self._agents.values()), list(self._contacts.values()))

    def snapshot(self) -> Snapshot:
        return Snapshot(
            self._now_ns,
            self._sequence,
            self._offers_made,
            tuple(self.queue(name) for name in sorted(self._queues)),
            tuple(self.agent(name) for name in sorted(self._agents)),
            tuple(contact.view() for contact in sorted(self._contacts.values(), key=lambda one: one.place)),
            tuple(self._offers[number].view() for number in sorted(self._offers)),
            tuple(self._exclusions[key].view() for key in sorted(self._exclusions)),
        )

    # Who may serve whom

    def _may_serve(self, agent: Agent, contact: Contact) -> bool:
        return contact.queue.name in agent.queues and contact.needs <= agent.skills

    def _may_take_now(self, agent: Agent, contact: Contact) -> bool:
        return (
            agent.state is AgentState.AVAILABLE
            and self._may_serve(agent, contact)
            and (contact.name, agent.name) not in self._exclusions
        )

    def _explanation(self, agent: Agent, contact: Contact, now_ns: int) -> Explanation:
        agents = list(self._agents.values())
        in_queue = [one for one in agents if contact.queue.name in one.queues]
        able = [one for one in in_queue if self._may_serve(one, contact)]
        strategy = STRATEGIES[contact.queue.strategy]
        considered = sorted((one for one in able if self._may_take_now(one, contact)), key=strategy.order)
        runner_up = considered[1] if len(considered) > 1 else None
        available = [one for one in able if one.state is AgentState.AVAILABLE]
        states = [one.state for one in able]
        return Explanation(
            strategy.name,
            contact.queue.name,
            tuple(sorted(contact.needs)),
            agent.name,
            now_ns - agent.idle_since_ns,
            now_ns - contact.arrival_ns,
            len(considered),
            runner_up.name if runner_up else None,
            now_ns - runner_up.idle_since_ns if runner_up else None,
            tuple(sorted(one.name for one in available if one not in considered)),
            states.count(AgentState.OFFERED),
            states.count(AgentState.BUSY),
            states.count(AgentState.WRAP_UP),
            states.count(AgentState.PAUSED),
            states.count(AgentState.NOT_RESPONDING),
            len(in_queue) - len(able),
            len(agents) - len(in_queue),
        )

    # Look-up, with the documented errors

    def _agent(self, name: object) -> Agent:
        agent = self._agents.get(name) if isinstance(name, str) else None
        if agent is None:
            raise UnknownAgentError(name)
        return agent

    def _contact(self, name: object) -> Contact:
        contact = self._contacts.get(name) if isinstance(name, str) else None
        if contact is None:
            raise UnknownContactError(name)
        return contact

    def _queue(self, name: object) -> Queue:
        queue = self._queues.get(name) if isinstance(name, str) else None
        if queue is None:
            raise UnknownQueueError(name)
        return queue

    def _open_offer(self, number: object) -> Offer:
        offer = self._offers.get(number) if type(number) is int else None
        if offer is None:
            raise StaleOfferError(number, OFFER_ENDED)
        return offer

    def _answerable_offer(self, number: object, agent: Agent, now_ns: int) -> Offer:
        offer = self._open_offer(number)
        if offer.agent is not agent:
            raise StaleOfferError(number, OFFER_OF_ANOTHER)
        if now_ns >= offer.expires_ns:
            raise StaleOfferError(number, OFFER_EXPIRED)
        return offer

    def _assigned(self, name: object) -> tuple[Contact, Agent]:
        contact = self._contact(name)
        if contact.state is not ContactState.ASSIGNED:
            raise not_assigned(contact.name, contact.state)
        assert contact.agent is not None
        return contact, self._agents[contact.agent]

    def _in_wrap_up(self, name: object) -> Agent:
        agent = self._agent(name)
        if agent.state is not AgentState.WRAP_UP:
            raise not_in_wrap_up(agent.name, agent.state)
        return agent

    # Limits

    def _check_skills_limit(self, new: frozenset[str]) -> None:
        known: set[str] = set()
        known.update(*(agent.skills for agent in self._agents.values()))
        known.update(*(queue.skills for queue in self._queues.values()))
        known.update(*(contact.skills for contact in self._contacts.values()))
        if not new <= known and len(known | new) > self._limits.skills_max:
            raise LimitError("skills_max", self._limits.skills_max)

    def _check_profiles_limit(self, queues: frozenset[str], skills: frozenset[str]) -> None:
        profiles = {(agent.queues, agent.skills) for agent in self._agents.values()}
        if (queues, skills) not in profiles and len(profiles) >= self._limits.profiles_max:
            raise LimitError("profiles_max", self._limits.profiles_max)

    def _check_classes_limit(self, queue: str, channel: str, skills: frozenset[str]) -> None:
        classes = {(contact.queue.name, contact.channel, contact.skills) for contact in self._contacts.values()}
        if (queue, channel, skills) not in classes and len(classes) >= self._limits.classes_max:
            raise LimitError("classes_max", self._limits.classes_max)

    def _check_queues_known(self, queues: frozenset[str]) -> None:
        for queue in sorted(queues):
            self._queue(queue)
