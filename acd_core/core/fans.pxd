from libc.stdint cimport int32_t

from acd_core.core.agents cimport Agents
from acd_core.core.contacts cimport Contacts


cdef class Fans:
    cdef Contacts contacts
    cdef Agents agents
    cdef dict absent
    cdef int32_t count

    cdef int add(self, int32_t contact) except -1
    cdef int remove(self, int32_t contact) except -1
    cdef int set_first(self, int32_t agent, object name, int32_t contact) except -1
    cdef int signed_in(self, int32_t agent) except -1
    cdef int signed_out(self, int32_t agent) except -1

    cdef inline int32_t first(self, int32_t agent) noexcept:
        """The first that waits for this agent alone, or -1."""
        return self.agents.rows[agent].first_fan

    cdef inline int32_t after(self, int32_t contact) noexcept:
        return self.contacts.extras[self.contacts.rows[contact].extra].fan_after

    cdef inline int32_t get(self, int32_t extra) noexcept:
        """The contact of a row of extras if it waits for one agent alone, else -1."""
        return self.contacts.extras[extra].fan
