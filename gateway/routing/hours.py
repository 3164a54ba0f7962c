"""Opening hours: tells the distributor when queues open and close, by a weekly table in one time zone.

The timer is never set further than an hour ahead, so that a clock that jumps (summer time, a correction) is noticed.
"""

from __future__ import annotations

import datetime
import logging
import zoneinfo
from collections.abc import Callable, Iterator, Mapping, Sequence

from acd_core.events import QueueClosed, QueueOpened
from gateway.config.distribution import HoursConfig
from gateway.config.distribution_check import DAYS
from gateway.config.schema import QueueConfig
from gateway.model.clock import MS, Clock, Scheduler, Timer
from gateway.model.ids import QueueName

log = logging.getLogger(__name__)

HOUR_NS = 3_600_000 * MS
AHEAD_DAYS = 370
"""How far the next change is looked for: past a year of holidays there is none."""


class WeeklyHours:
    """One queue's table."""

    def __init__(self, config: HoursConfig, zone: zoneinfo.ZoneInfo) -> None:
        self._zone = zone
        self._closed_on = {datetime.date.fromisoformat(day) for day in config.closed_on}
        self._spans = [[_span(text) for text in getattr(config, day)] for day in DAYS]

    def is_open(self, at_ns: int) -> bool:
        local = datetime.datetime.fromtimestamp(at_ns // 1_000_000_000, self._zone)
        minute = local.hour * 60 + local.minute
        return any(begin <= minute < end for begin, end in self._of(local.date()))

    def next_change_ns(self, after_ns: int) -> int | None:
        """When it opens or closes next, as a time in ns; None: not within a year."""
        now_open = self.is_open(after_ns)
        day = datetime.datetime.fromtimestamp(after_ns // 1_000_000_000, self._zone).date()
        for _ in range(AHEAD_DAYS):
            for begin, end in self._of(day):
                for minute in (begin, end):
                    at_ns = self._at_ns(day, minute)
                    if at_ns > after_ns and self.is_open(at_ns) is not now_open:
                        return at_ns
            day += datetime.timedelta(days=1)
        return None

    def _of(self, day: datetime.date) -> list[tuple[int, int]]:
        return [] if day in self._closed_on else self._spans[day.weekday()]

    def _at_ns(self, day: datetime.date, minute: int) -> int:
        local = datetime.datetime.combine(day, datetime.time(), self._zone) + datetime.timedelta(minutes=minute)
        return round(local.timestamp()) * 1_000_000_000


def _span(text: str) -> tuple[int, int]:
    begin, _, end = text.partition("-")
    return _minute(begin), _minute(end)


def _minute(text: str) -> int:
    hour, _, minute = text.partition(":")
    return int(hour) * 60 + int(minute)


class OpeningHours:
    """Submits `QueueOpened` and `QueueClosed`; one per process."""

    def __init__(
        self,
        queues: Sequence[QueueConfig],
        timezone: str,
        submit: Callable[[QueueOpened | QueueClosed], None],
        clock: Clock,
        scheduler: Scheduler,
    ) -> None:
        self._hours = weekly_hours(queues, timezone)
        self._drain = {queue.name: queue.hours.drain for queue in queues if queue.hours is not None}
        self._open = dict.fromkeys(self._hours, True)
        """As the distributor was told; queues begin open."""
        self._submit = submit
        self._clock = clock
        self._scheduler = scheduler
        self._timer: Timer | None = None

    def start(self) -> None:
        """Close what is closed now, and go on by the clock.  Call it when the queues are configured."""
        self._look()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def is_open(self, queue: QueueName) -> bool:
        return self._open.get(queue, True)

    def _look(self) -> None:
        self._timer = None
        now_ns = self._clock.now_ns()
        for queue, hours in self._hours.items():
            is_open = hours.is_open(now_ns)
            if is_open is self._open[queue]:
                continue
            self._open[queue] = is_open
            log.info("queue %s is %s", queue, "open" if is_open else "closed")
            self._submit(QueueOpened(queue) if is_open else QueueClosed(queue, drain=self._drain[queue]))
        if self._hours:
            changes = [hours.next_change_ns(now_ns) for hours in self._hours.values()]
            due_ns = min([now_ns + HOUR_NS, *(at_ns for at_ns in changes if at_ns is not None)])
            self._timer = self._scheduler.call_later(-((now_ns - due_ns) // MS), self._look)


def weekly_hours(queues: Sequence[QueueConfig], timezone: str) -> Mapping[QueueName, WeeklyHours]:
    """The tables of those queues that have one."""
    zone = zoneinfo.ZoneInfo(timezone)
    return {queue.name: WeeklyHours(queue.hours, zone) for queue in queues if queue.hours is not None}


def opening_events(
    queues: Sequence[QueueConfig], timezone: str, from_ns: int, until_ns: int
) -> Iterator[tuple[int, QueueOpened | QueueClosed]]:
    """What `OpeningHours` would submit in that time, by queue; for the replay of a journal."""
    hours = weekly_hours(queues, timezone)
    for queue in queues:
        table = hours.get(queue.name)
        if table is None or queue.hours is None:
            continue
        at_ns: int | None = from_ns
        is_open = True
        while at_ns is not None and at_ns <= until_ns:
            if table.is_open(at_ns) is not is_open:
                is_open = not is_open
                yield at_ns, QueueOpened(queue.name) if is_open else QueueClosed(queue.name, drain=queue.hours.drain)
            at_ns = table.next_change_ns(at_ns)
