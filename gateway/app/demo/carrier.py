"""A carrier's telephone calls: signalling by `gateway.sip.caller`, sound by a media plane of the players' own.

Each call is a real one: INVITE, RTP both ways, BYE.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from gateway.media import MediaPlane
from gateway.model.media import MediaEvent, RtpPeer, SoundFinished
from gateway.sip.caller import Caller, PlacedCall

RTP_PORTS = (24_000, 25_999)
"""Beside those that Zentrale uses by default; taken ones are passed over."""
PAUSE_S = 6.0
"""Between two times that the caller says its piece."""


class PhoneCall:
    """One call.  ``answered`` and ``ended`` are set when it is so."""

    def __init__(self, plane: MediaPlane, sound: str) -> None:
        self.answered = asyncio.Event()
        self.ended = asyncio.Event()
        self.code = 0
        """SIP status it ended with: 200 after an ordinary end."""
        self._plane = plane
        self._sound = sound
        self._placed: PlacedCall | None = None
        self._pause: asyncio.TimerHandle | None = None
        self._leg, address, port = plane.open_rtp_leg(self._heard)
        self._media = (address, port)

    def place(self, caller: Caller, *, to: tuple[str, int], number: str, identity: str, name: str) -> None:
        self._placed = caller.place_call(
            number=number,
            to=to,
            caller=identity,
            name=name,
            media=self._media,
            answered=self._connect,
            ended=self._end,
        )

    def hang_up(self) -> None:
        """BYE, or CANCEL; ``ended`` is set when that is done."""
        if self._placed is not None:
            self._placed.hang_up()

    def _connect(self, peer: RtpPeer) -> None:
        self._plane.set_rtp_peer(self._leg, peer)
        self._plane.play(self._leg, self._sound)
        self.answered.set()

    def _heard(self, event: MediaEvent) -> None:
        if isinstance(event, SoundFinished) and not self.ended.is_set():
            loop = asyncio.get_running_loop()
            self._pause = loop.call_later(PAUSE_S, self._plane.play, self._leg, self._sound)

    def _end(self, code: int, reason: str) -> None:
        self.code = code
        if self._pause is not None:
            self._pause.cancel()
        self._plane.close_leg(self._leg)
        self.ended.set()


class Carrier:
    """Use as ``async with``: it has a media plane and a process of its own."""

    def __init__(self, *, to: tuple[str, int], address: str, voices: Sequence[Path]) -> None:
        """``to``: Zentrale's SIP address; ``address``: the carrier's own, for SIP and RTP."""
        self._to = to
        self._caller = Caller(address=address)
        self._plane = MediaPlane(addresses=[address], rtp_ports=RTP_PORTS)
        self.voices = [path.stem for path in voices]
        for path in voices:
            self._plane.add_sound(path.stem, path)

    async def __aenter__(self) -> Carrier:
        self._plane.start(asyncio.get_running_loop())
        try:
            await self._caller.start()
        except BaseException:
            await self._plane.close()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        try:
            await self._caller.stop()
        finally:
            await self._plane.close()

    def packets(self) -> tuple[int, int]:
        """Datagrams of all calls so far, in and out."""
        threads = self._plane.statistics()
        return sum(thread.packets_in for thread in threads), sum(thread.packets_out for thread in threads)

    def call(self, number: str, *, identity: str, name: str, voice: str) -> PhoneCall:
        """Dial ``number`` as ``identity`` ("+4930123456").  Raises `CapacityError` when no port is left."""
        call = PhoneCall(self._plane, voice)
        call.place(self._caller, to=self._to, number=number, identity=identity, name=name)
        return call
