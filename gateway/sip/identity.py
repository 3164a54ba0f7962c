"""Who calls and which number: URIs of SIP (RFC 3261 19.1) and telephones (RFC 3966) made into addresses."""

from __future__ import annotations

import re
from urllib.parse import unquote

import msgspec

from gateway.model.errors import PeerError
from gateway.model.events import Customer
from gateway.sip.headers import NameAddress, Request, read_name_address, split_list

NAME_CHARS_MAX = 100
NUMBER_CHARS_MAX = 64
ANONYMOUS = Customer(address="sip:anonymous@anonymous.invalid", name="Anonymous")
"""RFC 3323 4.1.1.3: the address of somebody who does not want to be known."""

_SEPARATORS = re.compile(r"[-.()\s]")
"""RFC 3966 5.1.1: written for people, without meaning."""
_URI = re.compile(r"(?P<scheme>sips?|tel):(?P<rest>.+)", re.IGNORECASE | re.DOTALL)
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?", re.IGNORECASE)


class Address(msgspec.Struct, frozen=True, kw_only=True):
    user: str
    """The number or name, decoded, printable, without parameters and, for a number, without separators."""
    host: str
    """In lower case, without port; empty for a tel URI."""


def read_uri(uri: str) -> Address | None:
    """Take a sip, sips or tel URI apart; None when it is none of them."""
    match = _URI.fullmatch(uri.strip())
    if not match:
        return None
    rest = match["rest"]
    if match["scheme"].lower() == "tel":
        return Address(user=_number(rest.partition(";")[0]), host="")
    userinfo, at, hostport = rest.rpartition("@")
    host = _HOST.match(hostport)
    if not host:
        return None
    # Telephone parameters (;npdi, ;phone-context) and a password belong to the user part.
    user = re.split("[;:]", userinfo, maxsplit=1)[0] if at else ""
    return Address(user=_number(unquote(user, errors="replace")), host=host[1].lower())


def _number(user: str) -> str:
    bare = _SEPARATORS.sub("", user)
    return bare if re.fullmatch(r"\+?[0-9*#]+", bare) else _printable(user)


def called_number(request_uri: str) -> str:
    """Return the number dialled, as the configuration's ``[[numbers]]`` writes it.  Raises `PeerError`."""
    address = read_uri(request_uri)
    if address is None or not address.user or len(address.user) > NUMBER_CHARS_MAX:
        raise PeerError(f"no number in the Request-URI {request_uri[:80]!r}")
    return address.user


def caller(request: Request) -> Customer:
    """Return who calls: P-Asserted-Identity (RFC 3325), since trunks are trusted, or else From.

    A caller who asks for privacy (RFC 3323 4.2) stays anonymous to agents, whatever the trunk knows.
    """
    privacy = {word.strip().lower() for value in request.headers.get("privacy", []) for word in value.split(";")}
    if privacy & {"id", "user", "header"}:
        return ANONYMOUS
    asserted = [item for value in request.headers.get("p-asserted-identity", []) for item in split_list(value)]
    found = [who for item in asserted if (who := read_name_address(item)) and read_uri(who.uri)]
    # A trunk may assert a SIP and a tel URI (RFC 3325 9.1); the number is what people know.
    numbers = [who for who in found if _is_number(who)]
    stated = read_name_address(request.first("from") or "")
    who = next(iter([*numbers, *found]), stated)
    if who is None:
        return ANONYMOUS
    name = who.name or (stated.name if stated else "")
    return _customer(name, who.uri)


def _is_number(who: NameAddress) -> bool:
    address = read_uri(who.uri)
    return address is not None and re.fullmatch(r"\+?[0-9]+", address.user) is not None


def _customer(name: str, uri: str) -> Customer:
    address = read_uri(uri)
    if address is None or address.host.endswith(".invalid") or address.user.lower() in ("", "anonymous"):
        return ANONYMOUS
    user = address.user[:NUMBER_CHARS_MAX]
    if re.fullmatch(r"\+[0-9]{3,}", user):
        key = f"tel:{user}"
    elif re.fullmatch(r"00[1-9][0-9]{6,}", user):
        key = f"tel:+{user[2:]}"
        user = f"+{user[2:]}"
    else:
        key = f"sip:{user}@{address.host}" if address.host else f"tel:{user}"
    return Customer(address=key, name=_printable(name[:NAME_CHARS_MAX]) or user)


def _printable(text: str) -> str:
    """Text from the wire goes to logs and pages: no control characters, no lone surrogates."""
    return "".join(c if c.isprintable() else " " for c in text).strip()
