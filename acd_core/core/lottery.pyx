# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The weighted draw of an agent (rule 8.2).

All who may take the contact stand in a row, those of a profile side by side: the weights of whole lanes lead to the
lane, then its own row is looked at, in a crowded one through a trie (`acd_core.core.lots`).
"""

from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport free

from acd_core.core.eligibility cimport Eligibility
from acd_core.core.hashing cimport draw_point
from acd_core.core.heap cimport Heap
from acd_core.core.lists cimport List
from acd_core.core.lots cimport Barred
from acd_core.core.memory cimport grow, larger
from acd_core.core.profiles cimport BY_IDLE, NOBODY, LaneRow
from acd_core.core.scores cimport CROWD

from acd_core.limits import WINDOW_AGENTS_MAX

cdef int32_t DRAWS_MAX = WINDOW_AGENTS_MAX


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


cdef class Lottery(Eligibility):
    def __dealloc__(self):
        free(self.parts)
        free(self.barred)

    cdef int prepare_draw(self, int32_t contact) except -1:
        """Put all in their row who may take the contact."""
        cdef int32_t klass = self.contacts.rows[contact].klass
        cdef int32_t exclusion = self.contacts.rows[contact].exclusions
        cdef List* able = &self.class_lanes.rows[klass]
        cdef int32_t place, lane, agent
        self.barred_size = self.parts_size = 0
        self.total = 0
        if self.parts_capacity < self.profiles.capacity:
            self.parts = <RowPart*>grow(
                self.parts, sizeof(RowPart), self.parts_capacity, self.profiles.capacity
            )
            self.parts_capacity = self.profiles.capacity
        for place in range(able.size):
            lane = able.items[place]
            if self.profiles.firsts[lane] == NOBODY:
                continue
            self.parts[self.parts_size].key = self.profiles.rows[self.profiles.lanes[lane].profile].row_key
            self.parts[self.parts_size].weight = self.profiles.weights[lane]
            self.parts[self.parts_size].lane = lane
            self.parts_size += 1
            self.total += self.profiles.weights[lane]
        if self.kinds.excluding.has(0, klass):
            for name in self.kinds.excluded(klass):
                agent = self.agents.names.find(name)
                if agent >= 0:
                    self.leave_out(contact, agent)
        while exclusion >= 0:
            self.leave_out(contact, self.exclusions.rows[exclusion].agent)
            exclusion = self.exclusions.rows[exclusion].next
        return 0

    cdef int leave_out(self, int32_t contact, int32_t agent) except -1:
        """-1: nobody."""
        cdef Barred* one
        cdef int32_t place
        if agent < 0 or not self.is_able(contact, agent) or not self.is_free(contact, agent):
            return 0
        if self.agents.rows[agent].loose:
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
        one.lane = self.profiles.lane_of[self.kinds.classes[self.contacts.rows[contact].klass].channel][
            self.agents.rows[agent].profile
        ]
        self.barred_size += 1
        self.total -= one.weight
        for place in range(self.parts_size):
            if self.parts[place].lane == one.lane:
                self.parts[place].weight -= one.weight
                break
        return 0

    cdef int draw(self, int32_t contact, int32_t number, Candidate* best) except -1:
        """Rule 8.2, among those in the row who are not left out; ``agent`` -1: nobody."""
        cdef int64_t point
        cdef int32_t place
        best.agent = -1
        if not self.total:
            return 0
        point = draw_point(self.seed, <object>self.contacts.names.get(contact), number, self.total)
        place = find_part(self.parts, self.parts_size, &point)
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
        self.prepare_draw(contact)
        for number in range(DRAWS_MAX):
            self.draw(contact, number, &best)
            if best.agent < 0:
                break
            if best.agent != preferred:
                found.append(best.agent)
            self.leave_out(contact, best.agent)
        if preferred >= 0 and self.is_free(contact, preferred) and self.is_able(contact, preferred):
            if not self.is_barred(contact, preferred):
                found.insert(0, preferred)
        return 0
