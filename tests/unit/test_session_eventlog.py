"""The event log: what is emitted gathers for a moment, who waits takes it along, and the end loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from gateway.model.events import DigitPressed, Event
from gateway.model.ids import ContactId
from gateway.session.bus import EventBus
from gateway.session.eventlog import EventLog
from tests.support.memory_store import MemoryStore
from tests.support.patience import PATIENCE_S


class Store(MemoryStore):
    def __init__(self) -> None:
        super().__init__()
        self.batches: list[str] = []
        self.news = asyncio.Event()

    async def append(self, events: Sequence[Event]) -> None:
        await asyncio.sleep(0)
        self.batches.append("".join(event.digit for event in events if isinstance(event, DigitPressed)))
        self.news.set()


def digit(digit: str) -> DigitPressed:
    return DigitPressed(at_ns=1, contact=ContactId("c"), digit=digit, duration_ms=100)


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
async def log(store: Store) -> AsyncIterator[EventLog]:
    log = EventLog(store, EventBus(), waiting_max=5000)
    running = asyncio.create_task(log.run())
    yield log
    log.close()
    async with asyncio.timeout(PATIENCE_S):
        await running


async def test_what_nobody_waits_for_goes_together_and_soon(log: EventLog, store: Store) -> None:
    for number in range(5):
        log.emit(digit(str(number)))
        await asyncio.sleep(0)
    assert store.batches == []
    async with asyncio.timeout(PATIENCE_S):
        await store.news.wait()
    assert store.batches == ["01234"]


async def test_who_waits_takes_along_what_gathers(log: EventLog, store: Store) -> None:
    log.emit(digit("1"))
    async with asyncio.timeout(PATIENCE_S):
        await log.write(digit("2"), digit("3"))
    assert store.batches == ["123"]


async def test_flushed_waits_for_what_came_during_an_append(log: EventLog, store: Store) -> None:
    writing = asyncio.create_task(log.write(digit("1")))
    await asyncio.sleep(0)
    log.emit(digit("2"))
    async with asyncio.timeout(PATIENCE_S):
        await log.flushed()
        await writing
    assert "".join(store.batches) == "12"


async def test_more_than_one_batch_goes_without_a_pause(log: EventLog, store: Store) -> None:
    for _ in range(2500):
        log.emit(digit("7"))
    async with asyncio.timeout(PATIENCE_S):
        await log.flushed()
    assert [len(batch) for batch in store.batches] == [1000, 1000, 500]


async def test_closing_keeps_what_gathers(store: Store) -> None:
    log = EventLog(store, EventBus(), waiting_max=5000)
    running = asyncio.create_task(log.run())
    log.emit(digit("1"))
    log.close()
    log.emit(digit("2"))
    async with asyncio.timeout(PATIENCE_S):
        await running
    assert "".join(store.batches) == "12"
