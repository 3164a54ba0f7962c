"""The one API that both distributors have; `acd_core.Distributor` and `acd_core.reference.Distributor` satisfy it."""

from __future__ import annotations

from typing import Protocol

from acd_core.decisions import Decision, Explanation
from acd_core.events import Event
from acd_core.views import AgentView, ContactView, QueueView, Snapshot


class DistributorApi(Protocol):
    """Who serves whom.

    All methods raise `acd_core.errors.AcdError` only and leave the state as it was when they do.  Not thread-safe.
    """

    def handle(self, event: Event, now_ns: int) -> list[Decision]:
        """Take in what happened at ``now_ns`` (ns, never less than before); returns what follows, in order.

        Does not run timers that are due: call `handle_timer` for them, before or after.  An answer to an offer that
        is past its expiry is a `StaleOfferError` even while its timer has not been handled.
        """
        ...

    def get_timer(self) -> int | None:
        """When to call `handle_timer` next (ns); None: no need until the next event."""
        ...

    def handle_timer(self, now_ns: int) -> list[Decision]:
        """Let everything happen that is due at ``now_ns``; harmless when nothing is."""
        ...

    def position(self, contact: str) -> int:
        """Place in its queue, 1 = next: one more than the waiting contacts there that come before it by rule 7.2, held
        ones left out.

        Contacts that ring at an agent are not counted; asked for one of them, it is the place to which it would
        return.  Raises `UnknownContactError`, and `IllegalStateError` for one that is with an agent.
        """
        ...

    def explain(self, offer: int) -> Explanation:
        """Of an open offer; raises `StaleOfferError` for others, and for one made before a snapshot was restored."""
        ...

    def agent(self, agent: str) -> AgentView:
        """Raises `UnknownAgentError`."""
        ...

    def contact(self, contact: str) -> ContactView:
        """Raises `UnknownContactError`."""
        ...

    def queue(self, queue: str) -> QueueView:
        """Raises `UnknownQueueError`."""
        ...

    def snapshot(self) -> Snapshot:
        """All of it; takes time in proportion to agents and contacts."""
        ...

    def restore(self, snapshot: Snapshot) -> None:
        """Go on as the distributor of which the snapshot was taken, with the same limits.

        Explanations of open offers are not in it: `explain` refuses these.  Raises `IllegalStateError` unless nothing
        has been handled yet, `InvalidSnapshotError` for a snapshot that contradicts itself or has a number that can't
        be.
        """
        ...
