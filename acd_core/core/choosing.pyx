# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Who is the best agent for a contact (rules 6 and 8): the heads of the lanes that may serve it are compared."""

from libc.stdint cimport int32_t, int64_t, uint8_t

from acd_core.core.contacts cimport KEPT
from acd_core.core.heap cimport Entry, Heap, comes_before
from acd_core.core.kinds cimport Requirement
from acd_core.core.lists cimport List
from acd_core.core.lottery cimport Lottery
from acd_core.core.profiles cimport BY_IDLE, BY_LOAD, BY_TURN, NOBODY, LaneRow, ProfileRow
from acd_core.core.queues cimport (
    LEAST_OCCUPIED,
    LEAST_SKILLED,
    LONGEST_IDLE,
    MOST_SKILLED,
    RANDOM,
    ROUND_ROBIN,
    SUCCESS,
)
from acd_core.core.scores cimport Ranks, find_heap, find_ranks


cdef inline bint is_better(int64_t term, int64_t sequence, Candidate* best) noexcept:
    return best.agent < 0 or term > best.term or (term == best.term and sequence < best.sequence)


cdef inline bint enter_candidate(
    int64_t term, int64_t sequence, int32_t agent, Candidate* best, Candidate* runner_up
) noexcept:
    """Keep them if they are one of the best two; whether they are the best."""
    cdef bint first = is_better(term, sequence, best)
    cdef Candidate* place = best if first else runner_up
    if first:
        runner_up[0] = best[0]
    elif agent == best.agent or not is_better(term, sequence, runner_up):
        return False
    place.term = term
    place.sequence = sequence
    place.agent = agent
    return first


cdef int64_t find_second(int64_t* firsts, int32_t* lanes, int32_t count) noexcept:
    """When the second longest idle of the heads of these lanes began to be so, or `NOBODY`.

    Without branches, as the scores of contacts are compared (`acd_core.core.matching`).
    """
    cdef int64_t first = NOBODY, second = NOBODY, value, upper
    cdef int32_t place
    for place in range(count):
        value = firsts[lanes[place]]
        upper = value if value > first else first
        first = value if value < first else first
        second = upper if upper < second else second
    return second


cdef inline int32_t get_ordering(int32_t strategy) noexcept:
    """Which heaps of a lane a strategy looks at."""
    return BY_LOAD if strategy == LEAST_OCCUPIED else BY_TURN if strategy == ROUND_ROBIN else BY_IDLE


cdef class Choosing(Lottery):
    cdef int32_t best_agent(self, int32_t contact, Candidate* runner_up) except -2:
        """The best of those who may take it now, or -1.

        ``runner_up``: if not NULL, the second best, if the queue's strategy has found both; else its ``agent`` is -1.
        """
        cdef Candidate best
        cdef int32_t preferred = self.get_preferred(contact)
        if runner_up is not NULL:
            runner_up.agent = -1
        if preferred >= 0 and self.is_free(contact, preferred):
            if self.contacts.rows[contact].place == KEPT:
                return preferred
            if self.is_able(contact, preferred) and not self.is_barred(contact, preferred):
                return preferred
        if self.contacts.rows[contact].place == KEPT:
            return -1
        self.find_best(contact, &best, runner_up)
        return best.agent

    cdef int find_best(self, int32_t contact, Candidate* best, Candidate* runner_up) except -1:
        """The best two by the queue's strategy, whoever is preferred; ``agent`` -1: nobody.

        ``runner_up`` NULL: not asked for.
        """
        cdef int32_t strategy = self.queues.rows[self.contacts.queue_of(contact)].strategy
        cdef Candidate second
        if strategy == RANDOM:
            self.prepare_draw(contact)
            self.draw(contact, 0, best)
            if runner_up is not NULL:
                self.leave_out(contact, best.agent)
                self.draw(contact, 1, runner_up)
            return 0
        if runner_up is NULL:
            runner_up = &second
        best.agent = runner_up.agent = -1
        best.term = runner_up.term = 0
        if strategy == SUCCESS:
            return self.find_likeliest(contact, best, runner_up)
        return self.compare(contact, strategy, best, runner_up)

    cdef int find_other(self, int32_t contact, int32_t agent, Candidate* other) except -1:
        """The best but for this agent."""
        cdef Candidate second
        if self.queues.rows[self.contacts.queue_of(contact)].strategy == RANDOM:
            self.prepare_draw(contact)
            self.leave_out(contact, agent)
            return self.draw(contact, 1, other)
        self.find_best(contact, other, &second)
        if other.agent == agent:
            other[0] = second
        return 0

    cdef int compare(self, int32_t contact, int32_t strategy, Candidate* best, Candidate* runner_up) except -1:
        """The best two by a strategy that looks at the head of each lane."""
        cdef int32_t klass = self.contacts.rows[contact].klass
        cdef List* able = &self.class_lanes.rows[klass]
        cdef bint careful = self.contacts.rows[contact].exclusions >= 0 or self.kinds.excluding.has(0, klass)
        cdef int32_t ordering = get_ordering(strategy)
        cdef bint varied = strategy == MOST_SKILLED or strategy == LEAST_SKILLED
        cdef Entry* heads = self.profiles.heads[ordering]
        cdef int64_t second
        cdef int32_t place, lane, chosen = -1
        cdef Entry* entry
        cdef int64_t term = 0
        if strategy == LONGEST_IDLE and not careful:
            second = find_second(self.profiles.firsts, able.items, able.size)
            for place in range(able.size):
                lane = able.items[place]
                if self.profiles.firsts[lane] <= second and self.profiles.firsts[lane] != NOBODY:
                    entry = &heads[lane]
                    if enter_candidate(0, entry.sequence, entry.slot, best, runner_up):
                        chosen = lane
        else:
            for place in range(able.size):
                lane = able.items[place]
                if self.profiles.firsts[lane] == NOBODY:
                    continue
                entry = &heads[lane]
                if varied:
                    term = self.profile_term(strategy, klass, self.profiles.lanes[lane].profile)
                elif ordering != BY_IDLE:
                    term = -entry.key
                if not is_better(term, entry.sequence, runner_up):
                    continue
                if careful:
                    entry = self.first_agent(&self.profiles.lanes[lane].heaps[ordering], 0, contact, -1)
                    if entry is NULL:
                        continue
                    if ordering != BY_IDLE:
                        term = -entry.key
                if enter_candidate(term, entry.sequence, entry.slot, best, runner_up):
                    chosen = lane
        if chosen >= 0:
            self.profiles.foresee_leaving(chosen)
            # the one who comes next in their lane
            entry = self.first_agent(&self.profiles.lanes[chosen].heaps[ordering], 0, contact, best.agent)
            if entry is not NULL:
                term = best.term if ordering == BY_IDLE else -entry.key
                enter_candidate(term, entry.sequence, entry.slot, best, runner_up)
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
                if best is NULL or comes_before(entry.key, entry.sequence, best.key, best.sequence):
                    best = entry
        return best

    cdef int32_t topic_of(self, int32_t contact) except -2:
        """-1: nobody has any success in it."""
        cdef int32_t kind = self.kinds.classes[self.contacts.rows[contact].klass].kind
        return self.agents.scores.topics.find((<tuple>self.kinds.keys[kind])[5])

    cdef int find_likeliest(self, int32_t contact, Candidate* best, Candidate* runner_up) except -1:
        """The best two by expected success."""
        cdef int32_t klass = self.contacts.rows[contact].klass
        cdef int32_t topic = self.topic_of(contact)
        cdef List* able = &self.class_lanes.rows[klass]
        cdef int32_t place
        cdef LaneRow* lane
        cdef ProfileRow* profile
        cdef Ranks* ranks
        for place in range(able.size):
            if self.profiles.firsts[able.items[place]] == NOBODY:
                continue
            lane = &self.profiles.lanes[able.items[place]]
            if self.agents.scores.tops.get(topic, lane.profile) < runner_up.term:
                continue
            profile = &self.profiles.rows[lane.profile]
            if profile.crowded:
                self.take_from_heap(find_heap(&lane.topics, topic), contact, best, runner_up)
            else:
                ranks = find_ranks(&self.profiles.topics[lane.profile], topic)
                self.take_from_ranks(ranks, lane.place, contact, best, runner_up)
            if runner_up.term == 0:
                self.take_idle(&lane.heaps[<int>BY_IDLE], contact, best, runner_up)
        return 0

    cdef int take_idle(self, Heap* heap, int32_t contact, Candidate* best, Candidate* runner_up) except -1:
        """Those of a lane without a score: all but the best, if that one has any."""
        cdef Entry* entry = self.first_agent(heap, 0, contact, best.agent if best.term else -1)
        if entry is not NULL and enter_candidate(0, entry.sequence, entry.slot, best, runner_up):
            entry = self.first_agent(heap, 0, contact, entry.slot)
            if entry is not NULL:
                enter_candidate(0, entry.sequence, entry.slot, best, runner_up)
        return 0

    cdef int take_from_heap(self, Heap* heap, int32_t contact, Candidate* best, Candidate* runner_up) except -1:
        cdef Entry* entry
        if heap is NULL or -heap.entries[0].key < runner_up.term:
            return 0
        entry = self.first_likely(heap, 0, contact, -1)
        if entry is not NULL and self.enter_likely(entry, best, runner_up):
            entry = self.first_likely(heap, 0, contact, best.agent)
            if entry is not NULL:
                self.enter_likely(entry, best, runner_up)
        return 0

    cdef bint enter_likely(self, Entry* entry, Candidate* best, Candidate* runner_up) noexcept:
        return enter_candidate(
            -entry.key, entry.sequence, self.agents.scores.rows[entry.slot].agent, best, runner_up
        )

    cdef int take_from_ranks(
        self, Ranks* ranks, int32_t lane_place, int32_t contact, Candidate* best, Candidate* runner_up
    ) except -1:
        cdef int32_t place, agent, score
        cdef int64_t sequence
        if ranks is NULL:
            return 0
        for place in range(ranks.size):
            agent = ranks.items[place].agent
            score = ranks.items[place].score
            if score < runner_up.term:
                break
            if not self.agents.rows[agent].inside >> lane_place & 1:
                continue
            sequence = self.agents.rows[agent].idle_sequence
            if is_better(score, sequence, runner_up) and not self.is_barred(contact, agent):
                enter_candidate(score, sequence, agent, best, runner_up)
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
                if best is NULL or comes_before(entry.key, entry.sequence, best.key, best.sequence):
                    best = entry
        return best

    cdef int64_t term_of(self, int32_t contact, int32_t agent) except? -1:
        """The agent's term by the strategy of the contact's queue (rule 8.1)."""
        cdef int32_t klass = self.contacts.rows[contact].klass
        cdef int32_t strategy = self.queues.rows[self.kinds.classes[klass].queue].strategy
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
        cdef Requirement* row = &self.kinds.requirements[klass]
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
        cdef List* able = &self.class_lanes.rows[klass]
        cdef int32_t preferred = self.get_preferred(contact)
        cdef int32_t number, place
        cdef Heap* heap
        cdef Entry* entry
        if self.contacts.rows[contact].place == KEPT:
            if preferred >= 0 and self.is_free(contact, preferred):
                found.append(preferred)
            return 0
        if self.queues.rows[self.kinds.classes[klass].queue].strategy == RANDOM:
            return self.list_drawn(contact, found)
        ranked = []
        for number in range(able.size):
            heap = &self.profiles.lanes[able.items[number]].heaps[<int>BY_IDLE]
            for place in range(heap.size):
                entry = &heap.entries[place]
                if not self.is_barred(contact, entry.slot):
                    term = self.term_of(contact, entry.slot)
                    ranked.append((entry.slot != preferred, -term, entry.sequence, entry.slot))
        ranked.sort()
        found.extend([one[3] for one in ranked])
        return 0
