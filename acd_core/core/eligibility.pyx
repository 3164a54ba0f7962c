# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Who may serve whom.

Two tables of bits say which profiles are able to serve a class and which classes a profile is able to serve; they
change only when a class, a profile or a queue's settings do.  Choosing is then: take the common part with the profiles
that have somebody free for the channel (or the classes that have somebody waiting) and compare the heads.
"""

from libc.stdint cimport int32_t, uint8_t, uint64_t
from libc.stdlib cimport free

from acd_core.core.agents cimport Agents
from acd_core.core.bits cimport COLUMNS_SLACK, BitRows, list_common, lowest_bit
from acd_core.core.contacts cimport Contacts
from acd_core.core.exclusions cimport Exclusions
from acd_core.core.kinds cimport ClassRow
from acd_core.core.memory cimport grow
from acd_core.core.queues cimport Queues
from acd_core.core.skills cimport Skills


cdef inline bint is_met(ClassRow* row, uint8_t* levels) noexcept:
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
        self.class_profiles = BitRows()
        self.profile_classes = BitRows()

    def __dealloc__(self):
        free(self.lanes)

    # The tables

    cdef int link_class(self, int32_t klass) except -1:
        """Find the profiles that are able to serve it: those of its queue that meet its requirement."""
        cdef int32_t queue = self.kinds.heads[klass].queue
        cdef int32_t word, profile, words = (self.profiles.slots.used + 63) >> 6
        cdef ClassRow* row = &self.kinds.classes[klass]
        cdef uint64_t* members
        cdef uint64_t* able
        cdef uint64_t* holders
        cdef uint64_t bits
        cdef int32_t place = 0
        self.class_profiles.reserve(klass + 1, self.profiles.capacity)
        self.profile_classes.reserve(self.profiles.capacity, klass + 1)
        self.queues.profiles.reserve(1, self.profiles.capacity)
        self.skills.profiles.reserve(1, self.profiles.capacity)
        self.skills.reserve(self.profiles.capacity)
        able = self.class_profiles.row(klass)
        members = self.queues.profiles.row(queue)
        for word in range(words):
            able[word] = members[word]
        while place < row.program_size:
            if row.program[place] == 1:
                holders = self.skills.profiles.row(row.program[place + 1])
                for word in range(words):
                    able[word] &= holders[word]
            place += 1 + 2 * row.program[place]
        for word in range(words):
            bits = able[word]
            while bits:
                profile = (word << 6) + lowest_bit(bits)
                bits &= bits - 1
                if is_met(row, self.skills.levels_of(profile)):
                    self.profile_classes.set(profile, klass)
                else:
                    self.class_profiles.clear(klass, profile)
        return 0

    cdef void unlink_class(self, int32_t klass) noexcept:
        cdef int32_t word, profile
        cdef uint64_t bits
        cdef uint64_t* able = self.class_profiles.row(klass)
        for word in range(self.class_profiles.stride):
            bits = able[word]
            while bits:
                profile = (word << 6) + lowest_bit(bits)
                self.profile_classes.clear(profile, klass)
                bits &= bits - 1
        self.class_profiles.clear_row(klass)

    cdef int link_profile(self, int32_t profile) except -1:
        """Find the classes that it is able to serve."""
        cdef int32_t klass
        cdef uint8_t* levels
        self.class_profiles.reserve(self.kinds.class_capacity, profile + 1)
        self.profile_classes.reserve(profile + 1, self.kinds.class_capacity)
        levels = self.skills.levels_of(profile)
        for klass in range(self.kinds.class_slots.used):
            if (
                self.kinds.classes[klass].kind >= 0
                and self.queues.profiles.has(self.kinds.heads[klass].queue, profile)
                and is_met(&self.kinds.classes[klass], levels)
            ):
                self.class_profiles.set(klass, profile)
                self.profile_classes.set(profile, klass)
        return 0

    cdef void unlink_profile(self, int32_t profile) noexcept:
        cdef int32_t word, klass
        cdef uint64_t bits
        cdef uint64_t* served = self.profile_classes.row(profile)
        for word in range(self.profile_classes.stride):
            bits = served[word]
            while bits:
                klass = (word << 6) + lowest_bit(bits)
                self.class_profiles.clear(klass, profile)
                bits &= bits - 1
        self.profile_classes.clear_row(profile)

    cdef int32_t list_profiles(self, int32_t klass, uint64_t* profiles) except -1:
        """How many of these are able to serve it; they are in ``lanes``."""
        cdef int32_t capacity = self.profiles.capacity + COLUMNS_SLACK
        if self.lanes_capacity < capacity:
            self.lanes = <int32_t*>grow(self.lanes, sizeof(int32_t), self.lanes_capacity, capacity)
            self.lanes_capacity = capacity
        return list_common(
            self.class_profiles.row(klass), profiles, (self.profiles.slots.used + 63) >> 6, self.lanes
        )

    cdef int32_t list_lanes(self, int32_t klass, uint64_t* profiles) except -1:
        """How many ``lanes`` may serve it, of these profiles."""
        cdef int32_t* lane_of = self.profiles.lane_of[self.kinds.heads[klass].channel]
        cdef int32_t place, size = self.list_profiles(klass, profiles)
        for place in range(size):
            self.lanes[place] = lane_of[self.lanes[place]]
        return size

    # A single pair

    cdef bint is_barred(self, int32_t contact, int32_t agent) except -1:
        """Excluded from the contact, or spared it."""
        cdef int32_t klass = self.contacts.rows[contact].klass
        if self.kinds.excluding.has(0, klass):
            if <object>self.agents.names.names[agent] in self.kinds.excluded(klass):
                return True
        return self.exclusions.has(contact, agent)

    cdef bint is_free(self, int32_t contact, int32_t agent) noexcept:
        """At work, with room for the contact, and nothing ringing."""
        cdef int32_t channel = self.kinds.heads[self.contacts.rows[contact].klass].channel
        return self.agents.is_inside(agent, self.profiles.lane_of[channel][self.agents.rows[agent].profile])

    cdef bint is_able(self, int32_t contact, int32_t agent) noexcept:
        return self.class_profiles.has(self.contacts.rows[contact].klass, self.agents.rows[agent].profile)

    cdef int32_t get_preferred(self, int32_t contact) except -2:
        """The preferred agent, if signed in, or -1."""
        cdef int32_t extra = self.contacts.rows[contact].extra
        if extra < 0 or self.contacts.extras[extra].preferred is NULL:
            return -1
        return self.agents.names.find(<object>self.contacts.extras[extra].preferred)
