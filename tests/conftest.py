"""Settings for all tests: the event loop of production, and how long Hypothesis may look for a counter-example."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import uvloop
from hypothesis import settings

# No deadline for one example: the machine may be busy, and a slow example is no wrong one.
settings.register_profile("quick", deadline=None)
settings.register_profile("long", deadline=None, max_examples=20_000)
settings.load_profile("quick")


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """uvloop's handles and transports differ from asyncio's in details that have bitten before."""
    return {"uvloop": uvloop.new_event_loop}
