from cpython.ref cimport PyObject
from libc.stdint cimport int32_t


cdef class Packer:
    # what is written lies from start to at
    cdef char* start
    cdef char* at
    cdef char* end
    cdef object plain

    cdef void go_to(self, Py_ssize_t place) noexcept


cdef int pack(Packer packer, PyObject* value, int32_t depth=*) except -1
cdef int pack_array_head(Packer packer, Py_ssize_t count) except -1
