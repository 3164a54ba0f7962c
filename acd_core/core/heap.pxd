from libc.stdint cimport int32_t, int64_t


cdef struct Entry:
    int64_t key
    int64_t sequence
    int32_t slot


cdef struct Heap:
    Entry* entries
    int32_t size
    int32_t capacity


cdef struct Places:
    # where each row of a table stands in its heap; ``stride``: from one to the next; ``first`` NULL: it is not kept
    int32_t* first
    int32_t stride


cdef inline bint comes_before(int64_t key, int64_t sequence, int64_t other_key, int64_t other_sequence) noexcept:
    return key < other_key or (key == other_key and sequence < other_sequence)


cdef int heap_reserve(Heap* heap) except -1
cdef void heap_push(Heap* heap, Places places, int64_t key, int64_t sequence, int32_t slot) noexcept
cdef void heap_remove(Heap* heap, Places places, int32_t place) noexcept
cdef void heap_enter(Heap* heap, int32_t* places, int64_t key, int64_t sequence, int32_t slot) noexcept
cdef void heap_leave(Heap* heap, int32_t* places, int32_t slot) noexcept
cdef void heap_free(Heap* heap) noexcept
