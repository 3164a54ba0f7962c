from libc.stdint cimport int32_t


cdef extern from *:
    """
    /* A function that only fetches does nothing in a compiler's eyes: it drops calls of it, but for the asm. */
    #define acd_prefetch(address) do { __builtin_prefetch(address); __asm__ volatile(""); } while (0)
    """
    void prefetch "acd_prefetch" (void* address) noexcept


cdef void* grow(void* array, size_t item_size, int32_t old, int32_t new) except NULL
cdef void* grow_aligned(void* array, size_t item_size, int32_t old, int32_t new) except NULL
cdef void free_aligned(void* array) noexcept


cdef inline int32_t larger(int32_t capacity) noexcept:
    """Half as much again, a sixteenth where there are very many: room to grow without a table that is half empty."""
    return capacity + (capacity >> (1 if capacity < 8_192 else 3 if capacity < 65_536 else 4)) + 16


cdef class Slots:
    cdef int32_t* next_free
    cdef int32_t stride
    cdef int32_t first_free
    cdef int32_t capacity
    cdef readonly int32_t used
    cdef readonly int32_t count

    cdef void lend(self, int32_t* next_free, int32_t stride) noexcept
    cdef int32_t take(self) except -1
    cdef void give_back(self, int32_t slot) noexcept
