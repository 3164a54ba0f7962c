"""What the reference distributor knows, what it refuses, and how it shows it; `distributor` says what happens."""

from __future__ import annotations

from typing import Final

from acd_core.checks import NS_PER_MS
from acd_core.decisions import Explanation
from acd_core.errors import (
    OFFER_ENDED,
    OFFER_EXPIRED,
    OFFER_OF_ANOTHER,
    OFFER_RESTORED,
    LimitError,
    StaleOfferError,
    UnknownAgentError,
    UnknownContactError,
    UnknownQueueError,
    not_assigned,
    not_in_wrap_up,
    not_queued,
)
from acd_core.events import AgentChanged, AgentSignedIn, MatchingConfigured
from acd_core.limits import Limits
from acd_core.reference.records import Agent, Contact, Exclusion, Offer, Queue, Work
from acd_core.requirements import list_queue_skills, named_skills
from acd_core.states import ContactState
from acd_core.views import AgentView, ContactView, QueueView, Snapshot

OVERDUE: Final = 1 << 62
"""The score of a contact that is overtaken no more."""


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
        self._matching = MatchingConfigured()
        self._window_ns: int | None = None
        self._window_sequence: int | None = None
        self._passed = 0

    # The order of contacts (rule 7)

    def _terms(self, contact: Contact) -> dict[str, int]:
        """The contact's score now, by its parts."""
        order = contact.queue.settings.order
        measured = contact.queue.measured
        now, arrived, counted = (at // NS_PER_MS for at in (self._now_ns, contact.arrival_ns, contact.effective_ns))
        achieved = 1000 * sum(measured) // len(measured) if measured else 1000
        terms = {
            "base": order.base,
            "priority": order.step * contact.priority,
            "wait": order.rate * (now - arrived),
            "bonus": order.rate * (arrived - counted),
            "blending": order.blend * max(0, order.target_permille - achieved),
            "ratio": self._passed - contact.queue.passed if order.toll else 0,
        }
        overdue = contact.overdue_ns is not None and self._now_ns >= contact.overdue_ns
        return terms | {"overdue": OVERDUE - sum(terms.values()) if overdue else 0}

    def _order(self, contact: Contact) -> tuple[int, int, int]:
        """The least comes first; no two contacts have the same."""
        terms, counted_ns = self._terms(contact), contact.effective_ns
        if terms["overdue"] and contact.overdue_ns is not None:
            # in the order in which they came to be so
            counted_ns = contact.overdue_ns
        return -sum(terms.values()), counted_ns, contact.sequence

    # Reading

    def position(self, contact: str) -> int:
        found = self._contact(contact)
        if found.state is ContactState.ASSIGNED:
            assert found.agent is not None
            raise not_queued(found.name, found.agent)
        own = self._order(found)
        return 1 + sum(
            other.queue is found.queue and other.is_in_line and self._order(other) < own
            for other in self._contacts.values()
        )

    def explain(self, offer: int) -> Explanation:
        explanation = self._open_offer(offer).explanation
        if explanation is None:
            raise StaleOfferError(offer, OFFER_RESTORED)
        return explanation

    def agent(self, agent: str) -> AgentView:
        return self._agent(agent).view()

    def contact(self, contact: str) -> ContactView:
        return self._contact(contact).view()

    def queue(self, queue: str) -> QueueView:
        return self._queue(queue).view(self._agents.values(), self._contacts.values())

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
            self._matching,
            self._window_ns,
            self._window_sequence,
            self._passed,
        )

    # Look-up, with the documented errors

    def _agent(self, name: object) -> Agent:
        agent = self._agents.get(name) if type(name) is str else None
        if agent is None:
            raise UnknownAgentError(name)
        return agent

    def _contact(self, name: object) -> Contact:
        contact = self._contacts.get(name) if type(name) is str else None
        if contact is None:
            raise UnknownContactError(name)
        return contact

    def _queue(self, name: object) -> Queue:
        queue = self._queues.get(name) if type(name) is str else None
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

    def _in_wrap_up(self, name: object, contact: object) -> tuple[Agent, Work]:
        """The wrap-up of that contact (None: the one that ends first)."""
        agent = self._agent(name)
        asked = contact is None or type(contact) is str
        wrap_ups = [work for work in agent.wrap_ups() if asked and contact in (None, work.contact)]
        if not wrap_ups:
            raise not_in_wrap_up(agent.name, agent.state)
        return agent, wrap_ups[0]

    # Limits

    def _check_skills_limit(self, new: frozenset[str]) -> None:
        known: set[str] = set()
        known.update(*(list_agent_skills(agent.settings) for agent in self._agents.values()))
        known.update(*(list_queue_skills(queue.settings) for queue in self._queues.values()))
        known.update(*(contact.skills | named_skills(contact.needs) for contact in self._contacts.values()))
        if not new <= known and len(known | new) > self._limits.skills_max:
            raise LimitError("skills_max", self._limits.skills_max)

    def _check_profiles_limit(self, profile: tuple[object, ...]) -> None:
        profiles = {agent.profile for agent in self._agents.values()}
        if profile not in profiles and len(profiles) >= self._limits.profiles_max:
            raise LimitError("profiles_max", self._limits.profiles_max)

    def _check_classes_limit(self, kind: tuple[object, ...]) -> None:
        kinds = {contact.kind for contact in self._contacts.values()}
        if kind not in kinds and len(kinds) >= self._limits.classes_max:
            raise LimitError("classes_max", self._limits.classes_max)

    def _check_queues_known(self, queues: frozenset[str]) -> None:
        for queue in sorted(queues):
            self._queue(queue)


def list_agent_skills(settings: AgentSignedIn | AgentChanged) -> frozenset[str]:
    return settings.skills | {name for name, _ in settings.levels}
