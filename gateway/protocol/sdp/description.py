"""The model of a session description (RFC 8866): frozen records that hold every line of it, so that nothing is lost.

Attributes stay name and value; what a value means is known where it is used.  Lines that Zentrale never interprets
(``b=``, ``r=``, ``z=`` ...) keep their text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

import msgspec

from gateway.model.errors import PeerError

MESSAGE_CHARS_MAX = 400


class SdpError(PeerError):
    """A session description that can't be read or used.

    ``line`` is the line's number counted from 1, or None when the fault is not in one line (something is missing).
    Messages quote what the other side wrote, and end up in logs: they are cut, and hold nothing that a terminal obeys.
    """

    def __init__(self, what: str, *, line: int | None = None) -> None:
        if len(what) > MESSAGE_CHARS_MAX:
            what = f"{what[:MESSAGE_CHARS_MAX]} ..."
        if not what.isprintable():
            what = "".join(char if char.isprintable() else "?" for char in what)
        super().__init__(f"SDP line {line}: {what}" if line else f"SDP: {what}")
        self.line = line


class Attribute(msgspec.Struct, frozen=True):
    """``a=name`` or ``a=name:value``; the empty value and no value are different things."""

    name: str
    value: str | None = None


class _Attributes(msgspec.Struct, frozen=True, kw_only=True):
    attributes: tuple[Attribute, ...] = ()

    def has(self, name: str) -> bool:
        return any(attribute.name == name for attribute in self.attributes)

    def first(self, name: str) -> str | None:
        """The value of the first attribute of that name that has one."""
        return next(self.all(name), None)

    def all(self, name: str) -> Iterator[str]:
        return (a.value for a in self.attributes if a.name == name and a.value is not None)


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """``o=`` (RFC 8866 5.2).  Id and version are numbers of any length in the wild, so they stay text."""

    username: str = "-"
    session_id: str
    version: str
    network_type: str = "IN"
    address_type: str = "IP4"
    address: str


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """``c=`` (RFC 8866 5.7).  ``address`` may carry a multicast ttl and count (``233.252.0.1/127/3``)."""

    network_type: str = "IN"
    address_type: str = "IP4"
    address: str

    @classmethod
    def of(cls, address: str) -> Self:
        return cls(address_type=address_type(address), address=address)


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """``t=`` with its ``r=`` lines.  Times are NTP seconds; 0 0 is a permanent session, the only one telephony uses."""

    start: int = 0
    stop: int = 0
    repeats: tuple[str, ...] = ()


class MediaDescription(_Attributes, frozen=True, kw_only=True):
    """One ``m=`` section (RFC 8866 5.14)."""

    kind: str
    port: int
    port_count: int | None = None
    protocol: str
    formats: tuple[str, ...]
    title: str | None = None
    connections: tuple[Connection, ...] = ()
    bandwidths: tuple[str, ...] = ()
    key: str | None = None


class SessionDescription(_Attributes, frozen=True, kw_only=True):
    origin: Origin
    name: str = "-"
    information: str | None = None
    uri: str | None = None
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    connection: Connection | None = None
    bandwidths: tuple[str, ...] = ()
    timings: tuple[Timing, ...] = (Timing(),)
    zones: str | None = None
    key: str | None = None
    media: tuple[MediaDescription, ...] = ()

    def connection_of(self, media: MediaDescription) -> Connection | None:
        """The section's own connection, or the session's (RFC 8866 5.7)."""
        return media.connections[0] if media.connections else self.connection

    def direction_of(self, media: MediaDescription) -> str:
        """``sendrecv``, ``sendonly``, ``recvonly`` or ``inactive``, as the describer sees it (RFC 8866 6.7)."""
        for attributes in (media.attributes, self.attributes):
            for attribute in attributes:
                if attribute.name in DIRECTIONS:
                    return attribute.name
        return "sendrecv"


DIRECTIONS = frozenset({"sendrecv", "sendonly", "recvonly", "inactive"})


def address_type(address: str) -> str:
    """``IP4`` or ``IP6`` of an address literal."""
    return "IP6" if ":" in address else "IP4"
