"""The bodies of the HTTP requests and answers, as structs; TypeScript types of them are generated, too."""

from __future__ import annotations

from typing import Annotated

import msgspec

from gateway.api.desk import Names, ms, ms_or_none
from gateway.api.frames import Line
from gateway.model import events as ev
from gateway.model.events import EndCause, Event, LineWritten, Party
from gateway.model.ids import Channel
from gateway.model.ports import ContactRecord, RecordingRecord


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all bodies."""


class LoginRequest(Shape, frozen=True, kw_only=True):
    login: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class SignedIn(Shape, frozen=True, kw_only=True):
    agent: str
    name: str
    company: str


class Health(Shape, frozen=True, kw_only=True):
    status: str
    name: str
    version: str


class ContactSummary(Shape, frozen=True, kw_only=True):
    contact: str
    channel: Channel
    queue: str
    queue_title: str
    customer_name: str
    customer_address: str
    called: str
    opened_ms: int
    answered_ms: int | None
    ended_ms: int | None
    ended_by: Party | None
    end_cause: EndCause | None
    agent: str | None
    agent_name: str | None
    outcome: str | None
    note: str | None
    customer_opinion: float | None
    """Mean opinion score of the sound, 1 to 4.5."""
    agent_opinion: float | None


class ContactList(Shape, frozen=True, kw_only=True):
    contacts: list[ContactSummary]
    """Newest first."""


class TimelineEntry(Shape, frozen=True, kw_only=True):
    """One event of a contact. ``kind`` is the event's name; the rest is filled as far as it has it."""

    at_ms: int
    kind: str
    by: Party | None
    agent_name: str | None
    detail: str | None
    """The reason, cause, outcome, digit or offer's end, in the words of the event."""
    text: str | None
    """What people wrote: a note, or why this agent."""


class Recording(Shape, frozen=True, kw_only=True):
    recording: str
    agent_name: str | None
    duration_ms: int
    size_bytes: int
    address: str
    """Where to GET the sound: Ogg Opus, left the customer, right the agent."""


class ContactDetail(Shape, frozen=True, kw_only=True):
    summary: ContactSummary
    timeline: list[TimelineEntry]
    transcript: list[Line]
    recordings: list[Recording]


def summary(record: ContactRecord, names: Names) -> ContactSummary:
    return ContactSummary(
        contact=record.contact,
        channel=record.channel,
        queue=record.queue,
        queue_title=names.queue_title(record.queue),
        customer_name=record.customer.name,
        customer_address=record.customer.address,
        called=record.called,
        opened_ms=ms(record.opened_ns),
        answered_ms=ms_or_none(record.answered_ns),
        ended_ms=ms_or_none(record.ended_ns),
        ended_by=record.ended_by,
        end_cause=record.end_cause,
        agent=record.agent,
        agent_name=names.agent(record.agent),
        outcome=record.outcome,
        note=record.note,
        customer_opinion=record.customer_opinion,
        agent_opinion=record.agent_opinion,
    )


def timeline_entry(event: Event, names: Names) -> TimelineEntry:
    detail: str | None = None
    text: str | None = None
    by: Party | None = getattr(event, "by", None)
    match event:
        case ev.ContactOpened(called=called):
            detail = called
        case ev.ContactOffered(why=why, waited_ms=waited_ms):
            detail, text = str(waited_ms), why
        case ev.OfferClosed(end=end):
            detail = end.value
        case ev.ContactQueued(queue=queue):
            detail = names.queue_title(queue)
        case ev.ContactMoved(queue=queue, reason=reason):
            detail, text = names.queue_title(queue), reason
        case ev.ContactTransferred(queue=queue, to_agent=to_agent):
            detail = names.agent(to_agent) or names.queue_title(queue)
        case (
            ev.ContactRequeued(reason=reason)
            | ev.RecordingFailed(reason=reason)
            | ev.RecordingInterrupted(reason=reason)
        ):
            detail = reason
        case ev.ContactEnded(cause=word) | ev.VideoStarted(source=word):
            detail = word.value
        case ev.OutcomeChosen(outcome=outcome, note=note):
            detail, text = outcome, note or None
        case ev.DigitPressed(digit=digit):
            detail = digit
        case ev.RecordingStored(duration_ms=duration_ms):
            detail = str(duration_ms)
        case ev.QualityRecorded() | ev.AudioAlarmRaised() | ev.AudioAlarmEnded():
            detail, text = _of_sound(event)
            by = event.party
    return TimelineEntry(
        at_ms=ms(event.at_ns),
        kind=type(event).__name__,
        by=by,
        agent_name=names.agent(getattr(event, "agent", None)),
        detail=detail,
        text=text,
    )


def _of_sound(event: ev.QualityRecorded | ev.AudioAlarmRaised | ev.AudioAlarmEnded) -> tuple[str, str | None]:
    if not isinstance(event, ev.QualityRecorded):
        return event.alarm, None
    words = [
        f"worst {event.opinion_worst:.1f}",
        f"loss {event.loss_permille / 10:g} %",
        f"jitter {event.jitter_us // 1000} ms",
    ]
    if event.round_trip_us is not None:
        words.append(f"round trip {event.round_trip_us // 1000} ms")
    return f"{event.opinion:.1f}", ", ".join(words)


def recording(record: RecordingRecord, names: Names) -> Recording:
    return Recording(
        recording=record.recording,
        agent_name=names.agent(record.agent),
        duration_ms=record.duration_ms,
        size_bytes=record.size_bytes,
        address=f"/api/recordings/{record.recording}",
    )


def detail(
    record: ContactRecord, timeline: list[Event], recordings: list[RecordingRecord], names: Names
) -> ContactDetail:
    """A contact as its page shows it; chat lines stand in the transcript, not in the timeline."""
    return ContactDetail(
        summary=summary(record, names),
        timeline=[timeline_entry(event, names) for event in timeline if not isinstance(event, LineWritten)],
        transcript=[names.line(e, record.customer.name) for e in timeline if isinstance(e, LineWritten)],
        recordings=[recording(r, names) for r in recordings],
    )
