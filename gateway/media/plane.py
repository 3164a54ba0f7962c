"""The media plane as the rest of Zentrale sees it: the port of `gateway.model.media` on native threads.

Commands go straight to the native side; its events wake the event loop through one file descriptor and go to the
listeners of the leg they tell of.  Everything here runs on the event loop's thread.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Collection, Sequence
from typing import Any, Literal

import msgspec

from gateway.media import _plane
from gateway.media.addresses import expand, told
from gateway.media.emodel import estimate
from gateway.model.errors import CapacityError, InternalError, NotFoundError, PeerError, RequestError, UnreachableError
from gateway.model.ids import Codec, ConferenceId, LegId, VideoCodec
from gateway.model.media import (
    AnnouncementFinished,
    AudioAlarm,
    AudioAlarmChanged,
    Background,
    CaptureFailed,
    CaptureFinished,
    ConsentLost,
    DigitDue,
    DigitReceived,
    DtlsReceived,
    DtmfPolicy,
    DtmfWay,
    IceConnected,
    LegClosed,
    LegStatistics,
    MediaEvent,
    MediaListener,
    MediaStarted,
    QualityMeasured,
    RtpPeer,
    SoundFinished,
    SrtpKeys,
    VideoPeer,
    VideoStatistics,
    WebRtcPeer,
)

LOG = logging.getLogger(__name__)

Priority = Literal["nice", "realtime"]
"""How media threads get before other programs."""

CODECS = {Codec.PCMU: _plane.PCMU, Codec.PCMA: _plane.PCMA, Codec.OPUS: _plane.OPUS, Codec.G722: _plane.G722}
VIDEO_CODECS = {VideoCodec.VP8: _plane.VP8, VideoCodec.H264: _plane.H264}
CODECS_BY_NUMBER = {number: codec for codec, number in CODECS.items()}
DTMF_DIGITS = "0123456789*#ABCD"
DTMF_WAYS = {
    DtmfWay.AUTO: _plane.DTMF_AUTO,
    DtmfWay.TONES: _plane.DTMF_TONES,
    DtmfWay.SIGNALLING: _plane.DTMF_SIGNALLING,
}
DTMF_POLICIES = {
    DtmfPolicy.TRANSLATE: _plane.DTMF_TRANSLATE,
    DtmfPolicy.RELAY: _plane.DTMF_RELAY,
    DtmfPolicy.BLOCK: _plane.DTMF_BLOCK,
}
ALARMS = {_plane.ALARM_SILENCE: AudioAlarm.SILENCE, _plane.ALARM_ONE_WAY: AudioAlarm.ONE_WAY}
RETRY_AFTER_S = 10
TOO_MANY_SOUNDS = (
    f"only {_plane.SOUNDS_MAX} sounds, of {_plane.SOUNDS_MS_MAX // 60_000} minutes together, can be loaded"
)
OPUS_COMPLEXITY = 3


class ThreadStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """What one media thread has done since its start; datagrams of all kinds."""

    packets_in: int
    packets_out: int
    dropped: int
    """Thrown away by the plane: a full socket buffer, no memory."""
    overflowed: int
    """Thrown away by the kernel because the thread read too late."""
    rejected: int
    """Not authentic, from a wrong source, malformed, or not negotiated."""
    rejected_by: dict[str, int]
    """The same by cause; see `LegStatistics`."""
    unanswered: int
    """Of these: STUN checks that were not even refused, because too many were in this second."""
    relayed: int
    mixed: int
    video: int
    """Picture packets passed from leg to leg."""
    ticks: int
    """Of 5 ms; a leg has its turn every fourth."""
    ticks_late: int
    """Those that came when the next one was due already."""
    commands_refused: int
    cpu_ns: int
    """By the thread's own clock."""
    legs: int


class _Leg:
    """What the event loop knows of a leg until its last event."""

    __slots__ = ("address", "captures", "closed", "conference", "listeners")

    def __init__(self, listener: MediaListener, address: str = "") -> None:
        self.address = address
        self.listeners = [listener]
        self.captures = 0
        self.closed = False
        self.conference: ConferenceId | None = None


def _tell_priority(error: int) -> None:
    if error:
        LOG.warning(
            "media: real-time priority is refused (%s), the threads run at nice; allow it by LimitRTPRIO=5 or "
            'CAP_SYS_NICE, or set media.priority to "nice"',
            os.strerror(error),
        )
    else:
        LOG.info("media: the threads run at real-time priority")


class MediaPlane:
    """Native media threads behind the port `gateway.model.media.MediaPlane`.

    Beside `CapacityError` of the port, methods raise for what only a mistake of ours or of the peer's SDP can be:
    `NotFoundError` for a sound that was not loaded, `PeerError` for an address that is none, `RequestError` for SRTP
    keys that don't fit their profile and for two legs on different threads (open the second one ``near`` the first).
    """

    def __init__(
        self,
        *,
        addresses: Sequence[str] = ("127.0.0.1",),
        public_addresses: Sequence[str] = (),
        rtp_ports: tuple[int, int] = (20000, 23999),
        webrtc_port: int = 0,
        threads: int = 1,
        consent_ms: int = 15000,
        legs_max: int = 2000,
        commands_max: int = _plane.COMMANDS_MAX,
        priority: Priority = "nice",
        quality_ms: int = 0,
        silence_alarm_ms: int = 0,
        one_way_alarm_ms: int = 0,
        opus_bitrate: int = 0,
        opus_complexity: int = OPUS_COMPLEXITY,
        opus_dtx: bool = False,
    ) -> None:
        """Start the threads and bind the browser ports.  ``commands_max``: may wait for one thread.
        ``priority``: of the threads, ``"realtime"`` where the system allows it; the log says whether it did.
        ``quality_ms``: between two `QualityMeasured`; 0: never, as for ``silence_alarm_ms`` and ``one_way_alarm_ms``.

        ``addresses`` are bound (``0.0.0.0`` and ``::``: all that the machine has now), ``public_addresses`` told in
        their place behind a 1:1 NAT; see `gateway.media.addresses`.
        ``opus_bitrate``: of what is encoded here, in bit/s; 0: 24000 for sound of 4 or 8 kHz bandwidth, 32000 above.

        Raises `InternalError` when an address or port can't be bound; the message says which.
        """
        if not 1 <= threads <= _plane.THREADS_MAX:
            raise ValueError(f"media.threads is {threads}; it must be 1 to {_plane.THREADS_MAX}")
        if not 1 <= legs_max <= _plane.LEGS_MAX:
            raise ValueError(f"media.legs_max is {legs_max}; it must be 1 to {_plane.LEGS_MAX}")
        try:
            bound = expand(addresses, _plane.machine_addresses)
            self._told = told(bound, public_addresses)
        except ValueError as error:
            raise InternalError(f"media: {error}") from None
        try:
            self._native = _plane.NativePlane(
                addresses=[address.encode() for address in bound],
                rtp_port_first=rtp_ports[0],
                rtp_port_last=rtp_ports[1],
                webrtc_port=webrtc_port,
                threads=threads,
                consent_ms=consent_ms,
                legs_max=legs_max,
                commands_max=commands_max,
                realtime=priority == "realtime",
                quality_ms=quality_ms,
                silence_ms=silence_alarm_ms,
                one_way_ms=one_way_alarm_ms,
                opus_bitrate=opus_bitrate,
                opus_complexity=opus_complexity,
                opus_dtx=opus_dtx,
            )
        except OSError as error:
            raise InternalError(str(error)) from None
        if priority == "realtime":
            _tell_priority(self._native.priority_error)
        self._bound = bound
        self._candidates = [
            [(address, ports[number]) for address, number in self._told] for ports in self._native.webrtc_ports()
        ]
        self._sounds: dict[str, int] = {}
        self._durations: dict[str, int] = {}
        self._sound_names: list[str] = []
        self._legs: dict[LegId, _Leg] = {}
        self._members: dict[ConferenceId, set[LegId]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._makers = _makers(self._sound_names)

    # --- life ---------------------------------------------------------------------------------------------------------

    def add_sound(self, name: str, path: str | os.PathLike[str]) -> None:
        """Load a WAV or Ogg Opus file.  A second sound of one name replaces the first for later `play`.

        Raises `RequestError` when the file is no sound that we can play.  Takes 10 ms per second of sound.
        """
        try:
            number, duration_ms = self._native.add_sound(os.fsencode(path))
        except ValueError as error:
            raise RequestError(f"sound {name!r}: {error}") from None
        except OverflowError:
            raise RequestError(f"sound {name!r}: {TOO_MANY_SOUNDS}") from None
        self._name_sound(name, number, duration_ms)

    def add_pcm(self, name: str, pcm: bytes, *, rate_hz: int) -> None:
        """The same from mono PCM16 in the machine's order of octets."""
        try:
            number, duration_ms = self._native.add_pcm(pcm, rate_hz)
        except ValueError as error:
            raise RequestError(f"sound {name!r}: it {error}") from None
        except OverflowError:
            raise RequestError(f"sound {name!r}: {TOO_MANY_SOUNDS}") from None
        self._name_sound(name, number, duration_ms)

    def _name_sound(self, name: str, number: int, duration_ms: int) -> None:
        self._sounds[name] = number
        self._durations[name] = duration_ms
        self._sound_names.append(name)

    @property
    def sounds(self) -> dict[str, int]:
        """Loaded sounds and their duration in ms."""
        return dict(self._durations)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Deliver events on this loop from now on; those that came before are kept until then."""
        self._loop = loop
        loop.add_reader(self._native.event_fd, self._dispatch)

    async def close(self) -> None:
        """Close all legs, deliver the last events, end the threads.  Harmless twice."""
        if self._loop is not None:
            self._loop.remove_reader(self._native.event_fd)
            self._loop = None
        await asyncio.to_thread(self._native.stop)
        self._dispatch()
        self._legs.clear()

    def statistics(self) -> list[ThreadStatistics]:
        """Per media thread."""
        return [ThreadStatistics(**counted) for counted in self._native.statistics()]

    def _dispatch(self) -> None:
        for kind, number, details in self._native.take_events():
            leg = LegId(number)
            known = self._legs.get(leg)
            if known is None:
                continue
            event = self._makers[kind](leg, details)
            if isinstance(event, LegClosed):
                known.closed = True
                self._left(leg)  # it may have joined while it was being closed
            elif isinstance(event, CaptureFinished):
                known.captures -= 1
            if known.closed and known.captures == 0:
                del self._legs[leg]
            for listener in tuple(known.listeners):
                try:
                    listener(event)
                except Exception:
                    LOG.exception("media: a listener of leg %d failed at %s", leg, type(event).__name__)

    # --- legs ---------------------------------------------------------------------------------------------------------

    @property
    def webrtc_addresses(self) -> list[tuple[str, int]]:
        return [candidate for candidates in self._candidates for candidate in candidates]

    def open_rtp_leg(
        self, listener: MediaListener, *, near: LegId | None = None, towards: str | None = None
    ) -> tuple[LegId, str, int]:
        status, number, bound, port = self._native.open_rtp_leg(near or 0, towards.encode() if towards else None)
        self._check(status, towards or "")
        leg = LegId(number)
        address = next((address for address, behind in self._told if behind == bound), self._bound[bound])
        self._legs[leg] = _Leg(listener, address)
        return leg, address, port

    def open_webrtc_leg(
        self, listener: MediaListener, *, ufrag: str, pwd: str, near: LegId | None = None
    ) -> tuple[LegId, list[tuple[str, int]]]:
        _check_credentials(ufrag, pwd)
        status, number, thread = self._native.open_webrtc_leg(near or 0, ufrag.encode(), pwd.encode())
        self._check(status)
        leg = LegId(number)
        self._legs[leg] = _Leg(listener)
        return leg, list(self._candidates[thread])

    def listen(self, leg: LegId, listener: MediaListener) -> None:
        known = self._legs.get(leg)
        if known is not None:
            known.listeners.append(listener)

    def set_rtp_peer(self, leg: LegId, peer: RtpPeer) -> None:
        if not 0 < peer.port <= 0xFFFF:
            raise PeerError(f"the SDP names port {peer.port}; it must be 1 to 65535")
        known = self._legs.get(leg)
        if known is not None and known.address and (":" in known.address) != (":" in peer.address):
            self._check(_plane.BAD_ADDRESS, peer.address)
        media = _media(peer)
        if peer.srtp is not None:
            self.set_srtp_keys(leg, peer.srtp)
        status = self._native.set_rtp_peer(
            leg,
            peer.address.encode(),
            peer.port,
            media,
            rtcp_port=peer.rtcp_port or 0,
            signalling=None if peer.signalling_address is None else peer.signalling_address.encode(),
            rtcp_mux=peer.rtcp_mux,
            learns=peer.learns,
            secure=peer.srtp is not None,
        )
        self._check(status, peer.address)

    def set_webrtc_peer(self, leg: LegId, peer: WebRtcPeer) -> None:
        media = _media(peer)
        self._check(self._native.set_webrtc_peer(leg, peer.remote_ufrag.encode(), peer.remote_pwd.encode(), media))

    def set_video(self, leg: LegId, video: VideoPeer | None) -> None:
        self._check(self._native.set_video(leg, None if video is None else _video(video)))

    def restart_ice(self, leg: LegId, *, ufrag: str, pwd: str) -> None:
        _check_credentials(ufrag, pwd)
        self._check(self._native.restart_ice(leg, ufrag.encode(), pwd.encode()))

    def set_srtp_keys(self, leg: LegId, keys: SrtpKeys) -> None:
        self._check(self._native.set_srtp_keys(leg, keys.profile.encode(), keys.send, keys.receive), keys.profile)

    def send_digits(self, leg: LegId, digits: str, *, tone_ms: int = 100, gap_ms: int = 60) -> None:
        wrong = set(digits) - set(DTMF_DIGITS)
        if wrong:
            raise ValueError(f"{''.join(sorted(wrong))!r} are no digits; use {DTMF_DIGITS}")
        self._check(self._native.send_digits(leg, digits.encode(), tone_ms, gap_ms))

    def say_digit(self, leg: LegId, digit: str, duration_ms: int) -> None:
        if digit not in DTMF_DIGITS or len(digit) != 1:
            raise ValueError(f"{digit!r} is no digit; use one of {DTMF_DIGITS}")
        self._check(self._native.say_digit(leg, digit, duration_ms))

    def set_dtmf_policy(self, leg: LegId, policy: DtmfPolicy) -> None:
        self._check(self._native.set_dtmf_policy(leg, DTMF_POLICIES[policy]))

    def send_dtls(self, leg: LegId, datagram: bytes) -> None:
        self._check(self._native.send_dtls(leg, datagram))

    def close_leg(self, leg: LegId) -> None:
        self._left(leg)
        self._check(self._native.close_leg(leg))

    # --- sound --------------------------------------------------------------------------------------------------------

    def play(self, leg: LegId, *sounds: str, loop: bool = False) -> None:
        self._check(self._native.play(leg, self._numbers(sounds), loop))

    def announce(self, leg: LegId, *sounds: str, background: Background = Background.DUCKED) -> None:
        self._check(self._native.announce(leg, self._numbers(sounds), background is Background.SILENT))

    def _numbers(self, sounds: Sequence[str]) -> list[int]:
        if not 0 < len(sounds) <= _plane.PLAYLIST_MAX:
            raise RequestError(f"{len(sounds)} sounds are to be played; 1 to {_plane.PLAYLIST_MAX} can be")
        numbers = [self._sounds.get(sound) for sound in sounds]
        for sound, number in zip(sounds, numbers, strict=True):
            if number is None:
                raise NotFoundError(
                    f"there is no sound {sound!r}; put {sound}.wav or {sound}.opus into the folder of media.sounds"
                )
        return [number for number in numbers if number is not None]

    def stop(self, leg: LegId) -> None:
        self._check(self._native.stop_sound(leg))

    def bridge(self, first: LegId, second: LegId) -> None:
        status = self._native.bridge(first, second)
        if status == _plane.OK:
            self._left(first)
            self._left(second)
        self._check(status)

    def unbridge(self, leg: LegId) -> None:
        self._left(leg)
        self._check(self._native.unbridge(leg))

    def name_conference(self, *, near: LegId | None = None) -> ConferenceId:
        return ConferenceId(self._native.name_conference(near or 0))

    def join(self, conference: ConferenceId, leg: LegId, *, heard_by: Collection[LegId] | None = None) -> None:
        known = self._legs.get(leg)
        if known is None or known.closed:
            return
        members = self._members.get(conference, set())
        if leg not in members and len(members) >= _plane.MEMBERS_MAX:
            message = f"the conference has its {_plane.MEMBERS_MAX} members"
            raise CapacityError(message, limit="conference members", retry_after_s=RETRY_AFTER_S)
        if heard_by is not None and len(heard_by) > _plane.MEMBERS_MAX:
            raise RequestError(f"a member is heard by {_plane.MEMBERS_MAX} legs at most, or by all")
        status = self._native.join(conference, leg, heard_by)
        if status == _plane.OK and known.conference != conference:
            self._left(leg)
            known.conference = conference
            self._members.setdefault(conference, set()).add(leg)
        self._check(status)

    def leave(self, leg: LegId) -> None:
        self._left(leg)
        self._check(self._native.leave(leg))

    def _left(self, leg: LegId) -> None:
        """Keep the books of conferences: the plane itself does not answer when it is asked."""
        known = self._legs.get(leg)
        if known is None or known.conference is None:
            return
        members = self._members[known.conference]
        members.discard(leg)
        if not members:
            del self._members[known.conference]
        known.conference = None

    def start_capture(self, left: LegId, right: LegId, path: str) -> None:
        known = self._legs.get(left)
        if known is None or known.closed:
            return
        status = self._native.start_capture(left, right, os.fsencode(path))
        if status in (_plane.OK, _plane.COMMANDS_FULL):
            known.captures += 1  # its file is begun either way, and its event will come
        self._check(status)

    def pause_capture(self, left: LegId) -> None:
        self._check(self._native.pause_capture(left))

    def resume_capture(self, left: LegId) -> None:
        self._check(self._native.resume_capture(left))

    def stop_capture(self, left: LegId) -> None:
        self._check(self._native.stop_capture(left))

    @staticmethod
    def _check(status: int, about: str = "") -> None:
        if status in (_plane.OK, _plane.NO_LEG):
            return
        if status == _plane.LEGS_FULL:
            message, limit = "all media legs are in use", "media.legs_max"
        elif status == _plane.PORTS_FULL:
            message, limit = "no UDP port pair is left for a telephone leg", "media.rtp_ports"
        elif status == _plane.NO_SOCKET:
            message, limit = (
                "no socket is left for a telephone leg: see how many files may be open (ulimit -n)",
                "open files",
            )
        elif status == _plane.COMMANDS_FULL:
            message, limit = "too many commands wait for a media thread", "media.commands_max"
        elif status == _plane.NO_MEMORY:
            message, limit = "the media plane got no memory", "memory"
        elif status == _plane.BAD_ADDRESS:
            raise UnreachableError(f"{about!r} is no IP address of a family that media.addresses has for it")
        elif status == _plane.BAD_KEYS:
            raise RequestError(f"SRTP keys do not fit the profile {about!r}, or it is unknown")
        else:
            raise RequestError("two legs on different media threads can't meet; open the second one near the first")
        raise CapacityError(message, limit=limit, retry_after_s=RETRY_AFTER_S)


def _check_credentials(ufrag: str, pwd: str) -> None:
    for name, value, longest in (("ufrag", ufrag, _plane.UFRAG_MAX), ("pwd", pwd, _plane.PWD_MAX)):
        if not 0 < len(value) <= longest:
            raise ValueError(f"{name} has {len(value)} characters; RFC 8839 5.4 allows 1 to {longest}")


def _media(peer: RtpPeer | WebRtcPeer) -> _plane.Media:
    noise, packet_ms = (peer.noise_payload_type, peer.packet_ms) if isinstance(peer, RtpPeer) else (None, 20)
    if not 10 <= packet_ms <= 60 or packet_ms % 10:
        packet_ms = 20  # a preference of the peer that we do not share (RFC 8866 6.4)
    return (
        CODECS[peer.codec],
        peer.payload_type,
        -1 if peer.dtmf_payload_type is None else peer.dtmf_payload_type,
        peer.dtmf_clock_hz,
        packet_ms,
        peer.send,
        peer.receive,
        -1 if noise is None else noise,
        peer.opus.fec,
        peer.opus.dtx,
        peer.opus.bitrate_max or 0,
        peer.opus.playback_hz or 0,
        DTMF_WAYS[peer.dtmf] if isinstance(peer, RtpPeer) else _plane.DTMF_AUTO,
        0 if isinstance(peer, RtpPeer) or peer.ssrc is None else peer.ssrc,
    )


def _video(peer: VideoPeer) -> _plane.Video:
    return (
        VIDEO_CODECS[peer.codec],
        peer.payload_type,
        -1 if peer.rtx_payload_type is None else peer.rtx_payload_type,
        peer.ssrc,
        peer.rtx_ssrc,
        peer.transport_cc_id,
        peer.abs_send_time_id,
        peer.nack,
        peer.pli,
        peer.fir,
        peer.reduced_size,
        peer.send,
        peer.receive,
    )


def _capture_finished(leg: LegId, details: tuple[str, int, int, int]) -> CaptureFinished:
    path, duration_ms, dropped, error = details
    return CaptureFinished(
        leg=leg,
        path=path,
        duration_ms=duration_ms,
        frames_dropped=dropped,
        error=os.strerror(error) if error else "",
    )


def _quality_measured(leg: LegId, measured: tuple[Any, ...]) -> QualityMeasured:
    number, packet_ms, interval_ms, received, lost, jitter_us, round_trip_us, far = measured
    codec = CODECS_BY_NUMBER[number]

    def score(loss: float, jitter_us: int) -> float:
        return estimate(
            loss=loss, round_trip_us=round_trip_us, jitter_us=jitter_us, packet_ms=packet_ms or 20, codec=codec
        )

    return QualityMeasured(
        leg=leg,
        interval_ms=interval_ms,
        packets_received=received,
        packets_lost=lost,
        jitter_us=jitter_us,
        round_trip_us=round_trip_us,
        opinion=score(lost / (received + lost) if received + lost else 0.0, jitter_us),
        far_loss=None if far is None else far[0] / 256,
        far_opinion=None if far is None else score(far[0] / 256, far[1]),
    )


def _leg_closed(leg: LegId, counted: tuple[Any, ...]) -> LegClosed:
    received, sent, lost, dropped, rejected, jitter_us, video, rejected_by, round_trip_us, codec, *rest = counted
    packet_ms, buffer_ms = rest
    opinion = None
    if received:
        opinion = estimate(
            loss=lost / (received + lost),
            round_trip_us=round_trip_us,
            jitter_us=jitter_us,
            packet_ms=packet_ms or 20,
            codec=CODECS_BY_NUMBER[codec],
        )
    return LegClosed(
        leg=leg,
        statistics=LegStatistics(
            packets_received=received,
            packets_sent=sent,
            packets_lost=lost,
            packets_dropped=dropped,
            packets_rejected=rejected,
            rejected_by=rejected_by,
            round_trip_us=round_trip_us,
            opinion=opinion,
            jitter_us=jitter_us,
            buffer_ms=buffer_ms,
            video=_video_statistics(video),
        ),
    )


def _video_statistics(counted: tuple[int, ...]) -> VideoStatistics:
    received, sent, lost, dropped, key_frames, key_requests, nacks, feedback_dropped = counted
    return VideoStatistics(
        packets_received=received,
        packets_sent=sent,
        packets_lost=lost,
        packets_dropped=dropped,
        key_frames=key_frames,
        key_requests=key_requests,
        nacks=nacks,
        feedback_dropped=feedback_dropped,
    )


def _makers(sound_names: list[str]) -> dict[int, Callable[[LegId, Any], MediaEvent]]:
    """From what the native side tells to the event, by the event's kind."""
    return {
        _plane.EVENT_DTLS: lambda leg, datagram: DtlsReceived(leg=leg, datagram=datagram),
        _plane.EVENT_ICE_CONNECTED: lambda leg, pair: IceConnected(leg=leg, address=pair[0], port=pair[1]),
        _plane.EVENT_MEDIA_STARTED: lambda leg, _: MediaStarted(leg=leg),
        _plane.EVENT_CONSENT_LOST: lambda leg, _: ConsentLost(leg=leg),
        _plane.EVENT_DIGIT: lambda leg, digit: DigitReceived(
            leg=leg, digit=digit[0], duration_ms=digit[1], blocked=digit[2]
        ),
        _plane.EVENT_DIGIT_DUE: lambda leg, digit: DigitDue(leg=leg, digit=digit[0], duration_ms=digit[1]),
        _plane.EVENT_QUALITY: _quality_measured,
        _plane.EVENT_ALARM: lambda leg, alarm: AudioAlarmChanged(
            leg=leg, alarm=ALARMS[alarm[0]], active=alarm[1], after_ms=alarm[2]
        ),
        _plane.EVENT_SOUND_FINISHED: lambda leg, number: SoundFinished(leg=leg, sound=sound_names[number]),
        _plane.EVENT_ANNOUNCEMENT_FINISHED: lambda leg, number: AnnouncementFinished(
            leg=leg, sound=sound_names[number]
        ),
        _plane.EVENT_LEG_CLOSED: _leg_closed,
        _plane.EVENT_CAPTURE_FAILED: lambda leg, trouble: CaptureFailed(
            leg=leg, path=trouble[0], error=os.strerror(trouble[1])
        ),
        _plane.EVENT_CAPTURE_FINISHED: _capture_finished,
    }
