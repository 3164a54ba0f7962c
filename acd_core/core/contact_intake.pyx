# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The way in for events of contacts: check an event wholly, then hand it to the engine."""

from libc.stdint cimport int32_t, int64_t

from acd_core.core.agents cimport AgentStateCode, code_of
from acd_core.core.contacts cimport CONTACT_ASSIGNED, DEFERRED
from acd_core.core.fields cimport find_field, read_field
from acd_core.core.intake cimport Intake
from acd_core.core.quick cimport get_number, is_plain_name

from acd_core.checks import (
    BONUS_MS_MAX,
    CHANGEABLE,
    DURATION_MS_MAX,
    NAME_CHARS_MAX,
    check_after_release,
    check_contact_arrived,
    check_contact_changed,
    check_contact_deferred,
    check_contact_transferred,
    check_reason,
)
from acd_core.errors import (
    DuplicateContactError,
    LimitError,
    not_abandonable,
    not_deferred,
    not_free,
)
from acd_core.events import ContactArrived, ContactEnded
from acd_core.requirements import named_skills

cdef Py_ssize_t NAME_MAX = NAME_CHARS_MAX
cdef int64_t BONUS_MAX = BONUS_MS_MAX
cdef int64_t DURATION_MAX = DURATION_MS_MAX
cdef int64_t NS_PER_MS = 1_000_000
cdef Py_ssize_t CONTACT = find_field(ContactArrived, "contact")
cdef Py_ssize_t QUEUE = find_field(ContactArrived, "queue")
cdef Py_ssize_t SKILLS = find_field(ContactArrived, "skills")
cdef Py_ssize_t CHANNEL = find_field(ContactArrived, "channel")
cdef Py_ssize_t ARRIVAL_NS = find_field(ContactArrived, "arrival_ns")
cdef Py_ssize_t NEEDS = find_field(ContactArrived, "needs")
cdef Py_ssize_t PRIORITY = find_field(ContactArrived, "priority")
cdef Py_ssize_t BONUS_MS = find_field(ContactArrived, "bonus_ms")
cdef Py_ssize_t TOPIC = find_field(ContactArrived, "topic")
cdef Py_ssize_t EXCLUDED = find_field(ContactArrived, "excluded")
cdef Py_ssize_t PREFERRED = find_field(ContactArrived, "preferred")
cdef Py_ssize_t PREFERRED_MS = find_field(ContactArrived, "preferred_ms")
cdef Py_ssize_t ENDED_CONTACT = find_field(ContactEnded, "contact")
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
    cdef int32_t find_checked_kind(self, tuple key) except -2:
        """The kind with this key, or -1.

        What is equal to the key of a kind has passed the checks once, if it is of the right types.
        """
        cdef object found
        cdef tuple known
        if (
            type(key[0]) is not str
            or type(key[1]) is not str
            or type(key[2]) is not frozenset
            or type(key[3]) is not frozenset
            or type(key[4]) is not int
            or type(key[5]) is not str
            or type(key[6]) is not frozenset
        ):
            return -1
        found = self.engine.kinds.by_key.get(key)
        if found is None:
            return -1
        known = self.engine.kinds.keys[<int32_t>found]
        if (
            (key[2] is known[2] or has_names_only(key[2]))
            and (key[3] is known[3] or has_levels_only(key[3]))
            and (key[6] is known[6] or has_names_only(key[6]))
        ):
            return found
        return -1

    cdef int contact_arrived(self, object event, int64_t now) except -1:
        cdef object name = read_field(event, CONTACT)
        cdef object arrival = read_field(event, ARRIVAL_NS)
        cdef object preferred = read_field(event, PREFERRED)
        cdef int64_t arrival_ns = now if arrival is None else get_number(arrival, 0, now)
        cdef int64_t bonus_ms = get_number(read_field(event, BONUS_MS), 0, BONUS_MAX)
        cdef int64_t preferred_ms = get_number(read_field(event, PREFERRED_MS), 0, DURATION_MAX)
        cdef tuple key = (
            read_field(event, QUEUE),
            read_field(event, CHANNEL),
            read_field(event, SKILLS),
            read_field(event, NEEDS),
            read_field(event, PRIORITY),
            read_field(event, TOPIC),
            read_field(event, EXCLUDED),
        )
        cdef int32_t kind, queue
        self.engine.contacts.foresee_new(name)
        kind = self.find_checked_kind(key)
        if kind >= 0:
            self.engine.foresee_kind(kind)
        if (
            kind < 0
            or arrival_ns < 0
            or bonus_ms < 0
            or preferred_ms < 0
            or not is_plain_name(name, NAME_MAX)
            or preferred is not None
            and not is_plain_name(preferred, NAME_MAX)
        ):
            check_contact_arrived(event, now)
        queue = self.get_queue(key[0]) if kind < 0 else self.engine.kinds.rows[kind].queue
        if self.engine.contacts.names.find(name) >= 0:
            raise DuplicateContactError(name)
        if self.engine.contacts.names.slots.count >= self.contacts_max:
            raise LimitError("contacts_max", self.contacts_max)
        if kind < 0:
            self.check_kinds_limit(key)
            self.check_skills_limit(key[2] | named_skills(key[3]))
        elif self.engine.kinds.rows[kind].idle:
            self.check_return(kind)
        self.begin(now)
        if kind < 0:
            kind = self.engine.get_kind(key, queue)
        else:
            self.engine.revive_kind(kind)
        return self.engine.arrive(
            name, kind, arrival_ns, bonus_ms * NS_PER_MS, preferred, preferred_ms * NS_PER_MS
        )

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
        cdef int32_t contact = self.get_assigned(read_field(event, ENDED_CONTACT))
        self.begin(now)
        return self.engine.end(contact)

    cdef int contact_requeued(self, object event, int64_t now) except -1:
        cdef object reason = event.reason
        cdef AgentStateCode state
        cdef int32_t contact
        check_reason(reason)
        state = code_of(check_after_release(event.agent_state))
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
