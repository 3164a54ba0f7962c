# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Who must be looked at when the event's consequences are settled: contacts that came to want an agent, agents that
came to be free."""

cimport cython
from libc.stdint cimport int32_t
from libc.stdlib cimport free

from acd_core.core.memory cimport grow, larger


@cython.final
cdef class Marks:
    def __dealloc__(self):
        free(self.items)

    cdef int add(self, int32_t item) except -1:
        if self.size == self.capacity:
            self.items = <int32_t*>grow(self.items, sizeof(int32_t), self.capacity, larger(self.capacity))
            self.capacity = larger(self.capacity)
        self.items[self.size] = item
        self.size += 1
        return 0
