from libc.stdint cimport int32_t, int64_t

from acd_core.core.engine cimport Engine


cdef class Intake:
    cdef Engine engine
    cdef dict explanations
    cdef bint broken
    cdef readonly object limits
    # those that each arrival is held against
    cdef int64_t contacts_max
    cdef int64_t classes_max

    cdef int check_whole(self) except -1
    cdef int64_t check_now(self, object now_ns) except -1
    cdef void begin(self, int64_t now) noexcept

    cdef int queue_configured(self, object event, int64_t now) except -1
    cdef int queue_removed(self, object event, int64_t now) except -1
    cdef int queue_opened(self, object event, int64_t now) except -1
    cdef int queue_closed(self, object event, int64_t now) except -1
    cdef int matching_configured(self, object event, int64_t now) except -1
    cdef int agent_signed_in(self, object event, int64_t now) except -1
    cdef int agent_changed(self, object event, int64_t now) except -1
    cdef int agent_ready(self, object event, int64_t now) except -1
    cdef int agent_paused(self, object event, int64_t now) except -1
    cdef int agent_signed_out(self, object event, int64_t now) except -1
    cdef int offer_accepted(self, object event, int64_t now) except -1
    cdef int offer_rejected(self, object event, int64_t now) except -1
    cdef int offer_revoked(self, object event, int64_t now) except -1
    cdef int wrap_up_finished(self, object event, int64_t now) except -1
    cdef int wrap_up_extended(self, object event, int64_t now) except -1

    cdef int32_t get_agent(self, object name) except -1
    cdef int32_t get_contact(self, object name) except -1
    cdef int32_t get_queue(self, object name) except -1
    cdef int32_t get_answerable_offer(self, object number, int32_t agent, int64_t now) except -1
    cdef int32_t get_assigned(self, object name) except -1
    cdef int32_t get_in_queue(self, object name) except -1
    cdef int32_t get_wrap_up(self, object agent, object contact) except -1
    cdef object agent_name(self, int32_t agent)

    cdef int check_skills_limit(self, object names) except -1
    cdef int check_return(self, int32_t kind) except -1
    cdef int check_kinds_room(self) except -1
    cdef int check_skills_room(self, int32_t new) except -1
    cdef int check_profiles_limit(self, object settings) except -1
    cdef int check_kinds_limit(self, tuple key) except -1
    cdef int check_queues_known(self, frozenset queues) except -1
