from libc.stdint cimport int32_t, int64_t

from acd_core.core.heap cimport Heap
from acd_core.core.memory cimport Slots


cdef enum TimerKind:
    TIMER_OFFER
    TIMER_WRAP_UP
    TIMER_EXCLUSION
    TIMER_RETURN
    TIMER_WINDOW


cdef struct TimerRow:
    int32_t kind
    int32_t owner


cdef class Timers:
    cdef Heap heap
    cdef Slots slots
    cdef int32_t* places
    cdef TimerRow* rows
    cdef int32_t capacity

    cdef int32_t start(self, TimerKind kind, int32_t owner, int64_t due_ns, int64_t sequence) except -1
    cdef void cancel(self, int32_t timer) noexcept
    cdef int64_t get_sequence(self, int32_t timer) noexcept

    cdef inline int32_t next_timer(self) noexcept:
        return self.heap.entries[0].slot
