"""A media plane in memory for tests of what stands above it: notes every command, raises events when told to.

As with the real one an event never comes from within a command.  It is queued; a running event loop delivers it in its
next turn, and a test without a loop calls `FakeMediaPlane.deliver`.
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.model.errors import CapacityError, NotFoundError, RequestError, UnreachableError
from gateway.model.ids import ConferenceId, LegId
from gateway.model.media import (
    AnnouncementFinished,
    Background,
    CaptureFailed,
    CaptureFinished,
    DigitDue,
    DigitReceived,
    DtlsReceived,
    DtmfPolicy,
    DtmfWay,
    LegClosed,
    LegStatistics,
    MediaEvent,
    MediaListener,
    RtpPeer,
    SoundFinished,
    SrtpKeys,
    VideoPeer,
    WebRtcPeer,
)
from gateway.session.speech import NAMES

Command = tuple[Any, ...]
DTMF_DIGITS = "0123456789*#ABCD"
PLAYLIST_MAX, MEMBERS_MAX = 64, 32
SOUNDS = ("greeting", "music", "ringback", "busy", "goodbye", *NAMES["de"], *NAMES["en"])


@dataclass
class FakeLeg:
    """What a leg has been told so far."""

    leg: LegId
    kind: str
    """``rtp`` or ``webrtc``"""
    listeners: list[MediaListener]
    port: int
    near: LegId | None
    peer: RtpPeer | WebRtcPeer | None = None
    keys: SrtpKeys | None = None
    video: VideoPeer | None = None
    sounds: tuple[str, ...] = ()
    """What is playing to it, and what comes after it."""
    loop: bool = False
    announcement: tuple[str, ...] = ()
    """What is spoken over what it hears."""
    background: Background = Background.DUCKED
    conference: ConferenceId | None = None
    heard_by: frozenset[LegId] | None = None
    """Of the members of its conference; None: by all."""
    hears_conference: bool = False
    """False while a sound or `stop` took its place."""
    bridged: LegId | None = None
    hears_bridge: bool = False
    """False while a sound or `stop` took its place."""
    capture: str | None = None
    capture_paused: bool = False
    capture_error: str = ""
    captures: int = 0
    dtls_sent: list[bytes] = field(default_factory=list)
    dtmf_policy: DtmfPolicy = DtmfPolicy.TRANSLATE
    open: bool = True
    ended: bool = False
    """`LegClosed` has been delivered."""

    @property
    def hears(self) -> str | LegId | None:
        """A sound's name, the other leg of the bridge, or None for silence."""
        if self.sounds:
            return self.sounds[0]
        return self.bridged if self.hears_bridge else None

    def forget_sounds(self) -> None:
        self.sounds = self.announcement = ()


class FakeMediaPlane:
    """The port `gateway.model.media.MediaPlane` without media."""

    def __init__(
        self,
        *,
        sounds: tuple[str, ...] = SOUNDS,
        legs_max: int = 1000,
        addresses: tuple[str, ...] = ("127.0.0.1",),
        webrtc_port: int = 7000,
        rtp_ports: tuple[int, int] = (20000, 23999),
    ) -> None:
        self.sounds = set(sounds)
        self.legs_max = legs_max
        self.addresses = addresses
        self.webrtc_port = webrtc_port
        self.commands: list[Command] = []
        """("open_rtp_leg", leg, near), ("play", leg, "music", True), ... in order; only those that had an open leg."""
        self.dropped: list[Command] = []
        """Those that came for a leg that was not open: allowed, but some callers promise never to need it."""
        self.legs: dict[LegId, FakeLeg] = {}
        """Open legs, and closed ones whose capture is still under way."""
        self.ports: dict[LegId, int] = {}
        """Of all telephone legs there ever were."""
        self.capture_ms = 1000
        """Duration that the next captures will claim."""
        self.capture_error = ""
        self._first_port, self._last_port = rtp_ports
        self._free_ports = deque(range(self._first_port, self._last_port, 2))
        self._last_leg = 0
        self._last_conference = 0
        self._queued: deque[MediaEvent] = deque()
        self._scheduled = False

    # --- for tests ----------------------------------------------------------------------------------------------------

    @property
    def open_legs(self) -> list[LegId]:
        return [leg for leg, known in self.legs.items() if known.open]

    def of(self, leg: LegId, *names: str) -> list[Command]:
        """Commands noted for this leg, all or those so named."""
        return [entry for entry in self.commands if entry[1] == leg and (not names or entry[0] in names)]

    def names(self) -> list[str]:
        """The commands' names alone, of all legs."""
        return [entry[0] for entry in self.commands]

    def peers(self, leg: LegId) -> list[RtpPeer]:
        """All that the leg was told of its other side, the newest last; of a closed leg too."""
        return [peer for _, _, peer in self.of(leg, "set_rtp_peer")]

    def hears(self, leg: LegId) -> str | LegId | None:
        """What plays to an open leg: a sound's name, the other leg of its bridge, or None for silence."""
        return self.legs[leg].hears

    def heard(self, leg: LegId) -> set[LegId]:
        """The legs that an open leg hears, through its bridge or its conference."""
        known = self.legs[leg]
        if known.hears_bridge and known.bridged is not None:
            return {known.bridged}
        if not known.hears_conference:
            return set()
        return {
            other.leg
            for other in self.legs.values()
            if other.conference == known.conference
            and other is not known
            and (other.heard_by is None or leg in other.heard_by)
        }

    def report(self, event: MediaEvent) -> None:
        """Raise an event and deliver it at once."""
        self.raise_event(event)
        self.deliver()

    def raise_event(self, event: MediaEvent) -> None:
        """Queue an event as if the plane had raised it."""
        self._queued.append(event)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        if not self._scheduled:
            self._scheduled = True
            loop.call_soon(self.deliver)

    def deliver(self) -> None:
        """Hand all queued events to their listeners, those too that they cause."""
        self._scheduled = False
        while self._queued:
            event = self._queued.popleft()
            known = self.legs.get(event.leg)
            if known is None:
                continue
            if isinstance(event, CaptureFinished):
                known.captures -= 1
            if isinstance(event, LegClosed):
                known.ended = True
            if known.ended and known.captures == 0:
                del self.legs[event.leg]
            for listener in tuple(known.listeners):
                listener(event)

    def finish_sound(self, leg: LegId) -> None:
        """The sound that the leg hears comes to its end (a looped one begins anew)."""
        known = self.legs[leg]
        assert known.sounds, f"leg {leg} hears no sound"
        sound, *rest = known.sounds
        if known.loop:
            rest.append(sound)
        known.sounds = tuple(rest)
        if not rest:
            self.raise_event(SoundFinished(leg=leg, sound=sound))

    def finish_announcement(self, leg: LegId) -> None:
        """What is spoken over what the leg hears comes to its end."""
        known = self.legs[leg]
        assert known.announcement, f"leg {leg} hears no announcement"
        sound, known.announcement = known.announcement[-1], ()
        self.raise_event(AnnouncementFinished(leg=leg, sound=sound))

    def press(self, leg: LegId, digit: str, duration_ms: int = 100) -> None:
        self.raise_event(DigitReceived(leg=leg, digit=digit, duration_ms=duration_ms))

    def receive_dtls(self, leg: LegId, datagram: bytes) -> None:
        self.raise_event(DtlsReceived(leg=leg, datagram=datagram))

    # --- the port -----------------------------------------------------------------------------------------------------

    @property
    def webrtc_addresses(self) -> list[tuple[str, int]]:
        return [(address, self.webrtc_port) for address in self.addresses]

    def _open(self, kind: str, listener: MediaListener, port: int, near: LegId | None) -> LegId:
        self._last_leg += 1
        leg = LegId(self._last_leg)
        self.legs[leg] = FakeLeg(leg, kind, [listener], port, near)
        self.commands.append((f"open_{kind}_leg", leg, near))
        return leg

    def _check_room(self) -> None:
        if len(self.open_legs) >= self.legs_max:
            raise CapacityError("all media legs are in use", limit="media.legs_max")

    def open_rtp_leg(
        self, listener: MediaListener, *, near: LegId | None = None, towards: str | None = None
    ) -> tuple[LegId, str, int]:
        same = [address for address in self.addresses if towards is None or (":" in address) == (":" in towards)]
        if not same:
            raise UnreachableError(f"{towards!r} is of no family that we have")
        self._check_room()
        if not self._free_ports:
            raise CapacityError("no UDP port pair is left for a telephone leg", limit="media.rtp_ports")
        port = self._free_ports.popleft()
        leg = self._open("rtp", listener, port, near)
        self.ports[leg] = port
        return leg, same[0], port

    def open_webrtc_leg(
        self, listener: MediaListener, *, ufrag: str, pwd: str, near: LegId | None = None
    ) -> tuple[LegId, list[tuple[str, int]]]:
        assert len(ufrag) >= 4, "RFC 8839 5.4"
        assert len(pwd) >= 22, "RFC 8839 5.4"
        self._check_room()
        return self._open("webrtc", listener, 0, near), self.webrtc_addresses

    def listen(self, leg: LegId, listener: MediaListener) -> None:
        known = self.legs.get(leg)
        if known is not None:
            known.listeners.append(listener)

    def _note(self, name: str, leg: LegId, *details: Any) -> FakeLeg | None:
        known = self.legs.get(leg)
        if known is None or not known.open:
            self.dropped.append((name, leg, *details))
            return None
        self.commands.append((name, leg, *details))
        return known

    def set_rtp_peer(self, leg: LegId, peer: RtpPeer) -> None:
        if known := self._note("set_rtp_peer", leg, peer):
            known.peer = peer

    def set_webrtc_peer(self, leg: LegId, peer: WebRtcPeer) -> None:
        if known := self._note("set_webrtc_peer", leg, peer):
            known.peer = peer

    def set_video(self, leg: LegId, video: VideoPeer | None) -> None:
        if known := self._note("set_video", leg, video):
            assert known.kind == "webrtc", "a telephone has no pictures"
            known.video = video

    def sees(self, leg: LegId) -> LegId | None:
        """Whose pictures the leg is shown."""
        viewer = self.legs[leg]
        source = None if viewer.bridged is None or not viewer.hears_bridge else self.legs[viewer.bridged]
        if source is None or viewer.video is None or source.video is None:
            return None
        passes = source.video.receive and viewer.video.send and source.video.codec is viewer.video.codec
        return source.leg if passes else None

    def restart_ice(self, leg: LegId, *, ufrag: str, pwd: str) -> None:
        assert len(ufrag) >= 4, "RFC 8839 5.4"
        assert len(pwd) >= 22, "RFC 8839 5.4"
        self._note("restart_ice", leg, ufrag, pwd)

    def set_srtp_keys(self, leg: LegId, keys: SrtpKeys) -> None:
        if known := self._note("set_srtp_keys", leg, keys):
            known.keys = keys

    def send_digits(self, leg: LegId, digits: str, *, tone_ms: int = 100, gap_ms: int = 60) -> None:
        if wrong := set(digits) - set(DTMF_DIGITS):
            raise ValueError(f"{wrong} are no digits")
        known = self._note("send_digits", leg, digits, tone_ms, gap_ms)
        if known and isinstance(known.peer, RtpPeer) and known.peer.dtmf is DtmfWay.SIGNALLING:
            for digit in digits:
                self.raise_event(DigitDue(leg=leg, digit=digit, duration_ms=tone_ms))

    def say_digit(self, leg: LegId, digit: str, duration_ms: int) -> None:
        if digit not in DTMF_DIGITS or len(digit) != 1:
            raise ValueError(f"{digit!r} is no digit")
        if known := self._note("say_digit", leg, digit, duration_ms):
            blocked = known.dtmf_policy is DtmfPolicy.BLOCK
            self.raise_event(DigitReceived(leg=leg, digit=digit, duration_ms=duration_ms, blocked=blocked))

    def set_dtmf_policy(self, leg: LegId, policy: DtmfPolicy) -> None:
        if known := self._note("set_dtmf_policy", leg, policy):
            known.dtmf_policy = policy

    def send_dtls(self, leg: LegId, datagram: bytes) -> None:
        if known := self._note("send_dtls", leg, datagram):
            known.dtls_sent.append(datagram)

    def _check_sounds(self, sounds: tuple[str, ...]) -> None:
        if not 0 < len(sounds) <= PLAYLIST_MAX:
            raise RequestError(f"{len(sounds)} sounds are to be played")
        for sound in sounds:
            if sound not in self.sounds:
                raise NotFoundError(f"there is no sound {sound!r}")

    def play(self, leg: LegId, *sounds: str, loop: bool = False) -> None:
        self._check_sounds(sounds)
        if known := self._note("play", leg, *sounds, loop):
            known.forget_sounds()
            known.sounds, known.loop, known.hears_bridge, known.hears_conference = sounds, loop, False, False

    def announce(self, leg: LegId, *sounds: str, background: Background = Background.DUCKED) -> None:
        self._check_sounds(sounds)
        if known := self._note("announce", leg, *sounds, background):
            known.announcement, known.background = sounds, background

    def stop(self, leg: LegId) -> None:
        if known := self._note("stop", leg):
            known.forget_sounds()
            known.hears_bridge = known.hears_conference = False

    def bridge(self, first: LegId, second: LegId) -> None:
        other = self.legs.get(second)
        if other is None or not other.open:
            return
        if known := self._note("bridge", first, second):
            for side in (known, other):
                self._leave(side)
            if known.bridged != second:
                self._part(first)
                self._part(second)
            for side, far in ((known, second), (other, first)):
                if not side.hears_bridge:
                    side.forget_sounds()
                side.bridged, side.hears_bridge = far, True

    def _part(self, leg: LegId) -> None:
        known = self.legs[leg]
        if known.bridged is None:
            return
        for side in (self.legs.get(known.bridged), known):
            if side is not None:
                side.bridged, side.hears_bridge = None, False

    def unbridge(self, leg: LegId) -> None:
        if known := self._note("unbridge", leg):
            if known.conference is not None:
                self._leave(known)
                known.forget_sounds()
            if known.bridged is None:
                return
            self.legs[known.bridged].forget_sounds()
            known.forget_sounds()
            self._part(leg)

    def name_conference(self, *, near: LegId | None = None) -> ConferenceId:
        self._last_conference += 1
        return ConferenceId(self._last_conference)

    def join(self, conference: ConferenceId, leg: LegId, *, heard_by: Collection[LegId] | None = None) -> None:
        known = self.legs.get(leg)
        if known is not None and known.open and known.conference != conference:
            members = [other for other in self.legs.values() if other.conference == conference]
            if len(members) >= MEMBERS_MAX:
                raise CapacityError(f"the conference has its {MEMBERS_MAX} members", limit="conference members")
        heard = None if heard_by is None else frozenset(heard_by)
        if known := self._note("join", leg, conference, heard):
            if known.conference != conference:
                self._part(leg)
            if not known.hears_conference:
                known.forget_sounds()
            known.conference, known.heard_by, known.hears_conference = conference, heard, True

    def leave(self, leg: LegId) -> None:
        if known := self._note("leave", leg):
            self._leave(known)

    @staticmethod
    def _leave(known: FakeLeg) -> None:
        if known.hears_conference:
            known.announcement = ()
        known.conference, known.heard_by, known.hears_conference = None, None, False

    def start_capture(self, left: LegId, right: LegId, path: str) -> None:
        if known := self._note("start_capture", left, right, path):
            self._end_capture(known)
            known.capture, known.capture_paused = path, False
            known.captures += 1
            if not Path(path).parent.is_dir():
                self.fail_capture(leg=left, error=os.strerror(errno.ENOENT))

    def fail_capture(self, leg: LegId, error: str) -> None:
        """From here on the leg's capture loses what is said."""
        known = self.legs[leg]
        assert known.capture is not None
        known.capture_error = error
        self.raise_event(CaptureFailed(leg=leg, path=known.capture, error=error))

    def pause_capture(self, left: LegId) -> None:
        if known := self._note("pause_capture", left):
            known.capture_paused = True

    def resume_capture(self, left: LegId) -> None:
        if known := self._note("resume_capture", left):
            known.capture_paused = False

    def stop_capture(self, left: LegId) -> None:
        if known := self._note("stop_capture", left):
            self._end_capture(known)

    def _end_capture(self, known: FakeLeg) -> None:
        if known.capture is None:
            return
        path, known.capture = known.capture, None
        error, known.capture_error = known.capture_error or self.capture_error, ""
        self.raise_event(
            CaptureFinished(
                leg=known.leg,
                path=path,
                duration_ms=self.capture_ms,
                frames_dropped=0,
                error=error,
            )
        )

    def close_leg(self, leg: LegId) -> None:
        if known := self._note("close_leg", leg):
            self._part(leg)
            self._leave(known)
            self._end_capture(known)
            known.open = False
            if known.kind == "rtp":
                self._free_ports.append(known.port)
            self.raise_event(LegClosed(leg=leg, statistics=LegStatistics()))

    async def close(self) -> None:
        for leg in self.open_legs:
            self.close_leg(leg)
        self.deliver()
