"""Hostile session descriptions: whatever comes in, only documented errors come out."""

from __future__ import annotations

import contextlib

from hypothesis import example, given
from hypothesis import strategies as st

from gateway.model.ids import Codec
from gateway.protocol.sdp import (
    Fingerprint,
    SdpError,
    accept_answer,
    answer_audio,
    answer_browser,
    parse,
    print_description,
)
from tests.support.sdp_samples import ALL, sample

LINES = sorted({line for name in ALL for line in sample(name).split("\r\n") if line})
CODECS = tuple(Codec)


def use(text: str) -> None:
    """Everything that an edge would do with it."""
    try:
        description = parse(text)
    except SdpError:
        return
    assert parse(print_description(description)) == description
    with contextlib.suppress(SdpError):
        answer, _ = answer_audio(description, address="127.0.0.1", port=4000, codecs=CODECS, session_id=1)
        assert len(parse(answer).media) == len(description.media)
    with contextlib.suppress(SdpError):
        accept_answer(description, codecs=CODECS)
    with contextlib.suppress(SdpError):
        browser = answer_browser(
            description,
            ufrag="abcd",
            pwd="p" * 22,
            fingerprints=[Fingerprint("sha-256", "AA")],
            candidates=[("127.0.0.1", 1)],
            codecs=CODECS,
            session_id=1,
        )
        assert len(parse(browser.sdp).media) == len(description.media)


@given(st.text(max_size=300))
@example("v=0")
@example("v=0\n" * 3)
def test_any_text(text: str):
    use(text)


@given(st.lists(st.sampled_from(LINES) | st.text(max_size=20), max_size=40), st.sampled_from(["\r\n", "\n"]))
def test_lines_of_real_descriptions_in_any_order(lines: list[str], end: str):
    use("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n" + end.join(lines))


edits = st.tuples(st.floats(0, 1), st.integers(0, 12), st.text(max_size=8))


@given(st.sampled_from(ALL), st.lists(edits, min_size=1, max_size=6))
def test_real_descriptions_with_damage(name: str, damage: list[tuple[float, int, str]]):
    text = sample(name)
    for where, length, new in damage:
        start = int(where * len(text))
        text = text[:start] + new + text[start + length :]
    use(text)


@given(st.sampled_from(ALL), st.data())
def test_real_descriptions_with_lines_lost_doubled_or_swapped(name: str, data: st.DataObject):
    lines = sample(name).split("\r\n")
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        match data.draw(st.sampled_from(["drop", "double", "swap"])):
            case "drop" if len(lines) > 1:
                del lines[at]
            case "double":
                lines.insert(at, lines[at])
            case _:
                lines[at], lines[-1] = lines[-1], lines[at]
    use("\r\n".join(lines))
