"""One browser leg's life: its states, what may follow what, and why it may be lost.

ANSWERED waits for the browser's first DTLS record (ICE runs in the media plane meanwhile); HANDSHAKING ends with keys
in the plane; CONNECTED lasts until one side goes.  INTERRUPTED is a connection whose browser fell silent: it may come
back on another path (WLAN to mobile) for a while.  Each may end at any time.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable

from gateway.model.ids import LegId
from gateway.webrtc.dtls import DtlsSession
from gateway.webrtc.negotiation import Negotiation


class LegState(enum.Enum):
    ANSWERED = "answered"
    HANDSHAKING = "handshaking"
    CONNECTED = "connected"
    INTERRUPTED = "interrupted"
    CLOSED = "closed"


_S = LegState

TRANSITIONS: dict[LegState, frozenset[LegState]] = {
    _S.ANSWERED: frozenset({_S.HANDSHAKING, _S.CLOSED}),
    _S.HANDSHAKING: frozenset({_S.CONNECTED, _S.CLOSED}),
    _S.CONNECTED: frozenset({_S.INTERRUPTED, _S.CLOSED}),
    _S.INTERRUPTED: frozenset({_S.CONNECTED, _S.CLOSED}),
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
    """Nothing was heard for the consent time (RFC 7675), and the browser did not come back in its time for that."""
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
        negotiation: Negotiation,
        *,
        on_connected: Callable[[], None],
        on_lost: Callable[[Loss], None],
        on_digit: Callable[[str, int], None],
    ) -> None:
        self.id = leg
        self.session = session
        self.negotiation = negotiation
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
        self.patience: asyncio.TimerHandle | None = None
        """While interrupted: ends the wait."""
        self.patience_until = 0.0
        """No restart makes it wait longer than this (event loop's time)."""

    def move(self, state: LegState) -> None:
        """The one place that changes the state."""
        if state not in TRANSITIONS[self.state]:
            raise IllegalLegTransitionError(f"a WebRTC leg can't go from {self.state.value} to {state.value}")
        self.state = state
        if state is not LegState.INTERRUPTED and self.patience is not None:
            self.patience.cancel()
            self.patience = None
