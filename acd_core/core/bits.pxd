from libc.stdint cimport int32_t, uint64_t


cdef extern from *:
    """
    #define acd_lowest_bit(word) __builtin_ctzll(word)
    """
    int lowest_bit "acd_lowest_bit" (uint64_t word) noexcept


cdef class BitRows:
    cdef uint64_t* words
    cdef int32_t rows
    cdef int32_t stride

    cdef int reserve(self, int32_t rows, int32_t columns) except -1

    cdef inline uint64_t* row(self, int32_t row) noexcept:
        return self.words + <size_t>row * self.stride

    cdef inline void set(self, int32_t row, int32_t column) noexcept:
        self.words[<size_t>row * self.stride + (column >> 6)] |= <uint64_t>1 << (column & 63)

    cdef inline void clear(self, int32_t row, int32_t column) noexcept:
        self.words[<size_t>row * self.stride + (column >> 6)] &= ~(<uint64_t>1 << (column & 63))

    cdef inline bint has(self, int32_t row, int32_t column) noexcept:
        return (self.words[<size_t>row * self.stride + (column >> 6)] >> (column & 63)) & 1
