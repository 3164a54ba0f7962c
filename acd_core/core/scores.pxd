from libc.stdint cimport int32_t, int64_t

from acd_core.core.heap cimport Heap
from acd_core.core.memory cimport Slots
from acd_core.core.names cimport Names
from acd_core.core.tops cimport Tops


cdef struct ScoreRow:
    int32_t agent
    int32_t topic
    int32_t score
    int32_t place
    int32_t next


cdef enum:
    # more members than this make a profile crowded
    CROWD = 16


cdef struct Ranked:
    int32_t agent
    int32_t score


cdef struct Ranks:
    # the members of a profile that is not crowded by their score in a topic, the highest first
    int32_t size
    (Ranked)[16] items


cdef struct TopicRanks:
    int32_t* topics
    Ranks* items
    int32_t size
    int32_t capacity


cdef struct TopicHeap:
    # the agents inside of a crowded lane by their score in a topic
    Heap heap
    int32_t topic


cdef struct TopicHeaps:
    TopicHeap* items
    int32_t size
    int32_t capacity


cdef class Scores:
    cdef Names topics
    cdef int32_t* uses
    cdef int32_t topic_capacity
    cdef Slots slots
    cdef ScoreRow* rows
    cdef int32_t* places
    cdef int32_t capacity
    cdef Tops tops

    cdef int32_t add(self, int32_t agent, object scores, int32_t lanes) except -2
    cdef int remove(self, int32_t first) except -1
    cdef int32_t hold_topic(self, object name) except -1
    cdef int32_t score_of(self, int32_t first, int32_t topic) noexcept
    cdef int enter_ranks(self, TopicRanks* ranks, int32_t profile, int32_t row) except -1
    cdef int leave_ranks(self, TopicRanks* ranks, int32_t profile, int32_t row) except -1
    cdef int enter(self, TopicHeaps* heaps, int32_t row, int64_t sequence) except -1
    cdef void leave(self, TopicHeaps* heaps, int32_t row) noexcept


cdef Heap* find_heap(TopicHeaps* heaps, int32_t topic) noexcept
cdef Ranks* find_ranks(TopicRanks* ranks, int32_t topic) noexcept
cdef void free_heaps(TopicHeaps* heaps) noexcept
cdef void free_ranks(TopicRanks* ranks) noexcept
