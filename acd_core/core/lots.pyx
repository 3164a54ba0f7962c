# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Rows of agents by key with the sum of their weights, to find who stands at a point there: binary tries.

A leaf is an agent, an inner node has the sum of the weights below it, and of those to its left.  Keys are well mixed,
so a trie is as deep as the logarithm of its size.  (Agents of the same key, one pair in 2**64, stand below each other
where the bits end.)
"""

cimport cython
from libc.stdint cimport int32_t, int64_t, uint64_t

from acd_core.core.memory cimport Slots, free_aligned, grow_aligned

DEF INNER = -1
DEF BITS = 64


cdef inline int32_t get_bit(uint64_t key, int32_t depth) noexcept:
    return (key >> (BITS - 1 - depth)) & 1


@cython.final
cdef class Lots:
    def __cinit__(self):
        self.slots = Slots()

    def __dealloc__(self):
        free_aligned(self.nodes)

    cdef int32_t take(self, int32_t agent, uint64_t key, int32_t weight) except -1:
        cdef int32_t node = self.slots.take()
        if self.slots.capacity > self.capacity:
            self.nodes = <LotNode*>grow_aligned(self.nodes, sizeof(LotNode), self.capacity, self.slots.capacity)
            self.capacity = self.slots.capacity
        self.nodes[node].key = key
        self.nodes[node].below[0] = self.nodes[node].below[1] = -1
        self.nodes[node].weight = weight
        self.nodes[node].left = 0
        self.nodes[node].agent = agent
        return node

    cdef int add(self, int32_t* root, int32_t agent, uint64_t key, int32_t weight) except -1:
        """``root`` -1: an empty trie."""
        cdef int32_t leaf = self.take(agent, key, weight)
        cdef int32_t above = -1, side = 0, depth = 0, node = root[0], inner, side_of
        while node >= 0 and depth < BITS:
            if self.nodes[node].agent != INNER:
                # a node for what the two have in common
                inner = self.take(INNER, 0, self.nodes[node].weight)
                side_of = get_bit(self.nodes[node].key, depth)
                self.nodes[inner].below[side_of] = node
                if side_of == 0:
                    self.nodes[inner].left = self.nodes[node].weight
                if above < 0:
                    root[0] = inner
                else:
                    self.nodes[above].below[side] = inner
                node = inner
            self.nodes[node].weight += weight
            above = node
            side = get_bit(key, depth)
            if side == 0:
                self.nodes[node].left += weight
            node = self.nodes[above].below[side]
            depth += 1
        self.nodes[leaf].below[0] = node
        if above < 0:
            root[0] = leaf
        else:
            self.nodes[above].below[side] = leaf
        return 0

    cdef void remove(self, int32_t* root, int32_t agent, uint64_t key, int32_t weight) noexcept:
        """Of one that is there, with its weight of then; nodes with nothing below them go with it."""
        cdef int32_t* link = root
        cdef int32_t depth = 0, side, node
        while self.nodes[link[0]].agent == INNER:
            node = link[0]
            side = get_bit(key, depth)
            self.nodes[node].weight -= weight
            if self.nodes[node].weight == 0:
                link[0] = self.nodes[node].below[side]
                self.slots.give_back(node)
            else:
                if side == 0:
                    self.nodes[node].left -= weight
                link = &self.nodes[node].below[side]
            depth += 1
        while self.nodes[link[0]].agent != agent:
            link = &self.nodes[link[0]].below[0]
        node = link[0]
        link[0] = self.nodes[node].below[0]
        self.slots.give_back(node)

    cdef int32_t find(self, int32_t root, int64_t point, int32_t lane, Barred* barred, int32_t count) noexcept:
        """The agent at this point of the lane's row, from which the barred ones are left out."""
        cdef int32_t node = root, depth = 0, one
        cdef uint64_t prefix = 0
        cdef int64_t weight
        while self.nodes[node].agent == INNER:
            prefix <<= 1
            weight = self.nodes[node].left
            for one in range(count):
                if barred[one].lane == lane and barred[one].key >> (BITS - 1 - depth) == prefix:
                    weight -= barred[one].weight
            if point < weight:
                node = self.nodes[node].below[0]
            else:
                point -= weight
                prefix |= 1
                node = self.nodes[node].below[1]
            depth += 1
        return self.nodes[node].agent
