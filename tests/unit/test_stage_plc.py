"""Concealment of lost G.711 and G.722 frames, by the spectrum of real speech."""

from __future__ import annotations

import random
import wave
from pathlib import Path

import numpy as np
import pytest

from gateway.media import _stages
from tests.support.audio_probe import Pcm, log_spectral_distance, pcm

VOICES = Path(__file__).parents[2] / "gateway" / "app" / "demo" / "voices"


def speech(rate: int) -> Pcm:
    with wave.open(str(VOICES / "caller-1.wav")) as file:
        assert (file.getframerate(), file.getnchannels()) == (16000, 1)
        sound = pcm(file.readframes(file.getnframes()))
    if rate == 8000:
        narrow: Pcm = ((sound[: len(sound) // 2 * 2 : 2].astype(int) + sound[1::2]) // 2).astype(np.int16)
        return narrow
    return sound


def conceal(sound: Pcm, rate: int, share: float, burst: int, seed: int) -> tuple[Pcm, Pcm, list[int]]:
    """The sound with losses concealed, with silence in their place, and which frames were lost."""
    network, plc, size = random.Random(seed), _stages.Plc(rate), rate // 50
    concealed, silent, lost, left = [], [], [], 0
    for i in range(len(sound) // size):
        frame = sound[i * size : (i + 1) * size]
        if left == 0 and i > 10 and network.random() < share / burst:
            left = burst
        if left:
            left -= 1
            lost.append(i)
            concealed.append(pcm(plc.conceal(size)))
            silent.append(np.zeros(size, np.int16))
        else:
            concealed.append(pcm(plc.good(frame.tobytes())))
            silent.append(frame)
    return np.concatenate(concealed), np.concatenate(silent), lost


@pytest.mark.parametrize("rate", [8000, 16000])
@pytest.mark.parametrize(("share", "burst", "far"), [(0.05, 1, 6.5), (0.05, 2, 9.5), (0.1, 3, 15)])
def test_what_is_made_up_sounds_like_what_was_lost(rate: int, share: float, burst: int, far: float) -> None:
    sound = speech(rate)
    ours, theirs = [], []
    for seed in range(4):
        concealed, silent, lost = conceal(sound, rate, share, burst, seed)
        touched = np.zeros(len(concealed), bool)
        for i in lost:
            touched[i * rate // 50 : (i + 1) * rate // 50] = True
        windows = np.lib.stride_tricks.sliding_window_view(touched, rate * 32 // 1000)[:: rate * 8 // 1000].any(axis=1)
        ours.append(np.nanmean(log_spectral_distance(sound[: len(concealed)], concealed, rate)[windows]))
        theirs.append(np.nanmean(log_spectral_distance(sound[: len(silent)], silent, rate)[windows]))
    assert np.mean(ours) < far
    assert np.mean(ours) < 0.75 * np.mean(theirs)
