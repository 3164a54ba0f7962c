"""Audio offer/answer with SIP peers (RFC 3264): one m=audio over RTP, one codec, telephone-event, comfort noise, hold,
SRTP with keys in the SDP.

The answer names exactly one codec: the plane's legs carry one, and a peer that could choose again mid-call would only
find silence.  What else was offered (video, fax, a second audio) is refused with port 0, never an error.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from gateway.model.ids import Codec
from gateway.model.media import OpusWishes, RtpPeer, SrtpKeys
from gateway.protocol.sdp.codecs import (
    OWN_DTMF,
    OWN_DTMF_48K,
    PACKET_MS,
    NoCommonCodecError,
    RtpFormat,
    codec_attributes,
    codec_of,
    dtmf_attributes,
    find_dtmf,
    find_noise,
    noise_attributes,
    number_formats,
    opus_wishes,
    own_format,
    rtp_formats,
)
from gateway.protocol.sdp.crypto import (
    CLEAR,
    SECURE_PROTOCOLS,
    SrtpTerms,
    accept_crypto,
    answer_crypto,
    is_secure,
    offer_crypto,
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

OWN_PACKET_MS = 20
"""What we like, and what counts when nothing is said (RFC 3551 4.2)."""
PACKET_MS_LONGEST = 60
"""What we let the other side put into a packet (a=maxptime, RFC 8866 6.4): a loss of more can't be concealed."""

_PROTOCOLS = frozenset({"RTP/AVP", "RTP/AVPF"})


def answer_audio(
    offer: SessionDescription,
    *,
    address: str,
    port: int,
    codecs: Sequence[Codec],
    session_id: int,
    version: int = 1,
    own_order: bool = False,
    srtp: SrtpTerms = CLEAR,
) -> tuple[str, RtpPeer]:
    """Answer an offer (INVITE or re-INVITE) with our RTP address and port.

    Takes the first of the offerer's codecs that is among ``codecs``, as RFC 3264 6.1 recommends, or with ``own_order``
    the first of ``codecs`` that is in the offer.  ``session_id`` stays the same in one dialog and
    ``version`` grows by one with each description that differs (RFC 3264 5).

    A peer on hold (sendonly, inactive, or the old c=0.0.0.0) gives an `RtpPeer` with ``send`` or ``receive`` False.
    Raises `NoCommonCodecError` (488) when there is no audio to be had, or not as ``srtp`` wants it, `SdpError` (400)
    when the offer is broken.
    """
    audio, codec, chosen = _choose_audio(offer, codecs, srtp, own_order=own_order)
    keys, crypto = answer_crypto(audio, srtp)
    peer = _read_peer(offer, audio, codec, chosen, keys)
    media = []
    for section in offer.media:
        if section is audio:
            media.append(_describe_audio(section.protocol, port, peer, _direction(peer), crypto))
        else:
            media.append(
                MediaDescription(kind=section.kind, port=0, protocol=section.protocol, formats=section.formats)
            )
    return print_description(_describe(address, session_id, version, media)), peer


def offer_audio(
    *,
    address: str,
    port: int,
    codecs: Sequence[Codec],
    session_id: int,
    version: int = 1,
    packet_ms: int = OWN_PACKET_MS,
    direction: str = "sendrecv",
    srtp: SrtpTerms = CLEAR,
    known: Mapping[int, RtpFormat] = MappingProxyType({}),
) -> str:
    """Our offer: for calls that we make and for an INVITE that came without one (RFC 3261 13.2.1).

    ``known``: payload types that have a meaning in this session already, see `known_formats`.
    """
    assert codecs, "an offer needs a codec"
    dtmf = (OWN_DTMF, OWN_DTMF_48K) if Codec.OPUS in codecs else (OWN_DTMF,)
    formats = number_formats([*(own_format(codec) for codec in codecs), *dtmf], known)
    attributes: list[Attribute] = []
    for rtp_format in formats:
        codec = codec_of(rtp_format)
        if codec is None:
            attributes += dtmf_attributes(rtp_format.payload_type, rtp_format.clock_hz)
        else:
            attributes += codec_attributes(codec, rtp_format.payload_type)
    protocol, crypto = offer_crypto(srtp)
    attributes += [*_packet_times(packet_ms), *crypto, Attribute(direction)]
    audio = MediaDescription(
        kind="audio",
        port=port,
        protocol=protocol,
        formats=tuple(str(rtp_format.payload_type) for rtp_format in formats),
        attributes=tuple(attributes),
    )
    return print_description(_describe(address, session_id, version, [audio]))


def known_formats(description: SessionDescription, peer: RtpPeer) -> dict[int, RtpFormat]:
    """What the payload types mean in the section that ``peer`` was read from."""
    section = next(media for media in description.media if media.kind == "audio" and media.port == peer.port)
    return {rtp_format.payload_type: rtp_format for rtp_format in rtp_formats(section)}


def accept_answer(
    answer: SessionDescription,
    *,
    codecs: Sequence[Codec],
    srtp: SrtpTerms = CLEAR,
) -> RtpPeer:
    """What an answer to our `offer_audio` (with the same ``codecs`` and ``srtp``) makes of the leg.

    The first codec in the answer counts.  Raises `NoCommonCodecError` when the peer refused the audio, `SdpError` when
    the answer is broken.
    """
    if len(answer.media) != 1 or answer.media[0].kind != "audio":
        raise SdpError("an answer has the m= sections of its offer, here one m=audio (RFC 3264 section 6)")
    audio, codec, chosen = _choose_audio(answer, codecs, srtp)
    return _read_peer(answer, audio, codec, chosen, accept_crypto(audio, srtp))


def _choose_audio(
    description: SessionDescription, codecs: Sequence[Codec], srtp: SrtpTerms, *, own_order: bool = False
) -> tuple[MediaDescription, Codec, RtpFormat]:
    found = []
    protocols = _PROTOCOLS if srtp.use == "no" else _PROTOCOLS | SECURE_PROTOCOLS
    # Some offer the same sound twice, with and without SRTP: take the one with.
    for media in sorted(description.media, key=lambda media: not is_secure(media)):
        if media.kind != "audio" or media.port == 0 or media.protocol not in protocols:
            continue
        formats = rtp_formats(media)
        known = [(codec, f) for f in formats if (codec := codec_of(f)) is not None and codec in codecs]
        if known:
            codec, chosen = min(known, key=lambda one: codecs.index(one[0])) if own_order else known[0]
            return media, codec, chosen
        found += [f.label for f in formats]
    wanted = ", ".join(codecs)
    if found:
        raise NoCommonCodecError(f"no common codec: peer has {', '.join(found[:16])}; here {wanted}")
    offered = ", ".join(f"{m.kind} {m.protocol} port {m.port}" for m in description.media) or "nothing"
    raise NoCommonCodecError(f"no m=audio over RTP/AVP with a port and a known codec (peer has {offered[:200]})")


def _read_peer(
    description: SessionDescription,
    audio: MediaDescription,
    codec: Codec,
    chosen: RtpFormat,
    keys: SrtpKeys | None,
) -> RtpPeer:
    connection = description.connection_of(audio)
    if connection is None:
        raise SdpError("no c= for the m=audio section (RFC 8866 5.7)")
    direction = description.direction_of(audio)
    address = _media_address(connection)
    if address.is_unspecified:
        # The hold of RFC 2543: nothing may be sent to nowhere, whatever the direction says (RFC 3264 8.4).
        direction = "inactive" if direction in ("recvonly", "inactive") else "sendonly"
    formats = rtp_formats(audio)
    dtmf = find_dtmf(formats, codec)
    return RtpPeer(
        address=str(address),
        port=audio.port,
        codec=codec,
        payload_type=chosen.payload_type,
        dtmf_payload_type=dtmf.payload_type if dtmf else None,
        dtmf_clock_hz=dtmf.clock_hz if dtmf else 8000,
        noise_payload_type=find_noise(formats, codec),
        opus=opus_wishes(chosen) if codec is Codec.OPUS else OpusWishes(),
        packet_ms=_packet_ms(audio, PACKET_MS[codec]),
        send=direction in ("sendrecv", "recvonly"),
        receive=direction in ("sendrecv", "sendonly"),
        rtcp_port=_rtcp_port(audio),
        rtcp_mux=audio.has("rtcp-mux"),
        srtp=keys,
    )


def _rtcp_port(audio: MediaDescription) -> int | None:
    """RFC 3605; an address beside it would be another host, and is not taken."""
    match = re.match(r"([0-9]{1,5})(?:\s|$)", audio.first("rtcp") or "", re.ASCII)
    return int(match[1]) if match and 0 < int(match[1]) <= 0xFFFF else None


def _media_address(connection: Connection) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    if connection.network_type != "IN" or connection.address_type not in ("IP4", "IP6"):
        raise SdpError(
            f"c= of type {connection.network_type} {connection.address_type} is not served, IN IP4 or IP6 is"
        )
    try:
        address = ipaddress.ip_address(connection.address)
    except ValueError:
        raise SdpError(f"c= address is not an IP address literal: {connection.address[:60]!r}") from None
    if address.is_multicast or connection.address == "255.255.255.255":
        raise SdpError(f"c= address {address} is not of one host")
    if (address.version == 6) != (connection.address_type == "IP6"):
        raise SdpError(f"c= says {connection.address_type} but gives {address}")
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id:
        raise SdpError("c= address with a zone is not served")
    return address


def _packet_ms(audio: MediaDescription, supported: Sequence[int]) -> int:
    """The peer's ptime if we can, else 20 ms; never more than its maxptime (RFC 8866 6.4)."""
    wanted = _milliseconds(audio.first("ptime")) or OWN_PACKET_MS
    most = _milliseconds(audio.first("maxptime")) or max(supported)
    chosen = wanted if wanted in supported else OWN_PACKET_MS
    if chosen <= most:
        return chosen
    return max((ms for ms in supported if ms <= most), default=min(supported))


def _milliseconds(value: str | None) -> int | None:
    match = re.fullmatch(r"\s*([0-9]{1,4})(\.0*)?\s*", value or "", re.ASCII)
    return int(match[1]) if match else None


def _direction(peer: RtpPeer) -> str:
    if peer.send:
        return "sendrecv" if peer.receive else "sendonly"
    return "recvonly" if peer.receive else "inactive"


def _describe(address: str, session_id: int, version: int, media: Sequence[MediaDescription]) -> SessionDescription:
    connection = Connection.of(address)
    return SessionDescription(
        origin=Origin(
            session_id=str(session_id), version=str(version), address_type=connection.address_type, address=address
        ),
        connection=connection,
        media=tuple(media),
    )


def _packet_times(packet_ms: int) -> list[Attribute]:
    return [Attribute("ptime", str(packet_ms)), Attribute("maxptime", str(PACKET_MS_LONGEST))]


def _describe_audio(
    protocol: str, port: int, peer: RtpPeer, direction: str, crypto: Sequence[Attribute]
) -> MediaDescription:
    formats = [str(peer.payload_type)]
    attributes = codec_attributes(peer.codec, peer.payload_type)
    if peer.dtmf_payload_type is not None:
        formats.append(str(peer.dtmf_payload_type))
        attributes += dtmf_attributes(peer.dtmf_payload_type, peer.dtmf_clock_hz)
    if peer.noise_payload_type is not None:
        formats.append(str(peer.noise_payload_type))
        attributes += noise_attributes(peer.noise_payload_type)
    attributes += [*_packet_times(peer.packet_ms), *crypto, Attribute(direction)]
    if peer.rtcp_mux:
        attributes.append(Attribute("rtcp-mux"))
    return MediaDescription(
        kind="audio", port=port, protocol=protocol, formats=tuple(formats), attributes=tuple(attributes)
    )
