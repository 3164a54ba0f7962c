# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The numbers that say why an agent gets a contact (rules 6.4 and 7.7): counted by lane, never agent by agent."""

from cpython.ref cimport PyObject
from libc.stdint cimport int32_t, int64_t

from acd_core.core.agents cimport AgentRow
from acd_core.core.contacts cimport ContactRow
from acd_core.core.kinds cimport ClassRow
from acd_core.core.lists cimport List
from acd_core.core.matching cimport UNKNOWN, Matching, RunnersUp, Turn
from acd_core.core.output cimport Reasons, Score, get_total
from acd_core.core.profiles cimport INSIDE
from acd_core.core.queues cimport OVERDUE, QueueRow, to_ms

from acd_core.strategies import STRATEGIES

cdef extern from *:
    """
    typedef int32_t acd_row __attribute__((vector_size(32)));

    #if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) && !defined(__clang__)
    #define ACD_WIDE __attribute__((target_clones("avx2", "default")))
    #else
    #define ACD_WIDE
    #endif

    /* The rows of counts of these lanes, added up by state. */
    ACD_WIDE static void acd_add_up(const int32_t *lanes, int32_t count, const void *counts, int32_t *states) {
        acd_row sums = {0};
        #pragma GCC unroll 4
        for (int32_t place = 0; place < count; place++)
            sums += ((const acd_row *)counts)[lanes[place]];
        memcpy(states, &sums, sizeof sums);
    }
    """
    void add_up "acd_add_up" (int32_t* lanes, int32_t count, void* counts, int32_t* states) noexcept

cdef tuple NAMES = tuple(STRATEGIES)
cdef int64_t NS_PER_MS = 1_000_000


cdef int explain(
    Matching matching, Reasons* why, int32_t contact, int32_t agent, object named, bint contested, RunnersUp* seconds
) except -1:
    """While the agent is still free and the contact still wants one; ``named``: what chose the agent if not the queue's
    strategy, else None.  ``contested``: the agent may take others who wait, perhaps.  What ``seconds`` does not know
    is looked for."""
    cdef ContactRow* row = &matching.contacts.rows[contact]
    cdef AgentRow* winner = &matching.agents.rows[agent]
    cdef ClassRow* klass = &matching.kinds.classes[row.klass]
    cdef QueueRow* queue = &matching.queues.rows[klass.queue]
    # who was chosen by the strategy is able to serve it
    cdef bint skilled = named is None or matching.is_able(contact, agent)
    cdef int32_t takers
    cdef int64_t now_ns = matching.now_ns, earliest_ns
    # first of all, for it may have to be fetched meanwhile
    why.skills = <PyObject*>matching.kinds.words[row.klass]
    count_groups(matching, why, row.klass)
    if row.exclusions >= 0 or matching.kinds.excluding.has(0, row.klass):
        name_barred(matching, why, contact, agent)
    takers = why.states[<int>INSIDE]
    why.strategy = <PyObject*>(named if named is not None else NAMES[queue.strategy])
    why.idle_ns = now_ns - winner.idle_since_ns
    why.waited_ns = now_ns - row.arrival_ns
    why.elsewhere = matching.agents.names.slots.count - queue.agents
    if not skilled:
        if matching.queues.profiles.has(klass.queue, winner.profile):
            why.unskilled -= 1
        else:
            why.elsewhere -= 1
    why.step = matching.kinds.classes[row.klass].step
    if named is not None and named != "joint":
        why.considered = 1
        why.not_named = takers - skilled
    else:
        why.considered = takers
        why.term = matching.term_of(contact, agent)
        if takers > 1:
            if seconds.agent.agent < 0:
                matching.find_other(contact, agent, &seconds.agent)
            why.runner_up = matching.agents.names.get(seconds.agent.agent)
            why.runner_up_idle_ns = now_ns - matching.agents.rows[seconds.agent.agent].idle_since_ns
            why.runner_up_term = seconds.agent.term
    earliest_ns = klass.key if klass.head == contact else matching.contacts.earliest(contact)
    add_score(matching, &why.score, contact, earliest_ns)
    if contested:
        if seconds.contact.contact == UNKNOWN:
            find_next(matching, contact, agent, &seconds.contact)
        if seconds.contact.contact >= 0:
            name_next(matching, why, &seconds.contact)
    return 0


cdef int count_groups(Matching matching, Reasons* why, int32_t klass) except -1:
    """Those able to serve the class, by state, and in ``states[INSIDE]`` those who may take something in its lane."""
    cdef int32_t state, total = 0
    cdef List* able = &matching.class_lanes.rows[klass]
    add_up(able.items, able.size, matching.profiles.counts, why.states)
    for state in range(8):
        total += why.states[state]
    why.unskilled = matching.queues.rows[matching.kinds.classes[klass].queue].agents - total
    return 0


cdef int name_barred(Matching matching, Reasons* why, int32_t contact, int32_t agent) except -1:
    """Take those who are excluded from it, or free but spared it, out of their groups."""
    cdef ContactRow* row = &matching.contacts.rows[contact]
    cdef int32_t other, exclusion = row.exclusions
    cdef set excluded = set(), spared = set()
    if matching.kinds.excluding.has(0, row.klass):
        for name in matching.kinds.excluded(row.klass):
            other = matching.agents.names.find(name)
            if other >= 0 and matching.is_able(contact, other):
                excluded.add(other)
    while exclusion >= 0:
        other = matching.exclusions.rows[exclusion].agent
        exclusion = matching.exclusions.rows[exclusion].next
        if matching.is_able(contact, other) and matching.is_free(contact, other) and other not in excluded:
            spared.add(other)
    for one in excluded | spared:
        other = one
        if matching.is_free(contact, other):
            why.states[<int>INSIDE] -= 1
        else:
            why.states[matching.agents.rows[other].state] -= 1
    if excluded:
        why.excluded = matching.agents.bin.hold(name_agents(matching, excluded, agent))
    if spared:
        why.spared = matching.agents.bin.hold(name_agents(matching, spared, agent))
    return 0


cdef tuple name_agents(Matching matching, set agents, int32_t winner):
    return tuple(sorted([<object>matching.agents.names.get(<int32_t>one) for one in agents if one != winner]))


cdef int find_next(Matching matching, int32_t contact, int32_t agent, Turn* following) except -1:
    """Whom else the agent might have been offered; ``contact`` -1: nobody."""
    cdef Turn best
    matching.find_contacts(agent, &best, following)
    if best.contact != contact:
        following[0] = best
    return 0


cdef void name_next(Matching matching, Reasons* why, Turn* following) noexcept:
    cdef int32_t contact = following.contact
    cdef int64_t earliest_ns
    why.next_contact = matching.contacts.names.get(contact)
    why.next_queue = matching.queues.names.get(matching.contacts.queue_of(contact))
    why.next_waited_ns = matching.now_ns - matching.contacts.rows[contact].arrival_ns
    earliest_ns = following.key
    if following.score == OVERDUE:
        earliest_ns = matching.contacts.earliest(contact)
    add_score(matching, &why.next_score, contact, earliest_ns)


cdef void add_score(Matching matching, Score* score, int32_t contact, int64_t earliest_ns) noexcept:
    """``earliest_ns``: its own, which may lie where nobody has looked and is known to whoever compared it."""
    cdef ContactRow* row = &matching.contacts.rows[contact]
    cdef ClassRow* klass = &matching.kinds.classes[row.klass]
    cdef QueueRow* queue = &matching.queues.rows[klass.queue]
    cdef int64_t now_ms = matching.now_ns // NS_PER_MS
    cdef int64_t arrived_ms = row.arrival_ns // NS_PER_MS
    cdef int64_t counted_ms = to_ms(earliest_ns)
    score.base = queue.base
    score.priority = queue.step * klass.priority
    score.wait = queue.rate * (now_ms - arrived_ms)
    score.bonus = queue.rate * (arrived_ms - counted_ms)
    score.blending = queue.blending
    score.ratio = matching.queues.served - queue.passed if queue.toll else 0
    if queue.overtaking_ms >= 0 and matching.now_ns >= matching.queues.overdue_since(klass.queue, earliest_ns):
        score.overdue = OVERDUE - get_total(score)
