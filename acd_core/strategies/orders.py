"""Recipes for the order of contacts: what each policy of the field is in terms of base, step, rate and toll.

The score of a contact is linear in its waiting time, so that contacts of one kind never overtake each other and only
the heads of classes are compared.  docs/design/strategies.md has a worked example of each.
"""

from __future__ import annotations

from typing import Final

from acd_core.events import Order

RATE: Final = 1000
"""Points per ms of waiting where nothing else is said."""
RATE_MAX: Final = 100_000
TOLL: Final = 60_000_000
"""A minute of waiting at the usual rate, shared out by shares."""
DAY_MS: Final = 24 * 3600 * 1000


def arrival(overtaking_ms: int | None = None) -> Order:
    """First come, first served, over all queues."""
    return Order(overtaking_ms=overtaking_ms)


def priority(step_ms: int, rate: int = RATE, overtaking_ms: int | None = None) -> Order:
    """A level of priority counts as much as ``step_ms`` of waiting; other queues may age faster or slower."""
    return Order("priority", rate=rate, step=step_ms * RATE, overtaking_ms=overtaking_ms)


def greatest_need(overtaking_ms: int | None = None) -> Order:
    """The highest priority first, and of that the longest waiting: a level is worth a day."""
    return Order("greatest_need", step=DAY_MS * RATE, overtaking_ms=overtaking_ms)


def service_objective(objective_ms: int, reference_ms: int = 20_000, overtaking_ms: int | None = None) -> Order:
    """The greatest share of its queue's objective waited; an objective of ``reference_ms`` ages at the usual rate."""
    rate = min(RATE_MAX, max(1, RATE * reference_ms // objective_ms))
    return Order("service_objective", rate=rate, objective_ms=objective_ms, overtaking_ms=overtaking_ms)


def generalised_cmu(cost: int, handle_ms: int, cost_fixed: int = 0, overtaking_ms: int | None = None) -> Order:
    """Cost of waiting growing with its square: ``(cost_fixed + cost * wait) / handle time`` (van Mieghem 1995).

    ``cost`` 1 at a handling time of a minute ages at the usual rate; ``cost_fixed`` is in seconds of that.
    """
    rate = min(RATE_MAX, RATE * cost * 60_000 // handle_ms)
    return Order(
        "generalised_cmu", base=RATE * 1000 * cost_fixed * 60_000 // handle_ms, rate=rate, overtaking_ms=overtaking_ms
    )


def ratio(share: int, rate: int = 0) -> Order:
    """Queues are served in proportion to their shares, by those who serve several; ``rate`` lets waiting count too."""
    return Order("ratio", rate=rate, toll=TOLL // share)


def blended(order: Order, objective_ms: int, target_permille: int = 800, points: int = 60_000) -> Order:
    """Rises by ``points`` for each permille that the last contacts' service fell short of the target."""
    return Order(
        order.name,
        order.base,
        order.rate,
        order.step,
        order.toll,
        order.overtaking_ms,
        objective_ms,
        target_permille,
        points,
    )
