"""The benchmark of the media plane on a small scale: its figures are there and nothing is lost."""

from __future__ import annotations

import json
import shutil
from unittest import mock

import msgspec
import pytest

from gateway.app.bench.media import Report, measure, run
from gateway.app.bench.media_browsers import Answer
from gateway.app.bench.media_churn import Churn, Holdings, churn
from gateway.app.bench.media_handshakes import handshakes
from gateway.app.bench.media_rtpengine import PROGRAM, Rtpengine, decode, encode
from gateway.model.errors import InternalError, RequestError

needs_rtpengine = pytest.mark.skipif(shutil.which(PROGRAM) is None, reason="rtpengine is not installed")


def check_rows(report: Report, calls: int, seconds: float) -> None:
    assert set(report.rows) == {"relay", "relay_gcm", "transcode"}
    for name, row in report.rows.items():
        for one in [row, row.peer] if row.peer else [row]:
            assert (one.calls, one.unauthentic) == (calls, 0), (name, one)
            assert one.packets == calls * 2 * round(seconds * 50)
            assert 0 < one.cpu_percent_per_call < 20
            assert one.calls_per_core > 5
            if name != "transcode":
                assert one.lost == 0
                assert 0 < one.delay_us.p50 < 20_000
        assert row.lost == 0


async def test_calls_are_carried_without_loss() -> None:
    report = await measure(calls=4, seconds=1.6, only=["relay", "relay_gcm", "transcode"])
    check_rows(report, 4, 1.6)
    assert report.recording is report.flat is None
    transcode = report.rows["transcode"]
    assert 20_000 < transcode.delay_us.p50 < 400_000
    # the jitter buffers hold 20 to 60 ms of that, and the rest is known
    assert transcode.delay_us.to_phone_p50 is not None
    assert transcode.delay_us.to_phone_beyond_buffer is not None
    assert 15_000 < transcode.delay_us.to_phone_p50 - transcode.delay_us.to_phone_beyond_buffer < 100_000
    assert transcode.quality is not None
    assert 0 < transcode.quality.to_phone_db < 10
    assert 0 < transcode.quality.to_browser_db < 10
    assert 6 < transcode.quality.opus_kbit_s < 40


async def test_recordings_and_many_calls_are_measured() -> None:
    report = await measure(calls=3, seconds=0.6, only=["recording"])
    assert report.recording is not None
    assert report.recording.lost == 0
    assert report.recording.bytes_per_call_s > 2 * 8000
    assert not report.rows


async def test_browsers_connect() -> None:
    report = await measure(seconds=0.3, only=["handshakes"])
    assert report.handshakes is not None
    assert report.handshakes.count == 30
    assert report.handshakes_per_s == report.handshakes.per_second > 1
    assert 0 < report.handshakes.ms_p50 <= report.handshakes.ms_p99


async def test_a_browser_that_is_deceived_is_told_of() -> None:
    """The far end looks at what it is shown: with another fingerprint in the answer, nobody connects."""
    real = Answer(number=1, host="127.0.0.1", port=9, ufrag="u", pwd="p", fingerprint="00:11")
    with (
        mock.patch(
            "gateway.app.bench.media_handshakes.Answer",
            lambda **given: msgspec.structs.replace(
                real, **{name: value for name, value in given.items() if name != "fingerprint"}
            ),
        ),
        pytest.raises(InternalError, match="the certificate is not the one of the answer"),
    ):
        await handshakes(1)


async def test_bridges_leave_nothing_behind() -> None:
    came = await churn(80, at_once=20)
    assert came.bridges == 80
    assert came.recordings == 8
    assert came.packets > 20 * 2
    # What earlier tests left to the garbage collector may go meanwhile.
    assert came.after.descriptors <= came.before.descriptors
    assert came.after.threads <= came.before.threads
    assert came.legs_left == 0


def test_growth_is_a_fault() -> None:
    before = Holdings(rss_kb=100_000, descriptors=20, threads=3)
    after = Holdings(rss_kb=103_000, descriptors=21, threads=3)
    came = Churn(bridges=10_000, at_once=250, packets=1, recordings=0, before=before, after=after, legs_left=2)
    assert came.faults == [
        "churn: descriptors grew from 20 to 21",
        "churn: memory grew by 3000 kB over 10000 bridges",
        "churn: 2 legs are left",
    ]


@needs_rtpengine
@pytest.mark.soak
async def test_rtpengine_carries_the_same_calls() -> None:
    report = await measure(calls=5, seconds=1.6, only=["relay", "relay_gcm", "transcode"], against="rtpengine")
    check_rows(report, 5, 1.6)
    for row in report.rows.values():
        assert row.peer is not None
        assert row.peer.cipher == row.cipher
        assert row.ratio_calls_per_core
    quality = report.rows["transcode"].peer.quality  # type: ignore[union-attr]
    assert quality is not None
    assert 0 < quality.to_browser_db < 10, "rtpengine encodes Opus that sounds like what was said"


async def test_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RequestError, match="apt-get install rtpengine-daemon"):
        async with Rtpengine():
            pass


def test_it_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(calls=1, seconds=0.2, only=["relay"], as_json=True) == 0
    printed = json.loads(capsys.readouterr().out)
    assert set(printed) == {"machine", "relay"}
    assert set(printed["relay"]["delay_us"]) >= {"p50", "p99"}


@pytest.mark.parametrize(
    ("value", "octets"),
    [
        (7, b"i7e"),
        ("sdp", b"3:sdp"),
        (["a", -1], b"l1:ai-1ee"),
        ({"flags": ["x"], "n": {}}, b"d5:flagsl1:xe1:ndee"),
        ("grün", b"5:gr\xc3\xbcn"),
    ],
)
def test_bencode(value: object, octets: bytes) -> None:
    assert encode(value) == octets  # type: ignore[arg-type]
    assert decode(octets) == value


@pytest.mark.parametrize("octets", [b"", b"i7", b"5:abc", b"l1:a", b"x", b"i7ei8e", b"d1:ae"])
def test_bencode_that_is_none(octets: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (int's own message is as good)
        decode(octets)
