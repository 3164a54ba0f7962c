# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Skills: a number for each name while anybody names it, and the profiles of agents that have it."""

cimport cython
from libc.stdint cimport int32_t
from libc.stdlib cimport free

from acd_core.core.bits cimport BitRows
from acd_core.core.memory cimport grow
from acd_core.core.names cimport Names


@cython.final
cdef class Skills:
    def __cinit__(self):
        self.names = Names()
        self.profiles = BitRows()

    def __dealloc__(self):
        free(self.uses)

    cdef int hold(self, frozenset skills) except -1:
        """Somebody names these: a queue, a class of contacts or a profile of agents."""
        cdef int32_t skill
        for name in skills:
            skill = self.names.find(name)
            if skill < 0:
                skill = self.names.add(name)
                if self.names.slots.capacity > self.capacity:
                    self.uses = <int32_t*>grow(
                        self.uses, sizeof(int32_t), self.capacity, self.names.slots.capacity
                    )
                    self.capacity = self.names.slots.capacity
                self.profiles.reserve(self.capacity, 1)
            self.uses[skill] += 1
        return 0

    cdef int release(self, frozenset skills) except -1:
        """The counterpart of `hold`; a skill that nobody names any more is forgotten."""
        cdef int32_t skill
        for name in skills:
            skill = self.names.find(name)
            self.uses[skill] -= 1
            if self.uses[skill] == 0:
                self.names.remove(skill)
        return 0

    cdef int32_t count_new(self, frozenset skills) except -1:
        cdef int32_t count = 0
        for name in skills:
            if self.names.find(name) < 0:
                count += 1
        return count

    cdef int enter_profile(self, int32_t profile, frozenset skills) except -1:
        self.profiles.reserve(self.capacity, profile + 1)
        for name in skills:
            self.profiles.set(self.names.find(name), profile)
        return 0

    cdef int leave_profile(self, int32_t profile, frozenset skills) except -1:
        for name in skills:
            self.profiles.clear(self.names.find(name), profile)
        return 0
