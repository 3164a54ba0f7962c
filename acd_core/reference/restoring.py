"""From a snapshot back to a distributor that goes on as the one it was taken of."""

from __future__ import annotations

from acd_core.errors import not_fresh
from acd_core.events import Lane
from acd_core.reference.records import Agent, Contact, Exclusion, Offer, Queue, Work
from acd_core.reference.settling import Settling
from acd_core.snapshots import check_snapshot
from acd_core.states import AgentState, ContactState
from acd_core.views import AgentView, ContactView, OfferView, QueueView, Snapshot


class Restoring(Settling):
    def restore(self, snapshot: Snapshot) -> None:
        if self._now_ns or self._sequence or self._queues or self._agents:
            raise not_fresh()
        check_snapshot(snapshot)
        self._now_ns, self._sequence = snapshot.now_ns, snapshot.sequence
        self._offers_made, self._passed = snapshot.offers_made, snapshot.passed
        self._matching = snapshot.matching
        self._window_ns, self._window_sequence = snapshot.window_ns, snapshot.window_sequence
        for queue in snapshot.queues:
            self._queues[queue.queue] = _restore_queue(queue)
        for contact in snapshot.contacts:
            self._contacts[contact.contact] = self._restore_contact(contact)
        for agent in snapshot.agents:
            self._agents[agent.agent] = _restore_agent(agent)
        for offer in snapshot.offers:
            self._restore_offer(offer)
        for one in snapshot.exclusions:
            exclusion = Exclusion(one.contact, one.agent, one.until_ns, one.timer_sequence)
            self._exclusions[one.contact, one.agent] = exclusion

    def _restore_contact(self, view: ContactView) -> Contact:
        return Contact(
            view.contact,
            self._queues[view.queue],
            view.channel,
            frozenset(view.skills),
            view.needs,
            view.priority,
            view.bonus_ms,
            view.topic,
            frozenset(view.excluded),
            view.preferred,
            view.preferred_ms,
            view.arrival_ns,
            view.sequence,
            view.state,
            view.agent if view.state is ContactState.ASSIGNED else None,
            preferring=view.preferring,
            entered_ns=view.entered_ns,
            step=view.step,
            held=view.held,
            held_until_ns=view.held_until_ns,
            hops=view.hops,
            charged=view.charged,
            overflow_tried=view.overflow_tried,
        )

    def _restore_offer(self, view: OfferView) -> None:
        contact, agent = self._contacts[view.contact], self._agents[view.agent]
        offer = Offer(view.offer, contact, agent, view.expires_ns, view.timer_sequence, None)
        self._offers[view.offer] = offer
        contact.offers.append(offer)


def _restore_queue(view: QueueView) -> Queue:
    assert view.settings is not None
    measured = [bool(view.recent >> age & 1) for age in reversed(range(view.seen))]
    return Queue(view.settings, view.closed, view.passed, measured)


def _restore_agent(view: AgentView) -> Agent:
    assert view.settings is not None
    return Agent(
        view.settings,
        view.state,
        view.reason,
        view.since_ns,
        view.until_ns,
        view.contact,
        view.offer,
        view.next_state,
        view.next_reason,
        view.return_ms,
        view.idle_since_ns,
        view.idle_sequence,
        view.timer_sequence if view.state is AgentState.NOT_RESPONDING else None,
        [
            Work(
                one.contact,
                Lane(one.lane, weight=one.weight),
                one.interruptible,
                one.interrupted,
                one.until_ns,
                one.timer_sequence,
            )
            for one in view.work
        ],
        view.last_offer,
    )
