"""How the benchmark of the media plane compares what was heard with what was said."""

from __future__ import annotations

import wave

import numpy as np
import pytest
from numpy.typing import NDArray

from gateway.app.bench.media_load import SOUND
from gateway.media._loadgen import BLOCK_SAMPLES, compare

Sound = NDArray[np.float64]
DELAY = 371
"""Samples at 8 kHz: not a whole packet."""


@pytest.fixture(scope="module")
def speech() -> Sound:
    """Some seconds at 8 kHz; what is above 4 kHz folds back, which hurts nobody here."""
    with wave.open(str(SOUND)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)[::2].astype(float)


def hear(said: Sound, heard: Sound) -> tuple[int, float] | None:
    return compare(said[:BLOCK_SAMPLES].astype(np.int16).tobytes(), heard.astype(np.int16).tobytes())


def late(sound: Sound, samples: int = DELAY) -> Sound:
    return np.concatenate([np.zeros(samples), sound])[: 3 * BLOCK_SAMPLES]


def test_the_same_sound_is_found_where_it_is(speech: Sound) -> None:
    assert hear(speech, late(speech)) == (DELAY * 125, 0.0)


@pytest.mark.parametrize("samples", [0, 1, 160, 1599, 3000])
def test_delay_is_told_to_the_sample(speech: Sound, samples: int) -> None:
    found = hear(speech, late(speech, samples))
    assert found is not None
    assert found[0] == samples * 125


def test_noise_makes_a_distance_and_more_noise_a_greater_one(speech: Sound) -> None:
    random = np.random.default_rng(1)
    distances = []
    for amplitude in (30, 100, 300, 1000):
        found = hear(speech, late(speech) + random.normal(0, amplitude, 3 * BLOCK_SAMPLES))
        assert found is not None
        assert found[0] == DELAY * 125
        distances.append(found[1])
    assert 0 < distances[0] < 3
    assert distances == sorted(distances)
    assert distances[-1] > 6


def test_a_muffled_sound_is_far(speech: Sound) -> None:
    muffled = np.convolve(late(speech), np.ones(4) / 4, "same")
    found = hear(speech, muffled)
    assert found is not None
    assert found[1] > 3


def test_half_the_amplitude_is_six_decibels(speech: Sound) -> None:
    found = hear(speech, late(speech) / 2)
    assert found is not None
    assert found[1] == pytest.approx(6, abs=1)


def test_another_sound_is_not_found(speech: Sound) -> None:
    assert hear(speech, np.random.default_rng(2).normal(0, 3000, 3 * BLOCK_SAMPLES)) is None


def test_silence_is_not_looked_up(speech: Sound) -> None:
    assert hear(np.zeros(BLOCK_SAMPLES), late(speech)) is None


def test_too_little_heard_is_not_found(speech: Sound) -> None:
    assert hear(speech, speech[:BLOCK_SAMPLES]) is None
    assert hear(speech, np.zeros(0)) is None
