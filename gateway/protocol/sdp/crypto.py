"""Keys for SRTP in session descriptions: ``a=crypto`` (SDES, RFC 4568, with the suites of RFC 6188 and RFC 7714).

A line that can't be used (an unknown suite, several keys, an MKI, a session parameter that must be understood) is left
out with its reason, so that the next line may serve; only when none is left the reasons become an error.  No key ever
gets into a message or a repr.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

import msgspec

from gateway.model.media import SrtpKeys
from gateway.protocol.sdp.codecs import NoCommonCodecError
from gateway.protocol.sdp.description import Attribute, MediaDescription

KEY_OCTETS = {
    "AEAD_AES_128_GCM": 16 + 12,
    "AES_CM_128_HMAC_SHA1_80": 16 + 14,
    "AEAD_AES_256_GCM": 32 + 12,
    "AES_256_CM_HMAC_SHA1_80": 32 + 14,
    "AES_CM_128_HMAC_SHA1_32": 16 + 14,
    "AES_256_CM_HMAC_SHA1_32": 32 + 14,
}
"""Suites, ours first to last, and the octets of master key and salt."""

SUITES: tuple[str, ...] = tuple(KEY_OCTETS)
SECURE_PROTOCOLS = frozenset({"RTP/SAVP", "RTP/SAVPF"})

LINES_MAX = 32
LIFETIME_PACKETS_MIN = 2**20
"""5.8 hours of packets of 20 ms.  We don't count a key's packets, so one that lives shorter is not taken."""
LIFETIME_PACKETS_MAX = 2**48
"""RFC 3711 9.2: no key may serve for more SRTP packets."""

_LINE = re.compile(r"([0-9]{1,9})[ \t]+([A-Za-z0-9_]+)[ \t]+(\S+)(?:[ \t]+(.*))?", re.ASCII)
_LIFETIME = re.compile(r"(2\^)?([0-9]{1,15})", re.ASCII)
_PARAMETERS = frozenset(
    {"KDR", "UNENCRYPTED_SRTP", "UNENCRYPTED_SRTCP", "UNAUTHENTICATED_SRTP", "FEC_ORDER", "FEC_KEY"}
)
_MKI = re.compile(r"[0-9]{1,20}:[0-9]{1,3}", re.ASCII)


class NoSrtpError(NoCommonCodecError):
    """SRTP is asked for and can't be had, or the other way round.  SIP: 488."""


def _no_key(suite: str) -> bytes:
    raise AssertionError(f"no key for {suite}: SRTP is not to be used")


class SrtpTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What one side of a negotiation wants of SRTP."""

    use: Literal["no", "optional", "required"] = "no"
    """``optional``: also opportunistically, by a=crypto in RTP/AVP (RFC 8643)."""
    suites: tuple[str, ...] = SUITES
    own_key: Callable[[str], bytes] = _no_key
    """Master key and salt of ours for a suite: the same whenever it is asked for in one call, so that a re-INVITE does
    not begin a key's stream anew."""


CLEAR = SrtpTerms()


class CryptoLine(msgspec.Struct, frozen=True, kw_only=True):
    """One ``a=crypto`` that can be used."""

    tag: int
    suite: str
    key: bytes
    """Master key and salt of whoever wrote the line: of what they *send*."""

    def __repr__(self) -> str:
        return f"CryptoLine(tag={self.tag}, suite={self.suite!r}, key=...)"

    def attribute(self) -> Attribute:
        return Attribute("crypto", f"{self.tag} {self.suite} inline:{base64.b64encode(self.key).decode()}")


class _UnusableError(Exception):
    """Why a line is left out."""


def read_crypto(media: MediaDescription, suites: Sequence[str] = SUITES) -> tuple[list[CryptoLine], list[str]]:
    """The usable lines in their order, and why others are not."""
    lines: list[CryptoLine] = []
    reasons: list[str] = []
    for number, value in enumerate(media.all("crypto"), 1):
        if number > LINES_MAX:
            reasons.append(f"more than {LINES_MAX} lines")
            break
        try:
            line = _read_line(value, suites)
            if any(line.tag == other.tag for other in lines):
                raise _UnusableError(f"tag {line.tag} comes twice")
        except _UnusableError as error:
            reasons.append(f"line {number}: {error}")
            continue
        lines.append(line)
    return lines, reasons


def _read_line(value: str, suites: Sequence[str]) -> CryptoLine:
    match = _LINE.fullmatch(value.strip())
    if not match:
        raise _UnusableError("not of the form 'tag suite inline:key'")  # never the line itself: it has a key
    tag, suite, keys, parameters = match.groups()
    if suite not in KEY_OCTETS:
        # With the underscore of all suites' names it is one, or nearly; without, it may be a key that slipped in here.
        raise _UnusableError(f"unknown suite {suite[:40]}" if "_" in suite else "unknown suite")
    if suite not in suites:
        raise _UnusableError(f"{suite} is not among the trunk's srtp_suites")
    if ";" in keys:
        raise _UnusableError("several keys in one line are not served")
    _check_parameters(parameters or "")
    return CryptoLine(tag=int(tag), suite=suite, key=_read_key(keys, KEY_OCTETS[suite]))


def _read_key(text: str, octets: int) -> bytes:
    method, _, info = text.partition(":")
    if method != "inline":
        raise _UnusableError("the key method is not 'inline'")
    encoded, *rest = info.split("|")
    for part in rest:
        if _MKI.fullmatch(part):
            raise _UnusableError("a master key identifier (MKI) is not served")
        _check_lifetime(part)
    try:
        # Some leave the padding out (RFC 4568 6.1 demands it).
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise _UnusableError("the key is not base64") from None
    if len(key) != octets:
        raise _UnusableError(f"the key has {len(key)} octets, the suite wants {octets}")
    return key


def _check_lifetime(text: str) -> None:
    match = _LIFETIME.fullmatch(text)
    if not match:
        raise _UnusableError("neither lifetime nor MKI behind the key")
    power, digits = match.groups()
    number = int(digits)
    packets = 2 ** min(number, 64) if power else number
    if not LIFETIME_PACKETS_MIN <= packets <= LIFETIME_PACKETS_MAX:
        raise _UnusableError("the key's lifetime is not between 2^20 and 2^48 packets")


def _check_parameters(text: str) -> None:
    """RFC 4568 6.3: WSH is a hint; the rest changes what SRTP is, and the unknown counts as needed unless marked."""
    for word in text.split():
        name = word.partition("=")[0].upper()
        if name != "WSH" and not name.startswith("-"):
            # Only those of the RFC are named: with a blank before it, the key itself would stand here.
            named = name if name in _PARAMETERS else "of unknown name"
            raise _UnusableError(f"session parameter {named} is not served")


def is_secure(media: MediaDescription) -> bool:
    return media.protocol in SECURE_PROTOCOLS


def answer_crypto(media: MediaDescription, terms: SrtpTerms) -> tuple[SrtpKeys | None, list[Attribute]]:
    """What an offered section comes to: keys (None: clear), and the answer's attribute.  Raises `NoSrtpError`."""
    if terms.use == "no":
        return None, []
    lines, reasons = read_crypto(media, terms.suites)
    if not lines and terms.use == "optional" and not is_secure(media):
        return None, []
    line = choose_line(lines, reasons)
    own = CryptoLine(tag=line.tag, suite=line.suite, key=terms.own_key(line.suite))
    return keys_of(line, own.key), [own.attribute()]


def offer_crypto(terms: SrtpTerms) -> tuple[str, list[Attribute]]:
    """Protocol and attributes of our offer."""
    if terms.use == "no":
        return "RTP/AVP", []
    attributes = [line.attribute() for line in _own_lines(terms)]
    return "RTP/SAVP" if terms.use == "required" else "RTP/AVP", attributes


def accept_crypto(media: MediaDescription, terms: SrtpTerms) -> SrtpKeys | None:
    """The keys that an answer to our offer agrees on; None for clear.  Raises `NoSrtpError`."""
    if terms.use == "no":
        return None
    answered, reasons = read_crypto(media, terms.suites)
    if not answered and not reasons and terms.use == "optional" and not is_secure(media):
        return None
    line = choose_line(answered, reasons)
    ours = next((own for own in _own_lines(terms) if (own.tag, own.suite) == (line.tag, line.suite)), None)
    if len(answered) != 1 or ours is None:
        raise NoSrtpError("the answer's a=crypto is not one line with tag and suite of one that was offered")
    return keys_of(line, ours.key)


def _own_lines(terms: SrtpTerms) -> list[CryptoLine]:
    return [CryptoLine(tag=tag, suite=suite, key=terms.own_key(suite)) for tag, suite in enumerate(terms.suites, 1)]


def choose_line(lines: Sequence[CryptoLine], reasons: Iterable[str]) -> CryptoLine:
    """The offerer's first usable line (RFC 4568 5.1.2).  Raises `NoSrtpError`."""
    if lines:
        return lines[0]
    raise NoSrtpError(f"no a=crypto line that can be used ({'; '.join(reasons) or 'there is none'})")


def keys_of(line: CryptoLine, own: bytes) -> SrtpKeys:
    """Both directions: ours to send with, theirs to receive with."""
    return SrtpKeys(profile=line.suite, send=own, receive=line.key)
