# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Expected successes: each agent's score by topic, and who has the highest.

In a profile of few members these stand in order of their scores, for each topic, whatever they are doing; the first who
is free is found by going down the list.  A crowded profile has heaps instead, for each lane and topic, of those who may
take something now.

An agent has a row for each topic and each lane of their profile, those of the first lane first; a score of 0 is as good
as none and has no row.
"""

cimport cython
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport free
from libc.string cimport memmove, memset

from acd_core.core.heap cimport Places, Heap, heap_free, heap_push, heap_remove, heap_reserve
from acd_core.core.lists cimport find_in_order
from acd_core.core.memory cimport Slots, grow
from acd_core.core.names cimport Names
from acd_core.core.tops cimport Tops


cdef inline int32_t find_place(TopicHeaps* heaps, int32_t topic) noexcept:
    """Where the topic is, or where it would have to be."""
    cdef int32_t low = 0, high = heaps.size, middle
    while low < high:
        middle = (low + high) >> 1
        if heaps.items[middle].topic < topic:
            low = middle + 1
        else:
            high = middle
    return low


cdef Heap* find_heap(TopicHeaps* heaps, int32_t topic) noexcept:
    """The heap of (-score, number of the idle time, row of the score), or NULL where nobody has any score."""
    cdef int32_t place = find_place(heaps, topic)
    if place < heaps.size and heaps.items[place].topic == topic and heaps.items[place].heap.size:
        return &heaps.items[place].heap
    return NULL


cdef void free_heaps(TopicHeaps* heaps) noexcept:
    cdef int32_t place
    for place in range(heaps.size):
        heap_free(&heaps.items[place].heap)
    free(heaps.items)
    heaps.items = NULL
    heaps.size = heaps.capacity = 0


cdef Ranks* find_ranks(TopicRanks* ranks, int32_t topic) noexcept:
    """NULL where nobody has any score."""
    cdef int32_t place = find_in_order(ranks.topics, ranks.size, topic)
    if place < ranks.size and ranks.topics[place] == topic:
        return &ranks.items[place]
    return NULL


cdef void free_ranks(TopicRanks* ranks) noexcept:
    free(ranks.topics)
    free(ranks.items)
    ranks.topics = NULL
    ranks.items = NULL
    ranks.size = ranks.capacity = 0


@cython.final
cdef class Scores:
    def __cinit__(self):
        self.topics = Names()
        self.slots = Slots()
        self.tops = Tops()

    def __dealloc__(self):
        free(self.uses)
        free(self.rows)
        free(self.places)

    cdef int32_t add(self, int32_t agent, object scores, int32_t lanes) except -2:
        """The first of the agent's rows, or -1."""
        cdef int32_t first = -1, place, topic, row
        for place in range(lanes - 1, -1, -1):
            for name, score in scores:
                if score:
                    topic = self.hold_topic(name)
                    row = self.slots.take()
                    if self.slots.capacity > self.capacity:
                        self.rows = <ScoreRow*>grow(self.rows, sizeof(ScoreRow), self.capacity, self.slots.capacity)
                        self.places = <int32_t*>grow(
                            self.places, sizeof(int32_t), self.capacity, self.slots.capacity
                        )
                        self.capacity = self.slots.capacity
                    self.rows[row].agent = agent
                    self.rows[row].topic = topic
                    self.rows[row].score = score
                    self.rows[row].place = place
                    self.rows[row].next = first
                    self.places[row] = -1
                    first = row
        return first

    cdef int remove(self, int32_t first) except -1:
        """All rows of an agent who is in no heap."""
        cdef int32_t row
        while first >= 0:
            row = first
            first = self.rows[row].next
            self.uses[self.rows[row].topic] -= 1
            if self.uses[self.rows[row].topic] == 0:
                self.topics.remove(self.rows[row].topic)
            self.slots.give_back(row)
        return 0

    cdef int32_t hold_topic(self, object name) except -1:
        cdef int32_t topic = self.topics.find(name)
        if topic < 0:
            topic = self.topics.add(name)
            if self.topics.slots.capacity > self.topic_capacity:
                self.uses = <int32_t*>grow(
                    self.uses, sizeof(int32_t), self.topic_capacity, self.topics.slots.capacity
                )
                self.topic_capacity = self.topics.slots.capacity
        self.uses[topic] += 1
        return topic

    cdef int32_t score_of(self, int32_t first, int32_t topic) noexcept:
        cdef int32_t row = first
        while row >= 0 and self.rows[row].place == 0:
            if self.rows[row].topic == topic:
                return self.rows[row].score
            row = self.rows[row].next
        return 0

    cdef int enter_ranks(self, TopicRanks* ranks, int32_t profile, int32_t row) except -1:
        """Into the members of a profile that is not crowded; ``ranks``: the profile's."""
        cdef int32_t topic = self.rows[row].topic
        cdef int32_t place = find_in_order(ranks.topics, ranks.size, topic)
        cdef int32_t capacity
        cdef Ranks* found
        if place == ranks.size or ranks.topics[place] != topic:
            if ranks.size == ranks.capacity:
                capacity = ranks.capacity + (ranks.capacity >> 1) + 4
                ranks.topics = <int32_t*>grow(ranks.topics, sizeof(int32_t), ranks.capacity, capacity)
                ranks.items = <Ranks*>grow(ranks.items, sizeof(Ranks), ranks.capacity, capacity)
                ranks.capacity = capacity
            memmove(&ranks.topics[place + 1], &ranks.topics[place], (ranks.size - place) * sizeof(int32_t))
            memmove(&ranks.items[place + 1], &ranks.items[place], (ranks.size - place) * sizeof(Ranks))
            ranks.topics[place] = topic
            ranks.items[place].size = 0
            ranks.size += 1
        found = &ranks.items[place]
        place = found.size
        while place > 0 and found.items[place - 1].score < self.rows[row].score:
            found.items[place] = found.items[place - 1]
            place -= 1
        found.items[place].agent = self.rows[row].agent
        found.items[place].score = self.rows[row].score
        found.size += 1
        return self.tops.put(topic, profile, found.items[0].score)

    cdef int leave_ranks(self, TopicRanks* ranks, int32_t profile, int32_t row) except -1:
        cdef int32_t number = find_in_order(ranks.topics, ranks.size, self.rows[row].topic)
        cdef Ranks* found = &ranks.items[number]
        cdef int32_t place = 0
        while found.items[place].agent != self.rows[row].agent:
            place += 1
        found.size -= 1
        memmove(&found.items[place], &found.items[place + 1], (found.size - place) * sizeof(Ranked))
        self.tops.put(self.rows[row].topic, profile, found.items[0].score if found.size else 0)
        if found.size == 0:
            ranks.size -= 1
            memmove(&ranks.topics[number], &ranks.topics[number + 1], (ranks.size - number) * sizeof(int32_t))
            memmove(&ranks.items[number], &ranks.items[number + 1], (ranks.size - number) * sizeof(Ranks))
        return 0

    cdef int enter(self, TopicHeaps* heaps, int32_t row, int64_t sequence) except -1:
        """Into the heap of its topic in a lane."""
        cdef int32_t topic = self.rows[row].topic
        cdef int32_t place = find_place(heaps, topic)
        cdef int32_t capacity
        if place == heaps.size or heaps.items[place].topic != topic:
            if heaps.size == heaps.capacity:
                capacity = heaps.capacity + (heaps.capacity >> 1) + 4
                heaps.items = <TopicHeap*>grow(heaps.items, sizeof(TopicHeap), heaps.capacity, capacity)
                heaps.capacity = capacity
            memmove(&heaps.items[place + 1], &heaps.items[place], (heaps.size - place) * sizeof(TopicHeap))
            memset(&heaps.items[place], 0, sizeof(TopicHeap))
            heaps.items[place].topic = topic
            heaps.size += 1
        heap_reserve(&heaps.items[place].heap)
        heap_push(&heaps.items[place].heap, Places(self.places, 1), -self.rows[row].score, sequence, row)
        return 0

    cdef void leave(self, TopicHeaps* heaps, int32_t row) noexcept:
        cdef int32_t place = find_place(heaps, self.rows[row].topic)
        heap_remove(&heaps.items[place].heap, Places(self.places, 1), self.places[row])
