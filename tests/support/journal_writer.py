"""A process that routes and journals as fast as it can and says what it has written; the tests kill it.

``python -m tests.support.journal_writer FOLDER``: prints a line for each event once `Router.submit` has returned, and
``durable N`` when the first N are on the disk.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import uvloop

from acd_core import Distributor
from acd_core import events as ev
from acd_core.decisions import ContactAssigned, Decision, OfferMade
from gateway.model.clock import LoopScheduler, SystemClock
from gateway.routing.journal import Journal
from gateway.routing.router import Router


async def main(folder: Path) -> None:
    distributor = Distributor()
    clock = SystemClock()
    journal = Journal(
        folder, clock, limits=distributor.limits, snapshot=distributor.snapshot, segment_bytes_max=100_000
    )
    async with journal:
        router = Router(distributor, clock, LoopScheduler(asyncio.get_running_loop()), journal)
        todo: list[ev.Event] = []

        def decided(decision: Decision) -> None:
            if isinstance(decision, OfferMade):
                todo.append(ev.OfferAccepted(decision.offer, decision.agent))
            elif isinstance(decision, ContactAssigned):
                todo.append(ev.ContactEnded(decision.contact))

        router.on_decision(decided)
        submitted = 0

        def submit(event: ev.Event) -> None:
            nonlocal submitted
            router.submit(event)
            submitted += 1
            os.write(1, b"written %d\n" % submitted)

        submit(ev.QueueConfigured("sales", 20_000, 0))
        for number in range(5):
            submit(ev.AgentSignedIn(f"agent-{number}", frozenset({"sales"}), frozenset()))
            submit(ev.AgentReady(f"agent-{number}"))
        number = 0
        while True:
            number += 1
            submit(ev.ContactArrived(f"contact-{number}", "sales"))
            while todo:
                submit(todo.pop(0))
            if number % 50 == 0:
                before = submitted
                await journal.flushed()
                os.write(1, b"durable %d\n" % before)


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1])))
