"""Types of the native plane; see ``_plane.pyx``."""

from collections.abc import Collection
from typing import Any

VP8: int
H264: int

PCMU: int
PCMA: int
OPUS: int
G722: int

OK: int
NO_LEG: int
LEGS_FULL: int
PORTS_FULL: int
NO_SOCKET: int
COMMANDS_FULL: int
NO_MEMORY: int
BAD_ADDRESS: int
BAD_KEYS: int
OTHER_THREAD: int

EVENT_DTLS: int
EVENT_ICE_CONNECTED: int
EVENT_MEDIA_STARTED: int
EVENT_CONSENT_LOST: int
EVENT_DIGIT: int
EVENT_DIGIT_DUE: int
EVENT_QUALITY: int
EVENT_ALARM: int
DTMF_AUTO: int
DTMF_TONES: int
DTMF_SIGNALLING: int
DTMF_TRANSLATE: int
DTMF_RELAY: int
DTMF_BLOCK: int
ALARM_SILENCE: int
ALARM_ONE_WAY: int
EVENT_SOUND_FINISHED: int
EVENT_ANNOUNCEMENT_FINISHED: int
EVENT_LEG_CLOSED: int
EVENT_CAPTURE_FAILED: int
EVENT_CAPTURE_FINISHED: int

UFRAG_MAX: int
PWD_MAX: int
LEGS_MAX: int
THREADS_MAX: int
SOUNDS_MAX: int
SOUNDS_MS_MAX: int
PLAYLIST_MAX: int
MEMBERS_MAX: int
COMMANDS_MAX: int
ADDRESSES_MAX: int

def machine_addresses(ipv6: bool) -> list[str]: ...

Video = tuple[int, int, int, int, int, int, int, bool, bool, bool, bool, bool, bool]
Media = tuple[int, int, int, int, int, bool, bool, int, bool, bool, int, int, int, int]

class NativePlane:
    def __init__(
        self,
        *,
        addresses: list[bytes],
        rtp_port_first: int,
        rtp_port_last: int,
        webrtc_port: int,
        threads: int,
        consent_ms: int,
        legs_max: int,
        commands_max: int,
        quality_ms: int,
        silence_ms: int,
        one_way_ms: int,
        opus_bitrate: int,
        opus_complexity: int,
        opus_dtx: bool,
        realtime: bool,
    ) -> None: ...
    def stop(self) -> None: ...
    @property
    def priority_error(self) -> int: ...
    @property
    def event_fd(self) -> int: ...
    def take_events(self) -> list[tuple[int, int, Any]]: ...
    def statistics(self) -> list[dict[str, Any]]: ...
    def events_refused(self) -> int: ...
    def add_sound(self, path: bytes) -> tuple[int, int]: ...
    def webrtc_ports(self) -> list[list[int]]: ...
    def open_rtp_leg(self, near: int, towards: bytes | None) -> tuple[int, int, int, int]: ...
    def add_pcm(self, pcm: bytes, rate: int) -> tuple[int, int]: ...
    def open_webrtc_leg(self, near: int, ufrag: bytes, pwd: bytes) -> tuple[int, int, int]: ...
    def set_rtp_peer(
        self,
        leg: int,
        address: bytes,
        port: int,
        media: Media,
        *,
        rtcp_port: int,
        signalling: bytes | None,
        rtcp_mux: bool,
        learns: bool,
        secure: bool,
    ) -> int: ...
    def set_webrtc_peer(self, leg: int, remote_ufrag: bytes, remote_pwd: bytes, media: Media) -> int: ...
    def set_video(self, leg: int, video: Video | None) -> int: ...
    def restart_ice(self, leg: int, ufrag: bytes, pwd: bytes) -> int: ...
    def set_srtp_keys(self, leg: int, profile: bytes, send: bytes, receive: bytes) -> int: ...
    def send_digits(self, leg: int, digits: bytes, tone_ms: int, gap_ms: int) -> int: ...
    def say_digit(self, leg: int, digit: str, duration_ms: int) -> int: ...
    def set_dtmf_policy(self, leg: int, policy: int) -> int: ...
    def send_dtls(self, leg: int, datagram: bytes) -> int: ...
    def play(self, leg: int, sounds: list[int], loop: bool) -> int: ...
    def announce(self, leg: int, sounds: list[int], replaces: bool) -> int: ...
    def stop_sound(self, leg: int) -> int: ...
    def bridge(self, first: int, second: int) -> int: ...
    def unbridge(self, leg: int) -> int: ...
    def name_conference(self, near: int) -> int: ...
    def join(self, conference: int, leg: int, heard_by: Collection[int] | None) -> int: ...
    def leave(self, leg: int) -> int: ...
    def start_capture(self, left: int, right: int, path: bytes) -> int: ...
    def pause_capture(self, left: int) -> int: ...
    def resume_capture(self, left: int) -> int: ...
    def stop_capture(self, left: int) -> int: ...
    def close_leg(self, leg: int) -> int: ...
