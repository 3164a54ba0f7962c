"""What a selection policy needs to know of an agent and of a decision, and what it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


class Candidate(Protocol):
    """An agent who may take the contact now."""

    @property
    def name(self) -> str: ...
    @property
    def idle_since_ns(self) -> int: ...
    @property
    def idle_sequence(self) -> int:
        """Order in which agents became idle; tells apart those of the same nanosecond."""
        ...

    @property
    def levels(self) -> Mapping[str, int]: ...
    @property
    def occupied_permille(self) -> int:
        """Share of the capacity that is in use."""
        ...

    @property
    def last_offer(self) -> int:
        """Number of the last offer made to the agent; 0: none."""
        ...

    @property
    def weight(self) -> int:
        """In a weighted draw."""
        ...

    @property
    def row_key(self) -> tuple[int, int]:
        """Where the agent stands in the row of a weighted draw: by profile, then by name."""
        ...

    @property
    def scores(self) -> Mapping[str, int]:
        """Expected success by topic."""
        ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """The contact that an agent is chosen for."""

    contact: str
    skills: frozenset[str]
    """All that its requirement names."""
    topic: str
    seed: int


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
    @property
    def term(self) -> int: ...


class Strategy(Protocol):
    @property
    def name(self) -> str: ...

    def term(self, candidate: Candidate, wanted: Wanted) -> int:
        """The highest comes first; of equal ones the longest idle."""
        ...

    def sentence(self, reasons: Reasons) -> str:
        """Why the winner won, for people."""
        ...
