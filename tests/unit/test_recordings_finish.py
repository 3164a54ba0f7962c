"""Captures become stereo Ogg Opus: each side in its channel, at its time, exactly as long as the conversation."""

from __future__ import annotations

import random
import struct
import subprocess
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import recordings
from gateway.media import _stages
from tests.support import captures
from tests.support.audio_probe import Pcm, level_dbfs, sine, tone_share
from tests.support.captures import (
    AUDIO,
    DROPPED,
    END,
    G722,
    L16_8K,
    L16_48K,
    LEFT,
    OPUS,
    PAUSE,
    PCMA,
    PCMU,
    RESUME,
    RIGHT,
)

MS = 1_000_000
LEFT_HZ, RIGHT_HZ = 500, 1200
RATES = {PCMU: 8000, PCMA: 8000, OPUS: 48000, L16_8K: 8000, L16_48K: 48000, G722: 16000}


def audio(
    side: int,
    codec: int,
    tone_hz: float,
    seconds: float,
    *,
    start_ms: float = 0,
    first_timestamp: int = 0xFFFFF000,
) -> Iterator[tuple[int, bytes]]:
    """(time in ns, record) of packets of 20 ms; the timestamp wraps soon."""
    rate = RATES[codec]
    size = rate // 50
    encoder = _stages.OpusEncoder(48000) if codec == OPUS else _stages.G722(16000) if codec == G722 else None
    for i in range(round(seconds * 50)):
        sound = sine(tone_hz, rate, size, start=i * size).tobytes()
        if encoder:
            payload = encoder.encode(sound)
        elif codec in {PCMU, PCMA}:
            payload = _stages.encode_g711("pcma" if codec == PCMA else "pcmu", sound)
        else:
            payload = sound
        time_ns = round((start_ms + i * 20) * MS)
        number = first_timestamp + i * (160 if codec == G722 else size)
        yield time_ns, captures.record(AUDIO, time_ns, side=side, codec=codec, number=number, payload=payload)


def write(path: Path, records: list[tuple[int, bytes]], end_ms: float | None, *, header: bytes | None = None) -> Path:
    """Records in order of their time, then the end."""
    ordered = [data for _, data in sorted(records, key=lambda one: one[0])]
    if end_ms is not None:
        ordered.append(captures.record(END, round(end_ms * MS)))
    path.write_bytes((header or captures.header()) + b"".join(ordered))
    return path


def decode(recording: Path) -> tuple[Pcm, Pcm]:
    """Left and right at 48 kHz as opusdec, an implementation of others, gives them."""
    target = recording.with_suffix(".wav")
    subprocess.run(
        ["opusdec", "--quiet", "--rate", "48000", "--no-dither", str(recording), str(target)],
        check=True,
        timeout=60,
        capture_output=True,
    )
    with wave.open(str(target)) as source:
        assert (source.getnchannels(), source.getframerate(), source.getsampwidth()) == (2, 48000, 2)
        both: NDArray[np.int16] = np.frombuffer(source.readframes(source.getnframes()), np.int16).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def cut(channel: Pcm, from_s: float, to_s: float) -> Pcm:
    return channel[round(from_s * 48000) : round(to_s * 48000)]


def onset(channel: Pcm, threshold: int = 400) -> float:
    """When the sound begins, in seconds."""
    return float(np.argmax(np.abs(channel.astype(int)) > threshold)) / 48000


@pytest.mark.parametrize("left", [PCMU, PCMA, OPUS, L16_8K, L16_48K, G722])
@pytest.mark.parametrize("right", [PCMA, OPUS])
def test_each_tone_is_in_its_own_channel_only(tmp_path: Path, left: int, right: int) -> None:
    records = [*audio(LEFT, left, LEFT_HZ, 3), *audio(RIGHT, right, RIGHT_HZ, 3, first_timestamp=77)]
    capture = write(tmp_path / "c", records, 3000)
    finished = recordings.finish(capture, tmp_path / "r.opus")
    assert (finished.duration_ms, finished.samples, finished.truncated) == (3000, 144000, False)
    assert finished.gaps == finished.records_dropped == 0
    assert finished.size_bytes == (tmp_path / "r.opus").stat().st_size
    first, second = decode(tmp_path / "r.opus")
    assert len(first) == len(second) == 144000
    assert tone_share(cut(first, 0.2, 2.8), LEFT_HZ, 48000) > 0.98
    assert tone_share(cut(second, 0.2, 2.8), RIGHT_HZ, 48000) > 0.98
    assert tone_share(cut(first, 0.2, 2.8), RIGHT_HZ, 48000) < 1e-5
    assert tone_share(cut(second, 0.2, 2.8), LEFT_HZ, 48000) < 1e-5
    assert level_dbfs(cut(first, 0.2, 2.8)) == pytest.approx(level_dbfs(sine(LEFT_HZ, 48000, 48000)), abs=1)


@pytest.mark.parametrize("end_ms", [0, 0.1, 6.5, 13.5, 20, 1000, 1013.4999, 2345.678, 21_000.25])
def test_the_length_is_exact_to_the_sample(tmp_path: Path, end_ms: float) -> None:
    capture = write(tmp_path / "c", list(audio(LEFT, PCMA, LEFT_HZ, 1)), end_ms)
    finished = recordings.finish(capture, tmp_path / "r.opus", complexity=0)
    samples = int(end_ms * MS) * 6 // 125000
    assert finished.samples == samples
    assert finished.duration_ms == round(samples / 48)
    if samples:
        first, second = decode(tmp_path / "r.opus")
        assert len(first) == len(second) == samples


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=15)
@given(st.integers(1, 200_000))
def test_any_length_is_exact(tmp_path: Path, samples: int) -> None:
    capture = write(tmp_path / "c", list(audio(LEFT, PCMA, LEFT_HZ, 0.5)), (samples * 125000 + 5) / 6 / MS)
    finished = recordings.finish(capture, tmp_path / "r.opus", complexity=0)
    assert abs(finished.samples - samples) <= 1
    assert len(decode(tmp_path / "r.opus")[0]) == finished.samples


def test_sound_lies_where_it_was_said(tmp_path: Path) -> None:
    records = [*audio(LEFT, PCMA, LEFT_HZ, 2, start_ms=700), *audio(RIGHT, OPUS, RIGHT_HZ, 2, start_ms=1500)]
    capture = write(tmp_path / "c", records, 25_000)
    assert recordings.finish(capture, tmp_path / "r.opus").gaps == 0
    first, second = decode(tmp_path / "r.opus")
    assert onset(first) == pytest.approx(0.7, abs=0.004)
    # Opus has 6.5 ms of its sender's look-ahead in it.
    assert onset(second) == pytest.approx(1.5065, abs=0.006)
    for channel, from_s, to_s in ((first, 2.75, 25), (second, 3.6, 25), (first, 0, 0.65), (second, 0, 1.45)):
        assert level_dbfs(cut(channel, from_s, to_s)) < -60


@pytest.mark.parametrize("codec", [PCMU, OPUS])
def test_jitter_reordering_and_doubling_leave_no_trace(tmp_path: Path, codec: int) -> None:
    network = random.Random(5)
    records = []
    for time_ns, data in audio(LEFT, codec, LEFT_HZ, 6, start_ms=100):
        for _ in range(network.choice([1, 1, 1, 2])):
            late_ns = network.randrange(0, 90 * MS)
            body = bytearray(data[:-4])
            body[8:16] = struct.pack("<q", time_ns + late_ns)
            records.append((time_ns + late_ns, captures.sealed(bytes(body))))
    finished = recordings.finish(write(tmp_path / "c", records, 6500), tmp_path / "r.opus")
    assert finished.gaps == 0
    first, second = decode(tmp_path / "r.opus")
    assert tone_share(cut(first, 0.3, 6), LEFT_HZ, 48000) > 0.98
    assert onset(first) == pytest.approx(0.1, abs=0.02)
    assert level_dbfs(second) < -80


def test_lost_packets_are_silence_and_counted(tmp_path: Path) -> None:
    kept = [one for i, one in enumerate(audio(LEFT, PCMA, LEFT_HZ, 4)) if not 100 <= i < 125]
    kept.append((2500 * MS, captures.record(DROPPED, 2500 * MS, side=LEFT, number=25)))
    finished = recordings.finish(write(tmp_path / "c", kept, 4000), tmp_path / "r.opus")
    assert (finished.gaps, finished.records_dropped) == (1, 25)
    first, _ = decode(tmp_path / "r.opus")
    assert level_dbfs(cut(first, 2.02, 2.48)) < -50
    assert tone_share(cut(first, 0.1, 1.95), LEFT_HZ, 48000) > 0.98
    assert tone_share(cut(first, 2.55, 3.95), LEFT_HZ, 48000) > 0.98


def test_a_pause_is_silence_on_both_sides_and_no_gap(tmp_path: Path) -> None:
    records = [
        one
        for one in [*audio(LEFT, PCMA, LEFT_HZ, 6), *audio(RIGHT, OPUS, RIGHT_HZ, 6)]
        if not 2000 * MS <= one[0] < 4000 * MS
    ]
    records += [(2000 * MS, captures.record(PAUSE, 2000 * MS)), (4000 * MS - 1, captures.record(RESUME, 4000 * MS - 1))]
    finished = recordings.finish(write(tmp_path / "c", records, 6000), tmp_path / "r.opus")
    assert (finished.duration_ms, finished.gaps) == (6000, 0)
    for channel, tone_hz in zip(decode(tmp_path / "r.opus"), (LEFT_HZ, RIGHT_HZ), strict=True):
        assert level_dbfs(cut(channel, 2.05, 3.98)) < -50
        assert tone_share(cut(channel, 4.1, 5.9), tone_hz, 48000) > 0.98


def test_pauses_are_chapters(tmp_path: Path) -> None:
    records = list(audio(LEFT, PCMA, LEFT_HZ, 4))
    for kind, at_ms in ((PAUSE, 500), (RESUME, 1250), (PAUSE, 2000), (PAUSE, 2100), (RESUME, 2500), (PAUSE, 3725)):
        records.append((at_ms * MS, captures.record(kind, at_ms * MS)))
    recordings.finish(write(tmp_path / "c", records, 4000), tmp_path / "r.opus")
    said = subprocess.run(
        ["opusinfo", str(tmp_path / "r.opus")], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    marks = [
        ("00.500", "paused"),
        ("01.250", "resumed"),
        ("02.000", "paused"),
        ("02.500", "resumed"),
        ("03.725", "paused"),
    ]
    for number, (second, what) in enumerate(marks):
        assert f"CHAPTER{number:03}=00:00:{second}" in said
        assert f"CHAPTER{number:03}NAME=Recording {what}" in said
    assert said.count("NAME=Recording") == len(marks)


def test_a_new_stream_with_other_timestamps_or_codec_goes_on_at_its_time(tmp_path: Path) -> None:
    """The agent's page was loaded again: another stream, other timestamps, then another codec."""
    records = [
        *audio(RIGHT, OPUS, RIGHT_HZ, 1.5),
        *audio(RIGHT, OPUS, RIGHT_HZ, 1.5, start_ms=3000, first_timestamp=0x7654321),
        *audio(RIGHT, PCMU, RIGHT_HZ, 1.5, start_ms=5000, first_timestamp=5),
    ]
    finished = recordings.finish(write(tmp_path / "c", records, 7000), tmp_path / "r.opus")
    assert finished.gaps == 2
    _, second = decode(tmp_path / "r.opus")
    for from_s, to_s in ((0.1, 1.4), (3.1, 4.4), (5.1, 6.4)):
        assert tone_share(cut(second, from_s, to_s), RIGHT_HZ, 48000) > 0.98
    for from_s, to_s in ((1.6, 2.95), (4.6, 4.95), (6.6, 7)):
        assert level_dbfs(cut(second, from_s, to_s)) < -50


@pytest.mark.parametrize("ppm", [-1000, 1000])
def test_clock_drift_does_not_move_the_sides_apart(tmp_path: Path, ppm: int) -> None:
    """A telephone whose clock is off (far more than any real one): its sound stays where it was said."""
    packets = []
    for i in range(120 * 50):
        time_ns = round(i * 20 * MS * (1 + ppm / 1e6))
        loud = i % 500 < 5
        sound = sine(LEFT_HZ, 8000, 160).tobytes() if loud else bytes(320)
        payload = _stages.encode_g711("pcma", sound)
        packets.append((time_ns, captures.record(AUDIO, time_ns, codec=PCMA, number=i * 160, payload=payload)))
    finished = recordings.finish(write(tmp_path / "c", packets, 120_000), tmp_path / "r.opus", complexity=0)
    assert finished.duration_ms == 120_000
    first, _ = decode(tmp_path / "r.opus")
    for burst in range(11):
        said = burst * 10 * (1 + ppm / 1e6)
        heard = said - 0.5 + onset(cut(first, said - 0.5, said + 0.5)) if burst else onset(first)
        assert heard == pytest.approx(said, abs=0.06)


def test_tags_say_what_it_is(tmp_path: Path) -> None:
    header = captures.header("sip:+49 30 1", "anna", 1_700_000_000_250_000_000)
    capture = write(tmp_path / "c", list(audio(LEFT, PCMA, LEFT_HZ, 1)), 1000, header=header)
    recordings.finish(capture, tmp_path / "r.opus", contact="0190-abc", queue="Vertrieb Süd", agent="anna")
    said = subprocess.run(
        ["opusinfo", str(tmp_path / "r.opus")], capture_output=True, text=True, check=True, timeout=60
    )
    for tag in (
        "CONTACT_ID=0190-abc",
        "QUEUE=Vertrieb Süd",
        "AGENT=anna",
        "DATE=2023-11-14T22:13:20.250+00:00",
        "LEFT=sip:+49 30 1",
        "RIGHT=anna",
    ):
        assert tag in said.stdout
    assert "WARNING" not in said.stdout + said.stderr
    assert recordings.read_header(capture) == recordings.CaptureHeader(
        1_700_000_000_250_000_000, "sip:+49 30 1", "anna"
    )


@pytest.mark.parametrize("cut_octets", [1, 23, 24, 100, 5000])
def test_a_torn_capture_is_finished_up_to_the_tear(tmp_path: Path, cut_octets: int) -> None:
    capture = write(tmp_path / "c", list(audio(LEFT, PCMA, LEFT_HZ, 2)), 2000)
    whole = capture.read_bytes()
    capture.write_bytes(whole[:-cut_octets])
    finished = recordings.finish(capture, tmp_path / "r.opus")
    assert finished.truncated
    lost_packets = max(0, -(-(cut_octets - 24) // 184))
    assert finished.samples == 96000 - 960 * lost_packets
    assert tone_share(cut(decode(tmp_path / "r.opus")[0], 0.1, 1.4), LEFT_HZ, 48000) > 0.98


def test_damage_within_ends_it_there(tmp_path: Path) -> None:
    capture = write(tmp_path / "c", list(audio(LEFT, PCMA, LEFT_HZ, 2)), 2000)
    content = bytearray(capture.read_bytes())
    content[len(captures.header()) + 50 * 184 + 30] ^= 1
    capture.write_bytes(content)
    finished = recordings.finish(capture, tmp_path / "r.opus")
    assert (finished.truncated, finished.samples) == (True, 48000)


def test_what_the_capture_writer_writes_is_understood(tmp_path: Path) -> None:
    """The plane's writer and this reader share a page of documentation and no code."""
    writer = _stages.CaptureWriter()
    capture = writer.begin(tmp_path / "c", start_ns=0, left="one", right="two")
    for i in range(25):  # as much as the ring holds
        frame = _stages.encode_g711("pcma", sine(LEFT_HZ, 8000, 160, start=160 * i).tobytes())
        capture.audio(LEFT, "pcma", i * 20 * MS, 160 * i, frame)
        capture.audio(RIGHT, "l16_48k", i * 20 * MS, 960 * i, sine(RIGHT_HZ, 48000, 960, start=960 * i).tobytes())
    _, dropped, error = capture.finish(500 * MS)
    writer.stop()
    finished = recordings.finish(tmp_path / "c", tmp_path / "r.opus")
    assert (error, dropped, finished.duration_ms, finished.records_dropped) == (0, 0, 500, 0)
    first, second = decode(tmp_path / "r.opus")
    assert tone_share(cut(first, 0.1, 0.45), LEFT_HZ, 48000) > 0.98
    assert tone_share(cut(second, 0.1, 0.45), RIGHT_HZ, 48000) > 0.98


@pytest.mark.parametrize(
    "content", [b"", b"ZCAPTURE", b"RIFF" + bytes(100), captures.header(version=2), captures.header()[:-1] + b"x"]
)
def test_what_is_no_capture_is_refused_and_leaves_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "c").write_bytes(content)
    with pytest.raises(recordings.CaptureError, match="not a capture file"):
        recordings.finish(tmp_path / "c", tmp_path / "out" / "r.opus")
    assert not list(tmp_path.rglob("*.opus*"))


def test_more_than_a_day_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c").write_bytes(captures.header() + captures.record(END, 86_401 * 10**9))
    with pytest.raises(recordings.CaptureError, match="longer than a day"):
        recordings.finish(tmp_path / "c", tmp_path / "r.opus")
    assert [one.name for one in tmp_path.iterdir()] == ["c"]


@pytest.mark.parametrize("wrong", [{"complexity": 11}, {"complexity": -1}, {"bitrate": 1}, {"bitrate": 10**6}])
def test_wrong_settings_are_refused(tmp_path: Path, wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        recordings.finish(tmp_path / "c", tmp_path / "r.opus", **wrong)  # type: ignore[arg-type]


def test_a_missing_capture_is_an_error_of_the_disk(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        recordings.finish(tmp_path / "none", tmp_path / "r.opus")


def test_an_older_recording_is_replaced_only_by_a_whole_one(tmp_path: Path) -> None:
    target = tmp_path / "r.opus"
    target.write_bytes(b"old")
    (tmp_path / "bad").write_bytes(b"junk")
    with pytest.raises(recordings.CaptureError):
        recordings.finish(tmp_path / "bad", target)
    assert target.read_bytes() == b"old"
    recordings.finish(write(tmp_path / "c", list(audio(LEFT, PCMA, LEFT_HZ, 1)), 1000), target)
    assert target.read_bytes()[:4] == b"OggS"
    assert target.stat().st_mode & 0o777 == 0o600


record_strategy = st.builds(
    lambda kind, time_ms, side, codec, number, payload: captures.record(
        kind, time_ms * MS, side=side, codec=codec, number=number, payload=payload
    ),
    st.sampled_from([1, 1, 1, 1, 2, 3, 4, 9]),
    st.integers(0, 4000),
    st.integers(0, 1),
    st.integers(0, 6),
    st.one_of(st.integers(0, 2**32 - 1), st.integers(0, 50).map(lambda n: n * 160)),
    st.one_of(st.binary(max_size=300), st.just(bytes(1920))),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.lists(record_strategy, max_size=40), st.one_of(st.none(), st.integers(0, 4000)), st.binary(max_size=40))
def test_any_records_give_a_recording(tmp_path: Path, records: list[bytes], end_ms: int | None, tail: bytes) -> None:
    end = b"" if end_ms is None else captures.record(END, end_ms * MS)
    (tmp_path / "c").write_bytes(captures.header() + b"".join(records) + end + tail)
    finished = recordings.finish(tmp_path / "c", tmp_path / "r.opus", complexity=0)
    assert finished.truncated == (end_ms is None)
    assert 0 <= finished.samples <= 48 * 16_000
