# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The highest score of each profile's members by topic, side by side: most profiles need not be looked at any closer.

An upper bound, and no more than a help: where topics and profiles are so many that the table would be larger than
8 MiB there is none.
"""

cimport cython
from libc.stdint cimport int32_t, uint16_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

DEF BYTES_MAX = 8 << 20


@cython.final
cdef class Tops:
    def __dealloc__(self):
        free(self.items)

    cdef int put(self, int32_t topic, int32_t profile, int32_t score) except -1:
        if topic >= self.rows or profile >= self.stride:
            self.reserve(topic + 1, profile + 1)
        if not self.given_up:
            self.items[<size_t>topic * self.stride + profile] = <uint16_t>score
        return 0

    cdef int reserve(self, int32_t rows, int32_t columns) except -1:
        cdef int32_t row
        cdef uint16_t* items = NULL
        if self.given_up:
            return 0
        rows = self.rows if rows <= self.rows else rows + (rows >> 1)
        columns = self.stride if columns <= self.stride else columns + (columns >> 1)
        if <size_t>rows * columns * sizeof(uint16_t) > BYTES_MAX:
            self.given_up = True
            rows = columns = 0
        else:
            items = <uint16_t*>calloc(<size_t>rows * columns, sizeof(uint16_t))
            if items is NULL:
                raise MemoryError("the distributor can't get memory for a larger table of scores")
            for row in range(self.rows):
                memcpy(
                    items + <size_t>row * columns,
                    self.items + <size_t>row * self.stride,
                    self.stride * sizeof(uint16_t),
                )
        free(self.items)
        self.items = items
        self.rows = rows
        self.stride = columns
        return 0
