"""One incoming call as the session sees it: `VoiceLine` over a signalling port, with its media leg and description.

Nothing of pjsua2 is known here: `Signalling` is what `gateway.sip.dialog` implements, and a fake in the unit
tests.  The line is told what the other side does by the ``remote_...`` methods, and tells the edge when it is over.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from gateway.model.errors import PeerError
from gateway.model.events import EndCause
from gateway.model.ids import Codec, LegId
from gateway.model.media import MediaPlane
from gateway.protocol.sdp import SdpError
from gateway.sip.negotiation import Negotiation
from gateway.sip.states import OVER, LineState, check_transition

log = logging.getLogger(__name__)

_REFUSALS = {
    EndCause.REJECTED: (488, "Not Acceptable Here"),
    EndCause.FAILED: (500, "Server Internal Error"),
    EndCause.SHUTDOWN: (503, "Service Unavailable"),
}
"""Final response when we end a call that was not answered; else 480."""


class SignallingError(Exception):
    """The call can't be signalled any more; the other side has gone."""


class Signalling(Protocol):
    """What a line asks of its SIP dialog.  All raise `SignallingError` when the dialog is over."""

    def accept(self, description: str | None) -> None:
        """Send 200.  ``description`` is our offer when the INVITE had none; else the answer is known already."""
        ...

    def send_digit(self, digit: str, duration_ms: int) -> None:
        """Send it by INFO."""
        ...

    def hang_up(self, code: int, reason: str, headers: dict[str, str]) -> None:
        """Refuse an INVITE with this response; after an answer send BYE (once the ACK is there, RFC 3261 15)."""
        ...


class SipLine:
    def __init__(
        self,
        *,
        label: str,
        signalling: Signalling,
        plane: MediaPlane,
        leg: LegId,
        negotiation: Negotiation,
        ended: Callable[[SipLine, EndCause], None],
    ) -> None:
        """``label`` names the call in logs; ``ended`` is called once, when the *other* side ended it."""
        self.label = label
        self.state = LineState.INVITED
        self.in_session = False
        """Whether the session knows of the call; the edge sets it."""
        self._signalling = signalling
        self._plane = plane
        self._leg = leg
        self._negotiation = negotiation
        self._ended = ended
        self._established: asyncio.Future[None] | None = None
        self._leg_open = True

    @property
    def leg(self) -> LegId:
        return self._leg

    # Asked by the session

    @property
    def codec(self) -> Codec:
        """What was agreed on; before that, what we would like best."""
        return self._negotiation.codec

    async def answer(self) -> None:
        """Send 200; returns when media may flow: at once, or after the ACK when that brings the description."""
        if self.state is not LineState.INVITED:
            raise PeerError(f"call {self.label} can't be answered: it is {self.state.value}")
        delayed = self._negotiation.local is None
        try:
            self._signalling.accept(self._negotiation.offer() if delayed else None)
        except SignallingError as error:
            raise PeerError(f"call {self.label} went away before its answer: {error}") from error
        self._move(LineState.ANSWERED)
        if not delayed:
            self._start_media()
            return
        self._established = asyncio.get_running_loop().create_future()
        await self._established

    def end(self, cause: EndCause) -> None:
        """Refuse, or hang up, whatever the state asks for.  Harmless when it is over."""
        code, reason = _REFUSALS.get(cause, (480, "Temporarily Unavailable"))
        self.refuse(code, reason)

    def refuse(self, code: int, reason: str, headers: dict[str, str] | None = None) -> None:
        """As `end`, with the response to give if the call has not been answered."""
        if self.state in OVER:
            return
        self._move(LineState.ENDING)
        self._close()
        try:
            self._signalling.hang_up(code, reason, headers or {})
        except SignallingError as error:
            log.debug("call %s was gone when we ended it: %s", self.label, error)

    def send_digit(self, digit: str, duration_ms: int) -> None:
        """The media plane asks for it, on a trunk that wants digits by INFO."""
        if self.state in OVER:
            return
        try:
            self._signalling.send_digit(digit, duration_ms)
        except SignallingError as error:
            log.info("call %s could not be sent the digit %s: %s", self.label, digit, error)

    # Told by the dialog

    def remote_digit(self, digit: str, duration_ms: int) -> None:
        """A digit came by INFO; from here on it is like any other that the leg says."""
        if self._leg_open:
            self._plane.say_digit(self._leg, digit, duration_ms)

    def remote_offer(self, offer: str) -> str:
        """Answer a re-INVITE or UPDATE (RFC 3311); the leg follows at once.  `SdpError`: then 488, the call goes on."""
        answer = self._negotiation.answer(offer)
        if self.state is not LineState.INVITED:
            self._start_media()
        return answer

    def own_offer(self) -> str:
        """Our description for a re-INVITE without one, or for a refresh of ours (RFC 4028)."""
        return self._negotiation.offer()

    def remote_answer(self, answer: str) -> None:
        """Take what the other side answered to our offer.  A broken answer ends the call: media can't flow."""
        try:
            self._negotiation.accept(answer)
        except SdpError as error:
            log.info("call %s answered our offer with nothing usable: %s", self.label, error)
            self._fail()
            return
        self._start_media()

    def remote_acknowledged(self) -> None:
        """The ACK is here; what it carried came by `remote_answer` before."""
        if self.state is not LineState.ANSWERED:
            return
        if self._negotiation.peer is None:
            log.info("call %s came without a description and gave none in its ACK (RFC 3261 13.2.1)", self.label)
            self._fail()
            return
        self._move(LineState.ESTABLISHED)
        if self._established is not None and not self._established.done():
            self._established.set_result(None)

    def remote_ended(self, code: int) -> None:
        """The dialog is over: CANCEL, BYE or a timeout, or the confirmation of our own hang-up.

        ``code``: status that PJSIP gives as the reason; 300 and up after an answer means that the other side vanished.
        """
        before = self.state
        if before is LineState.ENDED:
            return
        self._move(LineState.ENDED)
        self._close()
        if before is LineState.ENDING:
            return
        if before is LineState.INVITED:
            cause = EndCause.ABANDONED
        else:
            cause = EndCause.CONNECTION_LOST if code >= 300 else EndCause.HUNG_UP
        self._ended(self, cause)

    def _fail(self) -> None:
        """End a call that the session holds for a good one, and tell it."""
        self.refuse(488, "Not Acceptable Here")
        self._ended(self, EndCause.REJECTED)

    def _start_media(self) -> None:
        if self._negotiation.peer is not None and self._leg_open:
            self._plane.set_rtp_peer(self._leg, self._negotiation.peer)

    def _close(self) -> None:
        if self._leg_open:
            self._leg_open = False
            self._plane.close_leg(self._leg)
        if self._established is not None and not self._established.done():
            self._established.set_exception(PeerError(f"call {self.label} ended before its media was agreed on"))

    def _move(self, state: LineState) -> None:
        check_transition(self.state, state)
        self.state = state
