from libc.stdint cimport int32_t, int64_t

from acd_core.core.choosing cimport Choosing
from acd_core.core.heap cimport Entry, Heap


cdef struct Turn:
    int64_t score
    int64_t key
    int64_t sequence
    int32_t contact


cdef inline bint is_sooner(Turn* one, Turn* other) noexcept:
    """Rule 7.2."""
    if one.score != other.score:
        return one.score > other.score
    return one.key < other.key or (one.key == other.key and one.sequence < other.sequence)


cdef class Matching(Choosing):
    cdef dict fans
    cdef int64_t now_ns
    cdef int32_t* classes
    cdef int32_t classes_capacity

    cdef void set_turn(self, Turn* turn, int32_t contact) noexcept
    cdef int find_contact(self, int32_t agent, int32_t skipped, Turn* best) except -1
    cdef int32_t list_classes(self, int32_t profile) except -1
    cdef int32_t first_contact(self, int32_t klass, int32_t agent, int32_t skipped) noexcept
    cdef Entry* first_in_heap(self, Heap* heap, int32_t place, int32_t agent, int32_t skipped) noexcept
    cdef int32_t position(self, int32_t contact) except -1
    cdef int32_t count_sooner(self, Heap* heap, int32_t place, Turn* own) noexcept
