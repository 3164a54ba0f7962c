# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Who of those waiting is offered to whom now: rules 7.5 and 11.

The reference looks at everybody after each event.  Here, as nobody free could take anybody waiting before the event,
only the contacts that came to want an agent and the agents who came to be free by it are looked at; where these are
many (settings have changed), the heads of all classes.
"""

from libc.stdint cimport int32_t

from acd_core.core.contacts cimport KEPT, LOOSE, MARKED, NOWHERE
from acd_core.core.flow cimport Flow
from acd_core.core.heap cimport Heap
from acd_core.core.joint cimport assign
from acd_core.core.matching cimport RunnersUp, Turn, forget_runners_up, is_sooner
from acd_core.core.timers cimport TIMER_WINDOW

from heapq import heappop, heappush

from acd_core.events import MatchingConfigured
from acd_core.limits import WINDOW_AGENTS_MAX, WINDOW_CONTACTS_MAX

DEF MANY = 24


cdef class Settling(Flow):
    def __cinit__(self, int32_t exclusions_max, int64_t names_max):
        self.matching_settings = MatchingConfigured()
        self.window_ns = self.window_timer = -1

    cdef int settle(self) except -1:
        if not self.waiting.size and not self.free.size:
            return 0
        self.matching.now_ns = self.now_ns
        if not self.matching_settings.window_ms:
            self.match()
        elif self.window_timer < 0 and self.somebody_can_be_served():
            self.window_ns = self.now_ns + self.matching_settings.window_ms * 1_000_000
            self.sequence += 1
            self.window_timer = self.timers.start(TIMER_WINDOW, 0, self.window_ns, self.sequence)
        self.fasten()
        self.forget_marks()
        return 0

    cdef int match(self) except -1:
        """The first contact that somebody may take goes to the best of them, until there is none."""
        cdef Turn best
        cdef RunnersUp seconds
        cdef int32_t agent
        while True:
            agent = -1
            forget_runners_up(&seconds)
            if self.waiting.size + self.free.size == 1:
                agent = self.find_single(&best, &seconds)
            elif self.waiting.size + self.free.size > MANY:
                self.fasten()
                self.find_any(&best)
            else:
                self.fasten()
                agent = self.find_marked(&best)
            if best.contact < 0:
                return 0
            if agent < 0:
                agent = self.matching.best_agent(best.contact, &seconds.agent)
            self.foresee_offer(agent, seconds.agent.agent)
            self.make_offer(best.contact, agent, None, &seconds)

    cdef int fasten(self) except -1:
        """Those that are marked are found by others from now on."""
        cdef int32_t place, contact
        for place in range(self.free.size):
            self.agents.fasten(self.free.items[place])
        for place in range(self.waiting.size):
            contact = self.waiting.items[place]
            if self.contacts.rows[contact].flags & LOOSE:
                self.contacts.fasten(contact)
                self.refresh_due(contact)
        return 0

    cdef int32_t find_single(self, Turn* best, RunnersUp* seconds) except -2:
        """As `find_marked` where one is marked: it need not be fastened to be matched."""
        cdef int32_t contact, agent
        best.contact = -1
        if self.free.size:
            agent = self.free.items[0]
            self.matching.find_contacts(agent, best, &seconds.contact)
            return agent
        contact = self.waiting.items[0]
        if self.contacts.names.get(contact) is NULL or self.contacts.rows[contact].place == NOWHERE:
            return -1
        agent = self.matching.best_agent(contact, &seconds.agent)
        if agent >= 0:
            best.contact = contact
        return agent

    cdef bint somebody_can_be_served(self) except -1:
        cdef Turn best
        self.fasten()
        if self.waiting.size + self.free.size > MANY:
            self.find_any(&best)
        else:
            self.find_marked(&best)
        return best.contact >= 0

    cdef int32_t find_marked(self, Turn* best) except -2:
        """The first contact that is or may be taken by somebody marked, and its agent (-1: to be found).

        Forgets those that can't be matched.
        """
        cdef Turn turn, following
        cdef int32_t place = 0, contact, agent, chosen = -1
        best.contact = -1
        while place < self.waiting.size:
            contact = self.waiting.items[place]
            if self.contacts.names.get(contact) is not NULL and self.contacts.rows[contact].place != NOWHERE:
                agent = self.matching.best_agent(contact, NULL)
                if agent >= 0:
                    self.matching.set_turn(&turn, contact)
                    if best.contact < 0 or is_sooner(&turn, best):
                        best[0] = turn
                        chosen = agent
                    place += 1
                    continue
            self.contacts.rows[contact].flags &= ~MARKED
            self.waiting.drop(place)
        place = 0
        while place < self.free.size:
            agent = self.free.items[place]
            if self.agents.names.get(agent) is not NULL:
                self.matching.find_contacts(agent, &turn, &following)
                if turn.contact >= 0:
                    if best.contact < 0 or is_sooner(&turn, best):
                        best[0] = turn
                        chosen = agent if self.waiting.size == 0 and self.free.size == 1 else -1
                    place += 1
                    continue
            self.agents.rows[agent].marked = False
            self.free.drop(place)
        return chosen

    cdef int find_any(self, Turn* best) except -1:
        """The first contact of all that somebody may take."""
        cdef int32_t klass, contact, extra
        cdef Turn turn
        best.contact = -1
        for klass in range(self.kinds.class_slots.used):
            if self.kinds.classes[klass].kind < 0 or self.kinds.classes[klass].head < 0:
                continue
            if self.matching.has_anybody(klass):
                self.find_in_class(klass, best)
        for extra in range(self.contacts.extra_slots.used if self.matching.fans.count else 0):
            contact = self.matching.fans.get(extra)
            if contact >= 0 and self.contacts.rows[contact].place == KEPT:
                if self.matching.best_agent(contact, NULL) >= 0:
                    self.matching.set_turn(&turn, contact)
                    if best.contact < 0 or is_sooner(&turn, best):
                        best[0] = turn
        return 0

    cdef int find_in_class(self, int32_t klass, Turn* best) except -1:
        """The first of the class whom somebody may take, if it comes before ``best``."""
        cdef Turn turn
        cdef int32_t contact = self.kinds.classes[klass].first
        while contact >= 0:
            self.matching.set_turn(&turn, contact)
            if best.contact >= 0 and not is_sooner(&turn, best):
                break
            if self.matching.best_agent(contact, NULL) >= 0:
                best[0] = turn
                break
            contact = self.contacts.rows[contact].after
        if self.kinds.classes[klass].waiting.size:
            self.find_servable(&self.kinds.classes[klass].waiting, 0, best)
        return 0

    cdef int find_servable(self, Heap* heap, int32_t place, Turn* best) except -1:
        """The first of the heap, from ``place`` down, whom somebody may take, if it comes before ``best``."""
        cdef Turn turn
        cdef int32_t child
        self.matching.set_turn(&turn, heap.entries[place].slot)
        if best.contact >= 0 and not is_sooner(&turn, best):
            return 0
        if self.matching.best_agent(turn.contact, NULL) >= 0:
            best[0] = turn
            return 0
        for child in range(4 * place + 1, min(4 * place + 5, heap.size)):
            self.find_servable(heap, child, best)
        return 0

    cdef void forget_marks(self) noexcept:
        cdef int32_t place
        for place in range(self.waiting.size):
            self.contacts.rows[self.waiting.items[place]].flags &= ~MARKED
        for place in range(self.free.size):
            self.agents.rows[self.free.items[place]].marked = False
        self.waiting.size = self.free.size = 0

    # The matching window

    cdef int end_window(self) except -1:
        """Match jointly until nobody is left to match."""
        cdef RunnersUp seconds
        if self.window_timer >= 0:
            self.timers.cancel(self.window_timer)
        self.window_ns = self.window_timer = -1
        self.matching.now_ns = self.now_ns
        pairs = self.joint_round()
        while pairs:
            for contact, agent in pairs:
                forget_runners_up(&seconds)
                best = self.matching.best_agent(contact, NULL)
                self.make_offer(contact, agent, None if agent == best else "joint", &seconds)
            pairs = self.joint_round()
        return 0

    cdef list joint_round(self):
        cdef list contacts = [], choices = [], agents = [], found
        cdef dict columns = {}
        self.fasten()
        for contact in self.first_contacts(WINDOW_CONTACTS_MAX):
            found = []
            self.matching.list_agents(contact, found)
            found = found[:WINDOW_AGENTS_MAX]
            contacts.append(contact)
            choices.append(found)
            for agent in found:
                if agent not in columns:
                    columns[agent] = len(agents)
                    agents.append(agent)
        if not contacts:
            return []
        width = max(len(agents), len(contacts))
        values = [[0] * width for _ in contacts]
        for row, found in enumerate(choices):
            for rank, agent in enumerate(found):
                values[row][columns[agent]] = (1 << 40) - (row << 20) + (1 << 16) - 1 - rank
        assigned = assign(values, width)
        return [
            (contacts[row], agents[column]) for row, column in enumerate(assigned) if values[row][column]
        ]

    cdef list first_contacts(self, int32_t count):
        """The first of all whom somebody may take, in order."""
        cdef int32_t klass, contact, place, child, taken, extra
        cdef Heap* heap
        cdef Turn turn
        cdef list found = [], frontier
        for klass in range(self.kinds.class_slots.used):
            if self.kinds.classes[klass].kind < 0 or self.kinds.classes[klass].head < 0:
                continue
            if not self.matching.has_anybody(klass):
                continue
            taken = 0
            contact = self.kinds.classes[klass].first
            while contact >= 0 and taken < count:
                if self.matching.best_agent(contact, NULL) >= 0:
                    self.matching.set_turn(&turn, contact)
                    found.append((-turn.score, turn.key, turn.sequence, contact))
                    taken += 1
                contact = self.contacts.rows[contact].after
            heap = &self.kinds.classes[klass].waiting
            frontier = [(heap.entries[0].key, heap.entries[0].sequence, 0)] if heap.size else []
            taken = 0
            while frontier and taken < count:
                place = heappop(frontier)[2]
                contact = heap.entries[place].slot
                if self.matching.best_agent(contact, NULL) >= 0:
                    self.matching.set_turn(&turn, contact)
                    found.append((-turn.score, turn.key, turn.sequence, contact))
                    taken += 1
                for child in range(4 * place + 1, min(4 * place + 5, heap.size)):
                    heappush(frontier, (heap.entries[child].key, heap.entries[child].sequence, child))
        for extra in range(self.contacts.extra_slots.used if self.matching.fans.count else 0):
            contact = self.matching.fans.get(extra)
            if contact >= 0 and self.contacts.rows[contact].place == KEPT:
                if self.matching.best_agent(contact, NULL) >= 0:
                    self.matching.set_turn(&turn, contact)
                    found.append((-turn.score, turn.key, turn.sequence, contact))
        found.sort()
        return [one[3] for one in found[:count]]
