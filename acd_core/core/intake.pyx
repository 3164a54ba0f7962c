# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The way in for events of queues, agents and offers: check an event wholly, then hand it to the engine.

What is refused, and in which order, is the same as in `acd_core.reference`; the tests compare the messages.
"""

from libc.stdint cimport int32_t, int64_t

from acd_core.core.agents cimport AgentStateCode, code_of
from acd_core.core.contacts cimport CONTACT_ASSIGNED
from acd_core.core.engine cimport Engine
from acd_core.core.fields cimport find_field, read_field
from acd_core.core.kinds cimport KindRow
from acd_core.core.profiles cimport make_key
from acd_core.core.quick cimport are_levels, are_plain_names, get_number, is_plain_name, is_plain_text

from acd_core.checks import (
    CAPACITY_MAX,
    LOTS_MAX,
    NAME_CHARS_MAX,
    REASON_CHARS_MAX,
    check_after_release,
    check_agent_signed_in,
    check_flag,
    check_matching_configured,
    check_queue_configured,
    check_reason,
    check_time,
    check_wrap_up_extended,
)
from acd_core.errors import (
    OFFER_ENDED,
    OFFER_EXPIRED,
    OFFER_OF_ANOTHER,
    DuplicateAgentError,
    LimitError,
    StaleOfferError,
    UnknownAgentError,
    UnknownContactError,
    UnknownQueueError,
    not_assigned,
    not_in_wrap_up,
    not_waiting,
    queue_in_use,
)
from acd_core.events import AgentReady, OfferAccepted, WrapUpFinished
from acd_core.limits import SHELF_SKILLS, Limits
from acd_core.requirements import list_queue_skills
from acd_core.states import AgentState, ContactState

cdef tuple AGENT_STATES = tuple(AgentState)
cdef tuple CONTACT_STATES = tuple(ContactState)
cdef int64_t TIME_NS_MAX = <int64_t>1 << 62
cdef Py_ssize_t REASON_MAX = REASON_CHARS_MAX
cdef Py_ssize_t NAME_MAX = NAME_CHARS_MAX
cdef int64_t CAPACITY_MOST = CAPACITY_MAX
cdef int64_t LOTS_MOST = LOTS_MAX
cdef Py_ssize_t READY_AGENT = find_field(AgentReady, "agent")
cdef Py_ssize_t ACCEPTED_AGENT = find_field(OfferAccepted, "agent")
cdef Py_ssize_t ACCEPTED_OFFER = find_field(OfferAccepted, "offer")
cdef Py_ssize_t FINISHED_AGENT = find_field(WrapUpFinished, "agent")
cdef Py_ssize_t FINISHED_CONTACT = find_field(WrapUpFinished, "contact")


cdef inline int quick_check_reason(object reason) except -1:
    if not is_plain_text(reason, REASON_MAX):
        check_reason(reason)
    return 0


cdef bint is_plain_agent(object event, tuple lanes) except -1:
    """Settings that pass all checks, without scores; ``lanes``: some that have passed them."""
    return (
        is_plain_name(event.agent, NAME_MAX)
        and are_plain_names(event.queues, NAME_MAX)
        and are_plain_names(event.skills, NAME_MAX)
        and are_levels(event.levels, event.skills, NAME_MAX)
        and (event.lanes is lanes or type(event.lanes) is tuple and not event.lanes)
        and get_number(event.capacity, 1, CAPACITY_MOST) > 0
        and event.wrap_up_ms is None
        and get_number(event.weight, 1, LOTS_MOST) > 0
        and type(event.scores) is frozenset
        and not event.scores
    )


cdef class Intake:
    def __init__(self, limits=None):
        self.limits = limits if limits is not None else Limits()
        self.contacts_max = self.limits.contacts_max
        self.classes_max = self.limits.classes_max
        self.engine = Engine(self.limits.exclusions_max, SHELF_SKILLS * self.limits.skills_max)
        self.explanations = {}

    cdef int check_whole(self) except -1:
        if self.broken:
            raise RuntimeError("an event was left half done (interrupted, or for want of memory): start a new one")
        return 0

    cdef int64_t check_now(self, object now_ns) except -1:
        cdef int64_t now
        self.check_whole()
        if type(now_ns) is int:
            try:
                now = now_ns
            except OverflowError:
                now = -1
            if self.engine.now_ns <= now <= TIME_NS_MAX:
                return now
        check_time(now_ns, self.engine.now_ns)
        raise AssertionError("check_time let pass what it must not")

    cdef void begin(self, int64_t now) noexcept:
        """Nothing is refused any more: what is begun is finished (`Distributor.finish`), or nothing works any more."""
        self.broken = True
        self.engine.now_ns = self.engine.matching.now_ns = now

    # Queues

    cdef int queue_configured(self, object event, int64_t now) except -1:
        check_queue_configured(event)
        if self.engine.queues.find(event.queue) < 0 and self.engine.queues.count >= self.limits.queues_max:
            raise LimitError("queues_max", self.limits.queues_max)
        self.check_skills_limit(list_queue_skills(event))
        self.begin(now)
        return self.engine.configure_queue(event)

    cdef int queue_removed(self, object event, int64_t now) except -1:
        cdef int32_t queue = self.get_queue(event.queue)
        cdef int32_t contacts = (
            self.engine.queues.rows[queue].waiting
            + self.engine.queues.rows[queue].offered
            + self.engine.queues.rows[queue].assigned
        )
        if contacts:
            raise queue_in_use(event.queue, contacts)
        self.begin(now)
        return self.engine.remove_queue(queue)

    cdef int queue_opened(self, object event, int64_t now) except -1:
        cdef int32_t queue = self.get_queue(event.queue)
        self.begin(now)
        return self.engine.open_queue(queue)

    cdef int queue_closed(self, object event, int64_t now) except -1:
        cdef int32_t queue
        check_flag(event.drain, "drain")
        queue = self.get_queue(event.queue)
        self.begin(now)
        return self.engine.close_queue(queue, event.drain)

    cdef int matching_configured(self, object event, int64_t now) except -1:
        check_matching_configured(event)
        self.begin(now)
        return self.engine.configure_matching(event)

    # Agents

    cdef int agent_signed_in(self, object event, int64_t now) except -1:
        check_agent_signed_in(event)
        if self.engine.agents.names.find(event.agent) >= 0:
            raise DuplicateAgentError(event.agent)
        self.check_queues_known(event.queues)
        if self.engine.agents.names.slots.count >= self.limits.agents_max:
            raise LimitError("agents_max", self.limits.agents_max)
        self.check_skills_limit(event.skills.union([name for name, _ in event.levels]))
        self.check_profiles_limit(event)
        self.begin(now)
        return self.engine.sign_in(event)

    cdef int agent_changed(self, object event, int64_t now) except -1:
        cdef int32_t agent = self.engine.agents.names.find(event.agent)
        cdef tuple lanes = ()
        if agent >= 0:
            lanes = (<object>self.engine.agents.rows[agent].settings).lanes
        if not is_plain_agent(event, lanes):
            check_agent_signed_in(event)
        agent = self.get_agent(event.agent)
        self.check_queues_known(event.queues)
        self.check_skills_limit(event.skills.union([name for name, _ in event.levels]))
        self.check_profiles_limit(event)
        self.begin(now)
        return self.engine.change_agent(agent, event)

    cdef int agent_ready(self, object event, int64_t now) except -1:
        cdef int32_t agent = self.get_agent(read_field(event, READY_AGENT))
        self.begin(now)
        return self.engine.ready(agent)

    cdef int agent_paused(self, object event, int64_t now) except -1:
        cdef object reason = event.reason
        cdef int32_t agent
        quick_check_reason(reason)
        agent = self.get_agent(event.agent)
        self.begin(now)
        return self.engine.pause(agent, reason)

    cdef int agent_signed_out(self, object event, int64_t now) except -1:
        cdef int32_t agent = self.get_agent(event.agent)
        self.begin(now)
        return self.engine.sign_out(agent)

    # Offers

    cdef int offer_accepted(self, object event, int64_t now) except -1:
        cdef int32_t agent = self.get_agent(read_field(event, ACCEPTED_AGENT))
        cdef int32_t offer = self.get_answerable_offer(read_field(event, ACCEPTED_OFFER), agent, now)
        self.begin(now)
        return self.engine.accept(offer)

    cdef int offer_rejected(self, object event, int64_t now) except -1:
        cdef object reason = event.reason
        cdef int32_t offer
        quick_check_reason(reason)
        offer = self.get_answerable_offer(event.offer, self.get_agent(event.agent), now)
        self.begin(now)
        return self.engine.reject(offer, reason)

    cdef int offer_revoked(self, object event, int64_t now) except -1:
        cdef object reason = event.reason
        cdef AgentStateCode state
        cdef int32_t offer
        quick_check_reason(reason)
        state = code_of(check_after_release(event.agent_state))
        if type(event.offer) is not int or event.offer not in self.explanations:
            raise StaleOfferError(event.offer, OFFER_ENDED)
        explanation = self.explanations[event.offer]
        name = explanation if type(explanation) is str else explanation.agent
        offer = self.engine.agents.rows[self.get_agent(name)].offer
        self.begin(now)
        return self.engine.revoke(offer, state, reason)

    # Wrap-up

    cdef int wrap_up_finished(self, object event, int64_t now) except -1:
        cdef int32_t work = self.get_wrap_up(read_field(event, FINISHED_AGENT), read_field(event, FINISHED_CONTACT))
        self.begin(now)
        return self.engine.end_wrap_up(work, "wrap-up finished")

    cdef int wrap_up_extended(self, object event, int64_t now) except -1:
        cdef int32_t work
        check_wrap_up_extended(event, now)
        work = self.get_wrap_up(event.agent, event.contact)
        self.begin(now)
        return self.engine.extend_wrap_up(work, event.until_ns)

    # Look-up, with the documented errors

    cdef int32_t get_agent(self, object name) except -1:
        cdef int32_t agent = self.engine.agents.names.find(name)
        if agent < 0:
            raise UnknownAgentError(name)
        return agent

    cdef int32_t get_contact(self, object name) except -1:
        cdef int32_t contact = self.engine.contacts.names.find(name)
        if contact < 0:
            raise UnknownContactError(name)
        return contact

    cdef int32_t get_queue(self, object name) except -1:
        cdef int32_t queue = self.engine.queues.find(name)
        if queue < 0:
            raise UnknownQueueError(name)
        return queue

    cdef int32_t get_answerable_offer(self, object number, int32_t agent, int64_t now) except -1:
        cdef int32_t offer
        if type(number) is not int or number not in self.explanations:
            raise StaleOfferError(number, OFFER_ENDED)
        offer = self.engine.agents.rows[agent].offer
        if offer < 0 or self.engine.agents.rows[offer].open.number != <int64_t>number:
            raise StaleOfferError(number, OFFER_OF_ANOTHER)
        if now >= self.engine.agents.rows[offer].open.expires_ns:
            raise StaleOfferError(number, OFFER_EXPIRED)
        return offer

    cdef int32_t get_assigned(self, object name) except -1:
        cdef int32_t contact = self.get_contact(name)
        cdef int32_t state = self.engine.contacts.rows[contact].state
        if state != CONTACT_ASSIGNED:
            raise not_assigned(name, CONTACT_STATES[state])
        return contact

    cdef int32_t get_in_queue(self, object name) except -1:
        """One that waits or rings."""
        cdef int32_t contact = self.get_contact(name)
        if self.engine.contacts.rows[contact].state == CONTACT_ASSIGNED:
            raise not_waiting(name, self.agent_name(self.engine.contacts.rows[contact].agent))
        return contact

    cdef int32_t get_wrap_up(self, object agent, object contact) except -1:
        """The agent's wrap-up of that contact (None: the one that ends first)."""
        cdef int32_t slot = self.get_agent(agent)
        cdef int32_t work = -1
        if contact is None or type(contact) is str:
            work = self.engine.first_wrap_up(slot, contact)
        if work < 0:
            raise not_in_wrap_up(agent, AGENT_STATES[self.engine.agents.rows[slot].state])
        return work

    cdef object agent_name(self, int32_t agent):
        return <object>self.engine.agents.names.get(agent)

    # Limits

    cdef int check_skills_limit(self, object names) except -1:
        return self.check_skills_room(self.engine.skills.count_new(names))

    cdef int check_return(self, int32_t kind) except -1:
        """Of a kind on the shelf."""
        cdef KindRow* row = &self.engine.kinds.rows[kind]
        self.check_kinds_room()
        return self.check_skills_room(self.engine.skills.count_unused(row.skills, row.skill_count))

    cdef int check_kinds_room(self) except -1:
        if self.engine.kinds.slots.count - self.engine.kinds.idle_count >= self.classes_max:
            raise LimitError("classes_max", self.classes_max)
        return 0

    cdef int check_skills_room(self, int32_t new) except -1:
        if new and self.engine.skills.live + new > self.limits.skills_max:
            raise LimitError("skills_max", self.limits.skills_max)
        return 0

    cdef int check_profiles_limit(self, object settings) except -1:
        if make_key(settings) not in self.engine.profiles.by_key:
            if self.engine.profiles.slots.count >= self.limits.profiles_max:
                raise LimitError("profiles_max", self.limits.profiles_max)
        return 0

    cdef int check_kinds_limit(self, tuple key) except -1:
        cdef object known = self.engine.kinds.by_key.get(key)
        if known is None or self.engine.kinds.rows[<int32_t>known].idle:
            self.check_kinds_room()
        return 0

    cdef int check_queues_known(self, frozenset queues) except -1:
        for queue in sorted(queues):
            self.get_queue(queue)
        return 0
