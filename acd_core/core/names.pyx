# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""From a name to its row and back: a hash table of nine bytes a bucket over the rows' own names.

A dict would cost about 100 bytes a contact, more than all else that is kept of one.  Seven bits of each digest lie in
a table of their own, the tags (as in Abseil's tables; Kulukundis, 2017): a name that is not here, which is that of
each contact that arrives, is found missing by them alone, eight at a time, in an eighth of the memory.
"""

cimport cython
from cpython.ref cimport Py_DECREF, Py_INCREF, Py_XDECREF, PyObject
from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc

from acd_core.core.bin cimport Bin
from acd_core.core.bits cimport lowest_bit
from acd_core.core.memory cimport Slots, grow, prefetch


cdef extern from "Python.h":
    bint PyUnicode_CheckExact(object text)
    int PyUnicode_Compare(object left, object right) except? -1


cdef inline uint8_t get_tag(uint32_t digest) noexcept:
    """Its upper bits, for the lower ones say where it is; 0 is an empty bucket."""
    return <uint8_t>(digest >> 24) | 0x80


@cython.final
cdef class Names:
    def __cinit__(self, Bin bin=None):
        """``bin``: where names go that are given up; None: they are let go of at once."""
        self.slots = Slots()
        self.bin = bin
        self.stride = 1

    def __dealloc__(self):
        self.forget()
        if self.stride == 1:
            free(self.names)
        free(self.buckets)
        free(self.tags)

    cdef void forget(self) noexcept:
        """All names.  Whoever lends the rows calls it before they go."""
        cdef int32_t slot
        for slot in range(self.slots.used if self.names is not NULL else 0):
            Py_XDECREF(self.get(slot))
            self.names[<size_t>slot * self.stride] = NULL
        self.slots.used = 0

    cdef void lend(self, PyObject** names, int32_t stride) noexcept:
        """A place in each row for its name: from now on, and whenever the rows move."""
        self.names = names
        self.stride = stride

    cdef int foresee(self, object name) except -1:
        """Fetch what is asked for when it is looked for, and entered."""
        cdef uint32_t index
        if self.slots.count and PyUnicode_CheckExact(name):
            index = <uint32_t>(<Py_ssize_t>hash(name)) & self.mask
            prefetch(&self.tags[index])
            prefetch(&self.buckets[index])
        return 0

    cdef int32_t find(self, object name) except -2:
        """The name's slot, or -1; anything but a str is not found."""
        cdef uint32_t digest, index, place
        cdef uint64_t word, empty, found
        cdef Bucket* bucket
        if self.slots.count == 0 or not PyUnicode_CheckExact(name):
            return -1
        digest = <uint32_t>(<Py_ssize_t>hash(name))
        index = digest & self.mask
        prefetch(&self.buckets[index])
        while True:
            word = load_tags(&self.tags[index])
            empty = find_empty(word)
            found = find_tag(word, get_tag(digest)) & ((empty & -empty) - 1)
            while found:
                place = (index + (lowest_bit(found) >> 3)) & self.mask
                found &= found - 1
                bucket = &self.buckets[place]
                if bucket.digest == digest and (
                    self.get(bucket.slot) is <PyObject*>name
                    or PyUnicode_Compare(<object>self.get(bucket.slot), name) == 0
                ):
                    return bucket.slot
            if empty:
                return -1
            index = (index + TAGS) & self.mask

    cdef int32_t add(self, object name) except -1:
        """A slot for a name that is not here yet."""
        cdef int32_t slot = self.take()
        if self.slots.capacity > self.capacity:
            self.names = <PyObject**>grow(self.names, sizeof(PyObject*), self.capacity, self.slots.capacity)
            self.capacity = self.slots.capacity
        self.enter(slot, name)
        return slot

    cdef int32_t take(self) except -1:
        """A slot, to which a name is entered at once; where the rows are lent, when there is room for it."""
        if self.buckets is NULL or <uint32_t>(self.slots.count + 1) * 5 > (self.mask + 1) * 4:
            self.rehash()
        return self.slots.take()

    cdef int enter(self, int32_t slot, object name) except -1:
        Py_INCREF(name)
        self.names[<size_t>slot * self.stride] = <PyObject*>name
        self.place(<uint32_t>(<Py_ssize_t>hash(name)), slot)
        return 0

    cdef int remove(self, int32_t slot) except -1:
        """Frees the slot; the entries after it move up, so that there are no tombstones."""
        cdef PyObject* name = self.get(slot)
        cdef uint32_t digest = <uint32_t>(<Py_ssize_t>hash(<object>name))
        cdef uint32_t gap = digest & self.mask
        cdef uint32_t index, home
        while self.buckets[gap].slot != slot:
            gap = (gap + 1) & self.mask
        index = gap
        while True:
            index = (index + 1) & self.mask
            if not self.tags[index]:
                break
            home = self.buckets[index].digest & self.mask
            if ((index - home) & self.mask) >= ((index - gap) & self.mask):
                self.buckets[gap] = self.buckets[index]
                self.tag(gap, self.tags[index])
                gap = index
        self.tag(gap, 0)
        self.names[<size_t>slot * self.stride] = NULL
        self.slots.give_back(slot)
        if self.bin is None:
            Py_DECREF(<object>name)
            return 0
        return self.bin.add(name)

    cdef void place(self, uint32_t digest, int32_t slot) noexcept:
        cdef uint32_t index = digest & self.mask
        cdef uint64_t empty = find_empty(load_tags(&self.tags[index]))
        while not empty:
            index = (index + TAGS) & self.mask
            empty = find_empty(load_tags(&self.tags[index]))
        index = (index + (lowest_bit(empty) >> 3)) & self.mask
        self.tag(index, get_tag(digest))
        self.buckets[index].digest = digest
        self.buckets[index].slot = slot

    cdef void tag(self, uint32_t index, uint8_t tag) noexcept:
        """The first ones stand behind the last ones once more: eight can be read from anywhere."""
        self.tags[index] = tag
        if index < TAGS:
            self.tags[self.mask + 1 + index] = tag

    cdef int rehash(self) except -1:
        """Twice as many buckets (16 at first)."""
        cdef Bucket* old = self.buckets
        cdef uint8_t* old_tags = self.tags
        cdef uint32_t old_size = self.mask + 1 if old is not NULL else 0
        cdef uint32_t size = old_size * 2 if old_size else 16
        cdef uint32_t index
        cdef Bucket* buckets = <Bucket*>malloc(size * sizeof(Bucket))
        cdef uint8_t* tags = <uint8_t*>calloc(size + TAGS, 1)
        if buckets is NULL or tags is NULL:
            free(buckets)
            free(tags)
            raise MemoryError("the distributor can't get memory for a larger table of names")
        self.buckets = buckets
        self.tags = tags
        self.mask = size - 1
        for index in range(old_size):
            if old_tags[index]:
                self.place(old[index].digest, old[index].slot)
        free(old)
        free(old_tags)
        return 0
