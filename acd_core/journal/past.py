"""What people did on the days that a journal tells of: who came when, how long they talked, when agents were there.

These are the facts that another configuration would have met just the same.  What the distributor made of them (who
waited for how long, who got whom) is left out, but for one use: how long customers were willing to wait shows only in
how long they did.
"""

from __future__ import annotations

import bisect
import statistics
import zlib
from collections.abc import Iterable, Sequence

import msgspec

from acd_core import events as ev
from acd_core.decisions import AgentStateChanged, ContactAssigned, OfferEnded, OfferMade
from acd_core.journal.records import Entry, Header
from acd_core.snapshots import as_arrived
from acd_core.states import AgentState, ContactState, OfferEnd
from acd_core.views import Snapshot

TALK_NS = 180_000_000_000
"""When nobody talked in the whole journal."""
AWAY_NS = 60_000_000_000
"""After an offer was not answered, when nobody ever came back from that."""

ACTS = (
    ev.QueueConfigured,
    ev.QueueRemoved,
    ev.QueueOpened,
    ev.QueueClosed,
    ev.MatchingConfigured,
    ev.AgentSignedIn,
    ev.AgentChanged,
    ev.AgentReady,
    ev.AgentPaused,
    ev.AgentSignedOut,
    ev.ContactChanged,
    ev.ContactDeferred,
    ev.ContactReturned,
    ev.AssignmentOrdered,
)
"""What happens at its time whatever the distributor does."""

AWAY = frozenset({AgentState.PAUSED, AgentState.NOT_RESPONDING})
SAID_SO = (ev.AgentSignedIn, ev.AgentPaused)

NAME_CHARS = 240
"""Of a contact's id, before the number of the stay."""


class PastContact(msgspec.Struct, gc=False):
    """One stay of a customer, from arrival to the end; who comes again has another, under a name of its own."""

    arrived: ev.ContactArrived
    """Its ``contact`` is the name under which it stands in `Past.contacts`."""
    arrived_ns: int
    waited_ns: int = 0
    """Until the first answer, the end of their patience or the end of the journal."""
    gave_up: bool = False
    answered: bool = False
    unanswered: int = 0
    """Offers that agents let expire."""
    ring_ns: int | None = None
    """How long it rang until it was answered."""
    talk_ns: int = 0
    """Over all conversations; 0: there was none."""
    wrap_up_ns: int | None = None
    """When the agent ended it, earlier or later than it would have ended; None: it ended by itself."""
    talking_since_ns: int | None = None
    cut: bool = False
    """They still talked when the run or the journal ended."""
    answered_before: bool = False
    """It was with an agent when the journal began: how long it had waited, and since when they talk, is not known."""
    returns: list[tuple[int, ev.ContactArrived]] = msgspec.field(default_factory=list)
    """Chats that wait when a run ends come back in the next one: this is still the same stay."""


class Past:
    """Feed it the entries of each run in order, `begin` before them, `end_run` between two and `finish` at the end."""

    def __init__(self) -> None:
        self.contacts: dict[str, PastContact] = {}
        """By the names of the stays: the contact's id, for a second stay with a number."""
        self.acts: list[tuple[int, ev.Event]] = []
        self.restarts: list[int] = []
        """When runs ended that were not the last."""
        self.snapshot: Snapshot | None = None
        """What stood already when the journal began."""
        self.start_ns: int | None = None
        self.end_ns = 0
        self.away_ns: list[int] = []
        """How long agents were away who had let an offer expire."""
        self._live: dict[str, PastContact] = {}
        """By the contact's id, as the two that follow."""
        self._last: dict[str, PastContact] = {}
        """The latest stay, also when it is over."""
        self._parked: dict[str, tuple[PastContact, int]] = {}
        """Who waited when a run ended, and when that was."""
        self._states: dict[str, AgentState] = {}
        self._missed: dict[str, int] = {}
        """Agents who are not responding since then because they let an offer expire."""
        self._offered: dict[int, int] = {}
        self._wrapping: dict[str, tuple[str, int, bool]] = {}
        self._wrapping_before: set[str] = set()
        """Agents in a wrap-up that began before the journal does."""

    def begin(self, header: Header) -> None:
        """Of a run's first segment.  Raises `ValueError` where a run that is not the first begins with a snapshot."""
        snapshot = header.snapshot
        if snapshot is None:
            return
        if self.start_ns is not None:
            raise ValueError(f"the beginning of run {header.run} is lost: what was before it can't be held against it")
        self.snapshot = snapshot
        self.start_ns = self.end_ns = max(snapshot.now_ns, header.started_ns)
        for agent in snapshot.agents:
            self._states[agent.agent] = agent.state
            if agent.offer is not None:
                self._offered[agent.offer] = agent.since_ns
            if agent.state is AgentState.WRAP_UP:
                self._wrapping_before.add(agent.agent)
        for view in snapshot.contacts:
            contact = PastContact(as_arrived(view), view.arrival_ns)
            if view.state is ContactState.ASSIGNED:
                contact.answered = contact.answered_before = True
                contact.talking_since_ns = self.start_ns
            self._stay(view.contact, contact)

    def take(self, entry: Entry) -> None:
        now_ns = self.end_ns = max(entry.now_ns, self.end_ns)
        if self.start_ns is None:
            self.start_ns = now_ns
        if entry.event is not None:
            self._happened(entry.event, now_ns)
        for decision in entry.decisions:
            if isinstance(decision, OfferMade):
                self._offered[decision.offer] = now_ns
            elif isinstance(decision, ContactAssigned):
                self._assigned(decision, now_ns)
            elif isinstance(decision, OfferEnded) and decision.end is OfferEnd.EXPIRED:
                self._last[decision.contact].unanswered += 1
            elif isinstance(decision, AgentStateChanged):
                self._agent_changed(decision, entry.event, now_ns)

    def waits_on(self, contact: str) -> bool:
        """Whether the contact waited when a run ended and has not come back yet."""
        return contact in self._parked

    def end_run(self) -> tuple[list[str], list[str]]:
        """The process ended, and all conversations with it; returns the contacts that had one, and the agents."""
        talking = sorted(name for name, contact in self._live.items() if contact.talking_since_ns is not None)
        agents = sorted(self._states)
        for name, contact in self._live.items():
            self._cut(contact)
            if name not in talking:
                self._parked[name] = contact, self.end_ns
        if self.start_ns is not None:
            self.restarts.append(self.end_ns)
        for open_ in (self._live, self._states, self._missed, self._offered, self._wrapping, self._wrapping_before):
            open_.clear()
        return talking, agents

    def finish(self) -> list[tuple[str, int]]:
        """The journal ends here; returns the contacts that waited when a run ended and never came back, and since when
        they are gone."""
        for contact in self._live.values():
            self._cut(contact)
        return [(name, gone_ns) for name, (_, gone_ns) in sorted(self._parked.items())]

    def _cut(self, contact: PastContact) -> None:
        contact.cut = contact.cut or contact.talking_since_ns is not None
        self._close(contact, self.end_ns)

    def _happened(self, event: ev.Event, now_ns: int) -> None:
        match event:
            case ev.ContactArrived():
                self._arrived(event, now_ns)
            case ev.ContactAbandoned():
                contact = self._live.pop(event.contact)
                self._close(contact, now_ns)
                contact.gave_up = not contact.answered
            case ev.ContactEnded():
                self._close(self._live.pop(event.contact), now_ns)
            case ev.ContactRequeued() | ev.ContactTransferred():
                self._stop_talking(self._last[event.contact], now_ns)
            case ev.WrapUpFinished() | ev.WrapUpExtended() | ev.AgentReady() if event.agent in self._wrapping_before:
                # The end of a wrap-up is noted with its contact, of which the journal tells nothing here.
                self.acts.append((now_ns, event))
                return
            case ev.AgentReady() if self._states.get(event.agent) not in AWAY or event.agent in self._missed:
                # It ended a wrap-up, which is noted with the contact, or took back a wish, or came back after an offer.
                return
        if isinstance(event, ACTS):
            self.acts.append((now_ns, self._renamed(event)))

    def _arrived(self, event: ev.ContactArrived, now_ns: int) -> None:
        parked = self._parked.pop(event.contact, None)
        if parked is None:
            self._stay(event.contact, PastContact(event, now_ns))
            return
        contact, _ = parked
        self._live[event.contact] = contact
        contact.returns.append((now_ns, msgspec.structs.replace(event, contact=contact.arrived.contact)))

    def _stay(self, contact: str, stay: PastContact) -> None:
        name, number = contact, 1
        while name in self.contacts:
            number += 1
            name = f"{contact[:NAME_CHARS]} ({number})"
        if name != contact:
            stay.arrived = msgspec.structs.replace(stay.arrived, contact=name)
        self.contacts[name] = self._live[contact] = self._last[contact] = stay

    def _renamed(self, event: ev.Event) -> ev.Event:
        """As of the stay that the contact is in."""
        contact = getattr(event, "contact", None)
        stay = self._last.get(contact) if contact is not None else None
        if stay is None or stay.arrived.contact == contact:
            return event
        return msgspec.structs.replace(event, contact=stay.arrived.contact)

    def _close(self, contact: PastContact, now_ns: int) -> None:
        self._stop_talking(contact, now_ns)
        if not contact.answered:
            contact.waited_ns = now_ns - contact.arrived_ns

    def _stop_talking(self, contact: PastContact, now_ns: int) -> None:
        if contact.talking_since_ns is not None:
            contact.talk_ns += now_ns - contact.talking_since_ns
            contact.talking_since_ns = None

    def _assigned(self, decision: ContactAssigned, now_ns: int) -> None:
        contact = self._last[decision.contact]
        contact.talking_since_ns = now_ns
        if not contact.answered:
            contact.answered = True
            contact.waited_ns = now_ns - contact.arrived_ns
            contact.ring_ns = now_ns - self._offered.get(decision.offer, now_ns)

    def _agent_changed(self, decision: AgentStateChanged, event: ev.Event | None, now_ns: int) -> None:
        agent, state = decision.agent, decision.state
        before = self._states.get(agent)
        wrapping = self._wrapping.pop(agent, None)
        extended = isinstance(event, ev.WrapUpExtended)
        if state is not AgentState.WRAP_UP:
            self._wrapping_before.discard(agent)
        if agent in self._wrapping_before:
            pass
        elif state is AgentState.WRAP_UP and decision.contact is not None:
            if wrapping is not None and wrapping[0] == decision.contact:
                self._wrapping[agent] = (*wrapping[:2], wrapping[2] or extended)
            else:
                self._wrapping[agent] = (decision.contact, now_ns, False)
        elif wrapping is not None and (event is not None or wrapping[2]) and wrapping[0] in self._last:
            self._last[wrapping[0]].wrap_up_ns = now_ns - wrapping[1]
        missed_ns = self._missed.pop(agent, None)
        if missed_ns is not None:
            self.away_ns.append(now_ns - missed_ns)
        if state is AgentState.NOT_RESPONDING and event is None:
            self._missed[agent] = now_ns
        elif state in AWAY and not isinstance(event, SAID_SO):
            # Their page went away, or they had asked for a pause before: they were not there, whoever calls.
            self.acts.append((now_ns, ev.AgentPaused(agent, decision.reason)))
        elif before is AgentState.NOT_RESPONDING and event is None and missed_ns is None:
            self.acts.append((now_ns, ev.AgentReady(agent)))
        if state is AgentState.SIGNED_OUT:
            self._states.pop(agent, None)
        else:
            self._states[agent] = state


class Habits:
    """What is assumed of a contact where the journal does not say."""

    def __init__(self, contacts: Iterable[PastContact], away_ns: Sequence[int] = ()) -> None:
        self.away_ns = int(statistics.median(away_ns)) if away_ns else AWAY_NS
        """Until an agent who let an offer expire is ready again."""
        talks: dict[str, list[int]] = {}
        rings: list[int] = []
        waits: list[tuple[int, bool]] = []
        for contact in contacts:
            if contact.answered_before:
                continue
            if contact.talk_ns:
                talks.setdefault(contact.arrived.queue, []).append(contact.talk_ns)
            if contact.ring_ns is not None:
                rings.append(contact.ring_ns)
            waits.append((contact.waited_ns, contact.gave_up))
        everything = [talk for some in talks.values() for talk in some]
        self._talk_ns = int(statistics.median(everything)) if everything else TALK_NS
        self._talks_ns = {queue: int(statistics.median(some)) for queue, some in talks.items()}
        self._ring_ns = int(statistics.median(rings)) if rings else 0
        self._gave_up_ns, self._staying = survival(waits)

    def talk_ns(self, contact: PastContact) -> int:
        """As it was; the median of its queue for who never got to talk."""
        return contact.talk_ns or self._talks_ns.get(contact.arrived.queue, self._talk_ns)

    def ring_ns(self, contact: PastContact) -> int:
        return self._ring_ns if contact.ring_ns is None else contact.ring_ns

    def patience_ns(self, contact: PastContact) -> int | None:
        """As it was for who gave up.  Who was answered would have waited longer, nobody knows how much: as long as
        others who waited so long did, by lot (always the same for the same contact); None: for ever."""
        if contact.gave_up:
            return contact.waited_ns
        place = bisect.bisect_right(self._gave_up_ns, contact.waited_ns)
        staying = self._staying[place - 1] if place else 1.0
        lot = staying * (zlib.crc32(contact.arrived.contact.encode()) / 2**32)
        for gave_up_ns, share in zip(self._gave_up_ns[place:], self._staying[place:], strict=True):
            if share <= lot:
                return gave_up_ns
        return None


def survival(waits: Sequence[tuple[int, bool]]) -> tuple[list[int], list[float]]:
    """Times (ns) at which somebody gave up, and the share who wait for longer; Kaplan and Meier's estimate.

    ``waits``: how long each was seen to wait, and whether they gave up then.
    """
    times: list[int] = []
    shares: list[float] = []
    share = 1.0
    left = len(waits)
    for wait_ns, gave_up in sorted(waits, key=lambda one: (one[0], not one[1])):
        if gave_up:
            share *= (left - 1) / left
            if times and times[-1] == wait_ns:
                shares[-1] = share
            else:
                times.append(wait_ns)
                shares.append(share)
        left -= 1
    return times, shares
