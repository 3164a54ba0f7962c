from cpython.ref cimport PyObject
from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t

from acd_core.core.bin cimport Bin
from acd_core.core.memory cimport Slots


cdef extern from *:
    """
    #include <string.h>

    #define ACD_TAGS 8
    #define ACD_TOPS UINT64_C(0x8080808080808080)

    /* Eight tags from here on; the first is the lowest byte. */
    static inline uint64_t acd_load_tags(const uint8_t *tags) {
        uint64_t word;
        memcpy(&word, tags, sizeof word);
    #if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
    #endif
        return word;
    }

    /* The top bit of each byte that is 0: no other tag has none. */
    static inline uint64_t acd_find_empty(uint64_t word) {
        return ~word & ACD_TOPS;
    }

    /* The top bit of each byte that is this tag; above such a byte perhaps of others, too. */
    static inline uint64_t acd_find_tag(uint64_t word, uint8_t tag) {
        uint64_t differences = word ^ tag * UINT64_C(0x0101010101010101);
        return (differences - UINT64_C(0x0101010101010101)) & ~differences & ACD_TOPS;
    }
    """
    enum:
        TAGS "ACD_TAGS"
    uint64_t load_tags "acd_load_tags" (uint8_t* tags) noexcept
    uint64_t find_empty "acd_find_empty" (uint64_t word) noexcept
    uint64_t find_tag "acd_find_tag" (uint64_t word, uint8_t tag) noexcept


cdef inline object read_text(PyObject* name):
    """A name or reason; None: there is none."""
    return <object>name if name is not NULL else None


cdef struct Bucket:
    uint32_t digest
    int32_t slot


cdef class Names:
    cdef Slots slots
    cdef Bin bin
    cdef PyObject** names
    cdef int32_t stride
    cdef Bucket* buckets
    cdef uint8_t* tags
    cdef uint32_t mask
    cdef int32_t capacity

    cdef int foresee(self, object name) except -1
    cdef int32_t find(self, object name) except -2
    cdef int32_t add(self, object name) except -1
    cdef int32_t take(self) except -1
    cdef void lend(self, PyObject** names, int32_t stride) noexcept
    cdef int enter(self, int32_t slot, object name) except -1
    cdef int remove(self, int32_t slot) except -1
    cdef void forget(self) noexcept
    cdef int rehash(self) except -1
    cdef void place(self, uint32_t digest, int32_t slot) noexcept
    cdef void tag(self, uint32_t index, uint8_t tag) noexcept

    cdef inline PyObject* get(self, int32_t slot) noexcept:
        """NULL: nobody's."""
        return self.names[<size_t>slot * self.stride]
