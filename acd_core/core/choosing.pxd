from libc.stdint cimport int32_t, int64_t

from acd_core.core.heap cimport Entry, Heap
from acd_core.core.lottery cimport Candidate, Lottery
from acd_core.core.scores cimport Ranks


cdef class Choosing(Lottery):
    cdef int32_t best_agent(self, int32_t contact, Candidate* runner_up) except -2
    cdef int find_best(self, int32_t contact, Candidate* best, Candidate* runner_up) except -1
    cdef int find_other(self, int32_t contact, int32_t agent, Candidate* other) except -1
    cdef int compare(self, int32_t contact, int32_t strategy, Candidate* best, Candidate* runner_up) except -1
    cdef Entry* first_agent(self, Heap* heap, int32_t place, int32_t contact, int32_t skipped) except? NULL
    cdef int find_likeliest(self, int32_t contact, Candidate* best, Candidate* runner_up) except -1
    cdef int take_idle(self, Heap* heap, int32_t contact, Candidate* best, Candidate* runner_up) except -1
    cdef int take_from_heap(self, Heap* heap, int32_t contact, Candidate* best, Candidate* runner_up) except -1
    cdef bint enter_likely(self, Entry* entry, Candidate* best, Candidate* runner_up) noexcept
    cdef int take_from_ranks(
        self, Ranks* ranks, int32_t lane_place, int32_t contact, Candidate* best, Candidate* runner_up
    ) except -1
    cdef int32_t topic_of(self, int32_t contact) except -2
    cdef Entry* first_likely(self, Heap* heap, int32_t place, int32_t contact, int32_t skipped) except? NULL
    cdef int64_t term_of(self, int32_t contact, int32_t agent) except? -1
    cdef int64_t profile_term(self, int32_t strategy, int32_t klass, int32_t profile) noexcept
    cdef int list_agents(self, int32_t contact, list found) except -1
