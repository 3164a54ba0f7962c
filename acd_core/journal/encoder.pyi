from acd_core.decisions import Decision
from acd_core.events import Event
from acd_core.journal.records import RECORD_BYTES_MAX, Header

class Encoder:
    """Makes the bytes of one segment; the caller writes them, in order and completely.

    `add` gathers entries, `take` frames all of them as one record: a few at a time cost less than each alone.
    """

    def __init__(self, *, record_bytes_max: int = RECORD_BYTES_MAX) -> None: ...
    @property
    def check(self) -> int:
        """The last check so far; the next segment's header names it."""
    @property
    def pending(self) -> int:
        """Entries that `take` would frame."""
    def begin(self, header: Header) -> bytes:
        """The first bytes of the segment."""
    def add(self, now_ns: int, event: Event | None, decisions: list[Decision]) -> None:
        """Note one call of ``handle`` (or of ``handle_timer``: ``event`` is None) that raised nothing."""
    def take(self) -> bytes:
        """What was added since the last time as one record; empty when nothing was.

        Raises ValueError when that would be longer than ``record_bytes_max``; then it is lost.
        """
    def encode(self, now_ns: int, event: Event | None, decisions: list[Decision]) -> bytes:
        """`add` and `take`."""

def find_check(data: bytes, check: int, *, folding: bool) -> int:
    """As `zlib.crc32`; ``folding``: as the encoder does it here, else as it does where the processor can't fold."""
