# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Contacts: their states, where they wait, and what is to happen to them by the time that they wait.

A contact that wants an agent is in the line of its class, by (earliest, number), once it is clear that nobody takes it
at once; one that is kept for a preferred agent is not, and neither is one that is held.  A line is a list of those who
came in order, which is nearly all, and a heap of the others.  What few contacts have (a preferred agent, a bonus, an
arrival that is not the time at which it entered its queue) is in a table of its own.
"""

cimport cython
from cpython.ref cimport Py_INCREF, Py_XDECREF, PyObject
from libc.stdint cimport INT64_MAX, int8_t, int32_t, int64_t
from libc.stdlib cimport free
from libc.string cimport memset

from acd_core.core.bin cimport Bin
from acd_core.core.heap cimport Entry, Places, comes_before, heap_free, heap_push, heap_remove, heap_reserve
from acd_core.core.kinds cimport ABSENT, ClassRow, Kinds
from acd_core.core.memory cimport Slots, free_aligned, grow, grow_aligned, prefetch
from acd_core.core.names cimport Names
from acd_core.core.queues cimport QueueRow, Queues, to_ms

from acd_core.states import CONTACT_TRANSITIONS, ContactState

STATES = tuple(ContactState)
cdef int64_t NS_PER_MS = 1_000_000
DEF DUE_LISTS = 16


@cython.final
cdef class Contacts:
    def __cinit__(self, Queues queues, Bin bin):
        cdef int before, after
        self.names = Names(bin)
        self.kinds = Kinds(bin)
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
        self.names.forget()
        free_aligned(self.rows)
        free(self.extras)

    cdef int foresee_new(self, object name) except -1:
        """Fetch what is asked for when one of this name is added."""
        if self.names.slots.first_free >= 0:
            prefetch(&self.rows[self.names.slots.first_free])
        return self.names.foresee(name)

    cdef int32_t add(self, object name, int32_t klass, int64_t arrival_ns, int64_t sequence) except -1:
        """A new contact, waiting, in no line yet."""
        cdef ContactRow* row
        cdef int32_t capacity
        cdef int32_t contact = self.names.take()
        if self.names.slots.capacity > self.capacity:
            capacity = self.names.slots.capacity
            self.rows = <ContactRow*>grow_aligned(self.rows, sizeof(ContactRow), self.capacity, capacity)
            self.names.lend(&self.rows[0].name, sizeof(ContactRow) // sizeof(PyObject*))
            self.names.slots.lend(&self.rows[0].klass, sizeof(ContactRow) // sizeof(int32_t))
            self.capacity = capacity
        self.names.enter(contact, name)
        row = &self.rows[contact]
        row.arrival_ns = arrival_ns
        row.sequence = sequence
        row.klass = klass
        row.offer = row.agent = row.exclusions = row.extra = -1
        row.due_list = -1
        row.state = CONTACT_WAITING
        row.flags = row.offers = 0
        row.place = NOWHERE
        self.kinds.rows[self.kinds.classes[klass].kind].members += 1
        self.count(contact, 1)
        return contact

    cdef int remove(self, int32_t contact) except -1:
        """Of one that has ended, out of its line; its kind stays, even without members."""
        cdef ContactRow* row = &self.rows[contact]
        self.kinds.rows[self.kinds.classes[row.klass].kind].members -= 1
        if row.extra >= 0:
            Py_XDECREF(self.extras[row.extra].preferred)
            self.extras[row.extra].preferred = NULL
            self.extra_slots.give_back(row.extra)
        return self.names.remove(contact)

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
            extra.fan = -1
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

    cdef int count_bonus(self, int32_t contact) except -1:
        """After each change of its bonus, its queue or that queue's bound on overtaking; its place is the caller's."""
        cdef ContactRow* row = &self.rows[contact]
        cdef int64_t bound_ms, counted_ns
        cdef ExtraRow* extra
        if row.extra < 0:
            return 0
        extra = &self.extras[row.extra]
        bound_ms = self.queues.rows[self.queue_of(contact)].overtaking_ms
        counted_ns = extra.bonus_ns if bound_ms < 0 else min(extra.bonus_ns, bound_ms * NS_PER_MS)
        if counted_ns != extra.counted_ns:
            # its place in line is by what counts
            self.set_place(contact, NOWHERE)
            extra.counted_ns = counted_ns
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
        """To another class, perhaps of another queue; in no line afterwards."""
        cdef ContactRow* row = &self.rows[contact]
        self.set_place(contact, NOWHERE)
        self.count(contact, -1)
        self.kinds.rows[self.kinds.classes[row.klass].kind].members -= 1
        row.klass = klass
        self.kinds.rows[self.kinds.classes[klass].kind].members += 1
        self.count(contact, 1)
        return 0

    cdef int set_place(self, int32_t contact, Place place) except -1:
        """In the line of its class by `fasten` only: a contact that is offered by the same event need not be."""
        cdef ContactRow* row = &self.rows[contact]
        if row.place == IN_CLASS:
            if place == IN_CLASS:
                return 0
            if row.flags & LOOSE:
                row.flags &= ~LOOSE
            else:
                self.leave_class(contact)
        row.place = place
        if place == IN_CLASS:
            row.flags |= LOOSE
        return 0

    cdef int fasten(self, int32_t contact) except -1:
        """In the list of its class, if it comes after all there; else in the heap."""
        cdef ContactRow* row = &self.rows[contact]
        cdef ClassRow* klass = &self.kinds.classes[row.klass]
        cdef int64_t key = self.earliest(contact)
        row.flags &= ~LOOSE
        if klass.last < 0 or comes_before(
            self.earliest(klass.last), self.rows[klass.last].sequence, key, row.sequence
        ):
            row.before = klass.last
            row.after = -1
            if klass.last >= 0:
                self.rows[klass.last].after = contact
            else:
                klass.first = contact
            klass.last = contact
            if klass.first != contact:
                return 0
        else:
            heap_reserve(&klass.waiting)
            row.after = IN_HEAP
            heap_push(&klass.waiting, self.places(), key, row.sequence, contact)
        self.refresh(row.klass)
        return 0

    cdef Places places(self) noexcept:
        return Places(&self.rows[0].before, sizeof(ContactRow) // sizeof(int32_t))

    cdef Places due_places(self) noexcept:
        return Places(&self.rows[0].due_before, sizeof(ContactRow) // sizeof(int32_t))

    cdef void leave_class(self, int32_t contact) noexcept:
        cdef ContactRow* row = &self.rows[contact]
        cdef ClassRow* klass = &self.kinds.classes[row.klass]
        if row.after == IN_HEAP:
            heap_remove(&klass.waiting, self.places(), row.before)
        else:
            if row.after >= 0:
                self.rows[row.after].before = row.before
            else:
                klass.last = row.before
            if row.before >= 0:
                self.rows[row.before].after = row.after
            else:
                klass.first = row.after
        if self.kinds.classes[row.klass].head == contact:
            self.refresh(row.klass)

    cdef void refresh(self, int32_t klass) noexcept:
        """After each change of who is the first of the class, or of the order of its queue."""
        cdef ClassRow* row = &self.kinds.classes[klass]
        cdef QueueRow* queue = &self.queues.rows[row.queue]
        cdef Entry* entry = &row.waiting.entries[0]
        cdef int64_t key_ms
        row.head = row.first
        if row.first >= 0:
            row.key = self.earliest(row.first)
            row.sequence = self.rows[row.first].sequence
            row.after = self.rows[row.first].after
        if row.waiting.size and (
            row.first < 0 or comes_before(entry.key, entry.sequence, row.key, row.sequence)
        ):
            row.head = entry.slot
            row.after = row.first
            row.key = entry.key
            row.sequence = entry.sequence
        if row.head < 0:
            self.kinds.fixed[klass] = ABSENT
            self.kinds.overdue_ns[klass] = INT64_MAX
            self.kinds.keep_bound(klass)
            return
        key_ms = to_ms(row.key)
        self.kinds.fixed[klass] = queue.base + queue.step * row.priority - queue.rate * key_ms
        self.kinds.overdue_ns[klass] = INT64_MAX
        if queue.overtaking_ms >= 0:
            self.kinds.overdue_ns[klass] = self.queues.overdue_since(row.queue, row.key)
        self.kinds.keep_bound(klass)

    # What is due by the time that it waits

    cdef int set_due(self, int32_t contact, int64_t due_ns, int64_t after_ns) except -1:
        """When something is to happen to it, how long that is after it entered its queue; -1: nothing, no such time.

        Where many wait, most are due so long after they came as others are: these are in lists, in which each comes
        after those before it.  The time at which a contact in a list entered must not change.
        """
        cdef ContactRow* row = &self.rows[contact]
        cdef int32_t number
        if row.due_list >= 0:
            if due_ns >= 0 and self.due_lists[row.due_list].after_ns == after_ns:
                return 0
            self.leave_due_list(contact)
        elif row.due_list == IN_HEAP:
            if self.due.entries[row.due_before].key == due_ns:
                return 0
            heap_remove(&self.due, self.due_places(), row.due_before)
            row.due_list = -1
        if due_ns < 0:
            return 0
        number = self.find_due_list(after_ns) if after_ns >= 0 else -1
        if number < 0 or not self.enter_due_list(contact, number, due_ns):
            heap_reserve(&self.due)
            row.due_list = IN_HEAP
            heap_push(&self.due, self.due_places(), due_ns, row.sequence, contact)
        return 0

    cdef int32_t find_due_list(self, int64_t after_ns) noexcept:
        """The list for this time, perhaps begun anew; -1: there are too many."""
        cdef int32_t number, unused = -1
        for number in range(self.due_list_count):
            if self.due_lists[number].after_ns == after_ns:
                return number
            if self.due_lists[number].first < 0:
                unused = number
        if unused < 0:
            if self.due_list_count == DUE_LISTS:
                return -1
            unused = self.due_list_count
            self.due_list_count += 1
        self.due_lists[unused].after_ns = after_ns
        self.due_lists[unused].first = self.due_lists[unused].last = -1
        return unused

    cdef bint enter_due_list(self, int32_t contact, int32_t number, int64_t due_ns) noexcept:
        """Whether it comes after all others there."""
        cdef ContactRow* row = &self.rows[contact]
        cdef DueList* dues = &self.due_lists[number]
        cdef int32_t last = dues.last
        if last >= 0 and not comes_before(
            self.entered(last) + dues.after_ns, self.rows[last].sequence, due_ns, row.sequence
        ):
            return False
        row.due_list = <int8_t>number
        row.due_before = last
        row.due_after = -1
        dues.last = contact
        if last >= 0:
            self.rows[last].due_after = contact
        else:
            dues.first = contact
            dues.due_ns = due_ns
            dues.sequence = row.sequence
        return True

    cdef void leave_due_list(self, int32_t contact) noexcept:
        cdef ContactRow* row = &self.rows[contact]
        cdef DueList* dues = &self.due_lists[row.due_list]
        if row.due_after >= 0:
            self.rows[row.due_after].due_before = row.due_before
        else:
            dues.last = row.due_before
        if row.due_before >= 0:
            self.rows[row.due_before].due_after = row.due_after
        else:
            dues.first = row.due_after
            if dues.first >= 0:
                dues.due_ns = self.entered(dues.first) + dues.after_ns
                dues.sequence = self.rows[dues.first].sequence
        row.due_list = -1

    cdef int32_t next_due(self, int64_t* due_ns, int64_t* sequence) noexcept:
        """The contact to which something is due first, or -1."""
        cdef int32_t number, found = -1
        cdef DueList* dues
        if self.due.size:
            found = self.due.entries[0].slot
            due_ns[0] = self.due.entries[0].key
            sequence[0] = self.due.entries[0].sequence
        for number in range(self.due_list_count):
            dues = &self.due_lists[number]
            if dues.first >= 0 and (
                found < 0 or comes_before(dues.due_ns, dues.sequence, due_ns[0], sequence[0])
            ):
                found = dues.first
                due_ns[0] = dues.due_ns
                sequence[0] = dues.sequence
        return found
