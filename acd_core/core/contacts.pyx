# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Contacts: their states, where they wait, and what is to happen to them by the time that they wait.

A contact that wants an agent is in the heap of its class, by (earliest, number), once it is clear that nobody takes it
at once; one that is kept for a preferred agent is not, and neither is one that is held.  What few contacts have (a preferred agent, a bonus, an arrival that is
not the time at which it entered its queue) is in a table of its own.
"""

cimport cython
from cpython.ref cimport Py_INCREF, Py_XDECREF, PyObject
from libc.stdint cimport int8_t, int32_t, int64_t
from libc.stdlib cimport free
from libc.string cimport memset

from acd_core.core.heap cimport heap_free, heap_push, heap_remove, heap_reserve
from acd_core.core.kinds cimport ClassRow, Kinds
from acd_core.core.memory cimport Slots, grow
from acd_core.core.names cimport Names
from acd_core.core.queues cimport QueueRow, Queues

from acd_core.states import CONTACT_TRANSITIONS, ContactState

STATES = tuple(ContactState)


@cython.final
cdef class Contacts:
    def __cinit__(self, Queues queues):
        cdef int before, after
        self.names = Names()
        self.kinds = Kinds()
        self.queues = queues
        self.extra_slots = Slots()
        assert len(STATES) == CONTACT_STATES
        for before in range(<int>CONTACT_STATES):
            for after in range(<int>CONTACT_STATES):
                self.allowed[before][after] = STATES[after] in CONTACT_TRANSITIONS[STATES[before]]

    def __dealloc__(self):
        cdef int32_t extra
        for extra in range(self.extra_capacity):
            Py_XDECREF(self.extras[extra].preferred)
        heap_free(&self.due)
        free(self.rows)
        free(self.places)
        free(self.due_places)
        free(self.extras)

    cdef int32_t add(self, object name, int32_t klass, int64_t arrival_ns, int64_t sequence) except -1:
        """A new contact, waiting, in no heap yet."""
        cdef ContactRow* row
        cdef int32_t capacity
        cdef int32_t contact = self.names.add(name)
        if self.names.capacity > self.capacity:
            capacity = self.names.capacity
            self.rows = <ContactRow*>grow(self.rows, sizeof(ContactRow), self.capacity, capacity)
            self.places = <int32_t*>grow(self.places, sizeof(int32_t), self.capacity, capacity)
            self.due_places = <int32_t*>grow(self.due_places, sizeof(int32_t), self.capacity, capacity)
            self.capacity = capacity
        row = &self.rows[contact]
        row.arrival_ns = arrival_ns
        row.sequence = sequence
        row.klass = klass
        row.offer = row.agent = row.exclusions = row.extra = -1
        row.state = CONTACT_WAITING
        row.flags = row.offers = 0
        row.place = NOWHERE
        self.places[contact] = self.due_places[contact] = -1
        self.kinds.rows[self.kinds.classes[klass].kind].members += 1
        self.count(contact, 1)
        return contact

    cdef int remove(self, int32_t contact) except -1:
        """Of one that has ended, out of all heaps; its kind stays, even without members."""
        cdef ContactRow* row = &self.rows[contact]
        self.kinds.rows[self.kinds.classes[row.klass].kind].members -= 1
        if row.extra >= 0:
            Py_XDECREF(self.extras[row.extra].preferred)
            self.extras[row.extra].preferred = NULL
            self.extra_slots.give_back(row.extra)
        self.names.remove(contact)
        return 0

    cdef ExtraRow* get_extra(self, int32_t contact) except NULL:
        cdef ContactRow* row = &self.rows[contact]
        cdef ExtraRow* extra
        if row.extra < 0:
            row.extra = self.extra_slots.take()
            if self.extra_slots.capacity > self.extra_capacity:
                self.extras = <ExtraRow*>grow(
                    self.extras, sizeof(ExtraRow), self.extra_capacity, self.extra_slots.capacity
                )
                self.extra_capacity = self.extra_slots.capacity
            extra = &self.extras[row.extra]
            memset(extra, 0, sizeof(ExtraRow))
            extra.entered_ns = row.arrival_ns
            extra.until_ns = -1
        return &self.extras[row.extra]

    cdef int set_preferred(self, int32_t contact, object name, int64_t preferred_ns) except -1:
        """``name`` None: nobody."""
        cdef ExtraRow* extra = self.get_extra(contact)
        Py_XDECREF(extra.preferred)
        extra.preferred = NULL
        if name is not None:
            Py_INCREF(name)
            extra.preferred = <PyObject*>name
        extra.preferred_ns = preferred_ns
        return 0

    # State, class and place

    cdef int set_state(self, int32_t contact, ContactStateCode state) except -1:
        """The one place where a contact's state changes; its place is for the caller to settle."""
        cdef ContactRow* row = &self.rows[contact]
        assert self.allowed[row.state][<int>state], f"contact {STATES[row.state]} can't become {STATES[<int>state]}"
        self.count(contact, -1)
        row.state = state
        self.count(contact, 1)
        return 0

    cdef void count(self, int32_t contact, int32_t change) noexcept:
        cdef ContactRow* row = &self.rows[contact]
        cdef QueueRow* queue = &self.queues.rows[self.queue_of(contact)]
        if row.state == CONTACT_WAITING:
            queue.waiting += change
            if row.flags & HELD:
                queue.held += change
        elif row.state == CONTACT_OFFERED:
            queue.offered += change
        elif row.state == CONTACT_ASSIGNED:
            queue.assigned += change

    cdef void set_held(self, int32_t contact, int8_t held) noexcept:
        """`DEFERRED`, `SHUT_OUT` or 0."""
        self.count(contact, -1)
        self.rows[contact].flags = (self.rows[contact].flags & ~HELD) | held
        self.count(contact, 1)

    cdef int set_class(self, int32_t contact, int32_t klass) except -1:
        """To another class, perhaps of another queue; in no heap afterwards."""
        cdef ContactRow* row = &self.rows[contact]
        self.set_place(contact, NOWHERE)
        self.count(contact, -1)
        self.kinds.rows[self.kinds.classes[row.klass].kind].members -= 1
        row.klass = klass
        self.kinds.rows[self.kinds.classes[klass].kind].members += 1
        self.count(contact, 1)
        return 0

    cdef int set_place(self, int32_t contact, Place place) except -1:
        """In the heap of its class by `fasten` only: a contact that is offered by the same event need not be."""
        cdef ContactRow* row = &self.rows[contact]
        if row.place == IN_CLASS:
            if place == IN_CLASS:
                return 0
            if row.flags & LOOSE:
                row.flags &= ~LOOSE
            else:
                heap_remove(&self.kinds.classes[row.klass].waiting, self.places, self.places[contact])
                self.kinds.refresh(row.klass)
        row.place = place
        if place == IN_CLASS:
            row.flags |= LOOSE
        return 0

    cdef int fasten(self, int32_t contact) except -1:
        cdef ContactRow* row = &self.rows[contact]
        cdef ClassRow* klass = &self.kinds.classes[row.klass]
        row.flags &= ~LOOSE
        heap_reserve(&klass.waiting)
        heap_push(&klass.waiting, self.places, self.earliest(contact), row.sequence, contact)
        self.kinds.refresh(row.klass)
        return 0

    cdef int set_due(self, int32_t contact, int64_t due_ns) except -1:
        """When something is to happen by the time that it waits; -1: nothing."""
        cdef int32_t place = self.due_places[contact]
        if place >= 0:
            if self.due.entries[place].key == due_ns:
                return 0
            heap_remove(&self.due, self.due_places, place)
        if due_ns >= 0:
            heap_reserve(&self.due)
            heap_push(&self.due, self.due_places, due_ns, self.rows[contact].sequence, contact)
        return 0
