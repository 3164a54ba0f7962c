"""``zentrale explain CONTACT``: every decision about a contact, in words, from the journal and recomputed.

A chat may outlive restarts, and so has a chapter in each of several runs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from acd_core import Distributor
from acd_core.journal import Difference, Entry, JournalError, Reader, Replay
from acd_core.journal.standstill import tell_waiting
from acd_core.journal.story import Happening, concerns, is_over, tell, tell_stood
from acd_core.views import ContactView
from gateway.model.errors import ZentraleError
from gateway.routing.segments import Run, find_runs, read_run


@dataclass(slots=True)
class Chapter:
    """What one run tells of the contact."""

    run: Run
    began_ns: int = 0
    ended_ns: int = 0
    """When its last event was."""
    newest: bool = False
    stood: ContactView | None = None
    """Where it was when the run's oldest segment began, with a snapshot."""
    entries: list[Entry] = field(default_factory=list)


def explain(contact: str, journal: Path) -> int:
    """Print the contact's story; returns the exit code."""
    try:
        chapters = find_chapters(contact, find_runs(journal))
    except (ZentraleError, JournalError) as error:
        print(f"zentrale explain: {error}", file=sys.stderr)
        return 1
    if not chapters:
        print(
            f"zentrale explain: contact {contact!r} is not in the journal at {journal}; "
            "give the whole id, and the journal of the days in question",
            file=sys.stderr,
        )
        return 1
    print(f"Contact {contact}")
    story: list[Happening] = []
    verdicts: list[str] = []
    for place, chapter in enumerate(chapters):
        if place:
            story.append(tell_restart(chapters[place - 1], chapter))
        verdict, waiting = recompute(contact, chapter)
        story += [*tell_chapter(contact, chapter), *([waiting] if waiting is not None else [])]
        verdicts.append(f"Run {chapter.run.name}: {verdict}" if len(chapters) > 1 else verdict)
    last = chapters[-1]
    if not last.newest and not is_over(contact, last.entries):
        story.append(Happening(last.ended_ns, "no later run tells of it"))
    for line in lines(story):
        print(line)
    print()
    print("\n".join(verdicts))
    return 0


def tell_chapter(contact: str, chapter: Chapter) -> list[Happening]:
    stood = [] if chapter.stood is None else [tell_stood(chapter.stood, chapter.began_ns)]
    return [*stood, *tell(contact, chapter.entries, clock_time)]


def tell_restart(before: Chapter, after: Chapter) -> Happening:
    at_ns = max(after.began_ns, before.ended_ns)
    return Happening(at_ns, f"restart: the run before is over, its last event was at {clock_time(before.ended_ns)}")


def find_chapters(contact: str, runs: list[Run]) -> list[Chapter]:
    """In order of the runs."""
    name = contact.encode()
    chapters = []
    for run in runs:
        chapter = Chapter(run, newest=run is runs[-1])
        try:
            if not any(_holds(path.read_bytes(), name) for path in run.segments):
                continue
            read_chapter(contact, chapter)
        except JournalError as error:
            print(f"zentrale explain: run {run.name} can't be read, or not wholly: {error}", file=sys.stderr)
        if chapter.entries or chapter.stood is not None:
            chapters.append(chapter)
    return chapters


def read_chapter(contact: str, chapter: Chapter) -> None:
    """As far as the run can be read.  Raises `JournalError`."""
    begun = False
    for _, reader, records in read_run(chapter.run):
        header = reader.header
        assert header is not None
        if not begun:
            begun = True
            chapter.began_ns = header.started_ns
            if header.snapshot is not None:
                chapter.began_ns = max(header.started_ns, header.snapshot.now_ns)
                chapter.stood = next((view for view in header.snapshot.contacts if view.contact == contact), None)
            chapter.ended_ns = chapter.began_ns
        for record in records:
            chapter.ended_ns = record.entries[-1].now_ns
            chapter.entries += [entry for entry in record.entries if concerns(entry, contact)]


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


def recompute(contact: str, chapter: Chapter) -> tuple[str, Happening | None]:
    """Live the run again: whether all about the contact was decided as written; and if it waits at the end, why."""
    over = is_over(contact, chapter.entries)
    try:
        lived = live_until(chapter.run, chapter.entries[-1].now_ns if over else None)
    except Difference as difference:
        return f"As written in the journal. Recomputed, it comes out otherwise (another version?): {difference}", None
    except JournalError as error:
        return f"As written in the journal; it can't be recomputed: {error}", None
    assert lived is not None
    since = f"snapshot of segment {lived.segment}" if lived.segment else "beginning of the run"
    verdict = f"Recomputed from the {since} ({lived.entries:,} events): every decision came out the same."
    where = "the journal ends here" if chapter.newest else "the run ends here"
    waiting = None if over else tell_waiting(contact, lived.distributor.snapshot(), lived.limits, where)
    return verdict, waiting


def live_until(run: Run, last_ns: int | None) -> Replay | None:
    """From the oldest segment that is kept, None: to the end; None for an empty run.  Raises `Difference`."""
    lived: Replay | None = None
    for _, reader, records in read_run(run):
        assert reader.header is not None
        if lived is None:
            lived = Replay(Distributor, reader.header)
        for _, _, entry in lived.play(records):
            if last_ns is not None and entry.now_ns > last_ns:
                return lived
    return lived
