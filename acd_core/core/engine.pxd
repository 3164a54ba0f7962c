from libc.stdint cimport int32_t, int64_t

from acd_core.core.agents cimport AgentStateCode
from acd_core.core.settling cimport Settling


cdef class Engine(Settling):
    cdef int configure_queue(self, object settings) except -1
    cdef int remove_queue(self, int32_t queue) except -1
    cdef int open_queue(self, int32_t queue) except -1
    cdef int close_queue(self, int32_t queue, bint drain) except -1
    cdef int configure_matching(self, object settings) except -1
    cdef int sign_in(self, object settings) except -1
    cdef int change_agent(self, int32_t agent, object settings) except -1
    cdef int ready(self, int32_t agent) except -1
    cdef int pause(self, int32_t agent, object reason) except -1
    cdef int sign_out(self, int32_t agent) except -1
    cdef int arrive(
        self,
        object name,
        int32_t kind,
        int64_t arrival_ns,
        int64_t bonus_ns,
        object preferred,
        int64_t preferred_ns,
    ) except -1
    cdef int change_contact(self, int32_t contact, tuple key, object bonus_ms) except -1
    cdef int revoke_unfit(self, int32_t contact) except -1
    cdef bint has_room_for(self, int32_t agent, int32_t contact) noexcept
    cdef int revoke_from(self, int32_t agent) except -1
    cdef int defer(self, int32_t contact, int64_t until_ns) except -1
    cdef int transfer(self, int32_t contact, int32_t queue, object event) except -1
    cdef int abandon(self, int32_t contact) except -1
    cdef int end(self, int32_t contact) except -1
    cdef int requeue(self, int32_t contact, AgentStateCode state, object reason) except -1
    cdef int assign_by_hand(self, int32_t contact, int32_t agent) except -1
    cdef int accept(self, int32_t offer) except -1
    cdef int reject(self, int32_t offer, object reason) except -1
    cdef int revoke(self, int32_t offer, AgentStateCode state, object reason) except -1
    cdef int end_wrap_up(self, int32_t work, object reason) except -1
    cdef int extend_wrap_up(self, int32_t work, int64_t until_ns) except -1
    cdef int remove_contact(self, int32_t contact) except -1
    cdef int remove_work(self, int32_t work) except -1
    cdef int64_t next_due_ns(self) noexcept
    cdef int run_timers(self) except -1
    cdef bint comes_first(self, int32_t timer, int64_t due_ns, int64_t sequence) noexcept
    cdef int run_timer(self, int32_t timer) except -1
