# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Who may serve whom, who is best, and who comes first.

Two tables of bits say which profiles are able to serve a class and which classes a profile is able to serve; they
change only when a class, a profile or a queue's settings do.  Choosing is then: take the common part with the profiles
that have somebody free for the channel (or the classes that have somebody waiting) and compare the heads.
"""

cimport cython
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t
from libc.stdlib cimport free

from acd_core.core.agents cimport Agents
from acd_core.core.bits cimport BitRows, lowest_bit
from acd_core.core.contacts cimport CONTACT_WAITING, KEPT, ContactRow, Contacts
from acd_core.core.exclusions cimport Exclusions
from acd_core.core.hashing cimport draw_point
from acd_core.core.heap cimport Entry, Heap
from acd_core.core.kinds cimport ClassRow, Head
from acd_core.core.lots cimport Barred
from acd_core.core.memory cimport grow, larger
from acd_core.core.profiles cimport BY_IDLE, BY_LOAD, BY_TURN, LaneRow, ORDERINGS
from acd_core.core.queues cimport (
    LEAST_OCCUPIED,
    LEAST_SKILLED,
    LONGEST_IDLE,
    MOST_SKILLED,
    Queues,
    RANDOM,
    ROUND_ROBIN,
    SUCCESS,
)
from acd_core.core.scores cimport CROWD, Ranks, find_heap, find_ranks
from acd_core.core.skills cimport Skills

from acd_core.limits import WINDOW_AGENTS_MAX

cdef int32_t DRAWS_MAX = WINDOW_AGENTS_MAX


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


cdef inline bint is_better(int64_t term, int64_t sequence, Candidate* best) noexcept:
    return best.agent < 0 or term > best.term or (term == best.term and sequence < best.sequence)


cdef inline int32_t get_ordering(int32_t strategy) noexcept:
    """Which heaps of a lane a strategy looks at."""
    return BY_LOAD if strategy == LEAST_OCCUPIED else BY_TURN if strategy == ROUND_ROBIN else BY_IDLE


cdef int32_t find_part(RowPart* parts, int32_t size, int64_t* point) noexcept:
    """The part of the row, by rising keys, in which the point lies; the point is then counted from its beginning."""
    cdef int32_t low = 0, high = size, place, middle
    cdef int64_t before
    while True:
        # those before the pivot go to its left; where it ends up, the row is divided
        swap_parts(&parts[(low + high) >> 1], &parts[high - 1])
        middle = low
        before = 0
        for place in range(low, high - 1):
            if parts[place].key < parts[high - 1].key:
                before += parts[place].weight
                swap_parts(&parts[place], &parts[middle])
                middle += 1
        swap_parts(&parts[middle], &parts[high - 1])
        if point[0] < before:
            high = middle
        elif point[0] < before + parts[middle].weight:
            point[0] -= before
            return middle
        else:
            point[0] -= before + parts[middle].weight
            low = middle + 1


cdef inline void swap_parts(RowPart* one, RowPart* other) noexcept:
    cdef RowPart kept = one[0]
    one[0] = other[0]
    other[0] = kept


@cython.final
cdef class Matching:
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
        self.fans = {}

    def __dealloc__(self):
        free(self.parts)
        free(self.barred)

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

    # The best agent

    cdef int32_t best_agent(self, int32_t contact) except -2:
        """The best of those who may take it now, or -1."""
        cdef Candidate best
        cdef int32_t preferred = self.get_preferred(contact)
        if preferred >= 0 and self.is_free(contact, preferred):
            if self.contacts.rows[contact].place == KEPT:
                return preferred
            if self.is_able(contact, preferred) and not self.is_barred(contact, preferred):
                return preferred
        if self.contacts.rows[contact].place == KEPT:
            return -1
        self.find_best(contact, -1, &best)
        return best.agent

    cdef int find_best(self, int32_t contact, int32_t skipped, Candidate* best) except -1:
        """By the queue's strategy, whoever is preferred; ``best.agent`` -1: nobody."""
        cdef int32_t klass = self.contacts.rows[contact].klass
        cdef Head* head = &self.kinds.heads[klass]
        cdef int32_t strategy = self.queues.rows[head.queue].strategy
        cdef bint careful = self.contacts.rows[contact].exclusions >= 0 or self.kinds.excluding.has(0, klass)
        cdef int32_t ordering = get_ordering(strategy)
        cdef bint varied = strategy == MOST_SKILLED or strategy == LEAST_SKILLED
        cdef uint64_t* able = self.class_profiles.row(klass)
        cdef uint64_t* idle = self.profiles.idle.row(head.channel)
        cdef int32_t* lanes = self.profiles.lane_of[head.channel]
        cdef Entry* heads = self.profiles.heads[ordering]
        cdef int32_t word, profile, lane, words = (self.profiles.slots.used + 63) >> 6
        cdef uint64_t bits
        cdef Entry* entry
        cdef int64_t term = 0
        best.agent = -1
        best.term = 0
        if strategy == SUCCESS:
            return self.find_likeliest(contact, skipped, best)
        if strategy == RANDOM:
            self.list_barred(contact)
            if skipped >= 0:
                self.bar(contact, skipped)
            return self.draw(contact, skipped >= 0, best)
        for word in range(words):
            bits = able[word] & idle[word]
            while bits:
                profile = (word << 6) + lowest_bit(bits)
                bits &= bits - 1
                lane = lanes[profile]
                entry = &heads[lane]
                if varied:
                    term = self.profile_term(strategy, klass, profile)
                elif ordering != BY_IDLE:
                    term = -entry.key
                if not is_better(term, entry.sequence, best):
                    continue
                if careful or entry.slot == skipped:
                    entry = self.first_agent(&self.profiles.lanes[lane].heaps[ordering], 0, contact, skipped)
                    if entry is NULL:
                        continue
                    if ordering != BY_IDLE:
                        term = -entry.key
                    if not is_better(term, entry.sequence, best):
                        continue
                best.term = term
                best.sequence = entry.sequence
                best.agent = entry.slot
        return 0

    cdef int32_t topic_of(self, int32_t contact) except -2:
        """-1: nobody has any success in it."""
        cdef int32_t kind = self.kinds.classes[self.contacts.rows[contact].klass].kind
        return self.agents.scores.topics.find((<tuple>self.kinds.keys[kind])[5])

    cdef int find_likeliest(self, int32_t contact, int32_t skipped, Candidate* best) except -1:
        """By expected success."""
        cdef int32_t klass = self.contacts.rows[contact].klass
        cdef int32_t channel = self.kinds.heads[klass].channel
        cdef int32_t topic = self.topic_of(contact)
        cdef int32_t word, profile, words = (self.profiles.slots.used + 63) >> 6
        cdef uint64_t* able = self.class_profiles.row(klass)
        cdef uint64_t* idle = self.profiles.idle.row(channel)
        cdef uint64_t bits
        cdef LaneRow* lane
        cdef Entry* entry
        for word in range(words):
            bits = able[word] & idle[word]
            while bits:
                profile = (word << 6) + lowest_bit(bits)
                bits &= bits - 1
                lane = &self.profiles.lanes[self.profiles.lane_of[channel][profile]]
                if self.profiles.rows[profile].crowded:
                    self.take_from_heap(find_heap(&lane.topics, topic), contact, skipped, best)
                else:
                    self.take_from_ranks(
                        find_ranks(&self.profiles.rows[profile].topics, topic), lane.place, contact, skipped, best
                    )
                if best.term == 0:
                    # of this lane nobody with a score may take it
                    entry = self.first_agent(&lane.heaps[<int>BY_IDLE], 0, contact, skipped)
                    if entry is not NULL and is_better(0, entry.sequence, best):
                        best.sequence = entry.sequence
                        best.agent = entry.slot
        return 0

    cdef int take_from_heap(self, Heap* heap, int32_t contact, int32_t skipped, Candidate* best) except -1:
        cdef Entry* entry
        if heap is NULL or -heap.entries[0].key < best.term:
            return 0
        entry = self.first_likely(heap, 0, contact, skipped)
        if entry is not NULL and is_better(-entry.key, entry.sequence, best):
            best.term = -entry.key
            best.sequence = entry.sequence
            best.agent = self.agents.scores.rows[entry.slot].agent
        return 0

    cdef int take_from_ranks(
        self, Ranks* ranks, int32_t lane_place, int32_t contact, int32_t skipped, Candidate* best
    ) except -1:
        cdef int32_t place, agent, score
        if ranks is NULL:
            return 0
        for place in range(ranks.size):
            agent = ranks.items[place].agent
            score = ranks.items[place].score
            if score < best.term:
                break
            if self.agents.places[lane_place * ORDERINGS][agent] < 0 or agent == skipped:
                continue
            if is_better(score, self.agents.rows[agent].idle_sequence, best) and not self.is_barred(contact, agent):
                best.term = score
                best.sequence = self.agents.rows[agent].idle_sequence
                best.agent = agent
        return 0

    cdef Entry* first_likely(self, Heap* heap, int32_t place, int32_t contact, int32_t skipped) except? NULL:
        """As `first_agent`, in the heap of a topic."""
        cdef Entry* entry
        cdef Entry* best = NULL
        cdef int32_t child, agent
        if place >= heap.size:
            return NULL
        entry = &heap.entries[place]
        agent = self.agents.scores.rows[entry.slot].agent
        if agent != skipped and not self.is_barred(contact, agent):
            return entry
        for child in range(4 * place + 1, min(4 * place + 5, heap.size)):
            entry = self.first_likely(heap, child, contact, skipped)
            if entry is not NULL:
                if best is NULL or entry.key < best.key or (entry.key == best.key and entry.sequence < best.sequence):
                    best = entry
        return best

    # The weighted draw

    cdef int list_barred(self, int32_t contact) except -1:
        """Those who are left out of the draw for it."""
        cdef int32_t klass = self.contacts.rows[contact].klass
        cdef int32_t exclusion = self.contacts.rows[contact].exclusions
        cdef int32_t agent
        self.barred_size = 0
        if self.kinds.excluding.has(0, klass):
            for name in self.kinds.excluded(klass):
                agent = self.agents.names.find(name)
                if agent >= 0:
                    self.bar(contact, agent)
        while exclusion >= 0:
            self.bar(contact, self.exclusions.rows[exclusion].agent)
            exclusion = self.exclusions.rows[exclusion].next
        return 0

    cdef int bar(self, int32_t contact, int32_t agent) except -1:
        cdef Barred* one
        cdef int32_t place
        if not self.is_able(contact, agent) or not self.is_free(contact, agent):
            return 0
        for place in range(self.barred_size):
            if self.barred[place].agent == agent:
                return 0
        if self.barred_size == self.barred_capacity:
            place = larger(self.barred_capacity)
            self.barred = <Barred*>grow(self.barred, sizeof(Barred), self.barred_capacity, place)
            self.barred_capacity = place
        one = &self.barred[self.barred_size]
        one.agent = agent
        one.key = self.agents.rows[agent].row_key
        one.weight = self.agents.rows[agent].weight
        one.lane = self.profiles.lane_of[self.kinds.heads[self.contacts.rows[contact].klass].channel][
            self.agents.rows[agent].profile
        ]
        self.barred_size += 1
        return 0

    cdef int draw(self, int32_t contact, int32_t number, Candidate* best) except -1:
        """Rule 8.2, among those who may take it and are not `barred`."""
        cdef int32_t klass = self.contacts.rows[contact].klass
        cdef int32_t channel = self.kinds.heads[klass].channel
        cdef int32_t word, profile, lane, place, size = 0, words = (self.profiles.slots.used + 63) >> 6
        cdef int32_t* lanes = self.profiles.lane_of[channel]
        cdef uint64_t* able = self.class_profiles.row(klass)
        cdef uint64_t* idle = self.profiles.idle.row(channel)
        cdef uint64_t bits
        cdef int64_t weight, point, total = 0
        best.agent = -1
        if self.parts_capacity < self.profiles.capacity:
            self.parts = <RowPart*>grow(
                self.parts, sizeof(RowPart), self.parts_capacity, self.profiles.capacity
            )
            self.parts_capacity = self.profiles.capacity
        for word in range(words):
            bits = able[word] & idle[word]
            while bits:
                profile = (word << 6) + lowest_bit(bits)
                bits &= bits - 1
                lane = lanes[profile]
                weight = self.profiles.weights[lane]
                for place in range(self.barred_size):
                    if self.barred[place].lane == lane:
                        weight -= self.barred[place].weight
                if weight:
                    self.parts[size].key = self.profiles.rows[profile].row_key
                    self.parts[size].weight = weight
                    self.parts[size].lane = lane
                    size += 1
                    total += weight
        if not total:
            return 0
        point = draw_point(self.seed, <object>self.contacts.names.names[contact], number, total)
        place = find_part(self.parts, size, &point)
        best.agent = self.draw_from_lane(self.parts[place].lane, point)
        best.sequence = self.agents.rows[best.agent].idle_sequence
        best.term = self.agents.rows[best.agent].weight
        return 0

    cdef int32_t draw_from_lane(self, int32_t lane, int64_t point) noexcept:
        """Who stands at this point among those of the lane."""
        cdef LaneRow* row = &self.profiles.lanes[lane]
        cdef Heap* heap = &row.heaps[<int>BY_IDLE]
        cdef int32_t[CROWD] agents
        cdef int32_t place, other, agent, size = 0
        cdef bint barred
        if self.profiles.rows[row.profile].crowded:
            return self.agents.lots.find(row.row, point, lane, self.barred, self.barred_size)
        for place in range(heap.size):
            agent = heap.entries[place].slot
            barred = False
            for other in range(self.barred_size):
                barred = barred or self.barred[other].agent == agent
            if barred:
                continue
            # sorted by insertion
            other = size
            while other > 0 and self.agents.rows[agents[other - 1]].row_key > self.agents.rows[agent].row_key:
                agents[other] = agents[other - 1]
                other -= 1
            agents[other] = agent
            size += 1
        place = 0
        while point >= self.agents.rows[agents[place]].weight:
            point -= self.agents.rows[agents[place]].weight
            place += 1
        return agents[place]

    cdef int list_drawn(self, int32_t contact, list found) except -1:
        """As `list_agents`, by one draw after the other."""
        cdef Candidate best
        cdef int32_t number, preferred = self.get_preferred(contact)
        self.list_barred(contact)
        for number in range(DRAWS_MAX):
            self.draw(contact, number, &best)
            if best.agent < 0:
                break
            if best.agent != preferred:
                found.append(best.agent)
            self.bar(contact, best.agent)
        if preferred >= 0 and self.is_free(contact, preferred) and self.is_able(contact, preferred):
            if not self.is_barred(contact, preferred):
                found.insert(0, preferred)
        return 0

    cdef Entry* first_agent(self, Heap* heap, int32_t place, int32_t contact, int32_t skipped) except? NULL:
        """First of the heap, from ``place`` down, who is neither barred nor ``skipped``, or NULL.

        Looks below those only whom it can't take.
        """
        cdef Entry* entry
        cdef Entry* best = NULL
        cdef int32_t child
        if place >= heap.size:
            return NULL
        entry = &heap.entries[place]
        if entry.slot != skipped and not self.is_barred(contact, entry.slot):
            return entry
        for child in range(4 * place + 1, min(4 * place + 5, heap.size)):
            entry = self.first_agent(heap, child, contact, skipped)
            if entry is not NULL:
                if best is NULL or entry.key < best.key or (entry.key == best.key and entry.sequence < best.sequence):
                    best = entry
        return best

    cdef int64_t term_of(self, int32_t contact, int32_t agent) except? -1:
        """The agent's term by the strategy of the contact's queue (rule 8.1)."""
        cdef int32_t klass = self.contacts.rows[contact].klass
        cdef int32_t strategy = self.queues.rows[self.kinds.heads[klass].queue].strategy
        cdef int32_t profile = self.agents.rows[agent].profile
        if strategy == LONGEST_IDLE:
            return 0
        if strategy == LEAST_OCCUPIED:
            return -(1000 * <int64_t>self.agents.rows[agent].load // self.profiles.rows[profile].capacity)
        if strategy == ROUND_ROBIN:
            return -self.agents.rows[agent].last_offer
        if strategy == RANDOM:
            return self.agents.rows[agent].weight
        if strategy == SUCCESS:
            return self.agents.scores.score_of(self.agents.rows[agent].first_score, self.topic_of(contact))
        return self.profile_term(strategy, klass, profile)

    cdef int64_t profile_term(self, int32_t strategy, int32_t klass, int32_t profile) noexcept:
        cdef ClassRow* row = &self.kinds.classes[klass]
        cdef uint8_t* levels
        cdef int64_t total = 0
        cdef int32_t place
        if strategy == LEAST_SKILLED:
            return -self.profiles.rows[profile].levels_sum
        levels = self.skills.levels_of(profile)
        for place in range(row.named_count):
            if levels[row.named[place]]:
                total += levels[row.named[place]] - 1
        return total

    cdef int list_agents(self, int32_t contact, list found) except -1:
        """All who may take it, the best first: for the matching window."""
        cdef int32_t klass = self.contacts.rows[contact].klass
        cdef int32_t channel = self.kinds.heads[klass].channel
        cdef int32_t preferred = self.get_preferred(contact)
        cdef int32_t word, place, words = (self.profiles.slots.used + 63) >> 6
        cdef int32_t profile
        cdef uint64_t bits
        cdef Heap* heap
        cdef Entry* entry
        if self.contacts.rows[contact].place == KEPT:
            if preferred >= 0 and self.is_free(contact, preferred):
                found.append(preferred)
            return 0
        if self.queues.rows[self.kinds.heads[klass].queue].strategy == RANDOM:
            return self.list_drawn(contact, found)
        ranked = []
        for word in range(words):
            bits = self.class_profiles.row(klass)[word] & self.profiles.idle.row(channel)[word]
            while bits:
                profile = (word << 6) + lowest_bit(bits)
                bits &= bits - 1
                heap = &self.profiles.lanes[self.profiles.lane_of[channel][profile]].heaps[<int>BY_IDLE]
                for place in range(heap.size):
                    entry = &heap.entries[place]
                    if not self.is_barred(contact, entry.slot):
                        term = self.term_of(contact, entry.slot)
                        ranked.append((entry.slot != preferred, -term, entry.sequence, entry.slot))
        ranked.sort()
        found.extend([one[3] for one in ranked])
        return 0

    # The first contact

    cdef void set_turn(self, Turn* turn, int32_t contact) noexcept:
        """Its place in the order of those who want an agent, now."""
        cdef Head* head = &self.kinds.heads[self.contacts.rows[contact].klass]
        turn.contact = contact
        turn.key = self.contacts.earliest(contact)
        turn.sequence = self.contacts.rows[contact].sequence
        turn.score = 0
        if self.queues.special:
            turn.score = self.queues.score(
                head.queue, head.priority, turn.key, self.now_ns // 1_000_000, self.served
            )

    cdef int find_contact(self, int32_t agent, int32_t skipped, Turn* best) except -1:
        """First of those, but for ``skipped``, whom the agent may take now; ``best.contact`` -1: nobody."""
        cdef int32_t profile = self.agents.rows[agent].profile
        cdef bint spared = self.agents.rows[agent].exclusions > 0
        cdef bint many = self.profiles.rows[profile].lane_count > 1
        cdef bint special = self.queues.special > 0
        cdef int64_t now_ms = self.now_ns // 1_000_000
        cdef uint64_t* served = self.profile_classes.row(profile)
        cdef uint64_t* waiting = self.kinds.waiting.row(0)
        cdef uint64_t* excluding = self.kinds.excluding.row(0)
        cdef int32_t klass, contact, word, words = (self.kinds.class_slots.used + 63) >> 6
        cdef uint64_t bits, careful
        cdef Head* head
        cdef Entry* entry
        cdef Turn turn
        best.contact = -1
        if not many and not self.agents.is_inside(agent, self.profiles.rows[profile].lanes[0]):
            return 0
        turn.score = 0
        for word in range(words):
            bits = served[word] & waiting[word]
            careful = excluding[word]
            while bits:
                klass = (word << 6) + lowest_bit(bits)
                head = &self.kinds.heads[klass]
                if many and not self.agents.is_inside(agent, self.profiles.lane_of[head.channel][profile]):
                    bits &= bits - 1
                    continue
                if careful & bits & (0 - bits):
                    if <object>self.agents.names.names[agent] in self.kinds.excluded(klass):
                        bits &= bits - 1
                        continue
                bits &= bits - 1
                turn.key = head.key
                turn.sequence = head.sequence
                turn.contact = head.slot
                if special:
                    turn.score = self.queues.score(head.queue, head.priority, head.key, now_ms, self.served)
                if best.contact >= 0 and not is_sooner(&turn, best):
                    continue
                if spared or head.slot == skipped:
                    entry = self.first_contact(&self.kinds.classes[klass].waiting, 0, agent, skipped)
                    if entry is NULL:
                        continue
                    turn.key = entry.key
                    turn.sequence = entry.sequence
                    turn.contact = entry.slot
                    if special:
                        turn.score = self.queues.score(head.queue, head.priority, entry.key, now_ms, self.served)
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

    cdef Entry* first_contact(self, Heap* heap, int32_t place, int32_t agent, int32_t skipped) noexcept:
        """First of the heap, from ``place`` down, but for ``skipped``, that the agent is not spared, or NULL."""
        cdef Entry* entry
        cdef Entry* best = NULL
        cdef int32_t child
        entry = &heap.entries[place]
        if entry.slot != skipped and not self.exclusions.has(entry.slot, agent):
            return entry
        for child in range(4 * place + 1, min(4 * place + 5, heap.size)):
            entry = self.first_contact(heap, child, agent, skipped)
            if entry is not NULL:
                if best is NULL or entry.key < best.key or (entry.key == best.key and entry.sequence < best.sequence):
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
