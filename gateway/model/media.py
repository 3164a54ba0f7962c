"""The port of the media plane: what the session and the edges may ask of it, and what it reports.

The plane runs in native threads.  Every method here only puts a command into a thread's queue (or allocates) and
returns at once; what came of it arrives as a `MediaEvent` at the leg's listener, on the event loop.  A command for a
leg that has meanwhile closed is dropped without a word: a hang-up may cross any command.

Two implementations pass ``tests/conformance/test_media_port.py``: `gateway.media.MediaPlane` and the fake in
``tests/support``.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection
from typing import Protocol

import msgspec

from gateway.model.ids import Codec, ConferenceId, LegId, VideoCodec


class DtmfWay(enum.Enum):
    """How digits go to a leg; those that it says are taken however they come."""

    AUTO = "auto"
    """As telephone-events (RFC 4733) when they were negotiated, else as tones."""
    TONES = "tones"
    SIGNALLING = "signalling"
    """Whoever signals for the leg sends them (SIP INFO), told by `DigitDue`."""


class DtmfPolicy(enum.Enum):
    """What becomes of the digits that a leg says, beside their being reported."""

    TRANSLATE = "translate"
    """They reach the other side in whatever way it takes."""
    RELAY = "relay"
    """As they come, or not at all."""
    BLOCK = "block"
    """They reach neither the other side nor a capture, not even as the beginning of a tone (in G.711)."""


class AudioAlarm(enum.Enum):
    SILENCE = "silence"
    """Packets come from the leg in a conversation, with nothing to be heard in them."""
    ONE_WAY = "one_way"
    """Nothing comes from the leg in a conversation, while the other side is received."""


class SrtpKeys(msgspec.Struct, frozen=True, kw_only=True):
    """Master key with master salt appended, each direction: from DTLS (RFC 5764 4.2) or from SDP (RFC 4568)."""

    profile: str
    """Its name for DTLS (``SRTP_AES128_CM_SHA1_80``, ``SRTP_AEAD_AES_128_GCM``, ...) or for SDP
    (``AES_CM_128_HMAC_SHA1_80``, ``AES_256_CM_HMAC_SHA1_32``, ...); all of RFC 3711, 6188 and 7714."""
    send: bytes
    receive: bytes

    def __repr__(self) -> str:
        return f"SrtpKeys(profile={self.profile!r}, ...)"


class OpusWishes(msgspec.Struct, frozen=True, kw_only=True):
    """What the other side's fmtp says of the Opus that it wants to hear (RFC 7587 6.1)."""

    fec: bool = True
    """useinbandfec: it can use in-band FEC, which is sent when its RTCP reports loss."""
    dtx: bool = False
    """usedtx: it likes silence not to be sent."""
    bitrate_max: int | None = None
    """maxaveragebitrate, in bit/s."""
    playback_hz: int | None = None
    """maxplaybackrate: it plays nothing above half of it."""


class RtpPeer(msgspec.Struct, frozen=True, kw_only=True):
    """Where a SIP leg's RTP goes and what it carries (one m=audio line as negotiated, RFC 3264)."""

    address: str
    """IPv4 or IPv6 literal."""
    port: int
    codec: Codec
    payload_type: int
    dtmf_payload_type: int | None = None
    """Payload type of telephone-event (RFC 4733), None when not negotiated."""
    dtmf_clock_hz: int = 8000
    """Unit of its durations: 8000, or 48000 beside Opus."""
    noise_payload_type: int | None = None
    """Payload type of comfort noise (RFC 3389), None when not negotiated."""
    opus: OpusWishes = OpusWishes()
    packet_ms: int = 20
    """What our packets hold: 10 to 60 in steps of 10."""
    send: bool = True
    """False for a=recvonly or a=inactive seen from our side."""
    receive: bool = True
    rtcp_port: int | None = None
    """RFC 3605; None: the port after RTP's."""
    rtcp_mux: bool = False
    """RTCP on RTP's port (RFC 5761)."""
    learns: bool = False
    """The peer may be behind a NAT: the first good packet's source is taken, if it is at ``address`` or at
    ``signalling_address``, and then held. Else nothing counts that is not from ``address`` and ``port``."""
    signalling_address: str | None = None
    srtp: SrtpKeys | None = None
    """None: RTP in clear."""
    dtmf: DtmfWay = DtmfWay.AUTO


class WebRtcPeer(msgspec.Struct, frozen=True, kw_only=True):
    """What a browser's leg carries, as negotiated."""

    codec: Codec
    payload_type: int
    dtmf_payload_type: int | None = None
    dtmf_clock_hz: int = 8000
    opus: OpusWishes = OpusWishes()
    remote_ufrag: str
    """The browser's ice-ufrag; a STUN check must name both (RFC 8445 7.2.2)."""
    remote_pwd: str = ""
    """Its ice-pwd: the browser is asked for consent wherever its checks seem to come from, and media goes there when it
    has answered (RFC 7675 5.1).  Empty: not known, and checks are believed."""
    send: bool = True
    """False when the browser does not want to hear us (a=sendonly or a=inactive of its offer)."""
    receive: bool = True
    ssrc: int | None = None
    """Ours towards it, as our description says (RFC 5576), the same for the leg's life; None: any."""


class VideoPeer(msgspec.Struct, frozen=True, kw_only=True):
    """The pictures of a browser's leg, as negotiated (one m=video in the bundle); they are only ever relayed."""

    codec: VideoCodec
    payload_type: int
    rtx_payload_type: int | None = None
    """Of retransmissions (RFC 4588)."""
    ssrc: int
    """Ours towards this browser, the same for the leg's life."""
    rtx_ssrc: int
    transport_cc_id: int = 0
    """Header extension (RFC 8285) with the transport-wide sequence number, 1 to 14; 0: not negotiated."""
    abs_send_time_id: int = 0
    nack: bool = False
    """Feedback (RFC 4585, RFC 5104) that the browser understands."""
    pli: bool = False
    fir: bool = False
    reduced_size: bool = False
    """It takes feedback without a report in front (RFC 5506)."""
    send: bool = True
    """Pictures may go to the browser."""
    receive: bool = True
    """Pictures are taken from it."""


class MediaEvent(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    leg: LegId


class DtlsReceived(MediaEvent, frozen=True, kw_only=True):
    """A DTLS record from an address that has passed a STUN check for this leg."""

    datagram: bytes


class IceConnected(MediaEvent, frozen=True, kw_only=True):
    """The browser nominated an address pair, moved to another one, or is back after `ConsentLost`."""

    address: str
    port: int


class MediaStarted(MediaEvent, frozen=True, kw_only=True):
    """The first valid RTP packet came in."""


class ConsentLost(MediaEvent, frozen=True, kw_only=True):
    """No STUN consent check for the consent time (RFC 7675: 30 s at most; configurable).

    Nothing more is sent to the browser until it nominates a pair again, after an ICE restart or without one.
    """


class DigitReceived(MediaEvent, frozen=True, kw_only=True):
    """A digit that the leg said: by RFC 4733, as tones, or by its signalling; reported once, at its end."""

    digit: str
    duration_ms: int
    blocked: bool = False
    """By `DtmfPolicy.BLOCK`: it must neither be shown nor kept."""


class DigitDue(MediaEvent, frozen=True, kw_only=True):
    """The leg is to be sent a digit by its signalling (`DtmfWay.SIGNALLING`)."""

    digit: str
    duration_ms: int


class QualityMeasured(MediaEvent, frozen=True, kw_only=True):
    """How a leg did since the last such event, every `media.quality_ms`, once it has sent something."""

    interval_ms: int
    packets_received: int
    packets_lost: int
    jitter_us: int
    round_trip_us: int | None
    """By RTCP, None until the other side has answered a report."""
    opinion: float
    """Mean opinion score (ITU-T G.107) of what the leg says, as it comes here."""
    far_loss: float | None
    """Share that the other side lost of what we sent, None until it reports."""
    far_opinion: float | None
    """Mean opinion score of what it hears."""


class AudioAlarmChanged(MediaEvent, frozen=True, kw_only=True):
    """An alarm began (``active``) or is over."""

    alarm: AudioAlarm
    active: bool
    after_ms: int
    """How long it had been so; when it is over, since the last sign of life."""


class SoundFinished(MediaEvent, frozen=True, kw_only=True):
    """A sound that was not looped played to its end (never sent for one that was stopped or replaced)."""

    sound: str
    """Of several, the last one."""


class AnnouncementFinished(MediaEvent, frozen=True, kw_only=True):
    """An announcement was spoken to its end; what was beneath it is coming back."""

    sound: str
    """Of several, the last one."""


class Background(enum.StrEnum):
    """What becomes of what a leg hears while an announcement is spoken over it; both come and go within 300 ms."""

    DUCKED = "ducked"
    """It goes on, 14 dB more softly: nobody in a conversation misses a word."""
    SILENT = "silent"
    """It is not heard. A sound waits and goes on where it was; what others say meanwhile is missed."""


class VideoStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """The same of a leg's pictures, and what was asked for about them."""

    packets_received: int = 0
    packets_sent: int = 0
    packets_lost: int = 0
    packets_dropped: int = 0
    key_frames: int = 0
    """That the browser sent."""
    key_requests: int = 0
    """That it was sent: PLI or FIR."""
    nacks: int = 0
    """Of this browser, passed on."""
    feedback_dropped: int = 0


class LegStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Packets as counted by RTP (RFC 3550 A.3); `dropped` are those that the plane itself had to throw away."""

    packets_received: int = 0
    packets_sent: int = 0
    packets_lost: int = 0
    packets_dropped: int = 0
    packets_rejected: int = 0
    """Failed authentication, came from a wrong source, or were malformed."""
    rejected_by: dict[str, int] = {}
    """The same by cause: ``size``, ``malformed``, ``source`` (not the peer's address), ``early`` (before keys or
    description), ``forged`` (SRTP that is not authentic), ``replayed``, ``payload`` (not negotiated), ``sequence``
    (numbered far off), ``stun`` (wrong credentials).  Causes that never came are left out."""
    jitter_us: int = 0
    buffer_ms: int = 0
    """How long the jitter buffer held what was heard last; 0 for a leg that never needed one."""
    round_trip_us: int | None = None
    """The last one, None when RTCP never told."""
    opinion: float | None = None
    """Mean opinion score of all that came, None when nothing did; see `QualityMeasured`."""
    video: VideoStatistics = VideoStatistics()
    """All zero without pictures."""


class LegClosed(MediaEvent, frozen=True, kw_only=True):
    """The last event of a leg."""

    statistics: LegStatistics


class CaptureFailed(MediaEvent, frozen=True, kw_only=True):
    """From here on what is said does not get into the capture file (at most once for each capture, and before its
    `CaptureFinished`).  The legs are as before; when there is room again, the file goes on and notes the loss."""

    path: str
    error: str
    """Disk full, no such folder, ..."""


class CaptureFinished(MediaEvent, frozen=True, kw_only=True):
    """A capture file is complete on disk (``leg`` is the left leg)."""

    path: str
    duration_ms: int
    frames_dropped: int
    error: str
    """Empty, or why it was cut short (disk full, ...)."""


MediaListener = Callable[[MediaEvent], None]


class MediaPlane(Protocol):
    """Legs are named by the plane.  All raise `CapacityError` at a limit; each says what else it raises."""

    @property
    def webrtc_addresses(self) -> list[tuple[str, int]]:
        """Where browsers reach any of the threads, as told to them: (address, port)."""
        ...

    def open_rtp_leg(
        self, listener: MediaListener, *, near: LegId | None = None, towards: str | None = None
    ) -> tuple[LegId, str, int]:
        """Bind a port pair for a SIP leg.  Returns leg, address and RTP port for our SDP.

        It receives nothing until `set_rtp_peer`.  ``near``: put it on the thread of that leg.  ``towards``: an address
        of the other side; the leg gets one of ours of the same family, or `UnreachableError` is raised: we have none.
        """
        ...

    def listen(self, leg: LegId, listener: MediaListener) -> None:
        """Add a listener beside the one given at opening (the edge opens a leg, the session listens too).

        Listeners are called in the order they were added and forgotten after `LegClosed` and the last
        `CaptureFinished`.  An unknown leg is ignored like any command to a closed one.
        """
        ...

    def set_rtp_peer(self, leg: LegId, peer: RtpPeer) -> None:
        """Start, or change after a re-INVITE, what the leg sends and receives.

        Packets are accepted from ``peer.address`` and ``peer.port`` only, or as ``peer.learns`` says.  Keys that are
        the same as before go on where they were; a replaced one opens what comes within the next 2 s.
        """
        ...

    def open_webrtc_leg(
        self, listener: MediaListener, *, ufrag: str, pwd: str, near: LegId | None = None
    ) -> tuple[LegId, list[tuple[str, int]]]:
        """Make a leg on the single browser port.  ``ufrag``/``pwd`` are ours (ICE-lite, RFC 8445).

        Returns the leg and the (address, port) candidates of its thread's ports, in order of preference.
        """
        ...

    def set_webrtc_peer(self, leg: LegId, peer: WebRtcPeer) -> None:
        """What the leg carries, the first time or after a further offer of the browser."""
        ...

    def restart_ice(self, leg: LegId, *, ufrag: str, pwd: str) -> None:
        """New credentials of ours (RFC 8445 9); the next `set_webrtc_peer` brings the browser's.

        Checks under the former ones hold, and sound goes on over the pair that they nominated, until the browser
        nominates a pair under the new ones.  Keys stay.
        """
        ...

    def set_video(self, leg: LegId, video: VideoPeer | None) -> None:
        """What pictures a browser's leg carries from now on; None: none any more.

        The other leg of its bridge sees them when it has the same codec, hears that bridge, and may be sent to: from
        the next key frame on, which is asked for.  A sound, `stop` and `unbridge` end pictures as they end sound.
        They are never recorded or mixed.
        """
        ...

    def set_srtp_keys(self, leg: LegId, keys: SrtpKeys) -> None:
        """From here on packets both ways are SRTP. A browser's leg drops every RTP packet before it; a SIP leg without
        keys speaks RTP in clear, with keys it takes nothing else."""
        ...

    def send_digits(self, leg: LegId, digits: str, *, tone_ms: int = 100, gap_ms: int = 60) -> None:
        """Send digits (0-9, *, #, A-D) one after the other, in place of sound, as the leg takes them.

        They wait while the leg is on hold.  At most 32 wait; what is too much is dropped and counted.  Other characters
        raise `ValueError`.
        """
        ...

    def say_digit(self, leg: LegId, digit: str, duration_ms: int) -> None:
        """A digit came by the leg's signalling (SIP INFO): it is reported and passed on as if the leg had said it."""
        ...

    def set_dtmf_policy(self, leg: LegId, policy: DtmfPolicy) -> None:
        """What becomes of the digits that the leg says; `DtmfPolicy.TRANSLATE` until told otherwise."""
        ...

    def send_dtls(self, leg: LegId, datagram: bytes) -> None:
        """To the nominated pair, or the last one that passed a check; dropped when there is none."""
        ...

    def play(self, leg: LegId, *sounds: str, loop: bool = False) -> None:
        """Play loaded sounds to the leg, one after another (1 to 64).  Replaces what it hears.

        What is looped goes on where this leg last left it: hold music is not heard from its beginning each time.
        Raises `NotFoundError` for a sound that is not loaded.
        """
        ...

    def announce(self, leg: LegId, *sounds: str, background: Background = Background.DUCKED) -> None:
        """Speak sounds over what the leg hears, be it music, the other side of its bridge or a conference.

        One at a time: a new announcement takes the place of the one before, without an event.  So does whatever gives
        the leg something else to hear (`play`, `stop`, `bridge` or `join` that changes what it hears).
        """
        ...

    def stop(self, leg: LegId) -> None:
        """Silence towards the leg."""
        ...

    def bridge(self, first: LegId, second: LegId) -> None:
        """Let the two hear each other: relay when codec and packet time agree, else mix.

        Ends earlier bridges; the two leave the conferences that they are in.
        """
        ...

    def unbridge(self, leg: LegId) -> None:
        """End the leg's bridge; both sides hear silence until told otherwise.  A member leaves its conference."""
        ...

    def name_conference(self, *, near: LegId | None = None) -> ConferenceId:
        """A name for a conference of legs that are near each other.

        It costs nothing while nobody is in it and needs no end.
        """
        ...

    def join(self, conference: ConferenceId, leg: LegId, *, heard_by: Collection[LegId] | None = None) -> None:
        """Bring the leg into the conference, or change by whom a member is heard: all (None), or these legs alone.

        A member hears every other member who may be heard by it.  So a supervisor listens with ``heard_by=[]``,
        whispers with ``heard_by=[agent]``, and barges in without it, changing from one to the other at any time.
        Two members who hear each other are relayed when they can be; the change to a mix and back is not heard.
        A member to whom a sound is played is still heard; `join` lets it hear the conference again.

        Raises `CapacityError` when the conference has 32 members.
        """
        ...

    def leave(self, leg: LegId) -> None:
        """Take the leg out of its conference; it hears silence, unless a sound plays to it."""
        ...

    def start_capture(self, left: LegId, right: LegId, path: str) -> None:
        """Write what the two legs say (not what they hear) to a capture file, see docs/reference/capture-format.md."""
        ...

    def pause_capture(self, left: LegId) -> None:
        """Time goes on in the file, sound does not."""
        ...

    def resume_capture(self, left: LegId) -> None: ...

    def stop_capture(self, left: LegId) -> None:
        """Finish the file; `CaptureFinished` follows at the left leg's listener, even after the leg closed."""
        ...

    def close_leg(self, leg: LegId) -> None:
        """Free the leg.  It leaves its bridge; its capture is finished first; `LegClosed` is its last event
        (but for a `CaptureFinished` that is still under way)."""
        ...
