# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Agents and their profiles: those of a profile have the same queues and skills, so they may serve the same classes.

Each profile has the heap of its available agents, ordered by idle time, and counts its agents by state, so that an
explanation can say how many were busy or paused without looking at one of them.
"""

cimport cython
from cpython.ref cimport Py_INCREF, Py_XDECREF, PyObject
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport free
from libc.string cimport memset

from acd_core.core.bits cimport BitRows
from acd_core.core.heap cimport heap_free, heap_push, heap_remove, heap_reserve
from acd_core.core.memory cimport Slots, grow
from acd_core.core.names cimport Names

from acd_core.states import AGENT_TRANSITIONS, AgentState

STATES = tuple(AgentState)


cdef inline void keep(PyObject** place, object value) noexcept:
    """Own ``value`` at ``place`` (None: nothing)."""
    cdef PyObject* old = place[0]
    if value is None:
        place[0] = NULL
    else:
        Py_INCREF(value)
        place[0] = <PyObject*>value
    Py_XDECREF(old)


@cython.final
cdef class Profiles:
    def __cinit__(self):
        self.slots = Slots()
        self.idle = BitRows()
        self.by_key = {}
        self.keys = []

    def __dealloc__(self):
        cdef int32_t profile
        for profile in range(self.slots.used):
            heap_free(&self.rows[profile].idle)
        free(self.rows)

    cdef int32_t add(self, tuple key) except -1:
        """``key`` is (queues, skills)."""
        cdef int32_t profile = self.slots.take()
        if self.slots.capacity > self.capacity:
            self.rows = <ProfileRow*>grow(self.rows, sizeof(ProfileRow), self.capacity, self.slots.capacity)
            self.capacity = self.slots.capacity
            self.keys.extend([None] * (self.capacity - len(self.keys)))
        self.idle.reserve(1, self.capacity)
        memset(&self.rows[profile], 0, sizeof(ProfileRow))
        self.by_key[key] = profile
        self.keys[profile] = key
        return profile

    cdef int remove(self, int32_t profile) except -1:
        del self.by_key[self.keys[profile]]
        self.keys[profile] = None
        heap_free(&self.rows[profile].idle)
        self.slots.give_back(profile)
        return 0


@cython.final
cdef class Agents:
    def __cinit__(self):
        cdef int before, after
        self.names = Names()
        self.profiles = Profiles()
        assert len(STATES) == AGENT_STATES
        for before in range(<int>AGENT_STATES):
            for after in range(<int>AGENT_STATES):
                self.allowed[before][after] = STATES[after] in AGENT_TRANSITIONS[STATES[before]]

    def __dealloc__(self):
        cdef int32_t agent
        for agent in range(self.names.slots.used):
            if self.names.names[agent] is not NULL:
                keep(&self.rows[agent].reason, None)
                keep(&self.rows[agent].contact, None)
                keep(&self.rows[agent].next_reason, None)
        free(self.rows)
        free(self.places)

    cdef int32_t add(self, object name, int32_t profile) except -1:
        """A new agent, signed out: the first `set_state` follows at once."""
        cdef AgentRow* row
        cdef int32_t agent = self.names.add(name)
        if self.names.capacity > self.capacity:
            self.rows = <AgentRow*>grow(self.rows, sizeof(AgentRow), self.capacity, self.names.capacity)
            self.places = <int32_t*>grow(self.places, sizeof(int32_t), self.capacity, self.names.capacity)
            self.capacity = self.names.capacity
        row = &self.rows[agent]
        memset(row, 0, sizeof(AgentRow))
        row.profile = profile
        row.offer = row.timer = row.next_state = -1
        row.state = AGENT_SIGNED_OUT
        self.profiles.rows[profile].members += 1
        self.enter_profile(agent)
        return agent

    cdef int remove(self, int32_t agent) except -1:
        """Of one that is signed out; its profile stays, even without members."""
        cdef AgentRow* row = &self.rows[agent]
        self.leave_profile(agent)
        self.profiles.rows[row.profile].members -= 1
        keep(&row.reason, None)
        keep(&row.contact, None)
        keep(&row.next_reason, None)
        self.names.remove(agent)
        return 0

    cdef int move(self, int32_t agent, int32_t profile) except -1:
        """To another profile, in whatever state."""
        cdef AgentRow* row = &self.rows[agent]
        heap_reserve(&self.profiles.rows[profile].idle)
        self.leave_profile(agent)
        self.profiles.rows[row.profile].members -= 1
        row.profile = profile
        self.profiles.rows[profile].members += 1
        self.enter_profile(agent)
        return 0

    cdef int set_state(
        self, int32_t agent, AgentStateCode state, object reason, int64_t now_ns, int64_t until_ns, object contact
    ) except -1:
        """The one place where an agent's state changes.  ``until_ns`` -1: no end; ``contact`` is an id or None.

        The idle time is the engine's to set before it makes an agent available.
        """
        cdef AgentRow* row = &self.rows[agent]
        assert self.allowed[row.state][<int>state], f"agent {STATES[row.state]} can't become {STATES[<int>state]}"
        if state == AGENT_AVAILABLE:
            heap_reserve(&self.profiles.rows[row.profile].idle)
        self.leave_profile(agent)
        row.state = state
        row.since_ns = now_ns
        row.until_ns = until_ns
        keep(&row.reason, reason)
        keep(&row.contact, contact)
        if state == AGENT_AVAILABLE or state == AGENT_PAUSED or state == AGENT_SIGNED_OUT:
            self.clear_next(agent)
        self.enter_profile(agent)
        return 0

    cdef void set_next(self, int32_t agent, AgentStateCode state, object reason) noexcept:
        """What the agent asked for while there was work in hand."""
        self.rows[agent].next_state = state
        keep(&self.rows[agent].next_reason, reason)

    cdef void clear_next(self, int32_t agent) noexcept:
        self.rows[agent].next_state = -1
        keep(&self.rows[agent].next_reason, None)

    cdef int enter_profile(self, int32_t agent) except -1:
        cdef AgentRow* row = &self.rows[agent]
        cdef ProfileRow* profile = &self.profiles.rows[row.profile]
        profile.states[row.state] += 1
        if row.state == AGENT_AVAILABLE:
            heap_push(&profile.idle, self.places, row.idle_since_ns, row.idle_sequence, agent)
            self.profiles.idle.set(0, row.profile)
        return 0

    cdef void leave_profile(self, int32_t agent) noexcept:
        cdef AgentRow* row = &self.rows[agent]
        cdef ProfileRow* profile = &self.profiles.rows[row.profile]
        profile.states[row.state] -= 1
        if row.state == AGENT_AVAILABLE:
            heap_remove(&profile.idle, self.places, self.places[agent])
            if profile.idle.size == 0:
                self.profiles.idle.clear(0, row.profile)
