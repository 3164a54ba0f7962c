"""Whether a snapshot tells of one distributor: what names something else finds it, and both sides say the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from acd_core import checks
from acd_core.errors import InvalidEventError, InvalidSnapshotError
from acd_core.events import ContactArrived
from acd_core.limits import HOPS_MAX, MEASURED
from acd_core.states import AgentState, ContactState
from acd_core.views import AgentView, ContactView, Snapshot

HELD = ("", "deferred", "closed")
COUNTED_MAX: Final = 1 << 62
PASSED_MAX: Final = 1 << 60
"""Of the highest toll, once for each of a billion contacts; no sum of a score's terms with it leaves 64 bits."""


def check_snapshot(snapshot: object) -> None:
    """Raises `InvalidSnapshotError` with the first fault.  Types of fields are those of the views: a journal's are."""
    if type(snapshot) is not Snapshot:
        raise InvalidSnapshotError(f"it must be a Snapshot, got {snapshot!r:.80}")
    try:
        checks.check_time(snapshot.now_ns, 0)
        checks.check_matching_configured(snapshot.matching)
        for queue in snapshot.queues:
            if queue.settings is None:
                raise InvalidSnapshotError(f"queue {queue.queue!r:.80} has no settings: it is of an older version")
            checks.check_queue_configured(queue.settings)
        for agent in snapshot.agents:
            if agent.settings is None:
                raise InvalidSnapshotError(f"agent {agent.agent!r:.80} has no settings: it is of an older version")
            checks.check_agent_signed_in(agent.settings)
        for contact in snapshot.contacts:
            checks.check_contact_arrived(as_arrived(contact), snapshot.now_ns)
        _check_numbers(snapshot)
    except InvalidEventError as error:
        raise InvalidSnapshotError(str(error)) from error
    for fault in _faults(snapshot):
        raise InvalidSnapshotError(fault)


def as_arrived(view: ContactView) -> ContactArrived:
    """As if it came now, to the queue that it is in."""
    return ContactArrived(
        view.contact,
        view.queue,
        frozenset(view.skills),
        view.channel,
        view.arrival_ns,
        view.needs,
        view.priority,
        view.bonus_ms,
        view.topic,
        frozenset(view.excluded),
        view.preferred,
        view.preferred_ms,
    )


def _check_numbers(snapshot: Snapshot) -> None:
    """All that the checks of events do not look at.

    Nothing was done later than now, nothing is due more than a day later, and no number is one that was not given yet.
    """
    now, given = snapshot.now_ns, snapshot.sequence
    ahead = now + checks.DURATION_MS_MAX * checks.NS_PER_MS
    _check_ranges(
        snapshot,
        "the snapshot",
        sequence=COUNTED_MAX,
        offers_made=COUNTED_MAX,
        passed=PASSED_MAX,
        window_ns=ahead,
        window_sequence=given,
    )
    for queue in snapshot.queues:
        _check_ranges(queue, queue.queue, passed=PASSED_MAX, seen=MEASURED)
        _check_ranges(queue, queue.queue, recent=(1 << queue.seen) - 1)
    for agent in snapshot.agents:
        _check_ranges(
            agent,
            agent.agent,
            since_ns=now,
            until_ns=ahead,
            idle_since_ns=now,
            idle_sequence=given,
            timer_sequence=given,
            last_offer=snapshot.offers_made,
            return_ms=checks.DURATION_MS_MAX,
        )
        for work in agent.work:
            _check_ranges(work, agent.agent, until_ns=ahead, timer_sequence=given)
    for contact in snapshot.contacts:
        _check_ranges(
            contact,
            contact.contact,
            sequence=given,
            entered_ns=now,
            step=checks.STEPS_MAX,
            held_until_ns=ahead,
            hops=HOPS_MAX,
        )
    for offer in snapshot.offers:
        _check_ranges(offer, offer.contact, offer=snapshot.offers_made, expires_ns=ahead, timer_sequence=given)
    for exclusion in snapshot.exclusions:
        _check_ranges(exclusion, exclusion.contact, until_ns=ahead, timer_sequence=given)


def _check_ranges(row: object, owner: str, **most: int) -> None:
    """The row's fields of these names are 0 to so much, or not there; in words only where one is not."""
    for field, bound in most.items():
        value = getattr(row, field)
        if value is not None and (type(value) is not int or not 0 <= value <= bound):
            checks.check_int(value, f"{field} of {owner!r:.80}", 0, bound)


def _faults(snapshot: Snapshot) -> Iterator[str]:
    queues = {one.queue for one in snapshot.queues}
    agents = {one.agent: one for one in snapshot.agents}
    contacts = {one.contact: one for one in snapshot.contacts}
    offers = {one.offer: one for one in snapshot.offers}
    ringing: dict[str, list[int]] = {}
    for offer in snapshot.offers:
        ringing.setdefault(offer.contact, []).append(offer.offer)
    yield from _twice("queue", (one.queue for one in snapshot.queues))
    yield from _twice("agent", (one.agent for one in snapshot.agents))
    yield from _twice("contact", (one.contact for one in snapshot.contacts))
    yield from _twice("offer to agent", (one.agent for one in snapshot.offers))
    yield from _twice("exclusion", ((one.contact, one.agent) for one in snapshot.exclusions))
    for queue in snapshot.queues:
        if queue.settings is not None and queue.settings.queue != queue.queue:
            yield f"queue {queue.queue!r:.80} has the settings of another"
    for contact in snapshot.contacts:
        yield from _contact_faults(contact, queues, agents)
        if sorted(contact.offers) != sorted(ringing.get(contact.contact, ())):
            yield f"contact {contact.contact!r:.80} and the offers do not agree"
    for agent in snapshot.agents:
        yield from _agent_faults(agent, contacts)
        if agent.offer is not None and (agent.offer not in offers or offers[agent.offer].agent != agent.agent):
            yield f"agent {agent.agent!r:.80} and the offers do not agree"
    for offer in snapshot.offers:
        if offer.contact not in contacts or offer.agent not in agents or agents[offer.agent].offer != offer.offer:
            yield f"offer {offer.offer} is of a contact or agent who is not there, or knows nothing of it"
    for exclusion in snapshot.exclusions:
        if exclusion.contact not in contacts or exclusion.agent not in agents:
            yield f"{exclusion} is of a contact or agent who is not there"
    if (snapshot.window_ns is None) != (snapshot.window_sequence is None):
        yield "the matching window has a time or a number, but not both"


def _twice(what: str, names: Iterable[object]) -> Iterator[str]:
    for name, count in Counter(names).items():
        if count > 1:
            yield f"{what} {name!r:.80} is there twice"


def _contact_faults(view: ContactView, queues: set[str], agents: dict[str, AgentView]) -> Iterator[str]:
    what = f"contact {view.contact!r:.80}"
    if view.queue not in queues:
        yield f"{what} is in queue {view.queue!r:.80}, which is not there"
    if type(view.state) is not ContactState or view.state is ContactState.ENDED or view.held not in HELD:
        yield f"{what} is {view.state!r}, held {view.held!r:.80}"
    if bool(view.offers) != (view.state is ContactState.OFFERED) or (view.held and view.offers):
        yield f"{what} is {view.state}, with {len(view.offers)} offers"
    if view.preferring and view.preferred is None:
        yield f"{what} waits for an agent who is not named"
    in_hand = agents[view.agent].work if view.agent in agents else ()
    held = sum(work.contact == view.contact and work.until_ns is None for work in in_hand)
    if view.state is ContactState.ASSIGNED and held != 1:
        yield f"{what} is assigned to {view.agent!r:.80}, who does not have it"


def _agent_faults(view: AgentView, contacts: dict[str, ContactView]) -> Iterator[str]:
    what = f"agent {view.agent!r:.80}"
    if view.settings is not None and view.settings.agent != view.agent:
        yield f"{what} has the settings of another"
    for state in (view.state, view.next_state or AgentState.PAUSED):
        if type(state) is not AgentState:
            yield f"{what} is, or is to become, {state!r:.80}"
    if view.state is AgentState.SIGNED_OUT or (view.offer is not None) != (view.state is AgentState.OFFERED):
        yield f"{what} is {view.state}, with offer {view.offer}"
    if (view.next_state is None) != (view.next_reason is None):
        yield f"{what} has a wish without a reason, or the other way round"
    for work in view.work:
        contact = contacts.get(work.contact)
        if (work.until_ns is None) != (work.timer_sequence is None) or not 1 <= work.weight <= checks.CAPACITY_MAX:
            yield f"{what} has a work that can't be: {work!r:.200}"
        if work.until_ns is None and (contact is None or contact.agent != view.agent):
            yield f"{what} has {work.contact!r:.80} in hand, which is not assigned to them"
    active = any(work.until_ns is None and not work.interrupted for work in view.work)
    empty = (AgentState.AVAILABLE, AgentState.PAUSED, AgentState.NOT_RESPONDING)
    if (view.state is AgentState.BUSY and not active) or (view.state in empty and view.work):
        yield f"{what} is {view.state}, with {len(view.work)} works"
    if view.state is AgentState.WRAP_UP and (active or all(work.until_ns is None for work in view.work)):
        yield f"{what} is in wrap-up without one"
    if view.state is AgentState.NOT_RESPONDING and (view.until_ns is None) != (view.timer_sequence is None):
        yield f"{what} is back at a time without a number, or the other way round"
