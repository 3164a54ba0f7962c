"""What is wrong with a configuration: one `Problem` for each mistake, all of them in one `ConfigError`."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

KeyPath = tuple[str | int, ...]
"""Where a value stands: table and key names, and positions in lists counted from 0."""


def path_text(path: KeyPath) -> str:
    """``("queues", 0, "name")`` as ``queues[0].name``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    file: str
    """The file as the user named it."""
    line: int | None
    """Counted from 1; None when the file itself is the problem."""
    key: str
    """Key path such as ``queues[0].offer_ms``; empty when the problem is not about a key."""
    what: str
    advice: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        key = f"{self.key}: " if self.key else ""
        return f"{place}: {key}{self.what}; {self.advice}"


class ConfigError(Exception):
    """The configuration can't be used.  ``str()`` has one line for each problem, in the order of the file."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = sorted(problems, key=lambda problem: problem.line or 0)
        super().__init__("\n".join(str(problem) for problem in self.problems))
