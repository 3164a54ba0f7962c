"""Ears for files: which tone is in a recording's channel, and how long is it?"""

from __future__ import annotations

import math
import struct
import subprocess
from pathlib import Path

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float64]

OPUS_HZ = 48_000


def read_opus(path: Path) -> Samples:
    """A recording as (frames, channels) at 48 kHz, decoded by Debian's opusdec."""
    raw = subprocess.run(
        ["opusdec", "--quiet", "--rate", str(OPUS_HZ), "--no-dither", str(path), "-"], capture_output=True, check=True
    ).stdout
    # opusdec writes a WAV to its standard output; its header has no lengths when it can't seek.
    data = raw[raw.index(b"data") + 8 :] if raw[:4] == b"RIFF" else raw
    return np.frombuffer(data[: len(data) // 4 * 4], "<i2").reshape(-1, 2).astype(np.float64) / 32768


def read_wav(path: Path) -> tuple[Samples, int]:
    """The first channel of a WAV file and its rate.  One that is still being written may not have its length yet."""
    raw = path.read_bytes()
    channels, rate = struct.unpack_from("<HI", raw, 22)
    data = raw[raw.index(b"data") + 8 :]
    samples = np.frombuffer(data[: len(data) // 2 * 2], "<i2")[::channels]
    return samples.astype(np.float64) / 32768, int(rate)


def level(samples: Samples, rate: int, frequency_hz: float) -> float:
    """Amplitude of one frequency (1 = full scale): Goertzel's algorithm over all samples, Hann-windowed."""
    window = np.hanning(len(samples))
    angles = 2 * math.pi * frequency_hz / rate * np.arange(len(samples))
    return float(2 * abs(np.sum(samples * window * np.exp(-1j * angles))) / max(np.sum(window), 1))


def loudest_hz(samples: Samples, rate: int) -> float:
    """The strongest frequency above 50 Hz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    spectrum[: int(50 * len(samples) / rate) + 1] = 0
    return float(np.argmax(spectrum) * rate / len(samples))


def write_tone_raw_pcma(path: Path, frequency_hz: int, seconds: float, encode: object) -> Path:
    """Headerless A-law at 8 kHz, as SIPp streams it; ``encode`` turns PCM16 bytes into A-law bytes."""
    count = int(8000 * seconds)
    pcm = struct.pack(
        f"<{count}h", *(round(16_000 * math.sin(2 * math.pi * frequency_hz * n / 8000)) for n in range(count))
    )
    path.write_bytes(encode(pcm))  # type: ignore[operator]
    return path
