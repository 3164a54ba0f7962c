"""Turns what the distributor decided into what happens: an offer rings, an agent gets a contact, a state changes."""

from __future__ import annotations

from acd_core import decisions as acd
from acd_core import events as acd_events
from acd_core.errors import UnknownAgentError
from gateway.config.schema import QueueConfig
from gateway.model.clock import MS
from gateway.model.events import (
    AgentState,
    AgentStateChanged,
    ContactAssigned,
    ContactMoved,
    ContactOffered,
    ContactRequeued,
    ContactTransferred,
    OfferClosed,
    OfferEnd,
)
from gateway.model.ids import AgentId, Channel, ContactId, OfferId, QueueName
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
        self._floor.take(self._floor.seat(agent), contact.id)
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

    def transfer(self, contact: Contact, queue: QueueConfig, to_agent: AgentId | None, reason: str) -> None:
        """Send the contact on; its agent wraps up.  Raises `acd_core.errors.AcdError`; then nothing has changed."""
        agent = contact.agent
        assert agent is not None, "only who has a contact in hand sends it on"

        def taken() -> None:
            self._floor.seat(agent).works[contact.id].gone = True
            self._conversations.back_to_queue(contact)
            self._floor.log.emit(
                ContactTransferred(
                    at_ns=self._floor.clock.now_ns(),
                    contact=contact.id,
                    agent=agent,
                    queue=queue.name,
                    to_agent=to_agent,
                )
            )

        self._floor.router.submit(
            acd_events.ContactTransferred(
                contact=contact.id,
                queue=queue.name,
                agent=to_agent,
                agent_ms=0 if to_agent is None else queue.transfer_wait_ms,
                reason=reason,
            ),
            taken,
        )
        self._floor.queue_changed(queue.name)

    def _decided(self, decision: acd.Decision) -> None:
        if isinstance(decision, acd.OfferMade):
            self._offer_made(decision)
        elif isinstance(decision, acd.OfferEnded):
            self._offer_ended(decision)
        elif isinstance(decision, acd.ContactAssigned):
            self._assigned(decision)
        elif isinstance(decision, acd.AgentStateChanged):
            self._agent_changed(decision)
        elif isinstance(decision, acd.ContactMoved):
            self._moved(decision)
        # Interrupted and resumed contacts are chats: both sides may go on writing, so there is nothing to do.

    def _offer_made(self, decision: acd.OfferMade) -> None:
        now_ns = self._floor.clock.now_ns()
        contact = self._floor.contact(ContactId(decision.contact))
        agent = AgentId(decision.agent)
        seat = self._floor.seat(agent)
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
        self._floor.give(seat, contact)
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
        self._drop_finished(seat)
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

    def _drop_finished(self, seat: Seat) -> None:
        """Wrap-ups that are over: nobody needs those contacts any more."""
        if not seat.config.lanes:
            if seat.state not in IN_HAND:
                for contact in list(seat.works):
                    self._floor.take(seat, contact)
            return
        try:
            work = {ContactId(work.contact): work for work in self._floor.router.agent(seat.config.login).work}
        except UnknownAgentError:
            work = {}
        for contact in list(seat.works):
            if contact in work:
                seat.works[contact].until_ns = work[contact].until_ns
            else:
                self._floor.take(seat, contact)

    def _moved(self, decision: acd.ContactMoved) -> None:
        contact = self._floor.contact(ContactId(decision.contact))
        left, entered = QueueName(decision.from_queue), QueueName(decision.to_queue)
        self._conversations.change_queue(contact, self._floor.queue(entered))
        self._floor.log.emit(
            ContactMoved(
                at_ns=self._floor.clock.now_ns(),
                contact=contact.id,
                from_queue=left,
                queue=entered,
                reason=decision.reason,
            )
        )
        self._floor.queue_changed(left)
        self._floor.queue_changed(entered)
