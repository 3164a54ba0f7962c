from libc.stdint cimport int64_t

from acd_core.core.contact_intake cimport ContactIntake


cdef class Distributor(ContactIntake):
    cdef int dispatch(self, object event, int64_t now) except -1
    cdef list finish(self)
