from cpython.ref cimport PyObject
from libc.stdint cimport int32_t, int64_t

from acd_core.core.agents cimport AgentStateCode, Agents
from acd_core.core.bin cimport Bin
from acd_core.core.contacts cimport Contacts
from acd_core.core.exclusions cimport Exclusions
from acd_core.core.kinds cimport Kinds
from acd_core.core.marks cimport Marks
from acd_core.core.matching cimport Matching, RunnersUp
from acd_core.core.output cimport OfferEndCode, Output
from acd_core.core.profiles cimport Profiles
from acd_core.core.queues cimport Queues
from acd_core.core.skills cimport Skills
from acd_core.core.timers cimport Timers


cdef class Hands:
    cdef Bin bin
    cdef Skills skills
    cdef Queues queues
    cdef Contacts contacts
    cdef Kinds kinds
    cdef Agents agents
    cdef Profiles profiles
    cdef Timers timers
    cdef Exclusions exclusions
    cdef Matching matching
    cdef Output output
    cdef Marks waiting
    cdef Marks free
    cdef int32_t exclusions_max
    cdef int64_t now_ns
    cdef int64_t sequence
    cdef int64_t offers_made
    # whether a matching window lets agents be free while contacts wait for them
    cdef bint gathers

    # what the layers above do
    cdef int place(self, int32_t contact) except -1
    cdef int lost_agent(self, object queues) except -1
    cdef int drop_profile(self, int32_t profile) except -1

    cdef int make_offer(self, int32_t contact, int32_t agent, object named, RunnersUp* seconds) except -1
    cdef int close_offer(self, int32_t offer, OfferEndCode end, object reason) except -1
    cdef int end_offer(self, int32_t offer, OfferEndCode end, object reason) except -1
    cdef int revoke_offers(self, int32_t contact, object reason) except -1
    cdef int take_back(self, int32_t agent, object reason) except -1
    cdef int take(self, int32_t offer) except -1

    cdef int64_t active_weight(self, int32_t agent) noexcept
    cdef int interrupt(self, int32_t agent, int32_t accepted) except -1
    cdef int resume(self, int32_t agent) except -1
    cdef int finish_work(self, int32_t agent, int32_t work, int64_t wrap_up_ns, object reason, int32_t spare) except -1
    cdef int release(
        self, int32_t agent, AgentStateCode state, object reason, int32_t spare, bint freed, int64_t return_ns
    ) except -1
    cdef int become(self, int32_t agent, AgentStateCode state, object reason, int64_t return_ns) except -1
    cdef int show(self, int32_t agent, AgentStateCode empty, object reason, int64_t return_ns) except -1
    cdef void restart_idle(self, int32_t agent) noexcept
    cdef int wish(self, int32_t agent, AgentStateCode state, object reason, int64_t return_ns) except -1
    cdef void foresee(self, int32_t agent) noexcept
    cdef void foresee_offer(self, int32_t agent, int32_t runner_up) noexcept
    cdef int agent_moved(self, int32_t agent) except -1
    cdef int place_fans(self, int32_t agent) except -1
    cdef int32_t find_work(self, int32_t agent, int32_t contact) noexcept
    cdef int32_t foremost_work(self, int32_t agent) except -2
    cdef PyObject* shown_contact(self, int32_t agent) except? NULL
    cdef int32_t first_wrap_up(self, int32_t agent, object contact) except -2
    cdef int report_work(self, int32_t agent, int32_t work, bint interrupted) except -1
