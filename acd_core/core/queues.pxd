from libc.stdint cimport int32_t, int64_t, uint64_t

from acd_core.core.bits cimport BitRows
from acd_core.core.names cimport Names


cdef enum StrategyCode:
    LONGEST_IDLE
    LEAST_OCCUPIED
    MOST_SKILLED
    LEAST_SKILLED
    ROUND_ROBIN
    RANDOM
    SUCCESS


cdef extern from *:
    """
    /* the score of a contact that is overtaken no more */
    #define ACD_OVERDUE (INT64_C(1) << 62)
    """
    const int64_t OVERDUE "ACD_OVERDUE"


cdef struct QueueRow:
    int64_t offer_ns
    int64_t wrap_up_ns
    int64_t return_ns
    int64_t handle_ms
    # the order of its contacts
    int64_t base
    int64_t rate
    int64_t step
    int64_t toll
    int64_t overtaking_ms
    int64_t objective_ns
    int64_t target
    int64_t blend
    int64_t passed
    int64_t blending
    uint64_t recent
    int32_t seen
    # relaxation and overflow
    int64_t* after_ns
    int32_t steps
    int64_t wait_ns
    # what may send a contact away when it enters
    bint splits
    bint overflows
    bint configured
    bint closed
    int32_t strategy
    int32_t broadcast
    int32_t profiles
    int32_t agents
    int32_t waiting
    int32_t held
    int32_t offered
    int32_t assigned


cdef inline int64_t to_ms(int64_t time_ns) noexcept:
    """Rounded down, also before the beginning of time."""
    return time_ns // 1_000_000 if time_ns >= 0 else -((999_999 - time_ns) // 1_000_000)


cdef class Queues:
    cdef Names names
    cdef QueueRow* rows
    cdef int32_t capacity
    cdef int32_t count
    cdef list settings
    cdef list overflow
    cdef BitRows profiles
    # the terms of scores that change by what happens: blending and ratio
    cdef int64_t* addends
    cdef int64_t served

    cdef int32_t find(self, object name) except -2
    cdef int32_t hold(self, object name) except -1
    cdef int32_t configure(self, object settings) except -1
    cdef int remove(self, int32_t queue) except -1
    cdef int enter_profile(self, int32_t profile, frozenset queues) except -1
    cdef int leave_profile(self, int32_t profile, frozenset queues) except -1
    cdef int32_t orderings(self, int32_t queue) noexcept
    cdef int count_agents(self, frozenset queues, int32_t change) except -1
    cdef void measure(self, int32_t queue, bint good) noexcept
    cdef void refresh_blending(self, int32_t queue) noexcept

    cdef void refresh_addend(self, int32_t queue) noexcept
    cdef void charge(self, int32_t queue) noexcept

    cdef inline int64_t addend(self, int32_t queue, int64_t now_ms) noexcept:
        """What this moment adds to what is fixed of a score (`Kinds.fixed`)."""
        return self.rows[queue].rate * now_ms + self.addends[queue]

    cdef inline int64_t score(self, int32_t queue, int64_t priority, int64_t earliest_ns, int64_t now_ns) noexcept:
        """Rule 7.2."""
        cdef QueueRow* row = &self.rows[queue]
        cdef int64_t waited_ms = now_ns // 1_000_000 - to_ms(earliest_ns)
        if row.overtaking_ms >= 0 and now_ns >= self.overdue_since(queue, earliest_ns):
            return OVERDUE
        return row.base + row.step * priority + row.rate * waited_ms + self.addends[queue]

    cdef inline int64_t overdue_since(self, int32_t queue, int64_t earliest_ns) noexcept:
        """In a queue with a bound: from when on who counts as arrived then is overtaken no more; they are served in the
        order of that."""
        return earliest_ns + self.rows[queue].overtaking_ms * 1_000_000
