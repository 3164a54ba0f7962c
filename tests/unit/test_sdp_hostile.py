"""Descriptions that are written to cost or to deceive: time grows with their length alone, and messages stay short."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from gateway.model.ids import Codec, VideoCodec
from gateway.protocol.sdp import Fingerprint, SdpError, VideoTerms, answer_audio, answer_browser, parse
from gateway.protocol.sdp.codecs import rtp_formats
from gateway.protocol.sdp.description import MESSAGE_CHARS_MAX
from tests.support.sdp_samples import sample

HEAD = "v=0\r\no=- 7 9 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\n"
BROWSER_SOUND = sample("chromium_audio_video_data").split("m=video")[0]


def answer_telephone(offer: str) -> None:
    answer_audio(parse(offer), address="192.0.2.99", port=20_000, codecs=tuple(Codec), session_id=5)


def answer_page(offer: str) -> None:
    answer_browser(
        parse(offer),
        ufrag="zent",
        pwd="p" * 24,
        fingerprints=[Fingerprint("sha-256", ":".join(["AB"] * 32))],
        candidates=[("192.0.2.1", 4000)],
        codecs=tuple(Codec),
        session_id=77,
        video=VideoTerms(codecs=tuple(VideoCodec), ssrc=1, rtx_ssrc=2),
    )


def pictures(number: str, times: int, *maps: str) -> str:
    """An offer that names one payload type many times, and has a long fmtp for it."""
    formats = " ".join([*[number] * (times // 4), "96"])
    lines = "".join(f"a=rtpmap:{one}\r\n" for one in maps)
    fmtp = f"a=fmtp:{number} {';' * 16 * times}\r\n"
    return f"{BROWSER_SOUND}m=video 9 UDP/TLS/RTP/SAVPF {formats}\r\na=mid:1\r\n{lines}{fmtp}"


def lines_run(work: Callable[[], None]) -> int:
    """How many lines of Python it takes, each turn of a comprehension counted."""
    count = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize(
    ("offer", "use"),
    [
        (lambda n: HEAD + "t=0 0\r\nr=1\r\n" * n, parse),
        (lambda n: HEAD + "t=0 0\r\n" * n + "r=1\r\n" * n, parse),
        (lambda n: pictures("102", n, "102 H264/90000"), answer_page),
        (lambda n: pictures("102", n, "102 rtx/90000", "96 VP8/90000"), answer_page),
    ],
    ids=["times with repeats", "times, then repeats", "one codec many times", "one retransmission many times"],
)
def test_twice_the_text_costs_no_more_than_twice_the_work(offer: Callable[[int], str], use: Callable[[str], None]):
    small, large = offer(200), offer(400)
    assert lines_run(lambda: use(large)) < 2.5 * lines_run(lambda: use(small))


def test_a_payload_type_that_is_named_twice_counts_once():
    media = parse(HEAD + "m=audio 4000 RTP/AVP 8 0 8 8 0\r\n").media[0]
    assert [rtp_format.payload_type for rtp_format in rtp_formats(media)] == [8, 0]


@pytest.mark.parametrize(
    "offer",
    [
        HEAD + f"m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 {'x' * 8000}/8000\r\n",
        HEAD + f"m=audio 4000 RTP/AVP 8\r\nc={'x' * 8000} IP4 192.0.2.1\r\n",
        HEAD + "m=audio 4000 RTP/AVP 8\r\nc=\x1b[2J\x07 IP4 192.0.2.1\r\n",
        HEAD + "\x1b=1\r\n",
    ],
)
def test_messages_are_short_and_hold_nothing_that_a_terminal_obeys(offer: str):
    with pytest.raises(SdpError) as caught:
        answer_telephone(offer)
    assert len(str(caught.value)) < MESSAGE_CHARS_MAX + 50
    assert str(caught.value).isprintable()


def test_a_setup_of_a_browser_is_quoted_without_what_a_terminal_obeys():
    with pytest.raises(SdpError) as caught:
        answer_page(BROWSER_SOUND.replace("a=setup:actpass", "a=setup:\x1b[2J"))
    assert str(caught.value).isprintable()
