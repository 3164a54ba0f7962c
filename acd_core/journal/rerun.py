"""Yesterday once more, under another configuration: the same customers and agents, the real distributor, other rules.

Customers arrive when they did, talk for as long as they did and lose patience when they did; agents come, pause and go
when they did, take as long to answer and let as many offers expire.  What differs is who gets whom, and when.  Played
with the journal's own configuration it shows how true this is: compare a change with that, rather than with what was.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from acd_core import events as ev
from acd_core.api import DistributorApi
from acd_core.decisions import AgentStateChanged, ContactAssigned, Decision, OfferMade
from acd_core.errors import AcdError
from acd_core.journal.past import Habits, Past, PastContact
from acd_core.limits import Limits
from acd_core.metrics import Collector, Target
from acd_core.metrics.report import Report
from acd_core.states import AgentState

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
        self.start: list[ev.Event] = [*([] if matching is None else [matching]), *queues]
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
        self._agenda: list[tuple[int, int, Callable[[Any], object], Any]] = []
        self._planned = 0
        self._turns: dict[str, int] = {}
        self._unanswered: dict[str, int] = {}

    def run(self) -> Report:
        """To the end of the journal; then nobody arrives any more, and what is under way is counted as it stands."""
        if self._settings is not None:
            for event in self._settings.start:
                self._tell(event)
            for when_ns, opening in self._settings.opening:
                self._at(when_ns, self._tell, opening)
        for when_ns, event in self._past.acts:
            self._at(when_ns, self._act, event)
        for contact in self._past.contacts.values():
            self._at(contact.arrived_ns, self._arrive, contact)
        end_ns = self._past.end_ns
        while True:
            due_ns = self.distributor.get_timer()
            if self._agenda and (due_ns is None or self._agenda[0][0] < due_ns):
                if self._agenda[0][0] > end_ns:
                    break
                self.now_ns, _, act, what = heapq.heappop(self._agenda)
                act(what)
            elif due_ns is not None and due_ns <= end_ns:
                self.now_ns = max(due_ns, self.now_ns)
                self._digest(None, self.distributor.handle_timer(self.now_ns))
            else:
                break
        report = self.collector.report(end_ns)
        report.check()
        return report

    def _at(self, when_ns: int, act: Callable[[Any], object], what: object) -> None:
        self._planned += 1
        heapq.heappush(self._agenda, (when_ns, self._planned, act, what))

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
                self._offered(decision)
            elif isinstance(decision, ContactAssigned):
                talk_ns = self._habits.talk_ns(self._past.contacts[decision.contact])
                self._at(self.now_ns + talk_ns, self._tell, ev.ContactEnded(decision.contact))
            elif isinstance(decision, AgentStateChanged):
                self._agent_changed(decision)

    def _offered(self, decision: OfferMade) -> None:
        """It rings in vain as often as it did for this contact then, and is answered after as long."""
        contact = self._past.contacts[decision.contact]
        unanswered = self._unanswered.get(decision.contact, 0)
        if unanswered < contact.unanswered:
            self._unanswered[decision.contact] = unanswered + 1
            return
        # Under a shorter offer time they hurry; whether they would is more than the journal knows.
        when_ns = min(self.now_ns + self._habits.ring_ns(contact), decision.expires_ns - 1)
        self._at(max(when_ns, self.now_ns), self._tell, ev.OfferAccepted(decision.offer, decision.agent))

    def _agent_changed(self, decision: AgentStateChanged) -> None:
        turn = self._turns[decision.agent] = self._turns.get(decision.agent, 0) + 1
        if decision.state is AgentState.WRAP_UP and decision.contact is not None:
            contact = self._past.contacts[decision.contact]
            if contact.wrap_up_ns is None:
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
        arrived = contact.arrived if self._settings is None else self._settings.adapt(contact.arrived)
        if not self._tell(arrived):
            self.left_out.append(contact.arrived.contact)
            return
        patience_ns = self._habits.patience_ns(contact)
        if patience_ns is not None:
            self._at(contact.arrived_ns + patience_ns, self._tell, ev.ContactAbandoned(contact.arrived.contact))

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
