from libc.stdint cimport int32_t, int64_t

from acd_core.core.hands cimport Hands


cdef class Flow(Hands):
    cdef int hold_skills(self, object names) except -1
    cdef int32_t get_kind(self, tuple key, int32_t queue) except -1
    cdef void foresee_kind(self, int32_t kind) noexcept
    cdef void revive_kind(self, int32_t kind) noexcept
    cdef int drop_kind(self, int32_t kind) except -1
    cdef int32_t get_class(self, int32_t kind, int32_t step) except -1
    cdef int compile(self, int32_t klass) except -1
    cdef int change_class(self, int32_t contact, int32_t klass) except -1
    cdef int forget_kind(self, int32_t kind) except -1
    cdef int32_t get_profile(self, object settings) except -1

    cdef bint is_in_line(self, int32_t contact) noexcept
    cdef bint is_kept(self, int32_t contact) except -1
    cdef int64_t due_after_ns(self, int32_t contact) noexcept
    cdef int64_t due_ns(self, int32_t contact) noexcept
    cdef int refresh_due(self, int32_t contact) except -1
    cdef int set_preferring(self, int32_t contact, bint preferring) except -1
    cdef list list_contacts(self, int32_t queue)

    cdef int split(self, int32_t contact) except -1
    cdef int move(self, int32_t contact, int32_t queue, object reason) except -1
    cdef int enter(self, int32_t contact) except -1
    cdef bint is_full(self, int32_t contact, object rule, str when) except -1
    cdef bint overflow(self, int32_t contact, str when) except -1
    cdef int join(self, int32_t contact) except -1
    cdef int come_back(self, int32_t contact) except -1
    cdef int catch_up(self, int32_t contact) except -1
    cdef int measure(self, int32_t contact, bint served) except -1
