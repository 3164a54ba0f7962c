# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Who may serve whom.

Each class has a list of the lanes that may serve it, each profile one of the classes that it may serve; they change
only when a class, a profile or a queue's settings do.  Choosing is then: go through the list and compare the heads.
"""

from libc.stdint cimport int32_t, uint8_t, uint64_t
from libc.stdlib cimport free

from acd_core.core.agents cimport Agents
from acd_core.core.bits cimport lowest_bit
from acd_core.core.contacts cimport Contacts
from acd_core.core.exclusions cimport Exclusions
from acd_core.core.kinds cimport Requirement
from acd_core.core.lists cimport TITLE, Groups, List, Lists
from acd_core.core.memory cimport grow
from acd_core.core.profiles cimport NOBODY
from acd_core.core.queues cimport Queues
from acd_core.core.skills cimport Skills


cdef inline bint is_met(Requirement* row, uint8_t* levels) noexcept:
    """Whether each clause has an alternative that is had at its level."""
    cdef int32_t place = 0, end
    cdef bint met
    while place < row.program_size:
        end = place + 1 + 2 * row.program[place]
        place += 1
        met = False
        while place < end:
            if levels[row.program[place]] >= row.program[place + 1]:
                met = True
                break
            place += 2
        if not met:
            return False
        place = end
    return True


cdef class Eligibility:
    def __cinit__(self, Skills skills, Queues queues, Contacts contacts, Agents agents, Exclusions exclusions):
        self.skills = skills
        self.queues = queues
        self.contacts = contacts
        self.kinds = contacts.kinds
        self.agents = agents
        self.profiles = agents.profiles
        self.exclusions = exclusions
        self.class_lanes = Lists()
        self.profile_classes = Groups()

    def __dealloc__(self):
        free(self.able)

    # The lists

    cdef int link_class(self, int32_t klass) except -1:
        """Find the profiles that are able to serve it: those of its queue that meet its requirement."""
        cdef int32_t queue = self.kinds.classes[klass].queue
        cdef int32_t* lane_of = self.profiles.lane_of[self.kinds.classes[klass].channel]
        cdef int32_t word, profile, words = (self.profiles.slots.used + 63) >> 6
        cdef Requirement* row = &self.kinds.requirements[klass]
        cdef uint64_t* members
        cdef uint64_t* holders
        cdef uint64_t bits
        cdef int32_t place = 0
        if words > self.able_capacity:
            self.able = <uint64_t*>grow(self.able, sizeof(uint64_t), self.able_capacity, words)
            self.able_capacity = words
        self.class_lanes.reserve(klass + 1)
        self.profile_classes.reserve(self.profiles.slots.used)
        self.queues.profiles.reserve(1, self.profiles.capacity)
        self.skills.profiles.reserve(1, self.profiles.capacity)
        self.skills.reserve(self.profiles.capacity)
        members = self.queues.profiles.row(queue)
        for word in range(words):
            self.able[word] = members[word]
        while place < row.program_size:
            if row.program[place] == 1:
                holders = self.skills.profiles.row(row.program[place + 1])
                for word in range(words):
                    self.able[word] &= holders[word]
            place += 1 + 2 * row.program[place]
        for word in range(words):
            bits = self.able[word]
            while bits:
                profile = (word << 6) + lowest_bit(bits)
                bits &= bits - 1
                if is_met(row, self.skills.levels_of(profile)):
                    self.profile_classes.enter(profile, queue, klass)
                    self.class_lanes.add(klass, lane_of[profile])
        return 0

    cdef void unlink_class(self, int32_t klass) noexcept:
        cdef List* row = &self.class_lanes.rows[klass]
        cdef int32_t queue = self.kinds.classes[klass].queue
        cdef int32_t place
        for place in range(row.size):
            self.profile_classes.leave(self.profiles.lanes[row.items[place]].profile, queue, klass)
        self.class_lanes.clear(klass)

    cdef int link_profile(self, int32_t profile) except -1:
        """Find the classes that it is able to serve."""
        cdef int32_t klass
        cdef uint8_t* levels
        self.class_lanes.reserve(self.kinds.class_slots.used)
        self.profile_classes.reserve(profile + 1)
        levels = self.skills.levels_of(profile)
        for klass in range(self.kinds.class_slots.used):
            if (
                self.kinds.classes[klass].kind >= 0
                and self.queues.profiles.has(self.kinds.classes[klass].queue, profile)
                and is_met(&self.kinds.requirements[klass], levels)
            ):
                self.profile_classes.enter(profile, self.kinds.classes[klass].queue, klass)
                self.class_lanes.add(klass, self.profiles.lane_of[self.kinds.classes[klass].channel][profile])
        return 0

    cdef void unlink_profile(self, int32_t profile) noexcept:
        cdef List* row = &self.profile_classes.rows[profile]
        cdef int32_t title = 0, place, klass
        while title < row.size:
            for place in range(title + TITLE, row.items[title + 1]):
                klass = row.items[place]
                self.class_lanes.remove(klass, self.profiles.lane_of[self.kinds.classes[klass].channel][profile])
            title = row.items[title + 1]
        self.profile_classes.clear(profile)

    cdef bint has_anybody(self, int32_t klass) noexcept:
        """Whether a lane that may serve it has somebody who may take something now."""
        cdef List* row = &self.class_lanes.rows[klass]
        cdef int32_t place
        for place in range(row.size):
            if self.profiles.firsts[row.items[place]] != NOBODY:
                return True
        return False

    # A single pair

    cdef bint is_barred(self, int32_t contact, int32_t agent) except -1:
        """Excluded from the contact, or spared it."""
        cdef int32_t klass = self.contacts.rows[contact].klass
        if self.kinds.excluding.has(0, klass):
            if <object>self.agents.names.get(agent) in self.kinds.excluded(klass):
                return True
        return self.exclusions.has(contact, agent)

    cdef bint is_free(self, int32_t contact, int32_t agent) noexcept:
        """At work, with room for the contact, and nothing ringing."""
        cdef int32_t channel = self.kinds.classes[self.contacts.rows[contact].klass].channel
        return self.agents.is_inside(agent, self.profiles.lane_of[channel][self.agents.rows[agent].profile])

    cdef bint is_able(self, int32_t contact, int32_t agent) noexcept:
        cdef int32_t klass = self.contacts.rows[contact].klass
        cdef int32_t channel = self.kinds.classes[klass].channel
        return self.class_lanes.has(klass, self.profiles.lane_of[channel][self.agents.rows[agent].profile])

    cdef int32_t get_preferred(self, int32_t contact) except -2:
        """The preferred agent, if signed in, or -1."""
        cdef int32_t extra = self.contacts.rows[contact].extra
        if extra < 0 or self.contacts.extras[extra].preferred is NULL:
            return -1
        return self.agents.names.find(<object>self.contacts.extras[extra].preferred)
