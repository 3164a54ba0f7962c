"""Settings for all tests: the event loop of production, how Hypothesis looks for counter-examples, and a quiet heap."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from pathlib import Path

import pytest
import uvloop
from hypothesis import HealthCheck, settings

# No deadline for one example, nor for making some: the machine may be busy, and a slow example is no wrong one.
# `make test` looks at the same examples each time: it is there to tell whether a change broke something.  To look for
# others is `make fuzz`'s.
settings.register_profile("quick", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("other", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("long", deadline=None, max_examples=20_000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("quick")


ROOT = Path(__file__).parent
COMPUTING = ("fuzz", "parity", "simulation", "unit")
"""The folders whose tests have neither sockets nor the time of day: as many at once as there are cores do no harm."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--part", choices=["computing", "living"], help="of the tests those that only compute, or the rest"
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A folder of the other part is not even read, unless it was named."""
    part = config.getoption("part")
    if part is None or collection_path.parent != ROOT or not collection_path.is_dir():
        return None
    return True if (collection_path.name in COMPUTING) != (part == "computing") else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    part = config.getoption("part")
    if part is None:
        return
    chosen: list[pytest.Item] = []
    others: list[pytest.Item] = []
    for item in items:
        computes = item.path.is_relative_to(ROOT) and item.path.relative_to(ROOT).parts[0] in COMPUTING
        (chosen if computes == (part == "computing") else others).append(item)
    items[:] = chosen
    config.hook.pytest_deselected(items=others)


def pytest_collection_finish() -> None:
    """Thousands of tests are on the heap for good.  To look through them again and again, as the garbage collector
    does, stops everything for longer than a packet of sound lasts."""
    gc.collect()
    gc.freeze()


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """uvloop's handles and transports differ from asyncio's in details that have bitten before."""
    return {"uvloop": uvloop.new_event_loop}
