# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Who may serve whom, and who is best.

Two tables of bits say which profiles may serve a class and which classes a profile may serve; they change only when a
class, a profile or a queue's settings do.  Choosing is then: take the common part with the profiles that have somebody
idle (or the classes that have somebody waiting) and compare the heads.
"""

cimport cython
from libc.stdint cimport int32_t, int64_t, uint64_t

from acd_core.core.agents cimport (
    AGENT_AVAILABLE,
    AGENT_STATES,
    Agents,
    ProfileRow,
)
from acd_core.core.bits cimport BitRows, lowest_bit
from acd_core.core.contacts cimport ClassRow, Contacts
from acd_core.core.exclusions cimport Exclusions
from acd_core.core.heap cimport Entry, Heap, comes_before
from acd_core.core.output cimport Record, own
from acd_core.core.queues cimport Queues
from acd_core.core.skills cimport Skills


@cython.final
cdef class Matching:
    def __cinit__(self, Skills skills, Queues queues, Contacts contacts, Agents agents, Exclusions exclusions):
        self.skills = skills
        self.queues = queues
        self.contacts = contacts
        self.agents = agents
        self.exclusions = exclusions
        self.class_profiles = BitRows()
        self.profile_classes = BitRows()

    # The tables

    cdef int link_class(self, int32_t klass) except -1:
        """Find the profiles that may serve it: those of its queue that have each skill."""
        cdef int32_t queue = self.contacts.classes.rows[klass].queue
        cdef int32_t profiles = self.agents.profiles.slots.used
        cdef int32_t words = (profiles + 63) >> 6
        cdef int32_t word, profile
        cdef uint64_t* able
        cdef uint64_t* holders
        cdef uint64_t bits
        cdef frozenset skills = self.contacts.classes.keys[klass][2] | self.queues.skills[queue]
        self.contacts.classes.needs[klass] = tuple(sorted(skills))
        self.class_profiles.reserve(klass + 1, self.agents.profiles.capacity)
        self.profile_classes.reserve(self.agents.profiles.capacity, klass + 1)
        self.queues.profiles.reserve(1, self.agents.profiles.capacity)
        self.skills.profiles.reserve(1, self.agents.profiles.capacity)
        able = self.class_profiles.row(klass)
        holders = self.queues.profiles.row(queue)
        for word in range(words):
            able[word] = holders[word]
        for name in skills:
            holders = self.skills.profiles.row(self.skills.names.find(name))
            for word in range(words):
                able[word] &= holders[word]
        for word in range(words):
            bits = able[word]
            while bits:
                profile = (word << 6) + lowest_bit(bits)
                self.profile_classes.set(profile, klass)
                bits &= bits - 1
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
        """Find the classes that it may serve."""
        cdef int32_t klass, queue
        cdef bint able
        cdef tuple needs
        self.class_profiles.reserve(self.contacts.classes.capacity, profile + 1)
        self.profile_classes.reserve(profile + 1, self.contacts.classes.capacity)
        for klass in range(self.contacts.classes.slots.used):
            needs = self.contacts.classes.needs[klass]
            if needs is None:
                continue
            queue = self.contacts.classes.rows[klass].queue
            able = self.queues.profiles.has(queue, profile)
            if able:
                for name in needs:
                    if not self.skills.profiles.has(self.skills.names.find(name), profile):
                        able = False
                        break
            if able:
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

    # The choice

    cdef int32_t best_agent(self, int32_t contact) noexcept:
        """Longest idle of those who may take it now, or -1."""
        cdef int32_t klass = self.contacts.rows[contact].klass
        cdef bint exclusions = self.contacts.rows[contact].exclusions >= 0
        cdef uint64_t* able = self.class_profiles.row(klass)
        cdef uint64_t* idle = self.agents.profiles.idle.row(0)
        cdef int32_t word, words = (self.agents.profiles.slots.used + 63) >> 6
        cdef uint64_t bits
        cdef Heap* heap
        cdef Entry* entry
        cdef Entry* best = NULL
        for word in range(words):
            bits = able[word] & idle[word]
            while bits:
                heap = &self.agents.profiles.rows[(word << 6) + lowest_bit(bits)].idle
                entry = self.first_agent(heap, 0, contact, -1) if exclusions else heap.entries
                if entry is not NULL:
                    if best is NULL or comes_before(entry.key, entry.sequence, best.key, best.sequence):
                        best = entry
                bits &= bits - 1
        return best.slot if best is not NULL else -1

    cdef int32_t best_contact(self, int32_t agent) noexcept:
        """First of those who wait and whom the agent may serve now, or -1."""
        cdef int32_t profile = self.agents.rows[agent].profile
        cdef bint exclusions = self.agents.rows[agent].exclusions > 0
        cdef uint64_t* served = self.profile_classes.row(profile)
        cdef uint64_t* waiting = self.contacts.classes.waiting.row(0)
        cdef int32_t word, words = (self.contacts.classes.slots.used + 63) >> 6
        cdef uint64_t bits
        cdef ClassRow* row
        cdef Entry* entry
        cdef int32_t best = -1
        cdef int64_t best_ns = 0, best_sequence = 0
        for word in range(words):
            bits = served[word] & waiting[word]
            while bits:
                row = &self.contacts.classes.rows[(word << 6) + lowest_bit(bits)]
                bits &= bits - 1
                if best >= 0 and not comes_before(row.head_ns, row.head_sequence, best_ns, best_sequence):
                    continue
                entry = self.first_contact(&row.waiting, 0, agent) if exclusions else row.waiting.entries
                if entry is not NULL:
                    if best < 0 or comes_before(entry.key, entry.sequence, best_ns, best_sequence):
                        best = entry.slot
                        best_ns = entry.key
                        best_sequence = entry.sequence
        return best

    cdef Entry* first_agent(self, Heap* heap, int32_t place, int32_t contact, int32_t skipped) noexcept:
        """First of the heap, from ``place`` down, who is neither excluded for the contact nor ``skipped``, or NULL.

        Looks below those only whom it can't take.
        """
        cdef Entry* entry
        cdef Entry* best = NULL
        cdef int32_t child
        if place >= heap.size:
            return NULL
        entry = &heap.entries[place]
        if entry.slot != skipped and not self.exclusions.has(contact, entry.slot):
            return entry
        for child in range(4 * place + 1, min(4 * place + 5, heap.size)):
            entry = self.first_agent(heap, child, contact, skipped)
            if entry is not NULL:
                if best is NULL or comes_before(entry.key, entry.sequence, best.key, best.sequence):
                    best = entry
        return best

    cdef Entry* first_contact(self, Heap* heap, int32_t place, int32_t agent) noexcept:
        """First of the heap, from ``place`` down, for whom the agent is not excluded, or NULL."""
        cdef Entry* entry
        cdef Entry* best = NULL
        cdef int32_t child
        entry = &heap.entries[place]
        if not self.exclusions.has(entry.slot, agent):
            return entry
        for child in range(4 * place + 1, min(4 * place + 5, heap.size)):
            entry = self.first_contact(heap, child, agent)
            if entry is not NULL:
                if best is NULL or comes_before(entry.key, entry.sequence, best.key, best.sequence):
                    best = entry
        return best

    # The reasons

    cdef int explain(self, Record* record, int32_t contact, int32_t agent, int64_t now_ns) except -1:
        """Fill in why the agent gets the contact; while the agent is still available and the contact still waits."""
        cdef int32_t klass = self.contacts.rows[contact].klass
        cdef int32_t queue = self.contacts.classes.rows[klass].queue
        cdef uint64_t* able = self.class_profiles.row(klass)
        cdef int32_t word, words = (self.agents.profiles.slots.used + 63) >> 6
        cdef int32_t state, able_count = 0
        cdef uint64_t bits
        cdef ProfileRow* profile
        cdef Entry* entry
        cdef Entry* next_best = NULL
        for word in range(words):
            bits = able[word]
            while bits:
                profile = &self.agents.profiles.rows[(word << 6) + lowest_bit(bits)]
                bits &= bits - 1
                for state in range(8):
                    record.states[state] += profile.states[state]
                if profile.idle.size:
                    entry = self.first_agent(&profile.idle, 0, contact, agent)
                    if entry is not NULL:
                        if next_best is NULL or comes_before(
                            entry.key, entry.sequence, next_best.key, next_best.sequence
                        ):
                            next_best = entry
        for state in range(<int>AGENT_STATES):
            able_count += record.states[state]
        record.strategy = own(self.queues.strategies[queue])
        record.skills = own(self.contacts.classes.needs[klass])
        record.idle_ns = now_ns - self.agents.rows[agent].idle_since_ns
        record.waited_ns = now_ns - self.contacts.rows[contact].arrival_ns
        record.considered = record.states[<int>AGENT_AVAILABLE]
        record.unskilled = self.queues.rows[queue].agents - able_count
        record.elsewhere = self.agents.names.slots.count - self.queues.rows[queue].agents
        if next_best is not NULL:
            record.runner_up = self.agents.names.names[next_best.slot]
            own(<object>record.runner_up)
            record.runner_up_idle_ns = now_ns - next_best.key
        if self.contacts.rows[contact].exclusions >= 0:
            self.explain_excluded(record, contact, klass)
        return 0

    cdef int explain_excluded(self, Record* record, int32_t contact, int32_t klass) except -1:
        cdef int32_t agent, exclusion = self.contacts.rows[contact].exclusions
        cdef list excluded = []
        while exclusion >= 0:
            agent = self.exclusions.rows[exclusion].agent
            exclusion = self.exclusions.rows[exclusion].next
            if self.agents.rows[agent].state == AGENT_AVAILABLE:
                if self.class_profiles.has(klass, self.agents.rows[agent].profile):
                    excluded.append(<object>self.agents.names.names[agent])
        record.considered -= <int32_t>len(excluded)
        record.excluded = own(tuple(sorted(excluded)))
        return 0
