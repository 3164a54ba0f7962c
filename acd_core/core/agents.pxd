from cpython.ref cimport PyObject
from libc.stdint cimport int32_t, int64_t

from acd_core.core.bits cimport BitRows
from acd_core.core.heap cimport Heap
from acd_core.core.memory cimport Slots
from acd_core.core.names cimport Names


cdef enum AgentStateCode:
    AGENT_SIGNED_OUT
    AGENT_AVAILABLE
    AGENT_OFFERED
    AGENT_BUSY
    AGENT_WRAP_UP
    AGENT_PAUSED
    AGENT_NOT_RESPONDING
    AGENT_STATES


cdef struct AgentRow:
    PyObject* reason
    PyObject* contact
    PyObject* next_reason
    int64_t since_ns
    int64_t until_ns
    int64_t idle_since_ns
    int64_t idle_sequence
    int32_t profile
    int32_t offer
    int32_t timer
    int32_t exclusions
    int32_t state
    int32_t next_state


cdef struct ProfileRow:
    Heap idle
    int32_t members
    int32_t[8] states


cdef class Profiles:
    cdef Slots slots
    cdef ProfileRow* rows
    cdef int32_t capacity
    cdef BitRows idle
    cdef dict by_key
    cdef list keys

    cdef int32_t add(self, tuple key) except -1
    cdef int remove(self, int32_t profile) except -1


cdef class Agents:
    cdef Names names
    cdef AgentRow* rows
    cdef int32_t* places
    cdef int32_t capacity
    cdef Profiles profiles
    cdef bint[7][7] allowed

    cdef int32_t add(self, object name, int32_t profile) except -1
    cdef int remove(self, int32_t agent) except -1
    cdef int move(self, int32_t agent, int32_t profile) except -1
    cdef int set_state(
        self, int32_t agent, AgentStateCode state, object reason, int64_t now_ns, int64_t until_ns, object contact
    ) except -1
    cdef void set_next(self, int32_t agent, AgentStateCode state, object reason) noexcept
    cdef void clear_next(self, int32_t agent) noexcept
    cdef int enter_profile(self, int32_t agent) except -1
    cdef void leave_profile(self, int32_t agent) noexcept
