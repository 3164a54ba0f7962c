# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The API of the compiled distributor: check an event wholly, hand it to the engine, and turn its records to decisions.

What the checks refuse, and in which order, is the same as in `acd_core.reference`; the tests compare the messages.
"""

cimport cython
from libc.stdint cimport int32_t, int64_t

from acd_core.core.agents cimport AGENT_WRAP_UP, AgentStateCode
from acd_core.core.contacts cimport CONTACT_ASSIGNED
from acd_core.core.engine cimport Engine
from acd_core.core.reading cimport make_snapshot, view_agent, view_contact, view_queue

from acd_core import events as ev
from acd_core.checks import (
    NAME_CHARS_MAX,
    REASON_CHARS_MAX,
    check_after_release,
    check_agent_signed_in,
    check_arrival,
    check_contact_arrived,
    check_name,
    check_queue_configured,
    check_reason,
    check_time,
    check_wrap_up_extended,
)
from acd_core.errors import (
    OFFER_ENDED,
    OFFER_EXPIRED,
    OFFER_OF_ANOTHER,
    DuplicateAgentError,
    DuplicateContactError,
    InvalidEventError,
    LimitError,
    StaleOfferError,
    UnknownAgentError,
    UnknownContactError,
    UnknownQueueError,
    not_abandonable,
    not_assigned,
    not_in_wrap_up,
    not_queued,
    queue_in_use,
)
from acd_core.limits import Limits
from acd_core.states import AgentState, ContactState

cdef enum EventCode:
    QUEUE_CONFIGURED
    QUEUE_REMOVED
    AGENT_SIGNED_IN
    AGENT_CHANGED
    AGENT_READY
    AGENT_PAUSED
    AGENT_SIGNED_OUT
    CONTACT_ARRIVED
    CONTACT_ABANDONED
    CONTACT_ENDED
    CONTACT_REQUEUED
    OFFER_ACCEPTED
    OFFER_REJECTED
    OFFER_REVOKED
    WRAP_UP_FINISHED
    WRAP_UP_EXTENDED

cdef dict CODES = {
    ev.QueueConfigured: QUEUE_CONFIGURED,
    ev.QueueRemoved: QUEUE_REMOVED,
    ev.AgentSignedIn: AGENT_SIGNED_IN,
    ev.AgentChanged: AGENT_CHANGED,
    ev.AgentReady: AGENT_READY,
    ev.AgentPaused: AGENT_PAUSED,
    ev.AgentSignedOut: AGENT_SIGNED_OUT,
    ev.ContactArrived: CONTACT_ARRIVED,
    ev.ContactAbandoned: CONTACT_ABANDONED,
    ev.ContactEnded: CONTACT_ENDED,
    ev.ContactRequeued: CONTACT_REQUEUED,
    ev.OfferAccepted: OFFER_ACCEPTED,
    ev.OfferRejected: OFFER_REJECTED,
    ev.OfferRevoked: OFFER_REVOKED,
    ev.WrapUpFinished: WRAP_UP_FINISHED,
    ev.WrapUpExtended: WRAP_UP_EXTENDED,
}
cdef tuple AGENT_STATES = tuple(AgentState)
cdef tuple CONTACT_STATES = tuple(ContactState)
cdef dict AGENT_STATE_CODES = {state: code for code, state in enumerate(AgentState)}
cdef int64_t NS_PER_MS = 1_000_000
cdef int64_t TIME_NS_MAX = <int64_t>1 << 62
cdef Py_ssize_t NAME_MAX = NAME_CHARS_MAX
cdef Py_ssize_t REASON_MAX = REASON_CHARS_MAX


cdef inline int quick_check_name(object name, str what) except -1:
    if type(name) is not str or not 1 <= len(<str>name) <= NAME_MAX:
        check_name(name, what)
    return 0


cdef inline int quick_check_reason(object reason) except -1:
    if type(reason) is not str or len(<str>reason) > REASON_MAX:
        check_reason(reason)
    return 0


@cython.final
cdef class Distributor:
    cdef Engine engine
    cdef dict explanations
    cdef bint broken
    cdef readonly object limits

    def __init__(self, limits=None):
        self.limits = limits if limits is not None else Limits()
        self.engine = Engine(self.limits.exclusions_max)
        self.explanations = {}

    def handle(self, object event, object now_ns) -> list:
        cdef int64_t now = self.check_now(now_ns)
        cdef object code = CODES.get(type(event))
        if code is None:
            raise InvalidEventError(f"not an event of the distributor: {event!r:.80}")
        try:
            self.dispatch(code, event, now)
            return self.engine.output.take(self.explanations)
        except MemoryError:
            self.broken = True
            raise

    def get_timer(self):
        cdef int64_t due_ns = self.engine.timers.next_due_ns()
        return due_ns if due_ns >= 0 else None

    def handle_timer(self, object now_ns) -> list:
        cdef int64_t now = self.check_now(now_ns)
        self.engine.now_ns = now
        try:
            self.engine.run_timers()
            return self.engine.output.take(self.explanations)
        except MemoryError:
            self.broken = True
            raise

    def position(self, object contact) -> int:
        cdef int32_t slot = self.get_contact(contact)
        if self.engine.contacts.rows[slot].state == CONTACT_ASSIGNED:
            raise not_queued(contact, self.agent_name(self.engine.contacts.rows[slot].agent))
        return self.engine.contacts.position(slot)

    def explain(self, object offer):
        explanation = self.explanations.get(offer) if type(offer) is int else None
        if explanation is None:
            raise StaleOfferError(offer, OFFER_ENDED)
        return explanation

    def agent(self, object agent):
        return view_agent(self.engine, self.get_agent(agent))

    def contact(self, object contact):
        return view_contact(self.engine, self.get_contact(contact))

    def queue(self, object queue):
        return view_queue(self.engine, self.get_queue(queue))

    def snapshot(self):
        return make_snapshot(self.engine)

    # From the event's name to what is done about it

    cdef int dispatch(self, int code, object event, int64_t now) except -1:
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
        return 0

    # Queues

    cdef int queue_configured(self, object event, int64_t now) except -1:
        cdef int64_t offer_ms, wrap_up_ms
        check_queue_configured(event)
        if self.engine.queues.find(event.queue) < 0 and self.engine.queues.count >= self.limits.queues_max:
            raise LimitError("queues_max", self.limits.queues_max)
        self.check_skills_limit(event.skills)
        offer_ms = event.offer_ms
        wrap_up_ms = event.wrap_up_ms
        self.engine.now_ns = now
        self.engine.configure_queue(
            event.queue, offer_ms * NS_PER_MS, wrap_up_ms * NS_PER_MS, event.skills, event.strategy
        )
        return 0

    cdef int queue_removed(self, object event, int64_t now) except -1:
        cdef int32_t queue = self.get_queue(event.queue)
        cdef int32_t contacts = (
            self.engine.queues.rows[queue].waiting
            + self.engine.queues.rows[queue].offered
            + self.engine.queues.rows[queue].assigned
        )
        if contacts:
            raise queue_in_use(event.queue, contacts)
        self.engine.now_ns = now
        self.engine.remove_queue(queue)
        return 0

    # Agents

    cdef int agent_signed_in(self, object event, int64_t now) except -1:
        check_agent_signed_in(event)
        if self.engine.agents.names.find(event.agent) >= 0:
            raise DuplicateAgentError(event.agent)
        self.check_queues_known(event.queues)
        if self.engine.agents.names.slots.count >= self.limits.agents_max:
            raise LimitError("agents_max", self.limits.agents_max)
        self.check_skills_limit(event.skills)
        self.check_profiles_limit(event.queues, event.skills)
        self.engine.now_ns = now
        self.engine.sign_in(event.agent, event.queues, event.skills)
        return 0

    cdef int agent_changed(self, object event, int64_t now) except -1:
        cdef int32_t agent
        check_agent_signed_in(event)
        agent = self.get_agent(event.agent)
        self.check_queues_known(event.queues)
        self.check_skills_limit(event.skills)
        self.check_profiles_limit(event.queues, event.skills)
        self.engine.now_ns = now
        self.engine.change_agent(agent, event.queues, event.skills)
        return 0

    cdef int agent_ready(self, object event, int64_t now) except -1:
        cdef int32_t agent = self.get_agent(event.agent)
        self.engine.now_ns = now
        self.engine.ready(agent)
        return 0

    cdef int agent_paused(self, object event, int64_t now) except -1:
        cdef object reason = event.reason
        cdef int32_t agent
        quick_check_reason(reason)
        agent = self.get_agent(event.agent)
        self.engine.now_ns = now
        self.engine.pause(agent, reason)
        return 0

    cdef int agent_signed_out(self, object event, int64_t now) except -1:
        cdef int32_t agent = self.get_agent(event.agent)
        self.engine.now_ns = now
        self.engine.sign_out(agent)
        return 0

    # Contacts

    cdef int contact_arrived(self, object event, int64_t now) except -1:
        cdef object name = event.contact
        cdef object skills = event.skills
        cdef object arrival = event.arrival_ns
        cdef object klass = None
        cdef tuple key = (event.queue, event.channel, skills)
        cdef int64_t arrival_ns
        if type(skills) is frozenset and isinstance(key[0], str) and isinstance(key[1], str):
            klass = self.engine.contacts.classes.by_key.get(key)
        if klass is None:
            check_contact_arrived(event, now)
            self.get_queue(event.queue)
        else:
            quick_check_name(name, "contact")
            if arrival is not None:
                check_arrival(arrival, now)
        if self.engine.contacts.names.find(name) >= 0:
            raise DuplicateContactError(name)
        if self.engine.contacts.names.slots.count >= self.limits.contacts_max:
            raise LimitError("contacts_max", self.limits.contacts_max)
        if klass is None:
            klass = self.engine.contacts.classes.by_key.get(key)
        if klass is None:
            if self.engine.contacts.classes.slots.count >= self.limits.classes_max:
                raise LimitError("classes_max", self.limits.classes_max)
            self.check_skills_limit(skills)
            klass = self.engine.add_class(key, self.get_queue(event.queue))
        arrival_ns = now if arrival is None else arrival
        self.engine.now_ns = now
        self.engine.arrive(name, klass, arrival_ns)
        return 0

    cdef int contact_abandoned(self, object event, int64_t now) except -1:
        cdef int32_t contact = self.get_contact(event.contact)
        if self.engine.contacts.rows[contact].state == CONTACT_ASSIGNED:
            raise not_abandonable(event.contact, self.agent_name(self.engine.contacts.rows[contact].agent))
        self.engine.now_ns = now
        self.engine.abandon(contact)
        return 0

    cdef int contact_ended(self, object event, int64_t now) except -1:
        cdef int32_t contact = self.get_assigned(event.contact)
        self.engine.now_ns = now
        self.engine.end(contact)
        return 0

    cdef int contact_requeued(self, object event, int64_t now) except -1:
        cdef object reason = event.reason
        cdef AgentStateCode state
        cdef int32_t contact
        quick_check_reason(reason)
        state = <AgentStateCode><int>AGENT_STATE_CODES[check_after_release(event.agent_state)]
        contact = self.get_assigned(event.contact)
        self.engine.now_ns = now
        self.engine.requeue(contact, state, reason)
        return 0

    # Offers

    cdef int offer_accepted(self, object event, int64_t now) except -1:
        cdef int32_t offer = self.get_answerable_offer(event.offer, self.get_agent(event.agent), now)
        self.engine.now_ns = now
        self.engine.accept(offer)
        return 0

    cdef int offer_rejected(self, object event, int64_t now) except -1:
        cdef object reason = event.reason
        cdef int32_t offer
        quick_check_reason(reason)
        offer = self.get_answerable_offer(event.offer, self.get_agent(event.agent), now)
        self.engine.now_ns = now
        self.engine.reject(offer, reason)
        return 0

    cdef int offer_revoked(self, object event, int64_t now) except -1:
        cdef object reason = event.reason
        cdef AgentStateCode state
        cdef int32_t offer
        quick_check_reason(reason)
        state = <AgentStateCode><int>AGENT_STATE_CODES[check_after_release(event.agent_state)]
        offer = self.engine.agents.rows[self.get_agent(self.explain(event.offer).agent)].offer
        self.engine.now_ns = now
        self.engine.revoke(offer, state, reason)
        return 0

    # Wrap-up

    cdef int wrap_up_finished(self, object event, int64_t now) except -1:
        cdef int32_t agent = self.get_in_wrap_up(event.agent)
        self.engine.now_ns = now
        self.engine.finish_wrap_up(agent, "wrap-up finished")
        return 0

    cdef int wrap_up_extended(self, object event, int64_t now) except -1:
        cdef int32_t agent
        check_wrap_up_extended(event, now)
        agent = self.get_in_wrap_up(event.agent)
        self.engine.now_ns = now
        self.engine.extend_wrap_up(agent, event.until_ns)
        return 0

    # Look-up, with the documented errors

    cdef int64_t check_now(self, object now_ns) except -1:
        cdef int64_t now
        if self.broken:
            raise MemoryError("the distributor ran out of memory in the middle of an event; start anew")
        if type(now_ns) is int:
            try:
                now = now_ns
            except OverflowError:
                now = -1
            if self.engine.now_ns <= now <= TIME_NS_MAX:
                return now
        check_time(now_ns, self.engine.now_ns)
        raise AssertionError("check_time let pass what it must not")

    cdef int32_t get_agent(self, object name) except -1:
        cdef int32_t agent = self.engine.agents.names.find(name)
        if agent < 0:
            raise UnknownAgentError(name)
        return agent

    cdef int32_t get_contact(self, object name) except -1:
        cdef int32_t contact = self.engine.contacts.names.find(name)
        if contact < 0:
            raise UnknownContactError(name)
        return contact

    cdef int32_t get_queue(self, object name) except -1:
        cdef int32_t queue = self.engine.queues.find(name)
        if queue < 0:
            raise UnknownQueueError(name)
        return queue

    cdef int32_t get_answerable_offer(self, object number, int32_t agent, int64_t now) except -1:
        cdef int32_t offer
        if type(number) is not int or number not in self.explanations:
            raise StaleOfferError(number, OFFER_ENDED)
        offer = self.engine.agents.rows[agent].offer
        if offer < 0 or self.engine.offers[offer].number != <int64_t>number:
            raise StaleOfferError(number, OFFER_OF_ANOTHER)
        if now >= self.engine.offers[offer].expires_ns:
            raise StaleOfferError(number, OFFER_EXPIRED)
        return offer

    cdef int32_t get_assigned(self, object name) except -1:
        cdef int32_t contact = self.get_contact(name)
        cdef int32_t state = self.engine.contacts.rows[contact].state
        if state != CONTACT_ASSIGNED:
            raise not_assigned(name, CONTACT_STATES[state])
        return contact

    cdef int32_t get_in_wrap_up(self, object name) except -1:
        cdef int32_t agent = self.get_agent(name)
        cdef int32_t state = self.engine.agents.rows[agent].state
        if state != AGENT_WRAP_UP:
            raise not_in_wrap_up(name, AGENT_STATES[state])
        return agent

    cdef object agent_name(self, int32_t agent):
        return <object>self.engine.agents.names.names[agent]

    # Limits

    cdef int check_skills_limit(self, frozenset skills) except -1:
        cdef int32_t new = self.engine.skills.count_new(skills)
        if new and self.engine.skills.names.slots.count + new > self.limits.skills_max:
            raise LimitError("skills_max", self.limits.skills_max)
        return 0

    cdef int check_profiles_limit(self, frozenset queues, frozenset skills) except -1:
        if (queues, skills) not in self.engine.agents.profiles.by_key:
            if self.engine.agents.profiles.slots.count >= self.limits.profiles_max:
                raise LimitError("profiles_max", self.limits.profiles_max)
        return 0

    cdef int check_queues_known(self, frozenset queues) except -1:
        for queue in sorted(queues):
            self.get_queue(queue)
        return 0
