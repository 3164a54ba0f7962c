"""What agents have in hand, and the one place where an agent's state changes: rules 3 to 5."""

from __future__ import annotations

from acd_core.checks import NS_PER_MS
from acd_core.decisions import (
    AgentStateChanged,
    ContactAssigned,
    ContactInterrupted,
    ContactResumed,
    Decision,
    OfferEnded,
    OfferMade,
)
from acd_core.limits import Limits
from acd_core.reference.choosing import Choosing
from acd_core.reference.records import ONE_AT_A_TIME, Agent, Contact, Exclusion, Offer, Work
from acd_core.states import AGENT_TRANSITIONS, CONTACT_TRANSITIONS, AgentState, ContactState, OfferEnd


class Hands(Choosing):
    def __init__(self, limits: Limits | None = None) -> None:
        super().__init__(limits)
        self._decisions: list[Decision] = []

    # Offers

    def _make_offer(self, agent: Agent, contact: Contact, named: str = "") -> None:
        """``named``: what chose the agent, if not the queue's strategy."""
        if not named and agent.name == contact.preferred:
            named = "preferred"
        explanation = self._explanation(agent, contact, named)
        self._charge(contact)
        self._offers_made += 1
        number = self._offers_made
        expires_ns = self._now_ns + contact.queue.offer_ns
        offer = Offer(number, contact, agent, expires_ns, self._next(), explanation)
        self._offers[number] = offer
        if not contact.offers:
            self._set_contact(contact, ContactState.OFFERED)
        contact.offers.append(offer)
        agent.offer = agent.last_offer = number
        self._decisions.append(
            OfferMade(
                number, contact.name, agent.name, contact.queue.name, expires_ns, explanation.waited_ns, explanation
            )
        )
        self._show(agent, AgentState.OFFERED, "offered")

    def _charge(self, contact: Contact) -> None:
        """The queue pays its toll for the contact, once (rule 7.4)."""
        queue = contact.queue
        if queue.settings.order.toll and not contact.charged:
            self._passed = max(self._passed, queue.passed)
            queue.passed += queue.settings.order.toll
        contact.charged = True

    def _close_offer(self, offer: Offer, end: OfferEnd, reason: str) -> None:
        del self._offers[offer.number]
        offer.contact.offers.remove(offer)
        offer.agent.offer = None
        self._decisions.append(OfferEnded(offer.number, offer.contact.name, offer.agent.name, end, reason))

    def _end_offer(self, offer: Offer, end: OfferEnd, reason: str) -> None:
        """It came to nothing; without another open one the contact waits again."""
        self._close_offer(offer, end, reason)
        if not offer.contact.offers:
            self._set_contact(offer.contact, ContactState.WAITING)

    def _revoke_offers(self, contact: Contact, reason: str) -> None:
        """All of them."""
        for offer in list(contact.offers):
            self._take_back(offer, reason)

    def _take_back(self, offer: Offer, reason: str) -> None:
        """It is revoked, and its agent available as if nothing had been."""
        self._end_offer(offer, OfferEnd.REVOKED, reason)
        self._release(offer.agent, AgentState.AVAILABLE, reason)

    def _accept(self, offer: Offer) -> None:
        contact, agent = offer.contact, offer.agent
        self._close_offer(offer, OfferEnd.ACCEPTED, "")
        self._set_contact(contact, ContactState.ASSIGNED)
        contact.agent = agent.name
        self._forget_exclusions(contact=contact.name)
        if agent.settings.lanes or agent.work:
            self._restart_idle(agent)
        self._decisions.append(ContactAssigned(contact.name, agent.name, offer.number))
        lane = agent.lane(contact.channel) or ONE_AT_A_TIME[0]
        agent.work.append(Work(contact.name, lane, lane.interruptible))
        self._interrupt(agent)
        self._show(agent, AgentState.BUSY, "accepted")
        for other in list(contact.offers):
            self._close_offer(other, OfferEnd.REVOKED, "answered by another agent")
            self._release(other.agent, AgentState.AVAILABLE, "answered by another agent")

    # Work in hand

    def _interrupt(self, agent: Agent) -> None:
        """Make room for what was accepted last (rule 3.4)."""
        for work in reversed(agent.work[:-1]):
            if agent.active_weight <= agent.capacity:
                break
            if work.interruptible and not work.interrupted:
                work.interrupted = True
                if not work.is_wrap_up:
                    self._decisions.append(ContactInterrupted(work.contact, agent.name))

    def _resume(self, agent: Agent) -> None:
        for work in agent.work:
            if work.interrupted and agent.active_weight + work.lane.weight <= max(agent.capacity, work.lane.weight):
                work.interrupted = False
                if not work.is_wrap_up:
                    self._decisions.append(ContactResumed(work.contact, agent.name))

    def _finish_work(self, agent: Agent, contact: Contact, reason: str, spare: Contact | None = None) -> None:
        """The conversation is over: wrap-up, or nothing more of it."""
        work = next(work for work in agent.work if work.contact == contact.name and not work.is_wrap_up)
        own_ms = agent.settings.wrap_up_ms
        wrap_up_ms = contact.queue.settings.wrap_up_ms if own_ms is None else own_ms
        if wrap_up_ms and not work.interrupted:
            work.until_ns = self._now_ns + wrap_up_ms * NS_PER_MS
            work.timer_sequence = self._next()
            self._show(agent, AgentState.WRAP_UP, reason)
        else:
            agent.work.remove(work)
            self._release(agent, AgentState.AVAILABLE, reason, spare, freed=True)

    def _release(
        self,
        agent: Agent,
        state: AgentState,
        reason: str,
        spare: Contact | None = None,
        *,
        freed: bool = False,
        return_ms: int = 0,
    ) -> None:
        """An offer, or (``freed``) a work, has left the agent's hands: rule 4.4."""
        becomes, because = state, reason
        if agent.next_state is not None and agent.next_reason is not None and state is not AgentState.SIGNED_OUT:
            becomes, because, return_ms = agent.next_state, agent.next_reason, agent.return_ms
        if becomes is AgentState.AVAILABLE and spare is not None:
            if len(self._exclusions) < self._limits.exclusions_max:
                until_ns = self._now_ns + spare.queue.offer_ns
                exclusion = Exclusion(spare.name, agent.name, until_ns, self._next())
                self._exclusions[spare.name, agent.name] = exclusion
            else:
                becomes, because = AgentState.NOT_RESPONDING, "too many offers rejected"
        if freed:
            self._resume(agent)
        if not agent.work and agent.offer is None:
            self._become(agent, becomes, because, return_ms)
            return
        if becomes is not AgentState.AVAILABLE:
            agent.next_state, agent.next_reason, agent.return_ms = becomes, because, return_ms
        if freed:
            self._restart_idle(agent)
        self._show(agent, AgentState.AVAILABLE, reason)

    def _become(self, agent: Agent, state: AgentState, reason: str, return_ms: int = 0) -> None:
        """With empty hands."""
        agent.next_state = agent.next_reason = None
        agent.return_ms = 0
        until_ns, sequence = None, None
        if state is AgentState.AVAILABLE and agent.state is not AgentState.OFFERED:
            self._restart_idle(agent)
        if state is AgentState.NOT_RESPONDING and return_ms:
            until_ns, sequence = self._now_ns + return_ms * NS_PER_MS, self._next()
        self._show(agent, state, reason, until_ns, sequence)
        if state is AgentState.SIGNED_OUT:
            del self._agents[agent.name]
            self._forget_exclusions(agent=agent.name)
            self._lost_agent(agent.queues)

    def _restart_idle(self, agent: Agent) -> None:
        agent.idle_since_ns, agent.idle_sequence = self._now_ns, self._next()

    def _lost_agent(self, queues: frozenset[str]) -> None:
        raise NotImplementedError

    # The places where states change

    def _set_contact(self, contact: Contact, state: ContactState) -> None:
        assert state in CONTACT_TRANSITIONS[contact.state], (contact, state)
        contact.state = state

    def _show(
        self,
        agent: Agent,
        empty: AgentState,
        reason: str,
        until_ns: int | None = None,
        timer_sequence: int | None = None,
    ) -> None:
        """Sets the state that what is in hand makes (rule 4.1), with nothing in hand the one given."""
        state, contact = empty, None
        active = [work for work in agent.work if not work.is_wrap_up and not work.interrupted]
        if agent.offer is not None:
            offer = self._offers[agent.offer]
            state, until_ns, contact = AgentState.OFFERED, offer.expires_ns, offer.contact.name
        elif active:
            state, contact = AgentState.BUSY, active[0].contact
        elif agent.work:
            wrap_up = agent.wrap_ups()[0]
            state, until_ns, contact = AgentState.WRAP_UP, wrap_up.until_ns, wrap_up.contact
        assert state in AGENT_TRANSITIONS[agent.state], (agent, state)
        agent.state, agent.reason, agent.since_ns = state, reason, self._now_ns
        agent.until_ns, agent.contact, agent.timer_sequence = until_ns, contact, timer_sequence
        self._decisions.append(AgentStateChanged(agent.name, state, reason, until_ns, contact))

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
