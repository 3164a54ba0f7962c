from libc.stdint cimport int32_t, int64_t, uint64_t

from acd_core.core.memory cimport Slots


cdef struct LotNode:
    # 32 bytes, so that it lies in one cache line
    uint64_t key
    int32_t[2] below
    int32_t weight
    # what of it is below to the left: of the children one is looked at, not both
    int32_t left
    int32_t agent


cdef struct Barred:
    # an agent who is left out of a draw
    uint64_t key
    int32_t weight
    int32_t lane
    int32_t agent


cdef class Lots:
    cdef Slots slots
    cdef LotNode* nodes
    cdef int32_t capacity

    cdef int32_t take(self, int32_t agent, uint64_t key, int32_t weight) except -1
    cdef int add(self, int32_t* root, int32_t agent, uint64_t key, int32_t weight) except -1
    cdef void remove(self, int32_t* root, int32_t agent, uint64_t key, int32_t weight) noexcept
    cdef int32_t find(self, int32_t root, int64_t point, int32_t lane, Barred* barred, int32_t count) noexcept
