"""The E-model: values of ITU-T G.107, and that what is worse sounds worse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.media.emodel import estimate, opinion, rating
from gateway.model.ids import Codec

LOSS = st.floats(0, 1)
DELAY_MS = st.floats(0, 2000)


def test_an_undisturbed_call():
    """G.107 7.7: all default values give R = 93.2, a mean opinion score of 4.41."""
    r = rating(loss=0, delay_ms=0, codec=Codec.PCMA)
    assert r == pytest.approx(93.2, abs=0.15)
    assert opinion(93.2) == pytest.approx(4.41, abs=0.005)


@pytest.mark.parametrize(
    ("r", "score"), [(0, 1.0), (50, 2.58), (60, 3.10), (70, 3.60), (80, 4.02), (90, 4.34), (100, 4.5)]
)
def test_the_opinion_follows_annex_b(r: float, score: float):
    assert opinion(r) == pytest.approx(score, abs=0.01)


@pytest.mark.parametrize(("delay_ms", "r"), [(150, 89.5), (200, 86), (300, 72.5), (400, 62)])
def test_delay(delay_ms: float, r: float):
    """G.107 figure of R over one-way delay, without echo: 150 ms is where it begins to fall."""
    assert rating(loss=0, delay_ms=delay_ms, codec=Codec.PCMA) == pytest.approx(r, abs=1.5)


def test_loss_by_hand():
    """Ie,eff = Ie + (95 - Ie) * Ppl / (Ppl + Bpl), equation 7-29 with BurstR 1: 95 * 5 / 30.1 = 15.78."""
    clean = rating(loss=0, delay_ms=50, codec=Codec.PCMA)
    assert clean - rating(loss=0.05, delay_ms=50, codec=Codec.PCMA) == pytest.approx(15.78, abs=0.01)


@given(LOSS, LOSS, DELAY_MS, DELAY_MS, st.sampled_from(Codec))
def test_worse_is_never_better(loss: float, more: float, delay_ms: float, longer: float, codec: Codec):
    low, high = sorted((loss, more))
    short, long = sorted((delay_ms, longer))
    better, worse = rating(loss=low, delay_ms=short, codec=codec), rating(loss=high, delay_ms=long, codec=codec)
    assert 0 <= worse <= better + 0.2  # Idle of 7-23 falls a little while its delay is under a millisecond
    assert 1.0 <= opinion(worse) <= opinion(better) + 0.01 <= 4.6


def test_what_is_measured_makes_the_score():
    good = estimate(loss=0, round_trip_us=20_000, jitter_us=1000, packet_ms=20, codec=Codec.PCMU)
    assert 4.3 < good < 4.45
    assert estimate(loss=0, round_trip_us=None, jitter_us=1000, packet_ms=20, codec=Codec.PCMU) >= good
    assert estimate(loss=0.1, round_trip_us=20_000, jitter_us=1000, packet_ms=20, codec=Codec.PCMU) < 3.6
    assert estimate(loss=0, round_trip_us=900_000, jitter_us=1000, packet_ms=20, codec=Codec.PCMU) < 3
    assert estimate(loss=0, round_trip_us=20_000, jitter_us=200_000, packet_ms=20, codec=Codec.PCMU) < 3.2
