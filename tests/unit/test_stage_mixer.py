"""Mixing: sums that fit pass as they are, those that do not are limited without harshness."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.media._stages import Limiter
from tests.support.audio_probe import Pcm, pcm, sine, tone_share


def mixed(parties: list[Pcm], frame: int) -> Pcm:
    """All parties through one limiter, frame by frame."""
    limiter = Limiter()
    return np.concatenate(
        [
            pcm(limiter.mix([party[at : at + frame].tobytes() for party in parties]))
            for at in range(0, len(parties[0]), frame)
        ]
    )


@given(st.integers(1, 8), st.sampled_from([160, 320, 960]), st.integers(0, 2**32 - 1))
def test_a_sum_that_fits_passes_bit_by_bit(parties: int, samples: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    most = 28000 // parties
    said = [random.integers(-most, most, samples * 5).astype(np.int16) for _ in range(parties)]
    assert np.array_equal(mixed(said, samples), np.sum(said, axis=0))


@pytest.mark.parametrize("rate", [8000, 48000])
def test_one_voice_at_full_scale_is_hardly_touched(rate: int) -> None:
    loud = sine(440, rate, rate, amplitude=32767)
    heard = mixed([loud], rate // 50)
    assert tone_share(heard[rate // 10 :], 440, rate) > 0.999
    assert np.max(np.abs(heard.astype(int))) > 26000


@pytest.mark.parametrize("rate", [8000, 48000])
@pytest.mark.parametrize("parties", [2, 4, 32])
def test_loud_parties_do_not_clip(rate: int, parties: int) -> None:
    """Tones far above what fits: after the first moments each is there, and nothing that clipping would add."""
    tones = [500 + 25 * i for i in range(parties)]
    heard = mixed([sine(tone, rate, rate, amplitude=24000) for tone in tones], rate // 50)
    assert np.max(np.abs(heard.astype(int))) <= 32767
    steady = heard[rate // 4 :].astype(float)
    spectrum = np.abs(np.fft.rfft(steady * np.hanning(len(steady)))) ** 2
    frequency = np.fft.rfftfreq(len(steady), 1 / rate)
    within = (frequency > 400) & (frequency < 600 + 25 * parties)
    assert np.sum(spectrum[within]) / np.sum(spectrum) > 0.99
    clipped = np.clip(np.sum([sine(t, rate, rate, amplitude=24000).astype(int) for t in tones], axis=0), -32768, 32767)
    harsh = np.abs(np.fft.rfft(clipped[rate // 4 :] * np.hanning(len(steady)))) ** 2
    assert np.sum(harsh[within]) / np.sum(harsh) < np.sum(spectrum[within]) / np.sum(spectrum)


def test_the_gain_comes_back_without_pumping() -> None:
    """A shout over a steady voice turns it down; half a second later the voice is as loud as before."""
    rate, frame = 8000, 160
    voice = sine(300, rate, rate, amplitude=9000)
    shout = np.zeros(rate, np.int16)
    shout[1600:1920] = sine(700, rate, 320, amplitude=32000)
    heard = mixed([voice, shout], frame)
    assert np.array_equal(heard[:1600], voice[:1600])
    assert np.array_equal(heard[1920 + rate // 2 :], voice[1920 + rate // 2 :])
    levels = [float(np.sqrt(np.mean(heard[at : at + frame].astype(float) ** 2))) for at in range(1920, rate, frame)]
    assert all(after >= before * 0.97 for before, after in pairwise(levels))
    assert all(after <= before * 1.06 for before, after in pairwise(levels))


def test_there_is_no_step_at_the_edges_of_frames() -> None:
    rate, frame = 48000, 960
    parties = [sine(tone, rate, rate // 2, amplitude=20000) for tone in (300, 310, 320)]
    parties[2][: rate // 4] = 0
    heard = mixed(parties, frame).astype(int)
    steps = np.abs(np.diff(heard))
    own = sum(20000 * 2 * np.pi * tone / rate for tone in (300, 310, 320))
    assert np.max(steps) < own * 1.2
