"""Pictures through the plane without sockets: key frames recognised, numbers made ours, feedback made the source's."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.media._video import Side, begins_key_frame

S = 1_000_000_000
KEY = bytes.fromhex("9080810a") + b"\x10\x02\x00\x9d\x01\x2a key picture"
"""VP8: X and S, a picture id of two octets, P 0."""
DELTA = bytes.fromhex("9080810b") + b"\x11 delta picture"
SOURCE, VIEWED = 0xAAAA, 0xBBBB


def rtp(
    sequence: int,
    payload: bytes = DELTA,
    *,
    timestamp: int = 9000,
    payload_type: int = 96,
    ssrc: int = SOURCE,
    marker: bool = False,
    extensions: dict[int, bytes] | None = None,
    padding: int = 0,
) -> bytes:
    block = b"".join(bytes([number << 4 | (len(value) - 1)]) + value for number, value in (extensions or {}).items())
    block += bytes(-len(block) % 4)
    first = 0x80 | (0x10 if block else 0) | (0x20 if padding else 0)
    header = struct.pack(
        "!BBHII", first, (0x80 if marker else 0) | payload_type, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc
    )
    if block:
        header += struct.pack("!HH", 0xBEDE, len(block) // 4) + block
    return header + payload + (bytes(padding - 1) + bytes([padding]) if padding else b"")


class Seen:
    """A packet as a viewer gets it."""

    def __init__(self, datagram: bytes) -> None:
        first, second, self.sequence, self.timestamp, self.ssrc = struct.unpack_from("!BBHII", datagram)
        assert first >> 6 == 2
        self.payload_type, self.marker, self.padded = second & 0x7F, bool(second & 0x80), bool(first & 0x20)
        at = 12
        self.extensions: dict[int, bytes] = {}
        if first & 0x10:
            profile, words = struct.unpack_from("!HH", datagram, at)
            assert profile == 0xBEDE
            at, end = at + 4, at + 4 + 4 * words
            while at < end:
                if datagram[at] == 0:
                    at += 1
                    continue
                number, size = datagram[at] >> 4, (datagram[at] & 15) + 1
                self.extensions[number] = datagram[at + 1 : at + 1 + size]
                at += 1 + size
        self.payload = datagram[at:]


def pair(**both: int) -> tuple[Side, Side]:
    source = Side(payload_type=96, rtx=97, ssrc=0xA1, rtx_ssrc=0xA2, **both)
    return source, Side(payload_type=120, rtx=121, ssrc=VIEWED, rtx_ssrc=0xBB2, **both)


def see(viewer: Side, source: Side, datagram: bytes, now_ns: int = 0) -> Seen:
    sent = viewer.see(source, datagram, now_ns)
    assert sent is not None
    return Seen(sent)


# --- key frames -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "begins"),
    [
        (b"\x10\x00", True),
        (b"\x10\x01", False),
        (b"\x00\x00", False),
        (b"\x11\x00", False),
        (b"\x90\x80\x05\x00", True),
        (b"\x90\x80\x85\x05\x00", True),
        (b"\x90\x80\x85\x05\x01", False),
        (b"\x90\xf0\x85\x05\x07\x20\x00", True),
        (b"\x90\xf0\x85\x05\x07\x20\x01", False),
        (b"\x90\xf0\x85\x05\x07\x20", False),
        (b"\x90\x80", False),
        (b"\x90", False),
        (b"", False),
    ],
)
def test_where_a_vp8_key_frame_begins(payload: bytes, begins: bool) -> None:
    assert begins_key_frame("vp8", payload) is begins


@pytest.mark.parametrize(
    ("payload", "begins"),
    [
        (b"\x67\x42\xe0", True),
        (b"\x68\xce", False),
        (b"\x65\x88", True),
        (b"\x65\x18", False),
        (b"\x41\x9a", False),
        (b"\x7c\x85\x88", True),
        (b"\x7c\x05\x88", False),
        (b"\x7c\x81\x88", False),
        (b"\x78\x00\x02\x68\xce\x00\x02\x67\x42", True),
        (b"\x78\x00\x02\x68\xce\x00\x02\x41\x9a", False),
        (b"\x78\xff\xff\x67", True),
        (b"\x78\xff\xff\x61", False),
        (b"\x67", False),
    ],
)
def test_where_an_h264_key_frame_begins(payload: bytes, begins: bool) -> None:
    assert begins_key_frame("h264", payload) is begins


@given(st.sampled_from(["vp8", "h264"]), st.binary(max_size=40))
def test_any_octets_are_a_beginning_or_none(codec: str, payload: bytes) -> None:
    assert begins_key_frame(codec, payload) in (True, False)  # type: ignore[arg-type]


# --- numbers ----------------------------------------------------------------------------------------------------------


def test_nothing_is_seen_before_a_key_frame_begins() -> None:
    source, viewer = pair()
    assert viewer.see(source, rtp(1)) is None
    assert viewer.see(source, rtp(2, payload_type=97)) is None
    assert not viewer.open
    assert see(viewer, source, rtp(3, KEY)).payload == KEY
    assert viewer.open


def test_payload_marker_and_gaps_stay_and_the_rest_is_ours() -> None:
    source, viewer = pair()
    first = see(viewer, source, rtp(65534, KEY, timestamp=5))
    last = see(viewer, source, rtp(65535, b"\x00more", timestamp=5, marker=True))
    later = see(viewer, source, rtp(2, timestamp=3005))
    assert (first.ssrc, first.payload_type, first.marker, last.marker) == (VIEWED, 120, False, True)
    assert last.payload == b"\x00more"
    assert [(p.sequence - first.sequence) & 0xFFFF for p in (last, later)] == [1, 4]
    assert (last.timestamp, later.timestamp - first.timestamp) == (first.timestamp, 3000)


def test_late_and_reordered_packets_keep_their_place() -> None:
    source, viewer = pair()
    first = see(viewer, source, rtp(100, KEY))
    assert see(viewer, source, rtp(103)).sequence == first.sequence + 3
    assert see(viewer, source, rtp(101)).sequence == first.sequence + 1
    assert viewer.see(source, rtp(99)) is None, "it is from before the key frame"


def test_a_new_source_goes_on_where_the_old_one_was() -> None:
    source, viewer = pair()
    see(viewer, source, rtp(10, KEY, timestamp=9000), 0)
    before = see(viewer, source, rtp(11, timestamp=12000), S // 10)
    viewer.close()
    other = Side(payload_type=100, rtx=101, ssrc=0xC1)
    assert viewer.see(other, rtp(7000, ssrc=0xCC, payload_type=100), S) is None
    after = see(viewer, other, rtp(7001, KEY, ssrc=0xCC, payload_type=100, timestamp=77), S + S // 10)
    assert (after.sequence, after.ssrc) == (before.sequence + 1, VIEWED)
    assert (after.timestamp - before.timestamp) & 0xFFFFFFFF == 90_000
    assert viewer.see(other, rtp(7000, ssrc=0xCC, payload_type=100), S) is None


def test_a_new_stretch_at_once_has_a_new_timestamp() -> None:
    source, viewer = pair()
    before = see(viewer, source, rtp(10, KEY), S)
    viewer.close()
    assert see(viewer, source, rtp(11, KEY), S).timestamp != before.timestamp


def test_a_long_stretch_forgets_its_beginning_and_nothing_else() -> None:
    source, viewer = pair()
    first = see(viewer, source, rtp(0, KEY))
    for sequence in range(1, 200_000, 250):
        seen = see(viewer, source, rtp(sequence, timestamp=sequence))
        assert (seen.sequence - first.sequence) & 0xFFFF == sequence & 0xFFFF
        if sequence > 5000:
            assert viewer.see(source, rtp(sequence - 4000)) is not None


def test_header_extensions_are_those_of_both_with_the_viewers_ids() -> None:
    source = Side(transport_cc_id=3, abs_send_time_id=2)
    viewer = Side(payload_type=120, transport_cc_id=9, abs_send_time_id=14)
    given_ = {1: b"mid", 2: b"abs", 3: struct.pack("!H", 500), 4: b"unknown"}
    first = see(viewer, source, rtp(1, KEY, extensions=given_))
    second = see(viewer, source, rtp(2, extensions={**given_, 3: struct.pack("!H", 501)}))
    assert set(first.extensions) == {9, 14}
    assert first.extensions[14] == b"abs"
    assert struct.unpack("!H", second.extensions[9])[0] - struct.unpack("!H", first.extensions[9])[0] == 1
    assert first.payload == KEY
    plain = see(Side(payload_type=120), source, rtp(3, KEY, extensions=given_))
    assert plain.extensions == {}
    assert plain.payload == KEY
    assert see(viewer, source, rtp(3, KEY)).extensions == {}


# --- retransmissions and probes ---------------------------------------------------------------------------------------


def test_a_retransmission_names_our_packet() -> None:
    source, viewer = pair()
    first = see(viewer, source, rtp(1000, KEY))
    again = see(viewer, source, rtp(5, struct.pack("!H", 1002) + DELTA, payload_type=97, ssrc=0xAB, timestamp=9000))
    assert (again.payload_type, again.ssrc) == (121, 0xBB2)
    assert again.payload == struct.pack("!H", first.sequence + 2) + DELTA
    assert again.timestamp == first.timestamp
    following = see(viewer, source, rtp(6, struct.pack("!H", 1003) + DELTA, payload_type=97, ssrc=0xAB))
    assert following.sequence == again.sequence + 1


def test_a_retransmission_from_before_the_stretch_is_dropped() -> None:
    source, viewer = pair()
    see(viewer, source, rtp(1000, KEY))
    assert viewer.see(source, rtp(5, struct.pack("!H", 999) + DELTA, payload_type=97, ssrc=0xAB)) is None


def test_a_viewer_without_rtx_gets_none() -> None:
    source, viewer = Side(), Side(payload_type=120, rtx=-1)
    see(viewer, source, rtp(1, KEY))
    assert viewer.see(source, rtp(5, struct.pack("!H", 1) + DELTA, payload_type=97, ssrc=0xAB)) is None


def test_probes_of_padding_alone_pass_as_they_are() -> None:
    source, viewer = pair()
    see(viewer, source, rtp(1, KEY))
    probe = see(viewer, source, rtp(5, b"", payload_type=97, ssrc=0xAB, padding=200))
    assert probe.padded
    assert probe.payload == bytes(199) + b"\xc8"


# --- feedback ---------------------------------------------------------------------------------------------------------


def rtcp(kind: int, count: int, body: bytes) -> bytes:
    return struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body


def nack(about: int, *entries: tuple[int, int]) -> bytes:
    return rtcp(205, 1, struct.pack("!II", 7, about) + b"".join(struct.pack("!HH", *entry) for entry in entries))


def seen_pair(**both: int) -> tuple[Side, Side, Seen]:
    """Both, and the first packet: the source's number 1000."""
    source, viewer = pair(**both)
    first = see(viewer, source, rtp(1000, KEY, extensions={5: struct.pack("!H", 300)}))
    for sequence in range(1001, 1041):
        see(viewer, source, rtp(sequence, extensions={5: struct.pack("!H", sequence - 700)}))
    return source, viewer, first


def test_a_nack_names_the_sources_packets() -> None:
    source, viewer, first = seen_pair()
    (said,) = viewer.say(source, nack(VIEWED, (first.sequence + 4, 0b101), (first.sequence + 30, 0))) or []
    assert said == rtcp(205, 1, struct.pack("!IIHHHH", 0xA1, SOURCE, 1004, 0b101, 1030, 0))


def test_a_nack_of_what_was_never_sent_is_dropped() -> None:
    source, viewer, first = seen_pair()
    assert viewer.say(source, nack(VIEWED, (first.sequence - 1, 0), (first.sequence + 41, 0))) == []
    assert viewer.say(source, nack(VIEWED + 1, (first.sequence, 0))) == []
    deaf = Side(nack=False)
    assert viewer.say(deaf, nack(VIEWED, (first.sequence, 0))) == []
    viewer.close()
    assert viewer.say(source, nack(VIEWED, (first.sequence + 4, 0))) == []


def test_feedback_goes_behind_a_report_unless_reduced_size_was_negotiated() -> None:
    _, viewer, first = seen_pair()
    source = Side(ssrc=0xA1, reduced_size=False)
    (said,) = viewer.say(source, nack(VIEWED, (first.sequence, 0)), cname=0x12345678) or []
    assert said[:8] == rtcp(201, 0, struct.pack("!I", 0xA1))
    assert said[8:16] == struct.pack("!BBHI", 0x81, 202, 5, 0xA1)
    assert said[16:28] == b"\x01\x09z12345678\x00"
    assert said[32:] == rtcp(205, 1, struct.pack("!IIHH", 0xA1, SOURCE, 1000, 0))


def test_transport_wide_feedback_counts_as_the_source_does() -> None:
    source, viewer, first = seen_pair(transport_cc_id=5)
    ours = struct.unpack("!H", first.extensions[5])[0]
    chunks = bytes.fromhex("0002000001020320030004")
    body = struct.pack("!IIHH", 7, VIEWED, ours + 2, 2) + chunks[:8]
    (said,) = viewer.say(source, rtcp(205, 15, body)) or []
    assert said == rtcp(205, 15, struct.pack("!IIHH", 0xA1, SOURCE, 302, 2) + chunks[:8])
    early = struct.pack("!IIHH", 7, VIEWED, ours - 1, 2) + chunks[:8]
    assert viewer.say(source, rtcp(205, 15, early)) == []
    assert viewer.say(Side(), rtcp(205, 15, body)) == []


def test_transport_wide_feedback_may_be_padded_by_odd_octets_and_come_by_several() -> None:
    """As browsers send it: each packet filled up to a word by itself."""
    source, viewer, first = seen_pair(transport_cc_id=5)
    ours = struct.unpack("!H", first.extensions[5])[0]

    def feedback(sender: int, about: int, base: int) -> bytes:
        body = struct.pack("!IIHHI", sender, about, base, 3, 0x00020001) + bytes.fromhex("2003010203" + "000003")
        return struct.pack("!BBH", 0xA0 | 15, 205, len(body) // 4) + body

    said = viewer.say(source, feedback(7, VIEWED, ours + 2) + feedback(7, VIEWED, ours + 5))
    assert said == [feedback(0xA1, SOURCE, 302), feedback(0xA1, SOURCE, 305)]


def test_a_remb_keeps_its_rate_and_names_the_sources_streams() -> None:
    source, viewer, _ = seen_pair()
    body = struct.pack("!II4sBBHI", 7, 0, b"REMB", 1, 0x0B, 0x1234, VIEWED)
    (said,) = viewer.say(source, rtcp(206, 15, body)) or []
    assert said == rtcp(206, 15, struct.pack("!II4sBBHI", 0xA1, 0, b"REMB", 1, 0x0B, 0x1234, SOURCE))
    assert viewer.say(source, rtcp(206, 15, body.replace(b"REMB", b"ABCD"))) == []


@pytest.mark.parametrize(
    "request_",
    [
        rtcp(206, 1, struct.pack("!II", 7, VIEWED)),
        rtcp(206, 4, struct.pack("!IIII", 7, 0, VIEWED, 1 << 24)),
    ],
    ids=["PLI", "FIR"],
)
def test_a_wish_for_a_key_frame_is_noted_also_before_any_picture(request_: bytes) -> None:
    source, viewer = pair()
    assert viewer.say(source, request_) == []
    assert source.key_wanted
    stranger = Side()
    assert viewer.say(stranger, request_.replace(struct.pack("!I", VIEWED), struct.pack("!I", 3))) == []
    assert not stranger.key_wanted


def test_a_key_frame_is_asked_for_in_the_way_the_browser_knows() -> None:
    source, viewer, _ = seen_pair()
    assert source.ask_key_frame() == rtcp(206, 1, struct.pack("!II", 0xA1, SOURCE))
    fir = Side(ssrc=0xA1, pli=False, fir=True)
    see(viewer, fir, rtp(1050))
    assert [fir.ask_key_frame()[-4:] for _ in range(2)] == [struct.pack("!I", n << 24) for n in (1, 2)]
    assert Side(pli=False).ask_key_frame() == b""


def block(about: int, highest: int, *, lost: int = 0, fraction: int = 25, last: int = 0, delay: int = 0) -> bytes:
    return struct.pack("!IIIIII", about, fraction << 24 | lost, highest, 77, last, delay)


def test_a_receiver_report_reaches_the_source_as_if_it_had_been_heard_directly() -> None:
    source, viewer, first = seen_pair()
    sr = rtcp(200, 0, struct.pack("!IQIII", SOURCE, 0x1111_2222_3333_4444, 9000, 41, 4000))
    ours = 0xAAAA_BBBB_CCCC_DDDD
    (report,) = source.report(viewer, sr, ours) or []
    octets = len(KEY) + 40 * len(DELTA)
    assert report[:28] == struct.pack("!BBHIQIII", 0x80, 200, 6, VIEWED, ours, first.timestamp, 41, octets)
    rr = rtcp(
        201,
        2,
        struct.pack("!I", 7) + block(0xDEAD, 1) + block(VIEWED, first.sequence + 40, lost=5, last=0xBBBBCCCC, delay=9),
    )
    (said,) = viewer.say(source, rr) or []
    assert said[:32] == rtcp(201, 1, struct.pack("!I", 0xA1) + block(SOURCE, 1040, last=0x22223333, delay=9))
    later = rtcp(201, 1, struct.pack("!I", 7) + block(VIEWED, first.sequence + 40, lost=8, last=0x1, delay=9))
    (said,) = viewer.say(source, later) or []
    assert said[:32] == rtcp(201, 1, struct.pack("!I", 0xA1) + block(SOURCE, 1040, lost=3))


def test_a_report_about_nothing_seen_goes_nowhere() -> None:
    source, viewer = pair()
    sr = rtcp(200, 0, struct.pack("!IQIII", SOURCE, 1, 9000, 41, 4000))
    assert source.report(viewer, sr, 1) == []
    assert viewer.say(source, rtcp(201, 1, struct.pack("!I", 7) + block(VIEWED, 1))) == []
    source, viewer, _ = seen_pair()
    assert source.report(viewer, sr.replace(struct.pack("!I", SOURCE), b"else"), 1) == []


@given(st.binary(min_size=4, max_size=64), st.integers(200, 207), st.integers(0, 31))
def test_any_rtcp_is_translated_or_refused(body: bytes, kind: int, count: int) -> None:
    source, viewer, _ = seen_pair(transport_cc_id=5)
    datagram = rtcp(kind, count, body[: len(body) & ~3])
    for said in (viewer.say(source, datagram) or []) + (source.report(viewer, datagram, 5) or []):
        assert len(said) % 4 == 0
        assert len(said) <= 1500
