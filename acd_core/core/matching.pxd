from libc.stdint cimport int32_t, int64_t, uint64_t

from acd_core.core.agents cimport Agents
from acd_core.core.bits cimport BitRows
from acd_core.core.contacts cimport Contacts
from acd_core.core.exclusions cimport Exclusions
from acd_core.core.heap cimport Entry, Heap
from acd_core.core.kinds cimport Kinds
from acd_core.core.lots cimport Barred
from acd_core.core.profiles cimport Profiles
from acd_core.core.queues cimport Queues
from acd_core.core.scores cimport Ranks
from acd_core.core.skills cimport Skills


cdef struct Candidate:
    int64_t term
    int64_t sequence
    int32_t agent


cdef struct RowPart:
    # the agents of a lane, in the row of a weighted draw
    uint64_t key
    int64_t weight
    int32_t lane


cdef struct Turn:
    int64_t score
    int64_t key
    int64_t sequence
    int32_t contact


cdef inline bint is_sooner(Turn* one, Turn* other) noexcept:
    """Rule 7.2."""
    if one.score != other.score:
        return one.score > other.score
    return one.key < other.key or (one.key == other.key and one.sequence < other.sequence)


cdef class Matching:
    cdef Skills skills
    cdef Queues queues
    cdef Contacts contacts
    cdef Kinds kinds
    cdef Agents agents
    cdef Profiles profiles
    cdef Exclusions exclusions
    cdef BitRows class_profiles
    cdef BitRows profile_classes
    cdef dict fans
    cdef int64_t now_ns
    cdef int64_t served
    cdef uint64_t seed
    cdef RowPart* parts
    cdef int32_t parts_capacity
    cdef Barred* barred
    cdef int32_t barred_size
    cdef int32_t barred_capacity

    cdef int link_class(self, int32_t klass) except -1
    cdef void unlink_class(self, int32_t klass) noexcept
    cdef int link_profile(self, int32_t profile) except -1
    cdef void unlink_profile(self, int32_t profile) noexcept

    cdef bint is_barred(self, int32_t contact, int32_t agent) except -1
    cdef bint is_free(self, int32_t contact, int32_t agent) noexcept
    cdef bint is_able(self, int32_t contact, int32_t agent) noexcept
    cdef int32_t get_preferred(self, int32_t contact) except -2
    cdef int32_t best_agent(self, int32_t contact) except -2
    cdef int find_best(self, int32_t contact, int32_t skipped, Candidate* best) except -1
    cdef int find_likeliest(self, int32_t contact, int32_t skipped, Candidate* best) except -1
    cdef int take_from_heap(self, Heap* heap, int32_t contact, int32_t skipped, Candidate* best) except -1
    cdef int take_from_ranks(
        self, Ranks* ranks, int32_t lane_place, int32_t contact, int32_t skipped, Candidate* best
    ) except -1
    cdef Entry* first_likely(self, Heap* heap, int32_t place, int32_t contact, int32_t skipped) except? NULL
    cdef int32_t topic_of(self, int32_t contact) except -2
    cdef int draw(self, int32_t contact, int32_t number, Candidate* best) except -1
    cdef int list_barred(self, int32_t contact) except -1
    cdef int bar(self, int32_t contact, int32_t agent) except -1
    cdef int32_t draw_from_lane(self, int32_t lane, int64_t point) noexcept
    cdef int list_drawn(self, int32_t contact, list found) except -1
    cdef Entry* first_agent(self, Heap* heap, int32_t place, int32_t contact, int32_t skipped) except? NULL
    cdef int64_t term_of(self, int32_t contact, int32_t agent) except? -1
    cdef int64_t profile_term(self, int32_t strategy, int32_t klass, int32_t profile) noexcept
    cdef int list_agents(self, int32_t contact, list found) except -1

    cdef void set_turn(self, Turn* turn, int32_t contact) noexcept
    cdef int find_contact(self, int32_t agent, int32_t skipped, Turn* best) except -1
    cdef Entry* first_contact(self, Heap* heap, int32_t place, int32_t agent, int32_t skipped) noexcept
    cdef int32_t position(self, int32_t contact) except -1
    cdef int32_t count_sooner(self, Heap* heap, int32_t place, Turn* own) noexcept
