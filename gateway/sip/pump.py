"""Drives PJSIP from the event loop, without a thread: its epoll descriptor is watched, its next timer is a timer here.

So all of PJSIP's callbacks run on the loop's thread, no lock is contended and no call hops between threads.  See
docs/decisions/0030-pjsip-on-the-event-loop.md for the figures.
"""

from __future__ import annotations

import asyncio
import logging

from gateway.sip.binding import IS_STOP_GAP, pj

log = logging.getLogger(__name__)

TICK_S = 0.005
"""The stop-gap gives no descriptor: it is asked every 5 ms."""
LONGEST_S = 0.5
"""Even without a timer PJSIP is asked this often; a forgotten wake-up costs half a second, not a call."""


class Pump:
    def __init__(self, endpoint: object, loop: asyncio.AbstractEventLoop) -> None:
        self._endpoint = endpoint
        self._loop = loop
        self._fd = -1
        self._timer: asyncio.Handle | None = None
        # Kept here: uvloop hands out a handle without `when` for a timer that is due at once.
        self._timer_due_s = 0.0
        self._running = False

    def start(self) -> None:
        self._running = True
        if not IS_STOP_GAP:
            self._fd = pj.zentraleEventFd()
            self._loop.add_reader(self._fd, self._handle)
        self.arm()

    def stop(self) -> None:
        self._running = False
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            self._fd = -1
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def arm(self) -> None:
        """Set the timer anew: after whatever may have given PJSIP an earlier one, so after each command."""
        if not self._running:
            return
        if IS_STOP_GAP:
            delay_s = TICK_S
        else:
            due_ms = pj.zentraleNextTimerMs()
            delay_s = LONGEST_S if due_ms < 0 else min(LONGEST_S, due_ms / 1000)
        due = self._loop.time() + delay_s
        if self._timer is not None:
            if self._timer_due_s <= due:
                return
            self._timer.cancel()
        self._timer_due_s = due
        self._timer = self._loop.call_at(due, self._expired)

    def _expired(self) -> None:
        self._timer = None
        self._handle()

    def _handle(self) -> None:
        if not self._running:
            return
        try:
            self._endpoint.libHandleEvents(0)  # type: ignore[attr-defined]
        except Exception:  # pj.Error, which has no base of its own worth naming
            log.exception("PJSIP could not handle its events")
        self.arm()
