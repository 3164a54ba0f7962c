from libc.stdint cimport int32_t, int64_t

from acd_core.core.bits cimport BitRows
from acd_core.core.heap cimport Heap
from acd_core.core.memory cimport Slots
from acd_core.core.names cimport Names
from acd_core.core.queues cimport Queues


cdef enum ContactStateCode:
    CONTACT_WAITING
    CONTACT_OFFERED
    CONTACT_ASSIGNED
    CONTACT_ENDED
    CONTACT_STATES


cdef struct ContactRow:
    int64_t arrival_ns
    int64_t sequence
    int32_t klass
    int32_t offer
    int32_t agent
    int32_t exclusions
    int32_t state


cdef struct ClassRow:
    Heap waiting
    int64_t head_ns
    int64_t head_sequence
    int32_t queue
    int32_t members


cdef class Classes:
    cdef Slots slots
    cdef ClassRow* rows
    cdef int32_t capacity
    cdef BitRows waiting
    cdef dict by_key
    cdef list keys
    cdef list needs

    cdef int32_t add(self, tuple key, int32_t queue) except -1
    cdef int remove(self, int32_t klass) except -1
    cdef void refresh(self, int32_t klass) noexcept


cdef class Contacts:
    cdef Names names
    cdef ContactRow* rows
    cdef int32_t* places
    cdef int32_t capacity
    cdef Classes classes
    cdef Queues queues
    cdef bint[4][4] allowed

    cdef int32_t add(self, object name, int32_t klass, int64_t arrival_ns, int64_t sequence) except -1
    cdef int remove(self, int32_t contact) except -1
    cdef void leave(self, int32_t contact, int32_t state) noexcept
    cdef void enter(self, int32_t contact, int32_t state) noexcept
    cdef int set_state(self, int32_t contact, ContactStateCode state) except -1
    cdef int32_t position(self, int32_t contact) except -1
