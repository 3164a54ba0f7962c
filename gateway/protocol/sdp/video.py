"""Pictures in answers to browsers: one m=video in the bundle, one codec, RTX, and the feedback that we translate.

What is accepted is what the plane passes on: VP8 (RFC 7741) or H.264 constrained baseline in packetization mode 1
(RFC 6184), RTX (RFC 4588), NACK and PLI (RFC 4585), FIR (RFC 5104), the transport-wide sequence number with its
feedback, and REMB with the absolute send time.  NACK is accepted together with RTX only: a repetition under the old
sequence number would be a replay for SRTP (RFC 3711 3.3.2), and under AES-GCM the same nonce twice (RFC 7714 8.3).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import msgspec

from gateway.model.ids import VideoCodec
from gateway.model.media import VideoPeer
from gateway.protocol.sdp.codecs import RtpFormat, rtp_formats
from gateway.protocol.sdp.description import Attribute, MediaDescription, SessionDescription

TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
H264_PARAMETERS = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"
"""Constrained baseline, level 3.1: 1280 by 720 at 30 a second (RFC 7742 6.2)."""

_CLOCK_HZ = 90_000
_RTPMAP = {VideoCodec.VP8: "VP8/90000", VideoCodec.H264: "H264/90000"}
_EXTMAP = re.compile(r"([0-9]{1,2})(?:/sendrecv)? +(\S+)(?: .*)?", re.ASCII)
"""One way only (RFC 8285 5) is not for us: we pass on in both."""
_PROFILE = re.compile(r"[0-9a-f]{6}", re.ASCII)
_CONSTRAINED_BASELINE = (0x42, 0x40)
"""profile_idc, and constraint_set1_flag in profile-iop (RFC 6184 8.1)."""


class VideoTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a browser's connection may carry of pictures."""

    codecs: tuple[VideoCodec, ...]
    """In order of preference; none: m=video is refused."""
    ssrc: int
    """Ours towards this browser, the same for its connection's life."""
    rtx_ssrc: int
    transport_cc: bool = True
    """False when the other side can't speak of transport-wide sequence numbers; then both estimate by REMB."""


class VideoAnswer(msgspec.Struct, frozen=True, kw_only=True):
    formats: tuple[str, ...]
    attributes: tuple[Attribute, ...]
    """Of the section, but for mid and transport."""
    peer: VideoPeer


def find_video(offer: SessionDescription, bundle: Sequence[str], protocols: Collection[str]) -> MediaDescription | None:
    """The m=video that may be answered: the first that is offered (RFC 9143 7.2.1), and in the bundle of the audio."""
    for media in offer.media:
        offered = media.kind == "video" and (media.port != 0 or media.has("bundle-only"))
        if offered and media.protocol in protocols and media.first("mid") in bundle:
            return media
    return None


def answer_video(
    offer: SessionDescription, media: MediaDescription, terms: VideoTerms, *, cname: str, taken: Sequence[int] = ()
) -> VideoAnswer | None:
    """Answer an m=video section; None when there is no codec in common.  Raises `SdpError` for a malformed one.

    ``cname``: the one of our sound; what is played in step has one (RFC 8834 4.9).  ``taken``: payload types of the
    sound in the same bundle; one can't mean two things (RFC 9143 9.1).
    """
    formats = [f for f in rtp_formats(media) if f.payload_type not in taken]
    chosen = _choose(formats, terms.codecs)
    if chosen is None:
        return None
    codec, number = chosen
    rtx = _retransmission(formats, number)
    feedback = _feedback(media, number)
    extensions = _extensions(media)
    transport_cc = terms.transport_cc and "transport-cc" in feedback and TRANSPORT_CC in extensions
    remb = "goog-remb" in feedback and ABS_SEND_TIME in extensions
    direction = offer.direction_of(media)
    peer = VideoPeer(
        codec=codec,
        payload_type=number,
        rtx_payload_type=rtx,
        ssrc=terms.ssrc,
        rtx_ssrc=terms.rtx_ssrc,
        transport_cc_id=extensions[TRANSPORT_CC] if transport_cc else 0,
        abs_send_time_id=extensions[ABS_SEND_TIME] if remb else 0,
        nack="nack" in feedback and rtx is not None,
        pli="nack pli" in feedback,
        fir="ccm fir" in feedback,
        reduced_size=media.has("rtcp-rsize"),
        send=direction in ("sendrecv", "recvonly"),
        receive=direction in ("sendrecv", "sendonly"),
    )
    return VideoAnswer(
        formats=(str(number),) if rtx is None else (str(number), str(rtx)),
        attributes=(*_codec_attributes(peer), *_feedback_attributes(peer), *_stream_attributes(peer, cname)),
        peer=peer,
    )


def _choose(formats: Sequence[RtpFormat], codecs: Sequence[VideoCodec]) -> tuple[VideoCodec, int] | None:
    for codec in codecs:
        for rtp_format in formats:
            if rtp_format.clock_hz == _CLOCK_HZ and rtp_format.encoding == codec.value and _fits(codec, rtp_format):
                return codec, rtp_format.payload_type
    return None


def _fits(codec: VideoCodec, rtp_format: RtpFormat) -> bool:
    if codec is VideoCodec.VP8:
        return True
    parameters = _parameters(rtp_format)
    profile = parameters.get("profile-level-id", "").lower()
    if parameters.get("packetization-mode") != "1" or not _PROFILE.fullmatch(profile):
        return False
    idc, constraint = _CONSTRAINED_BASELINE
    return int(profile[:2], 16) == idc and bool(int(profile[2:4], 16) & constraint)


def _parameters(rtp_format: RtpFormat) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in (rtp_format.parameters or "").split(";"))
    return {name.lower(): value for name, _, value in pairs if name}


def _retransmission(formats: Sequence[RtpFormat], number: int) -> int | None:
    for rtp_format in formats:
        if rtp_format.encoding == "rtx" and _parameters(rtp_format).get("apt") == str(number):
            return rtp_format.payload_type
    return None


def _feedback(media: MediaDescription, number: int) -> frozenset[str]:
    """What ``a=rtcp-fb`` says about the payload type (RFC 4585 4.2)."""
    found = (value.split(maxsplit=1) for value in media.all("rtcp-fb"))
    return frozenset(words[1].strip() for words in found if len(words) == 2 and words[0] in ("*", str(number)))


def _extensions(media: MediaDescription) -> dict[str, int]:
    """URI to id, those of one octet (RFC 8285 4.2 and 5).  An id that means two things means the first."""
    found: dict[int, str] = {}
    for value in media.all("extmap"):
        if (match := _EXTMAP.fullmatch(value)) and 1 <= int(match[1]) <= 14:
            found.setdefault(int(match[1]), match[2])
    return {uri: number for number, uri in found.items()}


def _codec_attributes(peer: VideoPeer) -> list[Attribute]:
    attributes = [Attribute("rtpmap", f"{peer.payload_type} {_RTPMAP[peer.codec]}")]
    if peer.codec is VideoCodec.H264:
        attributes.append(Attribute("fmtp", f"{peer.payload_type} {H264_PARAMETERS}"))
    if peer.rtx_payload_type is not None:
        attributes.append(Attribute("rtpmap", f"{peer.rtx_payload_type} rtx/90000"))
        attributes.append(Attribute("fmtp", f"{peer.rtx_payload_type} apt={peer.payload_type}"))
    return attributes


def _feedback_attributes(peer: VideoPeer) -> list[Attribute]:
    accepted = [
        ("transport-cc", peer.transport_cc_id != 0),
        ("goog-remb", peer.abs_send_time_id != 0),
        ("ccm fir", peer.fir),
        ("nack", peer.nack),
        ("nack pli", peer.pli),
    ]
    extensions = [(peer.transport_cc_id, TRANSPORT_CC), (peer.abs_send_time_id, ABS_SEND_TIME)]
    return [
        *(Attribute("rtcp-fb", f"{peer.payload_type} {name}") for name, taken in accepted if taken),
        *(Attribute("extmap", f"{number} {uri}") for number, uri in extensions if number),
        *([Attribute("rtcp-rsize")] if peer.reduced_size else []),
    ]


def _stream_attributes(peer: VideoPeer, cname: str) -> list[Attribute]:
    """Our streams: the same msid as the sound's, so that the two are played in step (RFC 8830)."""
    if not peer.send:
        return []
    attributes = [Attribute("msid", "zentrale video")]
    ssrcs = [peer.ssrc]
    if peer.rtx_payload_type is not None:
        ssrcs.append(peer.rtx_ssrc)
        attributes.append(Attribute("ssrc-group", f"FID {peer.ssrc} {peer.rtx_ssrc}"))
    return [*attributes, *(Attribute("ssrc", f"{ssrc} cname:{cname}") for ssrc in ssrcs)]
