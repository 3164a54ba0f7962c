# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Relations as rows of bits: which profiles have a skill, which serve a queue, which classes exclude somebody.

Sixty-four answers come with one load, and the common part of two rows with one ``and`` a word.
"""

cimport cython
from libc.stdint cimport int32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy


@cython.final
cdef class BitRows:
    def __dealloc__(self):
        free(self.words)

    cdef int reserve(self, int32_t rows, int32_t columns) except -1:
        """At least so many rows and columns; the added bits are 0."""
        cdef int32_t stride = max((columns + 63) >> 6, self.stride, 1)
        cdef int32_t row
        cdef uint64_t* words
        if rows <= self.rows and stride <= self.stride:
            return 0
        if stride > self.stride:
            stride = max(stride, self.stride + (self.stride >> 2) + 1)
        if rows > self.rows:
            rows = max(rows, self.rows + (self.rows >> 2) + 4)
        rows = max(rows, self.rows, 1)
        words = <uint64_t*>calloc(<size_t>rows * stride, sizeof(uint64_t))
        if words is NULL:
            raise MemoryError("the distributor can't get memory for a larger table of bits")
        for row in range(self.rows):
            memcpy(words + <size_t>row * stride, self.row(row), self.stride * sizeof(uint64_t))
        free(self.words)
        self.words = words
        self.rows = rows
        self.stride = stride
        return 0
