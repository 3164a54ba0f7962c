"""Visitors' calls: one browser leg that the session drives as a `VoiceLine`.

The call reaches the session only when sound can flow (DTLS is through), so that nobody is greeted who can't hear it and
no agent is offered a visitor whose firewall blocks the sound.
"""

from __future__ import annotations

import asyncio
import enum
import logging
from collections.abc import Callable, Sequence

from gateway.model.errors import NotFoundError, PeerError, ZentraleError
from gateway.model.events import Customer, EndCause
from gateway.model.ids import Channel, Codec, ContactId, LegId, QueueName
from gateway.session.contacts import ContactService
from gateway.webrtc.edge import WebRtcEdge, WebRtcLeg
from gateway.webrtc.leg import Loss

log = logging.getLogger(__name__)

CODECS = (Codec.OPUS, Codec.G722, Codec.PCMA, Codec.PCMU)


class LineState(enum.Enum):
    CONNECTING = "connecting"
    """The browser has its answer; ICE and DTLS run."""
    OPENING = "opening"
    """The session is asked to take the call."""
    ANSWERED = "answered"
    ENDED = "ended"


_S = LineState

TRANSITIONS: dict[LineState, frozenset[LineState]] = {
    _S.CONNECTING: frozenset({_S.OPENING, _S.ENDED}),
    _S.OPENING: frozenset({_S.ANSWERED, _S.ENDED}),
    _S.ANSWERED: frozenset({_S.ENDED}),
    _S.ENDED: frozenset(),
}


class IllegalLineTransitionError(AssertionError):
    """A bug of ours: the call tried what the table does not know."""


class WebCallLine:
    """A visitor's call as the session sees it (the `VoiceLine` port), and the page's handle to it."""

    def __init__(
        self,
        calls: WebCalls,
        *,
        on_opened: Callable[[ContactId], None],
        on_ended: Callable[[EndCause, str], None],
    ) -> None:
        self._calls = calls
        self._on_opened = on_opened
        self._on_ended = on_ended
        self._leg: LegId | None = None
        self._codec: Codec | None = None
        self.state = LineState.CONNECTING
        self.contact: ContactId | None = None
        """Known once the session took the call."""

    @property
    def leg(self) -> LegId:
        assert self._leg is not None, "a line is handed out with its leg"
        return self._leg

    @property
    def codec(self) -> Codec:
        assert self._codec is not None, "a line is handed out with its leg"
        return self._codec

    async def answer(self) -> None:
        """Nothing to say to a browser: it is connected.  Raises `PeerError` when the visitor has gone."""
        if self.state is not LineState.OPENING:
            raise PeerError("the visitor has hung up")
        self._move(LineState.ANSWERED)

    def end(self, cause: EndCause) -> None:
        """End the call from our side and tell the page; harmless when it has ended."""
        self._end(cause, "")

    async def renegotiate(self, offer_sdp: str) -> str:
        """Answer a further offer of the visitor's page.  Raises as `WebRtcEdge.renegotiate`."""
        if self.state is LineState.ENDED:
            raise NotFoundError("this call has ended")
        answer = await self._calls.renegotiate(self, offer_sdp)
        self._codec = answer.codec
        return answer.answer_sdp

    def hang_up(self) -> None:
        """The visitor's button.  The session hears of it, the page's ``on_ended`` is called as for every end."""
        self._leave(EndCause.HUNG_UP)

    def page_lost(self) -> None:
        """The visitor's page went away without a goodbye."""
        self._leave(EndCause.CONNECTION_LOST)

    def _attach(self, leg: LegId, codec: Codec) -> None:
        self._leg, self._codec = leg, codec

    def _opened(self, contact: ContactId) -> None:
        self.contact = contact
        if self.state is not LineState.ENDED:
            self._on_opened(contact)

    def _leave(self, cause: EndCause) -> None:
        known = self.state in (LineState.OPENING, LineState.ANSWERED)
        if known:
            # Before the leg is closed: the session may still have a word for the plane about it.
            self._calls.contacts.line_ended(self, cause)
        self._end(cause, "")

    def _end(self, cause: EndCause, message: str) -> None:
        if self.state is LineState.ENDED:
            return
        self._move(LineState.ENDED)
        self._calls.forget(self)
        self._on_ended(cause, message)

    def _move(self, state: LineState) -> None:
        if state not in TRANSITIONS[self.state]:
            raise IllegalLineTransitionError(f"a web call can't go from {self.state.value} to {state.value}")
        self.state = state


def _ignore_contact(contact: ContactId) -> None:
    pass


class WebCalls:
    """All calls of visitors; owns the tasks that open them."""

    def __init__(self, edge: WebRtcEdge, contacts: ContactService, *, codecs: Sequence[Codec] = CODECS) -> None:
        self.contacts = contacts
        self._edge = edge
        self._codecs = tuple(codecs)
        self._lines: set[WebCallLine] = set()
        self._opening: set[asyncio.Task[None]] = set()

    async def start(
        self,
        *,
        customer: Customer,
        queue: QueueName,
        called: str,
        offer_sdp: str,
        on_ended: Callable[[EndCause, str], None],
        on_opened: Callable[[ContactId], None] = _ignore_contact,
    ) -> tuple[str, WebCallLine]:
        """Answer a visitor's offer.  Returns our SDP for the page and the line.

        ``on_opened`` is called when the session took the call, ``on_ended`` exactly once for each line that this
        returns, with the cause and, when the call was refused, a sentence for the visitor.  Raises as
        `WebRtcEdge.answer`.
        """
        line = WebCallLine(self, on_opened=on_opened, on_ended=on_ended)

        def connected() -> None:
            line._move(LineState.OPENING)
            task = asyncio.create_task(self._open(line, customer, queue, called), name=f"open web call {line.leg}")
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

        answer = await self._edge.answer(
            offer_sdp,
            codecs=self._codecs,
            on_connected=connected,
            on_lost=lambda loss: self._lost(line, loss),
            on_digit=lambda digit, duration_ms: self.contacts.digit_received(line, digit, duration_ms),
        )
        line._attach(answer.leg, answer.codec)
        self._lines.add(line)
        return answer.answer_sdp, line

    async def stop(self) -> None:
        """End what the session has not ended by itself, and wait for calls that are just being opened."""
        for line in list(self._lines):
            line.end(EndCause.SHUTDOWN)
        if self._opening:
            await asyncio.wait(self._opening)

    @property
    def calls(self) -> int:
        return len(self._lines)

    async def renegotiate(self, line: WebCallLine, offer_sdp: str) -> WebRtcLeg:
        """For `WebCallLine` alone."""
        answer = await self._edge.renegotiate(line.leg, offer_sdp, video=self.contacts.video_wish(line))
        self.contacts.video_negotiated(line, answer.video)
        return answer

    def forget(self, line: WebCallLine) -> None:
        """For `WebCallLine` alone: it has ended."""
        self._lines.discard(line)
        self._edge.close(line.leg)

    async def _open(self, line: WebCallLine, customer: Customer, queue: QueueName, called: str) -> None:
        try:
            contact = await self.contacts.open_call(
                line, channel=Channel.WEB_CALL, queue=queue, customer=customer, called=called
            )
        except ZentraleError as error:
            line._end(EndCause.REJECTED, str(error))
        except Exception:
            log.exception("a web call for queue %s could not be opened", queue)
            line._end(EndCause.FAILED, "")
        else:
            line._opened(contact)

    def _lost(self, line: WebCallLine, loss: Loss) -> None:
        if line.state is LineState.CONNECTING:
            line._end(EndCause.REJECTED, _never_connected(loss))
        else:
            line._leave(EndCause.HUNG_UP if loss is Loss.GOODBYE else EndCause.CONNECTION_LOST)


def _never_connected(loss: Loss) -> str:
    if loss is Loss.NEVER_CONNECTED:
        return "no connection for sound could be made; a firewall may block it"
    return "the connection for sound could not be secured"
