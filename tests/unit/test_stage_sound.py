"""Sounds: loaded from WAV, the same in every codec, and seamless as a loop."""

from __future__ import annotations

import struct
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.media import _stages
from tests.support.audio_probe import Pcm, pcm, sine, tone_share

SHIPPED = Path(__file__).parents[2] / "gateway" / "media" / "sounds"


def write_wav(path: Path, samples: Pcm, rate: int, channels: int = 1) -> Path:
    with wave.open(str(path), "wb") as target:
        target.setnchannels(channels)
        target.setsampwidth(2)
        target.setframerate(rate)
        target.writeframes(samples.tobytes())
    return path


def heard(sound: _stages.Sound, codec: str, rate: int, indexes: list[int]) -> Pcm:
    decoder = _stages.OpusDecoder(rate)
    parts = []
    for index in indexes:
        if codec == "pcmu":
            parts.append(_stages.decode_g711("pcmu", sound.frame("pcmu", index)))
        elif codec == "pcma":
            parts.append(_stages.decode_g711("pcma", sound.frame("pcma", index)))
        elif codec == "opus":
            parts.append(decoder.decode(sound.frame("opus", index)))
        else:
            parts.append(sound.pcm(rate, index))
    return pcm(b"".join(parts))


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 48000])
@pytest.mark.parametrize(
    ("codec", "out_rate"), [("pcmu", 8000), ("pcma", 8000), ("opus", 48000), ("pcm", 8000), ("pcm", 48000)]
)
def test_a_tone_is_the_same_in_all_codecs_from_any_rate(tmp_path: Path, rate: int, codec: str, out_rate: int) -> None:
    sound = _stages.Sound(write_wav(tmp_path / "tone.wav", sine(1000, rate, rate), rate))
    assert (sound.frames, sound.duration_ms) == (50, 1000)
    whole = heard(sound, codec, out_rate, list(range(50)))
    assert len(whole) == out_rate
    assert tone_share(whole, 1000, out_rate) > 0.97
    assert np.sqrt(np.mean(whole.astype(float) ** 2)) == pytest.approx(8000 / np.sqrt(2), rel=0.03)


@pytest.mark.parametrize(("codec", "out_rate"), [("pcmu", 8000), ("opus", 48000), ("pcm", 8000), ("pcm", 48000)])
def test_a_loop_has_no_seam(tmp_path: Path, codec: str, out_rate: int) -> None:
    """A tone with a whole number of periods in the file goes round without a step in its second derivative."""
    sound = _stages.Sound(write_wav(tmp_path / "loop.wav", sine(400, 16000, 16000), 16000))
    whole = heard(sound, codec, out_rate, list(range(50)) * 3).astype(float)
    curvature = np.abs(np.diff(whole, 2))
    seams = [out_rate, 2 * out_rate]
    away = np.concatenate([curvature[out_rate // 5 : out_rate - 50], curvature[out_rate + 50 : 2 * out_rate - 50]])
    for seam in seams:
        assert np.max(curvature[seam - 20 : seam + 20]) < 1.5 * np.max(away)
    assert tone_share(whole[out_rate // 10 :], 400, out_rate) > 0.99


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 44100])
@pytest.mark.parametrize("out_rate", [8000, 48000])
def test_resampling_moves_nothing(tmp_path: Path, rate: int, out_rate: int) -> None:
    sound = _stages.Sound(write_wav(tmp_path / "tone.wav", sine(400, rate, rate), rate))
    whole = heard(sound, "pcm", out_rate, list(range(50)))
    assert np.max(np.abs(whole.astype(int) - sine(400, out_rate, out_rate))) < 150


def test_opus_is_neither_early_nor_late() -> None:
    """The encoder's look-ahead is made good, so that a decoded frame is the frame of that number."""
    sound = _stages.Sound(SHIPPED / "goodbye.wav")
    indexes = list(range(sound.frames))
    decoded = heard(sound, "opus", 48000, indexes).astype(float)
    truth = heard(sound, "pcm", 48000, indexes).astype(float)
    fits = {shift: float(np.dot(np.roll(decoded, shift), truth)) for shift in range(-400, 401)}
    best = max(fits, key=lambda shift: fits[shift])
    assert -2 <= best <= 2


def test_stereo_is_mixed_down(tmp_path: Path) -> None:
    both = np.column_stack([sine(500, 16000, 16000), sine(1500, 16000, 16000)]).astype(np.int16)
    sound = _stages.Sound(write_wav(tmp_path / "stereo.wav", both.reshape(-1), 16000, channels=2))
    whole = heard(sound, "pcm", 48000, list(range(50)))
    assert tone_share(whole, 500, 48000) == pytest.approx(0.5, abs=0.03)
    assert tone_share(whole, 1500, 48000) == pytest.approx(0.5, abs=0.03)


def test_a_last_short_frame_is_filled_with_silence(tmp_path: Path) -> None:
    sound = _stages.Sound(write_wav(tmp_path / "short.wav", sine(1000, 8000, 161), 8000))
    assert sound.frames == 2
    assert not np.any(pcm(sound.pcm(8000, 1))[1:])
    with pytest.raises(IndexError):
        sound.frame("pcmu", 2)


@pytest.mark.parametrize("name", ["greeting", "goodbye", "music", "ringback", "busy"])
def test_what_is_shipped_loads(name: str) -> None:
    path = SHIPPED / f"{name}.wav"
    assert path.stat().st_size < 1 << 20
    with wave.open(str(path)) as source:
        assert (source.getframerate(), source.getnchannels(), source.getsampwidth()) == (16000, 1, 2)
        assert source.getnframes() % 320 == 0
        samples = pcm(source.readframes(source.getnframes()))
    assert np.max(np.abs(samples.astype(int))) < 32700
    if name in {"greeting", "busy"}:  # the long ones would only take longer
        assert _stages.Sound(path).duration_ms == len(samples) // 16


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(name + struct.pack("<I", len(data)) + data for name, data in chunks)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WAVE" + body


def form(tag: int = 1, channels: int = 1, rate: int = 8000, bits: int = 16) -> tuple[bytes, bytes]:
    return b"fmt ", struct.pack("<HHIIHH", tag, channels, rate, rate * 2, 2 * channels, bits)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "not a WAV file"),
        (b"ID3" + bytes(100), "not a WAV file"),
        (riff(form()), "no data chunk"),
        (riff((b"data", bytes(320))), "data come before"),
        (riff(form(tag=6, bits=8), (b"data", bytes(320))), "16-bit PCM"),
        (riff(form(bits=24), (b"data", bytes(320))), "16-bit PCM"),
        (riff(form(channels=6), (b"data", bytes(320))), "6 channels"),
        (riff(form(channels=0), (b"data", bytes(320))), "0 channels"),
        (riff(form(rate=1000), (b"data", bytes(320))), "1000 Hz"),
        (riff(form(), (b"data", b"")), "empty"),
        (riff(form(rate=4000), (b"data", bytes(2 * 4000 * 301))), "longer than 300 s"),
    ],
)
def test_each_fault_is_named_with_the_file(tmp_path: Path, content: bytes, complaint: str) -> None:
    path = tmp_path / "wrong.wav"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=complaint) as caught:
        _stages.Sound(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="No such file"):
        _stages.Sound(tmp_path / "none.wav")


def test_unknown_chunks_and_sizes_of_a_pipe_are_read(tmp_path: Path) -> None:
    content = bytearray(riff((b"LIST", b"odd"), form(), (b"data", sine(1000, 8000, 320).tobytes())))
    content[15 + 8 : 15 + 8] = b"\0"  # the pad octet of the odd chunk
    at = content.index(b"data") + 4
    content[at : at + 4] = b"\xff\xff\xff\x7f"
    path = tmp_path / "pipe.wav"
    path.write_bytes(content)
    assert _stages.Sound(path).frames == 2


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_a_damaged_file_is_refused_or_played(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(riff(form(), (b"LIST", bytes(6)), (b"data", bytes(640))))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, 60))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged.wav"
    path.write_bytes(bytes(content[: data.draw(st.integers(0, len(content)))]))
    complaint = ""
    try:
        assert _stages.Sound(path).frames >= 1
    except ValueError as error:
        complaint = str(error)
    assert not complaint or str(path) in complaint
