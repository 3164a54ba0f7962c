"""A contact's life as a machine: its states, and the one table of what may follow what.

A voice contact goes OPENING > ANSWERING > GREETING > WAITING > CONNECTING > TALKING > ENDED, with HELD beside TALKING
and PARTED while the agent's connection is away.  A chat has nobody to answer, greet or connect: OPENING > WAITING >
TALKING > ENDED.  A transfer leads back to WAITING.  Everything may end at any time, because either side may leave at
any time.  Ringing at an agent is no state of the contact: the customer goes on waiting, and the offer has a life of its
own in the distributor.
"""

from __future__ import annotations

import enum


class ContactState(enum.StrEnum):
    OPENING = "opening"
    """Being written to disk; the customer has heard nothing yet."""
    ANSWERING = "answering"
    """On disk; the edge is accepting the call."""
    GREETING = "greeting"
    """The customer hears the queue's greeting."""
    WAITING = "waiting"
    """In the queue, with music; perhaps ringing at an agent."""
    CONNECTING = "connecting"
    """An agent accepted; their audio is on its way."""
    TALKING = "talking"
    HELD = "held"
    """The agent put the customer on hold; music."""
    PARTED = "parted"
    """The agent's connection went away; music, until it comes back or the grace time ends."""
    ENDED = "ended"


_S = ContactState

TRANSITIONS: dict[ContactState, frozenset[ContactState]] = {
    _S.OPENING: frozenset({_S.ANSWERING, _S.WAITING, _S.ENDED}),
    _S.ANSWERING: frozenset({_S.GREETING, _S.WAITING, _S.ENDED}),
    _S.GREETING: frozenset({_S.WAITING, _S.ENDED}),
    _S.WAITING: frozenset({_S.CONNECTING, _S.TALKING, _S.ENDED}),
    _S.CONNECTING: frozenset({_S.TALKING, _S.WAITING, _S.ENDED}),
    _S.TALKING: frozenset({_S.HELD, _S.PARTED, _S.WAITING, _S.ENDED}),
    _S.HELD: frozenset({_S.TALKING, _S.PARTED, _S.WAITING, _S.ENDED}),
    _S.PARTED: frozenset({_S.TALKING, _S.HELD, _S.WAITING, _S.ENDED}),
    _S.ENDED: frozenset(),
}


class RecordingState(enum.StrEnum):
    """How it stands with the recording of a contact in an agent's hands."""

    OFF = "off"
    """A chat, or a queue that records nothing."""
    ON = "on"
    """What is said is recorded (not while the customer is on hold)."""
    PAUSED = "paused"
    """By the agent, say while a card's number is read out."""
    FAILED = "failed"
    """What is said is lost: the disk does not take it. The conversation goes on."""


WITH_AGENT = frozenset({_S.CONNECTING, _S.TALKING, _S.HELD, _S.PARTED})
"""States in which an agent has the contact in hand."""


TOGETHER = frozenset({_S.TALKING, _S.HELD})
"""States in which customer and agent are connected."""


class IllegalTransitionError(AssertionError):
    """A bug of ours: the session tried what the table does not know."""


def check_transition(old: ContactState, new: ContactState) -> None:
    """Raise `IllegalTransitionError` unless the table has it."""
    if new not in TRANSITIONS[old]:
        raise IllegalTransitionError(f"a contact can't go from {old.value} to {new.value}")
