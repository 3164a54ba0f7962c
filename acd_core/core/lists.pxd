from libc.stdint cimport int32_t


cdef struct List:
    int32_t* items
    int32_t size
    int32_t capacity


cdef extern from *:
    """
    /* At most sixteen lines: what comes after them the processor sees coming by itself. */
    static inline void acd_prefetch_items(const int32_t *items, int32_t size) {
        for (int32_t place = 0; place < size && place < 256; place += 16)
            __builtin_prefetch(items + place);
        __asm__ volatile("");
    }
    """
    void prefetch_items "acd_prefetch_items" (int32_t* items, int32_t size) noexcept


cdef inline int32_t find_in_order(int32_t* items, int32_t size, int32_t item) noexcept:
    """Where it is among items in order, or belongs: before the first that is not less."""
    cdef int32_t low = 0, high = size, middle
    while low < high:
        middle = (low + high) >> 1
        if items[middle] < item:
            low = middle + 1
        else:
            high = middle
    return low


cdef enum:
    # what stands before the items of a group: its name, and where the next one begins
    TITLE = 2


cdef class Lists:
    cdef List* rows
    cdef int32_t capacity

    cdef int reserve(self, int32_t rows) except -1
    cdef int widen(self, int32_t row, int32_t more) except -1
    cdef int add(self, int32_t row, int32_t item) except -1
    cdef void remove(self, int32_t row, int32_t item) noexcept
    cdef bint has(self, int32_t row, int32_t item) noexcept
    cdef void clear(self, int32_t row) noexcept

    cdef inline void prefetch(self, int32_t row) noexcept:
        prefetch_items(self.rows[row].items, self.rows[row].size)


cdef class Groups(Lists):
    cdef int32_t find_group(self, int32_t row, int32_t group) noexcept
    cdef void shift(self, int32_t row, int32_t place, int32_t change) noexcept
    cdef int enter(self, int32_t row, int32_t group, int32_t item) except -1
    cdef void leave(self, int32_t row, int32_t group, int32_t item) noexcept
