"""Offer/answer with telephones: codec choice, telephone-event, packet time, hold, refused sections, delayed offers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.errors import PeerError
from gateway.model.ids import Codec
from gateway.model.media import RtpPeer
from gateway.protocol.sdp import (
    NoCommonCodecError,
    SdpError,
    accept_answer,
    answer_audio,
    offer_audio,
    parse,
)
from tests.support.sdp_samples import TELEPHONES, sample

G711 = (Codec.PCMU, Codec.PCMA)
HEAD = "v=0\r\no=- 7 9 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
PCMA = HEAD + "m=audio 4000 RTP/AVP 8\r\n"


def answer(offer: str, codecs: tuple[Codec, ...] = G711) -> tuple[str, RtpPeer]:
    return answer_audio(parse(offer), address="192.0.2.99", port=20_000, codecs=codecs, session_id=5, version=3)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("asterisk", (Codec.PCMA, 8, 101, 11874, 20)),
        ("baresip", (Codec.PCMU, 0, 101, 16548, 20)),
        ("carrier_with_fax", (Codec.PCMA, 8, 96, 30412, 30)),
        ("linphone", (Codec.PCMU, 0, 100, 7078, 20)),
        ("sipp", (Codec.PCMA, 8, 101, 6000, 20)),
    ],
)
def test_the_first_shared_codec_of_the_offer_is_taken(name: str, expected: tuple[Codec, int, int, int, int]):
    _, peer = answer(sample(name))
    assert (peer.codec, peer.payload_type, peer.dtmf_payload_type, peer.port, peer.packet_ms) == expected
    assert peer.send
    assert peer.receive


def test_the_answer_is_written_as_other_people_expect_it():
    text, _ = answer(sample("asterisk"))
    assert text.split("\r\n") == [
        "v=0",
        "o=- 5 3 IN IP4 192.0.2.99",
        "s=-",
        "c=IN IP4 192.0.2.99",
        "t=0 0",
        "m=audio 20000 RTP/AVP 8 101",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-15",
        "a=ptime:20",
        "a=sendrecv",
        "",
    ]


def test_opus_keeps_the_payload_type_of_the_offer():
    text, peer = answer(sample("baresip"), (Codec.OPUS, *G711))
    assert (peer.codec, peer.payload_type) == (Codec.OPUS, 96)
    assert "a=rtpmap:96 opus/48000/2\r\na=fmtp:96 minptime=10;useinbandfec=1\r\n" in text


def test_telephone_event_has_the_clock_of_opus_where_it_is_offered():
    _, peer = answer(sample("linphone"), (Codec.OPUS,))
    assert (peer.codec, peer.dtmf_payload_type, peer.dtmf_clock_hz) == (Codec.OPUS, 101, 48_000)
    _, peer = answer(sample("baresip"), (Codec.OPUS,))
    assert (peer.codec, peer.dtmf_payload_type, peer.dtmf_clock_hz) == (Codec.OPUS, 101, 8000)


@pytest.mark.parametrize("name", TELEPHONES)
def test_other_sections_are_refused_in_their_place(name: str):
    offer = parse(sample(name))
    answered = parse(answer(sample(name))[0])
    assert [(m.kind, m.protocol) for m in answered.media] == [(m.kind, m.protocol) for m in offer.media]
    assert [m.port for m in answered.media] == [20_000] + [0] * (len(offer.media) - 1)


def test_a_refused_audio_section_is_passed_over_for_the_next():
    text, peer = answer(
        HEAD + "m=audio 0 RTP/AVP 8\r\nm=audio 4002 RTP/SAVP 8\r\nm=audio 4004 RTP/AVP 8\r\nm=audio 4006 RTP/AVP 8\r\n"
    )
    assert peer.port == 4004
    assert [m.port for m in parse(text).media] == [0, 0, 20_000, 0]


def test_a_dynamic_payload_type_may_mean_pcma():
    _, peer = answer(HEAD + "m=audio 4000 RTP/AVP 97 8\r\na=rtpmap:97 PCMA/8000\r\n")
    assert peer.payload_type == 97


def test_a_static_payload_type_that_was_renamed_means_its_new_name():
    with pytest.raises(NoCommonCodecError, match="ilbc"):
        answer(HEAD + "m=audio 4000 RTP/AVP 8\r\na=rtpmap:8 iLBC/8000\r\n")


@pytest.mark.parametrize(
    ("lines", "send", "receive", "ours"),
    [
        ("a=sendrecv", True, True, "sendrecv"),
        ("a=sendonly", False, True, "recvonly"),
        ("a=recvonly", True, False, "sendonly"),
        ("a=inactive", False, False, "inactive"),
        ("c=IN IP4 0.0.0.0", False, True, "recvonly"),
        ("c=IN IP4 0.0.0.0\r\na=sendonly", False, True, "recvonly"),
        ("c=IN IP4 0.0.0.0\r\na=inactive", False, False, "inactive"),
        ("c=IN IP6 ::", False, True, "recvonly"),
    ],
)
def test_hold_styles(lines: str, send: bool, receive: bool, ours: str):
    text, peer = answer(f"{PCMA}{lines}\r\n")
    assert (peer.send, peer.receive) == (send, receive)
    assert text.endswith(f"a={ours}\r\n")


@pytest.mark.parametrize(
    ("lines", "packet_ms"),
    [
        ("", 20),
        ("a=ptime:20", 20),
        ("a=ptime:30", 30),
        ("a=ptime:25", 20),
        ("a=ptime:0", 20),
        ("a=ptime:nonsense", 20),
        ("a=ptime:20.0", 20),
        ("a=ptime:200", 20),
        ("a=maxptime:10", 10),
        ("a=ptime:40\r\na=maxptime:30", 30),
        ("a=maxptime:5", 10),
    ],
)
def test_packet_time(lines: str, packet_ms: int):
    assert answer(PCMA + (lines and lines + "\r\n"))[1].packet_ms == packet_ms


def test_packet_times_that_the_plane_can_not_do_are_not_promised():
    _, peer = answer_audio(
        parse(PCMA + "a=ptime:30\r\n"),
        address="::1",
        port=2,
        codecs=G711,
        session_id=1,
        packet_ms_supported=(20,),
    )
    assert peer.packet_ms == 20


@pytest.mark.parametrize(
    "offer",
    [
        HEAD,
        HEAD + "m=video 4000 RTP/AVP 99\r\n",
        HEAD + "m=audio 0 RTP/AVP 8\r\n",
        HEAD + "m=audio 4000 RTP/SAVP 8\r\n",
        HEAD + "m=audio 4000 RTP/AVP 18 9 99\r\n",
        HEAD + "m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 opus/16000\r\n",
        HEAD + "m=audio 4000 RTP/AVP 101\r\na=rtpmap:101 telephone-event/8000\r\n",
    ],
)
def test_nothing_in_common_is_its_own_error(offer: str):
    with pytest.raises(NoCommonCodecError):
        answer(offer)


@pytest.mark.parametrize(
    ("offer", "what"),
    [
        (PCMA.replace("c=IN IP4 192.0.2.1\r\n", ""), "no c="),
        (PCMA + "c=IN IP4 example.org\r\n", "not an IP address"),
        (PCMA + "c=IN IP4 233.252.0.1/127\r\n", "not an IP address"),
        (PCMA + "c=IN IP4 233.252.0.1\r\n", "not of one host"),
        (PCMA + "c=IN IP4 255.255.255.255\r\n", "not of one host"),
        (PCMA + "c=IN IP4 2001:db8::1\r\n", "says IP4"),
        (PCMA + "c=IN IP6 fe80::1%eth0\r\n", "zone"),
        (PCMA + "c=ATM NSAP 47\r\n", "not served"),
        (HEAD + "m=audio 4000 RTP/AVP 128\r\n", "payload type"),
        (HEAD + "m=audio 4000 RTP/AVP x\r\n", "payload type"),
        (PCMA + "a=rtpmap:8\r\n", "bad a=rtpmap"),
        (PCMA + "a=rtpmap:8 PCMA/x\r\n", "bad a=rtpmap"),
    ],
)
def test_broken_offers_are_the_peers_fault(offer: str, what: str):
    with pytest.raises(SdpError, match=what) as caught:
        answer(offer)
    assert not isinstance(caught.value, NoCommonCodecError)
    assert isinstance(caught.value, PeerError)


codec_lists = st.permutations(list(Codec)).flatmap(
    lambda codecs: st.integers(1, 3).map(lambda count: tuple(codecs[:count]))
)


@given(ours=codec_lists, theirs=codec_lists, packet_ms=st.sampled_from([10, 20, 30, 40, 60]))
def test_our_offer_and_our_answer_understand_each_other(
    ours: tuple[Codec, ...], theirs: tuple[Codec, ...], packet_ms: int
):
    offer = offer_audio(address="192.0.2.1", port=4000, codecs=ours, session_id=1, packet_ms=packet_ms)
    shared = [codec for codec in ours if codec in theirs]
    if not shared:
        with pytest.raises(NoCommonCodecError):
            answer(offer, theirs)
        return
    text, there = answer(offer, theirs)
    here = accept_answer(parse(text), codecs=ours)
    assert here.codec is there.codec is shared[0]
    assert here.payload_type == there.payload_type
    assert here.dtmf_payload_type == there.dtmf_payload_type == 101
    assert here.packet_ms == there.packet_ms == packet_ms
    assert (here.address, here.port) == ("192.0.2.99", 20_000)
    assert (there.address, there.port) == ("192.0.2.1", 4000)


def test_an_answer_with_other_sections_than_the_offer_is_refused():
    with pytest.raises(SdpError, match="section 6"):
        accept_answer(parse(PCMA + "m=video 0 RTP/AVP 99\r\n"), codecs=G711)
    with pytest.raises(NoCommonCodecError):
        accept_answer(parse(HEAD + "m=audio 0 RTP/AVP 8\r\n"), codecs=G711)
