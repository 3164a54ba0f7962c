"""Records and ClientHellos as strangers may send them: in pieces, repeated, too long, broken."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.webrtc.client_hello import CLIENT_HELLO_BYTES_MAX, FRAGMENTS_MAX, ClientHelloReader
from gateway.webrtc.dtls_records import is_encrypted, may_follow, records

USE_SRTP = b"\x00\x0e" + b"\x00\x09" + b"\x00\x06" + b"\x00\x08\x00\x01\x00\x07" + b"\x00"


def record(body: bytes, *, kind: int = 22, epoch: int = 0, number: int = 0) -> bytes:
    return (
        bytes([kind]) + b"\xfe\xfd" + epoch.to_bytes(2, "big") + number.to_bytes(6, "big")
        + len(body).to_bytes(2, "big") + body
    )  # fmt: skip


def hello(extensions: bytes = USE_SRTP, padding: int = 0) -> bytes:
    extensions += b"\xaa\xaa" + padding.to_bytes(2, "big") + bytes(padding)
    start = b"\xfe\xfd" + bytes(32) + b"\x00\x00" + b"\x00\x02\xc0\x2b" + b"\x01\x00"
    return start + len(extensions).to_bytes(2, "big") + extensions


def fragment(message: bytes, start: int, end: int, *, sequence: int = 0, number: int = 0, kind: int = 1) -> bytes:
    header = bytes([kind]) + len(message).to_bytes(3, "big") + sequence.to_bytes(2, "big")
    header += start.to_bytes(3, "big") + (end - start).to_bytes(3, "big")
    return record(header + message[start:end], number=number)


def whole(message: bytes, number: int = 0) -> bytes:
    return fragment(message, 0, len(message), number=number)


def test_a_whole_one_goes_on_as_it_came_and_is_read():
    reader = ClientHelloReader()
    assert reader.take(whole(hello())) == whole(hello())
    assert reader.profiles == ("SRTP_AEAD_AES_256_GCM", "SRTP_AES128_CM_SHA1_80", "SRTP_AEAD_AES_128_GCM")


@given(st.integers(1, 40), st.randoms(use_true_random=False))
def test_fragments_in_any_order_with_overlaps_and_twice(pieces: int, chance: random.Random):
    message = hello(padding=1200)
    cuts = sorted({0, len(message), *(chance.randrange(len(message)) for _ in range(pieces))})
    parts = [(max(0, a - chance.randrange(3)), b) for a, b in itertools.pairwise(cuts)]
    chance.shuffle(parts)
    parts[chance.randrange(len(parts)) :] += parts[:1]
    reader = ClientHelloReader()
    out = [reader.take(fragment(message, a, b, number=n)) for n, (a, b) in enumerate(parts)]
    complete = [(n, one) for n, one in enumerate(out) if one]
    assert [one for _, one in complete] == [whole(message, n) for n, _ in complete]
    assert complete
    assert reader.profiles


def test_a_retransmitted_one_goes_on_again():
    message, reader = hello(), ClientHelloReader()
    parts = [fragment(message, 0, 50, number=0), fragment(message, 50, len(message), number=1)]
    assert [bool(reader.take(part)) for part in parts * 2] == [False, True, False, True]


def test_another_one_begins_anew():
    first, second, reader = hello(padding=10), hello(padding=20), ClientHelloReader()
    assert not reader.take(fragment(first, 0, 50))
    assert not reader.take(fragment(second, 50, len(second), sequence=1))
    assert not reader.take(fragment(first, 50, len(first)))
    assert reader.take(fragment(first, 0, 50))


def test_one_in_too_many_pieces_begins_anew():
    message, reader = hello(), ClientHelloReader()
    for _ in range(FRAGMENTS_MAX):
        assert not reader.take(fragment(message, 1, 2))
    assert not reader.take(fragment(message, 2, len(message)))
    assert not reader.take(fragment(message, 1, 2))
    assert reader.take(fragment(message, 0, 1))


def test_one_that_is_too_long_is_dropped():
    message, reader = hello(padding=CLIENT_HELLO_BYTES_MAX), ClientHelloReader()
    assert not reader.take(whole(message))
    assert not reader.take(fragment(message, 0, 100))


@pytest.mark.parametrize(
    "other",
    [
        record(b"\x02\x28", kind=21),
        record(b"\x01" * 40, epoch=1),
        record(b"\x01"),
        fragment(hello(), 0, 40, kind=11),
        record(b"\x01" + bytes(5) + b"\xff\xff\xff\x00\x00\x01" + b"x"),
        record(b"\x01" + bytes(8) + b"\x00\x00\x05" + b"x"),
        b"\x2f" + bytes(30),
    ],
)
def test_everything_else_goes_on_unread(other: bytes):
    assert ClientHelloReader().take(other) == other


@given(st.binary(max_size=300))
def test_broken_extensions_are_read_as_none(junk: bytes):
    message = hello()[:-8] + junk
    reader = ClientHelloReader()
    assert reader.take(whole(message)) == whole(message)
    assert set(reader.profiles) <= {"SRTP_AEAD_AES_256_GCM", "SRTP_AES128_CM_SHA1_80", "SRTP_AEAD_AES_128_GCM"}


@given(st.lists(st.binary(max_size=100)), st.binary(max_size=60))
def test_records_are_found_and_junk_behind_them_left_out(bodies: list[bytes], junk: bytes):
    plain = [record(body, number=n) for n, body in enumerate(bodies)]
    found = list(records(b"".join(plain) + b"\x00" + junk))
    assert found == plain
    for one in records(junk):
        assert one in junk


@pytest.mark.parametrize(
    ("datagram", "count"),
    [
        (b"\x2f\x12\x34\x00\x10" + bytes(16), 1),
        (b"\x2f\x12\x34\x00\x10" + bytes(16) + b"\x2b\x12\x34" + bytes(16), 2),
        (b"\x2b\x12\x34" + bytes(15), 0),  # no room for a sample of the ciphertext
        (b"\x20\x12" + bytes(16), 1),
        (b"\x3f\x12\x34\x00\x10" + bytes(16), 0),  # a connection id, and we have none
        (b"\x2f\x12\x34\x00\x11" + bytes(16), 0),
        (b"\x2f\x12", 0),
        (b"\x16\xfe\xfd" + bytes(8) + b"\xff\xff", 0),
        (b"\x16\x03\x03" + bytes(10), 0),
        (b"\x19\xfe\xfd" + bytes(10), 0),
        (b"\x16", 0),
        (b"", 0),
    ],
)
def test_what_is_a_record(datagram: bytes, count: int):
    assert len(list(records(datagram))) == count


def test_what_an_established_association_has_use_for():
    assert not may_follow(whole(hello()))
    assert not may_follow(record(b"\x01\x00", kind=21))
    assert not may_follow(record(b"data", kind=23))
    assert may_follow(fragment(b"key exchange", 0, 12, kind=16))
    assert may_follow(record(b"\x01", kind=20))
    assert may_follow(record(bytes(20), kind=21, epoch=1))
    assert is_encrypted(b"\x2f" + bytes(30))
    assert not is_encrypted(whole(hello()))
