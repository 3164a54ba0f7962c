"""A journal on disk as production keeps it (`gateway.routing.journal`): each event is a record of its own and is in the
file before the next event; a thread gets all of it to the disk every 50 ms."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Final

from acd_core.decisions import Decision
from acd_core.events import Event
from acd_core.journal import Encoder, Header
from acd_core.limits import Limits

FLUSH_DELAY_S: Final = 0.05


class LogFile:
    """Use as ``with LogFile(path) as log``; the file must not be there yet."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self._encoder = Encoder()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._file = os.open(path, flags, 0o600)
        os.write(self._file, self._encoder.begin(Header("bench", 0, 0, limits)))
        self._closing = threading.Event()
        self._flushing = threading.Thread(target=self._flush_forever, name="journal", daemon=True)

    def __enter__(self) -> LogFile:
        self._flushing.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._flushing.join()
        os.close(self._file)

    def record(self, now_ns: int, event: Event, decisions: list[Decision]) -> None:
        data = self._encoder.encode(now_ns, event, decisions)
        if os.write(self._file, data) != len(data):
            raise OSError("the disk took only a part of a record")

    def _flush_forever(self) -> None:
        while not self._closing.wait(FLUSH_DELAY_S):
            os.fdatasync(self._file)
        os.fdatasync(self._file)
