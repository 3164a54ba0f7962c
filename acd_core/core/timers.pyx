# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""What will happen by itself, and when: a heap by due time, then by the order in which the timers were set."""

cimport cython
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport free

from acd_core.core.heap cimport heap_free, heap_push, heap_remove, heap_reserve
from acd_core.core.memory cimport Slots, grow


@cython.final
cdef class Timers:
    def __cinit__(self):
        self.slots = Slots()

    def __dealloc__(self):
        heap_free(&self.heap)
        free(self.places)
        free(self.rows)

    cdef int32_t start(self, TimerKind kind, int32_t owner, int64_t due_ns, int64_t sequence) except -1:
        cdef int32_t timer
        heap_reserve(&self.heap)
        timer = self.slots.take()
        if self.slots.capacity > self.capacity:
            self.places = <int32_t*>grow(self.places, sizeof(int32_t), self.capacity, self.slots.capacity)
            self.rows = <TimerRow*>grow(self.rows, sizeof(TimerRow), self.capacity, self.slots.capacity)
            self.capacity = self.slots.capacity
        self.rows[timer].kind = kind
        self.rows[timer].owner = owner
        heap_push(&self.heap, self.places, due_ns, sequence, timer)
        return timer

    cdef void cancel(self, int32_t timer) noexcept:
        heap_remove(&self.heap, self.places, self.places[timer])
        self.slots.give_back(timer)

    cdef int64_t get_sequence(self, int32_t timer) noexcept:
        return self.heap.entries[self.places[timer]].sequence
