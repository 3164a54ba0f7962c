# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The API of the compiled distributor: events in, decisions out, and everything that can be asked."""

cimport cython
from libc.stdint cimport int32_t, int64_t

from acd_core.core.contact_intake cimport ContactIntake
from acd_core.core.contacts cimport CONTACT_ASSIGNED
from acd_core.core.reading cimport make_snapshot, view_agent, view_contact, view_queue
from acd_core.core.restoring cimport restore

from acd_core import events as ev
from acd_core.errors import (
    OFFER_ENDED,
    OFFER_RESTORED,
    InvalidEventError,
    StaleOfferError,
    not_fresh,
    not_queued,
)
from acd_core.snapshots import check_snapshot

cdef enum EventCode:
    CONTACT_ARRIVED
    OFFER_ACCEPTED
    CONTACT_ENDED
    WRAP_UP_FINISHED
    AGENT_READY
    AGENT_PAUSED
    CONTACT_ABANDONED
    OFFER_REJECTED
    OFFER_REVOKED
    CONTACT_REQUEUED
    CONTACT_TRANSFERRED
    CONTACT_CHANGED
    CONTACT_DEFERRED
    CONTACT_RETURNED
    ASSIGNMENT_ORDERED
    WRAP_UP_EXTENDED
    AGENT_SIGNED_IN
    AGENT_SIGNED_OUT
    AGENT_CHANGED
    QUEUE_CONFIGURED
    QUEUE_REMOVED
    QUEUE_OPENED
    QUEUE_CLOSED
    MATCHING_CONFIGURED

cdef dict CODES = {
    ev.ContactArrived: CONTACT_ARRIVED,
    ev.OfferAccepted: OFFER_ACCEPTED,
    ev.ContactEnded: CONTACT_ENDED,
    ev.WrapUpFinished: WRAP_UP_FINISHED,
    ev.AgentReady: AGENT_READY,
    ev.AgentPaused: AGENT_PAUSED,
    ev.ContactAbandoned: CONTACT_ABANDONED,
    ev.OfferRejected: OFFER_REJECTED,
    ev.OfferRevoked: OFFER_REVOKED,
    ev.ContactRequeued: CONTACT_REQUEUED,
    ev.ContactTransferred: CONTACT_TRANSFERRED,
    ev.ContactChanged: CONTACT_CHANGED,
    ev.ContactDeferred: CONTACT_DEFERRED,
    ev.ContactReturned: CONTACT_RETURNED,
    ev.AssignmentOrdered: ASSIGNMENT_ORDERED,
    ev.WrapUpExtended: WRAP_UP_EXTENDED,
    ev.AgentSignedIn: AGENT_SIGNED_IN,
    ev.AgentSignedOut: AGENT_SIGNED_OUT,
    ev.AgentChanged: AGENT_CHANGED,
    ev.QueueConfigured: QUEUE_CONFIGURED,
    ev.QueueRemoved: QUEUE_REMOVED,
    ev.QueueOpened: QUEUE_OPENED,
    ev.QueueClosed: QUEUE_CLOSED,
    ev.MatchingConfigured: MATCHING_CONFIGURED,
}


@cython.final
cdef class Distributor(ContactIntake):
    def handle(self, object event, object now_ns) -> list:
        self.dispatch(event, self.check_now(now_ns))
        return self.finish()

    def get_timer(self):
        cdef int64_t due_ns = self.engine.next_due_ns()
        return due_ns if due_ns >= 0 else None

    def handle_timer(self, object now_ns) -> list:
        self.begin(self.check_now(now_ns))
        self.engine.run_timers()
        return self.finish()

    def position(self, object contact) -> int:
        cdef int32_t slot
        self.check_whole()
        slot = self.get_contact(contact)
        if self.engine.contacts.rows[slot].state == CONTACT_ASSIGNED:
            raise not_queued(contact, self.agent_name(self.engine.contacts.rows[slot].agent))
        return self.engine.matching.position(slot)

    def explain(self, object offer):
        self.check_whole()
        explanation = self.explanations.get(offer) if type(offer) is int else None
        if explanation is None:
            raise StaleOfferError(offer, OFFER_ENDED)
        if type(explanation) is str:
            raise StaleOfferError(offer, OFFER_RESTORED)
        return explanation

    def agent(self, object agent):
        self.check_whole()
        return view_agent(self.engine, self.get_agent(agent))

    def contact(self, object contact):
        self.check_whole()
        return view_contact(self.engine, self.get_contact(contact))

    def queue(self, object queue):
        self.check_whole()
        return view_queue(self.engine, self.get_queue(queue))

    def snapshot(self):
        self.check_whole()
        return make_snapshot(self.engine)

    def restore(self, object snapshot) -> None:
        if (
            self.engine.now_ns
            or self.engine.sequence
            or self.engine.queues.count
            or self.engine.agents.names.slots.count
        ):
            raise not_fresh()
        check_snapshot(snapshot)
        self.broken = True
        restore(self.engine, self.explanations, snapshot)
        self.broken = False

    cdef list finish(self):
        """The decisions of an event that has been handled wholly."""
        cdef list decisions = self.engine.output.take(self.explanations)
        self.broken = False
        return decisions

    cdef int dispatch(self, object event, int64_t now) except -1:
        """From the event's type to what is done about it; then the consequences are settled."""
        cdef object known = CODES.get(type(event))
        cdef int code
        if known is None:
            raise InvalidEventError(f"not an event of the distributor: {event!r:.80}")
        code = known
        if code == CONTACT_ARRIVED:
            self.contact_arrived(event, now)
        elif code == OFFER_ACCEPTED:
            self.offer_accepted(event, now)
        elif code == CONTACT_ENDED:
            self.contact_ended(event, now)
        elif code == WRAP_UP_FINISHED:
            self.wrap_up_finished(event, now)
        elif code == AGENT_READY:
            self.agent_ready(event, now)
        elif code == AGENT_PAUSED:
            self.agent_paused(event, now)
        elif code == CONTACT_ABANDONED:
            self.contact_abandoned(event, now)
        elif code == OFFER_REJECTED:
            self.offer_rejected(event, now)
        elif code == OFFER_REVOKED:
            self.offer_revoked(event, now)
        elif code == CONTACT_REQUEUED:
            self.contact_requeued(event, now)
        elif code == CONTACT_TRANSFERRED:
            self.contact_transferred(event, now)
        elif code == CONTACT_CHANGED:
            self.contact_changed(event, now)
        elif code == CONTACT_DEFERRED:
            self.contact_deferred(event, now)
        elif code == CONTACT_RETURNED:
            self.contact_returned(event, now)
        elif code == ASSIGNMENT_ORDERED:
            self.assignment_ordered(event, now)
        elif code == WRAP_UP_EXTENDED:
            self.wrap_up_extended(event, now)
        elif code == AGENT_SIGNED_IN:
            self.agent_signed_in(event, now)
        elif code == AGENT_SIGNED_OUT:
            self.agent_signed_out(event, now)
        elif code == AGENT_CHANGED:
            self.agent_changed(event, now)
        elif code == QUEUE_CONFIGURED:
            self.queue_configured(event, now)
        elif code == QUEUE_REMOVED:
            self.queue_removed(event, now)
        elif code == QUEUE_OPENED:
            self.queue_opened(event, now)
        elif code == QUEUE_CLOSED:
            self.queue_closed(event, now)
        elif code == MATCHING_CONFIGURED:
            self.matching_configured(event, now)
        return self.engine.settle()
