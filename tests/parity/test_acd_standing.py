"""Who stands where, read off a journal, is what the distributor itself says."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from acd_core import Distributor
from acd_core.api import DistributorApi
from acd_core.journal import Encoder, Entry, Header, Standing
from acd_core.states import ContactState
from tests.support.journal_walk import Walk


def check(standing: Standing, distributor: DistributorApi) -> None:
    snapshot = distributor.snapshot()
    agents = {
        one.agent: (one.state, one.reason, one.until_ns, one.contact, one.next_state, one.next_reason or "")
        for one in snapshot.agents
    }
    assert agents == {
        one.agent: (one.state, one.reason, one.until_ns, one.contact, one.wish, one.wish_reason)
        for one in standing.agents.values()
    }
    contacts = {
        one.contact: (one.queue, one.channel, one.arrival_ns, one.agent if one.state is ContactState.ASSIGNED else None)
        for one in snapshot.contacts
    }
    assert contacts == {
        one.contact: (one.queue, one.channel, one.arrival_ns, one.agent) for one in standing.contacts.values()
    }


@settings(max_examples=50)
@given(seed=st.integers(0, 2**32), first=st.integers(0, 150), second=st.integers(0, 150))
def test_the_fold_agrees_with_the_distributor(seed: int, first: int, second: int) -> None:
    """From the beginning of a run, and from the snapshot at the beginning of a later segment."""
    walk = Walk(Distributor, seed=seed)
    whole = Standing(walk.header)
    walk.steps(first)
    whole.take(Entry(*one) for one in walk.history)
    check(whole, walk.distributor)

    before = len(walk.history)
    header = Header("walk", 1, walk.now_ns, walk.header.limits, snapshot=walk.distributor.snapshot())
    Encoder().begin(header)
    later = Standing(header)
    check(later, walk.distributor)
    walk.steps(second)
    later.take(Entry(*one) for one in walk.history[before:])
    whole.take(Entry(*one) for one in walk.history[before:])
    check(later, walk.distributor)
    check(whole, walk.distributor)
