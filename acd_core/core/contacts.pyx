# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Contacts and their classes: those of a class have the same queue, channel and skills, so whoever may serve one may
serve all, and only the first of each class need be looked at.

Each class has the heap of its waiting contacts; its head is kept beside it and its bit in ``waiting`` says that there
is one, so that comparing the heads of many classes touches little memory.
"""

cimport cython
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport free
from libc.string cimport memset

from acd_core.core.bits cimport BitRows
from acd_core.core.heap cimport heap_count_before, heap_free, heap_push, heap_remove, heap_reserve
from acd_core.core.memory cimport Slots, grow
from acd_core.core.names cimport Names
from acd_core.core.queues cimport Queues

from acd_core.states import CONTACT_TRANSITIONS, ContactState

STATES = tuple(ContactState)


@cython.final
cdef class Classes:
    def __cinit__(self):
        self.slots = Slots()
        self.waiting = BitRows()
        self.by_key = {}
        self.keys = []
        self.needs = []

    def __dealloc__(self):
        cdef int32_t klass
        for klass in range(self.slots.used):
            heap_free(&self.rows[klass].waiting)
        free(self.rows)

    cdef int32_t add(self, tuple key, int32_t queue) except -1:
        """``key`` is (queue, channel, skills); its needs are filled in by `Matching.link_class`."""
        cdef int32_t klass = self.slots.take()
        if self.slots.capacity > self.capacity:
            self.rows = <ClassRow*>grow(self.rows, sizeof(ClassRow), self.capacity, self.slots.capacity)
            self.capacity = self.slots.capacity
            self.keys.extend([None] * (self.capacity - len(self.keys)))
            self.needs.extend([None] * (self.capacity - len(self.needs)))
        self.waiting.reserve(1, self.capacity)
        memset(&self.rows[klass], 0, sizeof(ClassRow))
        self.rows[klass].queue = queue
        self.by_key[key] = klass
        self.keys[klass] = key
        return klass

    cdef int remove(self, int32_t klass) except -1:
        del self.by_key[self.keys[klass]]
        self.keys[klass] = self.needs[klass] = None
        heap_free(&self.rows[klass].waiting)
        self.slots.give_back(klass)
        return 0

    cdef void refresh(self, int32_t klass) noexcept:
        """After each change of the class's heap."""
        cdef ClassRow* row = &self.rows[klass]
        if row.waiting.size:
            row.head_ns = row.waiting.entries[0].key
            row.head_sequence = row.waiting.entries[0].sequence
            self.waiting.set(0, klass)
        else:
            self.waiting.clear(0, klass)


@cython.final
cdef class Contacts:
    def __cinit__(self, Queues queues):
        cdef int before, after
        self.names = Names()
        self.classes = Classes()
        self.queues = queues
        assert len(STATES) == CONTACT_STATES
        for before in range(<int>CONTACT_STATES):
            for after in range(<int>CONTACT_STATES):
                self.allowed[before][after] = STATES[after] in CONTACT_TRANSITIONS[STATES[before]]

    def __dealloc__(self):
        free(self.rows)
        free(self.places)

    cdef int32_t add(self, object name, int32_t klass, int64_t arrival_ns, int64_t sequence) except -1:
        """A new contact, waiting."""
        cdef ContactRow* row
        cdef int32_t contact
        heap_reserve(&self.classes.rows[klass].waiting)
        contact = self.names.add(name)
        if self.names.capacity > self.capacity:
            self.rows = <ContactRow*>grow(self.rows, sizeof(ContactRow), self.capacity, self.names.capacity)
            self.places = <int32_t*>grow(self.places, sizeof(int32_t), self.capacity, self.names.capacity)
            self.capacity = self.names.capacity
        row = &self.rows[contact]
        row.arrival_ns = arrival_ns
        row.sequence = sequence
        row.klass = klass
        row.offer = row.agent = row.exclusions = -1
        row.state = CONTACT_WAITING
        self.classes.rows[klass].members += 1
        self.enter(contact, CONTACT_WAITING)
        return contact

    cdef int remove(self, int32_t contact) except -1:
        """Of one that has ended; its class stays, even without members."""
        self.classes.rows[self.rows[contact].klass].members -= 1
        self.names.remove(contact)
        return 0

    cdef int set_state(self, int32_t contact, ContactStateCode state) except -1:
        """The one place where a contact's state changes."""
        cdef ContactRow* row = &self.rows[contact]
        assert self.allowed[row.state][<int>state], f"contact {STATES[row.state]} can't become {STATES[<int>state]}"
        if state == CONTACT_WAITING:
            heap_reserve(&self.classes.rows[row.klass].waiting)
        self.leave(contact, row.state)
        row.state = state
        self.enter(contact, state)
        return 0

    cdef void leave(self, int32_t contact, int32_t state) noexcept:
        cdef int32_t klass = self.rows[contact].klass
        cdef ClassRow* row = &self.classes.rows[klass]
        if state == CONTACT_WAITING:
            heap_remove(&row.waiting, self.places, self.places[contact])
            self.classes.refresh(klass)
            self.queues.rows[row.queue].waiting -= 1
        elif state == CONTACT_OFFERED:
            self.queues.rows[row.queue].offered -= 1
        elif state == CONTACT_ASSIGNED:
            self.queues.rows[row.queue].assigned -= 1

    cdef void enter(self, int32_t contact, int32_t state) noexcept:
        cdef int32_t klass = self.rows[contact].klass
        cdef ClassRow* row = &self.classes.rows[klass]
        if state == CONTACT_WAITING:
            heap_push(
                &row.waiting, self.places, self.rows[contact].arrival_ns, self.rows[contact].sequence, contact
            )
            self.classes.refresh(klass)
            self.queues.rows[row.queue].waiting += 1
        elif state == CONTACT_OFFERED:
            self.queues.rows[row.queue].offered += 1
        elif state == CONTACT_ASSIGNED:
            self.queues.rows[row.queue].assigned += 1

    cdef int32_t position(self, int32_t contact) except -1:
        """One more than the waiting contacts of its queue that came before it."""
        cdef ContactRow* row = &self.rows[contact]
        cdef int32_t queue = self.classes.rows[row.klass].queue
        cdef int32_t klass, place = 1
        for klass in range(self.classes.slots.used):
            if self.classes.rows[klass].queue == queue and self.classes.rows[klass].waiting.size:
                place += heap_count_before(&self.classes.rows[klass].waiting, row.arrival_ns, row.sequence)
        return place
