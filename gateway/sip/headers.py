"""Reads the few headers of a SIP request that Zentrale wants to know (RFC 3261 7.3), from its text.

PJSIP has parsed the message already and dropped what is no SIP; this is for the headers that pjsua2 does not hand out.
"""

from __future__ import annotations

import re

import msgspec

from gateway.model.errors import PeerError

HEADERS_MAX = 200
URI_CHARS_MAX = 512

_COMPACT = {"f": "from", "t": "to", "i": "call-id", "m": "contact", "c": "content-type", "l": "content-length"}
"""RFC 3261 7.3.3; only the names that somebody here may ask for."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    method: str
    uri: str
    headers: dict[str, list[str]]
    """By name in lower case, compact forms written out; values in the order of the message."""
    body: str

    def first(self, name: str) -> str | None:
        values = self.headers.get(name)
        return values[0] if values else None


class NameAddress(msgspec.Struct, frozen=True, kw_only=True):
    """``"Anna" <sip:anna@example.org>;tag=1`` without its parameters."""

    name: str
    uri: str


def read_request(text: str) -> Request:
    """Split a request into its parts.  Raises `PeerError`."""
    head, separator, body = text.partition("\r\n\r\n")
    if not separator:
        head, _, body = text.partition("\n\n")
    lines = re.sub(r"\r?\n[ \t]+", " ", head).splitlines()
    parts = lines[0].split(" ") if lines else []
    if len(parts) != 3 or parts[2].upper() != "SIP/2.0" or len(parts[1]) > URI_CHARS_MAX:
        raise PeerError("no SIP request line, or its URI is too long (RFC 3261 7.1)")
    if len(lines) > HEADERS_MAX:
        raise PeerError(f"more than {HEADERS_MAX} headers")
    headers: dict[str, list[str]] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if colon:
            name = name.strip().lower()
            headers.setdefault(_COMPACT.get(name, name), []).append(value.strip())
    return Request(method=parts[0], uri=parts[1], headers=headers, body=body)


def split_list(value: str) -> list[str]:
    """Split a header value at the commas that lie outside quotes and angle brackets (RFC 3261 7.3.1)."""
    items, item, quoted, bracketed, escaped = [], "", False, False, False
    for character in value:
        if escaped:
            escaped = False
        elif quoted:
            escaped = character == "\\"
            quoted = character != '"'
        elif character == '"':
            quoted = True
        elif character in "<>":
            bracketed = character == "<"
        elif character == "," and not bracketed:
            items.append(item.strip())
            item = ""
            continue
        item += character
    return [*items, item.strip()]


def read_name_address(value: str) -> NameAddress | None:
    """Read a name-addr or addr-spec (RFC 3261 20.10); None when it is neither."""
    match = re.match(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^<"]*?))\s*<([^>]*)>', value)
    if match:
        quoted, plain, uri = match.groups()
        name = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain
    else:
        # Without brackets parameters belong to the header, not to the URI (RFC 3261 20.10).
        name, uri = "", value.partition(";")[0]
    uri = uri.strip()
    if ":" not in uri or len(uri) > URI_CHARS_MAX:
        return None
    return NameAddress(name=" ".join(name.split()), uri=uri)
