# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Queues: their settings, how many contacts they have in each state, and the profiles of agents that serve them.

A queue's row outlives its removal while a profile still names it: it comes to life again if the queue is configured
anew.
"""

cimport cython
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport free
from libc.string cimport memset

from acd_core.core.bits cimport BitRows
from acd_core.core.memory cimport grow
from acd_core.core.names cimport Names


@cython.final
cdef class Queues:
    def __cinit__(self):
        self.names = Names()
        self.profiles = BitRows()
        self.skills = []
        self.strategies = []

    def __dealloc__(self):
        free(self.rows)

    cdef int32_t find(self, object name) except -2:
        """The slot of a configured queue, or -1."""
        cdef int32_t queue = self.names.find(name)
        return queue if queue >= 0 and self.rows[queue].configured else -1

    cdef int32_t hold(self, object name) except -1:
        cdef int32_t queue = self.names.find(name)
        if queue >= 0:
            return queue
        queue = self.names.add(name)
        if self.names.slots.capacity > self.capacity:
            self.rows = <QueueRow*>grow(self.rows, sizeof(QueueRow), self.capacity, self.names.slots.capacity)
            self.capacity = self.names.slots.capacity
            self.skills.extend([None] * (self.capacity - len(self.skills)))
            self.strategies.extend([None] * (self.capacity - len(self.strategies)))
        self.profiles.reserve(self.capacity, 1)
        memset(&self.rows[queue], 0, sizeof(QueueRow))
        return queue

    cdef int32_t configure(
        self, object name, int64_t offer_ns, int64_t wrap_up_ns, frozenset skills, object strategy
    ) except -1:
        cdef int32_t queue = self.hold(name)
        if not self.rows[queue].configured:
            self.rows[queue].configured = True
            self.count += 1
        self.rows[queue].offer_ns = offer_ns
        self.rows[queue].wrap_up_ns = wrap_up_ns
        self.skills[queue] = skills
        self.strategies[queue] = strategy
        return queue

    cdef int remove(self, int32_t queue) except -1:
        self.rows[queue].configured = False
        self.skills[queue] = None
        self.count -= 1
        if self.rows[queue].profiles == 0:
            self.names.remove(queue)
        return 0

    cdef int enter_profile(self, int32_t profile, frozenset queues) except -1:
        for name in queues:
            self.rows[self.hold(name)].profiles += 1
        self.profiles.reserve(self.capacity, profile + 1)
        for name in queues:
            self.profiles.set(self.names.find(name), profile)
        return 0

    cdef int leave_profile(self, int32_t profile, frozenset queues) except -1:
        cdef int32_t queue
        for name in queues:
            queue = self.names.find(name)
            self.profiles.clear(queue, profile)
            self.rows[queue].profiles -= 1
            if self.rows[queue].profiles == 0 and not self.rows[queue].configured:
                self.names.remove(queue)
        return 0

    cdef int count_agents(self, frozenset queues, int32_t change) except -1:
        """An agent who serves these came or went."""
        for name in queues:
            self.rows[self.names.find(name)].agents += change
        return 0
