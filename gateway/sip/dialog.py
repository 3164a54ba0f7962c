"""pjsua2's two classes with callbacks, tamed: each callback is wrapped, turned into plain Python, and handed on.

An exception in a callback would be printed and lost, so every one ends in the log.  A call object must not die inside a
callback, and must not die before its call has (that would send BYE): `SipEdge` keeps them and lets them go.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from gateway.protocol.sdp import SdpError
from gateway.sip.line import SignallingError, SipLine
from gateway.sip.stack import IS_STOP_GAP, Stack, pj

log = logging.getLogger(__name__)

BYE_S = 0.002
"""A call's end frees an agent, and a BYE takes as long as all else until their page rings again: it goes out after."""

S = TypeVar("S")
P = ParamSpec("P")


def guarded(callback: Callable[Concatenate[S, P], None]) -> Callable[Concatenate[S, P], None]:
    """Log what a callback raises; PJSIP could do nothing with it."""

    @functools.wraps(callback)
    def wrapped(self: S, /, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            callback(self, *args, **kwargs)
        except Exception:
            log.exception("error in %s", callback.__qualname__)

    return wrapped


class Receiver(Protocol):
    """Who is told what PJSIP receives."""

    def invited(self, dialog: Dialog, message: str, source: str) -> None:
        """An INVITE for a new call came from ``source`` ("192.0.2.1:5060"); ``message`` is all of it."""
        ...

    def released(self, dialog: Dialog) -> None:
        """The dialog is over; let go of it, but not before this callback has returned."""
        ...

    def digit_pressed(self, dialog: Dialog, digit: str, duration_ms: int) -> None:
        """A digit came by INFO."""
        ...


class Account(pj.Account):  # type: ignore[misc]
    def __init__(self, receiver: Receiver, stack: Stack) -> None:
        super().__init__()
        self._receiver = receiver
        self._stack = stack

    @guarded
    def onIncomingCall(self, prm: Any) -> None:  # noqa: N802
        dialog = Dialog(self, prm.callId, self._receiver, self._stack)
        self._receiver.invited(dialog, prm.rdata.wholeMsg, prm.rdata.srcAddress)


class Dialog(pj.Call):  # type: ignore[misc]
    """The dialog of one call; implements `gateway.sip.line.Signalling`."""

    def __init__(self, account: Account, call_id: int, receiver: Receiver, stack: Stack) -> None:
        super().__init__(account, call_id)
        self._call_id = call_id
        self._receiver = receiver
        self._stack = stack
        self._offered = False
        """Our offer is out, its answer has not come."""
        self._released = False
        self.over = False
        self.line: SipLine | None = None
        self.description: str | None = None
        """What goes out at the next occasion instead of PJSIP's own description."""

    # Asked by the line

    def accept(self, description: str | None) -> None:
        if description is not None:
            self.description = description
        self._command(self.answer, 200, "OK", {})

    def send_digit(self, digit: str, duration_ms: int) -> None:
        if self.over:
            raise SignallingError("the dialog is over")
        prm = pj.CallSendRequestParam()
        prm.method = "INFO"
        prm.txOption.contentType = "application/dtmf-relay"
        prm.txOption.msgBody = f"Signal={digit}\r\nDuration={duration_ms}\r\n"
        try:
            self.sendRequest(prm)
        except pj.Error as error:
            raise SignallingError(error.info()) from error
        finally:
            self._stack.touch()

    def hang_up(self, code: int, reason: str, headers: dict[str, str]) -> None:
        if self.over:
            raise SignallingError("the dialog is over")
        asyncio.get_running_loop().call_later(BYE_S, self._hang_up, code, reason, headers)

    def _hang_up(self, code: int, reason: str, headers: dict[str, str]) -> None:
        if self.over:
            return  # the other side was faster
        try:
            self._command(self.hangup, code, reason, headers)
        except SignallingError as error:
            log.debug("a call could not be hung up: %s", error)

    def is_alive(self) -> bool:
        """Tell whether the call still exists.

        PJSIP reports an INVITE before it has checked everything; when it then refuses it by itself (say, 422 for a
        session timer), it may do so without another callback.
        """
        return not self.over and bool(self.isActive())

    def vanish(self) -> None:
        """The call is gone without a callback: do what the callback would have done."""
        if not self.over:
            self._end(500)

    def _end(self, code: int) -> None:
        self.over = True
        try:
            if self.line is not None:
                self.line.remote_ended(code)
        finally:
            self._receiver.released(self)

    def release(self) -> None:
        """Free pjsua2's half, once the dialog is over and outside of callbacks.

        Left to the garbage collector it might die late, when its number belongs to another call: its destructor would
        hang that one up.
        """
        if not self._released:
            self._released = self.over = True
            self.line = None
            pj.Call.__swig_destroy__(self)

    def _command(self, command: Callable[[Any], None], code: int, reason: str, headers: dict[str, str]) -> None:
        if self.over:
            raise SignallingError("the dialog is over")
        prm = pj.CallOpParam()
        prm.statusCode = code
        prm.reason = reason
        if headers:
            vector = pj.SipHeaderVector()
            for name, value in headers.items():
                header = pj.SipHeader()
                header.hName, header.hValue = name, value
                vector.append(header)
            prm.txOption.headers = vector
        try:
            command(prm)
        except pj.Error as error:
            raise SignallingError(error.info()) from error
        finally:
            self._stack.touch()

    # Called by PJSIP

    @guarded
    def onCallState(self, prm: Any) -> None:  # noqa: N802
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            if self.line is not None:
                self.line.remote_acknowledged()
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED and not self.over:
            self._end(info.lastStatusCode)

    @guarded
    def onCallSdpCreated(self, prm: Any) -> None:  # noqa: N802
        """PJSIP is about to send a description: the first answer, one for a re-INVITE, or an offer."""
        if prm.remSdp.wholeSdp:
            self._offered = False
        else:
            self._offered = True
            if self.description is None and self.line is not None:
                self.description = self.line.own_offer()
        if self.description is not None:
            prm.sdp.wholeSdp = self.description
            self.description = None

    @guarded
    def onCallRxOffer(self, prm: Any) -> None:  # noqa: N802
        """A re-INVITE or UPDATE with an offer: what we answer goes out by `onCallSdpCreated`, right after."""
        prm.statusCode = 488
        if self.line is None:
            return
        try:
            self.description = self.line.remote_offer(prm.offer.wholeSdp)
        except SdpError as error:
            log.info("call %s: offer refused with 488: %s", self.line.label, error)
            return
        prm.statusCode = 200

    @guarded
    def onCallMediaState(self, prm: Any) -> None:  # noqa: N802
        """Both sides have spoken; if the answer was the other side's, this is where it is to be had."""
        if not self._offered or self.line is None or IS_STOP_GAP:
            return
        self._offered = False
        answer = pj.zentraleActiveSdp(self._call_id, True)
        if answer:
            self.line.remote_answer(answer)

    @guarded
    def onDtmfDigit(self, prm: Any) -> None:  # noqa: N802
        self._receiver.digit_pressed(self, prm.digit, prm.duration)

    @guarded
    def onCallTransferRequest(self, prm: Any) -> None:  # noqa: N802
        prm.statusCode = 603

    @guarded
    def onCallReplaceRequest(self, prm: Any) -> None:  # noqa: N802
        prm.statusCode = 603
