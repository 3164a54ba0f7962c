# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Kinds of contacts and their classes.

Contacts of one kind have the same queue, channel, skills, needs, priority, topic and excluded agents (rule 2.5); a
class is a kind at a relaxation step.  Whoever may serve one of a class may serve all, and within a class the earliest
comes first whatever the queue's order, so that only the first of each class need be looked at: what all heads are
compared by lies in an array of its own.

A kind that nobody is of any more stays on a shelf for a while, because the next contact of it usually comes soon.
"""

cimport cython
from libc.stdint cimport INT64_MAX, int16_t, int32_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset

from acd_core.core.bin cimport Bin
from acd_core.core.bits cimport BitRows
from acd_core.core.heap cimport heap_free
from acd_core.core.lists cimport List, Lists
from acd_core.core.memory cimport Slots, free_aligned, grow, grow_aligned

assert sizeof(ClassRow) == 64, "a class is a cache line"


@cython.final
cdef class Kinds:
    def __cinit__(self, Bin bin):
        self.bin = bin
        self.slots = Slots()
        self.class_slots = Slots()
        self.excluding = BitRows()
        self.queue_classes = Lists()
        self.by_key = {}
        self.keys = []
        self.words = []
        self.oldest = self.newest = -1

    def __dealloc__(self):
        cdef int32_t index
        for index in range(self.class_capacity):
            heap_free(&self.classes[index].waiting)
            free(self.requirements[index].program)
            free(self.requirements[index].named)
        for index in range(self.capacity):
            free(self.rows[index].skills)
        free_aligned(self.classes)
        free(self.requirements)
        free(self.fixed)
        free(self.overdue_ns)
        free(self.bounds)
        free(self.rows)

    cdef int32_t add(self, tuple key, int32_t queue, int32_t channel) except -1:
        """``key`` is (queue, channel, skills, needs, priority, topic, excluded)."""
        cdef KindRow* row
        cdef int32_t kind = self.slots.take()
        if self.slots.capacity > self.capacity:
            self.rows = <KindRow*>grow(self.rows, sizeof(KindRow), self.capacity, self.slots.capacity)
            self.capacity = self.slots.capacity
            self.keys.extend([None] * (self.capacity - len(self.keys)))
        row = &self.rows[kind]
        memset(row, 0, sizeof(KindRow))
        row.queue = queue
        row.channel = channel
        row.priority = key[4]
        row.first = row.older = row.newer = -1
        self.by_key[key] = kind
        self.keys[kind] = key
        return kind

    cdef int remove(self, int32_t kind) except -1:
        """With its classes; unlinked already."""
        cdef KindRow* row = &self.rows[kind]
        cdef int32_t klass = row.first
        cdef int32_t following
        if row.idle:
            self.unshelve(kind)
        while klass >= 0:
            following = self.requirements[klass].next
            heap_free(&self.classes[klass].waiting)
            free(self.requirements[klass].program)
            free(self.requirements[klass].named)
            self.requirements[klass].program = self.requirements[klass].named = NULL
            self.classes[klass].kind = -1
            self.set_words(klass, None)
            self.excluding.clear(0, klass)
            self.queue_classes.remove(row.queue, klass)
            self.class_slots.give_back(klass)
            klass = following
        free(row.skills)
        row.skills = NULL
        del self.by_key[self.keys[kind]]
        self.keys[kind] = None
        self.slots.give_back(kind)
        return 0

    cdef void keep_bound(self, int32_t klass) noexcept:
        """After each change of its head.

        A bound may be wider than it need be: it is made tight again only when as many classes have got another head as
        the queue has, which takes no more time than those changes did.
        """
        cdef int32_t queue = self.classes[klass].queue
        cdef Bound* bound = &self.bounds[queue]
        bound.fixed = max(bound.fixed, self.fixed[klass])
        bound.overdue_ns = min(bound.overdue_ns, self.overdue_ns[klass])
        bound.changes += 1
        if bound.changes > self.queue_classes.rows[queue].size:
            self.tighten_bound(queue)

    cdef void tighten_bound(self, int32_t queue) noexcept:
        cdef List* classes = &self.queue_classes.rows[queue]
        cdef Bound* bound = &self.bounds[queue]
        cdef int32_t place
        if queue >= self.bounds_capacity:
            # it has never had a class
            return
        bound.fixed = ABSENT
        bound.overdue_ns = INT64_MAX
        bound.changes = 0
        for place in range(classes.size):
            bound.fixed = max(bound.fixed, self.fixed[classes.items[place]])
            bound.overdue_ns = min(bound.overdue_ns, self.overdue_ns[classes.items[place]])

    cdef list list_classes(self, int32_t queue):
        cdef List* classes
        cdef int32_t place
        if queue >= self.queue_classes.capacity:
            # it has never had one
            return []
        classes = &self.queue_classes.rows[queue]
        return [classes.items[place] for place in range(classes.size)]

    cdef int32_t add_class(self, int32_t kind, int32_t step) except -1:
        """Its requirement is set by `set_requirement` before anything else."""
        cdef ClassRow* row
        cdef int32_t capacity, queue
        cdef int32_t klass = self.class_slots.take()
        if self.class_slots.capacity > self.class_capacity:
            capacity = self.class_slots.capacity
            self.classes = <ClassRow*>grow_aligned(self.classes, sizeof(ClassRow), self.class_capacity, capacity)
            self.requirements = <Requirement*>grow(
                self.requirements, sizeof(Requirement), self.class_capacity, capacity
            )
            self.fixed = <int64_t*>grow(self.fixed, sizeof(int64_t), self.class_capacity, capacity)
            self.overdue_ns = <int64_t*>grow(self.overdue_ns, sizeof(int64_t), self.class_capacity, capacity)
            self.class_capacity = capacity
            self.words.extend([None] * (capacity - len(self.words)))
        self.excluding.reserve(1, self.class_capacity)
        row = &self.classes[klass]
        memset(row, 0, sizeof(ClassRow))
        memset(&self.requirements[klass], 0, sizeof(Requirement))
        self.requirements[klass].next = -1
        row.first = row.last = row.head = -1
        row.kind = kind
        row.step = <int16_t>step
        if self.rows[kind].first < 0:
            self.rows[kind].first = klass
        else:
            # the first one, of those who have just come, is asked for the most
            self.requirements[klass].next = self.requirements[self.rows[kind].first].next
            self.requirements[self.rows[kind].first].next = klass
        self.queue_classes.reserve(self.rows[kind].queue + 1)
        self.queue_classes.add(self.rows[kind].queue, klass)
        if self.queue_classes.capacity > self.bounds_capacity:
            self.bounds = <Bound*>grow(self.bounds, sizeof(Bound), self.bounds_capacity, self.queue_classes.capacity)
            for queue in range(self.bounds_capacity, self.queue_classes.capacity):
                self.bounds[queue].fixed = ABSENT
                self.bounds[queue].overdue_ns = INT64_MAX
            self.bounds_capacity = self.queue_classes.capacity
        self.fixed[klass] = ABSENT
        self.overdue_ns[klass] = INT64_MAX
        row.queue = self.rows[kind].queue
        row.channel = self.rows[kind].channel
        row.priority = <int16_t>self.rows[kind].priority
        if self.keys[kind][6]:
            self.excluding.set(0, klass)
        return klass

    cdef int set_requirement(self, int32_t klass, list program, list named) except -1:
        """``program``: for each clause the number of its alternatives and then (skill, level plus one) each."""
        cdef Requirement* row = &self.requirements[klass]
        cdef int32_t place
        free(row.program)
        free(row.named)
        row.program_size = <int32_t>len(program)
        row.named_count = <int32_t>len(named)
        row.program = <int32_t*>malloc((row.program_size + 1) * sizeof(int32_t))
        row.named = <int32_t*>malloc((row.named_count + 1) * sizeof(int32_t))
        if row.program is NULL or row.named is NULL:
            raise MemoryError("the distributor can't get memory for a requirement")
        for place in range(row.program_size):
            row.program[place] = program[place]
        for place in range(row.named_count):
            row.named[place] = named[place]
        return 0

    cdef int set_words(self, int32_t klass, object words) except -1:
        """What it asks for, as it is told; the old words may be in a record."""
        self.bin.hold(self.words[klass])
        self.words[klass] = words
        return 0

    cdef void shelve(self, int32_t kind) noexcept:
        cdef KindRow* row = &self.rows[kind]
        row.idle = True
        row.newer = -1
        row.older = self.newest
        if self.newest >= 0:
            self.rows[self.newest].newer = kind
        else:
            self.oldest = kind
        self.newest = kind
        self.idle_count += 1

    cdef void unshelve(self, int32_t kind) noexcept:
        cdef KindRow* row = &self.rows[kind]
        row.idle = False
        if row.older >= 0:
            self.rows[row.older].newer = row.newer
        else:
            self.oldest = row.newer
        if row.newer >= 0:
            self.rows[row.newer].older = row.older
        else:
            self.newest = row.older
        self.idle_count -= 1
