# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Growing arrays, and the numbering of their rows.

Rows are named by a slot, a small integer that stays the same while the row lives and is used again after it.
"""

cimport cython
from libc.stdint cimport int32_t
from libc.stdlib cimport free, realloc
from libc.string cimport memmove, memset

DEF ALIGNED = 128


cdef void* grow(void* array, size_t item_size, int32_t old, int32_t new) except NULL:
    """Make room for ``new`` items; the added ones are zero.  Raises MemoryError and leaves the array as it was."""
    cdef void* larger_array = realloc(array, item_size * <size_t>new)
    if larger_array is NULL:
        raise MemoryError("the distributor can't get memory for a larger table")
    memset(<char*>larger_array + item_size * <size_t>old, 0, item_size * <size_t>(new - old))
    return larger_array


cdef void* grow_aligned(void* array, size_t item_size, int32_t old, int32_t new) except NULL:
    """As `grow`, for items of half a cache line (32 bytes) or of whole ones: none lies across more than it must.

    For `free_aligned`.  What the C library gave stands before the items, for it must have that back.  It moves large
    arrays by their pages, and then nothing is copied here.
    """
    cdef char* given = NULL
    cdef char* items
    cdef size_t offset = 0
    if array is not NULL:
        given = (<char**>array - 1)[0]
        offset = <char*>array - given
    given = <char*>realloc(given, item_size * <size_t>new + ALIGNED + sizeof(char*))
    if given is NULL:
        raise MemoryError("the distributor can't get memory for a larger table")
    items = given + sizeof(char*)
    items += -<size_t>items & ALIGNED - 1
    if array is not NULL and <size_t>(items - given) != offset:
        memmove(items, given + offset, item_size * <size_t>old)
    memset(items + item_size * <size_t>old, 0, item_size * <size_t>(new - old))
    (<char**>items - 1)[0] = given
    return items


cdef void free_aligned(void* array) noexcept:
    if array is not NULL:
        free((<char**>array - 1)[0])


@cython.final
cdef class Slots:
    """Free list of rows: takes the one given back last, else the next never used."""

    def __cinit__(self):
        self.first_free = -1
        self.stride = 1

    def __dealloc__(self):
        if self.stride == 1:
            free(self.next_free)

    cdef void lend(self, int32_t* next_free, int32_t stride) noexcept:
        """A place in each row, which it may use while the row is free: from now on, and whenever the rows move."""
        if self.stride == 1:
            free(self.next_free)
        self.next_free = next_free
        self.stride = stride

    cdef int32_t take(self) except -1:
        cdef int32_t slot = self.first_free
        if slot >= 0:
            self.first_free = self.next_free[<size_t>slot * self.stride]
        else:
            if self.used == self.capacity:
                if self.stride == 1:
                    self.next_free = <int32_t*>grow(
                        self.next_free, sizeof(int32_t), self.capacity, larger(self.capacity)
                    )
                self.capacity = larger(self.capacity)
            slot = self.used
            self.used += 1
        self.count += 1
        return slot

    cdef void give_back(self, int32_t slot) noexcept:
        self.next_free[<size_t>slot * self.stride] = self.first_free
        self.first_free = slot
        self.count -= 1
