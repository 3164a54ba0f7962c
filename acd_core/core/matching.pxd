from libc.stdint cimport int32_t, int64_t

from acd_core.core.choosing cimport Choosing
from acd_core.core.fans cimport Fans
from acd_core.core.heap cimport Entry, Heap
from acd_core.core.kinds cimport ClassRow
from acd_core.core.lists cimport List
from acd_core.core.lottery cimport Candidate


cdef struct Turn:
    int64_t score
    int64_t key
    int64_t sequence
    int32_t contact


cdef struct Look:
    # at a queue, for an agent: none of its scores is higher, and if it is ``rated``, one is as high
    int64_t highest
    bint rated


cdef enum:
    UNKNOWN = -2


cdef struct RunnersUp:
    # who comes next on either side of a match, where that was found on the way; else contact UNKNOWN, agent -1
    Turn contact
    Candidate agent


cdef inline void forget_runners_up(RunnersUp* seconds) noexcept:
    seconds.contact.contact = UNKNOWN
    seconds.agent.agent = -1


cdef inline bint is_sooner(Turn* one, Turn* other) noexcept:
    """Rule 7.2."""
    if one.score != other.score:
        return one.score > other.score
    return one.key < other.key or (one.key == other.key and one.sequence < other.sequence)


cdef inline bint enter_turn(Turn* turn, Turn* best, Turn* following) noexcept:
    """Keep it if it is one of the first two; whether it is the first.  ``contact`` -1: nobody."""
    if turn.contact < 0:
        return False
    if best.contact < 0 or is_sooner(turn, best):
        following[0] = best[0]
        best[0] = turn[0]
        return True
    if following.contact < 0 or is_sooner(turn, following):
        following[0] = turn[0]
    return False


cdef class Matching(Choosing):
    cdef Fans fans
    cdef int64_t now_ns
    # by place among the queues of a profile's classes
    cdef Look* looks
    cdef int32_t looks_capacity
    cdef int64_t[2] highest

    cdef void set_turn(self, Turn* turn, int32_t contact) noexcept
    cdef void score_turn(self, Turn* turn, ClassRow* klass) noexcept
    cdef int find_contacts(self, int32_t agent, Turn* best, Turn* following) except -1
    cdef int64_t rate(self, List* served) except? -1
    cdef Look* reserve_looks(self, int32_t size) except NULL
    cdef void rate_rest(self, List* served, bint limited) noexcept
    cdef void rate_group(self, List* served, int32_t title, Look* look) noexcept
    cdef int32_t compare_classes(
        self, List* served, int64_t least, int32_t agent, Turn* best, Turn* following
    ) except -2
    cdef bint is_for(self, int32_t klass, int32_t agent) except -1
    cdef void find_unspared(self, int32_t klass, int32_t agent, int32_t skipped, Turn* turn) noexcept
    cdef Entry* first_in_heap(self, Heap* heap, int32_t place, int32_t agent, int32_t skipped) noexcept
    cdef int32_t position(self, int32_t contact) except -1
    cdef int32_t count_sooner(self, Heap* heap, int32_t place, Turn* own) noexcept

    cdef inline bint is_spared(self, int32_t contact, int32_t agent) noexcept:
        return agent >= 0 and self.exclusions.has(contact, agent)
