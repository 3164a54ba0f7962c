from cpython.ref cimport PyObject
from libc.stdint cimport int32_t, int64_t

from acd_core.core.bin cimport Bin


cdef enum RecordKind:
    OFFER_MADE
    OFFER_ENDED
    CONTACT_ASSIGNED
    CONTACT_MOVED
    CONTACT_INTERRUPTED
    CONTACT_RESUMED
    AGENT_STATE_CHANGED


cdef enum OfferEndCode:
    END_ACCEPTED
    END_REJECTED
    END_EXPIRED
    END_REVOKED


cdef struct Score:
    # by its terms
    int64_t base
    int64_t priority
    int64_t wait
    int64_t bonus
    int64_t blending
    int64_t ratio
    int64_t overdue


cdef inline int64_t get_total(Score* score) noexcept:
    return (
        score.base + score.priority + score.wait + score.bonus + score.blending + score.ratio + score.overdue
    )


cdef struct Reasons:
    # why an offer was made
    PyObject* strategy
    PyObject* skills
    PyObject* runner_up
    PyObject* excluded
    PyObject* spared
    PyObject* next_contact
    PyObject* next_queue
    Score score
    Score next_score
    int64_t next_waited_ns
    int64_t waited_ns
    int64_t idle_ns
    int64_t runner_up_idle_ns
    int64_t term
    int64_t runner_up_term
    int32_t[8] states
    int32_t considered
    int32_t unskilled
    int32_t elsewhere
    int32_t step
    int32_t not_named


cdef struct Record:
    int32_t kind
    int32_t state
    int64_t offer
    int64_t until_ns
    PyObject* contact
    PyObject* agent
    PyObject* reason
    PyObject* queue
    PyObject* to_queue
    int32_t reasons


cdef class Output:
    cdef Bin bin
    cdef Record* records
    cdef int32_t size
    cdef int32_t capacity
    cdef Reasons* reasons
    cdef int32_t reasons_size
    cdef int32_t reasons_capacity

    cdef Record* add(self, RecordKind kind) except NULL
    cdef Reasons* add_reasons(self, Record* record) except NULL
    cdef list take(self, dict explanations)
