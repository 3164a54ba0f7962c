from libc.stdint cimport int32_t, uint64_t

from acd_core.core.agents cimport Agents
from acd_core.core.contacts cimport Contacts
from acd_core.core.exclusions cimport Exclusions
from acd_core.core.kinds cimport Kinds
from acd_core.core.lists cimport Groups, Lists
from acd_core.core.profiles cimport Profiles
from acd_core.core.queues cimport Queues
from acd_core.core.skills cimport Skills


cdef class Eligibility:
    cdef Skills skills
    cdef Queues queues
    cdef Contacts contacts
    cdef Kinds kinds
    cdef Agents agents
    cdef Profiles profiles
    cdef Exclusions exclusions
    # a class's lanes are those that its channel takes, one of each profile that is able to serve it
    cdef Lists class_lanes
    # a profile's classes are grouped by queue
    cdef Groups profile_classes
    cdef uint64_t* able
    cdef int32_t able_capacity

    cdef int link_class(self, int32_t klass) except -1
    cdef void unlink_class(self, int32_t klass) noexcept
    cdef int link_profile(self, int32_t profile) except -1
    cdef void unlink_profile(self, int32_t profile) noexcept

    cdef bint has_anybody(self, int32_t klass) noexcept
    cdef bint is_barred(self, int32_t contact, int32_t agent) except -1
    cdef bint is_free(self, int32_t contact, int32_t agent) noexcept
    cdef bint is_able(self, int32_t contact, int32_t agent) noexcept
    cdef int32_t get_preferred(self, int32_t contact) except -2
