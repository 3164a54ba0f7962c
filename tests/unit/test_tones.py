"""Call progress tones: every country has all of them, and what is rendered is what the table says."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from gateway.media.tones import RATE_HZ, render
from gateway.model.tones import COUNTRIES, Country, Tone
from tests.support.audio_probe import level_dbfs, pcm, tone_share


def test_the_countries_of_the_configuration_are_those_of_the_table() -> None:
    assert set(get_args(Country)) == set(COUNTRIES)


@pytest.mark.parametrize("country", sorted(COUNTRIES))
@pytest.mark.parametrize("tone", list(Tone))
def test_a_tone_has_the_cadence_and_the_frequencies_of_the_table(country: Country, tone: Tone) -> None:
    bursts = COUNTRIES[country][tone]
    sound = pcm(render(bursts))
    total = sum(duration_ms for _, duration_ms in bursts) * RATE_HZ // 1000
    assert total <= len(sound) < total + 160
    assert len(sound) % 160 == 0
    at = 0
    for frequencies, duration_ms in bursts:
        part = sound[at : at + duration_ms * RATE_HZ // 1000]
        at += len(part)
        if not frequencies:
            assert not np.any(part)
            continue
        assert level_dbfs(part[40:-40]) == pytest.approx(-17, abs=1)
        if duration_ms >= 100:
            assert sum(tone_share(part, frequency, RATE_HZ) for frequency in frequencies) > 0.95
        assert max(abs(int(part[0])), abs(int(part[-1]))) < 1200, "it would click"
    assert bursts[-1][0] == (), "a round ends with a pause, so that it can be repeated"


def test_three_by_heart() -> None:
    assert COUNTRIES["de"][Tone.RINGBACK] == (((425,), 1000), ((), 4000))
    assert COUNTRIES["uk"][Tone.RINGBACK] == (((400, 450), 400), ((), 200), ((400, 450), 400), ((), 2000))
    assert COUNTRIES["us"][Tone.BUSY] == (((480, 620), 500), ((), 500))
