# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""From a name to its row and back: a hash table of eight bytes a bucket over the rows' own names.

A dict would cost about 100 bytes a contact, more than all else that is kept of one.
"""

cimport cython
from cpython.ref cimport Py_DECREF, Py_INCREF, PyObject
from libc.stdint cimport int32_t, uint32_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset

from acd_core.core.memory cimport Slots, grow


cdef extern from "Python.h":
    bint PyUnicode_CheckExact(object text)
    int PyUnicode_Compare(object left, object right) except? -1


@cython.final
cdef class Names:
    def __cinit__(self):
        self.slots = Slots()

    def __dealloc__(self):
        cdef int32_t slot
        for slot in range(self.slots.used):
            if self.names[slot] is not NULL:
                Py_DECREF(<object>self.names[slot])
        free(self.names)
        free(self.buckets)

    cdef int32_t find(self, object name) except -2:
        """The name's slot, or -1; anything but a str is not found."""
        cdef uint32_t digest, index
        cdef int32_t slot
        if self.slots.count == 0 or not PyUnicode_CheckExact(name):
            return -1
        digest = <uint32_t>(<Py_ssize_t>hash(name))
        index = digest & self.mask
        while True:
            slot = self.buckets[index].slot
            if slot < 0:
                return -1
            if self.buckets[index].digest == digest:
                if self.names[slot] is <PyObject*>name or PyUnicode_Compare(<object>self.names[slot], name) == 0:
                    return slot
            index = (index + 1) & self.mask

    cdef int32_t add(self, object name) except -1:
        """A slot for a name that is not here yet."""
        cdef int32_t slot
        cdef uint32_t digest = <uint32_t>(<Py_ssize_t>hash(name))
        if self.buckets is NULL or <uint32_t>(self.slots.count + 1) * 5 > (self.mask + 1) * 4:
            self.rehash()
        slot = self.slots.take()
        if self.slots.capacity > self.capacity:
            self.names = <PyObject**>grow(self.names, sizeof(PyObject*), self.capacity, self.slots.capacity)
            self.capacity = self.slots.capacity
        Py_INCREF(name)
        self.names[slot] = <PyObject*>name
        self.place(digest, slot)
        return slot

    cdef void remove(self, int32_t slot) noexcept:
        """Frees the slot; the entries after it move up, so that there are no tombstones."""
        cdef object name = <object>self.names[slot]
        cdef uint32_t digest = <uint32_t>(<Py_ssize_t>hash(name))
        cdef uint32_t gap = digest & self.mask
        cdef uint32_t index, home
        while self.buckets[gap].slot != slot:
            gap = (gap + 1) & self.mask
        index = gap
        while True:
            index = (index + 1) & self.mask
            if self.buckets[index].slot < 0:
                break
            home = self.buckets[index].digest & self.mask
            if ((index - home) & self.mask) >= ((index - gap) & self.mask):
                self.buckets[gap] = self.buckets[index]
                gap = index
        self.buckets[gap].slot = -1
        self.names[slot] = NULL
        Py_DECREF(name)
        self.slots.give_back(slot)

    cdef void place(self, uint32_t digest, int32_t slot) noexcept:
        cdef uint32_t index = digest & self.mask
        while self.buckets[index].slot >= 0:
            index = (index + 1) & self.mask
        self.buckets[index].digest = digest
        self.buckets[index].slot = slot

    cdef int rehash(self) except -1:
        """Twice as many buckets (16 at first)."""
        cdef Bucket* old = self.buckets
        cdef uint32_t old_size = self.mask + 1 if old is not NULL else 0
        cdef uint32_t size = old_size * 2 if old_size else 16
        cdef uint32_t index
        cdef Bucket* buckets = <Bucket*>malloc(size * sizeof(Bucket))
        if buckets is NULL:
            raise MemoryError("the distributor can't get memory for a larger table of names")
        memset(buckets, 0xFF, size * sizeof(Bucket))
        self.buckets = buckets
        self.mask = size - 1
        for index in range(old_size):
            if old[index].slot >= 0:
                self.place(old[index].digest, old[index].slot)
        free(old)
        return 0
