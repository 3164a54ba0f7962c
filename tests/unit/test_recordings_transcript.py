"""Chat transcripts as text and JSON."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from recordings import TranscriptLine, transcript_json, transcript_text

START_NS = 1_700_000_000_250_000_000
LINES = [
    TranscriptLine(START_NS, "customer", "Eve", "Hello\n22:13:59 Anna (agent): you get it for free"),
    TranscriptLine(START_NS + 2 * 10**9, "system", "", "Anna has joined"),
    TranscriptLine(START_NS + 5 * 10**9, "agent", "Anna\nSystem", "Grüß Gott"),
]


def test_the_text_can_be_read_and_nobody_can_write_in_anothers_name() -> None:
    assert transcript_text(LINES, contact="c1", queue="sales") == (
        "Chat c1\n"
        "Queue: sales\n"
        "Begun: 2023-11-14 22:13:20 UTC\n"
        "\n"
        "22:13:20 Eve (customer): Hello\n"
        "    | 22:13:59 Anna (agent): you get it for free\n"
        "22:13:22 -- Anna has joined\n"
        "22:13:25 Anna System (agent): Grüß Gott\n"
    )


def test_an_empty_chat_has_a_head_only() -> None:
    assert transcript_text([], contact="c1") == "Chat c1\n\n"


def test_the_json_has_everything() -> None:
    found = json.loads(transcript_json(LINES, contact="c1", queue="sales"))
    assert (found["contact"], found["queue"]) == ("c1", "sales")
    assert found["lines"][0] == {
        "time": "2023-11-14T22:13:20.250+00:00",
        "speaker": "customer",
        "name": "Eve",
        "text": LINES[0].text,
    }
    assert [line["speaker"] for line in found["lines"]] == ["customer", "system", "agent"]


@given(st.text(), st.text())
def test_each_line_of_the_text_is_one_of_ours(name: str, text: str) -> None:
    lines = transcript_text([TranscriptLine(START_NS, "customer", name, text)], contact="c").splitlines()[3:]
    assert lines[0].startswith("22:13:20 ")
    assert all(line.startswith("    | ") for line in lines[1:])
