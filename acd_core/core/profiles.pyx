# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Profiles of agents and their lanes: those of a profile have the same queues, skills, levels, lanes and capacity.

What an agent may serve is the same for all of a profile.  Whether one has room for a channel is a matter of the lane
that the channel takes, so each lane of a profile has heaps of the agents who may take something in it now, one for
each ordering that a queue of the profile uses, all by (key, number of the idle time).  The heads of all heaps lie in
arrays of their own, and so do the counts of agents: a decision looks at those of many lanes and at nothing else of
them.  A lane's counts are of its profile's agents outside of its heaps by state, and of those inside.
"""

cimport cython
from libc.stdint cimport int32_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset

from acd_core.core.heap cimport Entry, Heap, heap_free
from acd_core.core.memory cimport Slots, free_aligned, grow, grow_aligned, prefetch
from acd_core.core.hashing cimport hash_name, mix
from acd_core.core.names cimport Names
from acd_core.core.scores cimport TopicRanks, free_heaps, free_ranks

from acd_core.hashing import describe_profile

assert sizeof(LaneRow) == 128, "a lane is two cache lines"
assert sizeof(ProfileRow) == 64, "a profile is a cache line"
assert sizeof(Counts) == 32, "the counts of a lane are half of one"


cdef tuple make_key(object settings):
    """Of the profile (rule 2.7) of an agent with these settings."""
    return settings.queues, settings.skills, settings.levels, settings.lanes, settings.capacity


@cython.final
cdef class Profiles:
    def __cinit__(self):
        self.slots = Slots()
        self.lane_slots = Slots()
        self.channels = Names()
        self.by_key = {}
        self.keys = []

    def __dealloc__(self):
        cdef int32_t index, ordering
        for index in range(self.lane_slots.used):
            for ordering in range(ORDERINGS):
                heap_free(&self.lanes[index].heaps[ordering])
            free_heaps(&self.lanes[index].topics)
        for index in range(self.slots.used):
            free(self.rows[index].many)
            free_ranks(&self.topics[index])
        for index in range(self.channel_capacity):
            free(self.lane_of[index])
        for ordering in range(ORDERINGS):
            free(self.heads[ordering])
        free(self.firsts)
        free(self.lane_of)
        free(self.channel_uses)
        free_aligned(self.rows)
        free(self.topics)
        free_aligned(self.lanes)
        free_aligned(self.counts)
        free(self.weights)

    # Channels

    cdef int32_t hold_channel(self, object name) except -1:
        cdef int32_t profile, capacity
        cdef int32_t channel = self.channels.find(name)
        if channel < 0:
            channel = self.channels.add(name)
            capacity = self.channels.slots.capacity
            if capacity > self.channel_capacity:
                self.channel_uses = <int32_t*>grow(
                    self.channel_uses, sizeof(int32_t), self.channel_capacity, capacity
                )
                self.lane_of = <int32_t**>grow(self.lane_of, sizeof(int32_t*), self.channel_capacity, capacity)
                self.channel_capacity = capacity
            if self.lane_of[channel] is NULL:
                self.lane_of[channel] = <int32_t*>grow(NULL, sizeof(int32_t), 0, self.capacity + 1)
            for profile in range(self.slots.used):
                if self.keys[profile] is not None:
                    self.lane_of[channel][profile] = self.find_lane(profile, channel)
        self.channel_uses[channel] += 1
        return channel

    cdef int release_channel(self, int32_t channel) except -1:
        if channel == ANY_CHANNEL:
            return 0
        self.channel_uses[channel] -= 1
        if self.channel_uses[channel] == 0:
            self.channels.remove(channel)
        return 0

    cdef int32_t find_lane(self, int32_t profile, int32_t channel) noexcept:
        """The lane that a channel takes: its own, else the one for any, which each profile has (perhaps shut)."""
        cdef ProfileRow* row = &self.rows[profile]
        cdef int32_t* lanes = lanes_of(row)
        cdef int32_t place, found = lanes[0]
        for place in range(row.lane_count):
            if self.lanes[lanes[place]].channel == channel:
                return lanes[place]
            if self.lanes[lanes[place]].channel == ANY_CHANNEL:
                found = lanes[place]
        return found

    # Profiles

    cdef int32_t add(self, tuple key) except -1:
        """``key`` is of `make_key`."""
        cdef int32_t channel, place, lane, capacity
        cdef ProfileRow* row
        cdef tuple lanes = key[3]
        cdef bint shut = not any([one.channel == "*" for one in lanes])
        cdef int32_t profile = self.slots.take()
        if self.slots.capacity > self.capacity:
            capacity = self.slots.capacity
            self.rows = <ProfileRow*>grow_aligned(self.rows, sizeof(ProfileRow), self.capacity, capacity)
            self.topics = <TopicRanks*>grow(self.topics, sizeof(TopicRanks), self.capacity, capacity)
            for channel in range(self.channel_capacity):
                if self.lane_of[channel] is not NULL:
                    self.lane_of[channel] = <int32_t*>grow(
                        self.lane_of[channel], sizeof(int32_t), self.capacity, capacity + 1
                    )
            self.capacity = capacity
            self.keys.extend([None] * (self.capacity - len(self.keys)))
        row = &self.rows[profile]
        memset(row, 0, sizeof(ProfileRow))
        row.capacity = key[4] if lanes else 1
        row.levels_sum = 100 * len(key[1]) + sum([level for _, level in key[2]])
        row.lane_count = <int32_t>len(lanes) + shut
        if row.lane_count > FEW:
            row.many = <int32_t*>malloc(row.lane_count * sizeof(int32_t))
            if row.many is NULL:
                raise MemoryError("the distributor can't get memory for an agent's lanes")
        for place, one in enumerate(lanes):
            channel = ANY_CHANNEL if one.channel == "*" else self.hold_channel(one.channel)
            lane = self.add_lane(profile, place, channel)
            self.lanes[lane].most = one.most
            self.lanes[lane].weight = one.weight
            self.lanes[lane].interruptible = one.interruptible
        if shut:
            lane = self.add_lane(profile, row.lane_count - 1, ANY_CHANNEL)
            self.lanes[lane].most = 0 if lanes else 1
            self.lanes[lane].weight = 1
            self.lanes[lane].interruptible = False
        self.lanes_most = max(self.lanes_most, row.lane_count)
        self.by_key[key] = profile
        self.keys[profile] = key
        for channel in range(self.channels.slots.used):
            if self.channels.get(channel) is not NULL:
                self.lane_of[channel][profile] = self.find_lane(profile, channel)
        return profile

    cdef int32_t add_lane(self, int32_t profile, int32_t place, int32_t channel) except -1:
        cdef int32_t ordering, capacity
        cdef int32_t lane = self.lane_slots.take()
        if self.lane_slots.capacity > self.lane_capacity:
            capacity = self.lane_slots.capacity
            self.lanes = <LaneRow*>grow_aligned(self.lanes, sizeof(LaneRow), self.lane_capacity, capacity)
            self.counts = <Counts*>grow_aligned(self.counts, sizeof(Counts), self.lane_capacity, capacity)
            self.firsts = <int64_t*>grow(self.firsts, sizeof(int64_t), self.lane_capacity, capacity)
            self.weights = <int32_t*>grow(self.weights, sizeof(int32_t), self.lane_capacity, capacity)
            for ordering in range(ORDERINGS):
                self.heads[ordering] = <Entry*>grow(
                    self.heads[ordering], sizeof(Entry), self.lane_capacity, capacity
                )
            self.lane_capacity = capacity
        memset(&self.lanes[lane], 0, sizeof(LaneRow))
        memset(&self.counts[lane], 0, sizeof(Counts))
        self.firsts[lane] = NOBODY
        self.weights[lane] = 0
        self.lanes[lane].row = -1
        self.lanes[lane].profile = profile
        self.lanes[lane].place = place
        self.lanes[lane].channel = channel
        lanes_of(&self.rows[profile])[place] = lane
        return lane

    cdef int remove(self, int32_t profile) except -1:
        """Of one without members."""
        cdef ProfileRow* row = &self.rows[profile]
        cdef int32_t place, ordering, lane
        del self.by_key[self.keys[profile]]
        self.keys[profile] = None
        for place in range(row.lane_count):
            lane = lanes_of(row)[place]
            for ordering in range(ORDERINGS):
                heap_free(&self.lanes[lane].heaps[ordering])
            free_heaps(&self.lanes[lane].topics)
            self.release_channel(self.lanes[lane].channel)
            self.lane_slots.give_back(lane)
        free_ranks(&self.topics[profile])
        free(row.many)
        row.many = NULL
        row.lane_count = 0
        self.slots.give_back(profile)
        return 0

    cdef int set_orderings(self, int32_t profile, int32_t orderings) except -1:
        """Bits of `Ordering`: by what its agents are looked for; they are in no heap at this moment."""
        cdef ProfileRow* row = &self.rows[profile]
        row.orderings = orderings
        if orderings & 1 << BY_LOT and not row.row_key:
            row.row_key = mix(hash_name(describe_profile(self.keys[profile])))
        return 0

    cdef void foresee_leaving(self, int32_t lane) noexcept:
        """Fetch what is asked for when somebody leaves its heaps."""
        cdef int32_t ordering
        cdef Heap* heap
        for ordering in range(ORDERINGS):
            heap = &self.lanes[lane].heaps[ordering]
            if heap.size:
                prefetch(heap.entries)
                prefetch(&heap.entries[heap.size - 1])

    cdef void refresh(self, int32_t lane, int32_t ordering) noexcept:
        """After each change of the lane's heap."""
        cdef Heap* heap = &self.lanes[lane].heaps[ordering]
        if heap.size:
            self.heads[ordering][lane] = heap.entries[0]
        if ordering == BY_IDLE:
            self.firsts[lane] = heap.entries[0].sequence if heap.size else NOBODY
