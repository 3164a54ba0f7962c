# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""From a snapshot back to an engine that goes on as the one it was taken of; `acd_core.core.reading` is the other way.

Nothing is decided here: each row, timer and place is made to be what it was, in the order in which they need each
other.  States are reached on the ways that the tables allow.
"""

from libc.stdint cimport int32_t, int64_t

from acd_core.core.agents cimport AgentRow, OfferRow, WorkRow, code_of
from acd_core.core.contacts cimport (
    CHARGED,
    CONTACT_ASSIGNED,
    CONTACT_OFFERED,
    DEFERRED,
    ExtraRow,
    SHUT_OUT,
    WAIT_TRIED,
)
from acd_core.core.engine cimport Engine
from acd_core.core.profiles cimport lanes_of
from acd_core.core.queues cimport QueueRow
from acd_core.core.timers cimport TIMER_OFFER, TIMER_RETURN, TIMER_WINDOW, TIMER_WRAP_UP

from acd_core.states import AgentState

cdef int64_t NS_PER_MS = 1_000_000
cdef dict WAYS = {
    AgentState.PAUSED: (AgentState.PAUSED,),
    AgentState.AVAILABLE: (AgentState.PAUSED, AgentState.AVAILABLE),
    **{
        state: (AgentState.PAUSED, AgentState.AVAILABLE, AgentState.OFFERED, state)
        for state in (AgentState.OFFERED, AgentState.BUSY, AgentState.WRAP_UP, AgentState.NOT_RESPONDING)
    },
}


cdef inline int64_t read_time(object time_ns) except? -2:
    return -1 if time_ns is None else time_ns


cdef int restore(Engine engine, dict explanations, object snapshot) except -1:
    """Of one that has handled nothing; ``explanations`` get the agents of open offers."""
    cdef int32_t contact
    engine.now_ns = engine.matching.now_ns = snapshot.now_ns
    engine.sequence = snapshot.sequence
    engine.offers_made = snapshot.offers_made
    engine.matching_settings = snapshot.matching
    engine.matching.seed = snapshot.matching.seed
    engine.gathers = snapshot.matching.window_ms > 0
    engine.queues.served = snapshot.passed
    for view in snapshot.queues:
        restore_queue(engine, view)
    for view in snapshot.agents:
        restore_agent(engine, view)
    for view in snapshot.contacts:
        restore_contact(engine, view)
    for view in snapshot.agents:
        restore_works(engine, view)
    for view in snapshot.offers:
        restore_offer(engine, view)
        explanations[view.offer] = view.agent
    for view in snapshot.exclusions:
        engine.exclusions.add(
            engine.contacts.names.find(view.contact),
            engine.agents.names.find(view.agent),
            view.until_ns,
            view.timer_sequence,
        )
    for view in snapshot.agents:
        settle_agent(engine, view)
    for contact in range(engine.contacts.names.slots.used):
        engine.place(contact)
    if snapshot.window_ns is not None:
        engine.window_ns = snapshot.window_ns
        engine.window_timer = engine.timers.start(TIMER_WINDOW, 0, snapshot.window_ns, snapshot.window_sequence)
    engine.fasten()
    engine.forget_marks()
    return 0


cdef int restore_queue(Engine engine, object view) except -1:
    cdef QueueRow* row
    cdef int32_t queue
    engine.configure_queue(view.settings)
    queue = engine.queues.find(view.queue)
    row = &engine.queues.rows[queue]
    row.closed = view.closed
    row.passed = view.passed
    row.seen = view.seen
    row.recent = view.recent
    engine.queues.refresh_blending(queue)
    return 0


cdef int restore_agent(Engine engine, object view) except -1:
    """With empty hands."""
    cdef int32_t agent = engine.agents.add(view.agent, engine.get_profile(view.settings), view.settings)
    cdef AgentRow* row = &engine.agents.rows[agent]
    engine.queues.count_agents(view.settings.queues, 1)
    row.idle_since_ns = view.idle_since_ns
    row.idle_sequence = view.idle_sequence
    row.last_offer = view.last_offer
    return 0


cdef int restore_contact(Engine engine, object view) except -1:
    """In nobody's hands."""
    cdef tuple key = (
        view.queue,
        view.channel,
        frozenset(view.skills),
        view.needs,
        view.priority,
        view.topic,
        frozenset(view.excluded),
    )
    cdef int32_t kind = engine.get_kind(key, engine.queues.find(view.queue))
    cdef int32_t contact = engine.contacts.add(
        view.contact, engine.get_class(kind, view.step), view.arrival_ns, view.sequence
    )
    cdef ExtraRow* extra
    if view.preferred is not None or view.preferred_ms:
        engine.contacts.set_preferred(contact, view.preferred, view.preferred_ms * NS_PER_MS)
    if view.bonus_ms or view.hops or view.held or view.entered_ns != view.arrival_ns:
        extra = engine.contacts.get_extra(contact)
        extra.bonus_ns = view.bonus_ms * NS_PER_MS
        extra.hops = view.hops
        extra.until_ns = read_time(view.held_until_ns)
        extra.entered_ns = view.entered_ns
        engine.contacts.count_bonus(contact)
    if view.charged:
        engine.contacts.rows[contact].flags |= CHARGED
    if view.overflow_tried:
        engine.contacts.rows[contact].flags |= WAIT_TRIED
    if view.held:
        engine.contacts.set_held(contact, DEFERRED if view.held == "deferred" else SHUT_OUT)
    return engine.set_preferring(contact, view.preferring)


cdef int restore_works(Engine engine, object view) except -1:
    """What the agent has in hand, with its own lane, weight and flag: the agent's may be others by now."""
    cdef int32_t agent = engine.agents.names.find(view.agent)
    cdef int32_t work, contact, lane = lanes_of(&engine.profiles.rows[engine.agents.rows[agent].profile])[0]
    cdef AgentRow* row
    cdef WorkRow* found
    for one in view.work:
        contact = engine.contacts.names.find(one.contact) if one.until_ns is None else -1
        work = engine.agents.add_work(agent, contact, one.contact, lane)
        row = &engine.agents.rows[agent]
        found = engine.agents.work(work)
        row.load += one.weight - found.weight
        row.firm += (0 if one.interruptible else one.weight) - (0 if found.interruptible else found.weight)
        engine.profiles.release_channel(found.channel)
        found.channel = -1 if one.lane == "*" else engine.profiles.hold_channel(one.lane)
        found.weight = one.weight
        found.interruptible = one.interruptible
        found.interrupted = one.interrupted
        found.until_ns = read_time(one.until_ns)
        if contact >= 0:
            engine.contacts.set_state(contact, CONTACT_OFFERED)
            engine.contacts.set_state(contact, CONTACT_ASSIGNED)
            engine.contacts.rows[contact].agent = agent
        else:
            found.timer = engine.timers.start(TIMER_WRAP_UP, work, found.until_ns, one.timer_sequence)
    return 0


cdef int restore_offer(Engine engine, object view) except -1:
    """They come by number, as a contact's offers stand in its row."""
    cdef OfferRow* row
    cdef int32_t* link
    cdef int32_t contact = engine.contacts.names.find(view.contact)
    cdef int32_t agent = engine.agents.names.find(view.agent)
    row = &engine.agents.rows[agent].open
    row.number = view.offer
    row.expires_ns = view.expires_ns
    row.contact = contact
    row.next = -1
    row.timer = engine.timers.start(TIMER_OFFER, agent, view.expires_ns, view.timer_sequence)
    if engine.contacts.rows[contact].offer < 0:
        engine.contacts.set_state(contact, CONTACT_OFFERED)
    link = &engine.contacts.rows[contact].offer
    while link[0] >= 0:
        link = &engine.agents.rows[link[0]].open.next
    link[0] = agent
    engine.contacts.rows[contact].offers += 1
    engine.agents.rows[agent].offer = agent
    return 0


cdef int settle_agent(Engine engine, object view) except -1:
    """The state, now that all is in hand that was."""
    cdef int32_t agent = engine.agents.names.find(view.agent)
    cdef AgentRow* row = &engine.agents.rows[agent]
    for state in WAYS[view.state]:
        engine.agents.set_state(
            agent,
            code_of(state),
            view.reason,
            view.since_ns,
            read_time(view.until_ns),
        )
    if view.next_state is not None:
        engine.agents.set_next(agent, code_of(view.next_state), view.next_reason)
    row.return_ns = view.return_ms * NS_PER_MS
    if view.state is AgentState.NOT_RESPONDING and view.until_ns is not None:
        row.timer = engine.timers.start(TIMER_RETURN, agent, view.until_ns, view.timer_sequence)
    engine.agents.refresh(agent)
    row.attended = engine.agents.at_work(agent)
    return engine.agents.fasten(agent)
