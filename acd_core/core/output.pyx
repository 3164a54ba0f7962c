# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Decisions as the engine makes them, plain records in a buffer that is used again, and as the caller gets them.

A record owns a reference to each name in it, so that a contact or agent may be gone before the record is read.
"""

cimport cython
from cpython.ref cimport Py_XDECREF, PyObject
from libc.stdint cimport int32_t
from libc.stdlib cimport free
from libc.string cimport memset

from acd_core.core.memory cimport grow, larger

from acd_core.decisions import (
    AgentStateChanged,
    ContactAssigned,
    Explanation,
    OfferEnded,
    OfferMade,
)
from acd_core.states import AgentState, OfferEnd

cdef tuple STATES = tuple(AgentState)
cdef tuple ENDS = (OfferEnd.ACCEPTED, OfferEnd.REJECTED, OfferEnd.EXPIRED, OfferEnd.REVOKED)
cdef object make_agent_state_changed = AgentStateChanged
cdef object make_contact_assigned = ContactAssigned
cdef object make_explanation = Explanation
cdef object make_offer_ended = OfferEnded
cdef object make_offer_made = OfferMade


cdef inline object get(PyObject* name):
    return <object>name if name is not NULL else None


cdef object read_explanation(Record* record):
    return make_explanation(
        <object>record.strategy,
        <object>record.queue,
        <object>record.skills,
        <object>record.agent,
        record.idle_ns,
        record.waited_ns,
        record.considered,
        get(record.runner_up),
        record.runner_up_idle_ns if record.runner_up is not NULL else None,
        <object>record.excluded if record.excluded is not NULL else (),
        record.states[2],
        record.states[3],
        record.states[4],
        record.states[5],
        record.states[6],
        record.unskilled,
        record.elsewhere,
    )


cdef object read_record(Record* record, dict explanations):
    """The record as a decision; keeps the explanations of open offers up to date."""
    cdef object offer
    if record.kind == AGENT_STATE_CHANGED:
        return make_agent_state_changed(
            <object>record.agent,
            STATES[record.state],
            <object>record.reason,
            record.until_ns if record.until_ns >= 0 else None,
            get(record.contact),
        )
    offer = record.offer
    if record.kind == OFFER_MADE:
        explanation = read_explanation(record)
        explanations[offer] = explanation
        return make_offer_made(
            offer,
            <object>record.contact,
            <object>record.agent,
            <object>record.queue,
            record.until_ns,
            record.waited_ns,
            explanation,
        )
    if record.kind == OFFER_ENDED:
        del explanations[offer]
        return make_offer_ended(
            offer, <object>record.contact, <object>record.agent, ENDS[record.state], <object>record.reason
        )
    return make_contact_assigned(<object>record.contact, <object>record.agent, offer)


@cython.final
cdef class Output:
    def __dealloc__(self):
        self.clear()
        free(self.records)

    cdef Record* add(self, RecordKind kind, object agent) except NULL:
        """An empty record at the end; valid until the next `add`."""
        cdef Record* record
        if self.size == self.capacity:
            self.records = <Record*>grow(self.records, sizeof(Record), self.capacity, larger(self.capacity))
            self.capacity = larger(self.capacity)
        record = &self.records[self.size]
        memset(record, 0, sizeof(Record))
        record.kind = kind
        record.agent = own(agent)
        self.size += 1
        return record

    cdef void clear(self) noexcept:
        cdef int32_t index
        cdef Record* record
        for index in range(self.size):
            record = &self.records[index]
            Py_XDECREF(record.contact)
            Py_XDECREF(record.agent)
            Py_XDECREF(record.reason)
            Py_XDECREF(record.queue)
            Py_XDECREF(record.strategy)
            Py_XDECREF(record.skills)
            Py_XDECREF(record.runner_up)
            Py_XDECREF(record.excluded)
        self.size = 0

    cdef list take(self, dict explanations):
        """All of them as Python objects; the buffer is empty afterwards."""
        cdef int32_t index
        cdef list decisions = []
        for index in range(self.size):
            decisions.append(read_record(&self.records[index], explanations))
        self.clear()
        return decisions
