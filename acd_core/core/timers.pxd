from libc.stdint cimport int32_t, int64_t

from acd_core.core.heap cimport Heap, Places
from acd_core.core.memory cimport Slots


cdef enum TimerKind:
    TIMER_OFFER
    TIMER_WRAP_UP
    TIMER_EXCLUSION
    TIMER_RETURN
    TIMER_WINDOW


cdef enum:
    TIMER_LISTS = 16


cdef enum:
    # rows for each agent: for their offer, the wrap-up of their first work, their return; the last for other timers
    HOMES = 4


cdef inline int32_t find_home(TimerKind kind, int32_t owner) noexcept:
    """The row of a timer of an agent's own, or -1.  A work is an agent's first if its number is even."""
    if kind == TIMER_OFFER:
        return HOMES * owner
    if kind == TIMER_WRAP_UP and owner & 1 == 0:
        return HOMES * (owner >> 1) + 1
    if kind == TIMER_RETURN:
        return HOMES * owner + 2
    return -1


cdef struct TimerRow:
    # ``before``, ``after``: neighbours in its list; ``list`` -1: in the heap, ``before`` its place there
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
    cdef TimerRow* rows
    cdef int32_t capacity
    cdef (TimerList)[16] lists  # TIMER_LISTS
    cdef int32_t list_count

    cdef int32_t start(self, TimerKind kind, int32_t owner, int64_t due_ns, int64_t sequence) except -1
    cdef void cancel(self, int32_t timer) noexcept
    cdef void give_back(self, int32_t timer) noexcept
    cdef Places places(self) noexcept
    cdef int32_t find_list(self, int64_t due_ns, int64_t sequence) noexcept
    cdef int32_t find_next(self) noexcept
