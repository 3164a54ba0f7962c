from libc.stdint cimport int32_t, int64_t

from acd_core.core.flow cimport Flow
from acd_core.core.heap cimport Heap
from acd_core.core.matching cimport RunnersUp, Turn


cdef class Settling(Flow):
    cdef object matching_settings
    cdef int64_t window_ns
    cdef int32_t window_timer

    cdef int settle(self) except -1
    cdef int match(self) except -1
    cdef int fasten(self) except -1
    cdef bint somebody_can_be_served(self) except -1
    cdef int32_t find_single(self, Turn* best, RunnersUp* seconds) except -2
    cdef int32_t find_marked(self, Turn* best) except -2
    cdef int find_any(self, Turn* best) except -1
    cdef int find_in_class(self, int32_t klass, Turn* best) except -1
    cdef int find_servable(self, Heap* heap, int32_t place, Turn* best) except -1
    cdef void forget_marks(self) noexcept
    cdef int end_window(self) except -1
    cdef list joint_round(self)
    cdef list first_contacts(self, int32_t count)
