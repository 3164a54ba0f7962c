"""Comfort noise (RFC 3389): its level, its spectrum, and what a jitter buffer makes of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.media import _stages
from tests.support.audio_probe import Pcm, level_dbfs, pcm, sine, tone_share

MS = 1_000_000
TICK = 20 * MS


def made(payload: bytes, samples: int = 16000) -> Pcm:
    noise = _stages.Noise()
    noise.update(payload)
    noise.make(800)
    return pcm(noise.make(samples))


@pytest.mark.parametrize("level", [20, 40, 55, 70])
@pytest.mark.parametrize("shape", [b"", bytes([127] * 10), bytes([30, 200, 100]), bytes([5, 180, 127, 90])])
def test_the_level_is_that_of_the_packet_whatever_its_shape(level: int, shape: bytes) -> None:
    assert level_dbfs(made(bytes([level]) + shape)) == pytest.approx(-level, abs=1.5)


def test_the_first_coefficient_tilts_the_spectrum() -> None:
    def tilt(octet: int) -> float:
        power = np.abs(np.fft.rfft(made(bytes([30, octet])).astype(float))) ** 2
        half = len(power) // 2
        return float(10 * np.log10(np.sum(power[:half]) / np.sum(power[half:])))

    # A negative coefficient is a low-pass: A(z) = 1 + k/z.
    assert tilt(127 - 100) > 6
    assert tilt(127 + 100) < -6
    assert abs(tilt(127)) < 1


def test_there_is_no_step_between_levels() -> None:
    noise = _stages.Noise()
    noise.update(bytes([90]))
    before = pcm(noise.make(160))
    noise.update(bytes([30]))
    after = pcm(noise.make(800))
    assert level_dbfs(before) < -80
    assert level_dbfs(after[:10]) < -40
    assert level_dbfs(after[400:]) > -32


def test_an_empty_payload_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        _stages.Noise().update(b"")


@given(st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=5))
def test_any_payload_makes_noise(payloads: list[bytes]) -> None:
    noise = _stages.Noise()
    for payload in payloads:
        noise.update(payload)
        assert len(noise.make(320)) == 640


@pytest.mark.parametrize("codec", ["pcma", "g722"])
def test_a_pause_with_comfort_noise(codec: str) -> None:
    """Speech, 2 s of comfort noise (one packet each 400 ms), speech again with a marker and a jump of the timestamp."""
    name = "g722" if codec == "g722" else "pcma"
    rate = 16000 if codec == "g722" else 8000
    size = rate // 50
    encoder, buffer = _stages.Encoder(name, rate), _stages.Jitter(name, rate)
    results, heard, sequence = [], [], 100
    for i in range(250):
        talking = not 100 <= i < 200
        at = i * TICK + 3 * MS
        payload = encoder.put(sine(500, rate, size, start=i * size).tobytes())[0][0]
        if talking or (i - 100) % 20 == 0:
            sequence += 1
            if talking:
                buffer.put(payload, sequence=sequence, timestamp=160 * i, arrival_ns=at)
            else:
                buffer.put_noise(bytes([45]), sequence=sequence, timestamp=160 * i, arrival_ns=at)
        result, sound = buffer.get(i * TICK + 10 * MS)
        results.append(result)
        heard.append(pcm(sound))
    assert set(results[10:100]) == {"played"}
    assert set(results[105:200]) == {"quiet"}
    assert set(results[206:]) == {"played"}
    assert set(results) <= {"silent", "played", "quiet"}, "nothing had to be concealed"
    statistics = buffer.statistics()
    assert statistics["concealed"] == statistics["late"] == 0
    assert statistics["quiet"] >= 95
    assert level_dbfs(np.concatenate(heard[106:195])) == pytest.approx(-45, abs=1.5)
    assert tone_share(np.concatenate(heard[210:]), 500, rate) > 0.97


def test_opus_that_sends_no_silence_is_no_loss() -> None:
    encoder, buffer = _stages.Encoder("opus", 8000, opus_dtx=True), _stages.Jitter("opus", 8000)
    results, sequence, sent = [], 0, 0
    for i in range(300):
        talking = i < 60 or i >= 240
        hum = np.random.default_rng(i).normal(0, 3, 160).astype(np.int16)
        frame = sine(300, 8000, 160, start=i * 160) if talking else hum
        payload, _ = encoder.put(frame.tobytes())[0]
        if payload:
            sequence += 1
            sent += 1
            buffer.put(payload, sequence=sequence, timestamp=960 * i, arrival_ns=i * TICK + 3 * MS)
        results.append(buffer.get(i * TICK + 10 * MS)[0])
    assert sent < 200
    assert results[100:240].count("quiet") > 100
    assert buffer.statistics()["concealed"] <= 2
    assert set(results[250:]) == {"played"}


def test_noise_alone_is_heard_from_the_beginning() -> None:
    buffer = _stages.Jitter("pcmu", 8000)
    assert buffer.put_noise(bytes([40]), sequence=1, timestamp=0, arrival_ns=0) == "kept"
    for tick in range(1, 20):
        result, sound = buffer.get(tick * TICK)
        assert result == "quiet"
    assert level_dbfs(pcm(sound)) == pytest.approx(-40, abs=3)
