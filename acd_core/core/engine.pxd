from libc.stdint cimport int32_t, int64_t

from acd_core.core.agents cimport AgentStateCode, Agents
from acd_core.core.contacts cimport Contacts
from acd_core.core.exclusions cimport Exclusions
from acd_core.core.matching cimport Matching
from acd_core.core.memory cimport Slots
from acd_core.core.output cimport OfferEndCode, Output
from acd_core.core.queues cimport Queues
from acd_core.core.skills cimport Skills
from acd_core.core.timers cimport Timers


cdef enum:
    AGENT_GONE = -2


cdef struct OfferRow:
    int64_t number
    int64_t expires_ns
    int32_t contact
    int32_t agent
    int32_t timer


cdef class Engine:
    cdef Skills skills
    cdef Queues queues
    cdef Contacts contacts
    cdef Agents agents
    cdef Timers timers
    cdef Exclusions exclusions
    cdef Matching matching
    cdef Output output
    cdef Slots offer_slots
    cdef OfferRow* offers
    cdef int32_t offer_capacity
    cdef int32_t exclusions_max
    cdef int64_t now_ns
    cdef int64_t sequence
    cdef int64_t offers_made

    cdef int configure_queue(
        self, object name, int64_t offer_ns, int64_t wrap_up_ns, frozenset skills, object strategy
    ) except -1
    cdef int remove_queue(self, int32_t queue) except -1
    cdef int sign_in(self, object name, frozenset queues, frozenset skills) except -1
    cdef int change_agent(self, int32_t agent, frozenset queues, frozenset skills) except -1
    cdef int ready(self, int32_t agent) except -1
    cdef int pause(self, int32_t agent, object reason) except -1
    cdef int sign_out(self, int32_t agent) except -1
    cdef int32_t add_class(self, tuple key, int32_t queue) except -1
    cdef int arrive(self, object name, int32_t klass, int64_t arrival_ns) except -1
    cdef int abandon(self, int32_t contact) except -1
    cdef int end(self, int32_t contact) except -1
    cdef int requeue(self, int32_t contact, AgentStateCode state, object reason) except -1
    cdef int accept(self, int32_t offer) except -1
    cdef int reject(self, int32_t offer, object reason) except -1
    cdef int revoke(self, int32_t offer, AgentStateCode state, object reason) except -1
    cdef int finish_wrap_up(self, int32_t agent, object reason) except -1
    cdef int extend_wrap_up(self, int32_t agent, int64_t until_ns) except -1
    cdef int run_timers(self) except -1

    cdef int32_t get_profile(self, frozenset queues, frozenset skills) except -1
    cdef int drop_profile(self, int32_t profile) except -1
    cdef int settle(self, int32_t contact, int32_t agent) except -1
    cdef int settle_queue(self, int32_t queue) except -1
    cdef int make_offer(self, int32_t contact, int32_t agent) except -1
    cdef int close_offer(self, int32_t offer, OfferEndCode end, object reason) except -1
    cdef int end_offer(self, int32_t offer, OfferEndCode end, object reason) except -1
    cdef int32_t release(self, int32_t agent, AgentStateCode state, object reason, int32_t spare) except -1
    cdef int set_agent(
        self, int32_t agent, AgentStateCode state, object reason, int64_t until_ns, object contact
    ) except -1
    cdef int remove_contact(self, int32_t contact) except -1
