from cpython.ref cimport PyObject
from libc.stdint cimport int8_t, int32_t, int64_t, uint64_t

from acd_core.core.bin cimport Bin
from acd_core.core.lots cimport Lots
from acd_core.core.memory cimport Slots
from acd_core.core.names cimport Names
from acd_core.core.profiles cimport Profiles
from acd_core.core.scores cimport Scores


cdef enum AgentStateCode:
    AGENT_SIGNED_OUT
    AGENT_AVAILABLE
    AGENT_OFFERED
    AGENT_BUSY
    AGENT_WRAP_UP
    AGENT_PAUSED
    AGENT_NOT_RESPONDING
    AGENT_STATES


cdef extern from *:
    """
    typedef struct {
        PyObject *name;
        int64_t until_ns;
        int32_t contact;
        int32_t agent;
        int32_t next;
        int32_t channel;
        int32_t weight;
        int32_t timer;
        int8_t interruptible;
        int8_t interrupted;
    } __attribute__((aligned(64))) acd_work_row;

    typedef struct {
        int64_t number;
        int64_t expires_ns;
        int32_t contact;
        int32_t timer;
        int32_t next;
    } acd_offer_row;

    /* Four cache lines: what nearly every event asks for, their first work, what one that changes the state asks for,
       and the rest with the offer that they are made. */
    typedef struct {
        PyObject *name;
        /* bits by place among the lanes of the profile: where they may take something now */
        uint64_t inside;
        int32_t profile;
        /* the first of the profile: to be fetched beside it */
        int32_t lane;
        /* their own number or -1 */
        int32_t offer;
        int32_t timer;
        int32_t first_work;
        int32_t load;
        int32_t firm;
        int32_t exclusions;
        int32_t first_score;
        int32_t first_fan;
        int8_t state;
        int8_t next_state;
        int8_t weight;
        int8_t marked;
        int8_t loose;
        int8_t working;
        /* whether they were at work when their fans were last looked at */
        int8_t attended;

        acd_work_row work;

        PyObject *reason;
        int64_t since_ns;
        int64_t until_ns;
        int64_t idle_since_ns;
        int64_t idle_sequence;
        int64_t last_offer;
        int64_t return_ns;
        /* their own, or -1: the queue's */
        int64_t wrap_up_ns;

        acd_offer_row open;
        PyObject *next_reason;
        PyObject *settings;
        uint64_t row_key;
    } __attribute__((aligned(64))) acd_agent_row;
    _Static_assert(sizeof(acd_work_row) == 64, "a work is a cache line");
    _Static_assert(sizeof(acd_agent_row) == 256, "an agent is four cache lines");
    _Static_assert(offsetof(acd_agent_row, reason) == 128, "the third is what a change of state asks for");
    """
    ctypedef struct WorkRow "acd_work_row":
        PyObject* name
        int64_t until_ns
        int32_t contact
        int32_t agent
        int32_t next
        int32_t channel
        int32_t weight
        int32_t timer
        int8_t interruptible
        int8_t interrupted

    ctypedef struct OfferRow "acd_offer_row":
        int64_t number
        int64_t expires_ns
        int32_t contact
        int32_t timer
        int32_t next

    ctypedef struct AgentRow "acd_agent_row":
        PyObject* name
        uint64_t inside
        int32_t profile
        int32_t lane
        int32_t offer
        int32_t timer
        int32_t first_work
        int32_t load
        int32_t firm
        int32_t exclusions
        int32_t first_score
        int32_t first_fan
        int8_t state
        int8_t next_state
        int8_t weight
        int8_t marked
        int8_t loose
        int8_t working
        int8_t attended
        WorkRow work
        PyObject* reason
        int64_t since_ns
        int64_t until_ns
        int64_t idle_since_ns
        int64_t idle_sequence
        int64_t last_offer
        int64_t return_ns
        int64_t wrap_up_ns
        OfferRow open
        PyObject* next_reason
        PyObject* settings
        uint64_t row_key


cdef AgentStateCode code_of(object state) except AGENT_STATES


cdef class Agents:
    cdef Names names
    cdef AgentRow* rows
    cdef int32_t** places
    cdef int32_t place_rows
    cdef int32_t capacity
    cdef Profiles profiles
    cdef Lots lots
    cdef Scores scores
    # an agent's first work is in their own row and has the number 2 * agent; the others, odd ones, are here
    cdef Slots more_slots
    cdef WorkRow* more_works
    cdef int32_t work_capacity
    cdef bint[7][7] allowed
    cdef Bin bin

    cdef int32_t add(self, object name, int32_t profile, object settings) except -1
    cdef int remove(self, int32_t agent) except -1
    cdef int move(self, int32_t agent, int32_t profile) except -1
    cdef int set_state(
        self, int32_t agent, AgentStateCode state, object reason, int64_t now_ns, int64_t until_ns
    ) except -1
    cdef int configure(self, int32_t agent, object settings) except -1
    cdef int set_settings(self, int32_t agent, object settings) except -1
    cdef int set_scores(self, int32_t agent) except -1
    cdef int drop_scores(self, int32_t agent) except -1
    cdef int join_profile(self, int32_t agent, int32_t profile) except -1
    cdef int add_orderings(self, int32_t profile, int32_t orderings) except -1
    cdef int enter_crowd(self, int32_t agent, int32_t place) except -1
    cdef void leave_crowd(self, int32_t agent, int32_t place) noexcept
    cdef int keep(self, PyObject** place, object value) except -1
    cdef int set_next(self, int32_t agent, AgentStateCode state, object reason) except -1
    cdef int clear_next(self, int32_t agent) except -1
    cdef bint at_work(self, int32_t agent) noexcept
    cdef bint has_room(self, int32_t agent, int32_t lane) noexcept
    cdef int reserve_places(self) except -1
    cdef int enter_lanes(self, int32_t agent) except -1
    cdef int fasten(self, int32_t agent) except -1
    cdef void leave_lanes(self, int32_t agent) noexcept
    cdef int refresh(self, int32_t agent) except -1
    cdef int32_t take_work(self, int32_t agent) except -1
    cdef int32_t add_work(self, int32_t agent, int32_t contact, object name, int32_t lane) except -1
    cdef int remove_work(self, int32_t work) except -1

    cdef inline bint is_inside(self, int32_t agent, int32_t lane) noexcept:
        """Whether the agent may take something in the lane now."""
        return (self.rows[agent].inside >> self.profiles.lanes[lane].place) & 1

    cdef inline WorkRow* work(self, int32_t work) noexcept:
        if work & 1:
            return &self.more_works[work >> 1]
        return &self.rows[work >> 1].work
