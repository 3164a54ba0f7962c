"""What is kept of the sound's quality: one event for each leg when it has closed, and alarms as they come and go."""

from __future__ import annotations

import logging

from gateway.model.clock import Clock
from gateway.model.events import AudioAlarmEnded, AudioAlarmRaised, Party, QualityRecorded
from gateway.model.ids import LegId
from gateway.model.media import AudioAlarmChanged, LegClosed, MediaEvent, QualityMeasured
from gateway.session.contact import Contact
from gateway.session.eventlog import EventLog

log = logging.getLogger(__name__)


class _Course:
    """The measurements of a leg so far."""

    __slots__ = ("opinion_weighted", "packets", "worst")

    def __init__(self) -> None:
        self.packets = 0
        self.opinion_weighted = 0.0
        self.worst = 5.0

    def add(self, measured: QualityMeasured) -> None:
        packets = measured.packets_received + measured.packets_lost
        if packets:  # else it was on hold, say: nothing came, and nothing was missed
            self.add_whole(measured.opinion, packets)

    def add_whole(self, opinion: float, packets: int) -> None:
        self.packets += packets
        self.opinion_weighted += opinion * packets
        self.worst = min(self.worst, opinion)


PACKETS_MIN = 50
"""A second of sound: less can't be judged."""


class QualityWatch:
    """Told of the media events of customers' and agents' legs."""

    def __init__(self, log: EventLog, clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._courses: dict[LegId, _Course] = {}

    def media_event(self, contact: Contact, party: Party, event: MediaEvent) -> None:
        match event:
            case QualityMeasured():
                self._courses.setdefault(event.leg, _Course()).add(event)
            case AudioAlarmChanged():
                self._alarm(contact, party, event)
            case LegClosed():
                self._closed(contact, party, event)

    def _alarm(self, contact: Contact, party: Party, event: AudioAlarmChanged) -> None:
        now_ns, alarm = self._clock.now_ns(), event.alarm.value
        if event.active:
            log.warning("contact %s: alarm %r of the %s after %d ms", contact.id, alarm, party.value, event.after_ms)
            self._log.emit(
                AudioAlarmRaised(at_ns=now_ns, contact=contact.id, party=party, alarm=alarm, after_ms=event.after_ms)
            )
        else:
            self._log.emit(
                AudioAlarmEnded(at_ns=now_ns, contact=contact.id, party=party, alarm=alarm, after_ms=event.after_ms)
            )

    def _closed(self, contact: Contact, party: Party, event: LegClosed) -> None:
        course = self._courses.pop(event.leg, None)
        counted = event.statistics
        packets = counted.packets_received + counted.packets_lost
        if packets < PACKETS_MIN or counted.opinion is None:
            return
        if course is None or course.packets == 0:  # too short a call to have been measured in between
            course = _Course()
            course.add_whole(counted.opinion, packets)
        self._log.emit(
            QualityRecorded(
                at_ns=self._clock.now_ns(),
                contact=contact.id,
                party=party,
                opinion=round(course.opinion_weighted / course.packets, 2),
                opinion_worst=round(course.worst, 2),
                loss_permille=round(1000 * counted.packets_lost / packets),
                jitter_us=counted.jitter_us,
                round_trip_us=counted.round_trip_us,
            )
        )
