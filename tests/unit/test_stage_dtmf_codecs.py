"""DTMF in the sound of G.722 and Opus: heard in packets beside a relay, and in what is decoded anyway, at any rate."""

from __future__ import annotations

import random
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from gateway.media._guards import DtmfDetector, DtmfEar, DtmfFilter, generate_dtmf
from gateway.media._stages import G722, Encoder, OpusDecoder

Samples = npt.NDArray[np.float64]

DIGITS = "1234567890*#ABCD"
VOICES = Path("gateway/app/demo/voices")
RATES = {"g722": 16000, "opus": 48000}


def tones(digits: str, ms: int, pause_ms: int, rate: int = 8000) -> Samples:
    """Digits with pauses behind them.  At a wider rate every sample is interpolated by its spectrum."""
    sound = np.concatenate(
        [
            part
            for digit in digits
            for part in (np.frombuffer(generate_dtmf(digit, 8 * ms), "<i2"), np.zeros(8 * pause_ms))
        ]
    )
    spectrum = np.fft.rfft(sound)
    return np.fft.irfft(spectrum, len(sound) * rate // 8000) * (rate / 8000)


def pcm(*parts: Samples) -> bytes:
    return np.clip(np.concatenate(parts), -32768, 32767).astype("<i2").tobytes()


def frames(sound: bytes, rate: int) -> list[bytes]:
    size = 2 * rate // 50
    return [sound[at : at + size] for at in range(0, len(sound) - size + 1, size)]


def packets(codec: str, sound: bytes, rate: int, packet_ms: int = 20, **how: int) -> list[bytes]:
    encoder = Encoder(codec, rate, packet_ms, **how)  # type: ignore[arg-type]
    return [payload for frame in frames(sound, rate) for payload, _ in encoder.put(frame)]


def noise(count: int, seed: int) -> Samples:
    return np.random.default_rng(seed).normal(0, 800, count)


def filtered(mode: str, codec: str, said: list[bytes]) -> tuple[list[bytes], str]:
    dtmf = DtmfFilter(mode, codec)  # type: ignore[arg-type]
    passed, digits = [], ""
    for number, payload in enumerate(said):
        released, ended = dtmf.put(payload, number)
        passed += [payload for _, payload in released]
        digits += "".join(digit for digit, _ in ended)
    return passed + [payload for _, payload in dtmf.set_mode("listen")], digits


def decoded(codec: str, said: list[bytes], rate: int = 8000) -> bytes:
    decoder = G722(rate) if codec == "g722" else OpusDecoder(rate)
    return b"".join(decoder.decode(payload) for payload in said)


@pytest.mark.parametrize("codec", ["g722", "opus"])
@pytest.mark.parametrize("ms", [50, 100])
def test_all_digits_in_packets(codec: str, ms: int) -> None:
    rate = RATES[codec]
    said = packets(codec, pcm(tones(DIGITS, ms, 60, rate), np.zeros(rate // 10)), rate)
    passed, digits = filtered("listen", codec, said)
    assert digits == DIGITS
    assert passed == said, "who only listens changes nothing"


@pytest.mark.parametrize("packet_ms", [10, 20, 40, 60])
@pytest.mark.parametrize("bitrate", [16_000, 32_000])
def test_opus_of_any_packet_time_and_bit_rate(packet_ms: int, bitrate: int) -> None:
    said = packets("opus", pcm(tones("159#", 100, 80, 48000), np.zeros(9600)), 48000, packet_ms, opus_bitrate=bitrate)
    assert filtered("listen", "opus", said)[1] == "159#"


@pytest.mark.parametrize("codec", ["g722", "opus"])
@pytest.mark.parametrize("packet_ms", [10, 20, 60])
def test_nothing_of_a_blocked_tone_passes_and_time_goes_on(codec: str, packet_ms: int) -> None:
    rate = RATES[codec]
    chance = random.Random(packet_ms)
    for digit in "19#":
        before = chance.randrange(rate // 4, rate // 3)
        sound = pcm(noise(before, 1), tones(digit, 100, 0, rate), noise(rate // 2, 2))
        said = packets(codec, sound, rate, packet_ms)
        passed, digits = filtered("block", codec, said)
        assert digits == digit
        heard, clear = decoded(codec, passed), decoded(codec, said)
        assert len(heard) == len(clear), "silence is as long as what it stands in for"
        assert DtmfDetector().detect(clear) != []
        assert DtmfDetector().detect(heard) == []
        begin = before * 8000 // rate
        inside = np.frombuffer(heard, "<i2")[begin + 160 : begin + 640].astype(float)
        assert np.sqrt(np.mean(inside**2)) < 150, "-47 dBFS: the decoder's own noise"
        after = np.frombuffer(heard, "<i2")[-1600:].astype(float)
        assert np.sqrt(np.mean(after**2)) > 200, "and after it there is sound again"


def test_silence_announced_lets_go_what_waited() -> None:
    dtmf = DtmfFilter("block", "opus")
    said = packets("opus", pcm(noise(9600, 1)), 48000)
    waiting = len(said) - sum(len(dtmf.put(payload, n)[0]) for n, payload in enumerate(said))
    assert waiting == 2
    assert len(dtmf.put(b"\xf8", 99)[0]) == 3


@pytest.mark.parametrize("payload", [b"\xff", b"\xff\xff\xff", b"\x03", b"\xfb\x3f" + bytes(70)])
def test_what_is_no_opus_passes_as_it_is(payload: bytes) -> None:
    dtmf = DtmfFilter("block", "opus")
    assert dtmf.put(payload, 1) == ([(1, payload)], [])


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
def test_digits_in_what_is_decoded_anyway(rate: int) -> None:
    sound = pcm(tones(DIGITS, 50, 50, rate), np.zeros(rate // 10))
    passed, digits = DtmfEar(rate).hear(sound)
    assert "".join(digit for digit, _ in digits) == DIGITS
    assert passed == sound


@pytest.mark.parametrize("rate", [16000, 48000])
def test_wideband_sound_beside_a_tone_does_not_hide_it(rate: int) -> None:
    """What lies above 4 kHz is kept from folding back onto the digit."""
    tone = tones("5", 100, 100, rate)
    hiss = 9000 * np.sin(2 * np.pi * 6500 / rate * np.arange(len(tone)))
    assert [digit for digit, _ in DtmfEar(rate).hear(pcm(tone + hiss))[1]] == ["5"]


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
def test_a_replaced_tone_is_gone_but_for_its_first_moment(rate: int) -> None:
    begin, length = rate // 5, rate // 10
    sound = pcm(noise(begin, 1), tones("5", 100, 0, rate), noise(begin, 2))
    passed, _ = DtmfEar(rate).hear(sound, replace=True)
    samples = np.frombuffer(passed, "<i2").astype(float)
    assert not samples[begin + rate // 25 : begin + length].any()
    assert samples[:begin].any()
    assert samples[-rate // 10 :].any()


@pytest.mark.parametrize("codec", ["g722", "opus"])
def test_speech_is_no_digit(codec: str) -> None:
    with wave.open(str(VOICES / "caller-1.wav")) as file:
        recorded_hz = file.getframerate()
        said = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(float)
    spectrum = np.fft.rfft(said)
    rate = RATES[codec]
    wide = np.fft.irfft(spectrum, len(said) * rate // recorded_hz) * (rate / recorded_hz)
    assert filtered("listen", codec, packets(codec, pcm(wide), rate))[1] == ""
    size = len(wide) // (rate // 50) * (rate // 50)
    assert DtmfEar(rate).hear(pcm(wide[:size]))[1] == []
