"""How long a decision takes: ``python -m acd_core.bench [--json]``, also ``zentrale bench acd --json``.

A large centre is built (`world`), then single events are timed (`figures`), all on one core of the machine.
"""

from __future__ import annotations

from acd_core.bench.command import main

__all__ = ["main"]
