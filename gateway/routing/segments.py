"""The files of a journal: how they are named, which belong together, and their content in the order it was written.

One file is one segment of one run; a run is the life of one distributor, from the start of the process to its end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from acd_core.journal import CorruptJournalError, Reader, Record
from gateway.model.errors import NotFoundError

SUFFIX = ".journal"
NAME = re.compile(r"(?P<run>[0-9A-Za-z.]+)-(?P<segment>\d{6})\.journal\Z")


def segment_name(run: str, segment: int) -> str:
    return f"{run}-{segment:06}{SUFFIX}"


@dataclass(slots=True)
class Run:
    name: str
    """Runs sort by it in the order of their beginning."""
    segments: list[Path] = field(default_factory=list)


def find_runs(path: Path) -> list[Run]:
    """The runs in a folder, oldest first; or the one run, or the one odd file, that ``path`` names.

    Raises `NotFoundError` when there is nothing.
    """
    if path.is_file():
        match = NAME.match(path.name)
        if match is None:
            return [Run(path.name, [path])]
        return [run for run in find_runs(path.parent) if run.name == match["run"]]
    runs: dict[str, Run] = {}
    if path.is_dir():
        for file in sorted(path.iterdir()):
            if match := NAME.match(file.name):
                runs.setdefault(match["run"], Run(match["run"])).segments.append(file)
    if not runs:
        raise NotFoundError(f"there is no journal at {path}; name a file or a folder with *{SUFFIX} files")
    return [runs[name] for name in sorted(runs)]


def read_segment(path: Path) -> Reader:
    """Raises `acd_core.journal.JournalError` when not even the header is good."""
    return Reader(path.read_bytes())


def read_run(run: Run) -> Iterator[tuple[Path, Reader, Iterator[Record]]]:
    """Each segment with its records, which must be read before going on.

    Raises `CorruptJournalError` also where something is missing between two segments.
    """
    previous: tuple[int, int] | None = None
    for path in run.segments:
        reader = read_segment(path)
        header = reader.header
        if header is None:
            if path is not run.segments[-1]:
                raise CorruptJournalError(0, f"{path.name} has no content, but there are segments behind it")
            return
        if previous is not None and (header.segment, header.previous_check) != previous:
            raise CorruptJournalError(0, f"{path.name} does not continue the segment before it; some of it is lost")
        yield path, reader, iter(reader)
        if reader.torn and path is not run.segments[-1]:
            raise CorruptJournalError(reader.end, f"{path.name} is cut off, but there are segments behind it")
        previous = (header.segment + 1, reader.check)
