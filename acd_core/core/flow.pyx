# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""How contacts enter queues, what time does to them there, and how they move on: rules 2, 6.1, 9.9 and 10.

The reference has the same steps under the same names (`acd_core.reference.flow`).
"""

from libc.stdint cimport int32_t, int64_t, uint64_t
from libc.stdlib cimport malloc

from acd_core.core.bits cimport lowest_bit
from acd_core.core.contacts cimport (
    CHARGED,
    CONTACT_OFFERED,
    CONTACT_WAITING,
    ContactRow,
    DEFERRED,
    ExtraRow,
    HELD,
    IN_CLASS,
    KEPT,
    LOOSE,
    MARKED,
    NOWHERE,
    PREFERRING,
    Place,
    SHUT_OUT,
    WAIT_TRIED,
)
from acd_core.core.hands cimport Hands
from acd_core.core.hashing cimport hash_name, mix
from acd_core.core.kinds cimport ClassRow, KindRow
from acd_core.core.memory cimport prefetch
from acd_core.core.output cimport CONTACT_MOVED, Record
from acd_core.core.profiles cimport BY_IDLE, make_key
from acd_core.core.queues cimport QueueRow

from acd_core.limits import HOPS_MAX, SHELF_MAX
from acd_core.requirements import all_of, describe, named_skills, relax, skill

cdef int32_t HOPS = HOPS_MAX
cdef int32_t SHELF = SHELF_MAX


cdef class Flow(Hands):
    # Kinds, classes and profiles

    cdef int hold_skills(self, object names) except -1:
        """Somebody names these.  Names come in by this way only, so that here alone the shelf is looked at for them:
        the skills of what stands there count towards no limit."""
        self.skills.hold(names)
        while self.skills.names.slots.count > self.skills.names_max and self.kinds.idle_count:
            self.forget_kind(self.kinds.oldest)
        return 0

    cdef int32_t get_kind(self, tuple key, int32_t queue) except -1:
        """The kind with this key, made or taken off its shelf if need be."""
        cdef object known = self.kinds.by_key.get(key)
        cdef int32_t kind, place
        cdef KindRow* row
        if known is not None:
            kind = known
            self.revive_kind(kind)
            return kind
        names = key[2] | named_skills(key[3])
        self.hold_skills(names)
        kind = self.kinds.add(key, queue, self.profiles.hold_channel(key[1]))
        row = &self.kinds.rows[kind]
        row.skill_count = <int32_t>len(names)
        row.skills = <int32_t*>malloc((row.skill_count + 1) * sizeof(int32_t))
        if row.skills is NULL:
            raise MemoryError("the distributor can't get memory for a kind of contacts")
        for place, name in enumerate(names):
            row.skills[place] = self.skills.get(name)
        return kind

    cdef void foresee_kind(self, int32_t kind) noexcept:
        """Fetch what is asked for when somebody is looked for who takes a new contact of it."""
        cdef int32_t klass = self.kinds.rows[kind].first
        prefetch(self.kinds.rows[kind].skills)
        if klass >= 0:
            prefetch(&self.kinds.classes[klass])
            self.matching.class_lanes.prefetch(klass)

    cdef void revive_kind(self, int32_t kind) noexcept:
        """Off its shelf, if it is there."""
        cdef KindRow* row = &self.kinds.rows[kind]
        if row.idle:
            self.kinds.unshelve(kind)
            self.skills.hold_again(row.skills, row.skill_count)

    cdef int drop_kind(self, int32_t kind) except -1:
        """On the shelf, if nobody is left of it; the longest there makes room."""
        cdef KindRow* row = &self.kinds.rows[kind]
        if row.members or row.idle:
            return 0
        self.kinds.shelve(kind)
        self.skills.release_to_shadow(row.skills, row.skill_count)
        if self.kinds.idle_count > SHELF:
            self.forget_kind(self.kinds.oldest)
        return 0

    cdef int forget_kind(self, int32_t kind) except -1:
        """Of one on the shelf."""
        cdef KindRow* row = &self.kinds.rows[kind]
        cdef int32_t klass = row.first
        while klass >= 0:
            self.matching.unlink_class(klass)
            klass = self.kinds.requirements[klass].next
        self.skills.hold_again(row.skills, row.skill_count)
        self.skills.release(self.kinds.keys[kind][2] | named_skills(self.kinds.keys[kind][3]))
        self.profiles.release_channel(row.channel)
        return self.kinds.remove(kind)

    cdef int32_t get_class(self, int32_t kind, int32_t step) except -1:
        cdef int32_t klass = self.kinds.rows[kind].first
        while klass >= 0:
            if self.kinds.classes[klass].step == step:
                return klass
            klass = self.kinds.requirements[klass].next
        klass = self.kinds.add_class(kind, step)
        self.compile(klass)
        self.matching.link_class(klass)
        return klass

    cdef int compile(self, int32_t klass) except -1:
        """Its requirement, by its kind, its step and the settings of its queue."""
        cdef ClassRow* row = &self.kinds.classes[klass]
        cdef tuple key = self.kinds.keys[row.kind]
        cdef object settings = self.queues.settings[self.kinds.classes[klass].queue]
        cdef list program = []
        own_skills = (skill(name) for name in key[2] | settings.skills)
        requirement = relax(all_of(key[3], settings.needs, *own_skills), settings.steps[: row.step])
        for clause in requirement:
            program.append(len(clause))
            for name, minimum in clause:
                program += (self.skills.get(name), minimum + 1)
        named = [self.skills.get(name) for name in named_skills(requirement)]
        self.kinds.set_words(klass, describe(requirement))
        return self.kinds.set_requirement(klass, program, named)

    cdef int change_class(self, int32_t contact, int32_t klass) except -1:
        """`place` is the caller's."""
        cdef int32_t kind = self.kinds.classes[self.contacts.rows[contact].klass].kind
        if klass != self.contacts.rows[contact].klass:
            self.contacts.set_class(contact, klass)
            self.drop_kind(kind)
        return 0

    cdef int32_t get_profile(self, object settings) except -1:
        """The profile of an agent with these settings, made if need be."""
        cdef tuple key = make_key(settings)
        cdef object known = self.profiles.by_key.get(key)
        cdef int32_t profile, orderings, queue
        if known is not None:
            return known
        self.hold_skills(settings.skills)
        self.hold_skills([name for name, _ in settings.levels])
        profile = self.profiles.add(key)
        self.queues.enter_profile(profile, settings.queues)
        orderings = 1 << BY_IDLE
        for name in settings.queues:
            queue = self.queues.find(name)
            # one that was removed chooses nobody; if it comes back, its profiles are told
            if queue >= 0:
                orderings |= self.queues.orderings(queue)
        self.profiles.set_orderings(profile, orderings)
        self.skills.enter_profile(profile, settings.skills, settings.levels)
        self.matching.link_profile(profile)
        return profile

    cdef int drop_profile(self, int32_t profile) except -1:
        """If nobody is left in it."""
        cdef tuple key
        if self.profiles.rows[profile].members:
            return 0
        key = self.profiles.keys[profile]
        self.matching.unlink_profile(profile)
        self.skills.leave_profile(profile, key[1], key[2])
        self.queues.leave_profile(profile, key[0])
        self.profiles.remove(profile)
        self.skills.release(key[1])
        self.skills.release([name for name, _ in key[2]])
        return 0

    # Where a contact stands

    cdef bint is_in_line(self, int32_t contact) noexcept:
        """Waiting and not held."""
        cdef ContactRow* row = &self.contacts.rows[contact]
        return row.state == CONTACT_WAITING and not row.flags & HELD

    cdef bint is_kept(self, int32_t contact) except -1:
        """For its preferred agent, while they are at work."""
        cdef int32_t agent, lane, channel
        if not self.contacts.rows[contact].flags & PREFERRING:
            return False
        agent = self.matching.get_preferred(contact)
        if agent < 0 or not self.agents.at_work(agent) or self.matching.is_barred(contact, agent):
            return False
        channel = self.kinds.classes[self.contacts.rows[contact].klass].channel
        lane = self.profiles.lane_of[channel][self.agents.rows[agent].profile]
        return (
            self.profiles.lanes[lane].most > 0
            and self.profiles.lanes[lane].weight <= self.profiles.rows[self.agents.rows[agent].profile].capacity
        )

    cdef int place(self, int32_t contact) except -1:
        """After each change of a contact: where it waits for an agent, and what time will do to it."""
        cdef ContactRow* row = &self.contacts.rows[contact]
        cdef Place place = NOWHERE
        if not row.flags & HELD and (
            row.state == CONTACT_WAITING
            or (
                row.state == CONTACT_OFFERED
                and row.offers < self.queues.rows[self.contacts.queue_of(contact)].broadcast
            )
        ):
            place = KEPT if self.is_kept(contact) else IN_CLASS
            if not row.flags & MARKED:
                row.flags |= MARKED
                self.waiting.add(contact)
        self.contacts.set_place(contact, place)
        if row.flags & LOOSE:
            return 0
        return self.refresh_due(contact)

    cdef int64_t due_after_ns(self, int32_t contact) noexcept:
        """How long after it entered its queue something changes, or -1."""
        cdef ContactRow* row = &self.contacts.rows[contact]
        cdef QueueRow* queue = &self.queues.rows[self.contacts.queue_of(contact)]
        cdef int32_t step = self.kinds.classes[row.klass].step
        cdef int64_t after_ns = -1
        if row.state != CONTACT_WAITING or row.flags & HELD:
            return -1
        if row.flags & PREFERRING:
            after_ns = self.contacts.extras[row.extra].preferred_ns
        if step < queue.steps and (after_ns < 0 or queue.after_ns[step] < after_ns):
            after_ns = queue.after_ns[step]
        if queue.wait_ns >= 0 and not row.flags & WAIT_TRIED and (after_ns < 0 or queue.wait_ns < after_ns):
            after_ns = queue.wait_ns
        return after_ns

    cdef int64_t due_ns(self, int32_t contact) noexcept:
        """When something changes by the time that it waits, or -1."""
        cdef ContactRow* row = &self.contacts.rows[contact]
        cdef int64_t after_ns = self.due_after_ns(contact)
        if row.state == CONTACT_WAITING and row.flags & DEFERRED:
            return self.contacts.extras[row.extra].until_ns
        return self.contacts.entered(contact) + after_ns if after_ns >= 0 else -1

    cdef int refresh_due(self, int32_t contact) except -1:
        return self.contacts.set_due(contact, self.due_ns(contact), self.due_after_ns(contact))

    cdef int set_preferring(self, int32_t contact, bint preferring) except -1:
        cdef ContactRow* row = &self.contacts.rows[contact]
        if preferring == ((row.flags & PREFERRING) != 0):
            return 0
        if preferring:
            row.flags |= PREFERRING
            return self.matching.fans.add(contact)
        row.flags &= ~PREFERRING
        return self.matching.fans.remove(contact)

    cdef list list_contacts(self, int32_t queue):
        """All of the queue, by arrival."""
        cdef int32_t contact
        cdef list found = []
        for contact in range(self.contacts.names.slots.used):
            if self.contacts.names.get(contact) is not NULL and self.contacts.queue_of(contact) == queue:
                found.append((self.contacts.rows[contact].arrival_ns, self.contacts.rows[contact].sequence, contact))
        found.sort()
        return [one[2] for one in found]

    # From queue to queue

    cdef int split(self, int32_t contact) except -1:
        """Rule 8.3."""
        cdef int32_t queue = self.contacts.queue_of(contact)
        cdef int32_t target
        cdef int bound = 0, drawn
        cdef tuple splits = self.queues.settings[queue].splits
        drawn = mix(self.matching.seed ^ hash_name(<object>self.contacts.names.get(contact))) % 1000
        for one in splits:
            bound += one.permille
            if drawn < bound:
                target = self.queues.find(one.to)
                if target >= 0:
                    self.move(contact, target, "split")
                return 0
        return 0

    cdef int move(self, int32_t contact, int32_t queue, object reason) except -1:
        """`enter` follows."""
        cdef int32_t before = self.contacts.queue_of(contact)
        cdef Record* record
        cdef tuple key
        if queue == before:
            return 0
        record = self.output.add(CONTACT_MOVED)
        record.contact = self.contacts.names.get(contact)
        record.queue = self.queues.names.get(before)
        record.to_queue = self.queues.names.get(queue)
        record.reason = self.bin.hold(reason)
        key = self.kinds.keys[self.kinds.classes[self.contacts.rows[contact].klass].kind]
        key = (<object>self.queues.names.get(queue), *key[1:])
        return self.change_class(contact, self.get_class(self.get_kind(key, queue), 0))

    cdef int enter(self, int32_t contact) except -1:
        """Rule 10.1."""
        cdef ContactRow* row = &self.contacts.rows[contact]
        cdef int32_t queue = self.contacts.queue_of(contact)
        cdef bint preferring = False
        cdef dict rules
        self.contacts.set_due(contact, -1, -1)
        if row.extra >= 0 or self.now_ns != row.arrival_ns:
            self.contacts.get_extra(contact).entered_ns = self.now_ns
            self.contacts.extras[row.extra].until_ns = -1
            preferring = (
                self.contacts.extras[row.extra].preferred is not NULL
                and self.contacts.extras[row.extra].preferred_ns > 0
            )
        if self.kinds.classes[row.klass].step:
            self.change_class(contact, self.get_class(self.kinds.classes[row.klass].kind, 0))
        self.contacts.count_bonus(contact)
        row.flags &= ~(CHARGED | WAIT_TRIED)
        if row.flags & HELD:
            self.contacts.set_held(contact, 0)
        if preferring or row.flags & PREFERRING:
            self.set_preferring(contact, preferring)
        if self.queues.rows[queue].closed:
            if not self.overflow(contact, "closed"):
                self.contacts.set_held(contact, SHUT_OUT)
                self.place(contact)
            return 0
        if self.queues.rows[queue].overflows:
            rules = self.queues.overflow[queue]
            for when in ("unstaffed", "size", "estimate"):
                if when in rules and self.is_full(contact, rules[when], when) and self.overflow(contact, when):
                    return 0
        self.join(contact)
        return self.place(contact)

    cdef bint is_full(self, int32_t contact, object rule, str when) except -1:
        cdef int32_t queue = self.contacts.queue_of(contact)
        cdef QueueRow* row = &self.queues.rows[queue]
        cdef int64_t ahead = row.waiting - row.held - self.is_in_line(contact)
        cdef int32_t word, profile
        cdef int64_t at_work = 0
        cdef uint64_t bits
        if when == "unstaffed":
            return row.agents == 0
        if when == "size":
            return ahead >= rule.value
        for word in range((self.profiles.slots.used + 63) >> 6):
            bits = self.queues.profiles.row(queue)[word]
            while bits:
                profile = (word << 6) + lowest_bit(bits)
                bits &= bits - 1
                if self.profiles.rows[profile].available:
                    return False
                at_work += self.profiles.rows[profile].working
        return at_work == 0 or (ahead + 1) * row.handle_ms // at_work > rule.value

    cdef bint overflow(self, int32_t contact, str when) except -1:
        """Rule 10.3; whether it was done."""
        cdef ExtraRow* extra
        cdef int32_t queue = self.contacts.queue_of(contact)
        cdef object rule = self.queues.overflow[queue].get(when)
        cdef int32_t target = self.queues.find(rule.to) if rule is not None else -1
        if target < 0 or target == queue:
            return False
        extra = self.contacts.get_extra(contact)
        if extra.hops >= HOPS:
            return False
        extra.hops += 1
        self.move(contact, target, "overflow: " + when)
        self.enter(contact)
        return True

    cdef int join(self, int32_t contact) except -1:
        """It has come to be in line: a queue that nobody waited in has no credit from that time (rule 7.4)."""
        cdef QueueRow* row = &self.queues.rows[self.contacts.queue_of(contact)]
        if row.toll and row.waiting - row.held - self.is_in_line(contact) == 0:
            row.passed = max(row.passed, self.queues.served)
            self.queues.refresh_addend(self.contacts.queue_of(contact))
        return 0

    cdef int come_back(self, int32_t contact) except -1:
        """It waits again, at its old place, if it does."""
        if self.is_in_line(contact):
            self.join(contact)
            self.catch_up(contact)
        return 0

    cdef int catch_up(self, int32_t contact) except -1:
        """Do what is due by the time since it entered the queue (rule 10.2)."""
        cdef ContactRow* row = &self.contacts.rows[contact]
        cdef QueueRow* queue = &self.queues.rows[self.contacts.queue_of(contact)]
        cdef int64_t waited_ns = self.now_ns - self.contacts.entered(contact)
        cdef int32_t step = 0
        if row.flags & PREFERRING and waited_ns >= self.contacts.extras[row.extra].preferred_ns:
            self.set_preferring(contact, False)
        while step < queue.steps and queue.after_ns[step] <= waited_ns:
            step += 1
        if step != self.kinds.classes[row.klass].step:
            self.change_class(contact, self.get_class(self.kinds.classes[row.klass].kind, step))
        if row.state == CONTACT_WAITING and queue.wait_ns >= 0 and not row.flags & WAIT_TRIED:
            if waited_ns >= queue.wait_ns:
                row.flags |= WAIT_TRIED
                if self.overflow(contact, "wait"):
                    return 0
        return self.place(contact)

    cdef int lost_agent(self, object queues) except -1:
        """Overflow of queues that have nobody left."""
        cdef int32_t queue
        for name in sorted(queues):
            queue = self.queues.find(name)
            if queue < 0 or self.queues.rows[queue].agents or "unstaffed" not in self.queues.overflow[queue]:
                continue
            for contact in self.list_contacts(queue):
                if self.is_in_line(contact):
                    self.overflow(contact, "unstaffed")
        return 0

    cdef int measure(self, int32_t contact, bint served) except -1:
        """Against the service objective (rule 7.3)."""
        cdef int32_t queue = self.contacts.queue_of(contact)
        cdef int64_t objective_ns = self.queues.rows[queue].objective_ns
        cdef bint good = self.now_ns - self.contacts.rows[contact].arrival_ns <= objective_ns
        if objective_ns and (served or not good):
            self.queues.measure(queue, good)
        return 0
