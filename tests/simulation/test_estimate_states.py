"""An estimate begins where the distributor stands, whatever has happened: places, holds, leases and memories."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acd_core import Distributor
from acd_core import events as ev
from acd_core.api import DistributorApi
from acd_core.errors import UnknownContactError
from acd_core.reference import Distributor as Reference
from acd_core.simulation.arrivals import Listed, constant
from acd_core.simulation.distributions import Deterministic, Exponential
from acd_core.simulation.estimate import Estimate, Outlook, estimate
from acd_core.simulation.plan import Stream
from acd_core.states import ContactState
from acd_core.strategies import orders
from tests.parity.acd_moves import QUEUES, Moves

S = 1_000_000_000
SALES = frozenset({"sales"})
NONE: frozenset[str] = frozenset()
both = pytest.mark.parametrize("make", [Distributor, Reference], ids=["core", "reference"])
OUTLOOK = Outlook(
    streams=(
        Stream(
            name="call",
            contact=ev.ContactArrived("", "sales"),
            arrivals=Listed(()),
            handling=Deterministic(100),
        ),
    )
)


class Story:
    """anna has c0 in hand since 0 s, for 100 s."""

    def __init__(self, make: type[DistributorApi], **queue: Any) -> None:
        self.make = make
        self.d = make()
        self.tell(0, ev.QueueConfigured("sales", 20_000, 0, **queue))
        self.sign_in("anna")
        self.tell(0, ev.ContactArrived("c0", "sales"), ev.OfferAccepted(1, "anna"))

    def sign_in(self, agent: str) -> None:
        self.tell(0, ev.AgentSignedIn(agent, SALES, NONE), ev.AgentReady(agent))

    def tell(self, second: float, *events: ev.Event) -> None:
        for event in events:
            self.d.handle(event, int(second * S))

    def arrive(self, second: float, *contacts: str) -> None:
        self.tell(second, *(ev.ContactArrived(contact, "sales") for contact in contacts))

    def ask(self, contact: str) -> Estimate:
        found = estimate(self.d.snapshot(), contact, OUTLOOK, runs=3, make=self.make)
        assert found.position == self.d.position(contact)
        return found


@both
def test_who_is_deferred_lets_others_pass_and_comes_back_when_said(make: type[DistributorApi]) -> None:
    story = Story(make)
    story.arrive(1, "c1")
    story.arrive(2, "c2")
    assert (story.ask("c2").position, story.ask("c2").p50_s) == (2, 198)
    story.tell(2, ev.ContactDeferred("c1", 500 * S))
    assert (story.ask("c2").position, story.ask("c2").p50_s) == (1, 98)
    assert story.ask("c1").p50_s == 498
    story.tell(2, ev.ContactDeferred("c1", None))
    assert (story.ask("c1").p50_s, story.ask("c1").answered) == (None, 0)


@both
def test_who_is_held_by_a_closed_queue_is_told_nothing(make: type[DistributorApi]) -> None:
    story = Story(make)
    story.tell(1, ev.QueueClosed("sales"))
    story.arrive(2, "c1")
    assert (story.ask("c1").p50_s, story.ask("c1").answered) == (None, 0)
    story.tell(3, ev.QueueOpened("sales"))
    assert story.ask("c1").p50_s == 97


@both
def test_an_agent_who_did_not_answer_is_back_by_the_queues_rule(make: type[DistributorApi]) -> None:
    for return_ms, wait_s in ((30_000, 30), (0, 79)):
        story = Story(make, return_ms=return_ms)
        story.sign_in("ben")
        story.arrive(1, "c1")
        story.d.handle_timer(21 * S)
        assert story.ask("c1").p50_s == wait_s


@both
def test_what_rings_goes_on_ringing(make: type[DistributorApi]) -> None:
    """It has rung for 5 s; who takes 15 s answers in 10, those who take 25 s never do."""
    story = Story(make)
    story.sign_in("ben")
    story.arrive(1, "c1")
    story.tell(6, ev.ContactChanged("c1", topic="tariffs"))
    for ring_s, wait_s in ((15, 10), (25, None)):
        outlook = Outlook(streams=OUTLOOK.streams, answer=Deterministic(ring_s))
        found = estimate(story.d.snapshot(), "c1", outlook, runs=3, make=make)
        assert (found.position, found.p50_s) == (1, wait_s)


@both
def test_what_is_overdue_happens_at_once(make: type[DistributorApi]) -> None:
    """The offer to ben expired at 21 s, but nobody has handled that yet; he is back after a minute, before anna."""
    story = Story(make)
    story.sign_in("ben")
    story.arrive(1, "c1")
    found = estimate(story.d.snapshot(), "c1", OUTLOOK, now_ns=30 * S, runs=3, make=make)
    assert (found.position, found.p50_s) == (1, 60)


@both
def test_who_was_spared_a_contact_still_is(make: type[DistributorApi]) -> None:
    story = Story(make)
    story.sign_in("ben")
    story.arrive(1, "c1")
    story.tell(5, ev.OfferRejected(2, "ben"))
    assert story.ask("c1").p50_s == 20


@both
def test_queues_remember_what_they_paid(make: type[DistributorApi]) -> None:
    """Three of sales for one of support: sales has had its share."""
    story = Story(make, order=orders.ratio(3))
    story.tell(0, ev.QueueConfigured("support", 20_000, 0, order=orders.ratio(1)))
    story.tell(0, ev.AgentChanged("anna", SALES | {"support"}, NONE))
    for number in range(2):
        story.tell(1, ev.ContactEnded(f"c{number}"))
        story.arrive(1, f"c{number + 1}")
        story.tell(1, ev.OfferAccepted(number + 2, "anna"))
    story.arrive(2, "c9")
    story.tell(2, ev.ContactArrived("s1", "support"))
    for contact in ("c9", "s1"):
        found = story.ask(contact)
        again = make()
        again.restore(story.d.snapshot())
        again.handle(ev.ContactEnded("c2"), 101 * S)
        assert (found.p50_s == 99) == (again.agent("anna").contact == contact)


@both
def test_only_those_who_wait_or_ring(make: type[DistributorApi]) -> None:
    story = Story(make)
    for contact in ("c0", "nobody"):
        with pytest.raises(UnknownContactError):
            estimate(story.d.snapshot(), contact, OUTLOOK, runs=1, make=make)


LIVELY = Outlook(
    streams=tuple(
        Stream(
            name=queue,
            contact=ev.ContactArrived("", queue),
            arrivals=constant(3600 * 20, start_ns=0, end_ns=100 * S),
            handling=Exponential(0.03),
            patience=Exponential(0.1),
            wrap_up=Exponential(0.01),
            transfer=0.3,
            transfer_to="support",
        )
        for queue in QUEUES
    ),
    answer=Exponential(0.004),
)


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), steps=st.integers(10, 150))
def test_wherever_it_stands_it_can_be_played_on(seed: int, steps: int) -> None:
    moves, chance = Moves(None), random.Random(seed)
    for _ in range(steps):
        moves.any_move(chance)
    pair = moves.pair
    for contact in pair.snapshot.contacts:
        if contact.state is ContactState.ASSIGNED:
            continue
        for make, distributor in ((Distributor, pair.core), (Reference, pair.reference)):
            found = estimate(pair.snapshot, contact.contact, LIVELY, runs=1, horizon_s=0.2, make=make)
            assert found.position == distributor.position(contact.contact)
