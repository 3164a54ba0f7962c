from libc.stdint cimport int32_t, int64_t

from acd_core.core.heap cimport Heap
from acd_core.core.memory cimport Slots


cdef enum TimerKind:
    TIMER_OFFER
    TIMER_WRAP_UP
    TIMER_EXCLUSION
    TIMER_RETURN
    TIMER_WINDOW


cdef enum:
    TIMER_LISTS = 16


cdef struct TimerRow:
    # ``before``, ``after``: neighbours in its list; ``list``: -1 in the heap
    int64_t due_ns
    int64_t sequence
    int32_t owner
    int32_t before
    int32_t after
    short kind
    short list


cdef struct TimerList:
    # the ends, and when their timers are due
    int64_t first_ns
    int64_t first_sequence
    int64_t last_ns
    int64_t last_sequence
    int32_t first
    int32_t last


cdef class Timers:
    cdef Heap heap
    cdef Slots slots
    cdef int32_t* places
    cdef TimerRow* rows
    cdef int32_t capacity
    cdef (TimerList)[16] lists  # TIMER_LISTS
    cdef int32_t list_count

    cdef int32_t start(self, TimerKind kind, int32_t owner, int64_t due_ns, int64_t sequence) except -1
    cdef void cancel(self, int32_t timer) noexcept
    cdef int32_t find_list(self, int64_t due_ns, int64_t sequence) noexcept
    cdef int32_t find_next(self) noexcept
