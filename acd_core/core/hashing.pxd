from libc.stdint cimport int64_t, uint64_t

cdef uint64_t mix(uint64_t value) noexcept
cdef uint64_t hash_name(str name) except? 0
cdef int64_t draw_point(uint64_t seed, str contact, uint64_t number, int64_t width) except -1
