"""DTMF as sound: ITU-T Q.24's tolerances, talk-off on speech and music, and that nothing of a blocked tone passes."""

from __future__ import annotations

import math
import random
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from gateway.media._guards import DtmfDetector, DtmfFilter, generate_dtmf, voice_heard
from gateway.media._stages import decode_g711, encode_g711

Samples = npt.NDArray[np.float64]

KEYS = {
    (row, column): key
    for row, keys in zip((697, 770, 852, 941), ("123A", "456B", "789C", "*0#D"), strict=True)
    for column, key in zip((1209, 1336, 1477, 1633), keys, strict=True)
}
DIGITS = "".join(KEYS.values())
VOICES = Path("gateway/app/demo/voices")
SOUNDS = Path("gateway/media/sounds")


def tone(
    digit: str, ms: float, *, level_db: float = -9, twist_db: float = 0, deviation: float = 0, phase: float = 0
) -> Samples:
    """``level_db``: of the low tone, in dBm0; ``twist_db``: by how much the high one is louder."""
    (row, column) = next(pair for pair, key in KEYS.items() if key == digit)
    time = np.arange(int(8 * ms)) / 8000
    peak = 32124 * 10 ** ((level_db - 3.14) / 20)
    low = peak * np.sin(2 * math.pi * row * (1 + deviation) * time + phase)
    high = peak * 10 ** (twist_db / 20) * np.sin(2 * math.pi * column * (1 + deviation) * time)
    return low + high


def silence(ms: float) -> Samples:
    return np.zeros(int(8 * ms))


def pcm(*parts: Samples) -> bytes:
    return np.clip(np.concatenate(parts), -32768, 32767).astype("<i2").tobytes()


def detect(*parts: Samples, law: str | None = None) -> str:
    sound = pcm(*parts, silence(60))
    if law:
        sound = decode_g711(law, encode_g711(law, sound))
    return "".join(digit for digit, _ in DtmfDetector().detect(sound))


@pytest.mark.parametrize("law", ["pcma", "pcmu"])
def test_all_digits_at_the_shortest_tone_and_pause(law: str):
    """Q.24: 40 ms must be taken (ETSI ES 201 235-3 says so too), at whatever point of a look they begin."""
    for shift in range(0, 102, 13):
        parts = [np.zeros(shift)]
        for digit in DIGITS:
            parts += [tone(digit, 40), silence(40)]
        assert detect(*parts, law=law) == DIGITS, shift


def test_the_same_key_twice_is_two_digits():
    assert detect(tone("5", 60), silence(40), tone("5", 60)) == "55"


def test_an_interruption_is_no_pause():
    """Q.24: up to 10 ms."""
    assert detect(tone("5", 60), silence(9), tone("5", 60)) == "5"


def test_too_short_is_none():
    assert detect(silence(7), tone("5", 20)) == ""


@pytest.mark.parametrize("level_db", [-30, -20, -10, -3])
def test_levels(level_db: float):
    assert "".join(detect(tone(digit, 50, level_db=level_db), law="pcma") for digit in DIGITS) == DIGITS


def test_a_whisper_is_none():
    assert detect(tone("5", 100, level_db=-45)) == ""


@pytest.mark.parametrize("twist_db", [-7, -4, 0, 4])
def test_twist(twist_db: float):
    assert "".join(detect(tone(digit, 50, level_db=-12, twist_db=twist_db)) for digit in DIGITS) == DIGITS


@pytest.mark.parametrize("twist_db", [-11, 7])
def test_too_much_twist_is_none(twist_db: float):
    assert detect(tone("5", 100, level_db=-12, twist_db=twist_db)) == ""


@pytest.mark.parametrize("deviation", [-0.015, -0.01, 0.01, 0.015])
def test_frequencies_that_must_be_taken(deviation: float):
    """Q.24: 1.5 % nearly everywhere."""
    assert "".join(detect(tone(digit, 60, deviation=deviation)) for digit in DIGITS) == DIGITS


@pytest.mark.parametrize("deviation", [-0.07, 0.07])
def test_frequencies_that_are_none(deviation: float):
    assert "".join(detect(tone(digit, 100, deviation=deviation)) for digit in DIGITS) == ""


def test_noise_beside_the_tones():
    """15 dB of signal to noise."""
    noise = np.random.default_rng(1)
    for digit in DIGITS:
        said = tone(digit, 60, level_db=-10)
        level = math.sqrt(float(np.mean(said**2))) * 10 ** (-15 / 20)
        assert detect(said + noise.normal(0, level, len(said))) == digit


def test_durations():
    for ms in (60, 100, 500, 3000):
        ((digit, duration_ms),) = DtmfDetector().detect(pcm(silence(3), tone("7", ms), silence(60)))
        assert digit == "7"
        assert abs(duration_ms - ms) <= 26


def test_one_tone_or_three_are_none():
    both = tone("1", 100)
    time = np.arange(len(both)) / 8000
    assert detect(8000 * np.sin(2 * math.pi * 697 * time)) == ""
    assert detect(both + 8000 * np.sin(2 * math.pi * 1477 * time)) == ""


def read(path: Path) -> bytes:
    with wave.open(str(path)) as file:
        assert file.getsampwidth() == 2
        rate, channels = file.getframerate(), file.getnchannels()
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, channels)[:, 0]
    assert rate % 8000 == 0
    return samples.reshape(-1, rate // 8000)[:, 0].tobytes() if rate > 8000 else samples.tobytes()


@pytest.mark.parametrize("path", sorted([*VOICES.glob("*.wav"), *SOUNDS.glob("*.wav")]), ids=lambda path: path.stem)
def test_talk_off(path: Path):
    """People and music are no digits, at any loudness."""
    said = read(path)
    assert len(said) > 8000
    quiet = np.frombuffer(said, "<i2").astype(float)
    for gain in (0.25, 1.0, 3.0):
        assert detect(quiet * gain) == ""


def test_what_we_generate_is_understood_and_as_loud_as_a_telephone():
    for digit in DIGITS:
        sound = generate_dtmf(digit, 800)
        assert [key for key, _ in DtmfDetector().detect(sound + bytes(1000))] == [digit]
    rms = math.sqrt(float(np.mean(np.frombuffer(generate_dtmf("5", 8000), "<i2").astype(float) ** 2)))
    assert 20 * math.log10(rms / (32124 / math.sqrt(2))) + 3.14 == pytest.approx(-5.9, abs=0.1)  # -8 and -10 together
    with pytest.raises(ValueError, match="'x'"):
        generate_dtmf("x", 8)


# --- the filter -------------------------------------------------------------------------------------------------------


def speech(count: int, seed: int) -> Samples:
    """Something like sound that is no tone."""
    return np.random.default_rng(seed).normal(0, 800, count)


def through(mode: str, sound: bytes, *, packet: int, law: str = "pcma") -> tuple[bytes, str]:
    dtmf = DtmfFilter(mode, law)  # type: ignore[arg-type]
    octets, passed, digits = encode_g711(law, sound), b"", ""
    for number, at in enumerate(range(0, len(octets) - packet + 1, packet)):
        released, ended = dtmf.put(octets[at : at + packet], number)
        passed += b"".join(payload for _, payload in released)
        digits += "".join(digit for digit, _ in ended)
    passed += b"".join(payload for _, payload in dtmf.set_mode("listen"))
    return decode_g711(law, passed), digits


def residue(sound: bytes, begin: int, end: int) -> float:
    """The loudest sample within the tone."""
    return float(np.max(np.abs(np.frombuffer(sound, "<i2")[begin:end].astype(float)), initial=0))


@pytest.mark.parametrize("packet", [80, 160, 240, 320, 480])
@pytest.mark.parametrize("law", ["pcma", "pcmu"])
def test_not_even_the_beginning_of_a_blocked_tone_passes(packet: int, law: str):
    chance = random.Random(packet)
    for digit in "1590#*":
        before = chance.randrange(2000, 3000)
        length = chance.choice([400, 640, 1600])
        sound = pcm(speech(before, 1), tone(digit, length / 8), speech(4000, 2))
        passed, digits = through("block", sound, packet=packet, law=law)
        assert digits == digit
        assert residue(passed, before, before + length) <= 8
        assert residue(passed, 0, before - packets_before(packet)) > 500, "speech before it is untouched"
        assert residue(passed, before + length + 102 + 2 * packet, len(passed) // 2) > 500, "and after it"


def packets_before(packet: int) -> int:
    return ((packet - 1 + 203) // packet + 1) * packet


def test_a_replaced_tone_is_gone_but_for_its_first_moment():
    sound = pcm(speech(1600, 1), tone("5", 100), speech(1600, 2))
    passed, digits = through("replace", sound, packet=160)
    assert digits == "5"
    assert residue(passed, 1600 + 320, 2400) <= 8


def test_who_only_listens_changes_nothing():
    sound = pcm(speech(1600, 1), tone("5", 100), speech(1600, 2))
    passed, digits = through("listen", sound, packet=160)
    assert digits == "5"
    assert passed == decode_g711("pcma", encode_g711("pcma", sound))


def test_packets_keep_their_order_and_number_while_they_wait():
    dtmf = DtmfFilter("block", "pcma")
    numbers = []
    for number in range(20):
        numbers += [sequence for sequence, _ in dtmf.put(bytes([0xD5]) * 160, number)[0]]
    assert numbers == list(range(18)), "two wait"
    assert [sequence for sequence, _ in dtmf.set_mode("listen")] == [18, 19]


# --- voice ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("law", ["pcma", "pcmu"])
def test_voice_is_told_from_silence(law: str):
    assert voice_heard(law, encode_g711(law, pcm(tone("5", 20, level_db=-40))))
    assert not voice_heard(law, encode_g711(law, pcm(silence(20))))
    assert not voice_heard(law, encode_g711(law, pcm(np.random.default_rng(3).normal(0, 12, 160))))
    assert not voice_heard(law, b"")


def test_voice_in_opus():
    from gateway.media._stages import OpusEncoder  # noqa: PLC0415

    said = np.frombuffer(read(VOICES / "caller-1.wav"), "<i2").astype(float)
    encoder = OpusEncoder(8000, 16000)
    loud = [encoder.encode(pcm(said[at : at + 160])) for at in range(0, 32000, 160)]
    encoder = OpusEncoder(8000, 16000)
    quiet = [encoder.encode(pcm(silence(20))) for _ in range(200)]
    assert sum(voice_heard("opus", packet) for packet in loud) > 60
    assert not any(voice_heard("opus", packet) for packet in quiet[20:])
    assert not voice_heard("opus", b"\xf8\xff\xfe")
