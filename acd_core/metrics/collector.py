"""Metrics from the stream of events and decisions: the same for production, replay and simulation.

The collector is told what the distributor was told and what it decided, in order, and nothing else; it never asks the
distributor.  Events that it does not know are of no concern to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
from acd_core.metrics.report import Report, Target
from acd_core.metrics.waits import NS_PER_S, Leaving, WaitBook
from acd_core.states import AgentState, OfferEnd

ALL = ""
"""The name of the row of all queues."""


SPLIT = "split"
"""Reason of a `ContactMoved` by a split: the contact never belonged to the queue that it was sent to."""


class _Contact:
    __slots__ = (
        "arrived_ns", "began_ns", "counted", "counted_whole", "queue", "talking_since_ns", "unanswered", "with_agent",
    )  # fmt: skip

    def __init__(self, queue: QueueBook, now_ns: int, *, counted: bool) -> None:
        self.queue = queue
        self.arrived_ns = self.began_ns = now_ns
        self.counted = self.counted_whole = counted
        """Of this stay, of the contact as a whole: both are left out when they began before the counting."""
        self.unanswered = True
        self.with_agent = False
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
        self._crowd = Crowd(from_ns, interval_ns)
        self._wrapping: dict[str, tuple[QueueBook, int]] = {}
        self._last_queue: dict[str, QueueBook] = {}
        self._on_event: dict[type, Callable[[Any, int], None]] = {
            ev.QueueConfigured: self._queue_configured,
            ev.ContactArrived: self._arrived,
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
        if event is not None:
            act = self._on_event.get(type(event))
            if act is not None:
                act(event, now_ns)
        on_decision = self._on_decision
        for decision in decisions:
            act = on_decision.get(type(decision))
            if act is not None:
                act(decision, now_ns)

    @property
    def wrapping_up(self) -> int:
        """Agents in wrap-up now."""
        return len(self._wrapping)

    # Events

    def _queue(self, name: str) -> QueueBook:
        queue = self._queues.get(name)
        if queue is None:
            target = self._targets.get(name) or self._targets.get(ALL) or Target()
            queue = self._queues[name] = QueueBook(WaitBook(name, target, self._interval_ns))
        return queue

    def _queue_configured(self, event: ev.QueueConfigured, now_ns: int) -> None:
        self._queue(event.queue)

    def _arrived(self, event: ev.ContactArrived, now_ns: int) -> None:
        queue = self._queue(event.queue)
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
        if contact is not None and self._stop_talking(contact, now_ns):
            contact.queue.handled += 1
            self._all.handled += 1

    def _stop_talking(self, contact: _Contact, now_ns: int) -> bool:
        """Whether the conversation counts."""
        was, contact.with_agent = contact.with_agent, False
        self._pause_talking(contact, now_ns)
        return was and contact.counted

    def _pause_talking(self, contact: _Contact, now_ns: int) -> None:
        since_ns, contact.talking_since_ns = contact.talking_since_ns, None
        if since_ns is not None and contact.counted:
            contact.queue.talk_ns += now_ns - since_ns
            self._all.talk_ns += now_ns - since_ns

    def _requeued(self, event: ev.ContactRequeued, now_ns: int) -> None:
        contact = self._contacts.get(event.contact)
        if contact is None:
            return
        self._stop_talking(contact, now_ns)
        self._re_enter(contact, contact.queue, now_ns)
        contact.queue.requeued += 1
        self._all.requeued += 1

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
        if not contact.with_agent:
            if new is old:
                return  # it waits on in the same queue, for a certain agent
            self._leave(contact, Leaving.OVERFLOWED, now_ns)
        elif self._stop_talking(contact, now_ns):
            old.handled += 1
            self._all.handled += 1
        self._re_enter(contact, new, now_ns)
        if now_ns >= self._from_ns:
            old.transferred_out += 1
            new.transferred_in += 1
            self._all.transferred_out += 1
            self._all.transferred_in += 1

    # Decisions

    def _offer_made(self, decision: OfferMade, now_ns: int) -> None:
        if now_ns >= self._from_ns:
            self._queue(decision.queue).offers += 1
            self._all.offers += 1

    def _offer_ended(self, decision: OfferEnded, now_ns: int) -> None:
        contact = self._contacts.get(decision.contact)
        if contact is None or now_ns < self._from_ns:
            return
        for queue in (contact.queue, self._all):
            queue.unanswered += decision.end is OfferEnd.EXPIRED
            queue.rejected += decision.end is OfferEnd.REJECTED

    def _assigned(self, decision: ContactAssigned, now_ns: int) -> None:
        contact = self._contacts.get(decision.contact)
        if contact is None:
            return
        self._leave(contact, Leaving.ANSWERED, now_ns)
        contact.talking_since_ns = now_ns
        contact.with_agent = True
        self._last_queue[decision.agent] = contact.queue
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
        if contact is not None and contact.with_agent:
            contact.talking_since_ns = now_ns

    def _moved(self, decision: ContactMoved, now_ns: int) -> None:
        """By overflow or a split; a transfer has been counted by its event."""
        contact = self._contacts.get(decision.contact)
        new = self._queue(decision.to_queue)
        if contact is None or contact.queue is new:
            return
        if decision.reason != SPLIT:
            self._leave(contact, Leaving.OVERFLOWED, now_ns)
        elif contact.counted:
            contact.queue.waits.withdraw(contact.began_ns)
        self._re_enter(contact, new, now_ns)

    def _state_changed(self, decision: AgentStateChanged, now_ns: int) -> None:
        agent, state = decision.agent, decision.state
        self._crowd.change(agent, state, now_ns)
        wrapping = self._wrapping.pop(agent, None)
        if wrapping is not None:
            queue, since_ns = wrapping
            spent_ns = now_ns - max(since_ns, self._from_ns)
            if spent_ns > 0:
                queue.wrap_up_ns += spent_ns
                self._all.wrap_up_ns += spent_ns
        if state is AgentState.WRAP_UP and agent in self._last_queue:
            self._wrapping[agent] = (self._last_queue[agent], now_ns)

    # What it comes to

    def report(self, now_ns: int | None = None) -> Report:
        """As of ``now_ns`` (default: the last event)."""
        until_ns = self._last_ns if now_ns is None else max(now_ns, self._last_ns)
        self._crowd.advance(until_ns)
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
