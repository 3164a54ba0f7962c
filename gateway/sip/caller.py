"""Plays a carrier: places calls to a SIP address, for ``zentrale demo`` and for trying things out.

PJSIP can run once in a process, and Zentrale's edge is that once; so the caller runs in a process of its own
(`gateway.sip.callerprocess`) and is steered by lines of JSON over its standard input and output.  Only signalling is
there: the RTP of the calls belongs to whoever uses this, which gives its address and port and is told the other one's.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import secrets
import sys
from collections.abc import Callable

import msgspec

from gateway.model.errors import InternalError
from gateway.model.ids import Codec
from gateway.model.media import RtpPeer
from gateway.protocol import sdp

log = logging.getLogger(__name__)

START_S = 10.0
STOP_S = 5.0
LINE_BYTES_MAX = 65_536


class PlaceCall(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    call: int
    uri: str
    caller: str
    """The From header's value without parameters."""
    offer: str


class HangUp(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    call: int


class Ready(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    pass


class Answered(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    call: int
    answer: str


class Ended(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    call: int
    code: int
    reason: str


Command = PlaceCall | HangUp
Report = Ready | Answered | Ended


class PlacedCall:
    """One call on its way or under way."""

    def __init__(
        self,
        number: int,
        codec: Codec,
        send: Callable[[Command], None],
        answered: Callable[[RtpPeer], None],
        ended: Callable[[int, str], None],
    ) -> None:
        self._number = number
        self._codec = codec
        self._send = send
        self._answered = answered
        self._ended = ended
        self.over = False

    def hang_up(self) -> None:
        """BYE, or CANCEL while it has not been answered.  Harmless twice.

        ``ended`` is called when the message is on its way; the other side hears of it a moment later.
        """
        if not self.over:
            self._send(HangUp(call=self._number))

    def report(self, report: Answered | Ended) -> None:
        """Take what the process says of this call."""
        if self.over:
            return
        if isinstance(report, Ended):
            self.over = True
            self._ended(report.code, report.reason)
            return
        try:
            peer = sdp.accept_answer(sdp.parse(report.answer), codecs=[self._codec])
        except sdp.SdpError as error:
            log.info("the call was answered with nothing usable: %s", error)
            self.hang_up()
            return
        self._answered(peer)


class Caller:
    """A carrier in a process of its own.  All callbacks come on the event loop."""

    def __init__(self, *, address: str = "127.0.0.1") -> None:
        self._address = address
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._numbers = itertools.count(1)
        self._calls: dict[int, PlacedCall] = {}

    async def start(self) -> None:
        """Start the process.  Raises `InternalError` when it does not come up."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gateway.sip.callerprocess", self._address),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE_BYTES_MAX,
        )
        self._reading = asyncio.create_task(self._read(), name="sip caller")
        ready = asyncio.create_task(self._ready.wait())
        await asyncio.wait({ready, self._reading}, timeout=START_S, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if not self._ready.is_set():
            await self.stop()
            raise InternalError("the caller's process did not come up; its words are above")

    async def stop(self) -> None:
        """End all calls and the process."""
        if self._process is None or self._reading is None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()  # its sign to hang up everything and go
        try:
            async with asyncio.timeout(STOP_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        self._process = None
        self._all_ended()

    def place_call(
        self,
        *,
        number: str,
        to: tuple[str, int],
        caller: str,
        name: str,
        media: tuple[str, int],
        answered: Callable[[RtpPeer], None],
        ended: Callable[[int, str], None],
        codec: Codec = Codec.PCMA,
    ) -> PlacedCall:
        """Call ``sip:number@host:port`` over UDP as ``caller`` ("+4930123456") with a display ``name``.

        ``media``: where our RTP is received.  ``answered`` is told the other side's RTP; ``ended`` is called exactly
        once, with a SIP status (200: an ordinary end) and its reason.
        """
        assert self._process is not None, "start() comes first"
        identity = next(self._numbers)
        call = PlacedCall(identity, codec, self._send, answered, ended)
        self._calls[identity] = call
        host = f"[{to[0]}]" if ":" in to[0] else to[0]
        quoted = name.replace("\\", "").replace('"', "")
        offer = sdp.offer_audio(
            address=media[0], port=media[1], codecs=[codec], session_id=secrets.randbits(62), version=1
        )
        self._send(
            PlaceCall(
                call=identity,
                uri=f"sip:{number}@{host}:{to[1]}",
                caller=f'"{quoted}" <sip:{caller}@{self._address}>',
                offer=offer,
            )
        )
        return call

    def _send(self, command: Command) -> None:
        if self._process is not None and self._process.stdin is not None and not self._process.stdin.is_closing():
            self._process.stdin.write(msgspec.json.encode(command) + b"\n")

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        decoder = msgspec.json.Decoder(Report)
        while line := await self._process.stdout.readline():
            report = decoder.decode(line)
            if isinstance(report, Ready):
                self._ready.set()
                continue
            call = self._calls.get(report.call)
            if call is None:
                continue
            if isinstance(report, Ended):
                del self._calls[report.call]
            with contextlib.suppress(Exception) if call.over else contextlib.nullcontext():
                call.report(report)
        self._all_ended()

    def _all_ended(self) -> None:
        calls, self._calls = list(self._calls.values()), {}
        for call in calls:
            call.report(Ended(call=0, code=503, reason="the caller's process is gone"))
