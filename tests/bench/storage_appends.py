"""How many appends a second the SQL store keeps: ``python -m tests.bench.storage_appends [FOLDER]``.

Each append is one event in the life of a contact and waits until it is on disk.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import tempfile
import time
from pathlib import Path

from gateway.config.schema import StorageConfig
from gateway.model import events as ev
from gateway.model.ids import AgentId, Channel, OfferId, QueueName, new_contact_id
from gateway.storage import Stores, open_stores

SECONDS = 4.0


async def live(stores: Stores, until: float, number: int) -> list[float]:
    """One customer after the other until the time is up; how long each append took, in seconds."""
    took = []
    dice = random.Random(number)
    while time.monotonic() < until:
        contact, queue, agent = new_contact_id(), QueueName("support"), AgentId("anna")
        at = {"contact": contact, "at_ns": time.time_ns()}
        customer = ev.Customer(address="tel:+4930123456", name="+4930123456")
        life: list[ev.Event] = [
            ev.ContactOpened(**at, channel=Channel.PHONE, queue=queue, customer=customer, called="100"),
            ev.GreetingStarted(**at),
            ev.ContactQueued(**at, queue=queue, arrival_ns=1),
            *[ev.DigitPressed(**at, digit="1", duration_ms=100)] * dice.randrange(6),  # or all would march in step
            ev.ContactAssigned(**at, agent=agent, offer=OfferId(1)),
            ev.ConversationStarted(**at, agent=agent),
            ev.ContactEnded(**at, by=ev.Party.AGENT, cause=ev.EndCause.HUNG_UP),
        ]
        for event in life:
            start = time.perf_counter()
            await stores.store.append([event])
            took.append(time.perf_counter() - start)
    return took


async def measure(folder: Path, appenders: int) -> dict[str, float]:
    async with await open_stores(StorageConfig(directory=str(folder / str(appenders)))) as stores:
        start, cpu = time.monotonic(), time.process_time()
        lives = await asyncio.gather(*(live(stores, start + SECONDS, number) for number in range(appenders)))
        seconds, cpu = time.monotonic() - start, time.process_time() - cpu
    took = sorted(one for each in lives for one in each)
    return {
        "appenders": appenders,
        "appends_per_s": round(len(took) / seconds),
        "median_ms": round(took[len(took) // 2] * 1000, 2),
        "p99_ms": round(took[len(took) * 99 // 100] * 1000, 2),
        "cpu_us_per_append": round(cpu / len(took) * 1e6),
    }


def main() -> None:
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as folder:
        for appenders in (1, 50):
            print(json.dumps(asyncio.run(measure(Path(folder), appenders))))


if __name__ == "__main__":
    main()
