"""An event that is left half done, because the process was interrupted or had no memory left."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from acd_core import Distributor
from acd_core import events as ev
from acd_core.core import flow
from acd_core.errors import UnknownQueueError


def interrupt(*_: object) -> str:
    raise KeyboardInterrupt


ASKED: dict[str, Callable[[Distributor], object]] = {
    "an event": lambda d: d.handle(ev.ContactArrived("c2", "sales"), 2),
    "the timers": lambda d: d.handle_timer(2),
    "a snapshot": lambda d: d.snapshot(),
    "an agent": lambda d: d.agent("anna"),
    "a contact": lambda d: d.contact("c1"),
    "a queue": lambda d: d.queue("sales"),
    "a place": lambda d: d.position("c1"),
    "an explanation": lambda d: d.explain(1),
}


@pytest.mark.parametrize("what", ASKED)
def test_nothing_is_built_on_half_an_event(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    d = Distributor()
    d.handle(ev.QueueConfigured("sales", 20_000, 0), 0)
    d.handle(ev.AgentSignedIn("anna", frozenset({"sales"}), frozenset()), 0)
    monkeypatch.setattr(flow, "describe", interrupt)
    with pytest.raises(KeyboardInterrupt):
        d.handle(ev.ContactArrived("c1", "sales"), 1)
    monkeypatch.undo()
    with pytest.raises(RuntimeError, match=r"half done .* start a new one"):
        ASKED[what](d)


def test_what_is_refused_leaves_nothing_half_done() -> None:
    d = Distributor()
    with pytest.raises(UnknownQueueError):
        d.handle(ev.ContactArrived("c1", "sales"), 1)
    d.handle(ev.QueueConfigured("sales", 20_000, 0), 1)
    assert d.queue("sales").waiting == 0
