# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Decisions as the engine makes them, plain records in a buffer that is used again, and as the caller gets them.

A record owns nothing that it names: what is given up while an event is handled is in a bin until its records have been
read, so that a contact or agent may be gone before.
"""

cimport cython
from libc.stdint cimport int32_t
from libc.stdlib cimport free
from libc.string cimport memset

from acd_core.core.bin cimport Bin
from acd_core.core.memory cimport grow, larger
from acd_core.core.names cimport read_text

from acd_core.decisions import (
    AgentStateChanged,
    ContactAssigned,
    ContactInterrupted,
    ContactMoved,
    ContactResumed,
    Explanation,
    NextContact,
    OfferEnded,
    OfferMade,
)
from acd_core.states import AgentState, OfferEnd

cdef tuple STATES = tuple(AgentState)
cdef tuple ENDS = (OfferEnd.ACCEPTED, OfferEnd.REJECTED, OfferEnd.EXPIRED, OfferEnd.REVOKED)
cdef object make_agent_state_changed = AgentStateChanged
cdef object make_contact_assigned = ContactAssigned
cdef object make_contact_interrupted = ContactInterrupted
cdef object make_contact_moved = ContactMoved
cdef object make_contact_resumed = ContactResumed
cdef object make_explanation = Explanation
cdef object make_next_contact = NextContact
cdef object make_offer_ended = OfferEnded
cdef object make_offer_made = OfferMade


cdef object read_explanation(Record* record, Reasons* why):
    return make_explanation(
        <object>why.strategy,
        <object>record.queue,
        <object>why.skills,
        <object>record.agent,
        why.idle_ns,
        why.waited_ns,
        why.considered,
        read_text(why.runner_up),
        why.runner_up_idle_ns if why.runner_up is not NULL else None,
        <object>why.excluded if why.excluded is not NULL else (),
        why.states[2],
        why.states[3],
        why.states[4],
        why.states[5],
        why.states[6],
        why.unskilled,
        why.elsewhere,
        get_total(&why.score),
        why.score.base,
        why.score.priority,
        why.score.wait,
        why.score.bonus,
        why.score.blending,
        why.score.ratio,
        why.score.overdue,
        why.term,
        why.runner_up_term if why.runner_up is not NULL else None,
        why.step,
        why.states[1],
        why.not_named,
        <object>why.spared if why.spared is not NULL else (),
        read_next_contact(why) if why.next_contact is not NULL else None,
    )


cdef object read_next_contact(Reasons* why):
    return make_next_contact(
        <object>why.next_contact,
        <object>why.next_queue,
        why.next_waited_ns,
        get_total(&why.next_score),
        why.next_score.base,
        why.next_score.priority,
        why.next_score.wait,
        why.next_score.bonus,
        why.next_score.blending,
        why.next_score.ratio,
        why.next_score.overdue,
    )


cdef object read_record(Output output, Record* record, dict explanations):
    """The record as a decision; keeps the explanations of open offers up to date."""
    cdef object offer
    if record.kind == AGENT_STATE_CHANGED:
        return make_agent_state_changed(
            <object>record.agent,
            STATES[record.state],
            <object>record.reason,
            record.until_ns if record.until_ns >= 0 else None,
            read_text(record.contact),
        )
    if record.kind == CONTACT_MOVED:
        return make_contact_moved(
            <object>record.contact, <object>record.queue, <object>record.to_queue, <object>record.reason
        )
    if record.kind == CONTACT_INTERRUPTED:
        return make_contact_interrupted(<object>record.contact, <object>record.agent)
    if record.kind == CONTACT_RESUMED:
        return make_contact_resumed(<object>record.contact, <object>record.agent)
    offer = record.offer
    if record.kind == OFFER_MADE:
        explanation = read_explanation(record, &output.reasons[record.reasons])
        explanations[offer] = explanation
        return make_offer_made(
            offer,
            <object>record.contact,
            <object>record.agent,
            <object>record.queue,
            record.until_ns,
            output.reasons[record.reasons].waited_ns,
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
    def __cinit__(self, Bin bin):
        self.bin = bin

    def __dealloc__(self):
        free(self.records)
        free(self.reasons)

    cdef Record* add(self, RecordKind kind) except NULL:
        """An empty record at the end; valid until the next `add`."""
        cdef Record* record
        if self.size == self.capacity:
            self.records = <Record*>grow(self.records, sizeof(Record), self.capacity, larger(self.capacity))
            self.capacity = larger(self.capacity)
        record = &self.records[self.size]
        memset(record, 0, sizeof(Record))
        record.kind = kind
        self.size += 1
        return record

    cdef Reasons* add_reasons(self, Record* record) except NULL:
        """Empty ones for the record of an offer; valid until the next."""
        cdef Reasons* why
        if self.reasons_size == self.reasons_capacity:
            self.reasons = <Reasons*>grow(
                self.reasons, sizeof(Reasons), self.reasons_capacity, larger(self.reasons_capacity)
            )
            self.reasons_capacity = larger(self.reasons_capacity)
        why = &self.reasons[self.reasons_size]
        memset(why, 0, sizeof(Reasons))
        record.reasons = self.reasons_size
        self.reasons_size += 1
        return why

    cdef list take(self, dict explanations):
        """All of them as Python objects; the buffer is empty afterwards."""
        cdef int32_t index
        cdef list decisions = []
        for index in range(self.size):
            decisions.append(read_record(self, &self.records[index], explanations))
        self.size = self.reasons_size = 0
        self.bin.clear()
        return decisions
