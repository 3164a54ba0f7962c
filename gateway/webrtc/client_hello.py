"""A browser's ClientHello, before the DTLS library sees it: put together from its fragments, and what it offers.

With post-quantum keys it is longer than a datagram (RFC 9147 5.5), and the fragments may come in any order, more than
once, or not at all.  What is whole goes on as one record, so that the library needs to keep nothing of a stranger's.
All of it is readable to anybody and nothing is proved yet; what does not parse goes on unread, to be judged there.
"""

from __future__ import annotations

from gateway.webrtc.dtls_records import CLIENT_HELLO, HANDSHAKE, HEADER_BYTES, is_encrypted

CLIENT_HELLO_BYTES_MAX = 8_000
"""Browsers send 300 to 1500; longer ones are dropped."""

FRAGMENTS_MAX = 64
"""Of one ClientHello and that many datagrams later, without its being whole, it begins anew."""

_HANDSHAKE_HEADER_BYTES = 12  # RFC 6347 4.2.2
_USE_SRTP = 14  # RFC 5764 4.1.1
_PROFILES = {0x0001: "SRTP_AES128_CM_SHA1_80", 0x0007: "SRTP_AEAD_AES_128_GCM", 0x0008: "SRTP_AEAD_AES_256_GCM"}


class ClientHelloReader:
    """Sees the records of one handshake, each whole."""

    def __init__(self) -> None:
        self.profiles: tuple[str, ...] = ()
        """SRTP protection profiles of the last whole ClientHello, in the browser's order; unknown ones left out."""
        self.count = 0
        """Whole ClientHellos so far."""
        self._fragments: _Fragments | None = None

    def take(self, record: bytes) -> bytes:
        """Return what goes on to the library: the record, what it completes, or b"" while something is missing."""
        body = record[HEADER_BYTES:]
        if (
            record[0] != HANDSHAKE
            or is_encrypted(record)
            or len(body) < _HANDSHAKE_HEADER_BYTES
            or body[0] != CLIENT_HELLO
        ):
            return record
        total = int.from_bytes(body[1:4], "big")
        offset = int.from_bytes(body[6:9], "big")
        part = body[_HANDSHAKE_HEADER_BYTES:]
        if total > CLIENT_HELLO_BYTES_MAX:
            return b""
        if len(part) != int.from_bytes(body[9:12], "big") or offset + len(part) > total:
            return record
        message = part
        if len(part) < total:
            key = (total, body[4:6])
            if self._fragments is None or self._fragments.key != key or self._fragments.count >= FRAGMENTS_MAX:
                self._fragments = _Fragments(key)
            if not self._fragments.add(offset, part):
                return b""
            message = bytes(self._fragments.message)
        self._fragments = None
        self.profiles = _srtp_profiles(message)
        self.count += 1
        if len(part) == total:
            return record
        # As if it had come whole: the header of the record that completed it, so that its number is a new one.
        header = body[:6] + bytes(3) + total.to_bytes(3, "big")
        length = len(header) + total
        return record[:11] + length.to_bytes(2, "big") + header + message


class _Fragments:
    def __init__(self, key: tuple[int, bytes]) -> None:
        self.key = key
        """Length and message number: those of another begin anew."""
        self.count = 0
        self.message = bytearray(key[0])
        self._missing = bytearray(b"\x01") * key[0]

    def add(self, offset: int, part: bytes) -> bool:
        """True when nothing is missing any more."""
        self.count += 1
        self.message[offset : offset + len(part)] = part
        self._missing[offset : offset + len(part)] = bytes(len(part))
        return not any(self._missing)


class _TruncatedError(Exception):
    pass


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def take(self, count: int) -> bytes:
        if self._at + count > len(self._data):
            raise _TruncatedError
        self._at += count
        return self._data[self._at - count : self._at]

    def vector(self, length_bytes: int) -> bytes:
        return self.take(int.from_bytes(self.take(length_bytes), "big"))


def _srtp_profiles(message: bytes) -> tuple[str, ...]:
    """use_srtp of a ClientHello (RFC 6347 4.2.1, RFC 9147 5.3).  () where there is none or it does not parse."""
    try:
        reader = _Reader(message)
        reader.take(2 + 32)  # version, random
        reader.vector(1)  # session id
        reader.vector(1)  # cookie
        reader.vector(2)  # cipher suites
        reader.vector(1)  # compression
        extensions = _Reader(reader.vector(2))
        while extensions:
            kind, content = int.from_bytes(extensions.take(2), "big"), extensions.vector(2)
            if kind == _USE_SRTP:
                numbers = _Reader(content).vector(2)
                found = (int.from_bytes(numbers[i : i + 2], "big") for i in range(0, len(numbers), 2))
                return tuple(_PROFILES[number] for number in found if number in _PROFILES)
    except _TruncatedError:
        pass
    return ()
