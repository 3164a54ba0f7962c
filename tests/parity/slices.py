"""Which slices of the rules the compiled core has; the reference has them all.

Stories and parity rules of a slice that the core lacks run against the reference alone, and what the core can't know
without it is left out of comparisons.  In this order they come: ``skills`` (levels, clauses, excluded, preferred,
kinds),
``order`` (score, toll, blending, terms of explanations), ``lanes``, ``choice`` (strategies, broadcast), ``steps``,
``flow`` (overflow, hours, splits, deferring, changing, transfer, by hand, return of who did not respond, own wrap-up),
``window``.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from acd_core.decisions import Explanation, OfferMade
from acd_core.views import AgentView, ContactView, QueueView, Snapshot

ALL: Final = ("skills", "order", "lanes", "choice", "steps", "flow", "window")
CORE: Final[frozenset[str]] = frozenset(ALL)
COMPLETE: Final = frozenset(ALL) <= CORE
"""Then everything is compared as it is."""

PLAIN: Final = {
    Explanation: 17,
    QueueView: 9,
    AgentView: 14,
    ContactView: 9,
    Snapshot: 8,
}
"""How many of the fields a core without slices has."""


def comparable(value: Any) -> Any:
    """Without what the core can't know yet."""
    if COMPLETE:
        return value
    if isinstance(value, list | tuple):
        return [comparable(one) for one in value]
    if isinstance(value, OfferMade):
        return msgspec.structs.replace(value, explanation=plain(value.explanation))
    if isinstance(value, Snapshot):
        return [comparable(part) for part in msgspec.structs.astuple(plain(value))]
    return plain(value)


def plain(value: Any) -> Any:
    kept = PLAIN.get(type(value))
    if kept is None:
        return value
    return type(value)(*msgspec.structs.astuple(value)[:kept])
