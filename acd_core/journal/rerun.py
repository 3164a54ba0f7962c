"""Yesterday once more, under another configuration: the same customers and agents, the real distributor, other rules.

Customers arrive when they did, talk for as long as they did and lose patience when they did; agents come, pause and go
when they did, take as long to answer and let as many offers expire.  What differs is who gets whom, and when.  Played
with the journal's own configuration it shows how true this is: compare a change with that, rather than with what was.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from acd_core import events as ev
from acd_core.api import DistributorApi
from acd_core.decisions import AgentStateChanged, ContactAssigned, Decision, OfferMade
from acd_core.errors import AcdError
from acd_core.journal.account import come_back, since
from acd_core.journal.past import Habits, Past, PastContact
from acd_core.limits import Limits
from acd_core.metrics import Collector, Target
from acd_core.metrics.report import Report
from acd_core.snapshots import as_arrived
from acd_core.states import AgentState, ContactState
from acd_core.views import ContactView, Snapshot

OF_THE_CONFIGURATION = (
    ev.QueueConfigured,
    ev.QueueRemoved,
    ev.QueueOpened,
    ev.QueueClosed,
    ev.MatchingConfigured,
    ev.AgentChanged,
)
"""What another configuration puts its own in place of."""

EXTENDED = "wrap-up extended"
"""The distributor's reason for it."""

HOLD = ev.MatchingConfigured(window_ms=50)
"""While it holds nobody is offered anything, for no timer runs."""


class Settings:
    """The other configuration, in the distributor's own words.

    ``opening``: opening hours, each with its time.  ``adapt``: an arrival as it would be under this configuration.
    """

    def __init__(
        self,
        queues: Sequence[ev.QueueConfigured],
        agents: Sequence[ev.AgentSignedIn],
        *,
        matching: ev.MatchingConfigured | None = None,
        opening: Sequence[tuple[int, ev.QueueOpened | ev.QueueClosed]] = (),
        adapt: Callable[[ev.ContactArrived], ev.ContactArrived] = lambda arrived: arrived,
    ) -> None:
        self.matching = matching or ev.MatchingConfigured()
        self.queues = {queue.queue: queue for queue in queues}
        self.agents = {agent.agent: agent for agent in agents}
        self.opening = list(opening)
        self.adapt = adapt


class Rerun:
    """One go.  ``settings`` None: the journal's own configuration, with its changes at their times."""

    def __init__(
        self,
        make: Callable[[Limits], DistributorApi],
        limits: Limits,
        past: Past,
        settings: Settings | None = None,
        targets: Mapping[str, Target] | None = None,
    ) -> None:
        self.now_ns = past.start_ns or 0
        self.distributor = make(limits)
        self.collector = Collector(targets=targets)
        self.left_out: list[str] = []
        """Contacts that the distributor would not take, for their queue is not there."""
        self.absent: set[str] = set()
        """Agents of the journal that the other configuration does not know."""
        self._past = past
        self._settings = settings
        self._habits = Habits(past.contacts.values(), past.away_ns)
        self._agenda: list[tuple[int, bool, int, Callable[[Any], object], Any]] = []
        self._planned = 0
        self._turns: dict[str, int] = {}
        self._unanswered: dict[str, int] = {}
        self._parked: set[str] = set()
        """Chats that wait for the run to come."""

    def run(self) -> Report:
        """To the end of the journal; then nobody arrives any more, and what is under way is counted as it stands."""
        self._begin()
        self._plan()
        end_ns = self._past.end_ns
        while True:
            due_ns = self.distributor.get_timer()
            if self._agenda and (due_ns is None or self._agenda[0][0] < due_ns):
                if self._agenda[0][0] > end_ns:
                    break
                self.now_ns, _, _, act, what = heapq.heappop(self._agenda)
                act(what)
            elif due_ns is not None and due_ns <= end_ns:
                self.now_ns = max(due_ns, self.now_ns)
                self._digest(None, self.distributor.handle_timer(self.now_ns))
            else:
                break
        report = self.collector.report(end_ns)
        report.check()
        return since(report, self._past)

    def _begin(self) -> None:
        settings = self._settings
        if self._past.snapshot is not None:
            self._go_on_from(self._past.snapshot)
        elif settings is not None:
            self._tell(settings.matching)
            for queue in settings.queues.values():
                self._tell(queue)
        if settings is not None:
            for when_ns, opening in settings.opening:
                self._at(when_ns, self._tell, opening)

    def _plan(self) -> None:
        """What people did, each at its time."""
        past = self._past
        for when_ns, event in past.acts:
            self._at(when_ns, self._act, event)
        stood = {view.contact for view in past.snapshot.contacts} if past.snapshot is not None else set()
        for name, contact in past.contacts.items():
            if name not in stood:
                self._at(contact.arrived_ns, self._arrive, contact)
            for when_ns, event in contact.returns:
                self._at(when_ns, self._return, event)
        for when_ns in past.restarts:
            self._at(when_ns, self._restart, when_ns, last=True)

    def _at(self, when_ns: int, act: Callable[[Any], object], what: object, *, last: bool = False) -> None:
        """``last``: after all others of that moment."""
        self._planned += 1
        heapq.heappush(self._agenda, (when_ns, last, self._planned, act, what))

    # What stood when the journal began

    def _go_on_from(self, snapshot: Snapshot) -> None:
        self.distributor.restore(snapshot)
        settings = self._settings
        if settings is not None:
            gone = [view for view in snapshot.contacts if view.queue not in settings.queues]
            self.left_out += [view.contact for view in gone if view.state is not ContactState.ASSIGNED]
        self.collector.begin_with(snapshot, self.now_ns, self.left_out)
        for view in snapshot.contacts:
            contact = self._past.contacts[view.contact]
            if view.state is ContactState.ASSIGNED:
                self._talk(contact)
            elif view.contact not in self.left_out:
                self._lose_patience(contact)
        since_ns = {agent.offer: agent.since_ns for agent in snapshot.agents}
        for offer in snapshot.offers:
            self._ring(offer.contact, offer.offer, offer.agent, since_ns[offer.offer], offer.expires_ns)
        if settings is not None:
            self._change_to(settings, snapshot)

    def _change_to(self, settings: Settings, snapshot: Snapshot) -> None:
        """The other configuration takes effect at once, as when it is loaded at work; what is in hand goes on."""
        self._tell(HOLD)
        self._drop(self.left_out)
        for queue in settings.queues.values():
            self._tell(queue)
        closing = {event.queue for when_ns, event in settings.opening if when_ns <= self.now_ns}
        for view in snapshot.queues:
            if view.closed and view.queue not in closing:
                self._tell(ev.QueueOpened(view.queue))
        for agent in snapshot.agents:
            changed = settings.agents.get(agent.agent)
            if changed is None:
                self.absent.add(agent.agent)
                self._tell(ev.AgentSignedOut(agent.agent))
            else:
                self._tell(ev.AgentChanged(**msgspec.structs.asdict(changed)))
        for contact in snapshot.contacts:
            if contact.state is not ContactState.ASSIGNED and contact.contact not in self.left_out:
                self._adapt_standing(settings, contact)
        self._tell(settings.matching)

    def _adapt_standing(self, settings: Settings, view: ContactView) -> None:
        adapted = settings.adapt(as_arrived(view))
        if (adapted.priority, adapted.topic) != (view.priority, view.topic):
            self._tell(ev.ContactChanged(view.contact, priority=adapted.priority, topic=adapted.topic))

    def _drop(self, contacts: Iterable[str]) -> None:
        """Take away who waits, uncounted."""
        for contact in contacts:
            self._digest(None, self.distributor.handle(ev.ContactAbandoned(contact), self.now_ns))

    # Restarts

    def _restart(self, when_ns: int) -> None:
        """A run ended then, and all that was under way; the chats that waited on then do so now, where they wait."""
        snapshot = self.distributor.snapshot()
        parked = []
        self._tell(HOLD)
        for view in snapshot.contacts:
            if view.state is ContactState.ASSIGNED:
                self._tell(ev.ContactEnded(view.contact))
            elif any(back_ns >= when_ns for back_ns, _ in self._past.contacts[view.contact].returns):
                parked.append(view.contact)
            else:
                self._tell(ev.ContactAbandoned(view.contact))
        self._drop(parked)
        self._parked.update(parked)
        for agent in snapshot.agents:
            self._tell(ev.AgentSignedOut(agent.agent))
            for work in agent.work:
                self._tell(ev.WrapUpFinished(agent.agent, work.contact))
        self._tell(snapshot.matching)
        if self._settings is None:
            # The next run begins with open queues, and closes them itself.
            for queue in snapshot.queues:
                if queue.closed:
                    self._tell(ev.QueueOpened(queue.queue))

    def _return(self, arrived: ev.ContactArrived) -> None:
        if arrived.contact not in self._parked:
            return
        self._parked.discard(arrived.contact)
        event = arrived if self._settings is None else self._settings.adapt(arrived)
        try:
            decisions = self.distributor.handle(event, self.now_ns)
        except AcdError:
            self.collector.observe(ev.ContactAbandoned(arrived.contact), [], self.now_ns)
            return
        come_back(self.collector, event, self.now_ns)
        self._digest(None, decisions)

    # What happens

    def _tell(self, event: ev.Event) -> bool:
        """What people did then may be refused now, as pressing a button that has gone grey."""
        try:
            decisions = self.distributor.handle(event, self.now_ns)
        except AcdError:
            return False
        self._digest(event, decisions)
        return True

    def _digest(self, event: ev.Event | None, decisions: list[Decision]) -> None:
        self.collector.observe(event, decisions, self.now_ns)
        for decision in decisions:
            if isinstance(decision, OfferMade):
                self._ring(decision.contact, decision.offer, decision.agent, self.now_ns, decision.expires_ns)
            elif isinstance(decision, ContactAssigned):
                self._talk(self._past.contacts[decision.contact])
            elif isinstance(decision, AgentStateChanged):
                self._agent_changed(decision)

    def _talk(self, contact: PastContact) -> None:
        # Who still talked when the run ended did so then.
        ends_ns = self.now_ns + self._habits.talk_ns(contact) + contact.cut
        self._at(ends_ns, self._tell, ev.ContactEnded(contact.arrived.contact))

    def _ring(self, name: str, offer: int, agent: str, since_ns: int, expires_ns: int) -> None:
        """It rings in vain as often as it did for this contact then, and is answered after as long."""
        contact = self._past.contacts[name]
        unanswered = self._unanswered.get(name, 0)
        if unanswered < contact.unanswered:
            self._unanswered[name] = unanswered + 1
            return
        # Under a shorter offer time they hurry; whether they would is more than the journal knows.
        when_ns = min(since_ns + self._habits.ring_ns(contact), expires_ns - 1)
        self._at(max(when_ns, self.now_ns), self._tell, ev.OfferAccepted(offer, agent))

    def _lose_patience(self, contact: PastContact) -> None:
        patience_ns = self._habits.patience_ns(contact)
        if patience_ns is not None:
            self._at(contact.arrived_ns + patience_ns, self._tell, ev.ContactAbandoned(contact.arrived.contact))

    def _agent_changed(self, decision: AgentStateChanged) -> None:
        turn = self._turns[decision.agent] = self._turns.get(decision.agent, 0) + 1
        if decision.state is AgentState.WRAP_UP and decision.contact is not None:
            contact = self._past.contacts.get(decision.contact)
            if contact is None or contact.wrap_up_ns is None:
                return
            ends_ns = self.now_ns + contact.wrap_up_ns
            if decision.until_ns is None or decision.reason == EXTENDED:
                return
            if ends_ns < decision.until_ns:
                self._at(ends_ns, self._finish_wrap_up, (decision.agent, turn))
            elif ends_ns > decision.until_ns:
                self._at(self.now_ns, self._tell, ev.WrapUpExtended(decision.agent, ends_ns))
        elif decision.state is AgentState.NOT_RESPONDING:
            self._at(self.now_ns + self._habits.away_ns, self._come_back, (decision.agent, turn))

    def _finish_wrap_up(self, what: tuple[str, int]) -> None:
        agent, turn = what
        if self._turns[agent] == turn:
            self._tell(ev.WrapUpFinished(agent))

    def _come_back(self, what: tuple[str, int]) -> None:
        agent, turn = what
        if self._turns[agent] == turn:
            self._tell(ev.AgentReady(agent))

    def _arrive(self, contact: PastContact) -> None:
        arrived = contact.arrived
        if self._settings is not None:
            arrived = self._settings.adapt(arrived)
            if arrived.queue not in self._settings.queues:
                # The distributor may still have it, with conversations that began before the journal.
                self.left_out.append(arrived.contact)
                return
        if not self._tell(arrived):
            self.left_out.append(arrived.contact)
            return
        self._lose_patience(contact)

    def _act(self, event: ev.Event) -> None:
        settings = self._settings
        if settings is not None:
            if isinstance(event, OF_THE_CONFIGURATION):
                return
            if isinstance(event, ev.AgentSignedIn):
                if event.agent not in settings.agents:
                    self.absent.add(event.agent)
                    return
                event = settings.agents[event.agent]
        self._tell(event)
