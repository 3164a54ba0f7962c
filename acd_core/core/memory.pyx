# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Growing arrays, and the numbering of their rows.

Rows are named by a slot, a small integer that stays the same while the row lives and is used again after it.
"""

cimport cython
from libc.stdint cimport int32_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy, memset
from posix.stdlib cimport posix_memalign


cdef void* grow(void* array, size_t item_size, int32_t old, int32_t new) except NULL:
    """Make room for ``new`` items; the added ones are zero.  Raises MemoryError and leaves the array as it was."""
    cdef void* larger_array = realloc(array, item_size * <size_t>new)
    if larger_array is NULL:
        raise MemoryError("the distributor can't get memory for a larger table")
    memset(<char*>larger_array + item_size * <size_t>old, 0, item_size * <size_t>(new - old))
    return larger_array


cdef void* grow_aligned(void* array, size_t item_size, int32_t old, int32_t new) except NULL:
    """As `grow`, for items of half a cache line or a whole one: none lies across the border of two."""
    cdef void* larger_array
    if posix_memalign(&larger_array, 64, item_size * <size_t>new):
        raise MemoryError("the distributor can't get memory for a larger table")
    memcpy(larger_array, array, item_size * <size_t>old)
    memset(<char*>larger_array + item_size * <size_t>old, 0, item_size * <size_t>(new - old))
    free(array)
    return larger_array


@cython.final
cdef class Slots:
    """Free list of rows: takes the one given back last, else the next never used."""

    def __cinit__(self):
        self.first_free = -1

    def __dealloc__(self):
        free(self.next_free)

    cdef int32_t take(self) except -1:
        cdef int32_t slot = self.first_free
        if slot >= 0:
            self.first_free = self.next_free[slot]
        else:
            if self.used == self.capacity:
                self.next_free = <int32_t*>grow(
                    self.next_free, sizeof(int32_t), self.capacity, larger(self.capacity)
                )
                self.capacity = larger(self.capacity)
            slot = self.used
            self.used += 1
        self.count += 1
        return slot

    cdef void give_back(self, int32_t slot) noexcept:
        self.next_free[slot] = self.first_free
        self.first_free = slot
        self.count -= 1
