"""``zentrale explain CONTACT``: every decision about a contact, in words, from the journal and recomputed."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from acd_core import Distributor
from acd_core.journal import Difference, Entry, JournalError, Reader, Replay
from acd_core.journal.story import Happening, concerns, tell
from gateway.model.errors import ZentraleError
from gateway.routing.segments import Run, find_runs, read_run


def explain(contact: str, journal: Path) -> int:
    """Print the contact's story; returns the exit code."""
    try:
        found = find_entries(contact, find_runs(journal))
    except (ZentraleError, JournalError) as error:
        print(f"zentrale explain: {error}", file=sys.stderr)
        return 1
    if found is None:
        print(
            f"zentrale explain: contact {contact!r} is not in the journal at {journal}; "
            "give the whole id, and the journal of the days in question",
            file=sys.stderr,
        )
        return 1
    run, entries = found
    print(f"Contact {contact}")
    for line in lines(tell(contact, entries, clock_time)):
        print(line)
    print()
    print(recompute(run, entries))
    return 0


def find_entries(contact: str, runs: list[Run]) -> tuple[Run, list[Entry]] | None:
    """All entries about the contact, which lives in one run only; the newest run is looked at first."""
    name = contact.encode()
    for run in reversed(runs):
        found: list[Entry] = []
        try:
            if not any(_holds(path.read_bytes(), name) for path in run.segments):
                continue
            for _, _, records in read_run(run):
                for record in records:
                    found += [entry for entry in record.entries if concerns(entry, contact)]
        except JournalError as error:
            print(f"zentrale explain: run {run.name} can't be read, or not wholly: {error}", file=sys.stderr)
        if found:
            return run, found
    return None


def _holds(segment: bytes, name: bytes) -> bool:
    """Raises `JournalError` for what is no segment of a journal."""
    Reader(segment)
    return name in segment


def lines(story: Iterable[Happening]) -> Iterable[str]:
    day = ""
    for happening in story:
        at = datetime.fromtimestamp(happening.now_ns / 1e9).astimezone()
        if (today := f"{at:%A, %d %B %Y}") != day:
            day = today
            yield f"\n{day}"
        yield f"  {clock_time(happening.now_ns)}  {happening.sentence}"
        for reason in happening.why:
            yield f"                  {reason}"


def clock_time(at_ns: int) -> str:
    at = datetime.fromtimestamp(at_ns / 1e9).astimezone()
    return f"{at:%H:%M:%S}.{at_ns // 1_000_000 % 1000:03}"


def recompute(run: Run, entries: list[Entry]) -> str:
    """Live the run again up to the last of the entries, and say whether all was decided as written."""
    try:
        lived = live_until(run, entries[-1].now_ns)
    except Difference as difference:
        return f"As written in the journal. Recomputed, it comes out otherwise (another version?): {difference}"
    except JournalError as error:
        return f"As written in the journal; it can't be recomputed: {error}"
    assert lived is not None
    since = f"snapshot of segment {lived.segment}" if lived.segment else "beginning of the run"
    return f"Recomputed from the {since} ({lived.entries:,} events): every decision came out the same."


def live_until(run: Run, last_ns: int) -> Replay | None:
    """From the oldest segment that is kept; None for an empty run.  Raises `Difference`."""
    lived: Replay | None = None
    for _, reader, records in read_run(run):
        assert reader.header is not None
        if lived is None:
            lived = Replay(Distributor, reader.header)
        for _, _, entry in lived.play(records):
            if entry.now_ns > last_ns:
                return lived
    return lived
