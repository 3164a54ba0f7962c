"""The grammar of session descriptions (RFC 8866 section 9): text to model and back.

Strict where a wrong guess would hurt (numbers, required fields, unknown lines, repeated single lines), lenient where
real telephones stray without harm: lone LF as line end, blank lines at the end, the order of lines in a section, a
missing ``t=``.  Everything is limited; every error names the line.
"""

from __future__ import annotations

import collections
import itertools
import re

from gateway.protocol.sdp.description import (
    Attribute,
    Connection,
    MediaDescription,
    Origin,
    SdpError,
    SessionDescription,
    Timing,
)

TEXT_CHARS_MAX = 65_536
LINES_MAX = 2_000
LINE_CHARS_MAX = 8_192
MEDIA_MAX = 32
ATTRIBUTES_MAX = 500
"""Of one section: a browser's video section has about 150."""
FORMATS_MAX = 128

_NUMBER = re.compile(r"[0-9]{1,20}", re.ASCII)
_TOKEN = re.compile(r"[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+", re.ASCII)  # RFC 8866 9: token
_PROTOCOL = re.compile(r"[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+(/[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+)*", re.ASCII)
_WORD = re.compile(r"[^\s\x00]+")

_Line = tuple[int, str, str]
"""Number from 1, type letter, value."""


def parse(text: str) -> SessionDescription:
    """Read one session description.  Raises `SdpError` with the line and what is wrong with it."""
    lines = _lines(text)
    if lines[0][1:] != ("v", "0"):
        raise SdpError("a description begins with 'v=0'", line=1)
    starts = [index for index, line in enumerate(lines) if line[1] == "m"]
    if len(starts) > MEDIA_MAX:
        raise SdpError(f"more than {MEDIA_MAX} m= sections", line=lines[starts[MEDIA_MAX]][0])
    bounds = [*starts, len(lines)]
    media = tuple(_read_media(lines[begin:end]) for begin, end in itertools.pairwise(bounds))
    return _read_session(lines[1 : bounds[0]], media)


def _lines(text: str) -> list[_Line]:
    if len(text) > TEXT_CHARS_MAX:
        raise SdpError(f"longer than {TEXT_CHARS_MAX} characters")
    raw = text.split("\n")
    while raw and raw[-1] in ("", "\r"):
        raw.pop()
    if not raw:
        raise SdpError("empty")
    if len(raw) > LINES_MAX:
        raise SdpError(f"more than {LINES_MAX} lines")
    lines = []
    for number, content in enumerate(raw, 1):
        line = content.removesuffix("\r")
        if len(line) > LINE_CHARS_MAX:
            raise SdpError(f"longer than {LINE_CHARS_MAX} characters", line=number)
        if "\r" in line or "\x00" in line:
            raise SdpError("CR or NUL inside the line", line=number)
        if len(line) < 2 or line[1] != "=":
            raise SdpError(f"not of the form 'x=value': {line[:40]!r}", line=number)
        lines.append((number, line[0], line[2:]))
    return lines


class _Section:
    """Collects the lines of one section and keeps single ones single."""

    def __init__(self, lines: list[_Line], letters: str, single: str) -> None:
        self.attributes: list[Attribute] = []
        self.lines: dict[str, list[tuple[int, str]]] = {letter: [] for letter in letters}
        for number, letter, value in lines:
            if letter == "a":
                if len(self.attributes) >= ATTRIBUTES_MAX:
                    raise SdpError(f"more than {ATTRIBUTES_MAX} attributes in one section", line=number)
                self.attributes.append(_read_attribute(number, value))
                continue
            known = self.lines.get(letter)
            if known is None:
                # RFC 8866 5: a type letter that is unknown here makes the whole description unusable.
                raise SdpError(f"'{letter}=' is unknown or not allowed here", line=number)
            if known and letter in single:
                raise SdpError(f"second '{letter}=' in one section", line=number)
            known.append((number, value))

    def one(self, letter: str) -> str | None:
        return self.lines[letter][0][1] if self.lines[letter] else None

    def many(self, letter: str) -> tuple[str, ...]:
        return tuple(value for _, value in self.lines[letter])


def _read_session(lines: list[_Line], media: tuple[MediaDescription, ...]) -> SessionDescription:
    section = _Section(lines, "osiuepcbtrzk", "osiuczk")
    for letter in "os":
        if not section.lines[letter]:
            raise SdpError(f"no '{letter}=' before the first m= section")
    connections = [_read_connection(number, value) for number, value in section.lines["c"]]
    return SessionDescription(
        origin=_read_origin(*section.lines["o"][0]),
        name=section.one("s") or "",
        information=section.one("i"),
        uri=section.one("u"),
        emails=section.many("e"),
        phones=section.many("p"),
        connection=connections[0] if connections else None,
        bandwidths=section.many("b"),
        timings=_read_timings(section.lines["t"], section.lines["r"]),
        zones=section.one("z"),
        key=section.one("k"),
        attributes=tuple(section.attributes),
        media=media,
    )


def _read_media(lines: list[_Line]) -> MediaDescription:
    number, _, value = lines[0]
    words = value.split()
    if len(words) < 4:
        raise SdpError("m= needs kind, port, protocol and at least one format", line=number)
    kind, port_words, protocol, *formats = words
    if not _TOKEN.fullmatch(kind) or not _PROTOCOL.fullmatch(protocol):
        raise SdpError(f"bad kind or protocol in m=: {value[:60]!r}", line=number)
    if len(formats) > FORMATS_MAX:
        raise SdpError(f"more than {FORMATS_MAX} formats in m=", line=number)
    if not all(_TOKEN.fullmatch(format_) for format_ in formats):
        raise SdpError(f"bad format in m=: {value[:60]!r}", line=number)
    port, slash, count = port_words.partition("/")
    section = _Section(lines[1:], "icbk", "ik")
    return MediaDescription(
        kind=kind,
        port=_read_number(number, port, "port", 65_535),
        port_count=_read_number(number, count, "number of ports", 65_535) if slash else None,
        protocol=protocol,
        formats=tuple(formats),
        title=section.one("i"),
        connections=tuple(_read_connection(*line) for line in section.lines["c"]),
        bandwidths=section.many("b"),
        key=section.one("k"),
        attributes=tuple(section.attributes),
    )


def _read_number(number: int, text: str, what: str, most: int) -> int:
    if not _NUMBER.fullmatch(text) or int(text) > most:
        raise SdpError(f"{what} is not a number from 0 to {most}: {text[:20]!r}", line=number)
    return int(text)


def _read_attribute(number: int, value: str) -> Attribute:
    name, colon, rest = value.partition(":")
    if not _TOKEN.fullmatch(name):
        raise SdpError(f"bad attribute name: {name[:40]!r}", line=number)
    return Attribute(name, rest if colon else None)


def _read_origin(number: int, value: str) -> Origin:
    words = value.split()
    if len(words) != 6 or not all(_WORD.fullmatch(word) for word in words):
        raise SdpError("o= needs user, id, version, network type, address type and address", line=number)
    if not _NUMBER.fullmatch(words[1]) or not _NUMBER.fullmatch(words[2]):
        raise SdpError("id and version of o= must be numbers of at most 20 digits", line=number)
    return Origin(
        username=words[0],
        session_id=words[1],
        version=words[2],
        network_type=words[3],
        address_type=words[4],
        address=words[5],
    )


def _read_connection(number: int, value: str) -> Connection:
    words = value.split()
    if len(words) != 3:
        raise SdpError("c= needs network type, address type and address", line=number)
    return Connection(network_type=words[0], address_type=words[1], address=words[2])


def _read_timings(times: list[tuple[int, str]], repeats: list[tuple[int, str]]) -> tuple[Timing, ...]:
    timings = []
    waiting = collections.deque(repeats)
    if waiting and (not times or waiting[0][0] < times[0][0]):
        raise SdpError("r= without a t= before it", line=waiting[0][0])
    for index, (number, value) in enumerate(times):
        words = value.split()
        if len(words) != 2:
            raise SdpError("t= needs start and stop", line=number)
        start, stop = (_read_number(number, word, "time", 2**64 - 1) for word in words)
        until = times[index + 1][0] if index + 1 < len(times) else LINES_MAX + 1
        own = []
        while waiting and waiting[0][0] < until:
            own.append(waiting.popleft()[1])
        timings.append(Timing(start=start, stop=stop, repeats=tuple(own)))
    # RFC 8866 5.9 demands t=, some telephones forget it, and a call has no other time than now.
    return tuple(timings) or (Timing(),)


def print_description(description: SessionDescription) -> str:
    """The description as text with CRLF line ends, in the order of RFC 8866 section 5."""
    origin = description.origin
    lines = [
        "v=0",
        f"o={origin.username} {origin.session_id} {origin.version}"
        f" {origin.network_type} {origin.address_type} {origin.address}",
        f"s={description.name}",
    ]
    lines += _optional("i", description.information) + _optional("u", description.uri)
    lines += [f"e={email}" for email in description.emails]
    lines += [f"p={phone}" for phone in description.phones]
    if description.connection:
        lines.append(_print_connection(description.connection))
    lines += [f"b={bandwidth}" for bandwidth in description.bandwidths]
    for timing in description.timings:
        lines.append(f"t={timing.start} {timing.stop}")
        lines += [f"r={repeat}" for repeat in timing.repeats]
    lines += _optional("z", description.zones) + _optional("k", description.key)
    lines += [_print_attribute(attribute) for attribute in description.attributes]
    for media in description.media:
        lines += _print_media(media)
    return "\r\n".join(lines) + "\r\n"


def _print_media(media: MediaDescription) -> list[str]:
    count = "" if media.port_count is None else f"/{media.port_count}"
    lines = [f"m={media.kind} {media.port}{count} {media.protocol} {' '.join(media.formats)}"]
    lines += _optional("i", media.title)
    lines += [_print_connection(connection) for connection in media.connections]
    lines += [f"b={bandwidth}" for bandwidth in media.bandwidths]
    lines += _optional("k", media.key)
    lines += [_print_attribute(attribute) for attribute in media.attributes]
    return lines


def _optional(letter: str, value: str | None) -> list[str]:
    return [] if value is None else [f"{letter}={value}"]


def _print_connection(connection: Connection) -> str:
    return f"c={connection.network_type} {connection.address_type} {connection.address}"


def _print_attribute(attribute: Attribute) -> str:
    return f"a={attribute.name}" if attribute.value is None else f"a={attribute.name}:{attribute.value}"
