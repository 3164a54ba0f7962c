"""How good a call sounds, from what the network does to it: the E-model of ITU-T G.107 (06/2015).

R = Ro - Is - Id - Ie,eff + A with the default values of G.107 table 2, for which Ro - Is is 93.2 and A is 0; Id grows
with the delay (7.5), Ie,eff with the loss (7.6).  The mean opinion score follows from R (annex B).

All codecs are judged on the narrow-band scale, on which an undisturbed G.711 call has 4.4: so legs of one call compare.
A wide-band codec would reach more on the scale of G.107.1; here it gets no bonus.
"""

from __future__ import annotations

import math

import msgspec

from gateway.model.ids import Codec

R_BEST = 93.2
DELAY_UNNOTICED_MS = 100.0
"""mT of G.107 table 2, class of delay sensitivity "default"; below it Idd is 0."""
SENSITIVITY = 1.0
"""sT of the same."""


class Impairment(msgspec.Struct, frozen=True):
    """Of one codec (ITU-T G.113 appendix I)."""

    ie: float
    """Equipment impairment factor: what the codec itself costs."""
    bpl: float
    """Packet-loss robustness factor: the loss in percent at which half of what is left is gone."""


IMPAIRMENTS: dict[Codec, Impairment] = {
    # G.113 table I.2: G.711 with the concealment of its appendix I, which ours and every telephone's equals at least.
    Codec.PCMU: Impairment(0.0, 25.1),
    Codec.PCMA: Impairment(0.0, 25.1),
    # Alahmadi, Pocta, Melvin: "An Adaptive Bitrate Switching Algorithm for Speech Applications in Context of WebRTC"
    # (ACM TOMM, 2021), variable rate of 25 kbit/s and random loss.  Ie is 0 on the narrow-band scale.
    Codec.OPUS: Impairment(0.0, 11.28),
}
UNKNOWN = Impairment(0.0, 4.3)
"""G.711 without concealment (G.113 table I.2): for a codec without a published value on this scale."""


def rating(*, loss: float, delay_ms: float, codec: Codec) -> float:
    """R from 0 to 93.2.  ``loss``: share of packets lost, 0 to 1, taken as random (BurstR is 1); ``delay_ms``: one way,
    mouth to ear."""
    impairment = IMPAIRMENTS.get(codec, UNKNOWN)
    percent = 100.0 * min(max(loss, 0.0), 1.0)
    equipment = impairment.ie + (95.0 - impairment.ie) * percent / (percent + impairment.bpl)
    return max(0.0, R_BEST - _delay_impairment(max(delay_ms, 0.0)) - equipment)


def _delay_impairment(delay_ms: float) -> float:
    return _talker_echo(delay_ms) + _listener_echo(delay_ms) + _absolute_delay(delay_ms)


_RO = 94.7688
_NO = -61.1773
"""Basic signal-to-noise ratio and sum of noises with the defaults (G.107 7.2)."""
_RLR, _TELR, _WEPL = 2.0, 65.0, 110.0


def _talker_echo(delay_ms: float) -> float:
    """Idte (G.107 equations 7-19 to 7-22); nearly nothing with the default of 65 dB for the echo path."""
    terv = (
        _TELR
        - 40.0 * math.log10((1 + delay_ms / 10) / (1 + delay_ms / 150))
        + 6.0 * math.exp(-0.3 * delay_ms * delay_ms)
    )
    roe = -1.5 * (_NO - _RLR)
    re = 80.0 + 2.5 * (terv - 14.0)
    half = (roe - re) / 2
    return (half + math.sqrt(half * half + 100.0) - 1.0) * (1.0 - math.exp(-delay_ms))


def _listener_echo(delay_ms: float) -> float:
    """Idle (7-23 to 7-25), at a round trip of twice the delay."""
    rle = 10.5 * (_WEPL + 7.0) * (2 * delay_ms + 1.0) ** -0.25
    half = (_RO - rle) / 2
    return float(half + math.sqrt(half * half + 169.0))


def _absolute_delay(delay_ms: float) -> float:
    """Idd (7-27, 7-28)."""
    if delay_ms <= DELAY_UNNOTICED_MS:
        return 0.0
    x = math.log2(delay_ms / DELAY_UNNOTICED_MS)
    power = 6 * SENSITIVITY
    return float(25.0 * ((1 + x**power) ** (1 / power) - 3.0 * (1 + (x / 3.0) ** power) ** (1 / power) + 2.0))


def opinion(r: float) -> float:
    """Mean opinion score from R (annex B): 1.0 to 4.5; an undisturbed call has 4.4."""
    if r <= 6.5:  # below, the cubic of annex B falls under 1
        return 1.0
    return min(4.5, 1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6)


def estimate(*, loss: float, round_trip_us: int | None, jitter_us: int, packet_ms: int, codec: Codec) -> float:
    """The mean opinion score of what one side hears.

    One way takes half the round trip, a packet's length, and a jitter buffer of twice the jitter (RFC 3550 A.8's is a
    mean deviation), 20 ms at least.  Without a round trip, which takes some reports to know, the network counts as 0.
    """
    network_ms = (round_trip_us or 0) / 2000
    delay_ms = network_ms + packet_ms + max(20.0, 2 * jitter_us / 1000)
    return opinion(rating(loss=loss, delay_ms=delay_ms, codec=codec))
