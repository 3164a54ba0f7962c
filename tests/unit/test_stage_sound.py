"""Sounds: loaded from WAV, the same in every codec, and seamless as a loop."""

from __future__ import annotations

import struct
import subprocess
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


@pytest.mark.parametrize("name", ["greeting", "goodbye", "music"])
def test_what_is_shipped_loads(name: str) -> None:
    path = SHIPPED / f"{name}.wav"
    assert path.stat().st_size < 1 << 20
    with wave.open(str(path)) as source:
        assert (source.getframerate(), source.getnchannels(), source.getsampwidth()) == (16000, 1, 2)
        assert source.getnframes() % 320 == 0
        samples = pcm(source.readframes(source.getnframes()))
    assert np.max(np.abs(samples.astype(int))) < 32700
    if name != "music":  # the long one would only take longer
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
        (riff(form(tag=2, bits=4), (b"data", bytes(320))), "neither PCM nor A-law"),
        (riff(form(tag=6, bits=16), (b"data", bytes(320))), "neither PCM nor A-law"),
        (riff(form(bits=12), (b"data", bytes(320))), "neither PCM nor A-law"),
        (riff(form(tag=3, bits=64), (b"data", bytes(320))), "neither PCM nor A-law"),
        (b"OggS" + bytes(100), "Ogg stream is not Opus, or damaged"),
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


# --- other forms of WAV, and Ogg Opus --------------------------------------------------------------------------------


def packed(samples: Pcm, form_: str) -> tuple[int, int, bytes]:
    """Tag, bits and data of the samples in this form of WAV."""
    wide = samples.astype(np.int32)
    match form_:
        case "pcm8":
            return 1, 8, ((wide >> 8) + 128).astype(np.uint8).tobytes()
        case "pcm24":
            return 1, 24, b"".join(struct.pack("<i", int(value) << 8)[:3] for value in wide)
        case "pcm32":
            return 1, 32, (wide << 16).astype("<i4").tobytes()
        case "float":
            return 3, 32, (samples / 32768).astype("<f4").tobytes()
    return (6 if form_ == "pcma" else 7), 8, _stages.encode_g711(form_, samples.tobytes())


@pytest.mark.parametrize("form_", ["pcm8", "pcm24", "pcm32", "float", "pcma", "pcmu"])
@pytest.mark.parametrize("channels", [1, 2])
def test_each_form_of_wav_is_the_same_sound(tmp_path: Path, form_: str, channels: int) -> None:
    tone = np.repeat(sine(1000, 8000, 8000, amplitude=16000), channels)
    tag, bits, data = packed(tone, form_)
    path = tmp_path / "tone.wav"
    path.write_bytes(riff(form(tag=tag, channels=channels, bits=bits), (b"data", data)))
    sound = _stages.Sound(path)
    whole = heard(sound, "pcm", 8000, list(range(50)))
    off = np.max(np.abs(whole.astype(int) - sine(1000, 8000, 8000, amplitude=16000)))
    assert off <= {"pcm8": 256, "pcma": 600, "pcmu": 600}.get(form_, 2)


def test_the_extensible_form_names_its_own(tmp_path: Path) -> None:
    tone = sine(1000, 8000, 1600)
    chunk = struct.pack("<HHIIHHHHI", 0xFFFE, 1, 8000, 16000, 2, 16, 22, 16, 4) + struct.pack("<H", 1) + bytes(14)
    path = tmp_path / "extensible.wav"
    path.write_bytes(riff((b"fmt ", chunk), (b"data", tone.tobytes())))
    assert np.array_equal(heard(_stages.Sound(path), "pcm", 8000, list(range(10))), tone)


def test_floats_out_of_range_are_cut_and_no_numbers_are_silent(tmp_path: Path) -> None:
    values = np.array([2.0, -2.0, np.nan, np.inf, -np.inf] + [0.0] * 155, dtype="<f4")
    path = tmp_path / "wild.wav"
    path.write_bytes(riff(form(tag=3, bits=32), (b"data", values.tobytes())))
    assert list(pcm(_stages.Sound(path).pcm(8000, 0))[:5]) == [32767, -32768, 0, 32767, -32768]


def opusenc(path: Path, samples: Pcm, rate: int, *more: str, channels: int = 1) -> Path:
    """Someone else's Ogg Opus."""
    subprocess.run(
        ["opusenc", "--quiet", "--raw", "--raw-rate", str(rate), "--raw-chan", str(channels), *more, "-", str(path)],
        check=True,
        input=samples.astype("<i2").tobytes(),
        timeout=30,
    )
    return path


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000])
def test_ogg_opus_is_the_same_sound(tmp_path: Path, rate: int) -> None:
    """Its beginning is the file's own (pre-skip), its end too, and a tone is where it was."""
    tone = sine(400, rate, rate, amplitude=12000)
    sound = _stages.Sound(opusenc(tmp_path / "tone.opus", tone, rate, "--bitrate", "64"))
    assert (sound.frames, sound.duration_ms) == (50, 1000)
    whole = heard(sound, "pcm", 48000, list(range(50))).astype(float)
    truth = sine(400, 48000, 48000, amplitude=12000)
    assert tone_share(whole[4800:-4800], 400, 48000) > 0.99
    assert np.max(np.abs(whole[9600:-9600] - truth[9600:-9600])) < 1500
    assert np.sqrt(np.mean(whole[:960] ** 2)) > 6000


def test_ogg_opus_in_stereo_is_mixed_down(tmp_path: Path) -> None:
    both = np.column_stack([sine(500, 48000, 48000), sine(1500, 48000, 48000)]).reshape(-1)
    sound = _stages.Sound(opusenc(tmp_path / "stereo.opus", both, 48000, "--bitrate", "96", channels=2))
    whole = heard(sound, "pcm", 48000, list(range(50)))
    assert tone_share(whole, 500, 48000) == pytest.approx(0.5, abs=0.05)


def test_a_damaged_ogg_opus_is_refused_or_played(tmp_path: Path) -> None:
    """Octets are changed all over the file: no crash, and every refusal names it."""
    good = opusenc(tmp_path / "good.opus", sine(400, 16000, 4000), 16000).read_bytes()
    random = np.random.default_rng(4)
    path = tmp_path / "damaged.opus"
    outcomes = set()
    for _ in range(100):
        content = bytearray(good)
        for position in random.integers(0, len(content), random.integers(1, 6)):
            content[position] = random.integers(0, 256)
        path.write_bytes(bytes(content[: random.integers(len(content) // 2, len(content) + 1)]))
        try:
            assert _stages.Sound(path).frames >= 1
            outcomes.add("played")
        except ValueError as error:
            outcomes.add("refused" if str(path) in str(error) else str(error))
    assert outcomes <= {"played", "refused"}
