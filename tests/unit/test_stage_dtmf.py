"""RFC 4733 digits: each is reported once, whatever the network does to its packets."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.media import _stages

DIGITS = "0123456789*#ABCD"
TICK_NS = 20_000_000


def packets_of(text: str, duration_ms: int = 100, pause_ms: int = 60) -> list[tuple[int, int, bytes]]:
    """(time in ns, RTP timestamp, payload) of each packet as sent, 20 ms apart."""
    sent = []
    now_ns, timestamp = 0, 0xFFFFFF00
    for digit in text:
        for stamp, _, payload in _stages.dtmf_packets(digit, duration_ms, timestamp):
            sent.append((now_ns, stamp, payload))
            now_ns += TICK_NS
        now_ns += pause_ms * 1_000_000
        timestamp = (timestamp + (duration_ms + 40 + pause_ms) * 8) & 0xFFFFFFFF
    return sent


def receive(packets: list[tuple[int, int, bytes]]) -> list[tuple[str, int]]:
    receiver = _stages.DtmfReceiver()
    digits: list[tuple[str, int]] = []
    for now_ns, timestamp, payload in packets:
        expired = receiver.expire(now_ns)
        if expired:
            digits.append(expired)
        digits += receiver.receive(payload, timestamp, now_ns) or []
    expired = receiver.expire((packets[-1][0] if packets else 0) + 10**9)
    return [*digits, expired] if expired else digits


def test_what_is_sent() -> None:
    packets = _stages.dtmf_packets("5", 100, 1000)
    assert [timestamp for timestamp, _, _ in packets] == [1000] * 7
    assert [marker for _, marker, _ in packets] == [True] + [False] * 6
    assert [payload[0] for _, _, payload in packets] == [5] * 7
    assert [bool(payload[1] & 0x80) for _, _, payload in packets] == [False] * 4 + [True] * 3
    assert [int.from_bytes(payload[2:]) for _, _, payload in packets] == [160, 320, 480, 640, 800, 800, 800]


def test_a_letter_is_taken_small_or_large_and_others_are_refused() -> None:
    assert _stages.dtmf_packets("a", 100, 0) == _stages.dtmf_packets("A", 100, 0)
    with pytest.raises(ValueError, match="'x'"):
        _stages.dtmf_packets("x", 100, 0)


def test_all_digits_arrive_with_their_duration() -> None:
    assert receive(packets_of(DIGITS)) == [(digit, 100) for digit in DIGITS]


def test_the_same_key_pressed_twice_is_two_digits() -> None:
    assert receive(packets_of("55")) == [("5", 100), ("5", 100)]


def test_lost_ends_are_noticed_by_the_next_digit_or_by_silence() -> None:
    without_ends = [packet for packet in packets_of("12") if not packet[2][1] & 0x80]
    assert receive(without_ends) == [("1", 80), ("2", 80)]


def test_only_an_end_packet_is_enough() -> None:
    ends = [packet for packet in packets_of("42") if packet[2][1] & 0x80]
    assert receive([ends[2], ends[5]]) == [("4", 100), ("2", 100)]


def test_a_straggler_of_an_older_digit_changes_nothing() -> None:
    packets = packets_of("12")
    first, second = packets[:7], packets[7:]
    late = [second[0], first[-1], second[1], first[-1], *second[2:]]
    assert receive([*first[:-1], *[(second[0][0], *one[1:]) for one in late]]) == [("1", 100), ("2", 100)]


def test_a_key_held_for_long_is_one_digit() -> None:
    """RFC 4733 2.5.1.3: after 0xFFFF units a new segment begins with a new timestamp."""
    packets = [(0, 0, bytes([7, 10]) + (160).to_bytes(2))]
    packets += [(n * TICK_NS, 0, bytes([7, 10]) + min(160 * n, 0xFFFF).to_bytes(2)) for n in range(1, 411)]
    packets += [(n * TICK_NS, 0xFFFF, bytes([7, 10]) + (160 * (n - 410)).to_bytes(2)) for n in range(411, 430)]
    packets += [(430 * TICK_NS, 0xFFFF, bytes([7, 0x8A]) + (3200).to_bytes(2))] * 3
    assert receive(packets) == [("7", (0xFFFF + 3200) // 8)]


@pytest.mark.parametrize("payload", [b"", b"\x01\x80\x00", b"\x10\x80\x00\xa0", b"\xff\x80\x00\xa0"])
def test_what_is_no_digit_is_refused(payload: bytes) -> None:
    assert _stages.DtmfReceiver().receive(payload, 0, 0) is None


@given(st.text(DIGITS, max_size=12), st.integers(0, 2**32), st.sampled_from([60, 100, 250]))
def test_each_digit_is_reported_once_through_a_bad_network(text: str, seed: int, duration_ms: int) -> None:
    """Any packets of a digit but one may be lost, all may be doubled, and neighbours of a digit may swap."""
    network = random.Random(seed)
    arrived = []
    by_digit: dict[int, list[tuple[int, int, bytes]]] = {}
    for packet in packets_of(text, duration_ms):
        by_digit.setdefault(packet[1], []).append(packet)
    for packets in by_digit.values():
        keep = network.randrange(len(packets))
        kept = [one for index, one in enumerate(packets) if index == keep or network.random() < 0.5]
        for index in range(len(kept) - 1):
            if network.random() < 0.2:
                kept[index], kept[index + 1] = kept[index + 1], kept[index]
        for one in kept:
            arrived += [one] * network.choice([1, 1, 2, 3])
    digits = receive(sorted(arrived, key=lambda one: one[0]))
    assert "".join(digit for digit, _ in digits) == text


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.binary(max_size=6)), max_size=40))
def test_any_packets_are_survived(packets: list[tuple[int, bytes]]) -> None:
    receiver = _stages.DtmfReceiver()
    for now_ns, (timestamp, payload) in enumerate(packets):
        digits = receiver.receive(payload, timestamp, now_ns * TICK_NS)
        assert digits is None or all(digit in DIGITS and duration >= 0 for digit, duration in digits)
