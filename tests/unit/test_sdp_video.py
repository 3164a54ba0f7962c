"""Pictures in answers to browsers: which codec, which feedback, and when they are refused."""

from __future__ import annotations

import re

import pytest

from gateway.model.ids import Codec, VideoCodec
from gateway.protocol.sdp import (
    BrowserAnswer,
    Fingerprint,
    MediaDescription,
    SdpError,
    VideoTerms,
    answer_browser,
    parse,
)
from tests.support.sdp_samples import sample

BOTH = (VideoCodec.VP8, VideoCodec.H264)
OFFER = sample("chromium_audio_video_data")


def answer(
    offer: str = OFFER, codecs: tuple[VideoCodec, ...] = BOTH, *, transport_cc: bool = True, refuse: bool = False
) -> BrowserAnswer:
    terms = VideoTerms(codecs=codecs, ssrc=1111, rtx_ssrc=2222, transport_cc=transport_cc)
    return answer_browser(
        parse(offer),
        ufrag="zent",
        pwd="p" * 24,
        fingerprints=[Fingerprint("sha-256", ":".join(["AB"] * 32))],
        candidates=[("192.0.2.1", 4000)],
        codecs=(Codec.OPUS,),
        session_id=77,
        video=None if refuse else terms,
        ssrc=0xBEEF,
    )


def section(answered: BrowserAnswer, kind: str = "video") -> MediaDescription:
    return next(media for media in parse(answered.sdp).media if media.kind == kind)


def lines(answered: BrowserAnswer) -> list[str]:
    """Of the m=video section."""
    return answered.sdp.split("m=video")[1].split("\r\nm=")[0].split("\r\n")


def test_vp8_is_answered_with_all_that_is_passed_on() -> None:
    answered = answer()
    assert "a=group:BUNDLE 0 1\r\n" in answered.sdp
    assert lines(answered)[:23] == [
        " 4000 UDP/TLS/RTP/SAVPF 96 97",
        "c=IN IP4 192.0.2.1",
        "a=mid:1",
        "a=sendrecv",
        "a=rtcp-mux",
        "a=rtpmap:96 VP8/90000",
        "a=rtpmap:97 rtx/90000",
        "a=fmtp:97 apt=96",
        "a=rtcp-fb:96 transport-cc",
        "a=rtcp-fb:96 goog-remb",
        "a=rtcp-fb:96 ccm fir",
        "a=rtcp-fb:96 nack",
        "a=rtcp-fb:96 nack pli",
        "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
        "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
        "a=rtcp-rsize",
        "a=msid:zentrale video",
        "a=ssrc-group:FID 1111 2222",
        "a=ssrc:1111 cname:z0000beef",
        "a=ssrc:2222 cname:z0000beef",
        "a=setup:passive",
        "a=fingerprint:sha-256 " + ":".join(["AB"] * 32),
        "a=ice-ufrag:zent",
    ]
    video = answered.video
    assert video is not None
    assert (video.codec, video.payload_type, video.rtx_payload_type) == (VideoCodec.VP8, 96, 97)
    assert (video.ssrc, video.rtx_ssrc) == (1111, 2222)
    assert (video.transport_cc_id, video.abs_send_time_id) == (3, 2)
    assert video.nack
    assert video.pli
    assert video.fir
    assert video.reduced_size
    assert video.send
    assert video.receive


def test_candidates_stand_with_the_first_of_the_bundle_alone() -> None:
    assert section(answer(), "audio").has("candidate")
    assert not section(answer()).has("candidate")
    swapped = OFFER.replace("a=group:BUNDLE 0 1 2", "a=group:BUNDLE 1 0 2")
    assert "a=group:BUNDLE 1 0\r\n" in answer(swapped).sdp
    assert section(answer(swapped)).has("candidate")


def test_h264_is_constrained_baseline_in_packetization_mode_1() -> None:
    answered = answer(codecs=(VideoCodec.H264, VideoCodec.VP8))
    video = answered.video
    assert video is not None
    assert video.codec is VideoCodec.H264
    offered = next(value for value in section(answer_offer()).all("fmtp") if value.startswith(f"{video.payload_type} "))
    assert "packetization-mode=1" in offered
    assert "profile-level-id=42e01f" in offered
    assert f"fmtp:{video.payload_type} level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f" in (
        answered.sdp
    )
    assert f"fmtp:{video.rtx_payload_type} apt={video.payload_type}" in OFFER


def answer_offer() -> BrowserAnswer:
    """The offer itself, in an answer's clothes, for `section`."""
    answered = answer()
    return BrowserAnswer(**{**{f: getattr(answered, f) for f in answered.__struct_fields__}, "sdp": OFFER})


@pytest.mark.parametrize("profile", ["42001f", "4d001f", "64001f", "4200", "42e01fff", "xxxxxx"])
def test_other_profiles_of_h264_are_not_taken(profile: str) -> None:
    assert answer(OFFER.replace("42e01f", profile).replace("42001f", profile), (VideoCodec.H264,)).video is None


@pytest.mark.parametrize(
    ("offered", "send", "receive", "own"),
    [
        ("sendrecv", True, True, "sendrecv"),
        ("sendonly", False, True, "recvonly"),
        ("recvonly", True, False, "sendonly"),
        ("inactive", False, False, "inactive"),
    ],
)
def test_directions_are_the_browsers_mirrored(offered: str, send: bool, receive: bool, own: str) -> None:
    audio, video = OFFER.split("m=video")
    answered = answer(audio + "m=video" + video.replace("a=sendrecv", f"a={offered}", 1))
    peer = answered.video
    assert peer is not None
    assert (peer.send, peer.receive) == (send, receive)
    assert section(answered).has(own)
    assert section(answered).has("ssrc") is send


def test_nack_needs_retransmissions_of_its_own() -> None:
    without = re.sub(r"a=rtpmap:97 rtx/90000\r?\n", "", OFFER)
    answered = answer(without)
    video = answered.video
    assert video is not None
    assert (video.rtx_payload_type, video.nack, video.pli) == (None, False, True)
    assert "96 nack\r\n" not in answered.sdp
    assert "rtx" not in answered.sdp
    assert "ssrc-group" not in answered.sdp


def test_transport_wide_control_is_for_both_sides_or_none() -> None:
    video = answer(transport_cc=False).video
    assert video is not None
    assert (video.transport_cc_id, video.abs_send_time_id) == (0, 2)
    assert "transport" not in answer(transport_cc=False).sdp
    unsupported = OFFER.replace("a=rtcp-fb:96 transport-cc", "a=rtcp-fb:96 x-unknown")
    other = answer(unsupported).video
    assert other is not None
    assert other.transport_cc_id == 0


def test_ids_of_two_octets_are_not_taken() -> None:
    video = answer(OFFER.replace("extmap:3 ", "extmap:30 ").replace("extmap:2 ", "extmap:15 ")).video
    assert video is not None
    assert (video.transport_cc_id, video.abs_send_time_id) == (0, 0)


def test_extensions_of_one_way_are_not_taken_and_an_id_means_one_thing() -> None:
    video = answer(OFFER.replace("extmap:3 ", "extmap:3/sendonly ").replace("extmap:2 ", "extmap:2/sendrecv ")).video
    assert video is not None
    assert (video.transport_cc_id, video.abs_send_time_id) == (0, 2)
    video = answer(OFFER.replace("extmap:3 ", "extmap:2 ")).video
    assert video is not None
    assert (video.transport_cc_id, video.abs_send_time_id) == (0, 2), "the first of the two"


@pytest.mark.parametrize(
    "answered",
    [
        answer(refuse=True),
        answer(codecs=()),
        answer(OFFER.replace("VP8/90000", "XX/90000").replace("H264/90000", "YY/90000")),
        answer(OFFER.replace("a=group:BUNDLE 0 1 2", "a=group:BUNDLE 0 2")),
        answer(OFFER.replace("m=video 9 ", "m=video 0 ")),
        answer(OFFER.replace("m=video 9 UDP/TLS/RTP/SAVPF", "m=video 9 RTP/AVP")),
    ],
    ids=["not allowed", "no codec allowed", "no codec in common", "another path", "refused by the offer", "in clear"],
)
def test_pictures_are_refused_and_the_sound_is_not(answered: BrowserAnswer) -> None:
    assert answered.video is None
    assert section(answered).port == 0
    assert "a=group:BUNDLE 0\r\n" in answered.sdp
    assert section(answered, "audio").port == 4000


def test_a_payload_type_means_one_thing_in_a_bundle() -> None:
    stolen = OFFER.replace("m=video 9 UDP/TLS/RTP/SAVPF 96 ", "m=video 9 UDP/TLS/RTP/SAVPF 111 ")
    video = answer(stolen.replace("a=rtpmap:96 VP8", "a=rtpmap:111 VP8")).video
    assert video is None or video.payload_type != 111


def test_a_malformed_section_is_told_of() -> None:
    with pytest.raises(SdpError, match="rtpmap"):
        answer(OFFER.replace("a=rtpmap:96 VP8/90000", "a=rtpmap:96"))
