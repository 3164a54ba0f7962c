from libc.stdint cimport int32_t, int64_t, uint64_t

from acd_core.core.agents cimport Agents
from acd_core.core.bits cimport BitRows
from acd_core.core.contacts cimport Contacts
from acd_core.core.exclusions cimport Exclusions
from acd_core.core.heap cimport Entry, Heap
from acd_core.core.output cimport Record
from acd_core.core.queues cimport Queues
from acd_core.core.skills cimport Skills


cdef class Matching:
    cdef Skills skills
    cdef Queues queues
    cdef Contacts contacts
    cdef Agents agents
    cdef Exclusions exclusions
    cdef BitRows class_profiles
    cdef BitRows profile_classes

    cdef int link_class(self, int32_t klass) except -1
    cdef void unlink_class(self, int32_t klass) noexcept
    cdef int link_profile(self, int32_t profile) except -1
    cdef void unlink_profile(self, int32_t profile) noexcept
    cdef int32_t best_agent(self, int32_t contact) noexcept
    cdef int32_t best_contact(self, int32_t agent) noexcept
    cdef int explain(self, Record* record, int32_t contact, int32_t agent, int64_t now_ns) except -1
    cdef Entry* first_agent(self, Heap* heap, int32_t place, int32_t contact, int32_t skipped) noexcept
    cdef Entry* first_contact(self, Heap* heap, int32_t place, int32_t agent) noexcept
    cdef int explain_excluded(self, Record* record, int32_t contact, int32_t klass) except -1
