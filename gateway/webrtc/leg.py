"""One browser leg's life: its states, what may follow what, and why it may be lost.

ANSWERED waits for the browser's first DTLS record (ICE runs in the media plane meanwhile); HANDSHAKING ends with keys
in the plane; CONNECTED lasts until one side goes.  Each may end at any time.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable

from gateway.model.ids import LegId
from gateway.webrtc.dtls import DtlsSession


class LegState(enum.Enum):
    ANSWERED = "answered"
    HANDSHAKING = "handshaking"
    CONNECTED = "connected"
    CLOSED = "closed"


_S = LegState

TRANSITIONS: dict[LegState, frozenset[LegState]] = {
    _S.ANSWERED: frozenset({_S.HANDSHAKING, _S.CLOSED}),
    _S.HANDSHAKING: frozenset({_S.CONNECTED, _S.CLOSED}),
    _S.CONNECTED: frozenset({_S.CLOSED}),
    _S.CLOSED: frozenset(),
}


class Loss(enum.StrEnum):
    """Why a leg was lost that we did not close ourselves."""

    NEVER_CONNECTED = "never_connected"
    """No connection within the time limit: a firewall, or the page has gone."""
    HANDSHAKE_FAILED = "handshake_failed"
    WRONG_CERTIFICATE = "wrong_certificate"
    """The DTLS certificate is not the one that the offer named."""
    GOODBYE = "goodbye"
    """The browser closed the connection in order (close_notify)."""
    CONSENT_LOST = "consent_lost"
    """Nothing was heard for the consent time (RFC 7675)."""
    FAILED = "failed"
    """An error of ours, or the plane closed the leg."""


class IllegalLegTransitionError(AssertionError):
    """A bug of ours: the edge tried what the table does not know."""


class Leg:
    """What the edge keeps of one leg."""

    def __init__(
        self,
        leg: LegId,
        session: DtlsSession,
        *,
        on_connected: Callable[[], None],
        on_lost: Callable[[Loss], None],
        on_digit: Callable[[str, int], None],
    ) -> None:
        self.id = leg
        self.session = session
        self.state = LegState.ANSWERED
        self.on_connected = on_connected
        self.on_lost = on_lost
        self.on_digit = on_digit
        self.spoken = asyncio.Event()
        """The browser's first DTLS record is there."""
        self.running = False
        """Its task has begun: a task that is cancelled before its first step never reaches its own cleaning up."""
        self.over = False
        """It is to be closed."""
        self.loss: Loss | None = None
        """Why it is being closed, None when because we wish so."""

    def move(self, state: LegState) -> None:
        """The one place that changes the state."""
        if state not in TRANSITIONS[self.state]:
            raise IllegalLegTransitionError(f"a WebRTC leg can't go from {self.state.value} to {state.value}")
        self.state = state
