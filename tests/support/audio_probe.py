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


def level_dbfs(samples: Pcm | NDArray[np.float64]) -> float:
    """RMS level relative to full scale; -inf of silence is given as -200."""
    rms = float(np.sqrt(np.mean(np.asarray(samples, dtype=float) ** 2))) if len(samples) else 0.0
    return 20 * float(np.log10(rms / 32768)) if rms > 0 else -200.0
