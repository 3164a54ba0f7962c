"""Metrics from the stream of events and decisions: the same for production, replay and simulation.

The collector is told what the distributor was told and what it decided, in order, and nothing else; it never asks the
distributor.  Events that it does not know are of no concern to it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from acd_core import events as ev
from acd_core.decisions import (
    AgentStateChanged,
    ContactAssigned,
    ContactInterrupted,
    ContactMoved,
    ContactResumed,
    Decision,
    OfferEnded,
    OfferMade,
)
from acd_core.metrics.books import QueueBook
from acd_core.metrics.crowd import Crowd
from acd_core.metrics.hands import Hands
from acd_core.metrics.report import Report, Target
from acd_core.metrics.waits import NS_PER_S, Leaving, WaitBook
from acd_core.states import ContactState, OfferEnd
from acd_core.views import ContactView, Snapshot

ALL = ""
"""The name of the row of all queues."""


SPLIT = "split"
"""Reason of a `ContactMoved` by a split: the contact never belonged to the queue that it was sent to."""


class _Contact:
    __slots__ = (
        "agent", "arrived_ns", "began_ns", "counted", "counted_whole", "queue", "talked_ns", "talking_since_ns",
        "unanswered",
    )  # fmt: skip

    def __init__(self, queue: QueueBook, now_ns: int, *, counted: bool) -> None:
        self.queue = queue
        self.arrived_ns = self.began_ns = now_ns
        self.counted = self.counted_whole = counted
        """Of this stay, of the contact as a whole: both are left out when they began before the counting."""
        self.unanswered = True
        self.agent: str | None = None
        """Who has it in hand."""
        self.talked_ns = 0
        self.talking_since_ns: int | None = None
        """None also while it is interrupted by another contact."""


class Collector:
    """Feed it with `observe`; `report` may be asked for at any time."""

    def __init__(
        self,
        *,
        targets: Mapping[str, Target] | None = None,
        from_ns: int = 0,
        interval_ns: int | None = None,
    ) -> None:
        """``targets`` by queue, and under the empty name for all; stays that begin before ``from_ns`` don't count.

        ``interval_ns``: also keep time series with this step.
        """
        self._targets = dict(targets or {})
        self._from_ns = from_ns
        self._interval_ns = interval_ns
        self._last_ns = from_ns
        self._queues: dict[str, QueueBook] = {}
        self._all = QueueBook(WaitBook(ALL, self._targets.get(ALL, Target()), interval_ns))
        self._contacts: dict[str, _Contact] = {}
        self._offers: dict[int, QueueBook] = {}
        """Those that count and are out."""
        self._crowd = Crowd(from_ns, interval_ns)
        self._hands = Hands()
        self._on_event: dict[type, Callable[[Any, int], None]] = {
            ev.QueueConfigured: self._queue_configured,
            ev.AgentSignedIn: self._agent_configured,
            ev.AgentChanged: self._agent_configured,
            ev.AgentReady: self._agent_ready,
            ev.WrapUpFinished: self._wrap_up_finished,
            ev.WrapUpExtended: self._wrap_up_extended,
            ev.ContactAbandoned: self._abandoned,
            ev.ContactEnded: self._ended,
            ev.ContactRequeued: self._requeued,
            ev.ContactTransferred: self._transferred,
        }
        self._on_decision: dict[type, Callable[[Any, int], None]] = {
            OfferMade: self._offer_made,
            OfferEnded: self._offer_ended,
            ContactAssigned: self._assigned,
            ContactMoved: self._moved,
            ContactInterrupted: self._interrupted,
            ContactResumed: self._resumed,
            AgentStateChanged: self._state_changed,
        }

    def observe(self, event: ev.Event | None, decisions: Sequence[Decision], now_ns: int) -> None:
        """What `handle` was given and gave back; ``event`` None: `handle_timer`."""
        self._last_ns = now_ns
        if event is None:
            self._hands.run_timer(now_ns)
        elif type(event) is ev.ContactArrived:
            self._arrived(event, decisions, now_ns)
        else:
            act = self._on_event.get(type(event))
            if act is not None:
                act(event, now_ns)
        on_decision = self._on_decision
        for decision in decisions:
            act = on_decision.get(type(decision))
            if act is not None:
                act(decision, now_ns)

    def begin_with(self, snapshot: Snapshot, now_ns: int, left_out: Collection[str] = frozenset()) -> None:
        """Before anything is observed: what stands already.  ``left_out``: contacts that are not there after all.

        Who waits has waited since they arrived, in this queue since they entered it if they came to it from another.
        Conversations and wrap-ups keep their agents busy, but are not counted: how long these customers had waited is
        not known.
        """
        for queue in snapshot.queues:
            self._queue(queue.queue)
            self._hands.configure_queue(queue.queue, queue.wrap_up_ms)
        for agent in snapshot.agents:
            if agent.settings is not None:
                self._hands.configure_agent(agent.agent, agent.settings.wrap_up_ms)
        for view in snapshot.contacts:
            if view.contact not in left_out:
                self._stand(view)
        for agent in snapshot.agents:
            for work in agent.work:
                if work.until_ns is not None:
                    self._hands.stand(agent.agent, work.contact, work.until_ns, now_ns)
                elif not work.interrupted:
                    self._talk(self._contacts[work.contact], now_ns)
            shown = AgentStateChanged(agent.agent, agent.state, agent.reason, agent.until_ns, agent.contact)
            self._state_changed(shown, now_ns)

    def _stand(self, view: ContactView) -> None:
        counts = view.state is not ContactState.ASSIGNED
        contact = self._contacts[view.contact] = _Contact(self._queue(view.queue), view.arrival_ns, counted=counts)
        contact.unanswered = counts
        contact.agent = None if counts else view.agent
        if counts:
            contact.began_ns = view.entered_ns if view.hops else view.arrival_ns
            contact.queue.waits.enter(contact.began_ns)
            self._all.waits.enter(contact.arrived_ns)

    @property
    def wrapping_up(self) -> int:
        """Wrap-ups under way now."""
        return self._hands.wrapping_up

    # Events

    def _queue(self, name: str) -> QueueBook:
        queue = self._queues.get(name)
        if queue is None:
            target = self._targets.get(name) or self._targets.get(ALL) or Target()
            queue = self._queues[name] = QueueBook(WaitBook(name, target, self._interval_ns))
        return queue

    def _queue_configured(self, event: ev.QueueConfigured, now_ns: int) -> None:
        self._queue(event.queue)
        self._hands.configure_queue(event.queue, event.wrap_up_ms)

    def _agent_configured(self, event: ev.AgentSignedIn | ev.AgentChanged, now_ns: int) -> None:
        self._hands.configure_agent(event.agent, event.wrap_up_ms)

    def _agent_ready(self, event: ev.AgentReady, now_ns: int) -> None:
        self._hands.get_ready(event.agent, now_ns)

    def _wrap_up_finished(self, event: ev.WrapUpFinished, now_ns: int) -> None:
        self._hands.finish(event.agent, event.contact, now_ns)

    def _wrap_up_extended(self, event: ev.WrapUpExtended, now_ns: int) -> None:
        self._hands.extend(event.agent, event.contact, event.until_ns)

    def _arrived(self, event: ev.ContactArrived, decisions: Sequence[Decision], now_ns: int) -> None:
        """In the queue that a split has sent it to, if one has."""
        queue = self._queue(event.queue)
        first = decisions[0] if decisions else None
        if isinstance(first, ContactMoved) and first.reason == SPLIT:
            queue = self._queue(first.to_queue)
        counted = now_ns >= self._from_ns
        self._contacts[event.contact] = _Contact(queue, now_ns, counted=counted)
        if counted:
            queue.waits.enter(now_ns)
            self._all.waits.enter(now_ns)

    def _abandoned(self, event: ev.ContactAbandoned, now_ns: int) -> None:
        contact = self._contacts.pop(event.contact, None)
        if contact is None:
            return
        self._leave(contact, Leaving.ABANDONED, now_ns)
        if contact.unanswered and contact.counted_whole:
            self._all.waits.leave(Leaving.ABANDONED, contact.arrived_ns, now_ns)

    def _leave(self, contact: _Contact, how: Leaving, now_ns: int) -> None:
        if contact.counted:
            contact.queue.waits.leave(how, contact.began_ns, now_ns)

    def _ended(self, event: ev.ContactEnded, now_ns: int) -> None:
        contact = self._contacts.pop(event.contact, None)
        if contact is not None:
            self._handled(event.contact, contact, now_ns)

    def _handled(self, name: str, contact: _Contact, now_ns: int) -> None:
        """The conversation is over: its agent wraps up, but for one that was interrupted."""
        agent, talking = contact.agent, contact.talking_since_ns is not None
        if agent is None:
            return
        self._take_away(contact, now_ns)
        books = self._books(contact)
        for book in books:
            book.handled += 1
        if talking:
            self._hands.begin_wrap_up(agent, name, contact.queue.waits.name, books, now_ns)

    def _books(self, contact: _Contact) -> tuple[QueueBook, ...]:
        """In which what agents do about this stay is written."""
        return (contact.queue, self._all) if contact.counted else ()

    def _take_away(self, contact: _Contact, now_ns: int) -> None:
        """From its agent, if one has it."""
        self._pause_talking(contact, now_ns)
        for book in self._books(contact):
            book.talk_ns += contact.talked_ns
        contact.agent, contact.talked_ns = None, 0

    def _talk(self, contact: _Contact, now_ns: int) -> None:
        if contact.agent is not None and contact.talking_since_ns is None:
            contact.talking_since_ns = now_ns
            self._hands.take_up(contact.agent)

    def _pause_talking(self, contact: _Contact, now_ns: int) -> None:
        since_ns, contact.talking_since_ns = contact.talking_since_ns, None
        if contact.agent is not None and since_ns is not None:
            contact.talked_ns += now_ns - since_ns
            self._hands.put_down(contact.agent)

    def _requeued(self, event: ev.ContactRequeued, now_ns: int) -> None:
        contact = self._contacts.get(event.contact)
        if contact is None:
            return
        self._take_away(contact, now_ns)
        self._re_enter(contact, contact.queue, now_ns)
        for book in self._books(contact):
            book.requeued += 1

    def _re_enter(self, contact: _Contact, queue: QueueBook, now_ns: int) -> None:
        """Another stay of the same contact."""
        contact.queue, contact.began_ns = queue, now_ns
        contact.counted = now_ns >= self._from_ns
        if contact.counted:
            queue.waits.enter(now_ns)

    def _transferred(self, event: ev.ContactTransferred, now_ns: int) -> None:
        contact = self._contacts.get(event.contact)
        if contact is None:
            return
        old = contact.queue
        new = old if event.queue is None else self._queue(event.queue)
        if contact.agent is not None:
            self._handled(event.contact, contact, now_ns)
        elif new is old:
            return  # it waits on in the same queue, for a certain agent
        else:
            self._leave(contact, Leaving.OVERFLOWED, now_ns)
        self._re_enter(contact, new, now_ns)
        if now_ns >= self._from_ns:
            old.transferred_out += 1
            new.transferred_in += 1
            self._all.transferred_out += 1
            self._all.transferred_in += 1

    # Decisions

    def _offer_made(self, decision: OfferMade, now_ns: int) -> None:
        if now_ns >= self._from_ns:
            queue = self._offers[decision.offer] = self._queue(decision.queue)
            queue.offers += 1
            self._all.offers += 1

    def _offer_ended(self, decision: OfferEnded, now_ns: int) -> None:
        queue = self._offers.pop(decision.offer, None)
        if queue is None:
            return
        for book in (queue, self._all):
            book.unanswered += decision.end is OfferEnd.EXPIRED
            book.rejected += decision.end is OfferEnd.REJECTED

    def _assigned(self, decision: ContactAssigned, now_ns: int) -> None:
        contact = self._contacts.get(decision.contact)
        if contact is None:
            return
        self._leave(contact, Leaving.ANSWERED, now_ns)
        contact.agent = decision.agent
        self._talk(contact, now_ns)
        if contact.unanswered:
            contact.unanswered = False
            if contact.counted_whole:
                self._all.waits.leave(Leaving.ANSWERED, contact.arrived_ns, now_ns)

    def _interrupted(self, decision: ContactInterrupted, now_ns: int) -> None:
        contact = self._contacts.get(decision.contact)
        if contact is not None:
            self._pause_talking(contact, now_ns)

    def _resumed(self, decision: ContactResumed, now_ns: int) -> None:
        contact = self._contacts.get(decision.contact)
        if contact is not None:
            self._talk(contact, now_ns)

    def _moved(self, decision: ContactMoved, now_ns: int) -> None:
        """By overflow; a transfer has been counted by its event, a split as the arrival."""
        contact = self._contacts.get(decision.contact)
        new = self._queue(decision.to_queue)
        if contact is None or contact.queue is new:
            return
        self._leave(contact, Leaving.OVERFLOWED, now_ns)
        self._re_enter(contact, new, now_ns)

    def _state_changed(self, decision: AgentStateChanged, now_ns: int) -> None:
        agent = decision.agent
        state = self._hands.show(agent, decision.state, decision.contact, decision.until_ns, now_ns)
        self._crowd.change(agent, state, now_ns)

    # What it comes to

    def report(self, now_ns: int | None = None) -> Report:
        """As of ``now_ns`` (default: the last event)."""
        until_ns = self._last_ns if now_ns is None else max(now_ns, self._last_ns)
        self._crowd.advance(until_ns)
        self._hands.advance(until_ns)
        intervals = {}
        staffing = []
        if self._interval_ns is not None and until_ns > self._from_ns:
            first, last = self._from_ns // self._interval_ns, (until_ns - 1) // self._interval_ns
            intervals = {name: queue.waits.intervals(first, last) for name, queue in self._queues.items()}
            intervals[ALL] = self._all.waits.intervals(first, last)
            staffing = self._crowd.staffing(first, last)
        return Report(
            from_s=self._from_ns / NS_PER_S,
            until_s=until_ns / NS_PER_S,
            queues=[queue.row() for queue in self._queues.values()],
            all=self._all.row(),
            agents=self._crowd.times(),
            intervals=intervals,
            staffing=staffing,
        )
