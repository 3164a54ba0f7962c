# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Skills: a number for each name while anybody names it, the profiles that have it, and at which level.

A name is kept while it has *uses* (by what is here) or *shadows* (by kinds of contacts that are kept for their return);
only those with uses count towards the limit.  `acd_core.core.flow` bounds the others.
"""

cimport cython
from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

from acd_core.core.bits cimport BitRows
from acd_core.core.memory cimport grow
from acd_core.core.names cimport Names

DEF FULL_LEVEL = 100


@cython.final
cdef class Skills:
    def __cinit__(self, int64_t names_max):
        self.names_max = names_max
        self.names = Names()
        self.profiles = BitRows()

    def __dealloc__(self):
        free(self.uses)
        free(self.shadows)
        free(self.levels)

    cdef int32_t get(self, object name) except -1:
        """The number of a skill that is here for certain."""
        cdef int32_t skill = self.names.find(name)
        assert skill >= 0, f"skill {name!r} is not held"
        return skill

    cdef int hold(self, object names) except -1:
        """Somebody names these: a queue, a kind of contacts or a profile of agents."""
        cdef int32_t skill, capacity
        for name in names:
            skill = self.names.find(name)
            if skill < 0:
                skill = self.names.add(name)
                capacity = self.names.slots.capacity
                if capacity > self.capacity:
                    self.uses = <int32_t*>grow(self.uses, sizeof(int32_t), self.capacity, capacity)
                    self.shadows = <int32_t*>grow(self.shadows, sizeof(int32_t), self.capacity, capacity)
                    self.capacity = capacity
                self.profiles.reserve(self.capacity, 1)
                self.reserve(self.rows)
            if self.uses[skill] == 0:
                self.live += 1
            self.uses[skill] += 1
        return 0

    cdef int release(self, object names) except -1:
        """The counterpart of `hold`; a skill that nobody names any more is forgotten."""
        cdef int32_t skill
        for name in names:
            skill = self.get(name)
            self.uses[skill] -= 1
            if self.uses[skill] == 0:
                self.live -= 1
                if self.shadows[skill] == 0:
                    self.names.remove(skill)
        return 0

    cdef void hold_again(self, int32_t* skills, int32_t count) noexcept:
        cdef int32_t place, skill
        for place in range(count):
            skill = skills[place]
            self.shadows[skill] -= 1
            if self.uses[skill] == 0:
                self.live += 1
            self.uses[skill] += 1

    cdef void release_to_shadow(self, int32_t* skills, int32_t count) noexcept:
        cdef int32_t place, skill
        for place in range(count):
            skill = skills[place]
            self.shadows[skill] += 1
            self.uses[skill] -= 1
            if self.uses[skill] == 0:
                self.live -= 1

    cdef int32_t count_unused(self, int32_t* skills, int32_t count) noexcept:
        cdef int32_t place, unused = 0
        for place in range(count):
            unused += self.uses[skills[place]] == 0
        return unused

    cdef int32_t count_new(self, object names) except -1:
        cdef int32_t skill, count = 0
        for name in names:
            skill = self.names.find(name)
            if skill < 0 or self.uses[skill] == 0:
                count += 1
        return count

    cdef int reserve(self, int32_t profiles) except -1:
        """Levels for so many profiles and all skills that there are."""
        cdef int32_t stride = max(self.stride, self.capacity, 1)
        cdef int32_t rows = max(self.rows, profiles)
        cdef int32_t row
        cdef uint8_t* levels
        if rows == self.rows and stride == self.stride:
            return 0
        levels = <uint8_t*>calloc(<size_t>rows * stride + 1, 1)
        if levels is NULL:
            raise MemoryError("the distributor can't get memory for a larger table of levels")
        for row in range(self.rows):
            memcpy(levels + <size_t>row * stride, self.levels_of(row), self.stride)
        free(self.levels)
        self.levels = levels
        self.rows = rows
        self.stride = stride
        return 0

    cdef int enter_profile(self, int32_t profile, frozenset skills, frozenset levels) except -1:
        cdef int32_t skill
        cdef uint8_t* row
        self.profiles.reserve(self.capacity, profile + 1)
        if profile >= self.rows:
            self.reserve(max(profile + 1, self.rows + (self.rows >> 1)))
        row = self.levels_of(profile)
        memset(row, 0, self.stride)
        for name in skills:
            skill = self.get(name)
            self.profiles.set(skill, profile)
            row[skill] = FULL_LEVEL + 1
        for name, level in levels:
            skill = self.get(name)
            self.profiles.set(skill, profile)
            row[skill] = <uint8_t><int>level + 1
        return 0

    cdef int leave_profile(self, int32_t profile, frozenset skills, frozenset levels) except -1:
        cdef uint8_t* row = self.levels_of(profile)
        for name in skills:
            self.profiles.clear(self.get(name), profile)
        for name, _ in levels:
            self.profiles.clear(self.get(name), profile)
        memset(row, 0, self.stride)
        return 0
