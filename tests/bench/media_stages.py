"""What stages of the media plane cost and how they sound, on the demo's voices: the figures of decisions 0022 and 0027.

    python -m tests.bench.media_stages [conceal] [opus]

Distances are mean log-spectral ones (24 mel bands, 100 to 3400 Hz).
"""

from __future__ import annotations

import ctypes
import random
import sys
import time
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np

from gateway.media import _stages
from tests.support.audio_probe import Pcm, log_spectral_distance, pcm

VOICES = Path(__file__).resolve().parents[2] / "gateway/app/demo/voices"


def speech(rate: int) -> Pcm:
    """All voices, one after the other, as a telephone has them; 8 or 48 kHz."""
    parts = []
    for path in sorted(VOICES.glob("*.wav")):
        with wave.open(str(path)) as file:
            assert (file.getframerate(), file.getnchannels()) == (16000, 1)
            parts.append(pcm(file.readframes(file.getnframes())))
    sound = np.concatenate(parts)
    sound = sound[: len(sound) // 2 * 2]
    narrow = ((sound[::2].astype(int) + sound[1::2]) // 2).astype(np.int16)
    if rate == 8000:
        return narrow
    factor = rate // 8000
    wide = factor * np.fft.irfft(np.fft.rfft(narrow.astype(float)), factor * len(narrow))
    return np.clip(wide, -32768, 32767).astype(np.int16)


class Spandsp:
    """plc.h of libspandsp."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libspandsp.so.2")
        self._library.plc_init.restype = ctypes.c_void_p
        self._state = ctypes.c_void_p(self._library.plc_init(None))

    def good(self, frame: bytes) -> bytes:
        return self._pass("plc_rx", frame)

    def conceal(self, samples: int) -> bytes:
        return self._pass("plc_fillin", bytes(2 * samples))

    def _pass(self, name: str, frame: bytes) -> bytes:
        buffer = ctypes.create_string_buffer(frame, len(frame))
        getattr(self._library, name)(self._state, buffer, len(frame) // 2)
        return buffer.raw


class Silence:
    def good(self, frame: bytes) -> bytes:
        return frame

    def conceal(self, samples: int) -> bytes:
        return bytes(2 * samples)


def concealed(sound: Pcm, plc: _stages.Plc | Spandsp | Silence, share: float, burst: int, seed: int) -> float:
    """Distance of the frames that a loss touches, in dB."""
    network, size = random.Random(seed), 160
    out, left, touched = [], 0, np.zeros(len(sound), bool)
    for at in range(0, len(sound) - size + 1, size):
        if left == 0 and at > 10 * size and network.random() < share / burst:
            left = burst
        if left:
            left -= 1
            touched[at : at + size] = True
            out.append(pcm(plc.conceal(size)))
        else:
            out.append(pcm(plc.good(sound[at : at + size].tobytes())))
    heard = np.concatenate(out)
    touched = touched[: len(heard)]
    windows = np.lib.stride_tricks.sliding_window_view(touched, 256)[::64].any(axis=1)
    distance = log_spectral_distance(sound[: len(heard)], heard, 8000)
    return float(np.nanmean(distance[: len(windows)][windows[: len(distance)]]))


def conceal() -> None:
    sound = speech(8000)
    makers: dict[str, Callable[[], _stages.Plc | Spandsp | Silence]] = {
        "ours": lambda: _stages.Plc(8000),
        "spandsp": Spandsp,
        "silence": Silence,
    }
    print(f"concealment, {len(sound) / 8000:.0f} s of speech; lost:", *makers, sep="  ")
    for share, burst in ((0.05, 1), (0.05, 2), (0.1, 3)):
        row = [np.mean([concealed(sound, make(), share, burst, seed) for seed in range(4)]) for make in makers.values()]
        print(f"{share:.0%}, {burst} at a time:", *(f"{value:.1f} dB" for value in row), sep="  ")


def delay(said: Pcm, heard: Pcm) -> int:
    """The codec's own, in samples."""
    part = said[: 4 * 8000].astype(float)
    return max(range(120), key=lambda late: float(part @ heard[late : late + len(part)].astype(float)))


def opus() -> None:
    reference = speech(8000)
    print(f"Opus at 24 kbit/s, {len(reference) / 8000:.0f} s of speech; PCM, complexity: us per 20 ms, distance")
    for rate, complexity in ((8000, 1), (8000, 3), (8000, 5), (8000, 8), (8000, 10), (48000, 10)):
        sound, size = speech(rate), rate // 50
        frames = [sound[at : at + size].tobytes() for at in range(0, len(sound) - size + 1, size)]
        encoder = _stages.Encoder("opus", rate, opus_bitrate=24000, opus_complexity=complexity)
        began = time.process_time()
        packets = [payload for frame in frames for payload, _ in encoder.put(frame)]
        spent_us = 1e6 * (time.process_time() - began) / len(frames)
        decoder = _stages.OpusDecoder(8000)
        heard = pcm(b"".join(decoder.decode(packet) for packet in packets))
        heard = heard[delay(reference, heard) :]
        distance = float(np.nanmean(log_spectral_distance(reference[: len(heard)], heard[: len(reference)], 8000)))
        print(f"{rate // 1000} kHz, {complexity}: {spent_us:.0f} us, {distance:.2f} dB")


if __name__ == "__main__":
    wanted = sys.argv[1:] or ["conceal", "opus"]
    for name in wanted:
        {"conceal": conceal, "opus": opus}[name]()
