from libc.stdint cimport int32_t, int64_t, uint64_t

from acd_core.core.heap cimport Entry, Heap
from acd_core.core.memory cimport Slots
from acd_core.core.names cimport Names
from acd_core.core.scores cimport TopicHeaps, TopicRanks


cdef enum Ordering:
    BY_IDLE
    BY_LOAD
    BY_TURN
    ORDERINGS
    # not heaps of their own
    BY_LOT = ORDERINGS
    BY_SCORE


cdef enum:
    ANY_CHANNEL = -1
    INSIDE = 7


cdef extern from *:
    """
    #define ACD_NOBODY INT64_MAX
    """
    const int64_t NOBODY "ACD_NOBODY"


cdef struct LaneRow:
    # two cache lines, and what is asked for the most in the first
    int32_t profile
    int32_t place
    int32_t channel
    int32_t most
    int32_t weight
    int32_t row
    bint interruptible
    Heap[3] heaps
    TopicHeaps topics
    int64_t[4] unused


cdef struct Counts:
    int32_t[8] agents


cdef enum:
    FEW = 4


cdef struct ProfileRow:
    # a cache line; the lanes of nearly all profiles stand in it
    int32_t[4] few  # FEW
    int32_t* many
    int32_t lane_count
    int32_t members
    int32_t capacity
    int32_t levels_sum
    int32_t working
    int32_t available
    int32_t orderings
    bint crowded
    uint64_t row_key


cdef inline int32_t* lanes_of(ProfileRow* row) noexcept:
    return &row.few[0] if row.lane_count <= FEW else row.many


cdef tuple make_key(object settings)


cdef class Profiles:
    cdef Slots slots
    cdef ProfileRow* rows
    cdef TopicRanks* topics
    cdef int32_t capacity
    cdef dict by_key
    cdef list keys
    cdef Slots lane_slots
    cdef LaneRow* lanes
    cdef Counts* counts
    cdef int32_t* weights
    cdef (Entry*)[3] heads
    # when the longest idle agent of each lane began to be so, or `NOBODY`
    cdef int64_t* firsts
    cdef int32_t lane_capacity
    cdef int32_t lanes_most
    cdef Names channels
    cdef int32_t* channel_uses
    cdef int32_t** lane_of
    cdef int32_t channel_capacity

    cdef int32_t hold_channel(self, object name) except -1
    cdef int release_channel(self, int32_t channel) except -1
    cdef int32_t add(self, tuple key) except -1
    cdef int remove(self, int32_t profile) except -1
    cdef int32_t add_lane(self, int32_t profile, int32_t place, int32_t channel) except -1
    cdef int32_t find_lane(self, int32_t profile, int32_t channel) noexcept
    cdef int set_orderings(self, int32_t profile, int32_t orderings) except -1
    cdef void foresee_leaving(self, int32_t lane) noexcept
    cdef void refresh(self, int32_t lane, int32_t ordering) noexcept
