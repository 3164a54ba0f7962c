# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""What agents have in hand: offers, contacts, wrap-ups, and the one place where an agent's state is reported.

Rules 3 to 5; the reference has the same steps under the same names (`acd_core.reference.hands`).  Whoever comes to be
free or to want an agent by a step is marked, for `acd_core.core.settling` to look at.
"""

from cpython.ref cimport PyObject
from libc.stdint cimport int32_t, int64_t

from acd_core.core.agents cimport (
    AGENT_AVAILABLE,
    AGENT_BUSY,
    AGENT_NOT_RESPONDING,
    AGENT_OFFERED,
    AGENT_SIGNED_OUT,
    AGENT_WRAP_UP,
    AgentRow,
    Agents,
    AgentStateCode,
    OfferRow,
    WorkRow,
)
from acd_core.core.bin cimport Bin
from acd_core.core.contacts cimport (
    CHARGED,
    CONTACT_ASSIGNED,
    CONTACT_OFFERED,
    CONTACT_WAITING,
    ContactRow,
    Contacts,
)
from acd_core.core.exclusions cimport Exclusions
from acd_core.core.explaining cimport explain
from acd_core.core.marks cimport Marks
from acd_core.core.matching cimport Matching, RunnersUp
from acd_core.core.memory cimport prefetch
from acd_core.core.output cimport (
    AGENT_STATE_CHANGED,
    CONTACT_ASSIGNED as CONTACT_ASSIGNED_RECORD,
    CONTACT_INTERRUPTED,
    CONTACT_RESUMED,
    END_ACCEPTED,
    END_REVOKED,
    OFFER_ENDED,
    OFFER_MADE,
    OfferEndCode,
    Output,
    Record,
)
from acd_core.core.queues cimport QueueRow, Queues
from acd_core.core.skills cimport Skills
from acd_core.core.timers cimport HOMES, TIMER_OFFER, TIMER_RETURN, TIMER_WRAP_UP, Timers


cdef class Hands:
    def __cinit__(self, int32_t exclusions_max, int64_t names_max):
        self.exclusions_max = exclusions_max
        self.skills = Skills(names_max)
        self.bin = Bin()
        self.queues = Queues(self.bin)
        self.contacts = Contacts(self.queues, self.bin)
        self.kinds = self.contacts.kinds
        self.agents = Agents(self.bin)
        self.profiles = self.agents.profiles
        self.timers = Timers()
        self.exclusions = Exclusions(self.contacts, self.agents, self.timers)
        self.matching = Matching(self.skills, self.queues, self.contacts, self.agents, self.exclusions)
        self.output = Output(self.bin)
        self.waiting = Marks()
        self.free = Marks()

    cdef int place(self, int32_t contact) except -1:
        raise NotImplementedError

    cdef int lost_agent(self, object queues) except -1:
        raise NotImplementedError

    cdef int drop_profile(self, int32_t profile) except -1:
        raise NotImplementedError

    # Offers

    cdef int make_offer(self, int32_t contact, int32_t agent, object named, RunnersUp* seconds) except -1:
        """``named``: what chose the agent if not the queue's strategy, else None.  ``seconds``: see `explain`."""
        cdef Record* record
        cdef OfferRow* row
        cdef ContactRow* found
        cdef int32_t* link
        cdef bint contested
        cdef int32_t queue = self.contacts.queue_of(contact)
        cdef QueueRow* settings = &self.queues.rows[queue]
        cdef int64_t expires_ns = self.now_ns + settings.offer_ns
        if named is None and self.matching.get_preferred(contact) == agent:
            named = "preferred"
        record = self.output.add(OFFER_MADE)
        record.contact = self.contacts.names.get(contact)
        record.agent = self.agents.names.get(agent)
        record.queue = self.queues.names.get(queue)
        record.until_ns = expires_ns
        # without a window, nobody free could take anybody waiting before this event (`acd_core.core.settling`)
        contested = self.gathers or self.waiting.size > 1 or self.agents.rows[agent].marked
        explain(self.matching, self.output.add_reasons(record), contact, agent, named, contested, seconds)
        found = &self.contacts.rows[contact]
        if settings.toll and not found.flags & CHARGED:
            self.queues.charge(queue)
        found.flags |= CHARGED
        self.offers_made += 1
        self.sequence += 1
        record.offer = self.offers_made
        row = &self.agents.rows[agent].open
        row.number = self.offers_made
        row.expires_ns = expires_ns
        row.contact = contact
        row.next = -1
        row.timer = self.timers.start(TIMER_OFFER, agent, expires_ns, self.sequence)
        if found.offer < 0:
            self.contacts.set_state(contact, CONTACT_OFFERED)
        link = &found.offer
        while link[0] >= 0:
            link = &self.agents.rows[link[0]].open.next
        link[0] = agent
        found.offers += 1
        self.place(contact)
        self.agents.rows[agent].offer = agent
        self.agents.rows[agent].last_offer = self.offers_made
        return self.show(agent, AGENT_OFFERED, "offered", 0)

    cdef int close_offer(self, int32_t offer, OfferEndCode end, object reason) except -1:
        """The contact is to be placed by the caller."""
        cdef OfferRow* row = &self.agents.rows[offer].open
        cdef int32_t* link = &self.contacts.rows[row.contact].offer
        cdef Record* record = self.output.add(OFFER_ENDED)
        record.offer = row.number
        record.state = end
        record.contact = self.contacts.names.get(row.contact)
        record.agent = self.agents.names.get(offer)
        record.reason = self.bin.hold(reason)
        self.timers.cancel(row.timer)
        while link[0] != offer:
            link = &self.agents.rows[link[0]].open.next
        link[0] = row.next
        self.contacts.rows[row.contact].offers -= 1
        self.agents.rows[offer].offer = -1
        return 0

    cdef int end_offer(self, int32_t offer, OfferEndCode end, object reason) except -1:
        """It came to nothing; without another open one the contact waits again."""
        cdef int32_t contact = self.agents.rows[offer].open.contact
        self.close_offer(offer, end, reason)
        if self.contacts.rows[contact].offer < 0:
            self.contacts.set_state(contact, CONTACT_WAITING)
        return self.place(contact)

    cdef int revoke_offers(self, int32_t contact, object reason) except -1:
        """All of them."""
        while self.contacts.rows[contact].offer >= 0:
            self.take_back(self.contacts.rows[contact].offer, reason)
        return 0

    cdef int take_back(self, int32_t agent, object reason) except -1:
        """What rings there is revoked, and the agent is available as if nothing had been."""
        self.end_offer(agent, END_REVOKED, reason)
        return self.release(agent, AGENT_AVAILABLE, reason, -1, False, 0)

    cdef int take(self, int32_t offer) except -1:
        """It is accepted."""
        cdef int32_t contact = self.agents.rows[offer].open.contact
        cdef int32_t agent = offer
        cdef int64_t number = self.agents.rows[offer].open.number
        cdef PyObject* name = self.contacts.names.get(contact)
        cdef int32_t channel = self.kinds.classes[self.contacts.rows[contact].klass].channel
        cdef int32_t other, work
        cdef Record* record
        self.close_offer(offer, END_ACCEPTED, "")
        self.contacts.set_state(contact, CONTACT_ASSIGNED)
        self.contacts.rows[contact].agent = agent
        self.place(contact)
        self.exclusions.forget_contact(contact)
        if self.agents.rows[agent].first_work >= 0 or self.profiles.keys[self.agents.rows[agent].profile][3]:
            self.restart_idle(agent)
        record = self.output.add(CONTACT_ASSIGNED_RECORD)
        record.contact = name
        record.agent = self.agents.names.get(agent)
        record.offer = number
        work = self.agents.add_work(
            agent, contact, <object>name, self.profiles.lane_of[channel][self.agents.rows[agent].profile]
        )
        self.interrupt(agent, work)
        self.show(agent, AGENT_BUSY, "accepted", 0)
        while self.contacts.rows[contact].offer >= 0:
            other = self.contacts.rows[contact].offer
            agent = other
            self.close_offer(other, END_REVOKED, "answered by another agent")
            self.release(agent, AGENT_AVAILABLE, "answered by another agent", -1, False, 0)
        return 0

    # Work in hand

    cdef int64_t active_weight(self, int32_t agent) noexcept:
        cdef int32_t work = self.agents.rows[agent].first_work
        cdef int64_t total = 0
        while work >= 0:
            if not self.agents.work(work).interrupted:
                total += self.agents.work(work).weight
            work = self.agents.work(work).next
        return total

    cdef int interrupt(self, int32_t agent, int32_t accepted) except -1:
        """Make room for what was accepted last (rule 3.4)."""
        cdef int32_t capacity = self.profiles.rows[self.agents.rows[agent].profile].capacity
        cdef int32_t work, last
        while self.active_weight(agent) > capacity:
            last = -1
            work = self.agents.rows[agent].first_work
            while work >= 0:
                if work != accepted and self.agents.work(work).interruptible:
                    if not self.agents.work(work).interrupted:
                        last = work
                work = self.agents.work(work).next
            if last < 0:
                break
            self.agents.work(last).interrupted = True
            if self.agents.work(last).until_ns < 0:
                self.report_work(agent, last, True)
        return 0

    cdef int resume(self, int32_t agent) except -1:
        cdef int64_t capacity = self.profiles.rows[self.agents.rows[agent].profile].capacity
        cdef int32_t work = self.agents.rows[agent].first_work
        cdef WorkRow* row
        while work >= 0:
            row = self.agents.work(work)
            if row.interrupted:
                if self.active_weight(agent) + row.weight <= max(capacity, <int64_t>row.weight):
                    row.interrupted = False
                    if row.until_ns < 0:
                        self.report_work(agent, work, False)
            work = row.next
        return 0

    cdef int report_work(self, int32_t agent, int32_t work, bint interrupted) except -1:
        cdef Record* record = self.output.add(CONTACT_INTERRUPTED if interrupted else CONTACT_RESUMED)
        record.contact = self.agents.work(work).name
        record.agent = self.agents.names.get(agent)
        return 0

    cdef int32_t find_work(self, int32_t agent, int32_t contact) noexcept:
        """The agent's work that is this contact."""
        cdef int32_t work = self.agents.rows[agent].first_work
        while work >= 0 and self.agents.work(work).contact != contact:
            work = self.agents.work(work).next
        return work

    cdef int32_t foremost_work(self, int32_t agent) except -2:
        """Of what is in hand, the one that the agent's state tells of: one they are at, else the wrap-up that ends
        first."""
        cdef int32_t work = self.agents.rows[agent].first_work
        while work >= 0 and (self.agents.work(work).until_ns >= 0 or self.agents.work(work).interrupted):
            work = self.agents.work(work).next
        return work if work >= 0 else self.first_wrap_up(agent, None)

    cdef PyObject* shown_contact(self, int32_t agent) except? NULL:
        """The one that the agent's state tells of, or NULL."""
        cdef AgentRow* row = &self.agents.rows[agent]
        if row.offer >= 0:
            return self.contacts.names.get(row.open.contact)
        if row.first_work >= 0:
            return self.agents.work(self.foremost_work(agent)).name
        return NULL

    cdef int32_t first_wrap_up(self, int32_t agent, object contact) except -2:
        """Of that contact (None: of any) the one that ends first, or -1."""
        cdef int32_t work = self.agents.rows[agent].first_work
        cdef int32_t found = -1
        cdef WorkRow* row
        while work >= 0:
            row = self.agents.work(work)
            if row.until_ns >= 0 and (contact is None or <object>row.name == contact):
                if found < 0 or row.until_ns < self.agents.work(found).until_ns or (
                    row.until_ns == self.agents.work(found).until_ns
                    and self.timers.rows[row.timer].sequence
                    < self.timers.rows[self.agents.work(found).timer].sequence
                ):
                    found = work
            work = row.next
        return found

    cdef int finish_work(self, int32_t agent, int32_t work, int64_t wrap_up_ns, object reason, int32_t spare) except -1:
        """The conversation is over: wrap-up, or nothing more of it.  ``wrap_up_ns``: the queue's."""
        cdef WorkRow* row = self.agents.work(work)
        if self.agents.rows[agent].wrap_up_ns >= 0:
            wrap_up_ns = self.agents.rows[agent].wrap_up_ns
        row.contact = -1
        if wrap_up_ns and not row.interrupted:
            self.sequence += 1
            row.until_ns = self.now_ns + wrap_up_ns
            row.timer = self.timers.start(TIMER_WRAP_UP, work, row.until_ns, self.sequence)
            return self.show(agent, AGENT_WRAP_UP, reason, 0)
        self.agents.remove_work(work)
        return self.release(agent, AGENT_AVAILABLE, reason, spare, True, 0)

    cdef int release(
        self, int32_t agent, AgentStateCode state, object reason, int32_t spare, bint freed, int64_t return_ns
    ) except -1:
        """An offer, or (``freed``) a work, has left the agent's hands: rule 4.4.  ``spare``: a contact, or -1."""
        cdef AgentRow* row = &self.agents.rows[agent]
        cdef AgentStateCode becomes = state
        cdef object because = reason
        cdef int64_t until_ns
        if row.next_state >= 0 and state != AGENT_SIGNED_OUT:
            becomes = <AgentStateCode>row.next_state
            because = <object>row.next_reason
            return_ns = row.return_ns
        if becomes == AGENT_AVAILABLE and spare >= 0:
            if self.exclusions.slots.count < self.exclusions_max:
                until_ns = self.now_ns + self.queues.rows[self.contacts.queue_of(spare)].offer_ns
                self.sequence += 1
                self.exclusions.add(spare, agent, until_ns, self.sequence)
                self.place(spare)
            else:
                becomes = AGENT_NOT_RESPONDING
                because = "too many offers rejected"
        if freed:
            self.resume(agent)
        if row.first_work < 0 and row.offer < 0:
            return self.become(agent, becomes, because, return_ns)
        if becomes != AGENT_AVAILABLE:
            self.agents.set_next(agent, becomes, because)
            row.return_ns = return_ns
        if freed:
            self.restart_idle(agent)
        return self.show(agent, AGENT_AVAILABLE, reason, 0)

    cdef int become(self, int32_t agent, AgentStateCode state, object reason, int64_t return_ns) except -1:
        """With empty hands."""
        cdef AgentRow* row = &self.agents.rows[agent]
        cdef int32_t profile = row.profile
        cdef frozenset queues
        self.agents.clear_next(agent)
        if state == AGENT_AVAILABLE and row.state != AGENT_OFFERED:
            self.restart_idle(agent)
        self.show(agent, state, reason, return_ns if state == AGENT_NOT_RESPONDING else 0)
        if state == AGENT_SIGNED_OUT:
            queues = self.profiles.keys[profile][0]
            self.exclusions.forget_agent(agent)
            self.queues.count_agents(queues, -1)
            self.matching.fans.signed_out(agent)
            self.agents.remove(agent)
            self.drop_profile(profile)
            self.lost_agent(queues)
        return 0

    cdef void restart_idle(self, int32_t agent) noexcept:
        self.sequence += 1
        self.agents.rows[agent].idle_since_ns = self.now_ns
        self.agents.rows[agent].idle_sequence = self.sequence

    cdef int wish(self, int32_t agent, AgentStateCode state, object reason, int64_t return_ns) except -1:
        """For when nothing is in hand any more."""
        self.agents.set_next(agent, state, reason)
        self.agents.rows[agent].return_ns = return_ns
        self.agents.refresh(agent)
        return self.agent_moved(agent)

    # States

    cdef int show(self, int32_t agent, AgentStateCode empty, object reason, int64_t return_ns) except -1:
        """Sets and reports the state that what is in hand makes (rule 4.1); with nothing in hand the one given.

        ``return_ns``: how long until a not responding agent is back; 0: when they say so.
        """
        cdef AgentRow* row = &self.agents.rows[agent]
        cdef AgentStateCode state = empty
        cdef int64_t until_ns = -1
        cdef Record* record
        if row.timer >= 0:
            self.timers.cancel(row.timer)
            row.timer = -1
        if row.offer >= 0:
            state = AGENT_OFFERED
            until_ns = row.open.expires_ns
        elif row.first_work >= 0:
            until_ns = self.agents.work(self.foremost_work(agent)).until_ns
            state = AGENT_BUSY if until_ns < 0 else AGENT_WRAP_UP
        elif return_ns:
            self.sequence += 1
            until_ns = self.now_ns + return_ns
            row.timer = self.timers.start(TIMER_RETURN, agent, until_ns, self.sequence)
        self.agents.set_state(agent, state, reason, self.now_ns, until_ns)
        record = self.output.add(AGENT_STATE_CHANGED)
        record.agent = self.agents.names.get(agent)
        record.state = state
        record.reason = row.reason
        record.until_ns = until_ns
        record.contact = self.shown_contact(agent)
        return self.agent_moved(agent)

    cdef void foresee(self, int32_t agent) noexcept:
        """Fetch what is asked for when the agent comes to be free, all at once and not one after the other."""
        cdef AgentRow* row = &self.agents.rows[agent]
        prefetch(&row.work)
        prefetch(&row.reason)
        prefetch(&self.timers.rows[HOMES * agent])
        prefetch(&self.profiles.rows[row.profile])
        prefetch(&self.profiles.lanes[row.lane])
        prefetch(&self.profiles.counts[row.lane])
        self.matching.profile_classes.prefetch(row.profile)

    cdef void foresee_offer(self, int32_t agent, int32_t runner_up) noexcept:
        """Fetch what is asked for when the agent is offered something, and of the runner-up (-1: unknown)."""
        cdef AgentRow* row = &self.agents.rows[agent]
        prefetch(row)
        prefetch(&row.reason)
        prefetch(&row.open)
        prefetch(&self.timers.rows[HOMES * agent])
        if runner_up >= 0:
            prefetch(&self.agents.rows[runner_up])
            prefetch(&self.agents.rows[runner_up].idle_since_ns)

    cdef int agent_moved(self, int32_t agent) except -1:
        """After each change of what the agent may take: whom it concerns is looked at again."""
        cdef AgentRow* row = &self.agents.rows[agent]
        if row.offer < 0 and not row.marked and self.agents.at_work(agent):
            row.marked = True
            self.free.add(agent)
        if row.attended != self.agents.at_work(agent):
            self.place_fans(agent)
        return 0

    cdef int place_fans(self, int32_t agent) except -1:
        """Those who prefer the agent are kept for them, or no more."""
        cdef int32_t contact = self.matching.fans.first(agent)
        self.agents.rows[agent].attended = self.agents.at_work(agent)
        while contact >= 0:
            self.place(contact)
            contact = self.matching.fans.after(contact)
        return 0
