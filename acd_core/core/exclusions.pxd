from libc.stdint cimport int32_t, int64_t

from acd_core.core.agents cimport Agents
from acd_core.core.contacts cimport Contacts
from acd_core.core.memory cimport Slots
from acd_core.core.timers cimport Timers


cdef struct ExclusionRow:
    int32_t contact
    int32_t agent
    int32_t timer
    int32_t next


cdef class Exclusions:
    cdef Slots slots
    cdef ExclusionRow* rows
    cdef int32_t capacity
    cdef Contacts contacts
    cdef Agents agents
    cdef Timers timers

    cdef int add(self, int32_t contact, int32_t agent, int64_t until_ns, int64_t sequence) except -1
    cdef void remove(self, int32_t exclusion) noexcept
    cdef void forget_contact(self, int32_t contact) noexcept
    cdef void forget_agent(self, int32_t agent) noexcept

    cdef inline bint has(self, int32_t contact, int32_t agent) noexcept:
        cdef int32_t exclusion = self.contacts.rows[contact].exclusions
        while exclusion >= 0:
            if self.rows[exclusion].agent == agent:
                return True
            exclusion = self.rows[exclusion].next
        return False
