"""Call progress tones from their table to PCM: made when the plane starts, then a sound as any other."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable

from gateway.model.tones import Burst

RATE_HZ = 8000
LEVEL_DBFS = -17
"""Of all frequencies of a burst together: about -11 dBm0, within what E.180 asks for."""
EDGE_MS = 5
FRAME_MS = 20


def render(bursts: Iterable[Burst]) -> bytes:
    """One round of the tone: PCM16 at 8 kHz in the machine's order of octets, padded to whole frames of 20 ms.

    The padding lengthens the last pause by less than a frame, which is well within the tolerances of E.180.
    """
    samples = array("h")
    for frequencies, duration_ms in bursts:
        count = duration_ms * RATE_HZ // 1000
        samples.extend(_burst(frequencies, count) if frequencies else [0] * count)
    samples.extend([0] * (-len(samples) % (RATE_HZ * FRAME_MS // 1000)))
    return samples.tobytes()


def _burst(frequencies: tuple[int, ...], count: int) -> Iterable[int]:
    """Edges of 5 ms, so that it does not click."""
    amplitude = 32768 * math.sqrt(2 / len(frequencies)) * 10 ** (LEVEL_DBFS / 20)
    edge = RATE_HZ * EDGE_MS // 1000
    for at in range(count):
        loudness = min(1.0, (at + 1) / edge, (count - at) / edge)
        wave = sum(math.sin(2 * math.pi * frequency * at / RATE_HZ) for frequency in frequencies)
        yield round(amplitude * loudness * wave)
