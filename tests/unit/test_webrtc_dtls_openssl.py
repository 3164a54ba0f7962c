"""How OpenSSL's flights are split into datagrams."""

from __future__ import annotations

import pytest

from gateway.webrtc.dtls_openssl import split_records


def record(size: int) -> bytes:
    return b"\x16\xfe\xfd" + bytes(8) + size.to_bytes(2, "big") + bytes(size)


@pytest.mark.parametrize(
    ("sizes", "datagrams"),
    [
        ([], []),
        ([100], [113]),
        ([100, 100], [226]),
        ([600, 600], [613, 613]),
        ([600, 500, 600], [613 + 513, 613]),
        ([3000, 10], [3013, 23]),
    ],
)
def test_flights_are_split_between_records(sizes: list[int], datagrams: list[int]):
    flight = b"".join(record(size) for size in sizes)
    split = split_records(flight)
    assert [len(datagram) for datagram in split] == datagrams
    assert b"".join(split) == flight


def test_what_is_no_record_goes_out_whole():
    # DTLS 1.3 ciphertext has a header of its own (RFC 9147 section 4).
    assert split_records(b"\x2f" * 40) == [b"\x2f" * 40]
    assert split_records(record(10)[:-3]) == [record(10)[:-3]]
