from cpython.ref cimport PyObject
from libc.stdint cimport int32_t, uint32_t

from acd_core.core.memory cimport Slots


cdef struct Bucket:
    uint32_t digest
    int32_t slot


cdef class Names:
    cdef Slots slots
    cdef PyObject** names
    cdef Bucket* buckets
    cdef uint32_t mask
    cdef int32_t capacity

    cdef int32_t find(self, object name) except -2
    cdef int32_t add(self, object name) except -1
    cdef void remove(self, int32_t slot) noexcept
    cdef int rehash(self) except -1
    cdef void place(self, uint32_t digest, int32_t slot) noexcept
