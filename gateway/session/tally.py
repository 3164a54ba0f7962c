"""How one queue stands, kept as it changes: who waits, since when the first of them, and how many agents serve it.

Pages are told after each event, so counting everybody anew each time would make an event cost as much as there are
contacts.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush

from gateway.model.events import AgentState
from gateway.model.ids import ContactId

SPARE_MAX = 64
"""So many arrivals more than twice those that wait may be kept: they leave in whatever order, the heap at its top."""


class QueueTally:
    __slots__ = ("_arrivals", "_waiting", "available", "signed_in")

    def __init__(self) -> None:
        self._waiting: set[ContactId] = set()
        self._arrivals: list[tuple[int, ContactId]] = []
        """A heap; who waits no more is dropped when it comes to the top."""
        self.available = 0
        """Agents who could take a contact now."""
        self.signed_in = 0
        """Agents who serve the queue and are signed in, whatever they do."""

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def came(self, contact: ContactId, arrival_ns: int) -> None:
        """The contact waits (again)."""
        self._waiting.add(contact)
        heappush(self._arrivals, (arrival_ns, contact))

    def left(self, contact: ContactId) -> None:
        self._waiting.discard(contact)
        if len(self._arrivals) > 2 * len(self._waiting) + SPARE_MAX:
            self._arrivals = list({arrival for arrival in self._arrivals if arrival[1] in self._waiting})
            heapify(self._arrivals)

    def oldest_arrival_ns(self) -> int | None:
        while self._arrivals and self._arrivals[0][1] not in self._waiting:
            heappop(self._arrivals)
        return self._arrivals[0][0] if self._arrivals else None

    def agent_moved(self, before: AgentState, after: AgentState) -> None:
        self.available += (after is AgentState.AVAILABLE) - (before is AgentState.AVAILABLE)
        self.signed_in += (before is AgentState.SIGNED_OUT) - (after is AgentState.SIGNED_OUT)
