"""`zentrale check`: say whether a configuration file is in order, without starting anything."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

from gateway.config.errors import ConfigError
from gateway.config.loader import BUILT_IN, load
from gateway.config.schema import Config


def check(path: Path | None, out: TextIO, *, sounds: Path | None = None) -> int:
    """Print the verdict, or one line for each problem, to ``out``.  Returns the exit status: 0 in order, 1 not.

    ``sounds``: as for `load`.
    """
    try:
        config = load(path, sounds=sounds)
    except ConfigError as error:
        count = len(error.problems)
        print(error, file=out)
        print(f"{count} problem{'s' if count > 1 else ''} found", file=out)
        return 1
    print(f"{path or BUILT_IN}: in order: {summary(config)}", file=out)
    return 0


def summary(config: Config) -> str:
    """What is configured, in one line."""
    counts = {
        "trunk": len(config.trunks),
        "queue": len(config.queues),
        "number": len(config.numbers),
        "agent": len(config.agents),
    }
    return ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for word, count in counts.items())
