"""The SIP edge: takes INVITEs from trunks, asks the session, and holds the calls until they end.

Who may call is decided below PJSIP (the doorkeeper); which number leads where, and whether there is room, by the
session; how the media flows by `Negotiation`.  This module joins them and answers when one of them says no.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Sequence
from typing import Protocol

import msgspec

from gateway.config.schema import LimitsConfig, SipConfig, TrunkConfig
from gateway.model.clock import SECOND, Clock
from gateway.model.errors import CapacityError, NotAllowedError, NotFoundError, PeerError, UnreachableError
from gateway.model.events import Customer, EndCause
from gateway.model.ids import Channel, ContactId, QueueName
from gateway.model.media import DigitDue, DigitReceived, MediaEvent, MediaPlane
from gateway.model.ports import VoiceLine
from gateway.protocol.sdp import NoCommonCodecError, audio_host
from gateway.sip.dialog import Account, Dialog
from gateway.sip.headers import read_request
from gateway.sip.identity import called_number, caller
from gateway.sip.line import SignallingError, SipLine
from gateway.sip.negotiation import Negotiation
from gateway.sip.stack import IS_STOP_GAP, Stack, Timers, calls_max
from gateway.sip.trunks import Trunks

log = logging.getLogger(__name__)

GOODBYE_S = 2.0
"""How long `SipEdge.stop` waits for the other sides to confirm."""
WATCH_S = 1.0
DTMF_DIGITS = "0123456789*#ABCD"
STRANGERS_LINE_NS = 10 * SECOND
"""At most one log line about strangers in this time."""


class Contacts(Protocol):
    """What the edge needs of `gateway.session.contacts.ContactService`."""

    def queue_for_number(self, number: str) -> QueueName: ...

    async def open_call(
        self, line: VoiceLine, *, channel: Channel, queue: QueueName, customer: Customer, called: str
    ) -> ContactId: ...

    def line_ended(self, line: VoiceLine, cause: EndCause) -> None: ...

    def digit_received(self, line: VoiceLine, digit: str, duration_ms: int) -> None: ...


class Counters(msgspec.Struct, frozen=True, kw_only=True):
    """Since the start."""

    invited: int
    """INVITEs for new calls from trunks."""
    refused: int
    """Of those, the ones that got a final response other than 200 from us."""
    strangers: int
    """Messages and TCP connections from outside all trunks."""
    malformed: int
    """Packets that were no SIP."""


class Refusal(msgspec.Struct, frozen=True):
    code: int
    reason: str
    headers: dict[str, str] = {}


def refusal_of(error: Exception) -> Refusal:
    """Map the kinds of error to responses, see `gateway.model.errors`."""
    match error:
        case CapacityError():
            return Refusal(503, "Service Unavailable", {"Retry-After": str(error.retry_after_s)})
        case NoCommonCodecError() | UnreachableError():
            return Refusal(488, "Not Acceptable Here")
        case PeerError():
            return Refusal(400, "Bad Request")
        case NotFoundError():
            return Refusal(404, "Not Found")
        case NotAllowedError():
            return Refusal(403, "Forbidden")
        case _:
            return Refusal(500, "Server Internal Error")


class _Admitted(msgspec.Struct, frozen=True, kw_only=True):
    """A call that may be served, on its way to the session."""

    line: SipLine
    queue: QueueName
    customer: Customer
    called: str


class SipEdge:
    def __init__(  # noqa: PLR0917 - the parts of the program, each once, in the order of the layers
        self,
        config: SipConfig,
        trunks: Sequence[TrunkConfig],
        contacts: Contacts,
        media: MediaPlane,
        limits: LimitsConfig,
        clock: Clock,
        *,
        timers: Timers | None = None,
    ) -> None:
        self._stack = Stack(config, trunks, timers)
        self._trunks = Trunks(trunks)
        self._contacts = contacts
        self._media = media
        self._calls_max = min(limits.calls_max, calls_max())
        self._clock = clock
        self._dialogs: set[Dialog] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._empty = asyncio.Event()
        self._stopping = False
        self._invited = 0
        self._refused = 0
        self._strangers_told = 0
        self._strangers_told_ns = 0
        self._watch: asyncio.TimerHandle | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Where UDP and TCP listen: the configured address and the actual port."""
        return self._stack.address

    @property
    def calls(self) -> int:
        """Calls that are not over, those being refused included."""
        return len(self._dialogs)

    @property
    def counters(self) -> Counters:
        door = self._stack.door_counts()
        return Counters(
            invited=self._invited,
            refused=self._refused,
            strangers=0 if door is None else door.strangers + door.strangerConnections,
            malformed=0 if door is None else door.malformed,
        )

    async def start(self) -> None:
        """Open the sockets and take calls.  Raises `InternalError` when a port is taken."""
        self._stopping = False
        self._stack.start(Account(self, self._stack))
        self._watch = asyncio.get_running_loop().call_later(WATCH_S, self._look_at_door)
        log.info("SIP listens on %s:%d, UDP and TCP", *self.address)

    async def stop(self) -> None:
        """End all calls, wait a little for the other sides to confirm, and close the sockets."""
        self._stopping = True
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        for dialog in list(self._dialogs):
            if dialog.line is not None:
                dialog.line.end(EndCause.SHUTDOWN)
                self._line_ended(dialog.line, EndCause.SHUTDOWN)
        if self._dialogs:
            self._empty.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), GOODBYE_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        # Who has not confirmed by now: their legs are closed, their dialogs go down with PJSIP.
        for dialog in list(self._dialogs):
            dialog.release()
        self._stack.stop()
        self._dialogs.clear()

    # `Receiver`: called by PJSIP, so nothing here calls back into it, but for later

    def invited(self, dialog: Dialog, message: str, source: str) -> None:
        self._invited += 1
        room = len(self._dialogs) < self._calls_max
        self._dialogs.add(dialog)
        loop = asyncio.get_running_loop()
        try:
            if not self._stack.admits(source):
                raise NotAllowedError(f"{source} is in no trunk's networks")
            if self._stopping:
                raise CapacityError("Zentrale is shutting down", limit="shutdown")
            if not room:
                raise CapacityError(f"all {self._calls_max} lines are taken", limit="limits.calls_max")
            admitted = self._admit(dialog, message, source)
        except Exception as error:
            refusal = refusal_of(error)
            if refusal.code == 500:
                log.exception("INVITE from %s failed", source)
            else:
                log.info("INVITE from %s refused with %d: %s", source, refusal.code, error)
            loop.call_soon(self._refuse, dialog, refusal)
            return
        loop.call_soon(self._begin, dialog, admitted)

    def released(self, dialog: Dialog) -> None:
        asyncio.get_running_loop().call_soon(self._forget, dialog)

    def digit_pressed(self, dialog: Dialog, digit: str, duration_ms: int) -> None:
        if dialog.line is not None and digit in DTMF_DIGITS:
            dialog.line.remote_digit(digit, duration_ms)

    # The way of a call

    def _admit(self, dialog: Dialog, message: str, source: str) -> _Admitted:
        """Do all that can be done at once: number, caller, media leg, answer.  Raises what `refusal_of` maps."""
        request = read_request(message)
        called = called_number(request.uri)
        queue = self._contacts.queue_for_number(called)
        customer = caller(request)
        has_offer = bool(request.body.strip())
        if IS_STOP_GAP and not has_offer:
            raise NoCommonCodecError("the stop-gap binding can't take an INVITE without a description")
        listener = _LegListener(self._contacts)
        towards = audio_host(request.body) if has_offer else source.rpartition(":")[0].strip("[]")
        leg, address, port = self._media.open_rtp_leg(listener, towards=towards or None)
        try:
            terms = self._trunks.terms(source)
            negotiation = Negotiation(address, port, session_id=secrets.randbits(62), terms=terms)
            if has_offer:
                dialog.description = negotiation.answer(request.body)
        except Exception:
            self._media.close_leg(leg)
            raise
        call_id = request.first("call-id") or "-"
        line = SipLine(
            label="".join(c for c in call_id[:60] if c.isprintable()),
            signalling=dialog,
            plane=self._media,
            leg=leg,
            negotiation=negotiation,
            ended=self._line_ended,
        )
        dialog.line = listener.line = line
        return _Admitted(line=line, queue=queue, customer=customer, called=called)

    def _line_ended(self, line: SipLine, cause: EndCause) -> None:
        if line.in_session:
            self._contacts.line_ended(line, cause)

    def _begin(self, dialog: Dialog, admitted: _Admitted) -> None:
        """Hand an admitted call to the session, now that PJSIP's callback has returned."""
        if not dialog.is_alive():
            dialog.vanish()
            return
        admitted.line.in_session = True
        task = asyncio.get_running_loop().create_task(self._serve(admitted), name=admitted.line.label)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, call: _Admitted) -> None:
        line = call.line
        try:
            await self._contacts.open_call(
                line, channel=Channel.PHONE, queue=call.queue, customer=call.customer, called=call.called
            )
        except Exception as error:
            refusal = refusal_of(error)
            if refusal.code == 500:
                log.exception("call %s failed", line.label)
            else:
                log.info("call %s refused with %d: %s", line.label, refusal.code, error)
            self._refused += 1
            line.refuse(refusal.code, refusal.reason, refusal.headers)

    def _refuse(self, dialog: Dialog, refusal: Refusal) -> None:
        self._refused += 1
        if not dialog.is_alive():
            dialog.vanish()
            return
        with contextlib.suppress(SignallingError):
            dialog.hang_up(refusal.code, refusal.reason, refusal.headers)

    def _forget(self, dialog: Dialog) -> None:
        self._dialogs.discard(dialog)
        dialog.release()
        if not self._dialogs:
            self._empty.set()

    def _look_at_door(self) -> None:
        """Say at most every ten seconds that strangers knock, however often they do."""
        self._watch = asyncio.get_running_loop().call_later(WATCH_S, self._look_at_door)
        door = self._stack.door_counts()
        if door is None:
            return
        total = door.strangers + door.strangerConnections
        now_ns = self._clock.now_ns()
        if total == self._strangers_told or now_ns < self._strangers_told_ns + STRANGERS_LINE_NS:
            return
        log.warning(
            "%d SIP messages from outside all trunks were turned away, the last from %s; "
            "if that is a trunk of yours, add its network under [[trunks]]",
            total - self._strangers_told,
            "".join(c if c.isprintable() else "?" for c in door.lastStranger),
        )
        self._strangers_told, self._strangers_told_ns = total, now_ns


class _LegListener:
    """Digits of the leg go to the session, and those for it to its signalling; the rest the session hears itself."""

    def __init__(self, contacts: Contacts) -> None:
        self._contacts = contacts
        self.line: SipLine | None = None

    def __call__(self, event: MediaEvent) -> None:
        if self.line is None:
            return
        if isinstance(event, DigitReceived) and not event.blocked:
            self._contacts.digit_received(self.line, event.digit, event.duration_ms)
        elif isinstance(event, DigitDue):
            self.line.send_digit(event.digit, event.duration_ms)
