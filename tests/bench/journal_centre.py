"""How many decisions a second the distributor makes with everything written to a file and flushed."""

from __future__ import annotations

import gc
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from acd_core import events as ev
from acd_core.api import DistributorApi
from acd_core.decisions import Decision, OfferMade
from acd_core.journal import Encoder, Header
from acd_core.limits import Limits

AGENTS = 1000
QUEUES = 10
STEP_NS = 1_000
FLUSH_EVERY = 5_000
"""Events; some 50 ms, as in production."""

Handle = Callable[[ev.Event], list[Decision]]


def opening() -> Iterator[ev.Event]:
    """Everybody is there and ready."""
    for queue in range(QUEUES):
        yield ev.QueueConfigured(f"queue {queue}", 20_000, 0)
    for agent in range(AGENTS):
        served = frozenset({f"queue {agent % QUEUES}", f"queue {agent * 7 % QUEUES}"})
        yield ev.AgentSignedIn(f"agent {agent}", served, frozenset())
        yield ev.AgentReady(f"agent {agent}")


class Centre:
    """Contacts arrive, are answered and end; ``handle`` stands for the distributor and whatever is round it."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self.decisions = 0
        for event in opening():
            self._tell(event)
        self.decisions = 0

    def _tell(self, event: ev.Event) -> list[Decision]:
        decisions = self._handle(event)
        self.decisions += len(decisions)
        return decisions

    def serve(self, number: int) -> None:
        contact = f"0190a1b2-{number:027}"
        made = self._tell(ev.ContactArrived(contact, f"queue {number % QUEUES}"))[0]
        assert isinstance(made, OfferMade)
        self._tell(ev.OfferAccepted(made.offer, made.agent))
        self._tell(ev.ContactEnded(contact))


def decisions_per_s(make: Callable[[Limits], DistributorApi], contacts: int, *, events_a_record: int | None) -> int:
    """With so many events in each record, written at once and flushed by group commit; None: without a journal."""
    distributor = make(Limits())
    encoder = Encoder()
    now_ns = events = 0
    with tempfile.TemporaryFile(buffering=0) as file, ThreadPoolExecutor(1) as disk:
        number = file.fileno()
        os.write(number, encoder.begin(Header("bench", 0, 0, Limits())))
        flush: Future[None] = disk.submit(os.fdatasync, number)

        def plain(event: ev.Event) -> list[Decision]:
            nonlocal now_ns
            now_ns += STEP_NS
            return distributor.handle(event, now_ns)

        def journalled(event: ev.Event) -> list[Decision]:
            nonlocal events, now_ns, flush
            events += 1
            now_ns += STEP_NS
            decisions = distributor.handle(event, now_ns)
            encoder.add(now_ns, event, decisions)
            if encoder.pending == events_a_record:
                os.write(number, encoder.take())
            if events % FLUSH_EVERY == 0:
                flush.result()
                flush = disk.submit(os.fdatasync, number)
            return decisions

        centre = Centre(plain if events_a_record is None else journalled)
        gc.collect()
        gc.disable()
        try:
            start = time.perf_counter()
            for contact in range(contacts):
                centre.serve(contact)
            os.write(number, encoder.take())
            flush.result()
            os.fdatasync(number)
            return round(centre.decisions / (time.perf_counter() - start))
        finally:
            gc.enable()
