from libc.stdint cimport int32_t, int64_t

from acd_core.core.bits cimport BitRows
from acd_core.core.names cimport Names


cdef struct QueueRow:
    int64_t offer_ns
    int64_t wrap_up_ns
    bint configured
    int32_t profiles
    int32_t agents
    int32_t waiting
    int32_t offered
    int32_t assigned


cdef class Queues:
    cdef Names names
    cdef QueueRow* rows
    cdef int32_t capacity
    cdef int32_t count
    cdef list skills
    cdef list strategies
    cdef BitRows profiles

    cdef int32_t find(self, object name) except -2
    cdef int32_t hold(self, object name) except -1
    cdef int32_t configure(
        self, object name, int64_t offer_ns, int64_t wrap_up_ns, frozenset skills, object strategy
    ) except -1
    cdef int remove(self, int32_t queue) except -1
    cdef int enter_profile(self, int32_t profile, frozenset queues) except -1
    cdef int leave_profile(self, int32_t profile, frozenset queues) except -1
    cdef int count_agents(self, frozenset queues, int32_t change) except -1
