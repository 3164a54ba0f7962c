"""The browser edge's heart: answers offers with legs of the media plane and brings them through DTLS.

One task per leg waits for the handshake, hands the keys to the plane, and then for the leg's end; the edge owns these
tasks and `stop` ends them all.  Sound never comes by here.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import logging
from collections.abc import Callable, Sequence

import msgspec

from gateway.model.errors import CapacityError, NotFoundError
from gateway.model.ids import Codec, LegId
from gateway.model.media import (
    ConsentLost,
    DigitReceived,
    DtlsReceived,
    IceConnected,
    LegClosed,
    MediaEvent,
    MediaPlane,
    VideoPeer,
)
from gateway.session.video import NO_VIDEO, VideoWish
from gateway.webrtc.dtls import DtlsError, DtlsServer, FingerprintError
from gateway.webrtc.dtls_choice import new_dtls_server
from gateway.webrtc.leg import Leg, LegState, Loss
from gateway.webrtc.negotiation import Credentials, Negotiation

log = logging.getLogger(__name__)

RESTARTS_FOLLOWED = 4
"""A browser that fell silent is lost after so many times `WebRtcLimits.restart_ms`, however often it restarts ICE: a
page whose packets never arrive must not keep a leg and the other side waiting for good."""

_CONNECTING = frozenset({LegState.ANSWERED, LegState.HANDSHAKING})


class WebRtcLimits(msgspec.Struct, frozen=True, kw_only=True):
    legs_max: int = 1000
    """Visitors and agents together."""
    connecting_max: int = 100
    """Answered and not yet through DTLS.  Holds for visitors: strangers must not keep agents from their calls."""
    connect_ms: int = 10_000
    """From our answer to the end of the handshake, ICE included."""
    restart_ms: int = 10_000
    """How long a connected browser that fell silent may take to come back; anew from each ICE restart, up to
    `RESTARTS_FOLLOWED` times as long."""


class WebRtcLeg(msgspec.Struct, frozen=True, kw_only=True):
    leg: LegId
    answer_sdp: str
    codec: Codec
    video: VideoPeer | None = None
    """Pictures as answered."""


def _ignore_digit(digit: str, duration_ms: int) -> None:
    pass


class WebRtcEdge:
    """All calls on the event loop, between `start` and `stop`."""

    def __init__(self, media: MediaPlane, *, limits: WebRtcLimits | None = None) -> None:
        self._media = media
        self._limits = limits or WebRtcLimits()
        self._dtls: DtlsServer | None = None
        self._legs: dict[LegId, Leg] = {}
        self._tasks: dict[LegId, asyncio.Task[None]] = {}
        self._running = False

    async def start(self) -> None:
        self._dtls = new_dtls_server()
        log.info("browsers get %s, by %s", self._dtls.versions, self._dtls.library)
        self._running = True

    async def stop(self) -> None:
        """Close all legs, with a goodbye to each browser, and wait until nothing runs any more."""
        self._running = False
        for leg in list(self._legs):
            self.close(leg)
        if self._tasks:
            await asyncio.wait(self._tasks.values())

    @property
    def legs(self) -> int:
        return len(self._legs)

    def dtls_version(self, leg: LegId) -> int | None:
        """As on the wire (0xFEFC is DTLS 1.3).  None until the leg is connected, and after its end."""
        found = self._legs.get(leg)
        connected = found is not None and found.state in (LegState.CONNECTED, LegState.INTERRUPTED)
        return found.session.version if found is not None and connected else None

    async def answer(
        self,
        offer_sdp: str,
        *,
        codecs: Sequence[Codec],
        near: LegId | None = None,
        stranger: bool = True,
        on_connected: Callable[[], None],
        on_lost: Callable[[Loss], None],
        on_digit: Callable[[str, int], None] = _ignore_digit,
    ) -> WebRtcLeg:
        """Open a leg for a browser's offer.  The first of ``codecs`` that the browser has is the only one answered.

        ``on_connected`` is called when sound can flow; ``on_lost`` at most once, when the leg ends by itself, before
        the edge closes it; neither after `close`.  ``stranger`` is False for those who have signed in.  Raises
        `PeerError` for a bad offer (`NoCommonCodecError` without a common codec) and `CapacityError`.
        """
        self._check_capacity(stranger)
        dtls = self._current_dtls()
        credentials = Credentials.new()
        leg_id, candidates = self._media.open_webrtc_leg(
            self._media_event, ufrag=credentials.ufrag, pwd=credentials.pwd, near=near
        )
        negotiation = Negotiation(
            credentials, candidates=candidates, fingerprint=dtls.identity.fingerprint, codecs=codecs
        )
        try:
            answer = negotiation.answer(offer_sdp)
        except BaseException:
            self._media.close_leg(leg_id)
            raise
        self._media.set_webrtc_peer(leg_id, answer.peer)
        session = dtls.session(
            send=lambda datagram: self._media.send_dtls(leg_id, datagram), remote=answer.fingerprints
        )
        leg = Leg(leg_id, session, negotiation, on_connected=on_connected, on_lost=on_lost, on_digit=on_digit)
        self._legs[leg_id] = leg
        task = asyncio.create_task(self._live(leg), name=f"webrtc leg {leg_id}")
        self._tasks[leg_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(leg_id))
        return WebRtcLeg(leg=leg_id, answer_sdp=answer.sdp, codec=answer.peer.codec)

    async def renegotiate(self, leg: LegId, offer_sdp: str, *, video: VideoWish = NO_VIDEO) -> WebRtcLeg:
        """Answer a further offer of the leg's browser: another direction or codec, pictures, or an ICE restart.

        Sound, keys and the DTLS association go on.  Raises `NotFoundError` when the leg has ended and `PeerError` for
        an offer that can't be met (another certificate, the audio taken away); then everything stays as it was.
        """
        found = self._legs.get(leg)
        if found is None or found.over:
            raise NotFoundError("this connection has ended; begin a new one")
        negotiation = found.negotiation
        before = negotiation.credentials
        had_video = negotiation.last is not None and negotiation.last.video is not None
        answer = negotiation.answer(offer_sdp, video)
        if negotiation.credentials != before:
            log.debug("webrtc leg %s restarts ICE", leg)
            self._media.restart_ice(leg, ufrag=negotiation.credentials.ufrag, pwd=negotiation.credentials.pwd)
            if found.state is LegState.INTERRUPTED:
                self._wait(found)
        self._media.set_webrtc_peer(leg, answer.peer)
        if had_video or answer.video is not None:
            self._media.set_video(leg, answer.video)
        return WebRtcLeg(leg=leg, answer_sdp=answer.sdp, codec=answer.peer.codec, video=answer.video)

    def close(self, leg: LegId) -> None:
        """Say goodbye and free the leg; it is gone some turns of the loop later.  Harmless for one that has ended."""
        found = self._legs.get(leg)
        if found is not None:
            self._cancel(found, None)

    def _check_capacity(self, stranger: bool) -> None:
        if not self._running:
            raise CapacityError("the browser edge is not running", limit="shutdown")
        if len(self._legs) >= self._limits.legs_max:
            raise CapacityError(
                f"all {self._limits.legs_max} browser legs are taken; try again later", limit="webrtc.legs_max"
            )
        connecting = sum(leg.state in _CONNECTING for leg in self._legs.values())
        if stranger and connecting >= self._limits.connecting_max:
            raise CapacityError(
                f"{connecting} browsers are connecting just now; try again in some seconds",
                limit="webrtc.connecting_max",
                retry_after_s=2,
            )

    def _current_dtls(self) -> DtlsServer:
        assert self._dtls is not None, "the edge has been started"
        if self._dtls.identity.expires_soon(datetime.datetime.now(datetime.UTC)):
            self._dtls = new_dtls_server()
        return self._dtls

    def _media_event(self, event: MediaEvent) -> None:
        leg = self._legs.get(event.leg)
        if leg is None:
            return
        match event:
            case DtlsReceived():
                leg.spoken.set()
                leg.session.receive(event.datagram)
            case DigitReceived(blocked=False):
                leg.on_digit(event.digit, event.duration_ms)
            case ConsentLost():
                self._interrupt(leg)
            case IceConnected():
                if leg.state is LegState.INTERRUPTED:
                    log.info("webrtc leg %s is back, from %s port %d", leg.id, event.address, event.port)
                    leg.move(LegState.CONNECTED)
            case LegClosed():
                self._cancel(leg, Loss.FAILED)

    def _interrupt(self, leg: Leg) -> None:
        """The browser fell silent.  It may be on its way from one network to another."""
        if leg.over or leg.state is LegState.INTERRUPTED:
            return
        if leg.state is not LegState.CONNECTED or self._limits.restart_ms == 0:
            self._cancel(leg, Loss.CONSENT_LOST)
            return
        leg.move(LegState.INTERRUPTED)
        leg.patience_until = asyncio.get_running_loop().time() + RESTARTS_FOLLOWED * self._limits.restart_ms / 1000
        log.info("webrtc leg %s fell silent; it has %d ms to come back", leg.id, self._limits.restart_ms)
        self._wait(leg)

    def _wait(self, leg: Leg) -> None:
        if leg.patience is not None:
            leg.patience.cancel()
        loop = asyncio.get_running_loop()
        until = min(loop.time() + self._limits.restart_ms / 1000, leg.patience_until)
        leg.patience = loop.call_at(until, self._cancel, leg, Loss.CONSENT_LOST)

    def _cancel(self, leg: Leg, loss: Loss | None) -> None:
        leg.loss = loss
        leg.over = True
        if leg.running:
            self._tasks[leg.id].cancel()

    async def _live(self, leg: Leg) -> None:
        """The leg's task.  Whoever wants the leg closed cancels it; the one way out is `_end`."""
        leg.running = True
        try:
            if not leg.over:
                await self._connect(leg)
                await leg.session.wait_closed()
                leg.loss = Loss.GOODBYE
        except asyncio.CancelledError:
            pass
        except TimeoutError:
            leg.loss = Loss.NEVER_CONNECTED
        except FingerprintError as error:
            log.warning("webrtc leg %s: %s", leg.id, error)
            leg.loss = Loss.WRONG_CERTIFICATE
        except DtlsError as error:
            log.info("webrtc leg %s: %s", leg.id, error)
            leg.loss = Loss.HANDSHAKE_FAILED
        except Exception:
            log.exception("webrtc leg %s failed", leg.id)
            leg.loss = Loss.FAILED
        await self._end(leg)

    async def _connect(self, leg: Leg) -> None:
        async with asyncio.timeout(self._limits.connect_ms / 1000):
            await leg.spoken.wait()
            leg.move(LegState.HANDSHAKING)
            keys = await leg.session.handshake()
        if leg.over:  # its cancellation was lost: Python 3.11's wait_for may do that
            raise asyncio.CancelledError
        self._media.set_srtp_keys(leg.id, keys)
        leg.move(LegState.CONNECTED)
        log.debug("webrtc leg %s is connected with %s, DTLS version %04X", leg.id, keys.profile, leg.session.version)
        leg.on_connected()

    async def _end(self, leg: Leg) -> None:
        """Tell the owner, then browser and plane.  Once the leg is not in the table nobody cancels its task."""
        del self._legs[leg.id]
        leg.move(LegState.CLOSED)
        if leg.loss is not None:
            # The owner first: what it still asks of the plane (end of a capture, music) must precede the closing.
            try:
                leg.on_lost(leg.loss)
            except Exception:
                log.exception("webrtc leg %s: telling of its loss failed", leg.id)
        with contextlib.suppress(Exception):
            await leg.session.close()
        self._media.close_leg(leg.id)
