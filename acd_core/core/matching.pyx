# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Who comes first of those whom an agent may take (rule 7): the heads of the classes that wait are compared."""

cimport cython
from libc.stdint cimport INT64_MIN, int32_t, int64_t
from libc.stdlib cimport free

from acd_core.core.bits cimport COLUMNS_SLACK, list_common, prefetch_row
from acd_core.core.choosing cimport Choosing
from acd_core.core.contacts cimport CONTACT_WAITING, KEPT, ContactRow
from acd_core.core.fans cimport Fans
from acd_core.core.heap cimport Entry, Heap, comes_before
from acd_core.core.kinds cimport ClassRow, Head, Standing
from acd_core.core.memory cimport grow, prefetch
from acd_core.core.queues cimport OVERDUE


cdef int64_t rate(
    int32_t* classes, int32_t count, Standing* standings, int64_t* addends, int64_t now_ms, int64_t* scores
) noexcept:
    """The score of each of these classes; returns the second highest.

    Without branches, for which of so many is the highest so far can't be foretold.
    """
    cdef int64_t first = INT64_MIN, second = INT64_MIN, score, lower
    cdef Standing* standing
    cdef int32_t place
    for place in range(count):
        standing = &standings[classes[place]]
        score = standing.fixed + standing.rate * now_ms + addends[standing.queue]
        score = OVERDUE if standing.overdue_ms <= now_ms else score
        scores[place] = score
        lower = score if score < first else first
        first = score if score > first else first
        second = lower if lower > second else second
    return second


@cython.final
cdef class Matching(Choosing):
    def __cinit__(self, *tables):
        self.fans = Fans(self.contacts, self.agents)

    def __dealloc__(self):
        free(self.classes)
        free(self.scores)

    cdef void set_turn(self, Turn* turn, int32_t contact) noexcept:
        """Its place in the order of those who want an agent, now."""
        cdef Head* head = &self.kinds.heads[self.contacts.rows[contact].klass]
        turn.contact = contact
        turn.key = self.contacts.earliest(contact)
        turn.sequence = self.contacts.rows[contact].sequence
        turn.score = self.queues.score(head.queue, head.priority, turn.key, self.now_ns // 1_000_000)

    cdef int find_contacts(self, int32_t agent, Turn* best, Turn* following) except -1:
        """The first two of those whom the agent may take now; ``contact`` -1: nobody."""
        cdef int32_t count, contact, chosen
        cdef int64_t second
        cdef Turn turn
        best.contact = following.contact = -1
        if not self.agents.rows[agent].inside:
            return 0
        count = self.list_classes(self.agents.rows[agent].profile)
        second = rate(
            self.classes, count, self.kinds.standings, self.queues.addends, self.now_ns // 1_000_000, self.scores
        )
        chosen = self.compare_classes(count, second, agent, best, following)
        if second > INT64_MIN and (following.contact < 0 or following.score < second):
            # there are others, and some of the first are not for this agent
            chosen = self.compare_classes(count, INT64_MIN, agent, best, following)
        if chosen >= 0:
            # the one who comes next in its class
            self.find_unspared(chosen, agent, best.contact, &turn)
            enter_turn(&turn, best, following)
        contact = self.fans.first(agent)
        while contact >= 0:
            if self.contacts.rows[contact].place == KEPT and self.is_free(contact, agent):
                self.set_turn(&turn, contact)
                enter_turn(&turn, best, following)
            contact = self.fans.after(contact)
        return 0

    cdef int32_t compare_classes(
        self, int32_t count, int64_t least, int32_t agent, Turn* best, Turn* following
    ) except -2:
        """The first of those who head ``classes`` with this score or more; the class of the best, or -1."""
        cdef int32_t place, klass, chosen = -1
        cdef Head* head
        cdef Turn turn
        best.contact = following.contact = -1
        for place in range(count):
            turn.score = self.scores[place]
            if turn.score < least:
                continue
            klass = self.classes[place]
            if not self.is_for(klass, agent):
                continue
            head = &self.kinds.heads[klass]
            # whoever is offered is looked at next
            prefetch(&self.contacts.rows[head.slot])
            prefetch(&self.contacts.names.names[head.slot])
            prefetch(&self.kinds.classes[klass])
            prefetch_row(self.class_profiles.row(klass), self.class_profiles.stride)
            turn.key = head.key
            turn.sequence = head.sequence
            turn.contact = head.slot
            if self.agents.rows[agent].exclusions:
                self.find_unspared(klass, agent, -1, &turn)
            if enter_turn(&turn, best, following):
                chosen = klass
            if following.contact >= 0 and following.score > least:
                least = following.score
        return chosen

    cdef int32_t list_classes(self, int32_t profile) except -1:
        """How many ``classes`` have somebody waiting whom the profile is able to serve."""
        cdef int32_t capacity = self.kinds.class_capacity + COLUMNS_SLACK
        if self.classes_capacity < capacity:
            self.classes = <int32_t*>grow(self.classes, sizeof(int32_t), self.classes_capacity, capacity)
            self.scores = <int64_t*>grow(self.scores, sizeof(int64_t), self.classes_capacity, capacity)
            self.classes_capacity = capacity
        return list_common(
            self.profile_classes.row(profile),
            self.kinds.waiting.row(0),
            (self.kinds.class_slots.used + 63) >> 6,
            self.classes,
        )

    cdef bint is_for(self, int32_t klass, int32_t agent) except -1:
        """Whether an agent who is able to serve the class has room for it, and is not excluded from it."""
        cdef int32_t profile = self.agents.rows[agent].profile
        cdef int32_t channel = self.kinds.heads[klass].channel
        if self.profiles.rows[profile].lane_count > 1:
            if not self.agents.is_inside(agent, self.profiles.lane_of[channel][profile]):
                return False
        if self.kinds.excluding.has(0, klass):
            return <object>self.agents.names.names[agent] not in self.kinds.excluded(klass)
        return True

    cdef void find_unspared(self, int32_t klass, int32_t agent, int32_t skipped, Turn* turn) noexcept:
        """The first of the class, but for ``skipped``, that the agent is not spared; ``contact`` -1: nobody."""
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
            contact = entry.slot
        turn.contact = -1
        if contact >= 0:
            self.set_turn(turn, contact)

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
        cdef int32_t klass, place = 1, other, extra
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
        for extra in range(self.contacts.extra_slots.used if self.fans.count else 0):
            other = self.fans.get(extra)
            if other < 0:
                continue
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
