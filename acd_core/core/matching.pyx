# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Who comes first of those whom an agent may take (rule 7): the heads of the classes that wait are compared."""

cimport cython
from libc.stdint cimport int32_t, int64_t, uint64_t
from libc.stdlib cimport free

from acd_core.core.bits cimport lowest_bit
from acd_core.core.choosing cimport Choosing
from acd_core.core.contacts cimport CONTACT_WAITING, KEPT, ContactRow
from acd_core.core.heap cimport Entry, Heap, comes_before
from acd_core.core.kinds cimport ClassRow, Head, Standing
from acd_core.core.memory cimport grow, prefetch
from acd_core.core.queues cimport OVERDUE


@cython.final
cdef class Matching(Choosing):
    def __cinit__(self, *tables):
        self.fans = {}

    def __dealloc__(self):
        free(self.classes)

    cdef void set_turn(self, Turn* turn, int32_t contact) noexcept:
        """Its place in the order of those who want an agent, now."""
        cdef Head* head = &self.kinds.heads[self.contacts.rows[contact].klass]
        turn.contact = contact
        turn.key = self.contacts.earliest(contact)
        turn.sequence = self.contacts.rows[contact].sequence
        turn.score = 0
        if self.queues.special:
            turn.score = self.queues.score(
                head.queue, head.priority, turn.key, self.now_ns // 1_000_000
            )

    cdef int find_contact(self, int32_t agent, int32_t skipped, Turn* best) except -1:
        """First of those, but for ``skipped``, whom the agent may take now; ``best.contact`` -1: nobody.

        The heads of classes lie scattered, so first they are all asked for, then compared.
        """
        cdef int32_t profile = self.agents.rows[agent].profile
        cdef bint spared = self.agents.rows[agent].exclusions > 0
        cdef bint many = self.profiles.rows[profile].lane_count > 1
        cdef bint special = self.queues.special > 0
        cdef int64_t now_ms = self.now_ns // 1_000_000
        cdef uint64_t* excluding = self.kinds.excluding.row(0)
        cdef int32_t klass, contact, place, count
        cdef Head* head
        cdef Standing* standing
        cdef Turn turn
        best.contact = -1
        if not self.agents.rows[agent].inside:
            return 0
        count = self.list_classes(profile)
        turn.score = 0
        for place in range(count):
            klass = self.classes[place]
            standing = &self.kinds.standings[klass]
            if special:
                if standing.overdue_ms <= now_ms:
                    turn.score = OVERDUE
                else:
                    turn.score = standing.fixed + standing.rate * now_ms + self.queues.addends[standing.queue]
                if turn.score < best.score and best.contact >= 0:
                    continue
            elif best.contact >= 0 and standing.key > best.key:
                continue
            head = &self.kinds.heads[klass]
            turn.key = head.key
            turn.sequence = head.sequence
            turn.contact = head.slot
            if best.contact >= 0 and not is_sooner(&turn, best):
                continue
            if many and not self.agents.is_inside(agent, self.profiles.lane_of[head.channel][profile]):
                continue
            if excluding[klass >> 6] >> (klass & 63) & 1:
                if <object>self.agents.names.names[agent] in self.kinds.excluded(klass):
                    continue
            if spared or head.slot == skipped:
                contact = self.first_contact(klass, agent, skipped)
                if contact < 0:
                    continue
                self.set_turn(&turn, contact)
                if best.contact >= 0 and not is_sooner(&turn, best):
                    continue
            best[0] = turn
        if self.fans:
            for contact in self.fans.get(<object>self.agents.names.names[agent], ()):
                if contact == skipped:
                    continue
                if self.contacts.rows[contact].place == KEPT and self.is_free(contact, agent):
                    self.set_turn(&turn, contact)
                    if best.contact < 0 or is_sooner(&turn, best):
                        best[0] = turn
        return 0

    cdef int32_t list_classes(self, int32_t profile) except -1:
        """How many ``classes`` have somebody waiting whom the profile is able to serve."""
        cdef uint64_t* served = self.profile_classes.row(profile)
        cdef uint64_t* waiting = self.kinds.waiting.row(0)
        cdef int32_t klass, word, size = 0, words = (self.kinds.class_slots.used + 63) >> 6
        cdef uint64_t bits
        if self.classes_capacity < self.kinds.class_capacity:
            self.classes = <int32_t*>grow(
                self.classes, sizeof(int32_t), self.classes_capacity, self.kinds.class_capacity
            )
            self.classes_capacity = self.kinds.class_capacity
        for word in range(words):
            bits = served[word] & waiting[word]
            while bits:
                klass = (word << 6) + lowest_bit(bits)
                bits &= bits - 1
                prefetch(&self.kinds.standings[klass])
                self.classes[size] = klass
                size += 1
        return size

    cdef int32_t first_contact(self, int32_t klass, int32_t agent, int32_t skipped) noexcept:
        """First of the class, but for ``skipped``, that the agent is not spared, or -1."""
        cdef ClassRow* row = &self.kinds.classes[klass]
        cdef int32_t contact = row.first
        cdef Entry* entry = NULL
        while contact >= 0 and (contact == skipped or self.exclusions.has(contact, agent)):
            contact = self.contacts.rows[contact].after
        if row.waiting.size:
            entry = self.first_in_heap(&row.waiting, 0, agent, skipped)
        if entry is not NULL and (
            contact < 0
            or comes_before(
                entry.key, entry.sequence, self.contacts.earliest(contact), self.contacts.rows[contact].sequence
            )
        ):
            return entry.slot
        return contact

    cdef Entry* first_in_heap(self, Heap* heap, int32_t place, int32_t agent, int32_t skipped) noexcept:
        """First of the heap, from ``place`` down, but for ``skipped``, that the agent is not spared, or NULL."""
        cdef Entry* entry
        cdef Entry* best = NULL
        cdef int32_t child
        entry = &heap.entries[place]
        if entry.slot != skipped and not self.exclusions.has(entry.slot, agent):
            return entry
        for child in range(4 * place + 1, min(4 * place + 5, heap.size)):
            entry = self.first_in_heap(heap, child, agent, skipped)
            if entry is not NULL:
                if best is NULL or comes_before(entry.key, entry.sequence, best.key, best.sequence):
                    best = entry
        return best

    cdef int32_t position(self, int32_t contact) except -1:
        """Rule 7.6."""
        cdef int32_t queue = self.contacts.queue_of(contact)
        cdef int32_t klass, place = 1, other
        cdef ContactRow* row
        cdef Turn own, turn
        self.set_turn(&own, contact)
        for klass in range(self.kinds.class_slots.used):
            if self.kinds.heads[klass].queue == queue and self.kinds.classes[klass].kind >= 0:
                other = self.kinds.classes[klass].first
                while other >= 0:
                    self.set_turn(&turn, other)
                    if not is_sooner(&turn, &own):
                        break
                    place += self.contacts.rows[other].state == CONTACT_WAITING
                    other = self.contacts.rows[other].after
                place += self.count_sooner(&self.kinds.classes[klass].waiting, 0, &own)
        for admirers in self.fans.values():
            for other in admirers:
                row = &self.contacts.rows[other]
                if row.place == KEPT and row.state == CONTACT_WAITING and self.contacts.queue_of(other) == queue:
                    self.set_turn(&turn, other)
                    place += is_sooner(&turn, &own)
        return place

    cdef int32_t count_sooner(self, Heap* heap, int32_t place, Turn* own) noexcept:
        """Those who wait and come before; looks at those and their children only."""
        cdef Turn turn
        cdef int32_t child, count
        if place >= heap.size:
            return 0
        self.set_turn(&turn, heap.entries[place].slot)
        if not is_sooner(&turn, own):
            return 0
        count = self.contacts.rows[turn.contact].state == CONTACT_WAITING
        for child in range(4 * place + 1, min(4 * place + 5, heap.size)):
            count += self.count_sooner(heap, child, own)
        return count
