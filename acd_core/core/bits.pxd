from libc.stdint cimport int32_t, uint64_t


cdef extern from *:
    """
    #define acd_lowest_bit(word) __builtin_ctzll(word)
    #define ACD_COLUMNS_SLACK 4

    /* The columns whose bits are set in both rows, one after the other; how many.  As many are written with each step
       whether there are or not, because how often a loop over bits goes round can't be foretold (as simdjson does;
       Langdale and Lemire, 2019): ``columns`` needs ACD_COLUMNS_SLACK more than there may be. */
    static inline int32_t acd_list_common(const uint64_t *one, const uint64_t *other, int32_t words,
                                          int32_t *columns) {
        int32_t *end = columns;
        for (int32_t word = 0; word < words; word++) {
            uint64_t bits = one[word] & other[word];
            int32_t count = __builtin_popcountll(bits);
            for (int32_t done = 0; done < count; done += ACD_COLUMNS_SLACK)
                for (int32_t place = 0; place < ACD_COLUMNS_SLACK; place++) {
                    end[done + place] = (word << 6) + __builtin_ctzll(bits | UINT64_C(1) << 63);
                    bits &= bits - 1;
                }
            end += count;
        }
        return (int32_t)(end - columns);
    }

    /* At most eight lines: what comes after them the processor sees coming by itself. */
    static inline void acd_prefetch_row(const uint64_t *row, int32_t words) {
        for (int32_t word = 0; word < words && word < 64; word += 8)
            __builtin_prefetch(row + word);
    }
    """
    int lowest_bit "acd_lowest_bit" (uint64_t word) noexcept
    enum:
        COLUMNS_SLACK "ACD_COLUMNS_SLACK"
    int32_t list_common "acd_list_common" (
        uint64_t* one, uint64_t* other, int32_t words, int32_t* columns
    ) noexcept
    void prefetch_row "acd_prefetch_row" (uint64_t* row, int32_t words) noexcept


cdef class BitRows:
    cdef uint64_t* words
    cdef int32_t rows
    cdef int32_t stride

    cdef int reserve(self, int32_t rows, int32_t columns) except -1
    cdef void clear_row(self, int32_t row) noexcept

    cdef inline uint64_t* row(self, int32_t row) noexcept:
        return self.words + <size_t>row * self.stride

    cdef inline void set(self, int32_t row, int32_t column) noexcept:
        self.words[<size_t>row * self.stride + (column >> 6)] |= <uint64_t>1 << (column & 63)

    cdef inline void clear(self, int32_t row, int32_t column) noexcept:
        self.words[<size_t>row * self.stride + (column >> 6)] &= ~(<uint64_t>1 << (column & 63))

    cdef inline bint has(self, int32_t row, int32_t column) noexcept:
        return (self.words[<size_t>row * self.stride + (column >> 6)] >> (column & 63)) & 1
