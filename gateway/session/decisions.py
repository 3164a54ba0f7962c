"""Turns what the distributor decided into what happens: an offer rings, an agent gets a contact, a state changes."""

from __future__ import annotations

from acd_core import decisions as acd
from acd_core import events as acd_events
from gateway.model.clock import MS
from gateway.model.events import (
    AgentState,
    AgentStateChanged,
    ContactAssigned,
    ContactOffered,
    ContactRequeued,
    OfferClosed,
    OfferEnd,
)
from gateway.model.ids import AgentId, Channel, ContactId, OfferId
from gateway.session.contact import Contact
from gateway.session.conversation import Conversations, connect_limit_ms
from gateway.session.floor import Floor, Seat
from gateway.session.states import ContactState

IN_HAND = frozenset({AgentState.BUSY, AgentState.WRAP_UP})
"""Agent states in which a seat still holds its contact."""


class DecisionHandler:
    def __init__(self, floor: Floor, conversations: Conversations) -> None:
        self._floor = floor
        self._conversations = conversations
        floor.router.on_decision(self._decided)

    def requeue(self, contact: Contact, reason: str) -> None:
        """Take the contact from an agent who is not there and put it back at its old place."""
        agent = contact.agent
        if agent is None:
            return
        self._conversations.back_to_queue(contact)
        self._floor.seat(agent).contact = None
        self._floor.log.emit(
            ContactRequeued(
                at_ns=self._floor.clock.now_ns(),
                contact=contact.id,
                queue=contact.queue.name,
                agent=agent,
                reason=reason,
            )
        )
        self._floor.router.submit(acd_events.ContactRequeued(contact=contact.id, reason=reason))
        self._floor.queue_changed(contact.queue.name)

    def _decided(self, decision: acd.Decision) -> None:
        if isinstance(decision, acd.OfferMade):
            self._offer_made(decision)
        elif isinstance(decision, acd.OfferEnded):
            self._offer_ended(decision)
        elif isinstance(decision, acd.ContactAssigned):
            self._assigned(decision)
        elif isinstance(decision, acd.AgentStateChanged):
            self._agent_changed(decision)

    def _offer_made(self, decision: acd.OfferMade) -> None:
        now_ns = self._floor.clock.now_ns()
        contact = self._floor.contact(ContactId(decision.contact))
        agent = AgentId(decision.agent)
        seat = self._floor.seat(agent)
        contact.offer = decision
        seat.offer, seat.offered_ns = decision, now_ns
        self._floor.log.emit(
            ContactOffered(
                at_ns=now_ns,
                contact=contact.id,
                queue=contact.queue.name,
                offer=OfferId(decision.offer),
                agent=agent,
                expires_ns=decision.expires_ns,
                waited_ms=decision.waited_ns // MS,
                why=decision.explanation.sentence(),
            )
        )

    def _offer_ended(self, decision: acd.OfferEnded) -> None:
        contact = self._floor.contacts.get(ContactId(decision.contact))
        if contact is not None and contact.offer is not None and contact.offer.offer == decision.offer:
            contact.offer = None
        agent = AgentId(decision.agent)
        seat = self._floor.seat(agent)
        if seat.offer is not None and seat.offer.offer == decision.offer:
            seat.offer = None
        self._floor.log.emit(
            OfferClosed(
                at_ns=self._floor.clock.now_ns(),
                contact=ContactId(decision.contact),
                offer=OfferId(decision.offer),
                agent=agent,
                end=OfferEnd(decision.end),
            )
        )

    def _assigned(self, decision: acd.ContactAssigned) -> None:
        contact = self._floor.contact(ContactId(decision.contact))
        agent = AgentId(decision.agent)
        seat = self._floor.seat(agent)
        contact.agent, seat.contact = agent, contact
        self._floor.log.emit(
            ContactAssigned(
                at_ns=self._floor.clock.now_ns(), contact=contact.id, agent=agent, offer=OfferId(decision.offer)
            )
        )
        if contact.channel is Channel.CHAT:
            self._conversations.start_chat(contact, agent)
        else:
            contact.move(ContactState.CONNECTING)
            contact.timer = self._floor.scheduler.call_later(
                connect_limit_ms(contact), lambda: self.requeue(contact, "no audio from the agent")
            )
        self._floor.queue_changed(contact.queue.name)

    def _agent_changed(self, decision: acd.AgentStateChanged) -> None:
        now_ns = self._floor.clock.now_ns()
        agent = AgentId(decision.agent)
        seat = self._floor.seat(agent)
        self._floor.move_seat(seat, AgentState(decision.state))
        seat.reason = decision.reason
        seat.since_ns, seat.until_ns = now_ns, decision.until_ns
        if seat.state not in IN_HAND:
            self._clear(seat)
        self._floor.log.emit(
            AgentStateChanged(
                at_ns=now_ns,
                agent=agent,
                state=seat.state,
                reason=seat.reason,
                until_ns=seat.until_ns,
                contact=None if decision.contact is None else ContactId(decision.contact),
            )
        )
        for queue in seat.config.queues:
            self._floor.queue_changed(queue)

    def _clear(self, seat: Seat) -> None:
        """The wrap-up is over: nobody needs the ended contact any more."""
        contact, seat.contact = seat.contact, None
        if contact is not None and contact.ended:
            self._floor.contacts.pop(contact.id, None)
