from libc.stdint cimport int32_t

from acd_core.core.bits cimport BitRows
from acd_core.core.names cimport Names


cdef class Skills:
    cdef Names names
    cdef int32_t* uses
    cdef int32_t capacity
    cdef BitRows profiles

    cdef int hold(self, frozenset skills) except -1
    cdef int release(self, frozenset skills) except -1
    cdef int32_t count_new(self, frozenset skills) except -1
    cdef int enter_profile(self, int32_t profile, frozenset skills) except -1
    cdef int leave_profile(self, int32_t profile, frozenset skills) except -1
