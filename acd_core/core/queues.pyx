# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Queues: their settings, how many contacts they have in each state, and the profiles of agents that serve them.

A queue's row outlives its removal while a profile still names it: it comes to life again if the queue is configured
anew.
"""

cimport cython
from libc.stdint cimport int32_t, int64_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset

from acd_core.core.bin cimport Bin
from acd_core.core.bits cimport BitRows
from acd_core.core.memory cimport grow
from acd_core.core.names cimport Names
from acd_core.core.profiles cimport BY_IDLE, BY_LOAD, BY_LOT, BY_SCORE, BY_TURN

from acd_core.limits import MEASURED
from acd_core.strategies import STRATEGIES

cdef extern from *:
    """
    #define acd_count_bits(word) __builtin_popcountll(word)
    """
    int count_bits "acd_count_bits" (uint64_t word) noexcept

cdef dict CODES = {
    "longest_idle": LONGEST_IDLE,
    "least_occupied": LEAST_OCCUPIED,
    "most_skilled": MOST_SKILLED,
    "least_skilled": LEAST_SKILLED,
    "round_robin": ROUND_ROBIN,
    "random": RANDOM,
    "success": SUCCESS,
}
assert CODES.keys() == STRATEGIES.keys()
assert MEASURED == 64, "one word has a bit for each"
cdef int64_t NS_PER_MS = 1_000_000


@cython.final
cdef class Queues:
    def __cinit__(self, Bin bin):
        self.names = Names(bin)
        self.profiles = BitRows()
        self.settings = []
        self.overflow = []

    def __dealloc__(self):
        cdef int32_t queue
        for queue in range(self.capacity):
            free(self.rows[queue].after_ns)
        free(self.rows)
        free(self.addends)

    cdef int32_t find(self, object name) except -2:
        """The slot of a configured queue, or -1."""
        cdef int32_t queue = self.names.find(name)
        return queue if queue >= 0 and self.rows[queue].configured else -1

    cdef int32_t hold(self, object name) except -1:
        cdef int32_t queue = self.names.find(name)
        if queue >= 0:
            return queue
        queue = self.names.add(name)
        if self.names.slots.capacity > self.capacity:
            self.rows = <QueueRow*>grow(self.rows, sizeof(QueueRow), self.capacity, self.names.slots.capacity)
            self.addends = <int64_t*>grow(self.addends, sizeof(int64_t), self.capacity, self.names.slots.capacity)
            self.capacity = self.names.slots.capacity
            self.settings.extend([None] * (self.capacity - len(self.settings)))
            self.overflow.extend([None] * (self.capacity - len(self.overflow)))
        self.profiles.reserve(self.capacity, 1)
        free(self.rows[queue].after_ns)
        memset(&self.rows[queue], 0, sizeof(QueueRow))
        return queue

    cdef int32_t configure(self, object settings) except -1:
        cdef object order = settings.order
        cdef int32_t queue = self.hold(settings.queue)
        cdef int32_t place, steps = <int32_t>len(settings.steps)
        cdef QueueRow* row = &self.rows[queue]
        cdef int64_t* after_ns = <int64_t*>malloc((steps + 1) * sizeof(int64_t))
        if after_ns is NULL:
            raise MemoryError("the distributor can't get memory for a queue's steps")
        if not row.configured:
            row.configured = True
            row.closed = False
            row.passed = row.seen = 0
            row.recent = 0
            self.count += 1
        free(row.after_ns)
        row.after_ns = after_ns
        row.steps = steps
        for place, one in enumerate(settings.steps):
            after_ns[place] = one.after_ms * NS_PER_MS
        row.offer_ns = settings.offer_ms * NS_PER_MS
        row.wrap_up_ns = settings.wrap_up_ms * NS_PER_MS
        row.return_ns = settings.return_ms * NS_PER_MS
        row.handle_ms = settings.handle_ms
        row.strategy = CODES[settings.strategy]
        row.broadcast = settings.broadcast
        row.base = order.base
        row.rate = order.rate
        row.step = order.step
        row.toll = order.toll
        row.overtaking_ms = -1 if order.overtaking_ms is None else order.overtaking_ms
        row.objective_ns = order.objective_ms * NS_PER_MS
        row.target = order.target_permille
        row.blend = order.blend
        self.settings[queue] = settings
        self.overflow[queue] = {one.when: one for one in settings.overflow}
        row.splits = len(settings.splits) > 0
        row.overflows = not self.overflow[queue].keys().isdisjoint(("unstaffed", "size", "estimate"))
        row.wait_ns = self.overflow[queue]["wait"].value * NS_PER_MS if "wait" in self.overflow[queue] else -1
        self.refresh_blending(queue)
        return queue

    cdef int remove(self, int32_t queue) except -1:
        cdef QueueRow* row = &self.rows[queue]
        row.configured = False
        self.settings[queue] = self.overflow[queue] = None
        self.count -= 1
        if row.profiles == 0:
            self.names.remove(queue)
        return 0

    cdef int enter_profile(self, int32_t profile, frozenset queues) except -1:
        for name in queues:
            self.rows[self.hold(name)].profiles += 1
        self.profiles.reserve(self.capacity, profile + 1)
        for name in queues:
            self.profiles.set(self.names.find(name), profile)
        return 0

    cdef int leave_profile(self, int32_t profile, frozenset queues) except -1:
        cdef int32_t queue
        for name in queues:
            queue = self.names.find(name)
            self.profiles.clear(queue, profile)
            self.rows[queue].profiles -= 1
            if self.rows[queue].profiles == 0 and not self.rows[queue].configured:
                self.names.remove(queue)
        return 0

    cdef int32_t orderings(self, int32_t queue) noexcept:
        """Bits of `Ordering` by which its strategy looks for agents."""
        cdef int32_t strategy = self.rows[queue].strategy
        if strategy == LEAST_OCCUPIED:
            return 1 << BY_IDLE | 1 << BY_LOAD
        if strategy == ROUND_ROBIN:
            return 1 << BY_IDLE | 1 << BY_TURN
        if strategy == RANDOM:
            return 1 << BY_IDLE | 1 << BY_LOT
        if strategy == SUCCESS:
            return 1 << BY_IDLE | 1 << BY_SCORE
        return 1 << BY_IDLE

    cdef int count_agents(self, frozenset queues, int32_t change) except -1:
        """An agent who serves these came or went."""
        for name in queues:
            self.rows[self.names.find(name)].agents += change
        return 0

    # The order's terms that change by what happens

    cdef void measure(self, int32_t queue, bint good) noexcept:
        """A contact was served within the objective, or not (rule 7.3)."""
        cdef QueueRow* row = &self.rows[queue]
        row.recent = row.recent << 1 | good
        row.seen = min(row.seen + 1, 64)
        self.refresh_blending(queue)

    cdef void refresh_blending(self, int32_t queue) noexcept:
        cdef QueueRow* row = &self.rows[queue]
        cdef uint64_t kept = row.recent
        cdef int64_t achieved = 1000
        if row.seen:
            if row.seen < 64:
                kept &= (<uint64_t>1 << row.seen) - 1
            achieved = 1000 * count_bits(kept) // row.seen
        row.blending = row.blend * max(<int64_t>0, row.target - achieved)
        self.refresh_addend(queue)

    cdef void refresh_addend(self, int32_t queue) noexcept:
        cdef QueueRow* row = &self.rows[queue]
        self.addends[queue] = row.blending + (self.served - row.passed if row.toll else 0)

    cdef void charge(self, int32_t queue) noexcept:
        """A contact of a queue with a toll is offered (rule 7.4)."""
        cdef int32_t other
        self.served = max(self.served, self.rows[queue].passed)
        self.rows[queue].passed += self.rows[queue].toll
        for other in range(self.names.slots.used):
            if self.rows[other].toll:
                self.refresh_addend(other)
