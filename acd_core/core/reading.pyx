# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The engine's state as Python objects, for people, pages, tests and snapshots; changes nothing."""

from cpython.ref cimport PyObject
from libc.stdint cimport int32_t, int64_t

from acd_core.core.agents cimport AGENT_WRAP_UP, AgentRow
from acd_core.core.contacts cimport ContactRow
from acd_core.core.engine cimport Engine, OfferRow
from acd_core.core.queues cimport QueueRow

from acd_core.states import AgentState, ContactState
from acd_core.views import AgentView, ContactView, ExclusionView, OfferView, QueueView, Snapshot

cdef tuple AGENT_STATES = tuple(AgentState)
cdef tuple CONTACT_STATES = tuple(ContactState)
cdef int64_t NS_PER_MS = 1_000_000


cdef inline object get(PyObject* name):
    return <object>name if name is not NULL else None


cdef object view_queue(Engine engine, int32_t queue):
    cdef QueueRow* row = &engine.queues.rows[queue]
    return QueueView(
        get(engine.queues.names.names[queue]),
        row.offer_ns // NS_PER_MS,
        row.wrap_up_ns // NS_PER_MS,
        tuple(sorted(engine.queues.skills[queue])),
        engine.queues.strategies[queue],
        row.waiting,
        row.offered,
        row.assigned,
        row.agents,
    )


cdef object view_agent(Engine engine, int32_t agent):
    cdef AgentRow* row = &engine.agents.rows[agent]
    queues, skills = engine.agents.profiles.keys[row.profile]
    return AgentView(
        get(engine.agents.names.names[agent]),
        tuple(sorted(queues)),
        tuple(sorted(skills)),
        AGENT_STATES[row.state],
        get(row.reason),
        row.since_ns,
        row.until_ns if row.until_ns >= 0 else None,
        get(row.contact),
        engine.offers[row.offer].number if row.offer >= 0 else None,
        AGENT_STATES[row.next_state] if row.next_state >= 0 else None,
        get(row.next_reason),
        row.idle_since_ns,
        row.idle_sequence,
        engine.timers.get_sequence(row.timer) if row.state == AGENT_WRAP_UP else None,
    )


cdef object view_contact(Engine engine, int32_t contact):
    cdef ContactRow* row = &engine.contacts.rows[contact]
    queue, channel, skills = engine.contacts.classes.keys[row.klass]
    return ContactView(
        get(engine.contacts.names.names[contact]),
        queue,
        channel,
        tuple(sorted(skills)),
        row.arrival_ns,
        row.sequence,
        CONTACT_STATES[row.state],
        get(engine.agents.names.names[row.agent]) if row.agent >= 0 else None,
        engine.offers[row.offer].number if row.offer >= 0 else None,
    )


cdef object view_offer(Engine engine, int32_t offer):
    cdef OfferRow* row = &engine.offers[offer]
    return OfferView(
        row.number,
        get(engine.contacts.names.names[row.contact]),
        get(engine.agents.names.names[row.agent]),
        row.expires_ns,
        engine.timers.get_sequence(row.timer),
    )


cdef object view_exclusion(Engine engine, int32_t exclusion):
    cdef int32_t timer = engine.exclusions.rows[exclusion].timer
    return ExclusionView(
        get(engine.contacts.names.names[engine.exclusions.rows[exclusion].contact]),
        get(engine.agents.names.names[engine.exclusions.rows[exclusion].agent]),
        engine.timers.heap.entries[engine.timers.places[timer]].key,
        engine.timers.get_sequence(timer),
    )


cdef object make_snapshot(Engine engine):
    cdef int32_t slot
    cdef list queues = []
    cdef list agents = []
    cdef list contacts = []
    cdef list offers = []
    cdef list exclusions = []
    for slot in range(engine.queues.names.slots.used):
        if engine.queues.names.names[slot] is not NULL and engine.queues.rows[slot].configured:
            queues.append(view_queue(engine, slot))
    for slot in range(engine.agents.names.slots.used):
        if engine.agents.names.names[slot] is not NULL:
            agents.append(view_agent(engine, slot))
            if engine.agents.rows[slot].offer >= 0:
                offers.append(view_offer(engine, engine.agents.rows[slot].offer))
    for slot in range(engine.contacts.names.slots.used):
        if engine.contacts.names.names[slot] is not NULL:
            contacts.append(view_contact(engine, slot))
    for slot in range(engine.exclusions.slots.used):
        if engine.exclusions.rows[slot].contact >= 0:
            exclusions.append(view_exclusion(engine, slot))
    return Snapshot(
        engine.now_ns,
        engine.sequence,
        engine.offers_made,
        tuple(sorted(queues, key=lambda one: one.queue)),
        tuple(sorted(agents, key=lambda one: one.agent)),
        tuple(sorted(contacts, key=lambda one: (one.arrival_ns, one.sequence))),
        tuple(sorted(offers, key=lambda one: one.offer)),
        tuple(sorted(exclusions, key=lambda one: (one.contact, one.agent))),
    )
