"""Transcripts of chats, as text for people and as JSON for machines, from plain values."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple

Speaker = Literal["customer", "agent", "system"]


class TranscriptLine(NamedTuple):
    """One line, or what happened between the lines (``system``)."""

    time_ns: int
    """ns since 1970."""
    speaker: Speaker
    name: str
    text: str


def _moment(time_ns: int) -> datetime:
    return datetime.fromtimestamp(time_ns // 1_000_000_000, UTC)


def _one_line(name: str) -> str:
    """Names come from customers: no line of theirs may look like somebody else's."""
    return " ".join(name.split())[:80] or "?"


def transcript_text(lines: Sequence[TranscriptLine], *, contact: str, queue: str = "", title: str = "Chat") -> str:
    """Plain text in UTC; lines of several lines are indented so that nobody can write in another's name."""
    head = [f"{title} {contact}"]
    if queue:
        head.append(f"Queue: {queue}")
    if lines:
        head.append(f"Begun: {_moment(lines[0].time_ns):%Y-%m-%d %H:%M:%S} UTC")
    body = []
    for line in lines:
        first, *rest = line.text.splitlines() or [""]
        time = f"{_moment(line.time_ns):%H:%M:%S}"
        if line.speaker == "system":
            body.append(f"{time} -- {' '.join(line.text.split())}")
            continue
        body.append(f"{time} {_one_line(line.name)} ({line.speaker}): {first}")
        body += [f"    | {more}" for more in rest]
    return "\n".join([*head, "", *body]) + "\n"


def transcript_json(lines: Sequence[TranscriptLine], *, contact: str, queue: str = "") -> str:
    """The same as one JSON object: contact, queue, lines of time (RFC 3339 with ms), speaker, name and text."""
    written = [
        {
            "time": datetime.fromtimestamp(line.time_ns / 1e9, UTC).isoformat(timespec="milliseconds"),
            "speaker": line.speaker,
            "name": line.name,
            "text": line.text,
        }
        for line in lines
    ]
    return json.dumps({"contact": contact, "queue": queue, "lines": written}, ensure_ascii=False, indent=1) + "\n"
