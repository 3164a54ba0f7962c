# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The way in for events of contacts: check an event wholly, then hand it to the engine."""

from libc.stdint cimport int32_t, int64_t

from acd_core.core.agents cimport AgentStateCode
from acd_core.core.contacts cimport CONTACT_ASSIGNED, DEFERRED
from acd_core.core.intake cimport Intake

from acd_core.checks import (
    BONUS_MS_MAX,
    CHANGEABLE,
    NAME_CHARS_MAX,
    check_after_release,
    check_arrival,
    check_contact_arrived,
    check_contact_changed,
    check_contact_deferred,
    check_contact_transferred,
    check_duration_ms,
    check_int,
    check_reason,
)
from acd_core.errors import (
    DuplicateContactError,
    LimitError,
    not_abandonable,
    not_deferred,
    not_free,
)
from acd_core.requirements import named_skills
from acd_core.states import AgentState

cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(object text)

cdef dict AGENT_STATE_CODES = {state: code for code, state in enumerate(AgentState)}
cdef Py_ssize_t NAME_MAX = NAME_CHARS_MAX
cdef tuple KIND_FIELDS = ("queue", "channel", "skills", "needs", "priority", "topic", "excluded")


cdef inline bint has_names_only(frozenset names) except -1:
    """No other text that is equal to one, like a member of an enumeration."""
    for name in names:
        if type(name) is not str:
            return False
    return True


cdef bint has_levels_only(frozenset needs) except -1:
    """No truth or fraction that is equal to a level."""
    for clause in needs:
        if type(clause) is not frozenset:
            return False
        for pair in clause:
            if type(pair) is not tuple or len(pair) != 2 or type(pair[0]) is not str or type(pair[1]) is not int:
                return False
    return True


cdef class ContactIntake(Intake):
    cdef int contact_arrived(self, object event, int64_t now) except -1:
        cdef object name = event.contact
        cdef object arrival = event.arrival_ns
        cdef object preferred = event.preferred
        cdef object known = None
        cdef tuple key = (
            event.queue, event.channel, event.skills, event.needs, event.priority, event.topic, event.excluded
        )
        cdef int32_t queue
        # what is equal to the key of a kind has passed the checks once, if it is of the right types
        if (
            type(key[0]) is str
            and type(key[1]) is str
            and type(key[2]) is frozenset
            and type(key[3]) is frozenset
            and type(key[4]) is int
            and type(key[5]) is str
            and type(key[6]) is frozenset
            and has_names_only(key[2])
            and (not key[6] or has_names_only(key[6]))
            and (not key[3] or has_levels_only(key[3]))
        ):
            known = self.engine.kinds.by_key.get(key)
        # a name that is not ASCII is rare, and may be no valid text
        if (
            known is None
            or preferred is not None
            or type(name) is not str
            or not 1 <= len(<str>name) <= NAME_MAX
            or not PyUnicode_IS_ASCII(name)
        ):
            check_contact_arrived(event, now)
        else:
            if arrival is not None:
                check_arrival(arrival, now)
            if type(event.bonus_ms) is not int or event.bonus_ms:
                check_int(event.bonus_ms, "bonus_ms", 0, BONUS_MS_MAX)
            if type(event.preferred_ms) is not int or event.preferred_ms:
                check_duration_ms(event.preferred_ms, "preferred_ms", 0)
        queue = self.get_queue(key[0]) if known is None else self.engine.kinds.rows[<int32_t>known].queue
        if self.engine.contacts.names.find(name) >= 0:
            raise DuplicateContactError(name)
        if self.engine.contacts.names.slots.count >= self.limits.contacts_max:
            raise LimitError("contacts_max", self.limits.contacts_max)
        if known is None or self.engine.kinds.rows[<int32_t>known].idle:
            self.check_kinds_limit(key)
            self.check_skills_limit(key[2] | named_skills(key[3]))
        self.begin(now)
        return self.engine.arrive(event, key, queue, now if arrival is None else arrival)

    cdef int contact_changed(self, object event, int64_t now) except -1:
        cdef int32_t contact
        cdef list fields
        cdef tuple key
        check_contact_changed(event)
        contact = self.get_in_queue(event.contact)
        key = self.engine.kinds.keys[self.engine.kinds.classes[self.engine.contacts.rows[contact].klass].kind]
        fields = list(key)
        for place, field in enumerate(KIND_FIELDS):
            if field in CHANGEABLE and getattr(event, field) is not None:
                fields[place] = getattr(event, field)
        key = tuple(fields)
        self.check_kinds_limit(key)
        self.check_skills_limit((event.skills or frozenset()) | named_skills(event.needs or frozenset()))
        self.begin(now)
        return self.engine.change_contact(contact, key, event.bonus_ms)

    cdef int contact_deferred(self, object event, int64_t now) except -1:
        cdef int32_t contact
        check_contact_deferred(event, now)
        contact = self.get_in_queue(event.contact)
        self.begin(now)
        return self.engine.defer(contact, -1 if event.until_ns is None else event.until_ns)

    cdef int contact_returned(self, object event, int64_t now) except -1:
        cdef int32_t contact = self.get_contact(event.contact)
        if not self.engine.contacts.rows[contact].flags & DEFERRED:
            raise not_deferred(event.contact)
        self.begin(now)
        return self.engine.enter(contact)

    cdef int contact_transferred(self, object event, int64_t now) except -1:
        cdef int32_t contact, queue
        check_contact_transferred(event)
        contact = self.get_contact(event.contact)
        queue = self.engine.contacts.queue_of(contact) if event.queue is None else self.get_queue(event.queue)
        self.begin(now)
        return self.engine.transfer(contact, queue, event)

    cdef int contact_abandoned(self, object event, int64_t now) except -1:
        cdef int32_t contact = self.get_contact(event.contact)
        if self.engine.contacts.rows[contact].state == CONTACT_ASSIGNED:
            raise not_abandonable(event.contact, self.agent_name(self.engine.contacts.rows[contact].agent))
        self.begin(now)
        return self.engine.abandon(contact)

    cdef int contact_ended(self, object event, int64_t now) except -1:
        cdef int32_t contact = self.get_assigned(event.contact)
        self.begin(now)
        return self.engine.end(contact)

    cdef int contact_requeued(self, object event, int64_t now) except -1:
        cdef object reason = event.reason
        cdef AgentStateCode state
        cdef int32_t contact
        check_reason(reason)
        state = <AgentStateCode><int>AGENT_STATE_CODES[check_after_release(event.agent_state)]
        contact = self.get_assigned(event.contact)
        self.begin(now)
        return self.engine.requeue(contact, state, reason)

    cdef int assignment_ordered(self, object event, int64_t now) except -1:
        cdef int32_t agent = self.get_agent(event.agent)
        cdef int32_t contact = self.get_in_queue(event.contact)
        if not self.engine.matching.is_free(contact, agent) or self.engine.matching.is_barred(contact, agent):
            raise not_free(event.agent, event.contact)
        self.begin(now)
        return self.engine.assign_by_hand(contact, agent)
