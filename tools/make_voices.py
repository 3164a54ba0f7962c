"""Make the voices of ``zentrale demo`` by espeak-ng: what its customers and its agents say, over and over.

Run ``python tools/make_voices.py`` after a change here and commit what it writes to ``gateway/app/demo/voices``.  It
needs espeak-ng and numpy.
"""

from __future__ import annotations

import io
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
from make_sounds import FRAME, RATE, Samples, dbfs, resample

TARGET = Path(__file__).parent.parent / "gateway" / "app" / "demo" / "voices"
BYTES_MAX = 300 * 1024
LOUDNESS_DB = -20

VOICES = {
    # file: (espeak-ng voice, words a minute, pitch, text)
    "caller-1": (
        "en-gb+m3", 155, 40,
        "Hello, since yesterday my telephone goes dead after ten minutes. I have tried another cable already.",
    ),
    "caller-2": (
        "en-us+f3", 165, 55,
        "Hi, I have a question about my invoice. There is an item on it that I can not explain.",
    ),
    "visitor-1": (
        "en-gb-scotland+f4", 160, 50,
        "Good morning. I am on your web page just now, and I can not find where to change my address.",
    ),
    "visitor-2": (
        "en-us+m7", 160, 45,
        "Hello there. I would like to know how long the delivery takes, before I order.",
    ),
    "agent-1": (
        "en-gb+f2", 155, 50,
        "Thank you for telling me. Let me look that up for you. I have it here in front of me now.",
    ),
    "agent-2": (
        "en-gb+m1", 150, 50,
        "I see what you mean. One moment please, I am checking it. Yes, that can be put right.",
    ),
}  # fmt: skip


def speech(voice: str, words: int, pitch: int, text: str) -> Samples:
    spoken = subprocess.run(
        ["espeak-ng", "-v", voice, "-s", str(words), "-p", str(pitch), "--stdout", text],
        check=True,
        capture_output=True,
    ).stdout
    with wave.open(io.BytesIO(spoken)) as source:
        rate = source.getframerate()
        samples = np.frombuffer(source.readframes(source.getnframes()), np.int16) / 32768.0
    samples = resample(np.concatenate([np.zeros(rate // 10), samples, np.zeros(rate // 10)]), rate)
    loud = np.abs(samples) > np.max(np.abs(samples)) / 50
    samples *= dbfs(LOUDNESS_DB) / np.sqrt(np.mean(samples[loud] ** 2))
    return np.asarray(np.tanh(samples * 1.2) / 1.2)


def write(name: str, samples: Samples) -> None:
    samples = np.concatenate([samples, np.zeros(-len(samples) % FRAME)])
    path = TARGET / f"{name}.wav"
    with wave.open(str(path), "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(RATE)
        target.writeframes(np.round(samples * 32767).astype("<i2").tobytes())
    size = path.stat().st_size
    assert size < BYTES_MAX, f"{name} is too large"
    print(f"{path.name}: {len(samples) / RATE:.2f} s, {size // 1024} KiB")


def main() -> int:
    TARGET.mkdir(parents=True, exist_ok=True)
    for name, spoken in VOICES.items():
        write(name, speech(*spoken))
    return 0


if __name__ == "__main__":
    sys.exit(main())
