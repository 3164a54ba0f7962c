from libc.stdint cimport int32_t, int64_t

from acd_core.core.bits cimport BitRows
from acd_core.core.heap cimport Entry, Heap
from acd_core.core.memory cimport Slots


cdef struct Head:
    int64_t key
    int64_t sequence
    int32_t slot
    int32_t queue
    int32_t channel
    int32_t priority


cdef struct Standing:
    # what the score of a class's head is made of: score = fixed + rate * now in ms + the queue's addend
    int64_t fixed
    int64_t overdue_ms
    int32_t rate
    int32_t queue


cdef struct ClassRow:
    # those who came in order are in a list, others in the heap
    int32_t first
    int32_t last
    Heap waiting
    int32_t* program
    int32_t program_size
    int32_t* named
    int32_t named_count
    int32_t kind
    int32_t step
    int32_t next


cdef struct KindRow:
    int32_t queue
    int32_t channel
    int32_t priority
    int32_t members
    int32_t first
    int32_t older
    int32_t newer
    int32_t* skills
    int32_t skill_count
    bint idle


cdef class Kinds:
    cdef Slots slots
    cdef KindRow* rows
    cdef int32_t capacity
    cdef dict by_key
    cdef list keys
    cdef int32_t idle_count
    cdef int32_t oldest
    cdef int32_t newest
    cdef Slots class_slots
    cdef ClassRow* classes
    cdef Head* heads
    cdef Standing* standings
    cdef int32_t class_capacity
    cdef list words
    cdef BitRows waiting
    cdef BitRows excluding

    cdef int32_t add(self, tuple key, int32_t queue, int32_t channel) except -1
    cdef int remove(self, int32_t kind) except -1
    cdef int32_t add_class(self, int32_t kind, int32_t step) except -1
    cdef int set_requirement(self, int32_t klass, list program, list named) except -1
    cdef void shelve(self, int32_t kind) noexcept
    cdef void unshelve(self, int32_t kind) noexcept

    cdef inline frozenset excluded(self, int32_t klass):
        return (<tuple>self.keys[self.classes[klass].kind])[6]
