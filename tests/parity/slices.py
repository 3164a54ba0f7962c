"""Which slices of the rules the compiled core has; the reference has all that are named in `ALL`.

Stories and parity rules of a slice that the core lacks run against the reference alone.  In this order they come:
``skills`` (levels, clauses, excluded, preferred), ``order``, ``lanes``, ``choice`` (strategies, broadcast), ``steps``, ``flow``
(overflow, hours, splits, deferring, transfer, by hand, return of who did not respond, own wrap-up), ``window``.
"""

from __future__ import annotations

from typing import Final

CORE: Final[frozenset[str]] = frozenset()
ALL: Final[frozenset[str]] = frozenset()
