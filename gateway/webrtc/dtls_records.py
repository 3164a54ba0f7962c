"""DTLS records by their headers (RFC 6347 4.1, RFC 9147 4): what is a record, and what is encrypted.

DTLS drops what is no record (RFC 9147 4.5.2).  wolfSSL takes a length that does not fit for a fatal error, and a
ClientHello in plaintext on an established 1.2 association too, be it only late or repeated: neither may reach it.
"""

from __future__ import annotations

from collections.abc import Iterator

HANDSHAKE = 22
CLIENT_HELLO = 1
_CHANGE_CIPHER_SPEC = 20
HEADER_BYTES = 13
"""Of a record of DTLS 1.2, and of 1.3 in plaintext."""

_PLAINTEXT_TYPES = frozenset({20, 21, 22, 23, 26})  # change_cipher_spec, alert, handshake, data, ACK
_UNIFIED = 0x20
_CONNECTION_ID, _SEQUENCE_16, _LENGTH = 0x10, 0x08, 0x04
_CIPHERTEXT_BYTES_MIN = 16  # RFC 9147 4.2.3


def records(datagram: bytes) -> Iterator[bytes]:
    """Each whole record; from what is none the rest is left out."""
    start = 0
    while start < len(datagram):
        end = _end(datagram, start)
        if end is None:
            return
        yield datagram[start:end]
        start = end


def is_encrypted(record: bytes) -> bool:
    """In the form of DTLS 1.3, or in an epoch after the first of 1.2."""
    return record[0] & 0xE0 == _UNIFIED or any(record[3:5])


def may_follow(record: bytes) -> bool:
    """Whether an established association has use for it.

    Of plaintext that is a 1.2 client's last flight alone, which comes again when our answer to it was lost.
    """
    if is_encrypted(record) or record[0] == _CHANGE_CIPHER_SPEC:
        return True
    return record[0] == HANDSHAKE and record[HEADER_BYTES : HEADER_BYTES + 1] != bytes([CLIENT_HELLO])


def _end(datagram: bytes, start: int) -> int | None:
    """Where the record ends that begins there.  None when there is none."""
    first = datagram[start]
    if first in _PLAINTEXT_TYPES:
        body = start + HEADER_BYTES
        if datagram[start + 1 : start + 2] != b"\xfe":
            return None
        end = body + int.from_bytes(datagram[body - 2 : body], "big")
        return end if body <= end <= len(datagram) else None
    if first & 0xE0 != _UNIFIED or first & _CONNECTION_ID:  # we never agree on a connection id
        return None
    body = start + 1 + (2 if first & _SEQUENCE_16 else 1)
    end = len(datagram)
    if first & _LENGTH:
        body += 2
        end = body + int.from_bytes(datagram[body - 2 : body], "big")
    return end if body + _CIPHERTEXT_BYTES_MIN <= end <= len(datagram) else None
