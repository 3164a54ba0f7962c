"""The state machines of agents, contacts and offers: which states there are and which may follow which.

Both distributors take their tables from here and change a state in one place only, which refuses a step that the table
does not have.  What a peer may ask for in which state is checked before anything changes; a refusal by these tables is
therefore a bug of ours, not a mistake of the caller's.
"""

from __future__ import annotations

import enum
from typing import Final


class AgentState(enum.StrEnum):
    SIGNED_OUT = "signed_out"
    AVAILABLE = "available"
    OFFERED = "offered"
    BUSY = "busy"
    WRAP_UP = "wrap_up"
    PAUSED = "paused"
    NOT_RESPONDING = "not_responding"


class ContactState(enum.StrEnum):
    WAITING = "waiting"
    OFFERED = "offered"
    ASSIGNED = "assigned"
    ENDED = "ended"


class OfferEnd(enum.StrEnum):
    """How an offer's lease ended.  An offer is open until it has one of these, and has only one."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EXPIRED = "expired"
    REVOKED = "revoked"


AGENT_TRANSITIONS: Final[dict[AgentState, frozenset[AgentState]]] = {
    AgentState.SIGNED_OUT: frozenset({AgentState.PAUSED}),
    AgentState.AVAILABLE: frozenset({AgentState.OFFERED, AgentState.PAUSED, AgentState.SIGNED_OUT}),
    AgentState.OFFERED: frozenset(
        {
            AgentState.AVAILABLE,
            AgentState.OFFERED,
            AgentState.BUSY,
            AgentState.WRAP_UP,
            AgentState.PAUSED,
            AgentState.NOT_RESPONDING,
            AgentState.SIGNED_OUT,
        }
    ),
    AgentState.BUSY: frozenset(
        {
            AgentState.AVAILABLE,
            AgentState.OFFERED,
            AgentState.BUSY,
            AgentState.WRAP_UP,
            AgentState.PAUSED,
            AgentState.NOT_RESPONDING,
            AgentState.SIGNED_OUT,
        }
    ),
    AgentState.WRAP_UP: frozenset(
        {
            AgentState.AVAILABLE,
            AgentState.OFFERED,
            AgentState.BUSY,
            AgentState.WRAP_UP,
            AgentState.PAUSED,
            AgentState.NOT_RESPONDING,
            AgentState.SIGNED_OUT,
        }
    ),
    AgentState.PAUSED: frozenset({AgentState.AVAILABLE, AgentState.PAUSED, AgentState.SIGNED_OUT}),
    AgentState.NOT_RESPONDING: frozenset({AgentState.AVAILABLE, AgentState.PAUSED, AgentState.SIGNED_OUT}),
}

CONTACT_TRANSITIONS: Final[dict[ContactState, frozenset[ContactState]]] = {
    ContactState.WAITING: frozenset({ContactState.OFFERED, ContactState.ENDED}),
    ContactState.OFFERED: frozenset({ContactState.WAITING, ContactState.ASSIGNED, ContactState.ENDED}),
    ContactState.ASSIGNED: frozenset({ContactState.WAITING, ContactState.ENDED}),
    ContactState.ENDED: frozenset(),
}

AFTER_RELEASE: Final = frozenset(
    {
        AgentState.AVAILABLE,
        AgentState.PAUSED,
        AgentState.NOT_RESPONDING,
        AgentState.SIGNED_OUT,
    }
)
"""What may become of an agent whose offer is revoked or whose contact goes back to its queue."""
