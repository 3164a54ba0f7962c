# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""What happens on each event.  The caller has checked that it may happen; nothing here refuses.

The reference has the same steps under nearly the same names (`acd_core.reference.distributor`).  The one difference is
the matching: the reference looks at everybody after each event.  Here, as nobody idle could serve anybody waiting
before the event, only the contact that came to wait and the agent who came to be idle by it are looked at.

A MemoryError may leave an event half done; the distributor above takes care that nothing more is asked of it then.
"""

cimport cython
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport free

from acd_core.core.agents cimport (
    AGENT_AVAILABLE,
    AGENT_BUSY,
    AGENT_NOT_RESPONDING,
    AGENT_OFFERED,
    AGENT_PAUSED,
    AGENT_SIGNED_OUT,
    AGENT_WRAP_UP,
    AgentRow,
    Agents,
    AgentStateCode,
)
from acd_core.core.contacts cimport (
    CONTACT_ASSIGNED,
    CONTACT_ENDED,
    CONTACT_OFFERED,
    CONTACT_WAITING,
    ContactRow,
    Contacts,
)
from acd_core.core.exclusions cimport Exclusions
from acd_core.core.heap cimport comes_before
from acd_core.core.matching cimport Matching
from acd_core.core.memory cimport Slots, grow
from acd_core.core.output cimport (
    AGENT_STATE_CHANGED,
    CONTACT_ASSIGNED as CONTACT_ASSIGNED_RECORD,
    END_ACCEPTED,
    END_EXPIRED,
    END_REJECTED,
    END_REVOKED,
    OFFER_ENDED,
    OFFER_MADE,
    OfferEndCode,
    Output,
    Record,
    own,
)
from acd_core.core.queues cimport Queues
from acd_core.core.skills cimport Skills
from acd_core.core.timers cimport TIMER_OFFER, TIMER_WRAP_UP, Timers


@cython.final
cdef class Engine:
    def __cinit__(self, int32_t exclusions_max):
        self.exclusions_max = exclusions_max
        self.skills = Skills()
        self.queues = Queues()
        self.contacts = Contacts(self.queues)
        self.agents = Agents()
        self.timers = Timers()
        self.exclusions = Exclusions(self.contacts, self.agents, self.timers)
        self.matching = Matching(self.skills, self.queues, self.contacts, self.agents, self.exclusions)
        self.output = Output()
        self.offer_slots = Slots()

    def __dealloc__(self):
        free(self.offers)

    # Queues

    cdef int configure_queue(
        self, object name, int64_t offer_ns, int64_t wrap_up_ns, frozenset skills, object strategy
    ) except -1:
        cdef int32_t klass
        cdef int32_t queue = self.queues.find(name)
        cdef frozenset old_skills = self.queues.skills[queue] if queue >= 0 else frozenset()
        self.skills.hold(skills)
        queue = self.queues.configure(name, offer_ns, wrap_up_ns, skills, strategy)
        if skills != old_skills:
            for klass in range(self.contacts.classes.slots.used):
                if self.contacts.classes.keys[klass] is not None and self.contacts.classes.rows[klass].queue == queue:
                    self.matching.unlink_class(klass)
                    self.matching.link_class(klass)
            self.settle_queue(queue)
        self.skills.release(old_skills)
        return 0

    cdef int remove_queue(self, int32_t queue) except -1:
        self.skills.release(self.queues.skills[queue])
        self.queues.remove(queue)
        return 0

    # Agents

    cdef int sign_in(self, object name, frozenset queues, frozenset skills) except -1:
        cdef int32_t profile = self.get_profile(queues, skills)
        cdef int32_t agent = self.agents.add(name, profile)
        self.queues.count_agents(queues, 1)
        self.set_agent(agent, AGENT_PAUSED, "signed in", -1, None)
        return 0

    cdef int change_agent(self, int32_t agent, frozenset queues, frozenset skills) except -1:
        cdef int32_t old = self.agents.rows[agent].profile
        cdef int32_t profile = self.get_profile(queues, skills)
        if profile == old:
            return 0
        self.queues.count_agents(queues, 1)
        self.queues.count_agents(self.agents.profiles.keys[old][0], -1)
        self.agents.move(agent, profile)
        self.drop_profile(old)
        self.settle(-1, agent)
        return 0

    cdef int ready(self, int32_t agent) except -1:
        cdef int32_t state = self.agents.rows[agent].state
        self.agents.clear_next(agent)
        if state == AGENT_PAUSED or state == AGENT_NOT_RESPONDING or state == AGENT_WRAP_UP:
            self.set_agent(agent, AGENT_AVAILABLE, "ready", -1, None)
            self.settle(-1, agent)
        return 0

    cdef int pause(self, int32_t agent, object reason) except -1:
        cdef int32_t state = self.agents.rows[agent].state
        if state == AGENT_OFFERED or state == AGENT_BUSY or state == AGENT_WRAP_UP:
            self.agents.set_next(agent, AGENT_PAUSED, reason)
        else:
            self.set_agent(agent, AGENT_PAUSED, reason, -1, None)
        return 0

    cdef int sign_out(self, int32_t agent) except -1:
        cdef int32_t state = self.agents.rows[agent].state
        cdef int32_t offer = self.agents.rows[agent].offer
        cdef int32_t contact = -1
        if state == AGENT_BUSY or state == AGENT_WRAP_UP:
            self.agents.set_next(agent, AGENT_SIGNED_OUT, "signed out")
            return 0
        if offer >= 0:
            contact = self.offers[offer].contact
            self.end_offer(offer, END_REVOKED, "signed out")
        self.set_agent(agent, AGENT_SIGNED_OUT, "signed out", -1, None)
        self.settle(contact, -1)
        return 0

    # Contacts

    cdef int32_t add_class(self, tuple key, int32_t queue) except -1:
        cdef int32_t klass
        self.skills.hold(key[2])
        klass = self.contacts.classes.add(key, queue)
        self.matching.link_class(klass)
        return klass

    cdef int arrive(self, object name, int32_t klass, int64_t arrival_ns) except -1:
        self.sequence += 1
        self.settle(self.contacts.add(name, klass, arrival_ns, self.sequence), -1)
        return 0

    cdef int abandon(self, int32_t contact) except -1:
        cdef int32_t offer = self.contacts.rows[contact].offer
        cdef int32_t agent = -1
        if offer >= 0:
            agent = self.offers[offer].agent
            self.end_offer(offer, END_REVOKED, "customer left")
            agent = self.release(agent, AGENT_AVAILABLE, "customer left", -1)
        self.remove_contact(contact)
        self.settle(-1, agent)
        return 0

    cdef int end(self, int32_t contact) except -1:
        cdef int32_t agent = self.contacts.rows[contact].agent
        cdef int32_t klass = self.contacts.rows[contact].klass
        cdef int64_t wrap_up_ns = self.queues.rows[self.contacts.classes.rows[klass].queue].wrap_up_ns
        cdef object name = <object>self.contacts.names.names[contact]
        self.remove_contact(contact)
        if wrap_up_ns:
            self.sequence += 1
            self.agents.rows[agent].timer = self.timers.start(
                TIMER_WRAP_UP, agent, self.now_ns + wrap_up_ns, self.sequence
            )
            self.set_agent(agent, AGENT_WRAP_UP, "contact over", self.now_ns + wrap_up_ns, name)
        else:
            agent = self.release(agent, AGENT_AVAILABLE, "contact over", -1)
            self.settle(-1, agent)
        return 0

    cdef int requeue(self, int32_t contact, AgentStateCode state, object reason) except -1:
        cdef int32_t agent = self.contacts.rows[contact].agent
        self.contacts.set_state(contact, CONTACT_WAITING)
        self.contacts.rows[contact].agent = -1
        agent = self.release(agent, state, reason, contact)
        self.settle(contact, agent)
        return 0

    # Offers

    cdef int accept(self, int32_t offer) except -1:
        cdef int32_t contact = self.offers[offer].contact
        cdef int32_t agent = self.offers[offer].agent
        cdef int64_t number = self.offers[offer].number
        cdef object name = <object>self.contacts.names.names[contact]
        cdef Record* record
        self.close_offer(offer, END_ACCEPTED, "")
        self.contacts.set_state(contact, CONTACT_ASSIGNED)
        self.contacts.rows[contact].agent = agent
        self.exclusions.forget_contact(contact)
        record = self.output.add(CONTACT_ASSIGNED_RECORD, <object>self.agents.names.names[agent])
        record.contact = own(name)
        record.offer = number
        self.set_agent(agent, AGENT_BUSY, "accepted", -1, name)
        return 0

    cdef int reject(self, int32_t offer, object reason) except -1:
        cdef int32_t contact = self.offers[offer].contact
        cdef int32_t agent = self.offers[offer].agent
        self.end_offer(offer, END_REJECTED, reason)
        agent = self.release(agent, AGENT_AVAILABLE, reason if reason else "rejected", contact)
        self.settle(contact, agent)
        return 0

    cdef int revoke(self, int32_t offer, AgentStateCode state, object reason) except -1:
        cdef int32_t contact = self.offers[offer].contact
        cdef int32_t agent = self.offers[offer].agent
        self.end_offer(offer, END_REVOKED, reason)
        agent = self.release(agent, state, reason, contact)
        self.settle(contact, agent)
        return 0

    # Wrap-up and timers

    cdef int finish_wrap_up(self, int32_t agent, object reason) except -1:
        agent = self.release(agent, AGENT_AVAILABLE, reason, -1)
        self.settle(-1, agent)
        return 0

    cdef int extend_wrap_up(self, int32_t agent, int64_t until_ns) except -1:
        cdef AgentRow* row = &self.agents.rows[agent]
        self.sequence += 1
        self.timers.cancel(row.timer)
        row.timer = self.timers.start(TIMER_WRAP_UP, agent, until_ns, self.sequence)
        self.set_agent(agent, AGENT_WRAP_UP, "wrap-up extended", until_ns, <object>row.contact)
        return 0

    cdef int run_timers(self) except -1:
        """Everything that is due at ``now_ns``, in order."""
        cdef int32_t timer, owner, kind, contact, agent
        while self.timers.heap.size and self.timers.next_due_ns() <= self.now_ns:
            timer = self.timers.next_timer()
            kind = self.timers.rows[timer].kind
            owner = self.timers.rows[timer].owner
            if kind == TIMER_OFFER:
                contact = self.offers[owner].contact
                agent = self.offers[owner].agent
                self.end_offer(owner, END_EXPIRED, "no answer")
                self.release(agent, AGENT_NOT_RESPONDING, "no answer", -1)
                self.settle(contact, -1)
            elif kind == TIMER_WRAP_UP:
                self.finish_wrap_up(owner, "wrap-up over")
            else:
                contact = self.exclusions.rows[owner].contact
                self.exclusions.remove(owner)
                if self.contacts.rows[contact].state == CONTACT_WAITING:
                    self.settle(contact, -1)
        return 0

    # Matching

    cdef int settle(self, int32_t contact, int32_t agent) except -1:
        """Match the contact that came to wait and the agent who came to be idle (-1: none).

        They are never a match for each other: an agent who becomes idle by losing this contact is excluded for it.
        Hence the two matches can't get in each other's way, and are made in the order in which the contacts arrived.
        """
        cdef int32_t for_contact = -1, for_agent = -1
        cdef ContactRow* rows
        if contact >= 0:
            for_contact = self.matching.best_agent(contact)
        if agent >= 0 and self.agents.rows[agent].state == AGENT_AVAILABLE:
            for_agent = self.matching.best_contact(agent)
        if for_contact >= 0 and for_agent >= 0:
            assert for_contact != agent and for_agent != contact
            rows = self.contacts.rows
            if comes_before(
                rows[for_agent].arrival_ns, rows[for_agent].sequence, rows[contact].arrival_ns, rows[contact].sequence
            ):
                self.make_offer(for_agent, agent)
                for_agent = -1
        if for_contact >= 0:
            self.make_offer(contact, for_contact)
        if for_agent >= 0:
            self.make_offer(for_agent, agent)
        return 0

    cdef int settle_queue(self, int32_t queue) except -1:
        """Match all waiting contacts of the queue, in order of arrival: its requirements have changed."""
        cdef int32_t klass, place, agent, contact
        cdef ContactRow* row
        cdef list waiting = []
        for klass in range(self.contacts.classes.slots.used):
            if self.contacts.classes.keys[klass] is not None and self.contacts.classes.rows[klass].queue == queue:
                for place in range(self.contacts.classes.rows[klass].waiting.size):
                    contact = self.contacts.classes.rows[klass].waiting.entries[place].slot
                    row = &self.contacts.rows[contact]
                    waiting.append((row.arrival_ns, row.sequence, contact))
        waiting.sort()
        for _, _, contact in waiting:
            agent = self.matching.best_agent(contact)
            if agent >= 0:
                self.make_offer(contact, agent)
        return 0

    cdef int make_offer(self, int32_t contact, int32_t agent) except -1:
        cdef Record* record
        cdef OfferRow* row
        cdef int32_t queue = self.contacts.classes.rows[self.contacts.rows[contact].klass].queue
        cdef int64_t expires_ns = self.now_ns + self.queues.rows[queue].offer_ns
        cdef int32_t offer = self.offer_slots.take()
        cdef object name = <object>self.contacts.names.names[contact]
        if self.offer_slots.capacity > self.offer_capacity:
            self.offers = <OfferRow*>grow(
                self.offers, sizeof(OfferRow), self.offer_capacity, self.offer_slots.capacity
            )
            self.offer_capacity = self.offer_slots.capacity
        record = self.output.add(OFFER_MADE, <object>self.agents.names.names[agent])
        self.offers_made += 1
        record.offer = self.offers_made
        record.until_ns = expires_ns
        record.contact = own(name)
        record.queue = own(<object>self.queues.names.names[queue])
        self.matching.explain(record, contact, agent, self.now_ns)
        row = &self.offers[offer]
        row.number = self.offers_made
        row.expires_ns = expires_ns
        row.contact = contact
        row.agent = agent
        self.sequence += 1
        row.timer = self.timers.start(TIMER_OFFER, offer, expires_ns, self.sequence)
        self.contacts.set_state(contact, CONTACT_OFFERED)
        self.contacts.rows[contact].offer = offer
        self.contacts.rows[contact].agent = agent
        self.agents.rows[agent].offer = offer
        self.set_agent(agent, AGENT_OFFERED, "offered", expires_ns, name)
        return 0

    cdef int close_offer(self, int32_t offer, OfferEndCode end, object reason) except -1:
        cdef OfferRow* row = &self.offers[offer]
        cdef Record* record = self.output.add(OFFER_ENDED, <object>self.agents.names.names[row.agent])
        record.offer = row.number
        record.state = end
        record.contact = own(<object>self.contacts.names.names[row.contact])
        record.reason = own(reason)
        self.timers.cancel(row.timer)
        self.contacts.rows[row.contact].offer = -1
        self.contacts.rows[row.contact].agent = -1
        self.agents.rows[row.agent].offer = -1
        self.offer_slots.give_back(offer)
        return 0

    cdef int end_offer(self, int32_t offer, OfferEndCode end, object reason) except -1:
        """The contact waits again, at its old place; who gets it is for `settle`."""
        cdef int32_t contact = self.offers[offer].contact
        self.close_offer(offer, end, reason)
        self.contacts.set_state(contact, CONTACT_WAITING)
        return 0

    # States

    cdef int32_t release(self, int32_t agent, AgentStateCode state, object reason, int32_t spare) except -1:
        """The agent's work in hand is over: what was asked for meanwhile takes effect, else ``state``.

        ``spare``: the contact from which to spare the agent if available now, or -1.  Returns the agent, or
        `AGENT_GONE` when signed out.
        """
        cdef AgentRow* row = &self.agents.rows[agent]
        cdef int32_t klass
        cdef int64_t until_ns
        if row.next_state >= 0 and state != AGENT_SIGNED_OUT:
            state = <AgentStateCode>row.next_state
            reason = <object>row.next_reason
        if state == AGENT_AVAILABLE and spare >= 0:
            if self.exclusions.slots.count < self.exclusions_max:
                klass = self.contacts.rows[spare].klass
                until_ns = self.now_ns + self.queues.rows[self.contacts.classes.rows[klass].queue].offer_ns
                self.sequence += 1
                self.exclusions.add(spare, agent, until_ns, self.sequence)
            else:
                state = AGENT_NOT_RESPONDING
                reason = "too many offers rejected"
        self.set_agent(agent, state, reason, -1, None)
        return agent if state != AGENT_SIGNED_OUT else AGENT_GONE

    cdef int set_agent(
        self, int32_t agent, AgentStateCode state, object reason, int64_t until_ns, object contact
    ) except -1:
        """Every change of an agent's state passes here: idle time, timer, report."""
        cdef AgentRow* row = &self.agents.rows[agent]
        cdef Record* record
        cdef int32_t profile
        if state == AGENT_AVAILABLE and row.state != AGENT_OFFERED:
            self.sequence += 1
            row.idle_since_ns = self.now_ns
            row.idle_sequence = self.sequence
        if state != AGENT_WRAP_UP and row.timer >= 0:
            self.timers.cancel(row.timer)
            row.timer = -1
        self.agents.set_state(agent, state, reason, self.now_ns, until_ns, contact)
        record = self.output.add(AGENT_STATE_CHANGED, <object>self.agents.names.names[agent])
        record.state = state
        record.reason = own(reason)
        record.until_ns = until_ns
        if contact is not None:
            record.contact = own(contact)
        if state == AGENT_SIGNED_OUT:
            self.exclusions.forget_agent(agent)
            profile = row.profile
            self.queues.count_agents(self.agents.profiles.keys[profile][0], -1)
            self.agents.remove(agent)
            self.drop_profile(profile)
        return 0

    cdef int remove_contact(self, int32_t contact) except -1:
        cdef int32_t klass = self.contacts.rows[contact].klass
        self.exclusions.forget_contact(contact)
        self.contacts.set_state(contact, CONTACT_ENDED)
        self.contacts.remove(contact)
        if self.contacts.classes.rows[klass].members == 0:
            self.matching.unlink_class(klass)
            self.skills.release(self.contacts.classes.keys[klass][2])
            self.contacts.classes.remove(klass)
        return 0

    # Profiles

    cdef int32_t get_profile(self, frozenset queues, frozenset skills) except -1:
        """The profile with these, made if need be."""
        cdef tuple key = (queues, skills)
        cdef object known = self.agents.profiles.by_key.get(key)
        cdef int32_t profile
        if known is not None:
            return known
        self.skills.hold(skills)
        profile = self.agents.profiles.add(key)
        self.queues.enter_profile(profile, queues)
        self.skills.enter_profile(profile, skills)
        self.matching.link_profile(profile)
        return profile

    cdef int drop_profile(self, int32_t profile) except -1:
        """If nobody is left in it."""
        cdef frozenset queues, skills
        if self.agents.profiles.rows[profile].members:
            return 0
        queues, skills = self.agents.profiles.keys[profile]
        self.matching.unlink_profile(profile)
        self.skills.leave_profile(profile, skills)
        self.queues.leave_profile(profile, queues)
        self.agents.profiles.remove(profile)
        self.skills.release(skills)
        return 0
