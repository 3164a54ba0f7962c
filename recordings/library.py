"""Where recordings lie: ``<root>/YYYY/MM/DD/<id>.opus`` (UTC), and nothing outside the root is ever named.

The database keeps each recording's path relative to the root.  What comes back from there, or from a request, passes
`RecordingLibrary.resolve` before anybody opens it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from recordings.errors import LibraryError

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII)
_RELATIVE = re.compile(r"\d{4}/\d{2}/\d{2}/[A-Za-z0-9][A-Za-z0-9_-]{0,63}\.(opus|txt|json)", re.ASCII)


class RecordingLibrary:
    """The folder of recordings.  ``root`` is made when the first recording comes."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def place(self, recording: str, start_ns: int, *, kind: str = "opus") -> str:
        """Relative path for a new recording begun ``start_ns`` after 1970.

        ``kind``: ``opus``, or ``txt`` and ``json`` for transcripts.  Raises `LibraryError` when the id is not 1 to 64
        letters, digits, hyphens and underscores.
        """
        if not _ID.fullmatch(recording):
            raise LibraryError(f"recording id {recording[:80]!r}: use 1 to 64 letters, digits, '-' and '_'")
        if kind not in {"opus", "txt", "json"}:
            raise LibraryError(f"no kind of recording {kind[:20]!r}: use opus, txt or json")
        day = datetime.fromtimestamp(start_ns // 1_000_000_000, UTC)
        return f"{day:%Y/%m/%d}/{recording}.{kind}"

    def resolve(self, relative: str) -> Path:
        """The file behind a relative path; it need not exist.

        Raises `LibraryError` for whatever `place` would not give, and for symbolic links that lead out of the root.
        """
        if not _RELATIVE.fullmatch(relative):
            raise LibraryError(f"{relative[:120]!r} is not a path of the library (YYYY/MM/DD/<id>.opus)")
        path = self.root / PurePosixPath(relative)
        if not path.resolve().is_relative_to(self.root.resolve()):
            raise LibraryError(f"{relative!r} leads out of {self.root} by a symbolic link")
        return path

    def relative(self, path: Path) -> str:
        """The inverse of `resolve`.  Raises `LibraryError` when the path is not of the library."""
        try:
            found = path.relative_to(self.root).as_posix()
        except ValueError:
            raise LibraryError(f"{path} is not below {self.root}") from None
        self.resolve(found)
        return found

    def unfinished(self) -> Iterator[Path]:
        """What a crash left of recordings that were being written: may be deleted at a start."""
        if self.root.is_dir():
            yield from self.root.glob("*/*/*/.*.part")
