from libc.stdint cimport int32_t


cdef class Marks:
    cdef int32_t* items
    cdef int32_t size
    cdef int32_t capacity

    cdef int add(self, int32_t item) except -1

    cdef inline void drop(self, int32_t place) noexcept:
        """The last one takes its place."""
        self.size -= 1
        self.items[place] = self.items[self.size]
