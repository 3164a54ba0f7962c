# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Who is spared which contact for a while, after rejecting it: a chain at each contact, a count at each agent.

Both are empty nearly always, and then the matching does not look here at all.
"""

cimport cython
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport free

from acd_core.core.agents cimport Agents
from acd_core.core.contacts cimport Contacts
from acd_core.core.memory cimport Slots, grow
from acd_core.core.timers cimport TIMER_EXCLUSION, Timers


@cython.final
cdef class Exclusions:
    def __cinit__(self, Contacts contacts, Agents agents, Timers timers):
        self.slots = Slots()
        self.contacts = contacts
        self.agents = agents
        self.timers = timers

    def __dealloc__(self):
        free(self.rows)

    cdef int add(self, int32_t contact, int32_t agent, int64_t until_ns, int64_t sequence) except -1:
        cdef ExclusionRow* row
        cdef int32_t exclusion = self.slots.take()
        if self.slots.capacity > self.capacity:
            self.rows = <ExclusionRow*>grow(self.rows, sizeof(ExclusionRow), self.capacity, self.slots.capacity)
            self.capacity = self.slots.capacity
        row = &self.rows[exclusion]
        row.contact = contact
        row.agent = agent
        row.timer = self.timers.start(TIMER_EXCLUSION, exclusion, until_ns, sequence)
        row.next = self.contacts.rows[contact].exclusions
        self.contacts.rows[contact].exclusions = exclusion
        self.agents.rows[agent].exclusions += 1
        return 0

    cdef void remove(self, int32_t exclusion) noexcept:
        cdef ExclusionRow* row = &self.rows[exclusion]
        cdef int32_t* link = &self.contacts.rows[row.contact].exclusions
        while link[0] != exclusion:
            link = &self.rows[link[0]].next
        link[0] = row.next
        self.agents.rows[row.agent].exclusions -= 1
        self.timers.cancel(row.timer)
        row.contact = -1
        self.slots.give_back(exclusion)

    cdef void forget_contact(self, int32_t contact) noexcept:
        while self.contacts.rows[contact].exclusions >= 0:
            self.remove(self.contacts.rows[contact].exclusions)

    cdef void forget_agent(self, int32_t agent) noexcept:
        """Looks at all of them, but only for an agent who has some."""
        cdef int32_t exclusion = 0
        while self.agents.rows[agent].exclusions > 0:
            if self.rows[exclusion].contact >= 0 and self.rows[exclusion].agent == agent:
                self.remove(exclusion)
            exclusion += 1
