"""What a selection policy needs to know of an agent and of a decision, and what it gives."""

from __future__ import annotations

from typing import Protocol


class Candidate(Protocol):
    """An agent who may take the contact now."""

    @property
    def idle_since_ns(self) -> int: ...

    @property
    def idle_sequence(self) -> int:
        """Order in which agents became idle; tells apart those of the same nanosecond."""
        ...


class Reasons(Protocol):
    """The numbers of a decision (`acd_core.decisions.Explanation`)."""

    @property
    def queue(self) -> str: ...
    @property
    def skills(self) -> tuple[str, ...]: ...
    @property
    def considered(self) -> int: ...
    @property
    def idle_ns(self) -> int: ...


class Strategy(Protocol):
    @property
    def name(self) -> str: ...

    def order(self, candidate: Candidate) -> tuple[int, int]:
        """The least comes first; no two candidates have the same."""
        ...

    def sentence(self, reasons: Reasons) -> str:
        """Why the winner won, for people."""
        ...
