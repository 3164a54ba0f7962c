"""RTCP octet by octet: what is well-formed, what is not, and what a leg learns from it."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.media._guards import parse_rtcp
from gateway.media._wire import Stream

SR, RR, SDES, BYE, APP, RTPFB, PSFB, XR = range(200, 208)
OURS, THEIRS = 1, 7


def packet(kind: int, count: int, body: bytes, padding: int = 0) -> bytes:
    body += bytes(padding - 1) + bytes([padding]) if padding else b""
    first = 0x80 | (0x20 if padding else 0) | count
    return struct.pack("!BBH", first, kind, len(body) // 4) + body


def ssrc(*numbers: int) -> bytes:
    return struct.pack(f"!{len(numbers)}I", *numbers)


def block(source: int = OURS, fraction: int = 0, jitter: int = 0, last: int = 0, delay: int = 0) -> bytes:
    return struct.pack("!IB3xIIII", source, fraction, 0, jitter, last, delay)


RECEIVER = packet(RR, 1, ssrc(THEIRS) + block())
SENDER = packet(SR, 0, ssrc(THEIRS) + bytes(20))
NAMES = packet(SDES, 1, ssrc(THEIRS) + b"\x01\x03abc\x00\x00\x00")
GOODBYE = packet(BYE, 1, ssrc(THEIRS))
NACK = packet(RTPFB, 1, ssrc(THEIRS, OURS) + bytes(4))
TRANSPORT_CC = packet(RTPFB, 15, ssrc(THEIRS, OURS) + bytes(12))
PLI = packet(PSFB, 1, ssrc(THEIRS, OURS))
FIR = packet(PSFB, 4, ssrc(THEIRS, 0) + bytes(8))
EXTENDED = packet(XR, 0, ssrc(THEIRS))
ALL = [RECEIVER, SENDER, NAMES, GOODBYE, NACK, TRANSPORT_CC, PLI, FIR, EXTENDED, packet(APP, 0, ssrc(THEIRS) + b"name")]


def test_a_compound_is_taken_apart():
    parsed = parse_rtcp(RECEIVER + NAMES + GOODBYE)
    assert parsed is not None
    assert [(kind, count) for kind, count, _ in parsed] == [(RR, 1), (SDES, 1), (BYE, 1)]
    assert parsed[2][2] == ssrc(THEIRS)


@pytest.mark.parametrize("single", ALL)
def test_a_single_packet_will_do(single: bytes):
    """RFC 5506: feedback need not have a report before it."""
    assert parse_rtcp(single) is not None


@pytest.mark.parametrize("kind", [199, 208])
def test_a_kind_that_nobody_knows_is_passed_over_but_not_as_the_first(kind: int):
    assert parse_rtcp(packet(kind, 0, ssrc(THEIRS))) is None
    assert parse_rtcp(RECEIVER + packet(kind, 0, ssrc(THEIRS))) is not None


def test_padding_is_left_out_and_only_the_last_packet_has_it():
    padded = packet(BYE, 1, ssrc(THEIRS), padding=4)
    assert parse_rtcp(RECEIVER + padded) == [*(parse_rtcp(RECEIVER) or []), (BYE, 1, ssrc(THEIRS))]
    assert parse_rtcp(padded + RECEIVER) is None


@pytest.mark.parametrize(
    "malformed",
    [
        b"",
        RECEIVER[:7],
        RECEIVER[:-1],
        RECEIVER + b"\x80",
        b"\x40" + RECEIVER[1:],  # version 1
        packet(RR, 2, ssrc(THEIRS) + block()),
        packet(SR, 0, ssrc(THEIRS) + bytes(16)),
        packet(BYE, 2, ssrc(THEIRS)),
        packet(SDES, 1, ssrc(THEIRS) + b"\x01\xffab"),
        packet(SDES, 2, ssrc(THEIRS) + b"\x01\x03abc\x00\x00\x00"),
        packet(RTPFB, 1, ssrc(THEIRS, OURS)),
        packet(RTPFB, 15, ssrc(THEIRS, OURS) + bytes(4)),
        packet(PSFB, 1, ssrc(THEIRS, OURS) + bytes(4)),
        packet(PSFB, 4, ssrc(THEIRS, OURS) + bytes(4)),
        packet(APP, 0, ssrc(THEIRS)),
        b"\xa0\xcb\x00\x01" + b"\x00\x00\x00\x00",  # padding of no octets
        b"\xa0\xcb\x00\x01" + b"\x00\x00\x00\x08",  # more padding than packet
    ],
)
def test_what_is_malformed_is_refused_as_a_whole(malformed: bytes):
    assert parse_rtcp(malformed) is None
    if malformed:
        assert parse_rtcp(RECEIVER + malformed) is None


@given(st.lists(st.sampled_from(ALL), min_size=1, max_size=6), st.data())
def test_any_octet_may_be_wrong(packets: list[bytes], data: st.DataObject):
    datagram = bytearray(b"".join(packets))
    for _ in range(data.draw(st.integers(0, 4))):
        datagram[data.draw(st.integers(0, len(datagram) - 1))] = data.draw(st.integers(0, 255))
    parsed = parse_rtcp(bytes(datagram))
    assert parsed is None or sum(4 + len(body) for _, _, body in parsed) <= len(datagram)
    Stream().read_report(bytes(datagram))


@given(st.binary(max_size=200))
def test_any_datagram_is_survived(datagram: bytes):
    parse_rtcp(datagram)
    parse_rtcp(RECEIVER + datagram)


def middle_of_report(report: bytes) -> int:
    assert report[1] == SR
    return int.from_bytes(report[10:14])


def test_a_round_trip_is_told_by_answers_to_our_own_reports_only():
    stream = Stream(ssrc=OURS)
    stream.generate(0)
    middle = middle_of_report(stream.write_report(0))
    forged = packet(RR, 1, ssrc(THEIRS) + block(last=(middle - 100 * 65536) & 0xFFFFFFFF))
    assert stream.read_report(forged) == (0, 0)
    answer = packet(RR, 1, ssrc(THEIRS) + block(fraction=64, last=middle))
    fraction, trip_us = stream.read_report(answer) or (0, 0)
    assert fraction == 64
    assert trip_us < 5_000_000
    # A delay that is longer than all the time that has passed is no round trip of less than nothing.
    late = packet(RR, 1, ssrc(THEIRS) + block(last=middle, delay=10 * 65536))
    assert stream.read_report(late) == (0, 0)


def test_a_report_about_somebody_else_is_none_about_us():
    stream = Stream(ssrc=OURS)
    assert stream.read_report(packet(RR, 1, ssrc(THEIRS) + block(source=99, fraction=200))) == (0, 0)


def test_a_goodbye_ends_a_source_and_its_counts_stay():
    stream = Stream()
    for sequence in (1, 2, 4):
        stream.receive(sequence=sequence, ssrc=THEIRS)
    assert stream.read_report(RECEIVER + packet(BYE, 1, ssrc(99))) is not None
    assert stream.receive(sequence=5, ssrc=THEIRS) == "ok"
    assert stream.read_report(RECEIVER + GOODBYE) is not None
    assert (stream.received, stream.lost) == (4, 1)
    assert stream.receive(sequence=900, ssrc=THEIRS) == "restarted"
    assert (stream.received, stream.lost) == (5, 1)


def test_a_malformed_compound_teaches_nothing():
    stream = Stream(ssrc=OURS)
    wrong = packet(RR, 1, ssrc(THEIRS) + block(fraction=200)) + b"\x80\xcb\x00\x05"
    assert stream.read_report(wrong) is None
    assert stream.read_report(RECEIVER) == (0, 0)
