"""One contact's way through the distributor, in sentences for people: what happened, what was decided, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from acd_core import events as ev
from acd_core.decisions import (
    AgentStateChanged,
    ContactAssigned,
    ContactInterrupted,
    ContactMoved,
    ContactResumed,
    Decision,
    Explanation,
    NextContact,
    OfferEnded,
    OfferMade,
)
from acd_core.journal.records import Entry
from acd_core.requirements import describe
from acd_core.states import AgentState, ContactState, OfferEnd
from acd_core.views import ContactView
from acd_core.wording import duration, name_skills

NS_PER_MS = 1_000_000
TERMS = ("base", "priority", "wait", "bonus", "blending", "ratio")
"""Of the score, by the names of the fields of `Explanation` and `NextContact`; ``overdue`` is told in words."""


class Happening(msgspec.Struct, frozen=True):
    now_ns: int
    sentence: str
    why: tuple[str, ...] = ()
    """Of an offer: the score, which contact and which agent would have been next, and why each group of the others was
    passed over."""


def concerns(entry: Entry, contact: str) -> bool:
    """Whether the entry is about the contact: the event is, or one of its decisions."""
    if getattr(entry.event, "contact", None) == contact:
        return True
    return any(getattr(decision, "contact", None) == contact for decision in entry.decisions)


def tell(contact: str, entries: Iterable[Entry], say_time: Callable[[int], str] = str) -> list[Happening]:
    """The story of the contact; ``entries`` may have others too.  ``say_time`` puts a time in ns into words."""
    story: list[Happening] = []
    for entry in entries:
        if not concerns(entry, contact):
            continue
        event = entry.event
        if event is not None and getattr(event, "contact", None) == contact:
            story.append(Happening(entry.now_ns, _happened(event, entry.now_ns)))
        mine = [one for one in entry.decisions if getattr(one, "contact", None) == contact]
        for decision in mine:
            told = _decided(decision, entry.now_ns, say_time)
            if told is not None:
                story.append(told)
        if isinstance(event, ev.ContactArrived) and not any(isinstance(one, OfferMade) for one in mine):
            story.append(Happening(entry.now_ns, "waits: nobody who may take it is free, or others come first"))
    return story


def tell_stood(view: ContactView, now_ns: int) -> Happening:
    """Where the contact was when the journal begins, which is with a snapshot."""
    waited = f"{duration(now_ns - view.arrival_ns)} after it arrived"
    if view.state is ContactState.ASSIGNED:
        return Happening(now_ns, f"the journal begins here: is with {view.agent}, {waited}")
    rings = f" and rings at {view.agent} (offer {view.offer})" if view.state is ContactState.OFFERED else ""
    return Happening(now_ns, f"the journal begins here: waits in queue {view.queue}{rings}, {waited}")


def is_over(contact: str, entries: Iterable[Entry]) -> bool:
    """Whether the contact left, and did not come again."""
    over = False
    for entry in entries:
        event = entry.event
        if isinstance(event, ev.ContactArrived) and event.contact == contact:
            over = False
        elif isinstance(event, (ev.ContactAbandoned, ev.ContactEnded)) and event.contact == contact:
            over = True
    return over


def _happened(event: ev.Event, now_ns: int) -> str:
    if isinstance(event, ev.ContactArrived):
        return _arrived(event, now_ns)
    say = HAPPENED.get(type(event))
    return say(event) if say is not None else type(event).__name__


def _arrived(event: ev.ContactArrived, now_ns: int) -> str:
    more = [event.channel]
    skills = tuple(sorted({*event.skills, *describe(event.needs)}))
    if skills:
        more.append(f"asks for {name_skills(skills)}")
    if event.topic:
        more.append(f"about {event.topic}")
    if event.priority:
        more.append(f"priority {event.priority}")
    if event.bonus_ms:
        more.append(f"counts as waiting {duration(event.bonus_ms * NS_PER_MS)} longer")
    if event.preferred is not None:
        alone = f", for {duration(event.preferred_ms * NS_PER_MS)} nobody else" if event.preferred_ms else ""
        more.append(f"for {event.preferred} if they can{alone}")
    if event.excluded:
        more.append(f"never for {', '.join(sorted(event.excluded))}")
    if event.arrival_ns is not None and now_ns - event.arrival_ns >= 1_000_000_000:
        more.append(f"its place counts from {duration(now_ns - event.arrival_ns)} ago")
    return f"arrived in queue {event.queue} ({'; '.join(more)})"


def _transferred(event: ev.ContactTransferred) -> str:
    to = f"queue {event.queue}" if event.queue is not None else "its queue"
    by_name = f", for {event.agent} if they can" if event.agent is not None else ""
    return f"transferred to {to}{by_name}: {event.reason}"


def _changed(event: ev.ContactChanged) -> str:
    new = [name for name in event.__struct_fields__ if name != "contact" and getattr(event, name) is not None]
    return f"is another now: {', '.join(f'{name} {getattr(event, name)!r}' for name in new)}"


HAPPENED: dict[type, Callable[[Any], str]] = {
    ev.ContactAbandoned: lambda event: "the customer left before an agent answered",
    ev.ContactEnded: lambda event: "the conversation is over",
    ev.ContactRequeued: lambda event: f"goes back to its queue, at its old place: {event.reason}",
    ev.ContactTransferred: _transferred,
    ev.ContactDeferred: lambda event: "is not to be offered for now; it keeps its place",
    ev.ContactReturned: lambda event: "may be offered again",
    ev.ContactChanged: _changed,
    ev.AssignmentOrdered: lambda event: f"a supervisor wants {event.agent} to have it",
    ev.WrapUpFinished: lambda event: f"{event.agent} finished the wrap-up",
    ev.WrapUpExtended: lambda event: f"{event.agent} extended the wrap-up",
}

ENDS = {
    OfferEnd.ACCEPTED: "accepted",
    OfferEnd.REJECTED: "rejected",
    OfferEnd.EXPIRED: "not answered in time",
}


def _decided(decision: Decision, now_ns: int, say_time: Callable[[int], str]) -> Happening | None:
    """None: what is said otherwise already."""
    if isinstance(decision, OfferMade):
        sentence = (
            f"offer {decision.offer} to {decision.agent}, {decision.explanation.sentence()}; "
            f"waited {duration(decision.waited_ns)}, rings until {say_time(decision.expires_ns)}"
        )
        return Happening(now_ns, sentence, tuple(reasons(decision.explanation)))
    say = DECIDED.get(type(decision))
    if say is not None:
        return Happening(now_ns, say(decision))
    if isinstance(decision, AgentStateChanged) and decision.state is AgentState.WRAP_UP:
        until = f" until {say_time(decision.until_ns)}" if decision.until_ns is not None else ""
        return Happening(now_ns, f"{decision.agent} is in wrap-up{until}")
    return None


def _offer_ended(decision: OfferEnded) -> str:
    if decision.end is OfferEnd.REVOKED:
        return f"offer {decision.offer} to {decision.agent} taken back: {decision.reason}"
    reason = f": {decision.reason}" if decision.end is OfferEnd.REJECTED and decision.reason else ""
    return f"offer {decision.offer} {ENDS[decision.end]} by {decision.agent}{reason}"


DECIDED: dict[type, Callable[[Any], str]] = {
    OfferEnded: _offer_ended,
    ContactAssigned: lambda decision: f"is with {decision.agent}",
    ContactMoved: lambda decision: (
        f"moves from queue {decision.from_queue} to queue {decision.to_queue}: {decision.reason}"
    ),
    ContactInterrupted: lambda decision: f"is interrupted: {decision.agent} has something more urgent",
    ContactResumed: lambda decision: f"goes on with {decision.agent}",
}


def _score(scored: Explanation | NextContact) -> str:
    """With its terms; empty when all of these are 0."""
    terms = [f"{name} {getattr(scored, name):,}" for name in TERMS if getattr(scored, name)]
    score = f"score {scored.score - scored.overdue:,} = {' + '.join(terms)}" if terms else ""
    return f"overtaken by no score any more, {score or 'score 0'}" if scored.overdue else score


def reasons(why: Explanation) -> list[str]:
    """Every number of the explanation in words."""
    lines = []
    score = _score(why)
    following = why.next_contact
    if score or following is not None:
        lines.append(score or "score 0")
    if following is not None:
        lines.append(
            f"came before {following.contact} (queue {following.queue}, waited {duration(following.waited_ns)}, "
            f"{_score(following) or 'score 0'})"
        )
    if why.term:
        lines.append(f"by {why.strategy}: {why.term:,} for {why.agent}")
    if why.step:
        lines.append(f"after {why.step} relaxation step{'s' if why.step > 1 else ''}")
    if why.runner_up is not None and why.runner_up_idle_ns is not None:
        rank = f"{why.runner_up_term:,}, " if why.runner_up_term else ""
        lines.append(f"next would have been {why.runner_up} ({rank}idle {duration(why.runner_up_idle_ns)})")
    elif not why.passed_over():
        lines.append("nobody else is signed in")
    for group in why.passed_over():
        said = "passed over" in group.sentence
        lines.append(group.sentence if said else f"passed over: {group.sentence}")
    return lines
