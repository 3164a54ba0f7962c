"""Feeds the distributor with events, keeps its one timer, and hands out its decisions in the order they were made.

A decision's listener may submit further events (the agent's page is gone, so the offer is revoked): the core takes
them at once, their decisions wait until those before them have been handed out, so that every listener sees one order.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import Protocol

from acd_core.decisions import Decision
from acd_core.events import Event
from acd_core.views import AgentView
from gateway.model.clock import MS, Clock, Scheduler, Timer
from gateway.model.errors import InternalError

log = logging.getLogger(__name__)


class Distributor(Protocol):
    """What both the compiled core and the reference offer."""

    def handle(self, event: Event, now_ns: int) -> list[Decision]: ...
    def get_timer(self) -> int | None: ...
    def handle_timer(self, now_ns: int) -> list[Decision]: ...
    def position(self, contact: str) -> int: ...
    def agent(self, agent: str) -> AgentView: ...


class DecisionRecorder(Protocol):
    """Keeps what the distributor handled; `gateway.routing.journal.Journal` is one."""

    @property
    def healthy(self) -> bool: ...
    def record(self, now_ns: int, event: Event | None, decisions: list[Decision]) -> None: ...


class Router:
    """One per process; every call on the event loop.

    With a ``recorder`` each event and its decisions are written before anybody hears of them.
    """

    def __init__(
        self, distributor: Distributor, clock: Clock, scheduler: Scheduler, recorder: DecisionRecorder | None = None
    ) -> None:
        self._distributor = distributor
        self._recorder = recorder
        self._clock = clock
        self._scheduler = scheduler
        self._listener: Callable[[Decision], None] = _no_listener
        self._decisions: deque[Decision] = deque()
        self._handing_out = False
        self._timer: Timer | None = None
        self._timer_ns: int | None = None

    def on_decision(self, listener: Callable[[Decision], None]) -> None:
        """Name the one listener.  It must not raise: an error there is logged and the next decision handed out."""
        self._listener = listener

    def submit(self, event: Event, taken: Callable[[], None] | None = None) -> None:
        """Let the core take the event.  Raises `acd_core.errors.AcdError`; then nothing has changed.

        ``taken`` is called once the core has taken it and before its decisions are handed out.
        """
        now_ns = self._clock.now_ns()
        decisions = self._distributor.handle(event, now_ns)
        self._take(now_ns, event, decisions, taken)

    def _take(
        self, now_ns: int, event: Event | None, decisions: list[Decision], taken: Callable[[], None] | None = None
    ) -> None:
        if self._recorder is not None:
            self._recorder.record(now_ns, event, decisions)
        if taken is not None:
            taken()
        self._decisions.extend(decisions)
        self._hand_out()

    def check_capacity(self) -> None:
        """Raise `InternalError`, with which a new contact must be refused, while the journal can't be written."""
        if self._recorder is not None and not self._recorder.healthy:
            raise InternalError("the distributor's journal can't be written; see the log for its error")

    def position(self, contact: str) -> int:
        """Place in its queue, counted from 1.  Raises `acd_core.errors.UnknownContactError`."""
        return self._distributor.position(contact)

    def agent(self, agent: str) -> AgentView:
        """How the agent stands by now, decisions that are still to be handed out included.

        Raises `acd_core.errors.UnknownAgentError`.
        """
        return self._distributor.agent(agent)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timer_ns = None, None

    def _hand_out(self) -> None:
        if self._handing_out:
            return
        self._handing_out = True
        try:
            while self._decisions:
                decision = self._decisions.popleft()
                try:
                    self._listener(decision)
                except Exception:
                    log.exception("a listener failed on %r; the distributor's state stands", decision)
        finally:
            self._handing_out = False
        self._set_timer()

    def _set_timer(self) -> None:
        due_ns = self._distributor.get_timer()
        if due_ns == self._timer_ns:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._timer_ns = due_ns
        if due_ns is not None:
            # Rounded up: a timer that fires early would find nothing due and be set again.
            delay_ms = -((self._clock.now_ns() - due_ns) // MS)
            self._timer = self._scheduler.call_later(delay_ms, self._timer_fired)

    def _timer_fired(self) -> None:
        self._timer, self._timer_ns = None, None
        now_ns = self._clock.now_ns()
        self._take(now_ns, None, self._distributor.handle_timer(now_ns))


def _no_listener(decision: Decision) -> None:
    raise RuntimeError(f"no listener is set, so {decision!r} would be lost: call on_decision before submit")
