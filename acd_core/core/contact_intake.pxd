from libc.stdint cimport int32_t, int64_t

from acd_core.core.intake cimport Intake


cdef class ContactIntake(Intake):
    cdef int32_t find_checked_kind(self, tuple key) except -2
    cdef int contact_arrived(self, object event, int64_t now) except -1
    cdef int contact_changed(self, object event, int64_t now) except -1
    cdef int contact_deferred(self, object event, int64_t now) except -1
    cdef int contact_returned(self, object event, int64_t now) except -1
    cdef int contact_transferred(self, object event, int64_t now) except -1
    cdef int contact_abandoned(self, object event, int64_t now) except -1
    cdef int contact_ended(self, object event, int64_t now) except -1
    cdef int contact_requeued(self, object event, int64_t now) except -1
    cdef int assignment_ordered(self, object event, int64_t now) except -1
