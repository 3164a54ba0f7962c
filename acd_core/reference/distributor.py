"""What happens on each event, by the book: check everything, change, then match by looking at everybody.

`_settle` is the whole of the distribution: go through the waiting contacts in order of arrival, and offer each to the
best agent who may take it now.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from acd_core import events as ev
from acd_core.checks import (
    NS_PER_MS,
    check_after_release,
    check_agent_signed_in,
    check_contact_arrived,
    check_queue_configured,
    check_reason,
    check_time,
    check_wrap_up_extended,
)
from acd_core.decisions import AgentStateChanged, ContactAssigned, Decision, OfferEnded, OfferMade
from acd_core.errors import (
    DuplicateAgentError,
    DuplicateContactError,
    InvalidEventError,
    LimitError,
    not_abandonable,
    queue_in_use,
)
from acd_core.limits import Limits
from acd_core.reference.records import Agent, Contact, Exclusion, Offer, Queue
from acd_core.reference.state import State
from acd_core.states import AGENT_TRANSITIONS, CONTACT_TRANSITIONS, AgentState, ContactState, OfferEnd
from acd_core.strategies import STRATEGIES


class Distributor(State):
    """The oracle; see `acd_core.api.DistributorApi` for what the methods do."""

    def __init__(self, limits: Limits | None = None) -> None:
        super().__init__(limits)
        self._decisions: list[Decision] = []
        self._handlers: dict[type, Callable[[Any, int], None]] = {
            ev.QueueConfigured: self._queue_configured,
            ev.QueueRemoved: self._queue_removed,
            ev.AgentSignedIn: self._agent_signed_in,
            ev.AgentChanged: self._agent_changed,
            ev.AgentReady: self._agent_ready,
            ev.AgentPaused: self._agent_paused,
            ev.AgentSignedOut: self._agent_signed_out,
            ev.ContactArrived: self._contact_arrived,
            ev.ContactAbandoned: self._contact_abandoned,
            ev.ContactEnded: self._contact_ended,
            ev.ContactRequeued: self._contact_requeued,
            ev.OfferAccepted: self._offer_accepted,
            ev.OfferRejected: self._offer_rejected,
            ev.OfferRevoked: self._offer_revoked,
            ev.WrapUpFinished: self._wrap_up_finished,
            ev.WrapUpExtended: self._wrap_up_extended,
        }

    def handle(self, event: ev.Event, now_ns: int) -> list[Decision]:
        check_time(now_ns, self._now_ns)
        handler = self._handlers.get(type(event))
        if handler is None:
            raise InvalidEventError(f"not an event of the distributor: {event!r:.80}")
        handler(event, now_ns)
        self._now_ns = now_ns
        self._settle()
        return self._take_decisions()

    def get_timer(self) -> int | None:
        timers = self._timers()
        return min(timers)[0] if timers else None

    def handle_timer(self, now_ns: int) -> list[Decision]:
        check_time(now_ns, self._now_ns)
        self._now_ns = now_ns
        while (timers := self._timers()) and min(timers)[0] <= now_ns:
            _, _, what = min(timers)
            if isinstance(what, Offer):
                self._end_offer(what, OfferEnd.EXPIRED, "no answer")
                self._release(what.agent, AgentState.NOT_RESPONDING, "no answer")
            elif isinstance(what, Agent):
                self._release(what, AgentState.AVAILABLE, "wrap-up over")
            else:
                del self._exclusions[what.contact, what.agent]
            self._settle()
        return self._take_decisions()

    def _timers(self) -> list[tuple[int, int, Offer | Agent | Exclusion]]:
        """Due time, order among those of the same time (never equal), and whose it is."""
        timers: list[tuple[int, int, Offer | Agent | Exclusion]] = []
        for offer in self._offers.values():
            timers.append((offer.expires_ns, offer.timer_sequence, offer))
        for agent in self._agents.values():
            if agent.state is AgentState.WRAP_UP:
                assert agent.until_ns is not None
                assert agent.timer_sequence is not None
                timers.append((agent.until_ns, agent.timer_sequence, agent))
        for exclusion in self._exclusions.values():
            timers.append((exclusion.until_ns, exclusion.timer_sequence, exclusion))
        return timers

    # Queues

    def _queue_configured(self, event: ev.QueueConfigured, now_ns: int) -> None:
        check_queue_configured(event)
        queue = self._queues.get(event.queue)
        if queue is None and len(self._queues) >= self._limits.queues_max:
            raise LimitError("queues_max", self._limits.queues_max)
        self._check_skills_limit(event.skills)
        if queue is None:
            queue = Queue(event.queue, event.offer_ms, event.wrap_up_ms, event.skills, event.strategy)
            self._queues[event.queue] = queue
        queue.offer_ms = event.offer_ms
        queue.wrap_up_ms = event.wrap_up_ms
        queue.skills = event.skills
        queue.strategy = event.strategy

    def _queue_removed(self, event: ev.QueueRemoved, now_ns: int) -> None:
        queue = self._queue(event.queue)
        contacts = sum(contact.queue is queue for contact in self._contacts.values())
        if contacts:
            raise queue_in_use(queue.name, contacts)
        del self._queues[queue.name]

    # Agents

    def _agent_signed_in(self, event: ev.AgentSignedIn, now_ns: int) -> None:
        check_agent_signed_in(event)
        if event.agent in self._agents:
            raise DuplicateAgentError(event.agent)
        self._check_queues_known(event.queues)
        if len(self._agents) >= self._limits.agents_max:
            raise LimitError("agents_max", self._limits.agents_max)
        self._check_skills_limit(event.skills)
        self._check_profiles_limit(event.queues, event.skills)
        agent = Agent(event.agent, event.queues, event.skills)
        self._agents[agent.name] = agent
        self._now_ns = now_ns
        self._set_agent(agent, AgentState.PAUSED, "signed in")

    def _agent_changed(self, event: ev.AgentChanged, now_ns: int) -> None:
        check_agent_signed_in(event)
        agent = self._agent(event.agent)
        self._check_queues_known(event.queues)
        self._check_skills_limit(event.skills)
        self._check_profiles_limit(event.queues, event.skills)
        agent.queues = event.queues
        agent.skills = event.skills

    def _agent_ready(self, event: ev.AgentReady, now_ns: int) -> None:
        agent = self._agent(event.agent)
        self._now_ns = now_ns
        agent.next_state = agent.next_reason = None
        if agent.state in (AgentState.PAUSED, AgentState.NOT_RESPONDING, AgentState.WRAP_UP):
            self._set_agent(agent, AgentState.AVAILABLE, "ready")

    def _agent_paused(self, event: ev.AgentPaused, now_ns: int) -> None:
        check_reason(event.reason)
        agent = self._agent(event.agent)
        self._now_ns = now_ns
        if agent.state in (AgentState.OFFERED, AgentState.BUSY, AgentState.WRAP_UP):
            agent.next_state, agent.next_reason = AgentState.PAUSED, event.reason
        else:
            self._set_agent(agent, AgentState.PAUSED, event.reason)

    def _agent_signed_out(self, event: ev.AgentSignedOut, now_ns: int) -> None:
        agent = self._agent(event.agent)
        self._now_ns = now_ns
        if agent.state in (AgentState.BUSY, AgentState.WRAP_UP):
            agent.next_state, agent.next_reason = AgentState.SIGNED_OUT, "signed out"
            return
        if agent.offer is not None:
            self._end_offer(self._offers[agent.offer], OfferEnd.REVOKED, "signed out")
        self._set_agent(agent, AgentState.SIGNED_OUT, "signed out")

    # Contacts

    def _contact_arrived(self, event: ev.ContactArrived, now_ns: int) -> None:
        check_contact_arrived(event, now_ns)
        queue = self._queue(event.queue)
        if event.contact in self._contacts:
            raise DuplicateContactError(event.contact)
        if len(self._contacts) >= self._limits.contacts_max:
            raise LimitError("contacts_max", self._limits.contacts_max)
        self._check_classes_limit(event.queue, event.channel, event.skills)
        self._check_skills_limit(event.skills)
        arrival_ns = event.arrival_ns if event.arrival_ns is not None else now_ns
        self._contacts[event.contact] = Contact(
            event.contact, queue, event.channel, event.skills, arrival_ns, self._next()
        )

    def _contact_abandoned(self, event: ev.ContactAbandoned, now_ns: int) -> None:
        contact = self._contact(event.contact)
        if contact.state is ContactState.ASSIGNED:
            assert contact.agent is not None
            raise not_abandonable(contact.name, contact.agent)
        self._now_ns = now_ns
        if contact.offer is not None:
            offer = self._offers[contact.offer]
            self._end_offer(offer, OfferEnd.REVOKED, "customer left")
            self._release(offer.agent, AgentState.AVAILABLE, "customer left")
        self._remove_contact(contact)

    def _contact_ended(self, event: ev.ContactEnded, now_ns: int) -> None:
        contact, agent = self._assigned(event.contact)
        self._now_ns = now_ns
        self._remove_contact(contact)
        wrap_up_ns = contact.queue.wrap_up_ms * NS_PER_MS
        if wrap_up_ns:
            agent.timer_sequence = self._next()
            self._set_agent(agent, AgentState.WRAP_UP, "contact over", now_ns + wrap_up_ns, contact.name)
        else:
            self._release(agent, AgentState.AVAILABLE, "contact over")

    def _contact_requeued(self, event: ev.ContactRequeued, now_ns: int) -> None:
        check_reason(event.reason)
        state = check_after_release(event.agent_state)
        contact, agent = self._assigned(event.contact)
        self._now_ns = now_ns
        self._set_contact(contact, ContactState.WAITING)
        contact.agent = None
        self._release(agent, state, event.reason, spare=contact)

    # Offers

    def _offer_accepted(self, event: ev.OfferAccepted, now_ns: int) -> None:
        agent = self._agent(event.agent)
        offer = self._answerable_offer(event.offer, agent, now_ns)
        self._now_ns = now_ns
        contact = offer.contact
        self._close_offer(offer, OfferEnd.ACCEPTED, "")
        self._set_contact(contact, ContactState.ASSIGNED)
        contact.agent = agent.name
        self._forget_exclusions(contact=contact.name)
        self._decisions.append(ContactAssigned(contact.name, agent.name, offer.number))
        self._set_agent(agent, AgentState.BUSY, "accepted", None, contact.name)

    def _offer_rejected(self, event: ev.OfferRejected, now_ns: int) -> None:
        check_reason(event.reason)
        agent = self._agent(event.agent)
        offer = self._answerable_offer(event.offer, agent, now_ns)
        self._now_ns = now_ns
        self._end_offer(offer, OfferEnd.REJECTED, event.reason)
        self._release(agent, AgentState.AVAILABLE, event.reason or "rejected", spare=offer.contact)

    def _offer_revoked(self, event: ev.OfferRevoked, now_ns: int) -> None:
        check_reason(event.reason)
        state = check_after_release(event.agent_state)
        offer = self._open_offer(event.offer)
        self._now_ns = now_ns
        self._end_offer(offer, OfferEnd.REVOKED, event.reason)
        self._release(offer.agent, state, event.reason, spare=offer.contact)

    # Wrap-up

    def _wrap_up_finished(self, event: ev.WrapUpFinished, now_ns: int) -> None:
        agent = self._in_wrap_up(event.agent)
        self._now_ns = now_ns
        self._release(agent, AgentState.AVAILABLE, "wrap-up finished")

    def _wrap_up_extended(self, event: ev.WrapUpExtended, now_ns: int) -> None:
        check_wrap_up_extended(event, now_ns)
        agent = self._in_wrap_up(event.agent)
        self._now_ns = now_ns
        agent.timer_sequence = self._next()
        self._set_agent(agent, AgentState.WRAP_UP, "wrap-up extended", event.until_ns, agent.contact)

    # Matching

    def _settle(self) -> None:
        available = [agent for agent in self._agents.values() if agent.state is AgentState.AVAILABLE]
        waiting = [contact for contact in self._contacts.values() if contact.state is ContactState.WAITING]
        if not available:
            return
        for contact in sorted(waiting, key=lambda one: one.place):
            candidates = [agent for agent in available if self._may_take_now(agent, contact)]
            if candidates:
                self._make_offer(min(candidates, key=STRATEGIES[contact.queue.strategy].order), contact)

    def _make_offer(self, agent: Agent, contact: Contact) -> None:
        explanation = self._explanation(agent, contact, self._now_ns)
        self._offers_made += 1
        number = self._offers_made
        expires_ns = self._now_ns + contact.queue.offer_ms * NS_PER_MS
        self._offers[number] = Offer(number, contact, agent, expires_ns, self._next(), explanation)
        self._set_contact(contact, ContactState.OFFERED)
        contact.offer, contact.agent = number, agent.name
        agent.offer = number
        self._decisions.append(
            OfferMade(
                number, contact.name, agent.name, contact.queue.name, expires_ns, explanation.waited_ns, explanation
            )
        )
        self._set_agent(agent, AgentState.OFFERED, "offered", expires_ns, contact.name)

    def _close_offer(self, offer: Offer, end: OfferEnd, reason: str) -> None:
        del self._offers[offer.number]
        offer.contact.offer = offer.contact.agent = offer.agent.offer = None
        self._decisions.append(OfferEnded(offer.number, offer.contact.name, offer.agent.name, end, reason))

    def _end_offer(self, offer: Offer, end: OfferEnd, reason: str) -> None:
        """The contact waits again, at its old place."""
        self._close_offer(offer, end, reason)
        self._set_contact(offer.contact, ContactState.WAITING)

    # The places where states change

    def _set_contact(self, contact: Contact, state: ContactState) -> None:
        assert state in CONTACT_TRANSITIONS[contact.state], (contact, state)
        contact.state = state

    def _remove_contact(self, contact: Contact) -> None:
        self._set_contact(contact, ContactState.ENDED)
        del self._contacts[contact.name]
        self._forget_exclusions(contact=contact.name)

    def _set_agent(
        self, agent: Agent, state: AgentState, reason: str, until_ns: int | None = None, contact: str | None = None
    ) -> None:
        assert state in AGENT_TRANSITIONS[agent.state], (agent, state)
        if state is AgentState.AVAILABLE and agent.state is not AgentState.OFFERED:
            agent.idle_since_ns, agent.idle_sequence = self._now_ns, self._next()
        if state is not AgentState.WRAP_UP:
            agent.timer_sequence = None
        if state in (AgentState.AVAILABLE, AgentState.PAUSED, AgentState.SIGNED_OUT):
            agent.next_state = agent.next_reason = None
        agent.state, agent.reason, agent.since_ns = state, reason, self._now_ns
        agent.until_ns, agent.contact = until_ns, contact
        self._decisions.append(AgentStateChanged(agent.name, state, reason, until_ns, contact))
        if state is AgentState.SIGNED_OUT:
            del self._agents[agent.name]
            self._forget_exclusions(agent=agent.name)

    def _release(self, agent: Agent, state: AgentState, reason: str, spare: Contact | None = None) -> None:
        """The agent's work in hand is over: what was asked for meanwhile takes effect, else ``state``."""
        if agent.next_state is not None and agent.next_reason is not None and state is not AgentState.SIGNED_OUT:
            state, reason = agent.next_state, agent.next_reason
        if state is AgentState.AVAILABLE and spare is not None:
            if len(self._exclusions) < self._limits.exclusions_max:
                until_ns = self._now_ns + spare.queue.offer_ms * NS_PER_MS
                exclusion = Exclusion(spare.name, agent.name, until_ns, self._next())
                self._exclusions[spare.name, agent.name] = exclusion
            else:
                state, reason = AgentState.NOT_RESPONDING, "too many offers rejected"
        self._set_agent(agent, state, reason)

    # Small things

    def _forget_exclusions(self, contact: str | None = None, agent: str | None = None) -> None:
        for key in list(self._exclusions):
            if key[0] == contact or key[1] == agent:
                del self._exclusions[key]

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence

    def _take_decisions(self) -> list[Decision]:
        decisions, self._decisions = self._decisions, []
        return decisions
