from libc.stdint cimport int32_t, int64_t, uint64_t

from acd_core.core.eligibility cimport Eligibility
from acd_core.core.lots cimport Barred


cdef struct Candidate:
    int64_t term
    int64_t sequence
    int32_t agent


cdef struct RowPart:
    # the agents of a lane, in the row of a weighted draw
    uint64_t key
    int64_t weight
    int32_t lane


cdef class Lottery(Eligibility):
    cdef uint64_t seed
    cdef RowPart* parts
    cdef int32_t parts_size
    cdef int32_t parts_capacity
    cdef int64_t total
    cdef Barred* barred
    cdef int32_t barred_size
    cdef int32_t barred_capacity

    cdef int draw(self, int32_t contact, int32_t number, Candidate* best) except -1
    cdef int prepare_draw(self, int32_t contact) except -1
    cdef int leave_out(self, int32_t contact, int32_t agent) except -1
    cdef int32_t draw_from_lane(self, int32_t lane, int64_t point) noexcept
    cdef int list_drawn(self, int32_t contact, list found) except -1
