"""Which rows an event writes: pure functions from an event to changes, in the order in which they must be made.

A change is a statement of this module with its parameters; statements are few and made once, so that SQLAlchemy
compiles each a single time and equal ones can be sent together.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from sqlalchemy import bindparam, func
from sqlalchemy.sql.dml import UpdateBase

from gateway.model import events
from gateway.storage import tables

Change = tuple[UpdateBase, dict[str, object]]

_MS_NS = 1_000_000
_contacts = tables.contacts
_same_contact = _contacts.c.contact == bindparam("key")
_at_ns = bindparam("at", type_=_contacts.c.opened_ns.type)

INSERT_EVENT = tables.contact_events.insert()
_INSERT_CONTACT = _contacts.insert()
_INSERT_LINE = tables.chat_lines.insert()
_INSERT_RECORDING = tables.recordings.insert()
_INSERT_AGENT_STATE = tables.agent_states.insert()
_SET_QUEUE = _contacts.update().where(_same_contact).values(queue=bindparam("new_queue"))
_SET_AGENT = _contacts.update().where(_same_contact).values(agent=bindparam("new_agent"))
_SET_OUTCOME = (
    _contacts.update().where(_same_contact).values(outcome=bindparam("new_outcome"), note=bindparam("new_note"))
)
_SET_ANSWERED = (  # the first conversation counts; one after a requeue changes nothing but the agent
    _contacts.update()
    .where(_same_contact)
    .values(
        agent=bindparam("new_agent"),
        answered_ns=func.coalesce(_contacts.c.answered_ns, _at_ns),
        waited_ms=func.coalesce(_contacts.c.waited_ms, (_at_ns - _contacts.c.opened_ns) // _MS_NS),
    )
)
_SET_OPINION = {
    events.Party.CUSTOMER: _contacts.update().where(_same_contact).values(customer_opinion=bindparam("score")),
    # An agent's audio may come and go, and an agent after another: the last one counts.
    events.Party.AGENT: _contacts.update().where(_same_contact).values(agent_opinion=bindparam("score")),
}
_SET_ENDED = (  # the first end counts; talk_ms stays null when nobody answered
    _contacts.update()
    .where(_same_contact, _contacts.c.ended_ns.is_(None))
    .values(
        ended_ns=_at_ns,
        ended_by=bindparam("by"),
        end_cause=bindparam("cause"),
        waited_ms=func.coalesce(_contacts.c.waited_ms, (_at_ns - _contacts.c.opened_ns) // _MS_NS),
        talk_ms=(_at_ns - _contacts.c.answered_ns) // _MS_NS,
    )
)

_encode = msgspec.json.Encoder().encode
decode_event = msgspec.json.Decoder(events.StoredEvent).decode


def changes(event: events.Event) -> Iterator[Change]:
    """The event's rows.  `TypingNoticed` has none.  Raises `UnicodeEncodeError` on text that is not Unicode."""
    if isinstance(event, events.TypingNoticed):
        return
    if isinstance(event, events.AgentStateChanged):
        yield _agent_state(event)
    elif isinstance(event, events.ContactEvent):
        yield from _projected(event)
        yield (
            INSERT_EVENT,
            {
                "contact": event.contact,
                "at_ns": event.at_ns,
                "kind": type(event).__name__,
                "event": _encode(event).decode(),
            },
        )
    else:
        raise TypeError(f"storage has no table for {type(event).__name__}: add it to gateway.storage.projection")


def _projected(event: events.ContactEvent) -> Iterator[Change]:
    """What else than the timeline an event of a contact changes; most change nothing."""
    key = event.contact
    match event:
        case events.ContactOpened():
            yield _INSERT_CONTACT, _opened(event)
        case events.ContactQueued() | events.ContactRequeued() | events.ContactMoved():
            yield _SET_QUEUE, {"key": key, "new_queue": event.queue}
        case events.ContactAssigned():
            yield _SET_AGENT, {"key": key, "new_agent": event.agent}
        case events.ConversationStarted():
            yield _SET_ANSWERED, {"key": key, "new_agent": event.agent, "at": event.at_ns}
        case events.ContactEnded():
            yield _SET_ENDED, {"key": key, "at": event.at_ns, "by": event.by.value, "cause": event.cause.value}
        case events.OutcomeChosen():
            yield _SET_OUTCOME, {"key": key, "new_outcome": event.outcome, "new_note": event.note}
        case events.QualityRecorded() if event.party in _SET_OPINION:
            yield _SET_OPINION[event.party], {"key": key, "score": event.opinion}
        case events.LineWritten():
            yield _INSERT_LINE, _line(event)
        case events.RecordingStored():
            yield _INSERT_RECORDING, _recording(event)


def _opened(event: events.ContactOpened) -> dict[str, object]:
    return {
        "contact": event.contact,
        "channel": event.channel.value,
        "queue": event.queue,
        "customer_address": event.customer.address,
        "customer_name": event.customer.name,
        "called": event.called,
        "opened_ns": event.at_ns,
    }


def _line(event: events.LineWritten) -> dict[str, object]:
    return {
        "contact": event.contact,
        "line": event.line,
        "at_ns": event.at_ns,
        "author": event.author.value,
        "agent": event.agent,
        "text": event.text,
    }


def _recording(event: events.RecordingStored) -> dict[str, object]:
    return {
        "recording": event.recording,
        "contact": event.contact,
        "agent": event.agent,
        "path": event.path,
        "at_ns": event.at_ns,
        "duration_ms": event.duration_ms,
        "size_bytes": event.size_bytes,
    }


def _agent_state(event: events.AgentStateChanged) -> Change:
    row: dict[str, object] = {
        "agent": event.agent,
        "at_ns": event.at_ns,
        "state": event.state.value,
        "reason": event.reason,
        "until_ns": event.until_ns,
        "contact": event.contact,
    }
    return _INSERT_AGENT_STATE, row
