"""Lets a distributor live its journal again and holds what it decides now against what was written then.

The distributor has neither clock nor chance, so every decision must come out the same to the last bit, in the compiled
core and in the reference; the first one that does not is reported with its place in the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from acd_core.api import DistributorApi
from acd_core.decisions import Decision
from acd_core.errors import AcdError
from acd_core.events import Event
from acd_core.journal.reader import Record
from acd_core.journal.records import Entry, Header, encode_decisions
from acd_core.limits import Limits


class Difference(Exception):  # noqa: N818  (it is what was found, not a failure of the search)
    """The first entry whose decisions do not come out as they were written."""

    def __init__(self, offset: int, index: int, entry: Entry, now: list[Decision] | str) -> None:
        super().__init__(
            f"offset {offset}, entry {index} of the record, at {entry.now_ns} ns, "
            f"{describe(entry.event)}: {self._compare(entry.decisions, now)}"
        )
        self.offset = offset
        """Of the record within its segment, bytes."""
        self.index = index
        self.entry = entry
        self.now = now
        """What is decided now, or why it is refused."""

    @staticmethod
    def _compare(then: list[Decision], now: list[Decision] | str) -> str:
        if isinstance(now, str):
            return f"it was taken then, now it is refused: {now}"
        for number, (old, new) in enumerate(zip(then, now, strict=False), 1):
            if encode_decisions([old]) != encode_decisions([new]):
                return f"decision {number} was {old}, now it is {new}"
        if len(then) > len(now):
            return f"decision {len(now) + 1} was {then[len(now)]}, now there is none"
        return f"decision {len(then) + 1} was not made, now it is {now[len(then)]}"


def describe(event: Event | None) -> str:
    return "the timer" if event is None else str(event)


class Replay:
    """One distributor on its way through one run; feed it the run's segments in order, each by `play`.

    The first of them may be any: a later one begins with a snapshot, from which the distributor is restored.
    """

    def __init__(self, make: Callable[[Limits], DistributorApi], header: Header) -> None:
        if header.segment != 0 and header.snapshot is None:
            raise ValueError(f"a replay begins with segment 0 of a run or with a snapshot, not with {header.segment}")
        self.distributor: DistributorApi = make(header.limits)
        self.limits = header.limits
        self.segment = header.segment
        """With which it began."""
        if header.snapshot is not None:
            self.distributor.restore(header.snapshot)
        self.entries = 0
        self.decisions = 0

    def check_start(self, header: Header) -> None:
        """Hold the snapshot at the beginning of a later segment against the distributor; raises `Difference`."""
        if header.snapshot is None:
            return
        now = self.distributor.snapshot()
        # By value, or by bytes in an order of their own: equal sets need not be written in the same order.
        if now != header.snapshot and encode_decisions([now]) != encode_decisions([header.snapshot]):
            raise Difference(0, 0, Entry(header.started_ns, None, []), "the snapshot of the segment is another")

    def play(self, records: Iterable[Record]) -> Iterator[tuple[Record, int, Entry]]:
        """Each entry after it has been handled and found equal, with its record and its place therein."""
        for record in records:
            for index, entry in enumerate(record.entries):
                self.step(record.offset, index, entry)
                yield record, index, entry

    def step(self, offset: int, index: int, entry: Entry) -> None:
        """Handle one entry; raises `Difference`."""
        distributor = self.distributor
        try:
            if entry.event is None:
                decisions = distributor.handle_timer(entry.now_ns)
            else:
                decisions = distributor.handle(entry.event, entry.now_ns)
        except AcdError as error:
            raise Difference(offset, index, entry, str(error)) from error
        # Equality of frozen structs is by value and quick; the bytes decide where it says no.
        if decisions != entry.decisions and encode_decisions(decisions) != encode_decisions(entry.decisions):
            raise Difference(offset, index, entry, decisions)
        self.entries += 1
        self.decisions += len(decisions)
