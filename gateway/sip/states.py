"""The life of one incoming call as the SIP edge holds it (RFC 3261 13.3): the states, and what may follow what.

INVITED (100 Trying sent, the session decides) > ANSWERED (200 sent, no ACK yet) > ESTABLISHED > ENDING (we hung up or
refused, the other side has yet to confirm) > ENDED.  Every state may end at once: CANCEL, BYE or a timeout may come
at any time.
"""

from __future__ import annotations

import enum


class LineState(enum.StrEnum):
    INVITED = "invited"
    ANSWERED = "answered"
    ESTABLISHED = "established"
    ENDING = "ending"
    ENDED = "ended"


_S = LineState

TRANSITIONS: dict[LineState, frozenset[LineState]] = {
    _S.INVITED: frozenset({_S.ANSWERED, _S.ENDING, _S.ENDED}),
    _S.ANSWERED: frozenset({_S.ESTABLISHED, _S.ENDING, _S.ENDED}),
    _S.ESTABLISHED: frozenset({_S.ENDING, _S.ENDED}),
    _S.ENDING: frozenset({_S.ENDED}),
    _S.ENDED: frozenset(),
}

OVER = frozenset({_S.ENDING, _S.ENDED})
"""States in which nothing more can be done with the call."""


class IllegalTransitionError(AssertionError):
    """A bug of ours: the edge tried what the table does not know."""


def check_transition(old: LineState, new: LineState) -> None:
    """Raise `IllegalTransitionError` unless the table has it."""
    if new not in TRANSITIONS[old]:
        raise IllegalTransitionError(f"a call can't go from {old.value} to {new.value}")
