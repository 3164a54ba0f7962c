"""What is written down of a queue: its stays, and what agents did about its contacts."""

from __future__ import annotations

from acd_core.metrics.report import Row
from acd_core.metrics.service_level import FORMULAS
from acd_core.metrics.waits import NS_PER_S, Leaving, WaitBook


class QueueBook:
    """One queue, or all of them."""

    __slots__ = (
        "handled", "offers", "rejected", "requeued", "talk_ns", "transferred_in", "transferred_out", "unanswered",
        "waits", "wrap_up_ns",
    )  # fmt: skip

    def __init__(self, waits: WaitBook) -> None:
        self.waits = waits
        self.handled = self.talk_ns = self.wrap_up_ns = 0
        self.transferred_in = self.transferred_out = self.requeued = 0
        self.offers = self.unanswered = self.rejected = 0

    def row(self) -> Row:
        tally = self.waits.tally()
        ended = tally.answered + tally.abandoned
        ended_long = ended - tally.abandoned_short
        return Row(
            name=self.waits.name,
            counts=self.waits.counts(),
            abandoned_short=tally.abandoned_short,
            abandonment=tally.abandoned / ended if ended else None,
            abandonment_without_short=(tally.abandoned - tally.abandoned_short) / ended_long if ended_long else None,
            answered_waits=self.waits.waits(Leaving.ANSWERED),
            abandoned_waits=self.waits.waits(Leaving.ABANDONED),
            target_s=self.waits.target.seconds,
            service_levels={name: formula.share(tally) for name, formula in FORMULAS.items()},
            handled=self.handled,
            aht_s=(self.talk_ns + self.wrap_up_ns) / NS_PER_S / self.handled if self.handled else None,
            talk_s=self.talk_ns / NS_PER_S / self.handled if self.handled else None,
            wrap_up_s=self.wrap_up_ns / NS_PER_S / self.handled if self.handled else None,
            transferred_in=self.transferred_in,
            transferred_out=self.transferred_out,
            requeued=self.requeued,
            offers=self.offers,
            offers_unanswered=self.unanswered,
            offers_rejected=self.rejected,
        )
