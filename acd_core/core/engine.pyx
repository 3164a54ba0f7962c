# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""What happens on each event (rule 9) and when a timer is due.  The caller has checked that it may happen.

An error here leaves an event half done; the distributor above takes care that nothing more is asked of it then.
"""

cimport cython
from libc.stdint cimport int32_t, int64_t

from acd_core.core.agents cimport (
    AGENT_AVAILABLE,
    AGENT_NOT_RESPONDING,
    AGENT_PAUSED,
    AGENT_SIGNED_OUT,
    AGENT_WRAP_UP,
    AgentRow,
    AgentStateCode,
    WorkRow,
)
from acd_core.core.contacts cimport (
    CONTACT_ASSIGNED,
    CONTACT_ENDED,
    CONTACT_OFFERED,
    CONTACT_WAITING,
    DEFERRED,
    HELD,
    NOWHERE,
    SHUT_OUT,
)
from acd_core.core.heap cimport comes_before
from acd_core.core.matching cimport RunnersUp, forget_runners_up
from acd_core.core.output cimport END_EXPIRED, END_REJECTED, END_REVOKED
from acd_core.core.settling cimport Settling
from acd_core.core.timers cimport TIMER_EXCLUSION, TIMER_OFFER, TIMER_RETURN, TIMER_WRAP_UP, TimerRow

from acd_core.requirements import list_queue_skills

cdef int64_t NS_PER_MS = 1_000_000


@cython.final
cdef class Engine(Settling):
    # Queues

    cdef int configure_queue(self, object settings) except -1:
        cdef int32_t klass, contact
        cdef int32_t queue = self.queues.find(settings.queue)
        cdef object old = self.queues.settings[queue] if queue >= 0 else None
        cdef int32_t profile
        cdef list classes, contacts
        self.hold_skills(list_queue_skills(settings))
        queue = self.queues.configure(settings)
        for profile in range(self.profiles.slots.used):
            if self.queues.profiles.has(queue, profile):
                self.agents.add_orderings(profile, self.queues.orderings(queue))
        if old is None:
            return 0
        classes = self.kinds.list_classes(queue)
        if (old.skills, old.needs, old.steps) != (settings.skills, settings.needs, settings.steps):
            for klass in classes:
                self.matching.unlink_class(klass)
                self.compile(klass)
                self.matching.link_class(klass)
        for klass in classes:
            self.contacts.refresh(klass)
        self.kinds.tighten_bound(queue)
        self.skills.release(list_queue_skills(old))
        contacts = self.list_contacts(queue)
        for contact in contacts:
            self.contacts.count_bonus(contact)
        for contact in contacts:
            if self.contacts.rows[contact].state <= CONTACT_OFFERED and not self.contacts.rows[contact].flags & HELD:
                self.catch_up(contact)
        return 0

    cdef int remove_queue(self, int32_t queue) except -1:
        cdef int32_t kind
        for kind in range(self.kinds.slots.used):
            if self.kinds.keys[kind] is not None and self.kinds.rows[kind].queue == queue:
                self.forget_kind(kind)
        self.skills.release(list_queue_skills(self.queues.settings[queue]))
        self.queues.remove(queue)
        return 0

    cdef int open_queue(self, int32_t queue) except -1:
        cdef int32_t contact
        self.queues.rows[queue].closed = False
        for contact in self.list_contacts(queue):
            if self.contacts.rows[contact].flags & SHUT_OUT:
                self.enter(contact)
        return 0

    cdef int close_queue(self, int32_t queue, bint drain) except -1:
        cdef int32_t contact
        cdef list waiting
        self.queues.rows[queue].closed = True
        if not drain:
            waiting = [contact for contact in self.list_contacts(queue) if self.is_in_line(contact)]
            for contact in waiting:
                self.enter(contact)
        return 0

    cdef int configure_matching(self, object settings) except -1:
        self.matching_settings = settings
        self.matching.seed = settings.seed
        if self.window_timer >= 0 and not settings.window_ms:
            self.end_window()
        self.gathers = settings.window_ms > 0
        return 0

    # Agents

    cdef int sign_in(self, object settings) except -1:
        cdef int32_t profile = self.get_profile(settings)
        cdef int32_t agent = self.agents.add(settings.agent, profile, settings)
        self.matching.fans.signed_in(agent)
        self.queues.count_agents(settings.queues, 1)
        return self.show(agent, AGENT_PAUSED, "signed in", 0)

    cdef int change_agent(self, int32_t agent, object settings) except -1:
        cdef int32_t old = self.agents.rows[agent].profile
        cdef frozenset queues = self.profiles.keys[old][0]
        cdef int32_t profile = self.get_profile(settings)
        self.agents.configure(agent, settings)
        if profile != old:
            self.queues.count_agents(settings.queues, 1)
            self.queues.count_agents(queues, -1)
            self.agents.move(agent, profile)
            self.drop_profile(old)
            self.agent_moved(agent)
            self.place_fans(agent)
            self.revoke_from(agent)
            self.lost_agent(queues - settings.queues)
        return 0

    cdef int revoke_from(self, int32_t agent) except -1:
        """What rings there, if the agent has no room for it now."""
        cdef int32_t contact
        if self.agents.rows[agent].offer < 0:
            return 0
        contact = self.agents.rows[agent].open.contact
        if self.has_room_for(agent, contact):
            return 0
        self.take_back(agent, "agent changed")
        return self.come_back(contact)

    cdef int ready(self, int32_t agent) except -1:
        cdef AgentRow* row = &self.agents.rows[agent]
        cdef int32_t work, following
        self.foresee(agent)
        self.agents.clear_next(agent)
        if row.state == AGENT_WRAP_UP:
            work = row.first_work
            while work >= 0:
                following = self.agents.work(work).next
                if self.agents.work(work).until_ns >= 0:
                    self.remove_work(work)
                work = following
            return self.release(agent, AGENT_AVAILABLE, "ready", -1, True, 0)
        if row.state == AGENT_PAUSED or row.state == AGENT_NOT_RESPONDING:
            return self.become(agent, AGENT_AVAILABLE, "ready", 0)
        self.agents.refresh(agent)
        return self.agent_moved(agent)

    cdef int pause(self, int32_t agent, object reason) except -1:
        if self.agents.rows[agent].first_work >= 0 or self.agents.rows[agent].offer >= 0:
            return self.wish(agent, AGENT_PAUSED, reason, 0)
        return self.become(agent, AGENT_PAUSED, reason, 0)

    cdef int sign_out(self, int32_t agent) except -1:
        cdef int32_t offer = self.agents.rows[agent].offer
        cdef int32_t contact
        if offer >= 0:
            contact = self.agents.rows[offer].open.contact
            self.end_offer(offer, END_REVOKED, "signed out")
            self.release(agent, AGENT_SIGNED_OUT, "signed out", -1, False, 0)
            return self.come_back(contact)
        if self.agents.rows[agent].first_work >= 0:
            return self.wish(agent, AGENT_SIGNED_OUT, "signed out", 0)
        return self.become(agent, AGENT_SIGNED_OUT, "signed out", 0)

    # Contacts

    cdef int arrive(
        self,
        object name,
        int32_t kind,
        int64_t arrival_ns,
        int64_t bonus_ns,
        object preferred,
        int64_t preferred_ns,
    ) except -1:
        cdef int32_t contact
        self.sequence += 1
        contact = self.contacts.add(name, self.get_class(kind, 0), arrival_ns, self.sequence)
        if bonus_ns:
            self.contacts.get_extra(contact).bonus_ns = bonus_ns
        if preferred is not None or preferred_ns:
            self.contacts.set_preferred(contact, preferred, preferred_ns)
        if self.queues.rows[self.kinds.rows[kind].queue].splits:
            self.split(contact)
        return self.enter(contact)

    cdef int change_contact(self, int32_t contact, tuple key, object bonus_ms) except -1:
        cdef int32_t klass = self.contacts.rows[contact].klass
        self.contacts.set_place(contact, NOWHERE)
        if bonus_ms is not None:
            self.contacts.get_extra(contact).bonus_ns = bonus_ms * NS_PER_MS
            self.contacts.count_bonus(contact)
        klass = self.get_class(
            self.get_kind(key, self.contacts.queue_of(contact)), self.kinds.classes[klass].step
        )
        self.change_class(contact, klass)
        self.place(contact)
        return self.revoke_unfit(contact)

    cdef int revoke_unfit(self, int32_t contact) except -1:
        """Offers to agents whom it excludes now, or who have no room for what it is now."""
        cdef frozenset excluded = self.kinds.excluded(self.contacts.rows[contact].klass)
        cdef int32_t agent = self.contacts.rows[contact].offer
        cdef int32_t following
        cdef bint found = False
        while agent >= 0:
            following = self.agents.rows[agent].open.next
            if <object>self.agents.names.get(agent) in excluded or not self.has_room_for(agent, contact):
                self.take_back(agent, "contact changed")
                found = True
            agent = following
        return self.come_back(contact) if found else 0

    cdef bint has_room_for(self, int32_t agent, int32_t contact) noexcept:
        """Beside what the agent has in hand, whatever rings."""
        cdef int32_t channel = self.kinds.classes[self.contacts.rows[contact].klass].channel
        return self.agents.has_room(agent, self.profiles.lane_of[channel][self.agents.rows[agent].profile])

    cdef int defer(self, int32_t contact, int64_t until_ns) except -1:
        self.revoke_offers(contact, "deferred")
        self.contacts.get_extra(contact).until_ns = until_ns
        self.contacts.set_held(contact, DEFERRED)
        return self.place(contact)

    cdef int transfer(self, int32_t contact, int32_t queue, object event) except -1:
        cdef int32_t agent = self.contacts.rows[contact].agent
        cdef int64_t wrap_up_ns = self.queues.rows[self.contacts.queue_of(contact)].wrap_up_ns
        if self.contacts.rows[contact].state == CONTACT_ASSIGNED:
            self.exclusions.forget_contact(contact)
            self.contacts.rows[contact].agent = -1
            self.contacts.set_state(contact, CONTACT_WAITING)
            self.finish_work(agent, self.find_work(agent, contact), wrap_up_ns, event.reason, contact)
        else:
            self.revoke_offers(contact, event.reason)
            self.exclusions.forget_contact(contact)
        self.set_preferring(contact, False)
        self.contacts.set_preferred(contact, event.agent, event.agent_ms * NS_PER_MS)
        self.contacts.get_extra(contact).hops = 0
        self.move(contact, queue, event.reason)
        return self.enter(contact)

    cdef int abandon(self, int32_t contact) except -1:
        self.measure(contact, False)
        self.revoke_offers(contact, "customer left")
        return self.remove_contact(contact)

    cdef int end(self, int32_t contact) except -1:
        cdef int32_t agent = self.contacts.rows[contact].agent
        cdef int32_t work = self.find_work(agent, contact)
        cdef int64_t wrap_up_ns = self.queues.rows[self.contacts.queue_of(contact)].wrap_up_ns
        self.remove_contact(contact)
        return self.finish_work(agent, work, wrap_up_ns, "contact over", -1)

    cdef int requeue(self, int32_t contact, AgentStateCode state, object reason) except -1:
        cdef int32_t agent = self.contacts.rows[contact].agent
        self.contacts.rows[contact].agent = -1
        self.contacts.set_state(contact, CONTACT_WAITING)
        self.remove_work(self.find_work(agent, contact))
        self.release(agent, state, reason, contact, True, 0)
        return self.come_back(contact)

    cdef int assign_by_hand(self, int32_t contact, int32_t agent) except -1:
        cdef RunnersUp seconds
        self.revoke_offers(contact, "assigned by hand")
        if self.contacts.rows[contact].flags & HELD:
            self.contacts.set_held(contact, 0)
            if self.contacts.rows[contact].extra >= 0:
                self.contacts.extras[self.contacts.rows[contact].extra].until_ns = -1
        self.matching.now_ns = self.now_ns
        self.fasten()
        forget_runners_up(&seconds)
        return self.make_offer(contact, agent, "by_hand", &seconds)

    cdef int remove_contact(self, int32_t contact) except -1:
        cdef int32_t kind = self.kinds.classes[self.contacts.rows[contact].klass].kind
        self.exclusions.forget_contact(contact)
        self.set_preferring(contact, False)
        self.contacts.set_state(contact, CONTACT_ENDED)
        self.place(contact)
        self.contacts.remove(contact)
        return self.drop_kind(kind)

    # Offers

    cdef int accept(self, int32_t offer) except -1:
        self.measure(self.agents.rows[offer].open.contact, True)
        return self.take(offer)

    cdef int reject(self, int32_t offer, object reason) except -1:
        cdef int32_t contact = self.agents.rows[offer].open.contact
        cdef int32_t agent = offer
        self.end_offer(offer, END_REJECTED, reason)
        self.release(agent, AGENT_AVAILABLE, reason if reason else "rejected", contact, False, 0)
        return self.come_back(contact)

    cdef int revoke(self, int32_t offer, AgentStateCode state, object reason) except -1:
        cdef int32_t contact = self.agents.rows[offer].open.contact
        cdef int32_t agent = offer
        self.end_offer(offer, END_REVOKED, reason)
        self.release(agent, state, reason, contact, False, 0)
        return self.come_back(contact)

    # Wrap-up

    cdef int end_wrap_up(self, int32_t work, object reason) except -1:
        cdef int32_t agent = self.agents.work(work).agent
        self.remove_work(work)
        return self.release(agent, AGENT_AVAILABLE, reason, -1, True, 0)

    cdef int extend_wrap_up(self, int32_t work, int64_t until_ns) except -1:
        cdef WorkRow* row = self.agents.work(work)
        self.sequence += 1
        self.timers.cancel(row.timer)
        row.until_ns = until_ns
        row.timer = self.timers.start(TIMER_WRAP_UP, work, until_ns, self.sequence)
        return self.show(row.agent, AGENT_WRAP_UP, "wrap-up extended", 0)

    cdef int remove_work(self, int32_t work) except -1:
        if self.agents.work(work).timer >= 0:
            self.timers.cancel(self.agents.work(work).timer)
        return self.agents.remove_work(work)

    # Timers

    cdef int64_t next_due_ns(self) noexcept:
        """-1: none."""
        cdef int64_t due_ns = -1, sequence
        cdef int32_t timer = self.timers.find_next()
        if self.contacts.next_due(&due_ns, &sequence) < 0:
            due_ns = -1
        if timer >= 0 and (due_ns < 0 or self.timers.rows[timer].due_ns < due_ns):
            due_ns = self.timers.rows[timer].due_ns
        return due_ns

    cdef int run_timers(self) except -1:
        """Everything that is due at ``now_ns``, in order."""
        cdef int64_t due_ns, sequence
        cdef int32_t contact, timer
        while 0 <= self.next_due_ns() <= self.now_ns:
            contact = self.contacts.next_due(&due_ns, &sequence)
            timer = self.timers.find_next()
            if contact < 0 or timer >= 0 and self.comes_first(timer, due_ns, sequence):
                self.run_timer(timer)
            elif self.contacts.rows[contact].flags & HELD:
                self.enter(contact)
            else:
                self.catch_up(contact)
            self.settle()
        return 0

    cdef bint comes_first(self, int32_t timer, int64_t due_ns, int64_t sequence) noexcept:
        cdef TimerRow* row = &self.timers.rows[timer]
        return comes_before(row.due_ns, row.sequence, due_ns, sequence)

    cdef int run_timer(self, int32_t timer) except -1:
        cdef int32_t kind = self.timers.rows[timer].kind
        cdef int32_t owner = self.timers.rows[timer].owner
        cdef int32_t contact, agent
        cdef int64_t return_ns
        if kind == TIMER_OFFER:
            contact = self.agents.rows[owner].open.contact
            agent = owner
            return_ns = self.queues.rows[self.contacts.queue_of(contact)].return_ns
            self.end_offer(owner, END_EXPIRED, "no answer")
            self.release(agent, AGENT_NOT_RESPONDING, "no answer", -1, False, return_ns)
            return self.come_back(contact)
        if kind == TIMER_WRAP_UP:
            return self.end_wrap_up(owner, "wrap-up over")
        if kind == TIMER_EXCLUSION:
            contact = self.exclusions.rows[owner].contact
            self.exclusions.remove(owner)
            return self.place(contact)
        if kind == TIMER_RETURN:
            return self.become(owner, AGENT_AVAILABLE, "back after not responding", 0)
        return self.end_window()
