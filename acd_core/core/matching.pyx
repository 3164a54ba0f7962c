# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Who comes first of those whom an agent may take (rule 7): the heads of the classes that wait are compared."""

cimport cython
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport free

from acd_core.core.choosing cimport Choosing
from acd_core.core.contacts cimport CONTACT_WAITING, KEPT, ContactRow
from acd_core.core.fans cimport Fans
from acd_core.core.heap cimport Entry, Heap, comes_before
from acd_core.core.kinds cimport ABSENT, LOWEST, Bound, ClassRow
from acd_core.core.lists cimport TITLE, List
from acd_core.core.memory cimport grow, larger, prefetch
from acd_core.core.queues cimport OVERDUE


cdef extern from *:
    """
    /* Keep it if it is one of the two highest.  Without branches, for which of so many is the highest so far can't be
       foretold: compilers make none of a minimum and a maximum. */
    static inline void acd_enter_score(int64_t score, int64_t *found) {
        int64_t lower = score < found[0] ? score : found[0];
        found[0] = score > found[0] ? score : found[0];
        found[1] = lower > found[1] ? lower : found[1];
    }

    /* The same for what these classes have in ``fixed``.  Two are rated side by side, for each step waits for the one
       before. */
    static void acd_enter_fixed(const int32_t *classes, int32_t count, const int64_t *fixed, int64_t *found) {
        int64_t even[2] = {found[0], found[1]}, odd[2] = {found[1], found[1]};
        int32_t place = 0;
        for (; place + 1 < count; place += 2) {
            acd_enter_score(fixed[classes[place]], even);
            acd_enter_score(fixed[classes[place + 1]], odd);
        }
        if (place < count)
            acd_enter_score(fixed[classes[place]], even);
        acd_enter_score(odd[0], even);
        acd_enter_score(odd[1], even);
        found[0] = even[0];
        found[1] = even[1];
    }

    /* The place of the next of these classes that has so much, or the end. */
    static inline int32_t acd_next(
        const int32_t *classes, int32_t place, int32_t end, const int64_t *fixed, int64_t least) {
        while (place < end && fixed[classes[place]] < least)
            place++;
        return place;
    }
    """
    void enter_score "acd_enter_score" (int64_t score, int64_t* found) noexcept
    void enter_fixed "acd_enter_fixed" (int32_t* classes, int32_t count, int64_t* fixed, int64_t* found) noexcept
    int32_t find_at_least "acd_next" (
        int32_t* classes, int32_t place, int32_t end, int64_t* fixed, int64_t least
    ) noexcept


@cython.final
cdef class Matching(Choosing):
    def __cinit__(self, *tables):
        self.fans = Fans(self.contacts, self.agents)

    def __dealloc__(self):
        free(self.looks)

    cdef void set_turn(self, Turn* turn, int32_t contact) noexcept:
        """Its place in the order of those who want an agent, now."""
        cdef ClassRow* row = &self.kinds.classes[self.contacts.rows[contact].klass]
        turn.contact = contact
        turn.key = self.contacts.earliest(contact)
        turn.sequence = self.contacts.rows[contact].sequence
        self.score_turn(turn, row)

    cdef void score_turn(self, Turn* turn, ClassRow* klass) noexcept:
        """Of one of this class, whose earliest is the key by now."""
        turn.score = self.queues.score(klass.queue, klass.priority, turn.key, self.now_ns)
        if turn.score == OVERDUE:
            turn.key = self.queues.overdue_since(klass.queue, turn.key)

    cdef int find_contacts(self, int32_t agent, Turn* best, Turn* following) except -1:
        """The first two of those whom the agent may take now; ``contact`` -1: nobody."""
        cdef int32_t contact, chosen
        cdef int64_t second
        cdef Turn turn
        cdef List* served
        best.contact = following.contact = -1
        if not self.agents.rows[agent].inside:
            return 0
        served = &self.profile_classes.rows[self.agents.rows[agent].profile]
        second = self.rate(served)
        chosen = self.compare_classes(served, second, agent, best, following)
        if second > LOWEST and (following.contact < 0 or following.score < second):
            # there are others, and some of the first are not for this agent
            self.rate_rest(served, False)
            chosen = self.compare_classes(served, LOWEST, agent, best, following)
        if chosen >= 0:
            self.class_lanes.prefetch(chosen)
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

    cdef int64_t rate(self, List* served) except? -1:
        """Find the two highest scores of the heads of these classes (`highest`), or `LOWEST`; returns the second.

        A queue whose bound is lower than what was found in others is passed over, so the one with the highest comes
        first.
        """
        cdef int64_t now_ms = self.now_ns // 1_000_000, widest = ABSENT
        cdef Bound* limits
        cdef Look* look = self.reserve_looks(served.size)
        cdef Look* first_look = look
        cdef int32_t title = 0, first = 0, number
        self.highest[0] = self.highest[1] = LOWEST
        while title < served.size:
            number = served.items[title]
            limits = &self.kinds.bounds[number]
            look.rated = False
            look.highest = limits.fixed + self.queues.addend(number, now_ms)
            if limits.overdue_ns <= self.now_ns:
                look.highest = OVERDUE
            if look.highest > widest:
                widest = look.highest
                first = title
                first_look = look
            title = served.items[title + 1]
            look += 1
        if served.size:
            self.rate_group(served, first, first_look)
        self.rate_rest(served, True)
        return self.highest[1]

    cdef Look* reserve_looks(self, int32_t size) except NULL:
        """For at least so many, and for one."""
        cdef int32_t capacity
        if self.looks_capacity <= size:
            capacity = larger(size)
            self.looks = <Look*>grow(self.looks, sizeof(Look), self.looks_capacity, capacity)
            self.looks_capacity = capacity
        return self.looks

    cdef void rate_rest(self, List* served, bint limited) noexcept:
        """Those that have not been rated; ``limited``: those that may have one of the two highest scores."""
        cdef int32_t title = 0
        cdef Look* look = self.looks
        while title < served.size:
            if not look.rated and (not limited or look.highest >= self.highest[1]):
                self.rate_group(served, title, look)
            title = served.items[title + 1]
            look += 1

    cdef void rate_group(self, List* served, int32_t title, Look* look) noexcept:
        """Find the two highest scores of it, and so of all."""
        cdef int32_t number = served.items[title]
        cdef int32_t end = served.items[title + 1], place, klass
        cdef int64_t now_ms = self.now_ns // 1_000_000
        cdef int64_t addend = self.queues.addend(number, now_ms)
        cdef int64_t* fixed = self.kinds.fixed
        cdef int64_t[2] found
        found[0] = found[1] = LOWEST
        if self.kinds.bounds[number].overdue_ns <= self.now_ns:
            for place in range(title + TITLE, end):
                klass = served.items[place]
                enter_score(
                    OVERDUE if self.kinds.overdue_ns[klass] <= self.now_ns else fixed[klass] + addend, found
                )
        else:
            enter_fixed(&served.items[title + TITLE], end - title - TITLE, fixed, found)
            for place in range(2):
                if found[place] > LOWEST:
                    found[place] += addend
        look.rated = True
        look.highest = found[0]
        enter_score(found[0], self.highest)
        enter_score(found[1], self.highest)

    cdef int32_t compare_classes(
        self, List* served, int64_t least, int32_t agent, Turn* best, Turn* following
    ) except -2:
        """The first of those who head these classes with this score or more; the class of the best, or -1."""
        cdef int32_t title = 0, place, end, klass, chosen = -1
        cdef int64_t now_ms = self.now_ns // 1_000_000, addend, floor
        cdef int64_t* fixed = self.kinds.fixed
        cdef Look* look = self.looks
        cdef ClassRow* row
        cdef Turn turn
        best.contact = following.contact = -1
        while title < served.size:
            place = title + TITLE
            end = served.items[title + 1]
            addend = self.queues.addend(served.items[title], now_ms)
            # no head whose score is fixed lower has a score high enough
            floor = least - addend
            if self.kinds.bounds[served.items[title]].overdue_ns <= self.now_ns:
                floor = ABSENT
            if not look.rated or look.highest < least:
                place = end
            title = end
            look += 1
            while True:
                place = find_at_least(served.items, place, end, fixed, floor)
                if place == end:
                    break
                klass = served.items[place]
                place += 1
                turn.score = OVERDUE if self.kinds.overdue_ns[klass] <= self.now_ns else fixed[klass] + addend
                if turn.score < least or not self.is_for(klass, agent):
                    continue
                row = &self.kinds.classes[klass]
                # whoever is offered is looked at next
                prefetch(&self.contacts.rows[row.head])
                turn.key = self.queues.overdue_since(row.queue, row.key) if turn.score == OVERDUE else row.key
                turn.sequence = row.sequence
                turn.contact = row.head
                if self.agents.rows[agent].exclusions:
                    self.find_unspared(klass, agent, -1, &turn)
                if enter_turn(&turn, best, following):
                    chosen = klass
                    # and who stands behind them
                    if row.after >= 0:
                        prefetch(&self.contacts.rows[row.after])
                    if row.waiting.size:
                        prefetch(row.waiting.entries)
                        prefetch(&row.waiting.entries[row.waiting.size - 1])
                if following.contact >= 0 and following.score > least:
                    least = following.score
        return chosen

    cdef bint is_for(self, int32_t klass, int32_t agent) except -1:
        """Whether an agent who is able to serve the class has room for it, and is not excluded from it."""
        cdef int32_t profile = self.agents.rows[agent].profile
        cdef int32_t channel = self.kinds.classes[klass].channel
        if self.profiles.rows[profile].lane_count > 1:
            if not self.agents.is_inside(agent, self.profiles.lane_of[channel][profile]):
                return False
        if self.kinds.excluding.has(0, klass):
            return <object>self.agents.names.get(agent) not in self.kinds.excluded(klass)
        return True

    cdef void find_unspared(self, int32_t klass, int32_t agent, int32_t skipped, Turn* turn) noexcept:
        """The first of the class, but for ``skipped``, that the agent is not spared; ``contact`` -1: nobody."""
        cdef ClassRow* row = &self.kinds.classes[klass]
        cdef int32_t contact = row.first
        cdef Entry* entry = NULL
        # an agent who is spared nobody need not be looked for at those in the heap, who lie where nobody has looked
        if not self.agents.rows[agent].exclusions:
            agent = -1
        while contact >= 0 and (contact == skipped or self.is_spared(contact, agent)):
            contact = self.contacts.rows[contact].after
        if contact >= 0:
            turn.key = self.contacts.earliest(contact)
            turn.sequence = self.contacts.rows[contact].sequence
        if row.waiting.size:
            entry = self.first_in_heap(&row.waiting, 0, agent, skipped)
        if entry is not NULL and (
            contact < 0 or comes_before(entry.key, entry.sequence, turn.key, turn.sequence)
        ):
            contact = entry.slot
            turn.key = entry.key
            turn.sequence = entry.sequence
        turn.contact = contact
        if contact >= 0:
            self.score_turn(turn, row)

    cdef Entry* first_in_heap(self, Heap* heap, int32_t place, int32_t agent, int32_t skipped) noexcept:
        """First of the heap, from ``place`` down, but for ``skipped``, that the agent (-1: who is spared nobody) is not
        spared, or NULL."""
        cdef Entry* entry
        cdef Entry* best = NULL
        cdef int32_t child
        entry = &heap.entries[place]
        if entry.slot != skipped and not self.is_spared(entry.slot, agent):
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
        cdef List* classes = &self.kinds.queue_classes.rows[queue]
        cdef int32_t number, klass, place = 1, other, extra
        cdef ContactRow* row
        cdef Turn own, turn
        self.set_turn(&own, contact)
        for number in range(classes.size):
            klass = classes.items[number]
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
