"""A seeded model of a hostile network: what happens to each packet of a stream between its sender and us.

Loss comes in bursts (Gilbert-Elliott: a good and a bad state with a loss rate each), delay is a base, a skewed random
part, stalls in which everything queues and then comes at once, and a slow wander of the path; packets are reordered and
doubled; the sender's clock may be off.  All of it follows from the seed, and `Network.name` says it, so that a failing
test prints what to play again.  A trace is the outcome, written as text and read back: ``tests/data/traces``.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

US_PER_MS = 1000


@dataclass(frozen=True)
class Arrival:
    """One copy of packet ``index`` (counted from 0, in the order of sending) reaches us at this time."""

    at_us: int
    index: int


@dataclass(frozen=True)
class Trace:
    name: str
    packet_ms: int
    packets: int
    """Sent; those that no arrival names were lost."""
    arrivals: tuple[Arrival, ...] = field(repr=False)
    """In the order of time."""

    def write(self, path: Path) -> None:
        lines = [f"# {self.name}", f"# packet_ms={self.packet_ms} packets={self.packets}; then: arrival in us, packet"]
        lines += [f"{one.at_us} {one.index}" for one in self.arrivals]
        path.write_text("\n".join(lines) + "\n")

    @classmethod
    def read(cls, path: Path) -> Trace:
        first, second, *rest = path.read_text().splitlines()
        numbers = dict(word.split("=") for word in second.partition(";")[0].lstrip("# ").split())
        arrivals = tuple(Arrival(*map(int, line.split())) for line in rest)
        return cls(first.lstrip("# "), int(numbers["packet_ms"]), int(numbers["packets"]), arrivals)


@dataclass(frozen=True, kw_only=True)
class Network:
    seed: int = 0
    loss_good: float = 0
    """Share of packets lost in the good state."""
    loss_bad: float = 0
    bad_per_s: float = 0
    """How often the bad state is entered, and how long it lasts on average."""
    bad_ms: float = 200
    delay_ms: float = 30
    jitter_ms: float = 0
    """Mean of the random part of the delay (exponential)."""
    uniform_ms: float = 0
    """Range of another random part."""
    stalls_per_s: float = 0
    """Moments from which nothing comes through for `stall_ms`; what was sent meanwhile comes after it, in order."""
    stall_ms: float = 100
    wander_ms: float = 0
    """How far the path's delay strays from `delay_ms`, slowly."""
    reordered: float = 0
    """Share of packets that are overtaken by their successors."""
    doubled: float = 0
    keeps_order: bool = True
    """Packets with more delay hold up those behind them, as in a queue (but for those that are reordered)."""
    drift_ppm: float = 0
    """How much faster our clock goes than the sender's."""

    @property
    def name(self) -> str:
        changed = [f"{key}={value}" for key, value in vars(self).items() if value != getattr(type(self), key)]
        return f"Network({', '.join(changed)})"

    def carry(self, packets: int, packet_ms: int = 20) -> Trace:
        """What becomes of so many packets, one every ``packet_ms``."""
        chance = random.Random(self.seed)
        arrivals: list[Arrival] = []
        bad, stalled_until, last_ms, wander = False, 0.0, 0.0, 0.0
        step_s = packet_ms / 1000
        for index in range(packets):
            sent_ms = index * packet_ms * (1 + self.drift_ppm / 1e6)
            leave = step_s * 1000 / max(self.bad_ms, packet_ms) if bad else step_s * self.bad_per_s
            bad ^= chance.random() < leave
            if chance.random() < step_s * self.stalls_per_s:
                stalled_until = max(stalled_until, sent_ms + self.stall_ms * chance.uniform(0.5, 1.5))
            wander = 0.998 * wander + 0.063 * chance.gauss(0, self.wander_ms)
            lost = chance.random() < (self.loss_bad if bad else self.loss_good)
            delay = self.delay_ms + max(wander, -self.delay_ms / 2)
            delay += chance.expovariate(1 / self.jitter_ms) if self.jitter_ms else 0
            delay += chance.uniform(0, self.uniform_ms)
            at_ms = max(sent_ms, stalled_until) + delay
            if chance.random() < self.reordered:
                at_ms += packet_ms * chance.uniform(1, 2.5)
            elif self.keeps_order:
                at_ms = last_ms = max(at_ms, last_ms)
            doubled = chance.random() < self.doubled
            if lost:
                continue
            arrivals.append(Arrival(round(at_ms * US_PER_MS), index))
            if doubled:
                arrivals.append(Arrival(round((at_ms + chance.uniform(0, 60)) * US_PER_MS), index))
        arrivals.sort(key=lambda one: (one.at_us, one.index))
        return Trace(self.name, packet_ms, packets, tuple(arrivals))


NETWORKS = {
    "office-lan": Network(seed=11, jitter_ms=0.3, doubled=0.0005),
    "dsl-with-upload": Network(
        seed=12, jitter_ms=4, loss_good=0.001, bad_per_s=0.2, loss_bad=0.15, bad_ms=400, stalls_per_s=0.3, stall_ms=60
    ),
    "wlan-at-the-edge": Network(
        seed=13, jitter_ms=6, loss_good=0.005, bad_per_s=0.4, loss_bad=0.3, bad_ms=250, stalls_per_s=0.5, stall_ms=90,
        reordered=0.004, doubled=0.002,
    ),
    "mobile-handover": Network(
        seed=14, delay_ms=60, jitter_ms=8, wander_ms=15, loss_good=0.002, bad_per_s=0.08, loss_bad=0.6, bad_ms=500,
        stalls_per_s=0.08, stall_ms=250, drift_ppm=35,
    ),
}  # fmt: skip
"""Kept as traces of 30 s in ``tests/data/traces`` (``python -m tests.support.network`` writes them anew)."""
TRACES = Path(__file__).parents[1] / "data" / "traces"


def main() -> None:
    TRACES.mkdir(parents=True, exist_ok=True)
    for name, network in NETWORKS.items():
        network.carry(1500).write(TRACES / f"{name}.txt")


if __name__ == "__main__":
    main()
