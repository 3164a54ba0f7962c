"""RTP as the plane reads, counts and numbers it: RFC 3550 5.1, A.1, A.3, A.8 and 6.4, without sockets."""

from __future__ import annotations

import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.media._wire import Stream, parse_rtp

MS = 1_000_000


def rtp(
    payload: bytes = b"sound",
    *,
    first: int = 0x80,
    second: int = 8,
    sequence: int = 1,
    timestamp: int = 2,
    ssrc: int = 3,
) -> bytes:
    return struct.pack("!BBHII", first, second, sequence, timestamp, ssrc) + payload


# --- headers ----------------------------------------------------------------------------------------------------------


def test_a_plain_packet() -> None:
    assert parse_rtp(rtp(b"abc", second=0x80 | 101, sequence=65535)) == (101, True, 65535, 2, 3, b"abc")


def test_csrcs_extension_and_padding_are_no_payload() -> None:
    body = bytes(8) + struct.pack("!HH", 0xBEDE, 2) + bytes(8) + b"sound" + b"\0\0\3"
    assert parse_rtp(rtp(body, first=0x80 | 0x30 | 2)) == (8, False, 1, 2, 3, b"sound")


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        rtp(b"")[:11],
        rtp(first=0x40),
        rtp(b"", first=0x81),
        rtp(b"\0\0\0", first=0x90),
        rtp(b"\0\0\0\2" + bytes(7), first=0x90),
        rtp(b"\0", first=0xA0),
        rtp(b"\0\3", first=0xA0),
        rtp(b"", first=0xA0, ssrc=0x20),
    ],
)
def test_malformed_packets(datagram: bytes) -> None:
    assert parse_rtp(datagram) is None


@given(st.binary(max_size=80))
def test_any_octets_are_parsed_or_refused(datagram: bytes) -> None:
    parsed = parse_rtp(datagram)
    assert parsed is None or datagram.find(parsed[5]) >= 12 or parsed[5] == b""


# --- what is received -------------------------------------------------------------------------------------------------


def test_losses_are_what_was_expected_and_did_not_come() -> None:
    stream = Stream()
    for sequence in (65533, 65534, 1, 0, 3):  # 65535 and 2 are lost, 0 is late, the count goes round
        assert stream.receive(sequence=sequence) != "bad"
    assert (stream.received, stream.lost) == (5, 2)
    assert stream.fraction_lost() == 2 * 255 // 7
    assert stream.fraction_lost() == 0


def test_a_jump_is_believed_when_two_packets_agree() -> None:
    stream = Stream()
    stream.receive(sequence=10)
    assert stream.receive(sequence=20000) == "bad"
    assert stream.receive(sequence=11) == "ok"
    assert stream.receive(sequence=20000) == "bad"
    assert stream.receive(sequence=20001) == "restarted"
    assert (stream.received, stream.lost) == (3, 0)


def test_counts_go_on_over_a_change_of_source() -> None:
    stream = Stream()
    for sequence in (1, 3):
        stream.receive(sequence=sequence, ssrc=1)
    assert stream.receive(sequence=500, ssrc=2) == "restarted"
    stream.receive(sequence=503, ssrc=2)
    assert (stream.received, stream.lost) == (4, 3)


def test_jitter_of_a_steady_stream_is_nothing_and_of_an_unsteady_one_the_deviation() -> None:
    steady, unsteady = Stream(), Stream()
    for number in range(500):
        steady.receive(sequence=number, timestamp=160 * number, now_ns=20 * MS * number)
        wobble = 8 * MS if number % 2 else 0
        unsteady.receive(sequence=number, timestamp=160 * number, now_ns=20 * MS * number + wobble)
    assert steady.jitter_us == 0
    assert unsteady.jitter_us == pytest.approx(8000, rel=0.05)


def test_events_do_not_count_as_jitter() -> None:
    stream = Stream()
    for number in range(50):
        stream.receive(sequence=number, timestamp=0, now_ns=20 * MS * number, timed=False)
    assert stream.jitter_us == 0


# --- what is sent -----------------------------------------------------------------------------------------------------


def test_generated_packets_follow_each_other_and_the_first_begins_a_spurt() -> None:
    stream = Stream(sequence=65534, timestamp=2**32 - 160)
    assert stream.generate(20 * MS)[0::2] == (65535, True)
    _, first, _ = Stream(sequence=65534, timestamp=2**32 - 160).generate(20 * MS)
    assert first == 2**32 - 160
    assert stream.generate(41 * MS) == (0, 0, False)
    assert stream.generate(59 * MS) == (1, 160, False)


def test_timestamps_bridge_a_pause_in_whole_packets() -> None:
    stream = Stream(timestamp=1000)
    stream.generate(1000 * MS)
    stream.switch()
    assert stream.generate(1000 * MS + 93 * MS) == (2, 1000 + 5 * 160, True)


def test_a_relayed_source_keeps_its_gaps_and_order() -> None:
    stream = Stream(sequence=100, timestamp=5000)
    stream.generate(20 * MS)
    base = stream.relay(40 * MS, sequence=7000, timestamp=900)
    assert base == (102, 5160, True)
    assert stream.relay(80 * MS, sequence=7002, timestamp=900 + 320) == (104, 5160 + 320, False)
    assert stream.relay(81 * MS, sequence=7001, timestamp=900 + 160) == (103, 5160 + 160, False)
    assert stream.relay(81 * MS, sequence=6999, timestamp=900 - 160) is None


def test_sound_made_here_follows_a_relayed_source() -> None:
    stream = Stream(sequence=0, timestamp=0)
    stream.relay(20 * MS, sequence=9, timestamp=90)
    sequence, timestamp, _ = stream.relay(40 * MS, sequence=10, timestamp=250) or (0, 0, False)
    assert stream.generate(60 * MS) == (sequence + 1, timestamp + 160, False)


def test_a_skipped_packet_leaves_no_gap() -> None:
    stream = Stream(sequence=10)
    first = stream.relay(20 * MS, sequence=1, timestamp=0)
    assert first is not None
    stream.skip(sequence=2)
    stream.skip(sequence=3)
    after = stream.relay(80 * MS, sequence=4, timestamp=480)
    assert after is not None
    assert after[0] == first[0] + 1
    assert stream.relay(80 * MS, sequence=3, timestamp=320) is None


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("generate"), st.just(0)),
            st.tuples(st.just("switch"), st.just(0)),
            st.tuples(st.just("source"), st.integers(0, 65535)),
            st.tuples(st.just("relay"), st.integers(1, 3)),
            st.tuples(st.just("skip"), st.just(1)),
        ),
        max_size=60,
    )
)
def test_no_number_is_ever_sent_twice_and_none_goes_back(steps: list[tuple[str, int]]) -> None:
    """In whatever way sources follow each other (SRTP would refuse a number that was used, RFC 3711 3.3.1)."""
    stream = Stream(sequence=65500)
    now, source, sequence = 0, 1, 100
    sent: list[int] = []
    for step, value in steps:
        now += 20 * MS
        numbers = None
        if step == "generate":
            numbers = stream.generate(now)
        elif step == "switch":
            stream.switch()
        elif step == "source":
            source, sequence = source + 1, value
        elif step == "skip":
            sequence = (sequence + 1) & 0xFFFF
            stream.skip(sequence=sequence, ssrc=source)
        else:
            sequence = (sequence + value) & 0xFFFF
            numbers = stream.relay(now, sequence=sequence, timestamp=sequence * 160, ssrc=source)
        if numbers is not None:
            sent.append(numbers[0])
    for before, after in itertools.pairwise(sent):
        assert 0 < (after - before) & 0xFFFF <= 3


# --- RTCP -------------------------------------------------------------------------------------------------------------


def test_a_sender_reports_what_it_sent_and_a_receiver_what_it_got() -> None:
    stream = Stream(ssrc=0x11223344)
    stream.receive(sequence=1, ssrc=0x55)
    stream.receive(sequence=3, ssrc=0x55)
    packet = stream.write_report(MS)
    kind, length, ssrc, about = struct.unpack_from("!xBHII", packet)
    assert (packet[0], kind, length, ssrc, about) == (0x81, 201, 7, 0x11223344, 0x55)
    fraction, highest = packet[12], struct.unpack_from("!I", packet, 16)[0]
    assert (fraction, packet[13:16], highest) == (255 // 3, b"\0\0\1", 3)
    assert packet[32:34] == b"\x81\xca"
    assert len(packet) % 4 == 0


def test_a_report_about_us_tells_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream(ssrc=9)
    block = struct.pack("!IIIIII", 9, 64 << 24, 0, 0, 0, 0)
    assert stream.read_report(struct.pack("!BBHI", 0x81, 201, 7, 5) + block) == (64, 0)
    other = struct.pack("!IIIIII", 8, 99 << 24, 0, 0, 0, 0)
    assert stream.read_report(struct.pack("!BBHI", 0x81, 201, 7, 5) + other) == (64, 0)


def test_a_goodbye_comes_last() -> None:
    packet = Stream(ssrc=9).write_report(MS, bye=True)
    assert packet[-8:] == struct.pack("!BBHI", 0x81, 203, 1, 9)


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        struct.pack("!BBH", 0x80, 201, 0),
        struct.pack("!BBHI", 0x81, 201, 1, 5),
        struct.pack("!BBHI", 0x80, 200, 1, 5),
        struct.pack("!BBHI", 0x80, 201, 2, 5),
        struct.pack("!BBHI", 0x80, 201, 1, 5) + b"\x80\xca",
    ],
)
def test_malformed_reports(packet: bytes) -> None:
    assert Stream().read_report(packet) is None


@given(st.binary(max_size=120))
def test_any_octets_are_a_report_or_none(packet: bytes) -> None:
    Stream().read_report(b"\x81\xc9" + packet)
    Stream().read_report(packet)
