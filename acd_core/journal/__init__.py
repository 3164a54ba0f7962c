"""The distributor's journal, without I/O: bytes of what it was told and decided, and everything made from them again.

`Encoder` makes the bytes, `Reader` reads them back, `Replay` lives them again,
`Standing` says how all stood at the end.  Who writes files, when they reach the
disk and how many are kept is the caller's matter (`gateway.routing`).
"""

from __future__ import annotations

from acd_core.journal.encoder import Encoder
from acd_core.journal.reader import CorruptJournalError, IncompatibleJournalError, JournalError, Reader, Record
from acd_core.journal.records import Entry, Header
from acd_core.journal.replay import Difference, Replay
from acd_core.journal.standing import Standing, StandingAgent, StandingContact

__all__ = [
    "CorruptJournalError",
    "Difference",
    "Encoder",
    "Entry",
    "Header",
    "IncompatibleJournalError",
    "JournalError",
    "Reader",
    "Record",
    "Replay",
    "Standing",
    "StandingAgent",
    "StandingContact",
]
