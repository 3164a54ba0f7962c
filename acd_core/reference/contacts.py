"""What happens on the events of contacts."""

from __future__ import annotations

from acd_core import checks
from acd_core import events as ev
from acd_core.errors import (
    DuplicateContactError,
    LimitError,
    not_abandonable,
    not_deferred,
    not_free,
    not_waiting,
)
from acd_core.reference.records import Agent, Contact
from acd_core.reference.restoring import Restoring
from acd_core.requirements import named_skills
from acd_core.states import ContactState


class ContactEvents(Restoring):
    def _contact_arrived(self, event: ev.ContactArrived, now_ns: int) -> None:
        checks.check_contact_arrived(event, now_ns)
        queue = self._queue(event.queue)
        if event.contact in self._contacts:
            raise DuplicateContactError(event.contact)
        if len(self._contacts) >= self._limits.contacts_max:
            raise LimitError("contacts_max", self._limits.contacts_max)
        contact = Contact(
            event.contact,
            queue,
            event.channel,
            event.skills,
            event.needs,
            event.priority,
            event.bonus_ms,
            event.topic,
            event.excluded,
            event.preferred,
            event.preferred_ms,
            event.arrival_ns if event.arrival_ns is not None else now_ns,
            self._sequence + 1,
        )
        self._check_classes_limit(contact.kind)
        self._check_skills_limit(event.skills | named_skills(event.needs))
        self._now_ns = now_ns
        self._next()
        self._contacts[contact.name] = contact
        self._split(contact)
        self._enter(contact)

    def _contact_changed(self, event: ev.ContactChanged, now_ns: int) -> None:
        checks.check_contact_changed(event)
        contact = self._in_queue(event.contact)
        changes = {name: getattr(event, name) for name in checks.CHANGEABLE if getattr(event, name) is not None}
        before = {name: getattr(contact, name) for name in changes}
        self._apply(contact, changes)
        kind = contact.kind
        self._apply(contact, before)
        self._check_classes_limit(kind)
        self._check_skills_limit((event.skills or frozenset()) | named_skills(event.needs or frozenset()))
        self._now_ns = now_ns
        self._apply(contact, changes)
        self._revoke_unfit(contact)

    def _revoke_unfit(self, contact: Contact) -> None:
        """Offers to agents whom it excludes now, or who have no room for what it is now."""
        unfit = [
            offer
            for offer in contact.offers
            if offer.agent.name in contact.excluded or not offer.agent.has_room(contact.channel)
        ]
        for offer in unfit:
            self._take_back(offer, "contact changed")
        if unfit:
            self._come_back(contact)

    @staticmethod
    def _apply(contact: Contact, changes: dict[str, object]) -> None:
        for name, value in changes.items():
            setattr(contact, name, value)

    def _contact_deferred(self, event: ev.ContactDeferred, now_ns: int) -> None:
        checks.check_contact_deferred(event, now_ns)
        contact = self._in_queue(event.contact)
        self._now_ns = now_ns
        self._revoke_offers(contact, "deferred")
        contact.held, contact.held_until_ns = "deferred", event.until_ns

    def _contact_returned(self, event: ev.ContactReturned, now_ns: int) -> None:
        contact = self._contact(event.contact)
        if contact.held != "deferred":
            raise not_deferred(contact.name)
        self._now_ns = now_ns
        self._enter(contact)

    def _contact_transferred(self, event: ev.ContactTransferred, now_ns: int) -> None:
        checks.check_contact_transferred(event)
        contact = self._contact(event.contact)
        queue = contact.queue if event.queue is None else self._queue(event.queue)
        self._now_ns = now_ns
        if contact.state is ContactState.ASSIGNED:
            agent = self._holder(contact)
            self._forget_exclusions(contact=contact.name)
            self._set_contact(contact, ContactState.WAITING)
            contact.agent = None
            self._finish_work(agent, contact, event.reason, spare=contact)
        else:
            self._revoke_offers(contact, event.reason)
            self._forget_exclusions(contact=contact.name)
        contact.preferred, contact.preferred_ms, contact.hops = event.agent, event.agent_ms, 0
        self._move(contact, queue, event.reason)
        self._enter(contact)

    def _contact_abandoned(self, event: ev.ContactAbandoned, now_ns: int) -> None:
        contact = self._contact(event.contact)
        if contact.state is ContactState.ASSIGNED:
            assert contact.agent is not None
            raise not_abandonable(contact.name, contact.agent)
        self._now_ns = now_ns
        self._measure(contact, served=False)
        self._revoke_offers(contact, "customer left")
        self._remove_contact(contact)

    def _contact_ended(self, event: ev.ContactEnded, now_ns: int) -> None:
        contact, agent = self._assigned(event.contact)
        self._now_ns = now_ns
        self._remove_contact(contact)
        self._finish_work(agent, contact, "contact over")

    def _contact_requeued(self, event: ev.ContactRequeued, now_ns: int) -> None:
        checks.check_reason(event.reason)
        state = checks.check_after_release(event.agent_state)
        contact, agent = self._assigned(event.contact)
        self._now_ns = now_ns
        self._set_contact(contact, ContactState.WAITING)
        contact.agent = None
        agent.work = [work for work in agent.work if work.contact != contact.name or work.is_wrap_up]
        self._release(agent, state, event.reason, contact, freed=True)
        self._come_back(contact)

    def _assignment_ordered(self, event: ev.AssignmentOrdered, now_ns: int) -> None:
        agent = self._agent(event.agent)
        contact = self._in_queue(event.contact)
        if not self._is_free(agent, contact) or self._is_barred(agent, contact):
            raise not_free(agent.name, contact.name)
        self._now_ns = now_ns
        self._revoke_offers(contact, "assigned by hand")
        if contact.held:
            contact.held, contact.held_until_ns = "", None
        self._make_offer(agent, contact, "by_hand")

    # Small things

    def _in_queue(self, name: object) -> Contact:
        """One that waits or rings."""
        contact = self._contact(name)
        if contact.state is ContactState.ASSIGNED:
            assert contact.agent is not None
            raise not_waiting(contact.name, contact.agent)
        return contact

    def _holder(self, contact: Contact) -> Agent:
        assert contact.agent is not None
        return self._agents[contact.agent]

    def _remove_contact(self, contact: Contact) -> None:
        self._set_contact(contact, ContactState.ENDED)
        del self._contacts[contact.name]
        self._forget_exclusions(contact=contact.name)
