"""A caller who waits hears music, then the place in the queue in words, then the music where it had stopped."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import numpy as np

from tests.support import baresip
from tests.support.sound import Samples, level, read_wav
from tests.support.zentrale import zentrale

QUEUE = """
[[queues]]
name = "line"
title = "A line with nobody at its end"
greeting = "busy"
music = "busy"
announce_position_every_ms = 10000
announce_language = "de"
[[numbers]]
number = "200"
queue = "line"
"""
MUSIC_HZ = 425
WORDS = Path(__file__).parents[2] / "gateway" / "media" / "sounds" / "de" / "position_first.opus"
TIME_LIMIT_S = 60
RATE = 8000


def words(rate: int) -> Samples:
    """The announcement as it is shipped, decoded by Debian's opusdec."""
    raw = subprocess.run(
        ["opusdec", "--quiet", "--rate", str(rate), "--no-dither", str(WORDS), "-"], capture_output=True, check=True
    ).stdout
    data = raw[raw.index(b"data") + 8 :] if raw[:4] == b"RIFF" else raw
    return np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.float64) / 32768


def find(heard: Samples, wanted: Samples) -> tuple[int, float]:
    """Where it is most like it, and how much (1: the same)."""
    if len(heard) < len(wanted):
        return 0, 0.0
    products = np.fft.irfft(np.fft.rfft(heard, 2 * len(heard)) * np.conj(np.fft.rfft(wanted, 2 * len(heard))))
    so_far = np.concatenate([[0], np.cumsum(heard**2)])
    energies = so_far[len(wanted) :] - so_far[: -len(wanted)]
    likeness = products[: len(energies)] / np.sqrt(np.maximum(energies, 1e-6) * np.sum(wanted**2))
    at = int(np.argmax(likeness))
    return at, float(likeness[at])


async def test_a_waiting_caller_is_told_the_place_in_words(tmp_path: Path) -> None:
    async with (
        zentrale(tmp_path / "z", agents=("anna",), extra=QUEUE) as gateway,
        baresip.running(name="carl", tone_hz=300, keep_sound=tmp_path) as phone,
    ):
        await phone.dial("200", gateway.sip)
        wanted = words(RATE)
        heard, at, likeness = np.zeros(0), 0, 0.0
        async with asyncio.timeout(TIME_LIMIT_S):
            while likeness < 0.8 or len(heard) < at + 4 * RATE:
                await asyncio.sleep(1)
                for file in tmp_path.glob("*-dec.wav"):
                    heard, _ = read_wav(file)
                    at, likeness = find(heard, wanted)
        spoken = heard[at : at + len(wanted)]
        assert level(heard[at - 5 * RATE : at - RATE], RATE, MUSIC_HZ) > 0.05
        assert level(spoken, RATE, MUSIC_HZ) < 0.03, "the music is silent meanwhile"
        after = at + len(spoken) + RATE // 2
        assert level(heard[after : after + 2 * RATE], RATE, MUSIC_HZ) > 0.05, "and comes back"
