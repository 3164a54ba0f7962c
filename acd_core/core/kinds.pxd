from libc.stdint cimport int16_t, int32_t, int64_t

from acd_core.core.bin cimport Bin
from acd_core.core.bits cimport BitRows
from acd_core.core.heap cimport Heap
from acd_core.core.lists cimport Lists
from acd_core.core.memory cimport Slots


cdef extern from *:
    """
    /* any score is higher than the lowest, and that of nobody lower, whatever a queue adds to it */
    #define ACD_LOWEST -(INT64_C(1) << 61)
    #define ACD_ABSENT -(INT64_C(1) << 62)
    """
    const int64_t LOWEST "ACD_LOWEST"
    const int64_t ABSENT "ACD_ABSENT"


cdef struct Bound:
    # of a queue's classes: none has a higher ``fixed`` or an earlier ``overdue_ns``
    int64_t fixed
    int64_t overdue_ns
    # classes that have got another head since this was found out
    int32_t changes


cdef struct ClassRow:
    # a cache line: what all of a class have in common, who heads it, and those who wait: who came in order is in a
    # list, others are in the heap
    int64_t key
    int64_t sequence
    Heap waiting
    int32_t head
    # who was behind the head when it came to be the head: worth fetching, and nothing more
    int32_t after
    int32_t first
    int32_t last
    int32_t queue
    int32_t channel
    int32_t kind
    int16_t priority
    int16_t step


cdef struct Requirement:
    # what a class asks for, compiled; ``next``: the next class of its kind
    int32_t* program
    int32_t* named
    int32_t program_size
    int32_t named_count
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
    cdef Bin bin
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
    cdef Requirement* requirements
    # of a class's head, by class: its score is this and what its queue adds at this moment (`ABSENT`: nobody waits), or
    # `OVERDUE` from this ns on
    cdef int64_t* fixed
    cdef int64_t* overdue_ns
    cdef Lists queue_classes
    cdef Bound* bounds
    cdef int32_t bounds_capacity
    cdef int32_t class_capacity
    cdef list words
    cdef BitRows excluding

    cdef int32_t add(self, tuple key, int32_t queue, int32_t channel) except -1
    cdef int remove(self, int32_t kind) except -1
    cdef void keep_bound(self, int32_t klass) noexcept
    cdef void tighten_bound(self, int32_t queue) noexcept
    cdef list list_classes(self, int32_t queue)
    cdef int32_t add_class(self, int32_t kind, int32_t step) except -1
    cdef int set_requirement(self, int32_t klass, list program, list named) except -1
    cdef int set_words(self, int32_t klass, object words) except -1
    cdef void shelve(self, int32_t kind) noexcept
    cdef void unshelve(self, int32_t kind) noexcept

    cdef inline frozenset excluded(self, int32_t klass):
        return (<tuple>self.keys[self.classes[klass].kind])[6]
