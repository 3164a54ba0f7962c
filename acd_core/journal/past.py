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
from acd_core.journal.records import Entry
from acd_core.states import AgentState, OfferEnd

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


class PastContact(msgspec.Struct, gc=False):
    arrived: ev.ContactArrived
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


class Past:
    """Feed it the entries of each run in order, and `end_run` between them."""

    def __init__(self) -> None:
        self.contacts: dict[str, PastContact] = {}
        self.acts: list[tuple[int, ev.Event]] = []
        self.start_ns: int | None = None
        self.end_ns = 0
        self.away_ns: list[int] = []
        """How long agents were away who had let an offer expire."""
        self._live: set[str] = set()
        self._states: dict[str, AgentState] = {}
        self._missed: dict[str, int] = {}
        """Agents who are not responding since then because they let an offer expire."""
        self._offered: dict[int, int] = {}
        self._wrapping: dict[str, tuple[str, int, bool]] = {}

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
                self.contacts[decision.contact].unanswered += 1
            elif isinstance(decision, AgentStateChanged):
                self._agent_changed(decision, entry.event, now_ns)

    def end_run(self) -> tuple[list[str], list[str]]:
        """All that was open ends now: contacts that waited or were with an agent, and agents; returns both."""
        contacts, agents = sorted(self._live), sorted(self._states)
        for contact in contacts:
            self._close(contact, self.end_ns)
        for agent in agents:
            self.acts.append((self.end_ns, ev.AgentSignedOut(agent)))
        self._states.clear()
        self._missed.clear()
        self._offered.clear()
        self._wrapping.clear()
        return contacts, agents

    def _happened(self, event: ev.Event, now_ns: int) -> None:
        match event:
            case ev.ContactArrived():
                self.contacts[event.contact] = PastContact(event, now_ns)
                self._live.add(event.contact)
            case ev.ContactAbandoned():
                contact = self._close(event.contact, now_ns)
                contact.gave_up = not contact.answered
            case ev.ContactEnded():
                self._close(event.contact, now_ns)
            case ev.ContactRequeued() | ev.ContactTransferred():
                self._stop_talking(self.contacts[event.contact], now_ns)
            case ev.AgentReady() if self._states.get(event.agent) not in AWAY or event.agent in self._missed:
                # It ended a wrap-up, which is noted with the contact, or took back a wish, or came back after an offer.
                return
        if isinstance(event, ACTS):
            self.acts.append((now_ns, event))

    def _close(self, name: str, now_ns: int) -> PastContact:
        contact = self.contacts[name]
        self._live.discard(name)
        self._stop_talking(contact, now_ns)
        if not contact.answered:
            contact.waited_ns = now_ns - contact.arrived_ns
        return contact

    def _stop_talking(self, contact: PastContact, now_ns: int) -> None:
        if contact.talking_since_ns is not None:
            contact.talk_ns += now_ns - contact.talking_since_ns
            contact.talking_since_ns = None

    def _assigned(self, decision: ContactAssigned, now_ns: int) -> None:
        contact = self.contacts[decision.contact]
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
        if state is AgentState.WRAP_UP and decision.contact is not None:
            if wrapping is not None and wrapping[0] == decision.contact:
                self._wrapping[agent] = (*wrapping[:2], wrapping[2] or extended)
            else:
                self._wrapping[agent] = (decision.contact, now_ns, False)
        elif wrapping is not None and (event is not None or wrapping[2]):
            self.contacts[wrapping[0]].wrap_up_ns = now_ns - wrapping[1]
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
