from cpython.ref cimport PyObject
from libc.stdint cimport int32_t


cdef class Bin:
    cdef PyObject** items
    cdef int32_t size
    cdef int32_t capacity

    cdef int add(self, PyObject* item) except -1
    cdef PyObject* hold(self, object item) except NULL
    cdef void clear(self) noexcept
