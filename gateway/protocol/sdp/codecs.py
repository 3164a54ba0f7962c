"""What the formats of an m=audio line mean: rtpmap, fmtp, static payload types (RFC 3551), matched to our codecs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from gateway.model.ids import Codec
from gateway.model.media import OpusWishes
from gateway.protocol.sdp.description import Attribute, MediaDescription, SdpError


class NoCommonCodecError(SdpError):
    """Nothing in the offer that we can take: no audio at all, or none of our codecs.  SIP: 488 (RFC 3261 21.4.26)."""


class RtpFormat(msgspec.Struct, frozen=True, kw_only=True):
    """One payload type with its rtpmap and fmtp."""

    payload_type: int
    encoding: str
    """In lower case: encoding names ignore case (RFC 8866 6.6)."""
    clock_hz: int
    channels: int = 1
    parameters: str | None = None

    @property
    def label(self) -> str:
        """For messages."""
        return f"{self.encoding[:20]}/{self.clock_hz}"

    @property
    def meaning(self) -> tuple[str, int, int]:
        """What a payload type may not change in the course of a session (RFC 3264 8.3.2)."""
        return self.encoding, self.clock_hz, self.channels


_STATIC = {
    0: ("pcmu", 8000, 1),
    8: ("pcma", 8000, 1),
    9: ("g722", 8000, 1),
    13: ("cn", 8000, 1),
    18: ("g729", 8000, 1),
}

_CODECS = {
    (Codec.PCMU.value, 8000, 1): Codec.PCMU,
    (Codec.PCMA.value, 8000, 1): Codec.PCMA,
    (Codec.G722.value, 8000, 1): Codec.G722,
    (Codec.OPUS.value, 48000, 2): Codec.OPUS,
}

_OWN = {
    Codec.PCMU: (0, "PCMU/8000"),
    Codec.PCMA: (8, "PCMA/8000"),
    Codec.G722: (9, "G722/8000"),
    Codec.OPUS: (96, "opus/48000/2"),
}
"""Payload type in our own offers, and how the rtpmap is written: opus is always /48000/2 (RFC 7587 7), G.722 always
/8000 though it samples at 16 kHz (RFC 3551 4.5.2)."""

_OWN_CLOCK_HZ = {Codec.PCMU: 8000, Codec.PCMA: 8000, Codec.G722: 8000, Codec.OPUS: 48000}

NARROWBAND = frozenset({Codec.PCMU, Codec.PCMA})
PACKET_MS = dict.fromkeys(Codec, (10, 20, 30, 40, 50, 60)) | {Codec.OPUS: (10, 20, 40, 60)}
"""What our packets can hold (an Opus frame has no other lengths of those; RFC 6716 2.1.4)."""

OWN_DTMF = RtpFormat(payload_type=101, encoding="telephone-event", clock_hz=8000)
OWN_DTMF_48K = RtpFormat(payload_type=102, encoding="telephone-event", clock_hz=48000)
"""Beside Opus: RFC 4733 2.1 wants the clock of the codec."""
DTMF_EVENTS = "0-15"

OPUS_PARAMETERS = "minptime=10;useinbandfec=1"
"""RFC 7587 6.1.  Mono is the default; FEC lets the receiver mend single losses."""
_OPUS_BITRATES = range(6000, 510_001)
_OPUS_RATES = range(8000, 48_001)

_DYNAMIC = range(96, 128)
_LIKE_RTCP = range(64, 96)
"""Payload types that look like RTCP where the marker bit is set (RFC 5761 4); the plane looks for it on all ports."""

_RTPMAP = re.compile(r"([0-9]{1,3}) +([!-.0-~]+)/([0-9]{1,6})(?:/([0-9]{1,3}))? *", re.ASCII)
_FMTP = re.compile(r"([0-9]{1,3}) +(\S.*)", re.ASCII)


def rtp_formats(media: MediaDescription) -> list[RtpFormat]:
    """The formats of an RTP section in its order, each once.

    Payload types without a known meaning, and those that look like RTCP, are left out.
    """
    maps: dict[int, tuple[str, int, int]] = {}
    for value in media.all("rtpmap"):
        match = _RTPMAP.fullmatch(value)
        if not match:
            raise SdpError(f"bad a=rtpmap: {value[:60]!r}")
        payload_type, encoding, clock, channels = match.groups()
        maps[int(payload_type)] = (encoding.lower(), int(clock), int(channels or 1))
    parameters: dict[int, str] = {}
    for value in media.all("fmtp"):
        # Other fmtp shapes belong to formats that are not ours; only those that can be read are kept.
        if match := _FMTP.fullmatch(value):
            parameters[int(match[1])] = match[2]
    formats = []
    # Each once: the m= line may name one payload type many times, and what comes of each time is read again.
    for text in dict.fromkeys(media.formats):
        if not (text.isascii() and text.isdigit()) or len(text) > 3 or int(text) > 127:
            raise SdpError(f"format of an RTP section is not a payload type from 0 to 127: {text[:20]!r}")
        number = int(text)
        meaning = maps.get(number) or _STATIC.get(number)
        if meaning is not None and number not in _LIKE_RTCP:
            formats.append(
                RtpFormat(
                    payload_type=number,
                    encoding=meaning[0],
                    clock_hz=meaning[1],
                    channels=meaning[2],
                    parameters=parameters.get(number),
                )
            )
    return formats


def codec_of(rtp_format: RtpFormat) -> Codec | None:
    return _CODECS.get(rtp_format.meaning)


def find_noise(formats: Sequence[RtpFormat], codec: Codec) -> int | None:
    """Payload type of comfort noise (RFC 3389) to use with the codec: with G.711 alone, whose clock it has and whose
    bandwidth.  (Opus has its own; G.722's noise would have to be twice as wide.)
    """
    if codec not in NARROWBAND:
        return None
    return next((f.payload_type for f in formats if f.encoding == "cn" and f.clock_hz == 8000), None)


def opus_wishes(rtp_format: RtpFormat) -> OpusWishes:
    """What an fmtp says of the Opus that its sender wants to hear (RFC 7587 6.1).  Nonsense counts as not said."""
    found = {}
    for parameter in (rtp_format.parameters or "").split(";"):
        name, _, value = parameter.partition("=")
        found[name.strip().lower()] = value.strip()
    return OpusWishes(
        fec=found.get("useinbandfec") == "1",
        dtx=found.get("usedtx") == "1",
        bitrate_max=_number(found.get("maxaveragebitrate"), _OPUS_BITRATES),
        playback_hz=_number(found.get("maxplaybackrate"), _OPUS_RATES),
    )


def _number(text: str | None, within: range) -> int | None:
    if text is None or not re.fullmatch(r"[0-9]{1,7}", text, re.ASCII):
        return None  # and not asked of the range: one of half a million is gone through for what is no integer
    return int(text) if int(text) in within else None


def find_dtmf(formats: Sequence[RtpFormat], codec: Codec) -> RtpFormat | None:
    """telephone-event at the codec's clock, which RFC 4733 2.1 demands, or else at 8000 Hz.

    Some (Firefox, baresip) offer no other clock even with Opus.
    """
    clock_hz = _OWN_CLOCK_HZ[codec]
    events = [f for f in formats if f.encoding == "telephone-event" and f.clock_hz in (clock_hz, 8000)]
    return min(events, key=lambda f: f.clock_hz != clock_hz, default=None)


def own_format(codec: Codec) -> RtpFormat:
    """As in our own offers."""
    encoding, clock_hz, channels = next(meaning for meaning, known in _CODECS.items() if known is codec)
    return RtpFormat(payload_type=_OWN[codec][0], encoding=encoding, clock_hz=clock_hz, channels=channels)


def number_formats(wanted: Sequence[RtpFormat], known: Mapping[int, RtpFormat]) -> list[RtpFormat]:
    """The formats with payload types that contradict nothing said earlier in the session (RFC 3264 8.3.2).

    ``known``: what numbers mean already.  A format of that meaning gets that number; another one its own, or when that
    is taken a free one; it is left out when there is none.
    """
    meant = {rtp_format.meaning: number for number, rtp_format in reversed([*known.items()])}
    reserved = {*known, *(rtp_format.payload_type for rtp_format in wanted)}
    free = (number for number in _DYNAMIC if number not in reserved)
    numbered = []
    for rtp_format in wanted:
        number: int | None = meant.get(rtp_format.meaning, rtp_format.payload_type)
        if number in known and rtp_format.meaning not in meant:
            number = next(free, None)
        if number is not None:
            numbered.append(msgspec.structs.replace(rtp_format, payload_type=number))
    return numbered


def codec_attributes(codec: Codec, payload_type: int) -> list[Attribute]:
    """rtpmap and fmtp lines of a codec."""
    attributes = [Attribute("rtpmap", f"{payload_type} {_OWN[codec][1]}")]
    if codec is Codec.OPUS:
        attributes.append(Attribute("fmtp", f"{payload_type} {OPUS_PARAMETERS}"))
    return attributes


def noise_attributes(payload_type: int) -> list[Attribute]:
    """The rtpmap line of comfort noise."""
    return [Attribute("rtpmap", f"{payload_type} CN/8000")]


def dtmf_attributes(payload_type: int, clock_hz: int) -> list[Attribute]:
    """rtpmap and fmtp lines of telephone-event."""
    return [
        Attribute("rtpmap", f"{payload_type} telephone-event/{clock_hz}"),
        Attribute("fmtp", f"{payload_type} {DTMF_EVENTS}"),
    ]
