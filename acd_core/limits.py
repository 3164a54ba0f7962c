"""The limits of one distributor.  Each guards a table; none is ever exceeded, reaching one is a `LimitError`."""

from __future__ import annotations

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
    """Different sets of requirements among the contacts that are here."""
    profiles_max: int = 5_000
    """Different sets of queues and skills among the agents that are signed in."""
    exclusions_max: int = 100_000
    """Rejections remembered at a time; an agent who rejects past it is set to not responding instead."""
