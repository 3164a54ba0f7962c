"""Call progress tones by country: what a caller there expects to hear while it rings, is busy, or can't be reached.

Source: ITU-T E.180 Supplement 2 ("Various tones used in national networks") and, for the United Kingdom, BT SIN 350.
Each tone is a round of bursts: frequencies in Hz that sound together (none: a pause), and for how long.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Literal

Country = Literal[
    "at", "be", "ch", "cz", "de", "dk", "es", "fi", "fr", "it", "nl", "no", "pl", "se", "uk", "us"
]  # fmt: skip

Burst = tuple[tuple[int, ...], int]
"""Frequencies and duration in ms."""


class Tone(enum.StrEnum):
    """The tones, by the names that they have as sounds."""

    RINGBACK = "ringback"
    BUSY = "busy"
    CONGESTION = "congestion"
    CALL_WAITING = "call_waiting"


def _beeps(frequencies: tuple[int, ...], *durations_ms: int) -> tuple[Burst, ...]:
    """Bursts and pauses in turn."""
    return tuple(((frequencies if index % 2 == 0 else ()), ms) for index, ms in enumerate(durations_ms))


def _country(
    frequencies: tuple[int, ...],
    *,
    ringback: tuple[int, ...],
    busy: tuple[int, ...],
    congestion: tuple[int, ...],
    call_waiting: tuple[int, ...],
) -> dict[Tone, tuple[Burst, ...]]:
    """One that uses the same frequencies for all tones."""
    return {
        Tone.RINGBACK: _beeps(frequencies, *ringback),
        Tone.BUSY: _beeps(frequencies, *busy),
        Tone.CONGESTION: _beeps(frequencies, *congestion),
        Tone.CALL_WAITING: _beeps(frequencies, *call_waiting),
    }


_425 = (425,)

COUNTRIES: Mapping[Country, Mapping[Tone, tuple[Burst, ...]]] = {
    "at": _country((420,), ringback=(1000, 5000), busy=(400, 400), congestion=(200, 200), call_waiting=(40, 1960)),
    "be": {
        Tone.RINGBACK: _beeps(_425, 1000, 3000),
        Tone.BUSY: _beeps(_425, 500, 500),
        Tone.CONGESTION: _beeps(_425, 167, 167),
        Tone.CALL_WAITING: _beeps((1400,), 175, 175, 175, 3500),
    },
    "ch": _country(
        _425, ringback=(1000, 4000), busy=(500, 500), congestion=(200, 200), call_waiting=(200, 200, 200, 4000)
    ),
    "cz": _country(_425, ringback=(1000, 4000), busy=(330, 330), congestion=(165, 165), call_waiting=(330, 9000)),
    "de": _country(
        _425, ringback=(1000, 4000), busy=(480, 480), congestion=(240, 240), call_waiting=(200, 200, 200, 5000)
    ),
    "dk": _country(
        _425, ringback=(1000, 4000), busy=(500, 500), congestion=(200, 200), call_waiting=(200, 600, 200, 3000)
    ),
    "es": _country(
        _425,
        ringback=(1500, 3000),
        busy=(200, 200),
        congestion=(200, 200, 200, 200, 200, 600),
        call_waiting=(175, 175, 175, 3500),
    ),
    "fi": _country(
        _425, ringback=(1000, 4000), busy=(300, 300), congestion=(200, 200), call_waiting=(150, 150, 150, 8000)
    ),
    "fr": _country((440,), ringback=(1500, 3500), busy=(500, 500), congestion=(250, 250), call_waiting=(300, 10000)),
    "it": _country(
        _425,
        ringback=(1000, 4000),
        busy=(500, 500),
        congestion=(200, 200),
        call_waiting=(400, 100, 250, 100, 150, 14000),
    ),
    "nl": _country(_425, ringback=(1000, 4000), busy=(500, 500), congestion=(250, 250), call_waiting=(500, 9500)),
    "no": _country(
        _425, ringback=(1000, 4000), busy=(500, 500), congestion=(200, 200), call_waiting=(200, 600, 200, 10000)
    ),
    "pl": _country(
        _425, ringback=(1000, 4000), busy=(500, 500), congestion=(500, 500), call_waiting=(150, 150, 150, 4000)
    ),
    "se": _country(
        _425, ringback=(1000, 5000), busy=(250, 250), congestion=(250, 750), call_waiting=(200, 500, 200, 9100)
    ),
    "uk": {
        Tone.RINGBACK: _beeps((400, 450), 400, 200, 400, 2000),
        Tone.BUSY: _beeps((400,), 375, 375),
        Tone.CONGESTION: _beeps((400,), 400, 350, 225, 525),
        Tone.CALL_WAITING: _beeps((400,), 100, 4000),
    },
    "us": {
        Tone.RINGBACK: _beeps((440, 480), 2000, 4000),
        Tone.BUSY: _beeps((480, 620), 500, 500),
        Tone.CONGESTION: _beeps((480, 620), 250, 250),
        Tone.CALL_WAITING: _beeps((440,), 300, 10000),
    },
}
