"""Hostile session descriptions: whatever comes in, only documented errors come out, or answers that fit the offer."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Sequence

from hypothesis import example, given
from hypothesis import strategies as st

from gateway.model.ids import Codec, VideoCodec
from gateway.model.media import RtpPeer, VideoPeer, WebRtcPeer
from gateway.protocol.sdp import (
    KEY_OCTETS,
    Fingerprint,
    SdpError,
    SessionDescription,
    SrtpTerms,
    VideoTerms,
    accept_answer,
    answer_audio,
    answer_browser,
    known_formats,
    offer_audio,
    parse,
    print_description,
)
from gateway.protocol.sdp.codecs import PACKET_MS, rtp_formats
from tests.support.sdp_samples import ALL, sample

LINES = sorted({line for name in ALL for line in sample(name).split("\r\n") if line})
CODECS = tuple(Codec)
DIRECTIONS = {
    (True, True): "sendrecv",
    (True, False): "sendonly",
    (False, True): "recvonly",
    (False, False): "inactive",
}
"""Ours, by whether we send and receive."""


def use(text: str) -> None:
    """Everything that an edge would do with it."""
    try:
        description = parse(text)
    except SdpError:
        return
    assert parse(print_description(description)) == description
    for terms in (SrtpTerms(), SrtpTerms(use="optional", own_key=own_key), SrtpTerms(use="required", own_key=own_key)):
        use_as_telephone(description, terms)
    with contextlib.suppress(SdpError):
        browser = answer_browser(
            description,
            ufrag="abcd",
            pwd="p" * 22,
            fingerprints=[Fingerprint("sha-256", "AA")],
            candidates=[("127.0.0.1", 1)],
            codecs=CODECS,
            session_id=1,
            video=VideoTerms(codecs=tuple(VideoCodec), ssrc=1, rtx_ssrc=2),
        )
        answered = parse(browser.sdp)
        check_answer(description, answered, [browser.peer] if browser.video is None else [browser.peer, browser.video])
        assert browser.fingerprints, "nobody is trusted without one"
        bundled = [mid for group in answered.all("group") for mid in group.split()[1:]]
        taken = [media.first("mid") for media in answered.media if media.port]
        assert len(bundled) == len(set(bundled))
        assert set(bundled) <= set(taken)


def own_key(suite: str) -> bytes:
    return bytes(KEY_OCTETS[suite])


def use_as_telephone(description: SessionDescription, terms: SrtpTerms) -> None:
    with contextlib.suppress(SdpError):
        answer, peer = answer_audio(
            description, address="127.0.0.1", port=4000, codecs=CODECS, session_id=1, srtp=terms
        )
        check_answer(description, parse(answer), [peer])
        check_peer(peer, terms)
        known = known_formats(description, peer)
        again = parse(offer_audio(address="::1", port=4, codecs=CODECS, session_id=1, srtp=terms, known=known))
        assert all(one.meaning == known.get(one.payload_type, one).meaning for one in rtp_formats(again.media[0]))
    with contextlib.suppress(SdpError):
        check_peer(accept_answer(description, codecs=CODECS, srtp=terms), terms)


def check_answer(
    offer: SessionDescription, answer: SessionDescription, peers: Sequence[RtpPeer | WebRtcPeer | VideoPeer]
) -> None:
    """RFC 3264 6: section by section the same kind and protocol; ours are those that our peers were read from."""
    assert [(m.kind, m.protocol) for m in answer.media] == [(m.kind, m.protocol) for m in offer.media]
    taken = [media for media in answer.media if media.port != 0]
    assert len(taken) == len(peers)
    for media in taken:
        peer = next(peer for peer in peers if str(peer.payload_type) == media.formats[0])
        assert answer.direction_of(media) == DIRECTIONS[peer.send, peer.receive]
        assert len(set(media.formats)) == len(media.formats), "a payload type means one thing"
        offered = offer.media[answer.media.index(media)]
        assert set(media.formats) <= set(offered.formats), "nothing is answered that was not offered"


def check_peer(peer: RtpPeer, terms: SrtpTerms) -> None:
    """What the media plane takes for granted."""
    address = ipaddress.ip_address(peer.address)
    assert not address.is_multicast
    assert not (peer.send and address.is_unspecified)
    assert 1 <= peer.port <= 65_535
    assert peer.packet_ms in PACKET_MS[peer.codec]
    assert not 64 <= peer.payload_type < 96
    assert (peer.srtp is None) if terms.use == "no" else (peer.srtp is not None or terms.use == "optional")


@given(st.text(max_size=300))
@example("v=0")
@example("v=0\n" * 3)
def test_any_text(text: str):
    use(text)


@given(st.lists(st.sampled_from(LINES) | st.text(max_size=20), max_size=40), st.sampled_from(["\r\n", "\n"]))
def test_lines_of_real_descriptions_in_any_order(lines: list[str], end: str):
    use("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n" + end.join(lines))


edits = st.tuples(st.floats(0, 1), st.integers(0, 12), st.text(max_size=8))


@given(st.sampled_from(ALL), st.lists(edits, min_size=1, max_size=6))
def test_real_descriptions_with_damage(name: str, damage: list[tuple[float, int, str]]):
    text = sample(name)
    for where, length, new in damage:
        start = int(where * len(text))
        text = text[:start] + new + text[start + length :]
    use(text)


@given(st.sampled_from(ALL), st.data())
def test_real_descriptions_with_lines_lost_doubled_or_swapped(name: str, data: st.DataObject):
    lines = sample(name).split("\r\n")
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        match data.draw(st.sampled_from(["drop", "double", "swap"])):
            case "drop" if len(lines) > 1:
                del lines[at]
            case "double":
                lines.insert(at, lines[at])
            case _:
                lines[at], lines[-1] = lines[-1], lines[at]
    use("\r\n".join(lines))
