# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Relations that are looked at far more often than they change, as a list for each row: which lanes may serve a class.

Few of all pairs are in such a relation: a list holds what is looked at and nothing else, where a row of bits has to be
searched for what is set.
"""

cimport cython
from libc.stdint cimport int32_t
from libc.stdlib cimport free
from libc.string cimport memmove

from acd_core.core.memory cimport grow


cdef class Lists:
    def __dealloc__(self):
        cdef int32_t row
        for row in range(self.capacity):
            free(self.rows[row].items)
        free(self.rows)

    cdef int reserve(self, int32_t rows) except -1:
        """At least so many; the added ones are empty."""
        if rows > self.capacity:
            rows = max(rows, self.capacity + (self.capacity >> 2) + 4)
            self.rows = <List*>grow(self.rows, sizeof(List), self.capacity, rows)
            self.capacity = rows
        return 0

    cdef int widen(self, int32_t row, int32_t more) except -1:
        """Room for so many more in it."""
        cdef List* found = &self.rows[row]
        cdef int32_t capacity = found.size + more
        if capacity > found.capacity:
            capacity += capacity >> 3
            found.items = <int32_t*>grow(found.items, sizeof(int32_t), found.capacity, capacity)
            found.capacity = capacity
        return 0

    cdef int add(self, int32_t row, int32_t item) except -1:
        """One that is not in it; in order, so that any can be found."""
        cdef List* found = &self.rows[row]
        cdef int32_t place = find_in_order(found.items, found.size, item)
        self.widen(row, 1)
        memmove(&found.items[place + 1], &found.items[place], (found.size - place) * sizeof(int32_t))
        found.items[place] = item
        found.size += 1
        return 0

    cdef void remove(self, int32_t row, int32_t item) noexcept:
        """One that is in it."""
        cdef List* found = &self.rows[row]
        cdef int32_t place = find_in_order(found.items, found.size, item)
        found.size -= 1
        memmove(&found.items[place], &found.items[place + 1], (found.size - place) * sizeof(int32_t))

    cdef bint has(self, int32_t row, int32_t item) noexcept:
        cdef List* found = &self.rows[row]
        cdef int32_t place = find_in_order(found.items, found.size, item)
        return place < found.size and found.items[place] == item

    cdef void clear(self, int32_t row) noexcept:
        """Its memory too: the next one in this row may be of few."""
        free(self.rows[row].items)
        self.rows[row].items = NULL
        self.rows[row].size = self.rows[row].capacity = 0


@cython.final
cdef class Groups(Lists):
    """Each list in groups, one after the other: what holds for all of a group is then looked up once for it."""

    cdef int32_t find_group(self, int32_t row, int32_t group) noexcept:
        """Where its title stands, or the end."""
        cdef List* found = &self.rows[row]
        cdef int32_t place = 0
        while place < found.size and found.items[place] != group:
            place = found.items[place + 1]
        return place

    cdef void shift(self, int32_t row, int32_t place, int32_t change) noexcept:
        """What stands from there on, which begins with a title or is the end, by so much."""
        cdef List* found = &self.rows[row]
        cdef int32_t title = place
        while title < found.size:
            found.items[title + 1] += change
            title = found.items[title + 1] - change
        memmove(&found.items[place + change], &found.items[place], (found.size - place) * sizeof(int32_t))
        found.size += change

    cdef int enter(self, int32_t row, int32_t group, int32_t item) except -1:
        """One that is not in it."""
        cdef List* found = &self.rows[row]
        cdef int32_t end, title = self.find_group(row, group)
        self.widen(row, TITLE + 1)
        if title == found.size:
            found.size += TITLE
            found.items[title] = group
            found.items[title + 1] = found.size
        end = found.items[title + 1]
        self.shift(row, end, 1)
        found.items[title + 1] += 1
        found.items[end] = item
        return 0

    cdef void leave(self, int32_t row, int32_t group, int32_t item) noexcept:
        """One that is in it.  The last of its group takes its place: within one they are in no order."""
        cdef List* found = &self.rows[row]
        cdef int32_t title = self.find_group(row, group)
        cdef int32_t end = found.items[title + 1]
        cdef int32_t place = title + TITLE
        while found.items[place] != item:
            place += 1
        found.items[place] = found.items[end - 1]
        if end - title == TITLE + 1:
            self.shift(row, end, -TITLE - 1)
            return
        self.shift(row, end, -1)
        found.items[title + 1] -= 1
