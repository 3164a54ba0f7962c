from cpython.ref cimport PyObject
from libc.stdint cimport int8_t, int32_t, int64_t

from acd_core.core.heap cimport Heap, Places
from acd_core.core.kinds cimport Kinds
from acd_core.core.memory cimport Slots
from acd_core.core.names cimport Names
from acd_core.core.queues cimport Queues


cdef enum ContactStateCode:
    CONTACT_WAITING
    CONTACT_OFFERED
    CONTACT_ASSIGNED
    CONTACT_ENDED
    CONTACT_STATES


cdef enum Place:
    NOWHERE
    IN_CLASS
    KEPT


cdef enum ContactFlag:
    DEFERRED = 1
    SHUT_OUT = 2
    HELD = 3
    PREFERRING = 4
    CHARGED = 8
    WAIT_TRIED = 16
    MARKED = 32
    LOOSE = 64


cdef extern from *:
    """
    /* 64 bytes, a cache line, for there may be a hundred thousand: two small numbers share a byte. */
    typedef struct {
        PyObject *name;
        int64_t arrival_ns;
        int64_t sequence;
        int32_t klass;
        int32_t offer;
        int32_t agent;
        int32_t exclusions;
        int32_t extra;
        /* neighbours in the list of the class and in that of those to whom something is due; in a heap there are none:
           ``before`` is its place there, and ``after`` (or ``due_list``) ACD_IN_HEAP */
        int32_t before;
        int32_t after;
        int32_t due_before;
        int32_t due_after;
        uint8_t state : 4;
        uint8_t place : 4;
        int8_t flags;
        int8_t offers;
        int8_t due_list;
    } acd_contact_row;
    _Static_assert(sizeof(acd_contact_row) == 64, "a contact is a cache line");
    #define ACD_IN_HEAP -2
    """
    enum:
        IN_HEAP "ACD_IN_HEAP"
    ctypedef struct ContactRow "acd_contact_row":
        PyObject* name
        int64_t arrival_ns
        int64_t sequence
        int32_t klass
        int32_t offer
        int32_t agent
        int32_t exclusions
        int32_t extra
        int32_t before
        int32_t after
        int32_t due_before
        int32_t due_after
        int8_t state
        int8_t place
        int8_t flags
        int8_t offers
        int8_t due_list


cdef struct DueList:
    # those to whom something is due so long after they entered their queues; due_ns, sequence: the first one's
    int64_t after_ns
    int64_t due_ns
    int64_t sequence
    int32_t first
    int32_t last


cdef struct ExtraRow:
    PyObject* preferred
    int64_t preferred_ns
    int64_t bonus_ns
    # what of it counts: no more than its queue's bound on overtaking
    int64_t counted_ns
    int64_t entered_ns
    int64_t until_ns
    int32_t hops
    # the contact, if it waits for its preferred agent alone, and its neighbours among those of the same agent
    int32_t fan
    int32_t fan_before
    int32_t fan_after


cdef class Contacts:
    cdef Names names
    cdef ContactRow* rows
    cdef Heap due
    cdef (DueList)[16] due_lists
    cdef int32_t due_list_count
    cdef int32_t capacity
    cdef Slots extra_slots
    cdef ExtraRow* extras
    cdef int32_t extra_capacity
    cdef Kinds kinds
    cdef Queues queues
    cdef bint[4][4] allowed

    cdef int foresee_new(self, object name) except -1
    cdef int32_t add(self, object name, int32_t klass, int64_t arrival_ns, int64_t sequence) except -1
    cdef int remove(self, int32_t contact) except -1
    cdef ExtraRow* get_extra(self, int32_t contact) except NULL
    cdef int count_bonus(self, int32_t contact) except -1
    cdef int set_preferred(self, int32_t contact, object name, int64_t preferred_ns) except -1
    cdef int set_state(self, int32_t contact, ContactStateCode state) except -1
    cdef int set_class(self, int32_t contact, int32_t klass) except -1
    cdef int set_place(self, int32_t contact, Place place) except -1
    cdef int fasten(self, int32_t contact) except -1
    cdef Places places(self) noexcept
    cdef Places due_places(self) noexcept
    cdef void leave_class(self, int32_t contact) noexcept
    cdef void count(self, int32_t contact, int32_t change) noexcept
    cdef void refresh(self, int32_t klass) noexcept
    cdef int set_due(self, int32_t contact, int64_t due_ns, int64_t after_ns) except -1
    cdef int32_t find_due_list(self, int64_t after_ns) noexcept
    cdef bint enter_due_list(self, int32_t contact, int32_t number, int64_t due_ns) noexcept
    cdef void leave_due_list(self, int32_t contact) noexcept
    cdef int32_t next_due(self, int64_t* due_ns, int64_t* sequence) noexcept
    cdef void set_held(self, int32_t contact, int8_t held) noexcept

    cdef inline int64_t earliest(self, int32_t contact) noexcept:
        """E of rule 7.2: its arrival, earlier by what counts of its bonus; may be negative."""
        cdef ContactRow* row = &self.rows[contact]
        if row.extra < 0:
            return row.arrival_ns
        return row.arrival_ns - self.extras[row.extra].counted_ns

    cdef inline int64_t entered(self, int32_t contact) noexcept:
        cdef ContactRow* row = &self.rows[contact]
        return row.arrival_ns if row.extra < 0 else self.extras[row.extra].entered_ns

    cdef inline int32_t queue_of(self, int32_t contact) noexcept:
        return self.kinds.classes[self.rows[contact].klass].queue
