from cpython.ref cimport Py_INCREF, PyObject
from libc.stdint cimport int32_t, int64_t


cdef enum RecordKind:
    OFFER_MADE
    OFFER_ENDED
    CONTACT_ASSIGNED
    AGENT_STATE_CHANGED


cdef enum OfferEndCode:
    END_ACCEPTED
    END_REJECTED
    END_EXPIRED
    END_REVOKED


cdef struct Record:
    int32_t kind
    int32_t state
    int64_t offer
    int64_t until_ns
    PyObject* contact
    PyObject* agent
    PyObject* reason
    # what follows belongs to OFFER_MADE
    PyObject* queue
    PyObject* strategy
    PyObject* skills
    PyObject* runner_up
    PyObject* excluded
    int64_t waited_ns
    int64_t idle_ns
    int64_t runner_up_idle_ns
    int32_t considered
    int32_t[8] states
    int32_t unskilled
    int32_t elsewhere


cdef inline PyObject* own(object name) noexcept:
    Py_INCREF(name)
    return <PyObject*>name


cdef class Output:
    cdef Record* records
    cdef int32_t size
    cdef int32_t capacity

    cdef Record* add(self, RecordKind kind, object agent) except NULL
    cdef void clear(self) noexcept
    cdef list take(self, dict explanations)
