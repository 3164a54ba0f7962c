"""As it was: the metrics of the days that a journal tells of, without a distributor.

Both ends need a word.  What stands already when the journal begins (in a snapshot, for older segments are gone) is
counted from then on; who waited has waited since they arrived.  What stands when a run ends is over, for the process
is, but for chats that come back in the next run: these wait on.  What stands at the very end stands.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from acd_core import events as ev
from acd_core.decisions import AgentStateChanged, ContactMoved, Decision
from acd_core.journal.past import Past
from acd_core.journal.records import Entry, Header
from acd_core.metrics import Collector, Target
from acd_core.metrics.report import Report
from acd_core.states import AgentState

NS_PER_S = 1_000_000_000
RESTART = "restart"


class Account:
    """Feed it the entries of each run in order, and `begin` before those of each."""

    def __init__(self, targets: Mapping[str, Target] | None = None) -> None:
        self.past = Past()
        self._collector = Collector(targets=targets)
        self._begun = False

    def begin(self, header: Header) -> None:
        """Of a run's first segment; the run before has ended.  Raises as `Past.begin`."""
        if self._begun:
            self._end_run()
        self._begun = True
        self.past.begin(header)
        if header.snapshot is not None:
            self._collector.begin_with(header.snapshot, self.past.end_ns)

    def take(self, entry: Entry) -> None:
        event = entry.event
        waits_on = isinstance(event, ev.ContactArrived) and self.past.waits_on(event.contact)
        self.past.take(entry)
        if waits_on:
            assert isinstance(event, ev.ContactArrived)
            come_back(self._collector, event, self.past.end_ns)
            event = None
        self._collector.observe(event, entry.decisions, self.past.end_ns)

    def _end_run(self) -> None:
        talking, agents = self.past.end_run()
        for contact in talking:
            self._collector.observe(ev.ContactEnded(contact), [], self.past.end_ns)
        gone: list[Decision] = [AgentStateChanged(agent, AgentState.SIGNED_OUT, RESTART) for agent in agents]
        self._collector.observe(None, gone, self.past.end_ns)

    def report(self) -> Report:
        """The journal ends here.  Raises `ConservationError`."""
        for contact, gone_ns in self.past.finish():
            self._collector.observe(ev.ContactAbandoned(contact), [], gone_ns)
        report = self._collector.report(self.past.end_ns)
        report.check()
        return since(report, self.past)


def since(report: Report, past: Past) -> Report:
    """With the time that the journal begins with: the collector was told of what stood then, but not when it is."""
    return msgspec.structs.replace(report, from_s=(past.start_ns or 0) / NS_PER_S)


def come_back(collector: Collector, event: ev.ContactArrived, now_ns: int) -> None:
    """A chat that waited when the run before ended is queued anew: the same stay, unless it is in another queue now."""
    collector.observe(None, [ContactMoved(event.contact, "", event.queue, RESTART)], now_ns)
