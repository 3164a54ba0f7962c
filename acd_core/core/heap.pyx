# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""A heap with four children a node that knows where each of its rows is, so that any row can be taken out.

Order is by (key, sequence); no two entries have the same.  ``places`` says for each row its place in its heap: one
serves all heaps of a table, because a row is in one heap at a time.  A heap that is entered and left by `heap_enter`
and `heap_leave` does without them as long as few are in it.
"""

from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport free

from acd_core.core.memory cimport grow

DEF FEW = 16


cdef inline void set_place(Places places, int32_t slot, int32_t place) noexcept:
    if places.first is not NULL:
        places.first[<size_t>slot * places.stride] = place


cdef int heap_reserve(Heap* heap) except -1:
    """Room for one more."""
    cdef int32_t capacity
    if heap.size == heap.capacity:
        capacity = heap.capacity + (heap.capacity >> 1) + 4
        heap.entries = <Entry*>grow(heap.entries, sizeof(Entry), heap.capacity, capacity)
        heap.capacity = capacity
    return 0


cdef void sift_up(Heap* heap, Places places, int32_t place, Entry entry) noexcept:
    cdef int32_t parent
    cdef Entry* above
    while place > 0:
        parent = (place - 1) >> 2
        above = &heap.entries[parent]
        if not comes_before(entry.key, entry.sequence, above.key, above.sequence):
            break
        heap.entries[place] = above[0]
        set_place(places, above.slot, place)
        place = parent
    heap.entries[place] = entry
    set_place(places, entry.slot, place)


cdef void sift_down(Heap* heap, Places places, int32_t place, Entry entry) noexcept:
    cdef int32_t child, last, least
    cdef Entry* entries = heap.entries
    while True:
        child = 4 * place + 1
        if child >= heap.size:
            break
        last = min(child + 4, heap.size)
        least = child
        child += 1
        while child < last:
            if comes_before(
                entries[child].key, entries[child].sequence, entries[least].key, entries[least].sequence
            ):
                least = child
            child += 1
        if not comes_before(entries[least].key, entries[least].sequence, entry.key, entry.sequence):
            break
        entries[place] = entries[least]
        set_place(places, entries[place].slot, place)
        place = least
    entries[place] = entry
    set_place(places, entry.slot, place)


cdef void heap_push(Heap* heap, Places places, int64_t key, int64_t sequence, int32_t slot) noexcept:
    """`heap_reserve` goes before it."""
    cdef Entry entry
    entry.key = key
    entry.sequence = sequence
    entry.slot = slot
    heap.size += 1
    sift_up(heap, places, heap.size - 1, entry)


cdef void heap_remove(Heap* heap, Places places, int32_t place) noexcept:
    cdef Entry last
    cdef Entry removed = heap.entries[place]
    set_place(places, removed.slot, -1)
    heap.size -= 1
    if place == heap.size:
        return
    last = heap.entries[heap.size]
    if comes_before(last.key, last.sequence, removed.key, removed.sequence):
        sift_up(heap, places, place, last)
    else:
        sift_down(heap, places, place, last)


cdef void heap_enter(Heap* heap, int32_t* places, int64_t key, int64_t sequence, int32_t slot) noexcept:
    """As `heap_push`, but where few are in it, their places are not kept: each would be a look somewhere else."""
    cdef int32_t place
    if heap.size < FEW:
        heap_push(heap, Places(NULL, 1), key, sequence, slot)
        return
    if heap.size == FEW:
        for place in range(FEW):
            places[heap.entries[place].slot] = place
    heap_push(heap, Places(places, 1), key, sequence, slot)


cdef void heap_leave(Heap* heap, int32_t* places, int32_t slot) noexcept:
    """Of one that entered it."""
    cdef int32_t place = 0
    if heap.size > FEW:
        heap_remove(heap, Places(places, 1), places[slot])
        return
    while heap.entries[place].slot != slot:
        place += 1
    heap_remove(heap, Places(NULL, 1), place)


cdef void heap_free(Heap* heap) noexcept:
    free(heap.entries)
    heap.entries = NULL
    heap.size = heap.capacity = 0
