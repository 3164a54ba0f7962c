# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""References that are given up in the middle of an event, and let go of when its decisions are handed out.

So what is in a record of a decision need not be owned by it (`acd_core.core.output`): nothing that had a name when the
event came is gone before.  A name lies somewhere in memory where nobody has looked for minutes: to count a reference to
it, or to free it, takes as long as to decide, and whoever waits for the decision need not wait for that.
"""

cimport cython
from cpython.ref cimport Py_INCREF, Py_XDECREF, PyObject
from libc.stdint cimport int32_t
from libc.stdlib cimport free

from acd_core.core.memory cimport grow, larger


@cython.final
cdef class Bin:
    def __dealloc__(self):
        self.clear()
        free(self.items)

    cdef int add(self, PyObject* item) except -1:
        """Takes the reference over; NULL: nothing."""
        if self.size == self.capacity:
            self.items = <PyObject**>grow(self.items, sizeof(PyObject*), self.capacity, larger(self.capacity))
            self.capacity = larger(self.capacity)
        self.items[self.size] = item
        self.size += 1
        return 0

    cdef PyObject* hold(self, object item) except NULL:
        """It is kept until the end."""
        self.add(<PyObject*>item)
        Py_INCREF(item)
        return <PyObject*>item

    cdef void clear(self) noexcept:
        cdef int32_t place
        for place in range(self.size):
            Py_XDECREF(self.items[place])
        self.size = 0
