# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Agents, their states, and what they have in hand.

An agent is in the heaps of a lane of their profile (`acd_core.core.profiles`) while they may take something in it: at
work, without an open offer, with room.  Works are contacts and wrap-ups in hand, in order of acceptance.
"""

cimport cython
from cpython.ref cimport Py_INCREF, Py_XDECREF, PyObject
from libc.stdint cimport int8_t, int32_t, int64_t, uint64_t
from libc.stdlib cimport free
from libc.string cimport memset

from acd_core.core.bin cimport Bin
from acd_core.core.hashing cimport hash_name, mix
from acd_core.core.heap cimport Heap, heap_enter, heap_leave, heap_reserve
from acd_core.core.lots cimport Lots
from acd_core.core.memory cimport Slots, free_aligned, grow, grow_aligned
from acd_core.core.names cimport Names
from acd_core.core.profiles cimport (
    BY_IDLE,
    BY_LOAD,
    BY_LOT,
    BY_SCORE,
    INSIDE,
    ORDERINGS,
    LaneRow,
    ProfileRow,
    Profiles,
    lanes_of,
)
from acd_core.core.scores cimport CROWD, Scores, free_ranks
from acd_core.core.tops cimport ANY_SCORE

from acd_core.states import AGENT_TRANSITIONS, AgentState

STATES = tuple(AgentState)
cdef dict STATE_CODES = {state: code for code, state in enumerate(AgentState)}
cdef int64_t NS_PER_MS = 1_000_000


cdef AgentStateCode code_of(object state) except AGENT_STATES:
    return <AgentStateCode><int>STATE_CODES[state]


@cython.final
cdef class Agents:
    def __cinit__(self, Bin bin):
        cdef int before, after
        self.names = Names(bin)
        self.bin = bin
        self.profiles = Profiles()
        self.lots = Lots()
        self.scores = Scores()
        self.more_slots = Slots()
        assert len(STATES) == AGENT_STATES
        for before in range(<int>AGENT_STATES):
            for after in range(<int>AGENT_STATES):
                self.allowed[before][after] = STATES[after] in AGENT_TRANSITIONS[STATES[before]]

    def __dealloc__(self):
        cdef int32_t agent, work
        for agent in range(self.names.slots.used):
            if self.names.get(agent) is not NULL:
                Py_XDECREF(self.rows[agent].reason)
                Py_XDECREF(self.rows[agent].next_reason)
                Py_XDECREF(self.rows[agent].settings)
                work = self.rows[agent].first_work
                while work >= 0:
                    Py_XDECREF(self.work(work).name)
                    work = self.work(work).next
        for work in range(self.place_rows):
            free(self.places[work])
        free(self.places)
        self.names.forget()
        free_aligned(self.rows)
        free_aligned(self.more_works)

    cdef int keep(self, PyObject** place, object value) except -1:
        """Own ``value`` at ``place`` (None: nothing)."""
        cdef PyObject* old = place[0]
        if value is None:
            place[0] = NULL
        else:
            Py_INCREF(value)
            place[0] = <PyObject*>value
        if old is not NULL:
            self.bin.add(old)
        return 0

    cdef int reserve_places(self) except -1:
        """One array for each ordering and place among the lanes of a profile."""
        cdef int32_t row, rows = self.profiles.lanes_most * ORDERINGS
        if rows > self.place_rows:
            self.places = <int32_t**>grow(self.places, sizeof(int32_t*), self.place_rows, rows)
            for row in range(self.place_rows, rows):
                self.places[row] = <int32_t*>grow(NULL, sizeof(int32_t), 0, self.capacity + 1)
            self.place_rows = rows
        return 0

    cdef int32_t add(self, object name, int32_t profile, object settings) except -1:
        """A new agent, signed out: the first `set_state` follows at once."""
        cdef AgentRow* row
        cdef int32_t place, capacity
        cdef int32_t agent = self.names.take()
        if self.names.slots.capacity > self.capacity:
            capacity = self.names.slots.capacity
            self.rows = <AgentRow*>grow_aligned(self.rows, sizeof(AgentRow), self.capacity, capacity)
            self.names.lend(&self.rows[0].name, sizeof(AgentRow) // sizeof(PyObject*))
            for place in range(self.place_rows):
                self.places[place] = <int32_t*>grow(self.places[place], sizeof(int32_t), self.capacity, capacity + 1)
            self.capacity = capacity
        self.reserve_places()
        row = &self.rows[agent]
        memset(row, 0, sizeof(AgentRow))
        self.names.enter(agent, name)
        row.offer = row.timer = row.first_work = row.first_score = row.first_fan = -1
        row.next_state = -1
        row.until_ns = -1
        row.state = AGENT_SIGNED_OUT
        row.row_key = mix(hash_name(name))
        self.set_settings(agent, settings)
        self.join_profile(agent, profile)
        return agent

    cdef int remove(self, int32_t agent) except -1:
        """Of one that is signed out; its profile stays, even without members."""
        self.leave_lanes(agent)
        self.drop_scores(agent)
        self.profiles.rows[self.rows[agent].profile].members -= 1
        self.keep(&self.rows[agent].reason, None)
        self.keep(&self.rows[agent].next_reason, None)
        self.keep(&self.rows[agent].settings, None)
        return self.names.remove(agent)

    cdef int move(self, int32_t agent, int32_t profile) except -1:
        """To another profile, in whatever state."""
        cdef AgentRow* row = &self.rows[agent]
        self.reserve_places()
        self.leave_lanes(agent)
        self.drop_scores(agent)
        self.profiles.rows[row.profile].members -= 1
        return self.join_profile(agent, profile)

    cdef int join_profile(self, int32_t agent, int32_t profile) except -1:
        """Of one who is in none."""
        cdef ProfileRow* row = &self.profiles.rows[profile]
        cdef Heap* heap
        cdef int32_t place, number
        self.rows[agent].profile = profile
        self.rows[agent].lane = lanes_of(row)[0]
        row.members += 1
        if row.members > CROWD and not row.crowded:
            row.crowded = True
            free_ranks(&self.profiles.topics[profile])
            for place in range(row.lane_count):
                heap = &self.profiles.lanes[lanes_of(row)[place]].heaps[<int>BY_IDLE]
                for number in range(heap.size):
                    self.enter_crowd(heap.entries[number].slot, place)
        self.set_scores(agent)
        return self.enter_lanes(agent)

    cdef int configure(self, int32_t agent, object settings) except -1:
        """Other settings of the same profile; another one is for `move`."""
        self.leave_lanes(agent)
        self.drop_scores(agent)
        self.set_settings(agent, settings)
        self.set_scores(agent)
        self.enter_lanes(agent)
        return self.fasten(agent)

    cdef int set_settings(self, int32_t agent, object settings) except -1:
        """But for the profile."""
        cdef AgentRow* row = &self.rows[agent]
        row.weight = <int8_t><int>settings.weight
        row.wrap_up_ns = -1 if settings.wrap_up_ms is None else settings.wrap_up_ms * NS_PER_MS
        self.keep(&row.settings, settings)
        return 0

    cdef int set_scores(self, int32_t agent) except -1:
        """As by the settings, if they are of use; outside of all lanes."""
        cdef AgentRow* row = &self.rows[agent]
        cdef ProfileRow* profile = &self.profiles.rows[row.profile]
        cdef int32_t score
        if profile.orderings & 1 << BY_SCORE:
            row.first_score = self.scores.add(agent, (<object>row.settings).scores, profile.lane_count)
            score = row.first_score
            while score >= 0 and self.scores.rows[score].place == 0:
                if profile.crowded:
                    self.scores.tops.put(self.scores.rows[score].topic, row.profile, ANY_SCORE)
                else:
                    self.scores.enter_ranks(&self.profiles.topics[row.profile], row.profile, score)
                score = self.scores.rows[score].next
        return 0

    cdef int drop_scores(self, int32_t agent) except -1:
        cdef AgentRow* row = &self.rows[agent]
        cdef ProfileRow* profile = &self.profiles.rows[row.profile]
        cdef int32_t score = row.first_score
        while score >= 0 and self.scores.rows[score].place == 0 and not profile.crowded:
            self.scores.leave_ranks(&self.profiles.topics[row.profile], row.profile, score)
            score = self.scores.rows[score].next
        self.scores.remove(row.first_score)
        row.first_score = -1
        return 0

    cdef int add_orderings(self, int32_t profile, int32_t orderings) except -1:
        """A queue of the profile chooses by these, too.  Looks at all agents."""
        cdef int32_t agent
        orderings |= self.profiles.rows[profile].orderings
        if orderings == self.profiles.rows[profile].orderings:
            return 0
        for agent in range(self.names.slots.used):
            if self.names.get(agent) is not NULL and self.rows[agent].profile == profile:
                self.leave_lanes(agent)
                self.drop_scores(agent)
        self.profiles.set_orderings(profile, orderings)
        for agent in range(self.names.slots.used):
            if self.names.get(agent) is not NULL and self.rows[agent].profile == profile:
                self.set_scores(agent)
                self.enter_lanes(agent)
                self.fasten(agent)
        return 0

    # States

    cdef int set_state(
        self, int32_t agent, AgentStateCode state, object reason, int64_t now_ns, int64_t until_ns
    ) except -1:
        """The one place where an agent's state changes.  ``until_ns`` -1: no end.

        The idle time is the engine's to set before it makes an agent available.
        """
        cdef AgentRow* row = &self.rows[agent]
        assert self.allowed[row.state][<int>state], f"agent {STATES[row.state]} can't become {STATES[<int>state]}"
        self.leave_lanes(agent)
        row.state = state
        row.since_ns = now_ns
        row.until_ns = until_ns
        self.keep(&row.reason, reason)
        self.enter_lanes(agent)
        return 0

    cdef int set_next(self, int32_t agent, AgentStateCode state, object reason) except -1:
        """What the agent asked for while there was work in hand; `refresh` is the caller's."""
        self.rows[agent].next_state = state
        return self.keep(&self.rows[agent].next_reason, reason)

    cdef int clear_next(self, int32_t agent) except -1:
        if self.rows[agent].next_state >= 0 or self.rows[agent].return_ns:
            self.rows[agent].next_state = -1
            self.rows[agent].return_ns = 0
            self.keep(&self.rows[agent].next_reason, None)
        return 0

    cdef bint at_work(self, int32_t agent) noexcept:
        cdef AgentRow* row = &self.rows[agent]
        return row.next_state < 0 and AGENT_AVAILABLE <= row.state <= AGENT_WRAP_UP

    cdef bint has_room(self, int32_t agent, int32_t lane) noexcept:
        cdef AgentRow* row = &self.rows[agent]
        cdef LaneRow* found = &self.profiles.lanes[lane]
        cdef int32_t work = row.first_work, count = 0
        if (row.load if found.interruptible else row.firm) + found.weight > self.profiles.rows[row.profile].capacity:
            return False
        while work >= 0:
            if self.work(work).channel == found.channel:
                count += 1
            work = self.work(work).next
        return count < found.most

    # Lanes

    cdef int enter_lanes(self, int32_t agent) except -1:
        """Counted at once, in the heaps by `fasten`: who is offered something by the same event need not be."""
        cdef AgentRow* row = &self.rows[agent]
        cdef ProfileRow* profile = &self.profiles.rows[row.profile]
        cdef int32_t* lanes = lanes_of(profile)
        cdef int32_t place, number
        cdef bint ready
        row.working = self.at_work(agent)
        profile.working += row.working
        profile.available += row.state == AGENT_AVAILABLE
        ready = row.working and row.offer < 0
        for place in range(profile.lane_count):
            number = lanes[place]
            if ready and self.has_room(agent, number):
                row.inside |= <uint64_t>1 << place
                self.profiles.counts[number].agents[<int>INSIDE] += 1
            else:
                self.profiles.counts[number].agents[row.state] += 1
        row.loose = row.inside != 0
        return 0

    cdef int fasten(self, int32_t agent) except -1:
        """Into the heaps of the lanes where they may take something."""
        cdef AgentRow* row = &self.rows[agent]
        cdef ProfileRow* profile = &self.profiles.rows[row.profile]
        cdef int32_t* lanes = lanes_of(profile)
        cdef LaneRow* lane
        cdef Heap* heap
        cdef int32_t place, ordering, number
        cdef int64_t key
        if not row.loose:
            return 0
        row.loose = False
        for place in range(profile.lane_count):
            if not row.inside >> place & 1:
                continue
            number = lanes[place]
            lane = &self.profiles.lanes[number]
            self.profiles.weights[number] += row.weight
            for ordering in range(ORDERINGS):
                if profile.orderings & 1 << ordering:
                    heap = &lane.heaps[ordering]
                    heap_reserve(heap)
                    if ordering == BY_IDLE:
                        key = row.idle_since_ns
                    elif ordering == BY_LOAD:
                        key = 1000 * <int64_t>row.load // profile.capacity
                    else:
                        key = row.last_offer
                    heap_enter(heap, self.places[place * ORDERINGS + ordering], key, row.idle_sequence, agent)
                    self.profiles.refresh(number, ordering)
            if profile.crowded:
                self.enter_crowd(agent, place)
        return 0

    cdef int enter_crowd(self, int32_t agent, int32_t place) except -1:
        """Where there are many, those who are chosen by chance or success are found without looking at all."""
        cdef AgentRow* row = &self.rows[agent]
        cdef ProfileRow* profile = &self.profiles.rows[row.profile]
        cdef LaneRow* lane = &self.profiles.lanes[lanes_of(profile)[place]]
        cdef int32_t score = row.first_score
        if profile.orderings & 1 << BY_LOT:
            self.lots.add(&lane.row, agent, row.row_key, row.weight)
        while score >= 0:
            if self.scores.rows[score].place == place:
                self.scores.enter(&lane.topics, score, row.idle_sequence)
            score = self.scores.rows[score].next
        return 0

    cdef void leave_crowd(self, int32_t agent, int32_t place) noexcept:
        cdef AgentRow* row = &self.rows[agent]
        cdef ProfileRow* profile = &self.profiles.rows[row.profile]
        cdef LaneRow* lane = &self.profiles.lanes[lanes_of(profile)[place]]
        cdef int32_t score = row.first_score
        if profile.orderings & 1 << BY_LOT:
            self.lots.remove(&lane.row, agent, row.row_key, row.weight)
        while score >= 0:
            if self.scores.rows[score].place == place:
                self.scores.leave(&lane.topics, score)
            score = self.scores.rows[score].next

    cdef void leave_lanes(self, int32_t agent) noexcept:
        cdef AgentRow* row = &self.rows[agent]
        cdef ProfileRow* profile = &self.profiles.rows[row.profile]
        cdef int32_t* lanes = lanes_of(profile)
        cdef int32_t place, ordering, number
        cdef int32_t* places
        profile.working -= row.working
        profile.available -= row.state == AGENT_AVAILABLE
        for place in range(profile.lane_count):
            number = lanes[place]
            if not row.inside >> place & 1:
                self.profiles.counts[number].agents[row.state] -= 1
                continue
            self.profiles.counts[number].agents[<int>INSIDE] -= 1
            if row.loose:
                continue
            self.profiles.weights[number] -= row.weight
            if profile.crowded:
                self.leave_crowd(agent, place)
            for ordering in range(ORDERINGS):
                if profile.orderings & 1 << ordering:
                    places = self.places[place * ORDERINGS + ordering]
                    heap_leave(&self.profiles.lanes[number].heaps[ordering], places, agent)
                    self.profiles.refresh(number, ordering)
        row.inside = 0
        row.loose = False

    cdef int refresh(self, int32_t agent) except -1:
        """After a change of what is in hand or asked for that was not one of state."""
        self.leave_lanes(agent)
        self.enter_lanes(agent)
        return 0

    # Works

    cdef int32_t take_work(self, int32_t agent) except -1:
        cdef int32_t slot
        if self.rows[agent].work.name is NULL:
            return 2 * agent
        slot = self.more_slots.take()
        if self.more_slots.capacity > self.work_capacity:
            self.more_works = <WorkRow*>grow_aligned(
                self.more_works, sizeof(WorkRow), self.work_capacity, self.more_slots.capacity
            )
            self.work_capacity = self.more_slots.capacity
        return 2 * slot + 1

    cdef int32_t add_work(self, int32_t agent, int32_t contact, object name, int32_t lane) except -1:
        """The latest in hand; `refresh` or `set_state` is the caller's."""
        cdef LaneRow* found = &self.profiles.lanes[lane]
        cdef WorkRow* row
        cdef int32_t* link = &self.rows[agent].first_work
        cdef int32_t work = self.take_work(agent)
        row = self.work(work)
        memset(row, 0, sizeof(WorkRow))
        self.keep(&row.name, name)
        row.until_ns = -1
        row.contact = contact
        row.agent = agent
        row.next = row.timer = -1
        row.channel = found.channel
        row.weight = found.weight
        row.interruptible = found.interruptible
        if row.channel >= 0:
            self.profiles.channel_uses[row.channel] += 1
        while link[0] >= 0:
            link = &self.work(link[0]).next
        link[0] = work
        self.rows[agent].load += row.weight
        if not row.interruptible:
            self.rows[agent].firm += row.weight
        return work

    cdef int remove_work(self, int32_t work) except -1:
        """Out of the agent's hands; `refresh` or `set_state` is the caller's."""
        cdef WorkRow* row = self.work(work)
        cdef int32_t* link = &self.rows[row.agent].first_work
        while link[0] != work:
            link = &self.work(link[0]).next
        link[0] = row.next
        self.rows[row.agent].load -= row.weight
        if not row.interruptible:
            self.rows[row.agent].firm -= row.weight
        self.bin.add(row.name)
        row.name = NULL
        self.profiles.release_channel(row.channel)
        if work & 1:
            self.more_slots.give_back(work >> 1)
        return 0
