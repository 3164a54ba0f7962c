"""Offer/answer with telephones: codec choice, telephone-event, packet time, hold, refused sections, delayed offers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.errors import PeerError
from gateway.model.ids import Codec
from gateway.model.media import OpusWishes, RtpPeer
from gateway.protocol.sdp import (
    NoCommonCodecError,
    SdpError,
    accept_answer,
    answer_audio,
    offer_audio,
    parse,
)
from gateway.protocol.sdp import codecs as sdp_codecs
from gateway.protocol.sdp.codecs import RtpFormat
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
        "a=maxptime:60",
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
        ("c=IN IP6 0:0:0:0:0:0:0:0", False, True, "recvonly"),
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


@pytest.mark.parametrize("packet_ms", [10, 20, 30, 40, 50, 60])
def test_packet_times_that_opus_has_no_frames_for_are_not_promised(packet_ms: int):
    offer = HEAD + f"m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 opus/48000/2\r\na=ptime:{packet_ms}\r\n"
    assert answer(offer, (Codec.OPUS,))[1].packet_ms == (20 if packet_ms in {30, 50} else packet_ms)
    assert answer(PCMA + f"a=ptime:{packet_ms}\r\n")[1].packet_ms == packet_ms


def test_g722_is_known_by_its_static_payload_type_and_its_strange_clock():
    text, peer = answer(HEAD + "m=audio 4000 RTP/AVP 18 9 8\r\n", tuple(Codec))
    assert (peer.codec, peer.payload_type) == (Codec.G722, 9)
    assert "m=audio 20000 RTP/AVP 9\r\na=rtpmap:9 G722/8000\r\n" in text
    with pytest.raises(NoCommonCodecError):
        answer(HEAD + "m=audio 4000 RTP/AVP 97\r\na=rtpmap:97 G722/16000\r\n", tuple(Codec))


def test_our_own_order_decides_when_it_is_asked_for():
    offer = parse(HEAD + "m=audio 4000 RTP/AVP 0 9 8\r\n")
    for codecs in ((Codec.PCMA, Codec.G722), (Codec.G722, Codec.PCMU, Codec.PCMA)):
        _, peer = answer_audio(offer, address="::1", port=2, codecs=codecs, session_id=1, own_order=True)
        assert peer.codec is codecs[0]


@pytest.mark.parametrize(
    ("formats", "codec", "noise"),
    [
        ("8 13", Codec.PCMA, 13),
        ("0 13 101", Codec.PCMU, 13),
        ("8 98", Codec.PCMA, 98),
        ("8 99", Codec.PCMA, None),
        ("8", Codec.PCMA, None),
        ("9 13", Codec.G722, None),
    ],
)
def test_comfort_noise_is_taken_beside_g711_where_it_is_offered(formats: str, codec: Codec, noise: int | None):
    maps = "a=rtpmap:98 CN/8000\r\na=rtpmap:99 CN/16000\r\na=rtpmap:101 telephone-event/8000\r\n"
    text, peer = answer(f"{HEAD}m=audio 4000 RTP/AVP {formats}\r\n{maps}", tuple(Codec))
    assert (peer.codec, peer.noise_payload_type) == (codec, noise)
    assert (f"a=rtpmap:{noise} CN/8000" in text) == (noise is not None)
    assert str(noise) in parse(text).media[0].formats or noise is None


@pytest.mark.parametrize(
    ("parameters", "wishes"),
    [
        ("", OpusWishes(fec=False)),
        ("useinbandfec=1", OpusWishes(fec=True)),
        ("useinbandfec=1; usedtx=1;maxaveragebitrate=16000", OpusWishes(fec=True, dtx=True, bitrate_max=16000)),
        ("MaxPlaybackRate=8000;useinbandfec=0;stereo=1", OpusWishes(fec=False, playback_hz=8000)),
        ("maxaveragebitrate=1;maxplaybackrate=9999999999;;=;usedtx", OpusWishes(fec=False)),
    ],
)
def test_what_opus_shall_be_like_is_read(parameters: str, wishes: OpusWishes):
    fmtp = f"a=fmtp:96 {parameters}\r\n" if parameters else ""
    _, peer = answer(f"{HEAD}m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 opus/48000/2\r\n{fmtp}", (Codec.OPUS,))
    assert peer.opus == wishes


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
        HEAD + "m=audio 4000 RTP/AVP 64 95\r\na=rtpmap:64 PCMA/8000\r\na=rtpmap:95 PCMU/8000\r\n",
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
    lambda codecs: st.integers(1, 4).map(lambda count: tuple(codecs[:count]))
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
    assert here.dtmf_payload_type == there.dtmf_payload_type == (102 if here.codec is Codec.OPUS else 101)
    assert here.packet_ms == there.packet_ms == (20 if here.codec is Codec.OPUS and packet_ms == 30 else packet_ms)
    assert (here.address, here.port) == ("192.0.2.99", 20_000)
    assert (there.address, there.port) == ("192.0.2.1", 4000)


def test_an_answer_with_other_sections_than_the_offer_is_refused():
    with pytest.raises(SdpError, match="section 6"):
        accept_answer(parse(PCMA + "m=video 0 RTP/AVP 99\r\n"), codecs=G711)
    with pytest.raises(NoCommonCodecError):
        accept_answer(parse(HEAD + "m=audio 0 RTP/AVP 8\r\n"), codecs=G711)


class Numbers:
    """A range that is asked for numbers alone: a real one goes through all it has for anything else."""

    def __contains__(self, number: object) -> bool:
        assert isinstance(number, int)
        return True


def test_what_is_not_said_of_opus_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each browser's offer is read on the event loop, and the range of bit rates is half a million long."""
    monkeypatch.setattr(sdp_codecs, "_OPUS_BITRATES", Numbers())
    monkeypatch.setattr(sdp_codecs, "_OPUS_RATES", Numbers())
    for parameters in (None, "minptime=10;useinbandfec=1", "maxaveragebitrate=many;maxplaybackrate="):
        said = RtpFormat(payload_type=111, encoding="opus", clock_hz=48000, channels=2, parameters=parameters)
        wishes = sdp_codecs.opus_wishes(said)
        assert (wishes.bitrate_max, wishes.playback_hz) == (None, None)
