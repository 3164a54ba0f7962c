"""The limits of one distributor.  Each guards a table; what would exceed one is refused with a `LimitError`.

What can't be refused does not count: contacts that move to another queue (by a split, overflow or transfer) become of
other kinds there even beyond ``classes_max``, and a restored snapshot is taken as it is.
"""

from __future__ import annotations

from typing import Final

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    contacts_max: int = 200_000
    """Contacts that wait, ring or are with an agent."""
    agents_max: int = 20_000
    """Agents signed in."""
    queues_max: int = 1_000
    skills_max: int = 2_000
    """Different skills named by queues, agents and contacts that are here."""
    classes_max: int = 5_000
    """Different kinds (queue, channel, requirement, priority, topic, excluded) among the contacts that are here, when
    one arrives or is changed."""
    profiles_max: int = 5_000
    """Different sets of queues, skills and lanes among the agents that are signed in."""
    exclusions_max: int = 100_000
    """Rejections remembered at a time; an agent who rejects past it is set to not responding instead."""


HOPS_MAX: Final = 3
"""How often a contact may overflow from queue to queue until it is transferred."""
SHELF_MAX: Final = 1024
"""Kinds of contacts that the core keeps for their return when nobody is of them any more."""
SHELF_SKILLS: Final = 2
"""The oldest of these kinds are forgotten while the core holds the names of more skills than so many times
``skills_max``."""
WINDOW_CONTACTS_MAX: Final = 16
WINDOW_AGENTS_MAX: Final = 16
"""For each of the contacts that a matching window settles jointly."""
MEASURED: Final = 64
"""Contacts of a queue that the blending by service level looks back on."""
