# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Contacts that wait for their preferred agent alone: a list for each agent, in no order.

The agent need not be signed in; the lists of those who are not are found by name.
"""

cimport cython
from libc.stdint cimport int32_t

from acd_core.core.agents cimport Agents
from acd_core.core.contacts cimport Contacts, ExtraRow


@cython.final
cdef class Fans:
    def __cinit__(self, Contacts contacts, Agents agents):
        self.contacts = contacts
        self.agents = agents
        self.absent = {}

    cdef int add(self, int32_t contact) except -1:
        cdef ExtraRow* extras = self.contacts.extras
        cdef int32_t row = self.contacts.rows[contact].extra
        cdef object name = <object>extras[row].preferred
        cdef int32_t agent = self.agents.names.find(name)
        cdef int32_t first = self.first(agent) if agent >= 0 else self.absent.get(name, -1)
        extras[row].fan = contact
        extras[row].fan_before = -1
        extras[row].fan_after = first
        if first >= 0:
            extras[self.contacts.rows[first].extra].fan_before = contact
        self.count += 1
        return self.set_first(agent, name, contact)

    cdef int remove(self, int32_t contact) except -1:
        cdef ExtraRow* extras = self.contacts.extras
        cdef ExtraRow* row = &extras[self.contacts.rows[contact].extra]
        cdef object name = <object>row.preferred
        row.fan = -1
        self.count -= 1
        if row.fan_after >= 0:
            extras[self.contacts.rows[row.fan_after].extra].fan_before = row.fan_before
        if row.fan_before >= 0:
            extras[self.contacts.rows[row.fan_before].extra].fan_after = row.fan_after
            return 0
        return self.set_first(self.agents.names.find(name), name, row.fan_after)

    cdef int set_first(self, int32_t agent, object name, int32_t contact) except -1:
        if agent >= 0:
            self.agents.rows[agent].first_fan = contact
        elif contact >= 0:
            self.absent[name] = contact
        else:
            del self.absent[name]
        return 0

    cdef int signed_in(self, int32_t agent) except -1:
        self.agents.rows[agent].first_fan = self.absent.pop(<object>self.agents.names.get(agent), -1)
        return 0

    cdef int signed_out(self, int32_t agent) except -1:
        """Before the agent's row goes."""
        if self.first(agent) >= 0:
            self.absent[<object>self.agents.names.get(agent)] = self.first(agent)
        return 0
