# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""What will happen by itself, and when: by due time, then by the order in which the timers were set.

Most timers run as long as others do (offers of a queue, its wrap-ups), so that they are due in the order in which they
were set: such are in a list, to which a timer is added at the end and from which it is taken anywhere, at once.  As in
patience sorting, a timer goes to the list whose last one is due the latest of those that are not due after it; where
there is none left, to a heap.
"""

cimport cython
from libc.stdint cimport int32_t, int64_t

from acd_core.core.heap cimport Places, comes_before, heap_free, heap_push, heap_remove, heap_reserve
from acd_core.core.memory cimport Slots, free_aligned, grow_aligned, larger

assert sizeof(TimerRow) == 32, "two timers are a cache line"


@cython.final
cdef class Timers:
    def __cinit__(self):
        self.slots = Slots()

    def __dealloc__(self):
        heap_free(&self.heap)
        free_aligned(self.rows)

    cdef int32_t start(self, TimerKind kind, int32_t owner, int64_t due_ns, int64_t sequence) except -1:
        cdef int32_t timer = find_home(kind, owner), capacity
        cdef TimerRow* row
        cdef TimerList* line
        heap_reserve(&self.heap)
        if timer < 0:
            timer = HOMES * self.slots.take() + HOMES - 1
        if timer >= self.capacity:
            capacity = larger(timer)
            self.rows = <TimerRow*>grow_aligned(self.rows, sizeof(TimerRow), self.capacity, capacity)
            self.capacity = capacity
        row = &self.rows[timer]
        row.due_ns = due_ns
        row.sequence = sequence
        row.owner = owner
        row.kind = kind
        row.list = <short>self.find_list(due_ns, sequence)
        if row.list < 0:
            heap_push(&self.heap, self.places(), due_ns, sequence, timer)
            return timer
        line = &self.lists[row.list]
        row.before = line.last
        row.after = -1
        if line.last >= 0:
            self.rows[line.last].after = timer
        else:
            line.first = timer
            line.first_ns = due_ns
            line.first_sequence = sequence
        line.last = timer
        line.last_ns = due_ns
        line.last_sequence = sequence
        return timer

    cdef void cancel(self, int32_t timer) noexcept:
        cdef TimerRow* row = &self.rows[timer]
        cdef TimerList* line = &self.lists[row.list]
        if row.list < 0:
            heap_remove(&self.heap, self.places(), row.before)
            self.give_back(timer)
            return
        if row.after >= 0:
            self.rows[row.after].before = row.before
        else:
            line.last = row.before
            if line.last >= 0:
                line.last_ns = self.rows[line.last].due_ns
                line.last_sequence = self.rows[line.last].sequence
        if row.before >= 0:
            self.rows[row.before].after = row.after
        else:
            line.first = row.after
            if line.first >= 0:
                line.first_ns = self.rows[line.first].due_ns
                line.first_sequence = self.rows[line.first].sequence
        self.give_back(timer)

    cdef void give_back(self, int32_t timer) noexcept:
        if timer % HOMES == HOMES - 1:
            self.slots.give_back(timer // HOMES)

    cdef Places places(self) noexcept:
        """A timer in the heap has no neighbours: its place there stands instead."""
        return Places(&self.rows[0].before, sizeof(TimerRow) // sizeof(int32_t))

    cdef int32_t find_list(self, int64_t due_ns, int64_t sequence) noexcept:
        """Where a timer that is due then goes, or -1: to the heap."""
        cdef int32_t number, empty = -1, found = -1
        cdef TimerList* line
        for number in range(self.list_count):
            line = &self.lists[number]
            if line.first < 0:
                empty = number
            elif comes_before(line.last_ns, line.last_sequence, due_ns, sequence) and (
                found < 0 or line.last_ns > self.lists[found].last_ns
            ):
                found = number
        if found >= 0:
            return found
        if empty < 0 and self.list_count < TIMER_LISTS:
            empty = self.list_count
            self.lists[empty].first = self.lists[empty].last = -1
            self.list_count += 1
        return empty

    cdef int32_t find_next(self) noexcept:
        """The timer that is due first, or -1."""
        cdef int32_t number, found = -1
        cdef int64_t due_ns = 0, sequence = 0
        cdef TimerList* line
        if self.heap.size:
            found = self.heap.entries[0].slot
            due_ns = self.heap.entries[0].key
            sequence = self.heap.entries[0].sequence
        for number in range(self.list_count):
            line = &self.lists[number]
            if line.first >= 0 and (
                found < 0 or comes_before(line.first_ns, line.first_sequence, due_ns, sequence)
            ):
                found = line.first
                due_ns = line.first_ns
                sequence = line.first_sequence
        return found
