from libc.stdint cimport int32_t, int64_t, uint8_t

from acd_core.core.bits cimport BitRows
from acd_core.core.names cimport Names


cdef class Skills:
    cdef Names names
    cdef int32_t* uses
    cdef int32_t* shadows
    cdef int32_t capacity
    cdef int32_t live
    cdef BitRows profiles
    cdef uint8_t* levels
    cdef int32_t rows
    cdef int32_t stride
    # of names that are held, those with shadows alone among them
    cdef int64_t names_max

    cdef int32_t get(self, object name) except -1
    cdef int hold(self, object names) except -1
    cdef int release(self, object names) except -1
    cdef void hold_again(self, int32_t* skills, int32_t count) noexcept
    cdef void release_to_shadow(self, int32_t* skills, int32_t count) noexcept
    cdef int32_t count_unused(self, int32_t* skills, int32_t count) noexcept
    cdef int32_t count_new(self, object names) except -1
    cdef int reserve(self, int32_t profiles) except -1
    cdef int enter_profile(self, int32_t profile, frozenset skills, frozenset levels) except -1
    cdef int leave_profile(self, int32_t profile, frozenset skills, frozenset levels) except -1

    cdef inline uint8_t* levels_of(self, int32_t profile) noexcept:
        """By skill: the level plus one, 0 where the skill is not had."""
        return self.levels + <size_t>profile * self.stride
