"""One time for everything: nanoseconds since the Unix epoch that never run backwards.

Timelines want wall time, timers and the distributor want monotonic time.  The clock reads the wall once when it is
made and adds the monotonic clock from there, so that both hold and one integer serves journal, database and core.
"""

from __future__ import annotations

import time
from typing import Protocol

MS = 1_000_000
"""Nanoseconds in a millisecond."""

SECOND = 1_000_000_000
"""Nanoseconds in a second."""


class Clock(Protocol):
    def now_ns(self) -> int:
        """Nanoseconds since the Unix epoch; never less than an earlier answer."""
        ...


class SystemClock:
    def __init__(self) -> None:
        self._offset_ns = time.time_ns() - time.monotonic_ns()

    def now_ns(self) -> int:
        return self._offset_ns + time.monotonic_ns()
