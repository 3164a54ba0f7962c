from libc.stdint cimport int32_t, uint16_t


cdef enum:
    ANY_SCORE = 1000


cdef class Tops:
    cdef uint16_t* items
    cdef int32_t rows
    cdef int32_t stride
    cdef bint given_up

    cdef int put(self, int32_t topic, int32_t profile, int32_t score) except -1
    cdef int reserve(self, int32_t rows, int32_t columns) except -1

    cdef inline int32_t get(self, int32_t topic, int32_t profile) noexcept:
        """What no member of the profile exceeds.  ``topic`` -1: one in which nobody has any score."""
        if topic < 0:
            return 0
        if topic >= self.rows or profile >= self.stride:
            return ANY_SCORE if self.given_up else 0
        return self.items[<size_t>topic * self.stride + profile]
