"""Answers to browsers (RFC 8829): one bundled m=audio, one m=video where that is allowed, ICE-lite, DTLS passive, one
codec each; everything else is refused.

The answer names one codec only, so that the browser sends just that and the plane never sees a surprise.  Comfort noise
is not accepted: a browser that may send it cuts its speech by voice activity, and soft beginnings of words with it.
For sound no RTP header extension and no RTCP feedback is accepted: the plane reads neither, and each costs bytes in
every packet.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from gateway.model.ids import Codec
from gateway.model.media import OpusWishes, VideoPeer, WebRtcPeer
from gateway.protocol.sdp.codecs import (
    NoCommonCodecError,
    RtpFormat,
    codec_attributes,
    codec_of,
    dtmf_attributes,
    find_dtmf,
    opus_wishes,
    rtp_formats,
)
from gateway.protocol.sdp.description import (
    Attribute,
    Connection,
    MediaDescription,
    Origin,
    SdpError,
    SessionDescription,
)
from gateway.protocol.sdp.text import print_description
from gateway.protocol.sdp.video import VideoAnswer, VideoTerms, answer_video, find_video

_PROTOCOLS = frozenset({"UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP"})
_UFRAG = re.compile(r"[A-Za-z0-9+/]{4,256}", re.ASCII)  # RFC 8839 5.4
_PWD = re.compile(r"[A-Za-z0-9+/]{22,256}", re.ASCII)
_FINGERPRINT = re.compile(r"([A-Za-z0-9-]{1,16}) +([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})*)", re.ASCII)
_DIGEST_BYTES = {"sha-256": 32, "sha-384": 48, "sha-512": 64}
"""Hashes that we verify; RFC 8122 5 forbids MD2 and MD5, and SHA-1 is no longer worth trusting."""
_FINGERPRINTS_MAX = 8


class Fingerprint(msgspec.Struct, frozen=True):
    """``a=fingerprint`` (RFC 8122 5): hash name in lower case, value as upper-case hex pairs with colons."""

    algorithm: str
    value: str


class BrowserAnswer(msgspec.Struct, frozen=True, kw_only=True):
    sdp: str
    peer: WebRtcPeer
    fingerprints: tuple[Fingerprint, ...]
    """Of the browser's certificate; the one that DTLS shows must match all of them."""
    audio: int
    """Which section, from 0, is the audio that was answered."""
    video: VideoPeer | None = None
    """Pictures as answered; None: refused, or not offered."""


def answer_browser(
    offer: SessionDescription,
    *,
    ufrag: str,
    pwd: str,
    fingerprints: Sequence[Fingerprint],
    candidates: Sequence[tuple[str, int]],
    codecs: Sequence[Codec],
    session_id: int,
    version: int = 1,
    video: VideoTerms | None = None,
    ssrc: int | None = None,
) -> BrowserAnswer:
    """Answer a browser's offer, the first one of a connection or a later one.

    The first of ``codecs`` (our preference) that the browser offers is the answer's only codec, beside
    telephone-event.  ``candidates`` are host addresses in order of preference.  ``session_id`` stays the same for one
    connection, ``version`` grows with each answer that differs (RFC 8829 5.3.2).  ``ssrc`` is of our sound:
    Janus drops packets of an SSRC that it was not told of and that have no mid.  Raises `NoCommonCodecError` when
    there is no audio or no codec in common and `SdpError` when the offer lacks what WebRTC demands.
    """
    assert candidates, "an ICE-lite answer needs a candidate"
    _check_mids(offer)
    audio, codec, chosen, dtmf = _choose_audio(offer, codecs)
    payload_type = chosen.payload_type
    remote_ufrag, remote_pwd, remote_fingerprints = _read_transport(offer, audio)
    mid = audio.first("mid")
    direction = offer.direction_of(audio)
    receive = direction in ("sendrecv", "sendonly")
    send = direction in ("sendrecv", "recvonly")
    formats = [payload_type] if dtmf is None else [payload_type, dtmf.payload_type]
    address, port = candidates[0]
    bundle = next((group for group in _bundles(offer) if mid in group), [])
    pictures = find_video(offer, bundle, _PROTOCOLS) if video is not None and video.codecs else None
    cname = "zentrale" if ssrc is None else f"z{ssrc:08x}"  # as in our RTCP
    answered_video = (
        None if video is None or pictures is None else answer_video(offer, pictures, video, cname=cname, taken=formats)
    )
    taken = None if answered_video is None else pictures
    transport = [
        Attribute("setup", "passive"),
        *(Attribute("fingerprint", f"{f.algorithm} {f.value}") for f in fingerprints),
        Attribute("ice-ufrag", ufrag),
        Attribute("ice-pwd", pwd),
    ]
    attributes = [
        *([Attribute("mid", mid)] if mid is not None else []),
        Attribute(_own_direction(send, receive)),
        Attribute("rtcp-mux"),
        *([Attribute("rtcp-rsize")] if audio.has("rtcp-rsize") else []),
        *codec_attributes(codec, payload_type),
        *(dtmf_attributes(dtmf.payload_type, dtmf.clock_hz) if dtmf else []),
        Attribute("ptime", "20"),
        *transport,
        *([Attribute("msid", "zentrale audio")] if send else []),
        *([Attribute("ssrc", f"{ssrc} cname:{cname}")] if send and ssrc is not None else []),
    ]
    ways = (*_candidate_attributes(candidates), Attribute("end-of-candidates"))
    answered = MediaDescription(
        kind="audio",
        port=port,
        protocol=audio.protocol,
        formats=tuple(str(number) for number in formats),
        connections=(Connection.of(address),),
        attributes=tuple(attributes),
    )
    sections = {mid: answered}
    if taken is not None and answered_video is not None:
        sections[taken.first("mid")] = _video_section(taken, answered_video, answered, transport)
    # RFC 9143 7.3: in the order of the offer's group, without what is refused; the first one has the candidates.
    bundled = [word for word in bundle if word in sections]
    tagged = bundled[0] if bundled else mid
    sections[tagged] = msgspec.structs.replace(sections[tagged], attributes=sections[tagged].attributes + ways)
    description = SessionDescription(
        # RFC 8829 5.2.1: the address in o= is meaningless and should tell nothing.
        origin=Origin(session_id=str(session_id), version=str(version), address="127.0.0.1"),
        attributes=(
            Attribute("ice-lite"),
            Attribute("ice-options", "ice2"),  # RFC 8445 10: who speaks it says so
            *([Attribute("group", f"BUNDLE {' '.join(bundled)}")] if bundled else []),
            Attribute("msid-semantic", " WMS zentrale"),
        ),
        media=tuple(
            sections[media.first("mid")] if media is audio or media is taken else _refuse(media)
            for media in offer.media
        ),
    )
    peer = WebRtcPeer(
        codec=codec,
        payload_type=payload_type,
        dtmf_payload_type=dtmf.payload_type if dtmf else None,
        dtmf_clock_hz=dtmf.clock_hz if dtmf else 8000,
        opus=opus_wishes(chosen) if codec is Codec.OPUS else OpusWishes(),
        remote_ufrag=remote_ufrag,
        remote_pwd=remote_pwd,
        send=send,
        receive=receive,
        ssrc=ssrc,
    )
    return BrowserAnswer(
        sdp=print_description(description),
        peer=peer,
        fingerprints=remote_fingerprints,
        audio=offer.media.index(audio),
        video=None if answered_video is None else answered_video.peer,
    )


def _check_mids(offer: SessionDescription) -> None:
    """What is answered, and which sections share a path, is told by them."""
    mids = [mid for media in offer.media if (mid := media.first("mid")) is not None]
    for mid in mids:
        if mids.count(mid) > 1:
            raise SdpError(f"a=mid:{mid[:40]} names two sections (RFC 5888 4)")


def _choose_audio(
    offer: SessionDescription, codecs: Sequence[Codec]
) -> tuple[MediaDescription, Codec, RtpFormat, RtpFormat | None]:
    found = []
    for media in offer.media:
        # Port 0 with a=bundle-only is an offer like any other (RFC 9143 7.2.1), without it a refusal.
        alive = media.port != 0 or media.has("bundle-only")
        if media.kind != "audio" or not alive or media.protocol not in _PROTOCOLS:
            continue
        formats = rtp_formats(media)
        for codec in codecs:
            for rtp_format in formats:
                if codec_of(rtp_format) is codec:
                    return media, codec, rtp_format, find_dtmf(formats, codec)
        found += [f.label for f in formats]
    if found:
        raise NoCommonCodecError(f"no common codec: browser has {', '.join(found[:16])}; here {', '.join(codecs)}")
    raise NoCommonCodecError("no m=audio section over UDP/TLS/RTP/SAVPF in the offer")


def _read_transport(offer: SessionDescription, audio: MediaDescription) -> tuple[str, str, tuple[Fingerprint, ...]]:
    """ICE and DTLS parameters of the bundle; a section that may leave them out shares those of the tagged one."""
    sources = [audio, *_tagged(offer, audio)]
    if not any(media.has("rtcp-mux") for media in sources):
        raise SdpError("m=audio has no a=rtcp-mux; WebRTC demands it (RFC 8834 4.5)")
    ufrag = _transport_value(offer, sources, "ice-ufrag")
    pwd = _transport_value(offer, sources, "ice-pwd")
    if not _UFRAG.fullmatch(ufrag):
        raise SdpError(f"bad a=ice-ufrag: {ufrag[:40]!r}")
    if not _PWD.fullmatch(pwd):
        raise SdpError("bad a=ice-pwd: 22 to 256 letters, digits, + or / are allowed")
    setup = _transport_value(offer, sources, "setup")
    if setup not in ("actpass", "active"):
        raise SdpError(f"a=setup:{setup[:20]} can't be answered passive; offer actpass (RFC 8842 5.2)")
    for media in sources:
        if values := list(media.all("fingerprint")):
            return ufrag, pwd, _read_fingerprints(values)
    return ufrag, pwd, _read_fingerprints(list(offer.all("fingerprint")))


def _tagged(offer: SessionDescription, audio: MediaDescription) -> list[MediaDescription]:
    mid = audio.first("mid")
    for group in _bundles(offer):
        if mid in group:
            return [media for media in offer.media if media.first("mid") == group[0] and media is not audio]
    return []


def _bundles(offer: SessionDescription) -> list[list[str]]:
    groups = (value.split() for value in offer.all("group"))
    return [list(dict.fromkeys(words[1:])) for words in groups if len(words) > 1 and words[0] == "BUNDLE"]


def _transport_value(offer: SessionDescription, sources: Sequence[MediaDescription], name: str) -> str:
    for media in sources:
        if (value := media.first(name)) is not None:
            return value
    value = offer.first(name)
    if value is None:
        raise SdpError(f"no a={name} in m=audio, its bundle or the session")
    return value


def _read_fingerprints(values: Sequence[str]) -> tuple[Fingerprint, ...]:
    if len(values) > _FINGERPRINTS_MAX:
        raise SdpError(f"more than {_FINGERPRINTS_MAX} a=fingerprint lines")
    fingerprints = []
    for value in values:
        match = _FINGERPRINT.fullmatch(value.strip())
        if not match:
            raise SdpError(f"bad a=fingerprint: {value[:40]!r}")
        algorithm, digest = match[1].lower(), match[2].upper()
        size = _DIGEST_BYTES.get(algorithm)
        if size is None:
            continue
        if len(digest) != 3 * size - 1:
            raise SdpError(f"a=fingerprint:{algorithm} has not {size} bytes")
        fingerprints.append(Fingerprint(algorithm, digest))
    if not fingerprints:
        raise SdpError("no a=fingerprint with sha-256, sha-384 or sha-512")
    return tuple(fingerprints)


def _own_direction(send: bool, receive: bool) -> str:
    if send:
        return "sendrecv" if receive else "sendonly"
    return "recvonly" if receive else "inactive"


def _candidate_attributes(candidates: Sequence[tuple[str, int]]) -> list[Attribute]:
    lines = []
    for index, (address, port) in enumerate(candidates):
        # RFC 8445 5.1.2.1: type preference 126 for host, local preference falling, component 1.
        priority = (126 << 24) | ((65_535 - index) << 8) | 255
        lines.append(Attribute("candidate", f"{index + 1} 1 udp {priority} {address} {port} typ host"))
    return lines


def _video_section(
    offered: MediaDescription, answer: VideoAnswer, audio: MediaDescription, transport: Sequence[Attribute]
) -> MediaDescription:
    """On the same port and path as the sound; candidates stand there."""
    mid = offered.first("mid")
    assert mid is not None, "it is in the bundle"
    direction = Attribute(_own_direction(answer.peer.send, answer.peer.receive))
    return MediaDescription(
        kind="video",
        port=audio.port,
        protocol=offered.protocol,
        formats=answer.formats,
        connections=audio.connections,
        attributes=(Attribute("mid", mid), direction, Attribute("rtcp-mux"), *answer.attributes, *transport),
    )


def _refuse(media: MediaDescription) -> MediaDescription:
    """Port 0 and outside the bundle (RFC 9143 7.3.3); the mid stays, browsers match sections by it."""
    mid = media.first("mid")
    attributes = [Attribute("mid", mid)] if mid is not None else []
    return MediaDescription(
        kind=media.kind,
        port=0,
        protocol=media.protocol,
        formats=media.formats,
        connections=(Connection.of("0.0.0.0"),),
        attributes=(*attributes, Attribute("inactive")),
    )
