"""Answers to browsers: what must be in them, what is refused in the offer."""

from __future__ import annotations

import pytest

from gateway.model.ids import Codec
from gateway.protocol.sdp import BrowserAnswer, Fingerprint, NoCommonCodecError, SdpError, answer_browser, parse
from tests.support.sdp_samples import BROWSERS, sample

OURS = Fingerprint("sha-256", ":".join(["AB"] * 32))
ALL_CODECS = (Codec.OPUS, Codec.G722, Codec.PCMA, Codec.PCMU)


def answer(offer: str, codecs: tuple[Codec, ...] = ALL_CODECS) -> BrowserAnswer:
    return answer_browser(
        parse(offer),
        ufrag="zent",
        pwd="p" * 24,
        fingerprints=[OURS],
        candidates=[("192.0.2.1", 4000), ("2001:db8::1", 4000)],
        codecs=codecs,
        session_id=77,
        ssrc=0xBEEF,
    )


def test_the_answer_to_chromium_is_written_as_it_expects_it():
    offer = sample("chromium_audio")
    answered = answer(offer)
    assert answered.sdp.split("\r\n") == [
        "v=0",
        "o=- 77 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=ice-lite",
        "a=ice-options:ice2",
        "a=group:BUNDLE 0",
        "a=msid-semantic: WMS zentrale",
        "m=audio 4000 UDP/TLS/RTP/SAVPF 111 110",
        "c=IN IP4 192.0.2.1",
        "a=mid:0",
        "a=sendrecv",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        "a=rtpmap:111 opus/48000/2",
        "a=fmtp:111 minptime=10;useinbandfec=1",
        "a=rtpmap:110 telephone-event/48000",
        "a=fmtp:110 0-15",
        "a=ptime:20",
        "a=setup:passive",
        f"a=fingerprint:sha-256 {OURS.value}",
        "a=ice-ufrag:zent",
        "a=ice-pwd:" + "p" * 24,
        "a=msid:zentrale audio",
        "a=ssrc:48879 cname:z0000beef",
        "a=candidate:1 1 udp 2130706431 192.0.2.1 4000 typ host",
        "a=candidate:2 1 udp 2130706175 2001:db8::1 4000 typ host",
        "a=end-of-candidates",
        "",
    ]
    assert answered.peer.remote_ufrag in offer
    assert answered.peer.remote_pwd in offer
    assert answered.peer.send
    assert answered.peer.receive


@pytest.mark.parametrize("name", BROWSERS)
@pytest.mark.parametrize("codec", ALL_CODECS)
def test_our_preference_decides_and_is_answered_alone(name: str, codec: Codec):
    answered = answer(sample(name), (codec, *ALL_CODECS))
    assert answered.peer.codec is codec
    audio = parse(answered.sdp).media[0]
    assert audio.formats == (str(answered.peer.payload_type), str(answered.peer.dtmf_payload_type))
    assert len(answered.fingerprints) == 1


@pytest.mark.parametrize(
    ("name", "codec", "dtmf"),
    [
        ("chromium_audio", Codec.OPUS, (110, 48000)),
        ("chromium_audio", Codec.PCMA, (126, 8000)),
        ("firefox_audio", Codec.OPUS, (101, 8000)),
    ],
)
def test_telephone_event_has_the_codecs_clock_where_it_is_offered(name: str, codec: Codec, dtmf: tuple[int, int]):
    answered = answer(sample(name), (codec,))
    assert (answered.peer.dtmf_payload_type, answered.peer.dtmf_clock_hz) == dtmf
    assert f"a=rtpmap:{dtmf[0]} telephone-event/{dtmf[1]}\r\n" in answered.sdp


def test_video_and_data_are_refused_outside_the_bundle():
    answered = parse(answer(sample("chromium_audio_video_data")).sdp)
    assert [media.kind for media in answered.media] == ["audio", "video", "application"]
    assert [media.port for media in answered.media] == [4000, 0, 0]
    assert [media.first("mid") for media in answered.media] == ["0", "1", "2"]
    assert list(answered.all("group")) == ["BUNDLE 0"]


def test_audio_behind_a_refused_video_that_carries_the_transport():
    # max-bundle: only the first section has a port and the transport's attributes (RFC 9143 7.2.1).
    offer = sample("chromium_audio")
    transport = ("a=ice-", "a=fingerprint", "a=setup", "a=candidate")
    audio_lines = offer[offer.index("m=audio") :].split("\r\n")[:-1]
    bare = [line for line in audio_lines if not line.startswith(transport)]
    bare[0] = bare[0].replace("m=audio 9", "m=audio 0")
    video = ["m=video 9 UDP/TLS/RTP/SAVPF 96", "a=mid:v"] + [
        line for line in audio_lines if line.startswith((*transport, "a=rtcp-mux"))
    ]
    head = offer[: offer.index("m=audio")].replace("BUNDLE 0", "BUNDLE v 0")
    text = head + "\r\n".join([*video, *bare, "a=bundle-only", ""])
    answered = answer(text)
    assert answered.peer.remote_ufrag in offer
    sections = parse(answered.sdp)
    assert [media.port for media in sections.media] == [0, 4000]
    assert list(sections.all("group")) == ["BUNDLE 0"]
    with pytest.raises(NoCommonCodecError):
        answer(text.replace("a=bundle-only\r\n", ""))


def test_fingerprint_at_session_level_and_in_small_letters():
    offer = sample("firefox_audio")
    answered = answer(offer.replace("sha-256 3C:6A", "SHA-256 3c:6a"))
    assert answered.fingerprints[0].algorithm == "sha-256"
    assert answered.fingerprints[0].value.startswith("3C:6A:1D")


@pytest.mark.parametrize(
    ("direction", "send", "receive", "ours"),
    [
        ("sendonly", False, True, "recvonly"),
        ("recvonly", True, False, "sendonly"),
        ("inactive", False, False, "inactive"),
    ],
)
def test_directions(direction: str, send: bool, receive: bool, ours: str):
    answered = answer(sample("chromium_audio").replace("a=sendrecv", f"a={direction}"))
    assert (answered.peer.send, answered.peer.receive) == (send, receive)
    assert f"a={ours}\r\n" in answered.sdp
    assert ("a=msid:" in answered.sdp) is send
    assert ("a=ssrc:" in answered.sdp) is send


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("a=rtcp-mux\r\n", "", "rtcp-mux"),
        ("a=setup:actpass", "a=setup:passive", "setup:passive"),
        ("a=setup:actpass", "a=setup:holdconn", "setup:holdconn"),
        ("a=setup:actpass\r\n", "", "no a=setup"),
        ("a=ice-ufrag:20hL\r\n", "", "no a=ice-ufrag"),
        ("a=ice-ufrag:20hL", "a=ice-ufrag:a", "bad a=ice-ufrag"),
        ("a=ice-ufrag:20hL", "a=ice-ufrag:aaaa:b", "bad a=ice-ufrag"),
        ("a=ice-ufrag:20hL", "a=ice-ufrag:" + "a" * 257, "bad a=ice-ufrag"),
        ("a=ice-pwd:nRs7bBVGrHQxEMl6miiBJOpf", "a=ice-pwd:short", "bad a=ice-pwd"),
        ("a=fingerprint:sha-256", "a=fingerprint:sha-1", "no a=fingerprint"),
        ("a=fingerprint:sha-256 53:A3", "a=fingerprint:sha-256 53", "has not 32 bytes"),
        ("a=fingerprint:sha-256 53:A3", "a=fingerprint:sha-256 zz:A3", "bad a=fingerprint"),
        ("a=mid:0\r\n", "a=mid:0\r\n" + f"a=fingerprint:sha-256 {OURS.value}\r\n" * 9, "more than 8"),
    ],
)
def test_what_webrtc_demands_is_demanded(old: str, new: str, what: str):
    offer = sample("chromium_audio")
    assert old in offer
    with pytest.raises(SdpError, match=what) as caught:
        answer(offer.replace(old, new))
    assert not isinstance(caught.value, NoCommonCodecError)


def test_a_mid_names_one_section():
    offer = sample("chromium_audio_video_data").replace("a=mid:1\r\n", "a=mid:0\r\n")
    with pytest.raises(SdpError, match="a=mid:0 names two sections"):
        answer(offer)


def test_a_section_that_a_bundle_names_twice_is_answered_once():
    answered = answer(sample("chromium_audio").replace("BUNDLE 0", "BUNDLE 0 0"))
    assert list(parse(answered.sdp).all("group")) == ["BUNDLE 0"]


def test_payload_types_that_look_like_rtcp_are_not_taken():
    # RFC 5761 section 4.
    with pytest.raises(NoCommonCodecError, match="no common codec"):
        answer(sample("chromium_audio").replace("111", "72"), (Codec.OPUS,))


def test_a_telephone_offer_is_no_browser_offer():
    with pytest.raises(NoCommonCodecError, match="SAVPF"):
        answer(sample("asterisk"))
