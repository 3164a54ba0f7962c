# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The engine's state as Python objects, for people, pages, tests and snapshots; changes nothing."""

from libc.stdint cimport int32_t, int64_t, uint64_t

from acd_core.core.agents cimport AGENT_WRAP_UP, AgentRow, OfferRow, WorkRow
from acd_core.core.contacts cimport (
    CHARGED,
    DEFERRED,
    PREFERRING,
    SHUT_OUT,
    WAIT_TRIED,
    ContactRow,
    ExtraRow,
)
from acd_core.core.engine cimport Engine
from acd_core.core.names cimport read_text
from acd_core.core.queues cimport QueueRow

from acd_core.states import AgentState, ContactState
from acd_core.views import AgentView, ContactView, ExclusionView, OfferView, QueueView, Snapshot, WorkView

cdef tuple AGENT_STATES = tuple(AgentState)
cdef tuple CONTACT_STATES = tuple(ContactState)
cdef int64_t NS_PER_MS = 1_000_000


cdef inline object get_time(int64_t time_ns):
    return time_ns if time_ns >= 0 else None


cdef object view_queue(Engine engine, int32_t queue):
    cdef QueueRow* row = &engine.queues.rows[queue]
    cdef object settings = engine.queues.settings[queue]
    cdef uint64_t recent = row.recent
    if row.seen < 64:
        recent &= (<uint64_t>1 << row.seen) - 1
    return QueueView(
        read_text(engine.queues.names.get(queue)),
        settings.offer_ms,
        settings.wrap_up_ms,
        tuple(sorted(settings.skills)),
        settings.strategy,
        row.waiting,
        row.offered,
        row.assigned,
        row.agents,
        settings,
        row.closed,
        row.passed,
        row.seen,
        recent,
    )


cdef object view_work(Engine engine, int32_t work):
    cdef WorkRow* row = engine.agents.work(work)
    return WorkView(
        read_text(row.name),
        read_text(engine.profiles.channels.get(row.channel)) if row.channel >= 0 else "*",
        row.weight,
        row.interruptible != 0,
        row.interrupted != 0,
        get_time(row.until_ns),
        engine.timers.rows[row.timer].sequence if row.timer >= 0 else None,
    )


cdef object view_agent(Engine engine, int32_t agent):
    cdef AgentRow* row = &engine.agents.rows[agent]
    cdef object settings = <object>row.settings
    cdef list works = []
    cdef int32_t work = row.first_work
    cdef int32_t timer = row.timer
    while work >= 0:
        works.append(view_work(engine, work))
        work = engine.agents.work(work).next
    if row.state == AGENT_WRAP_UP:
        timer = engine.agents.work(engine.first_wrap_up(agent, None)).timer
    return AgentView(
        read_text(engine.agents.names.get(agent)),
        tuple(sorted(settings.queues)),
        tuple(sorted(settings.skills)),
        AGENT_STATES[row.state],
        read_text(row.reason),
        row.since_ns,
        get_time(row.until_ns),
        read_text(engine.shown_contact(agent)),
        engine.agents.rows[row.offer].open.number if row.offer >= 0 else None,
        AGENT_STATES[row.next_state] if row.next_state >= 0 else None,
        read_text(row.next_reason),
        row.idle_since_ns,
        row.idle_sequence,
        engine.timers.rows[timer].sequence if timer >= 0 else None,
        settings,
        tuple(works),
        row.last_offer,
        row.return_ns // NS_PER_MS,
    )


cdef object view_contact(Engine engine, int32_t contact):
    cdef ContactRow* row = &engine.contacts.rows[contact]
    cdef ExtraRow extra
    cdef int32_t agent = row.agent
    cdef int32_t offer = row.offer
    cdef list offers = []
    extra.preferred = NULL
    extra.preferred_ns = extra.bonus_ns = extra.hops = 0
    extra.until_ns = -1
    if row.extra >= 0:
        extra = engine.contacts.extras[row.extra]
    while offer >= 0:
        offers.append(engine.agents.rows[offer].open.number)
        offer = engine.agents.rows[offer].open.next
    if row.offer >= 0:
        agent = row.offer
    queue, channel, skills, needs, priority, topic, excluded = engine.kinds.keys[engine.kinds.classes[row.klass].kind]
    return ContactView(
        read_text(engine.contacts.names.get(contact)),
        queue,
        channel,
        tuple(sorted(skills)),
        row.arrival_ns,
        row.sequence,
        CONTACT_STATES[row.state],
        read_text(engine.agents.names.get(agent)) if agent >= 0 else None,
        offers[0] if offers else None,
        needs,
        priority,
        extra.bonus_ns // NS_PER_MS,
        topic,
        tuple(sorted(excluded)),
        read_text(extra.preferred),
        extra.preferred_ns // NS_PER_MS,
        row.flags & PREFERRING != 0,
        engine.contacts.entered(contact),
        engine.kinds.classes[row.klass].step,
        "deferred" if row.flags & DEFERRED else "closed" if row.flags & SHUT_OUT else "",
        get_time(extra.until_ns),
        extra.hops,
        row.flags & CHARGED != 0,
        row.flags & WAIT_TRIED != 0,
        tuple(offers),
        get_time(engine.due_ns(contact)),
    )


cdef object view_offer(Engine engine, int32_t offer):
    cdef OfferRow* row = &engine.agents.rows[offer].open
    return OfferView(
        row.number,
        read_text(engine.contacts.names.get(row.contact)),
        read_text(engine.agents.names.get(offer)),
        row.expires_ns,
        engine.timers.rows[row.timer].sequence,
    )


cdef object view_exclusion(Engine engine, int32_t exclusion):
    cdef int32_t timer = engine.exclusions.rows[exclusion].timer
    return ExclusionView(
        read_text(engine.contacts.names.get(engine.exclusions.rows[exclusion].contact)),
        read_text(engine.agents.names.get(engine.exclusions.rows[exclusion].agent)),
        engine.timers.rows[timer].due_ns,
        engine.timers.rows[timer].sequence,
    )


cdef object make_snapshot(Engine engine):
    cdef int32_t slot
    cdef list queues = []
    cdef list agents = []
    cdef list contacts = []
    cdef list offers = []
    cdef list exclusions = []
    for slot in range(engine.queues.names.slots.used):
        if engine.queues.names.get(slot) is not NULL and engine.queues.rows[slot].configured:
            queues.append(view_queue(engine, slot))
    for slot in range(engine.agents.names.slots.used):
        if engine.agents.names.get(slot) is not NULL:
            agents.append(view_agent(engine, slot))
            if engine.agents.rows[slot].offer >= 0:
                offers.append(view_offer(engine, engine.agents.rows[slot].offer))
    for slot in range(engine.contacts.names.slots.used):
        if engine.contacts.names.get(slot) is not NULL:
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
        engine.matching_settings,
        get_time(engine.window_ns),
        engine.timers.rows[engine.window_timer].sequence if engine.window_timer >= 0 else None,
        engine.queues.served,
    )
