"""Tones for tests of the media stages and recordings: make them, and find them again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Pcm = NDArray[np.int16]


def sine(frequency_hz: float, rate: int, samples: int, *, start: int = 0, amplitude: float = 8000) -> Pcm:
    """``samples`` of a sine whose phase is zero at sample 0, from sample ``start`` on."""
    positions = np.arange(start, start + samples)
    wave: Pcm = np.round(amplitude * np.sin(2 * np.pi * frequency_hz * positions / rate)).astype(np.int16)
    return wave


def pcm(data: bytes) -> Pcm:
    return np.frombuffer(data, np.int16)


def tone_share(samples: Pcm | NDArray[np.float64], frequency_hz: float, rate: int) -> float:
    """Share of the signal's power that lies at the frequency (0..1), with a Hann window."""
    window = np.hanning(len(samples))
    signal = np.asarray(samples, dtype=float) * window
    spectrum = np.abs(np.fft.rfft(signal)) ** 2
    total = float(np.sum(spectrum))
    if total == 0:
        return 0.0
    bin_at = round(frequency_hz * len(samples) / rate)
    return float(np.sum(spectrum[max(0, bin_at - 2) : bin_at + 3])) / total


def purest_share(samples: Pcm, frequency_hz: float, rate: int) -> float:
    """Of those 300 ms in which the tone is purest: who sends from a busy machine pauses, and the plane conceals."""
    length = rate * 3 // 10
    starts = range(0, len(samples) - length, rate // 20)
    return max((tone_share(samples[start : start + length], frequency_hz, rate) for start in starts), default=0.0)


def level_dbfs(samples: Pcm | NDArray[np.float64]) -> float:
    """RMS level relative to full scale; -inf of silence is given as -200."""
    rms = float(np.sqrt(np.mean(np.asarray(samples, dtype=float) ** 2))) if len(samples) else 0.0
    return 20 * float(np.log10(rms / 32768)) if rms > 0 else -200.0


def log_spectral_distance(reference: Pcm, heard: Pcm, rate: int) -> NDArray[np.float64]:
    """How far apart two aligned sounds are, in dB, for each 8 ms: RMS over 24 mel bands from 100 to 3400 Hz of 32 ms.

    Where the reference is more than 45 dB below its loudest band, nobody speaks: NaN.
    """
    size, hop = rate * 32 // 1000, rate * 8 // 1000
    mel = np.linspace(2595 * np.log10(1 + 100 / 700), 2595 * np.log10(1 + 3400 / 700), 26)
    edges = 700 * (10 ** (mel / 2595) - 1)
    bins = np.fft.rfftfreq(size, 1 / rate)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    bands = np.clip(np.minimum(rising, falling), 0, None)

    def spectrum(sound: Pcm) -> NDArray[np.float64]:
        frames = np.lib.stride_tricks.sliding_window_view(sound.astype(float), size)[::hop] * np.hanning(size)
        power: NDArray[np.float64] = 10 * np.log10(np.abs(np.fft.rfft(frames, axis=1)) ** 2 @ bands.T + 1e4)
        return power

    first, second = spectrum(reference), spectrum(heard)
    distance: NDArray[np.float64] = np.sqrt(np.mean((first - second) ** 2, axis=1))
    distance[first.max(axis=1) < first.max() - 45] = np.nan
    return distance
