"""What agents have in hand: conversations, and wrap-ups, each of its contact.

An agent's state shows one thing at a time: a conversation conceals the wrap-up beside it, and what rings conceals both.
So wrap-ups are followed by the rules that make and end them (docs/design/distributor-rules.md, 4.6, 9.4 and 9.5), all
of which the stream tells:

- One begins when a contact that is not interrupted ends or is transferred, if the wrap-up time of the agent, else that
  of the queue, is not 0.
- It ends by `WrapUpFinished`; by `AgentReady` of an agent who is shown in wrap-up, and all others of theirs with it; or
  by the first call of the distributor's timer at or after its time, which `WrapUpExtended` sets anew.  Until that call
  the distributor has it in hand, so it counts, however late the call is.
- Where an event does not say whose wrap-up it means, it is that which ends first; of two at the same time that whose
  time was set first.

Whoever listens from the middle of a day may not know a wrap-up time.  Such a wrap-up counts while it is shown.
"""

from __future__ import annotations

import heapq
from collections import defaultdict

from acd_core.metrics.books import QueueBook
from acd_core.states import AgentState

NS_PER_MS = 1_000_000
NEVER_NS = 2**63
OFFERED, WRAP_UP = AgentState.OFFERED, AgentState.WRAP_UP
EMPTY = frozenset({AgentState.AVAILABLE, AgentState.PAUSED, AgentState.NOT_RESPONDING, AgentState.SIGNED_OUT})
"""States of agents who have nothing in hand."""


class WrapUp:
    __slots__ = ("agent", "books", "contact", "number", "since_ns", "until_ns")

    def __init__(self, agent: str, contact: str, books: tuple[QueueBook, ...], now_ns: int) -> None:
        self.agent = agent
        self.contact = contact
        self.books = books
        """In which its time is written; none where its contact does not count."""
        self.since_ns = now_ns
        """What is before that is in the books."""
        self.until_ns: int | None = None
        """None: not known."""
        self.number = 0
        """Of all times that were set, and 0 when it is over; orders those that are the same."""

    @property
    def place(self) -> tuple[int, int]:
        return NEVER_NS if self.until_ns is None else self.until_ns, self.number


class Hands:
    """Of all agents."""

    def __init__(self) -> None:
        self.wrapping_up = 0
        """Wrap-ups under way."""
        self._queues_ms: dict[str, int] = {}
        self._agents_ms: dict[str, int | None] = {}
        self._shown: dict[str, AgentState] = {}
        self._talking: defaultdict[str, int] = defaultdict(int)
        self._wrap_ups: defaultdict[str, list[WrapUp]] = defaultdict(list)
        self._due: list[tuple[int, int, WrapUp]] = []
        """A heap; entries of wrap-ups that are over, or have got another time, stay until they are due."""
        self._numbers = 0

    # What wrap-ups are to take

    def configure_queue(self, queue: str, wrap_up_ms: int) -> None:
        self._queues_ms[queue] = wrap_up_ms

    def configure_agent(self, agent: str, wrap_up_ms: int | None) -> None:
        self._agents_ms[agent] = wrap_up_ms

    def _wrap_up_ms(self, agent: str, queue: str) -> int | None:
        """None: not known."""
        if agent not in self._agents_ms:
            return None
        own_ms = self._agents_ms[agent]
        return self._queues_ms.get(queue) if own_ms is None else own_ms

    # Conversations

    def take_up(self, agent: str) -> None:
        """A contact that they work on: accepted, or resumed."""
        self._talking[agent] += 1

    def put_down(self, agent: str) -> None:
        self._talking[agent] -= 1

    # Wrap-ups

    def begin_wrap_up(self, agent: str, contact: str, queue: str, books: tuple[QueueBook, ...], now_ns: int) -> None:
        """Of a contact that was in hand, not interrupted, and came by this queue."""
        wrap_up_ms = self._wrap_up_ms(agent, queue)
        if wrap_up_ms == 0:
            return
        until_ns = None if wrap_up_ms is None else now_ns + wrap_up_ms * NS_PER_MS
        self._add(WrapUp(agent, contact, books, now_ns), until_ns)

    def stand(self, agent: str, contact: str, until_ns: int, now_ns: int) -> None:
        """A wrap-up that is under way when the listening begins; its contact does not count."""
        self._add(WrapUp(agent, contact, (), now_ns), until_ns)

    def _add(self, wrap_up: WrapUp, until_ns: int | None) -> None:
        self._wrap_ups[wrap_up.agent].append(wrap_up)
        self.wrapping_up += 1
        if until_ns is not None:
            self._set_end(wrap_up, until_ns)

    def extend(self, agent: str, contact: str | None, until_ns: int) -> None:
        wrap_up = self._find(agent, contact)
        if wrap_up is not None:
            self._set_end(wrap_up, until_ns)

    def finish(self, agent: str, contact: str | None, now_ns: int) -> None:
        wrap_up = self._find(agent, contact)
        if wrap_up is not None:
            self._end(wrap_up, now_ns)

    def get_ready(self, agent: str, now_ns: int) -> None:
        if self._shown.get(agent) is WRAP_UP:
            self._end_all(agent, now_ns)

    def run_timer(self, now_ns: int) -> None:
        """The distributor's was called."""
        due = self._due
        while due and due[0][0] <= now_ns:
            _, number, wrap_up = heapq.heappop(due)
            if wrap_up.number == number:
                self._end(wrap_up, now_ns)

    def advance(self, now_ns: int) -> None:
        """Write down what wrap-ups under way have taken up to now."""
        for wrap_ups in self._wrap_ups.values():
            for wrap_up in wrap_ups:
                _write_down(wrap_up, now_ns)

    # What the distributor shows

    def show(self, agent: str, state: AgentState, contact: str | None, until_ns: int | None, now_ns: int) -> AgentState:
        """As `AgentStateChanged` tells; returns what would be shown if nothing rang."""
        self._shown[agent] = state
        wrap_ups = self._wrap_ups.get(agent)
        if wrap_ups:
            for wrap_up in tuple(wrap_ups):
                if state in EMPTY:
                    self._end(wrap_up, now_ns)
                elif wrap_up.until_ns is None:
                    self._learn_end(wrap_up, until_ns, now_ns, shown=state is WRAP_UP and wrap_up.contact == contact)
        if state is OFFERED:
            if self._talking[agent]:
                return AgentState.BUSY
            if wrap_ups:
                return WRAP_UP
        return state

    # Small things

    def _find(self, agent: str, contact: str | None) -> WrapUp | None:
        wrap_ups = (one for one in self._wrap_ups[agent] if contact is None or one.contact == contact)
        return min(wrap_ups, key=lambda one: one.place, default=None)

    def _set_end(self, wrap_up: WrapUp, until_ns: int) -> None:
        self._numbers += 1
        wrap_up.until_ns, wrap_up.number = until_ns, self._numbers
        heapq.heappush(self._due, (until_ns, wrap_up.number, wrap_up))

    def _learn_end(self, wrap_up: WrapUp, until_ns: int | None, now_ns: int, *, shown: bool) -> None:
        if not shown:
            self._end(wrap_up, now_ns)
        elif until_ns is not None:
            self._set_end(wrap_up, until_ns)

    def _end_all(self, agent: str, now_ns: int) -> None:
        for wrap_up in tuple(self._wrap_ups[agent]):
            self._end(wrap_up, now_ns)

    def _end(self, wrap_up: WrapUp, now_ns: int) -> None:
        self._wrap_ups[wrap_up.agent].remove(wrap_up)
        self.wrapping_up -= 1
        wrap_up.number = 0
        _write_down(wrap_up, now_ns)


def _write_down(wrap_up: WrapUp, now_ns: int) -> None:
    for book in wrap_up.books:
        book.wrap_up_ns += now_ns - wrap_up.since_ns
    wrap_up.since_ns = now_ns
