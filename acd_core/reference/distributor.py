"""What happens on each event, by the book: check everything, change, then settle by looking at everybody.

The rules are those of docs/design/distributor-rules.md, section 9 for events.  `contacts` has the events of contacts;
this module those of queues, agents, offers and timers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from acd_core import checks
from acd_core import events as ev
from acd_core.decisions import Decision
from acd_core.errors import DuplicateAgentError, InvalidEventError, LimitError, queue_in_use
from acd_core.limits import Limits
from acd_core.reference.contacts import ContactEvents
from acd_core.reference.records import Agent, Contact, Exclusion, Offer, Queue, Work
from acd_core.reference.state import list_agent_skills
from acd_core.requirements import list_queue_skills
from acd_core.states import AgentState, ContactState, OfferEnd

WINDOW = "window"


class Distributor(ContactEvents):
    """The oracle; see `acd_core.api.DistributorApi` for what the methods do."""

    def __init__(self, limits: Limits | None = None) -> None:
        super().__init__(limits)
        self._handlers: dict[type, Callable[[Any, int], None]] = {
            ev.QueueConfigured: self._queue_configured,
            ev.QueueRemoved: self._queue_removed,
            ev.QueueOpened: self._queue_opened,
            ev.QueueClosed: self._queue_closed,
            ev.MatchingConfigured: self._matching_configured,
            ev.AgentSignedIn: self._agent_signed_in,
            ev.AgentChanged: self._agent_changed,
            ev.AgentReady: self._agent_ready,
            ev.AgentPaused: self._agent_paused,
            ev.AgentSignedOut: self._agent_signed_out,
            ev.ContactArrived: self._contact_arrived,
            ev.ContactChanged: self._contact_changed,
            ev.ContactDeferred: self._contact_deferred,
            ev.ContactReturned: self._contact_returned,
            ev.ContactTransferred: self._contact_transferred,
            ev.ContactAbandoned: self._contact_abandoned,
            ev.ContactEnded: self._contact_ended,
            ev.ContactRequeued: self._contact_requeued,
            ev.AssignmentOrdered: self._assignment_ordered,
            ev.OfferAccepted: self._offer_accepted,
            ev.OfferRejected: self._offer_rejected,
            ev.OfferRevoked: self._offer_revoked,
            ev.WrapUpFinished: self._wrap_up_finished,
            ev.WrapUpExtended: self._wrap_up_extended,
        }

    def handle(self, event: ev.Event, now_ns: int) -> list[Decision]:
        checks.check_time(now_ns, self._now_ns)
        handler = self._handlers.get(type(event))
        if handler is None:
            raise InvalidEventError(f"not an event of the distributor: {event!r:.80}")
        handler(event, now_ns)
        self._now_ns = now_ns
        self._settle()
        return self._take_decisions()

    def get_timer(self) -> int | None:
        timers = self._timers()
        return min(timer[:2] for timer in timers)[0] if timers else None

    def handle_timer(self, now_ns: int) -> list[Decision]:
        checks.check_time(now_ns, self._now_ns)
        self._now_ns = now_ns
        while timers := self._timers():
            due_ns, _, what = min(timers, key=lambda timer: timer[:2])
            if due_ns > now_ns:
                break
            self._run_timer(what)
            self._settle()
        return self._take_decisions()

    # Timers

    def _timers(self) -> list[tuple[int, int, object]]:
        """Due time, order among those of the same time (never equal), and whose it is."""
        timers: list[tuple[int, int, object]] = []
        timers += ((offer.expires_ns, offer.timer_sequence, offer) for offer in self._offers.values())
        timers += ((one.until_ns, one.timer_sequence, one) for one in self._exclusions.values())
        for agent in self._agents.values():
            if agent.until_ns is not None and agent.timer_sequence is not None:
                timers.append((agent.until_ns, agent.timer_sequence, agent))
            for work in agent.work:
                if work.until_ns is not None and work.timer_sequence is not None:
                    timers.append((work.until_ns, work.timer_sequence, (agent, work)))
        for contact in self._contacts.values():
            due_ns = contact.due_ns()
            if due_ns is not None:
                timers.append((due_ns, contact.sequence, contact))
        if self._window_ns is not None and self._window_sequence is not None:
            timers.append((self._window_ns, self._window_sequence, WINDOW))
        return timers

    def _run_timer(self, what: object) -> None:
        match what:
            case Offer():
                return_ms = what.contact.queue.settings.return_ms
                self._end_offer(what, OfferEnd.EXPIRED, "no answer")
                self._release(what.agent, AgentState.NOT_RESPONDING, "no answer", return_ms=return_ms)
                self._come_back(what.contact)
            case Exclusion():
                del self._exclusions[what.contact, what.agent]
            case Agent():
                self._become(what, AgentState.AVAILABLE, "back after not responding")
            case (Agent() as agent, Work() as work):
                self._end_wrap_up(agent, work, "wrap-up over")
            case Contact() if what.held:
                self._enter(what)
            case Contact():
                self._catch_up(what)
            case _:
                self._end_window()

    # Queues

    def _queue_configured(self, event: ev.QueueConfigured, now_ns: int) -> None:
        checks.check_queue_configured(event)
        queue = self._queues.get(event.queue)
        if queue is None and len(self._queues) >= self._limits.queues_max:
            raise LimitError("queues_max", self._limits.queues_max)
        self._check_skills_limit(list_queue_skills(event))
        self._now_ns = now_ns
        if queue is None:
            self._queues[event.queue] = Queue(event)
            return
        queue.settings = event
        present = [one for one in self._contacts.values() if one.queue is queue and not one.held]
        for contact in sorted(present, key=lambda one: one.place):
            if contact.state in (ContactState.WAITING, ContactState.OFFERED):
                self._catch_up(contact)

    def _queue_removed(self, event: ev.QueueRemoved, now_ns: int) -> None:
        queue = self._queue(event.queue)
        contacts = sum(contact.queue is queue for contact in self._contacts.values())
        if contacts:
            raise queue_in_use(queue.name, contacts)
        del self._queues[queue.name]

    def _queue_opened(self, event: ev.QueueOpened, now_ns: int) -> None:
        queue = self._queue(event.queue)
        self._now_ns = now_ns
        queue.closed = False
        held = [one for one in self._contacts.values() if one.queue is queue and one.held == "closed"]
        for contact in sorted(held, key=lambda one: one.place):
            self._enter(contact)

    def _queue_closed(self, event: ev.QueueClosed, now_ns: int) -> None:
        checks.check_flag(event.drain, "drain")
        queue = self._queue(event.queue)
        self._now_ns = now_ns
        queue.closed = True
        if not event.drain:
            for contact in self._in_line(queue):
                self._enter(contact)

    def _matching_configured(self, event: ev.MatchingConfigured, now_ns: int) -> None:
        checks.check_matching_configured(event)
        self._now_ns = now_ns
        self._matching = event
        if self._window_ns is not None and not event.window_ms:
            self._end_window()

    # Agents

    def _agent_signed_in(self, event: ev.AgentSignedIn, now_ns: int) -> None:
        checks.check_agent_signed_in(event)
        if event.agent in self._agents:
            raise DuplicateAgentError(event.agent)
        self._check_queues_known(event.queues)
        if len(self._agents) >= self._limits.agents_max:
            raise LimitError("agents_max", self._limits.agents_max)
        agent = Agent(event)
        self._check_skills_limit(list_agent_skills(event))
        self._check_profiles_limit(agent.profile)
        self._agents[agent.name] = agent
        self._now_ns = now_ns
        self._show(agent, AgentState.PAUSED, "signed in")

    def _agent_changed(self, event: ev.AgentChanged, now_ns: int) -> None:
        checks.check_agent_signed_in(event)
        agent = self._agent(event.agent)
        self._check_queues_known(event.queues)
        self._check_skills_limit(list_agent_skills(event))
        self._check_profiles_limit(Agent(event).profile)
        self._now_ns = now_ns
        lost = agent.queues - event.queues
        agent.configure(event)
        offer = self._offers[agent.offer] if agent.offer is not None else None
        if offer is not None and not agent.has_room(offer.contact.channel):
            self._take_back(offer, "agent changed")
            self._come_back(offer.contact)
        self._lost_agent(lost)

    def _agent_ready(self, event: ev.AgentReady, now_ns: int) -> None:
        agent = self._agent(event.agent)
        self._now_ns = now_ns
        agent.next_state = agent.next_reason = None
        agent.return_ms = 0
        if agent.state is AgentState.WRAP_UP:
            agent.work = [work for work in agent.work if not work.is_wrap_up]
            self._release(agent, AgentState.AVAILABLE, "ready", freed=True)
        elif agent.state in (AgentState.PAUSED, AgentState.NOT_RESPONDING):
            self._become(agent, AgentState.AVAILABLE, "ready")

    def _agent_paused(self, event: ev.AgentPaused, now_ns: int) -> None:
        checks.check_reason(event.reason)
        agent = self._agent(event.agent)
        self._now_ns = now_ns
        if agent.work or agent.offer is not None:
            agent.next_state, agent.next_reason, agent.return_ms = AgentState.PAUSED, event.reason, 0
        else:
            self._become(agent, AgentState.PAUSED, event.reason)

    def _agent_signed_out(self, event: ev.AgentSignedOut, now_ns: int) -> None:
        agent = self._agent(event.agent)
        self._now_ns = now_ns
        if agent.offer is not None:
            offer = self._offers[agent.offer]
            self._end_offer(offer, OfferEnd.REVOKED, "signed out")
            self._release(agent, AgentState.SIGNED_OUT, "signed out")
            self._come_back(offer.contact)
        elif agent.work:
            agent.next_state, agent.next_reason, agent.return_ms = AgentState.SIGNED_OUT, "signed out", 0
        else:
            self._become(agent, AgentState.SIGNED_OUT, "signed out")

    # Offers

    def _offer_accepted(self, event: ev.OfferAccepted, now_ns: int) -> None:
        agent = self._agent(event.agent)
        offer = self._answerable_offer(event.offer, agent, now_ns)
        self._now_ns = now_ns
        self._measure(offer.contact, served=True)
        self._accept(offer)

    def _offer_rejected(self, event: ev.OfferRejected, now_ns: int) -> None:
        checks.check_reason(event.reason)
        agent = self._agent(event.agent)
        offer = self._answerable_offer(event.offer, agent, now_ns)
        self._now_ns = now_ns
        self._end_offer(offer, OfferEnd.REJECTED, event.reason)
        self._release(agent, AgentState.AVAILABLE, event.reason or "rejected", offer.contact)
        self._come_back(offer.contact)

    def _offer_revoked(self, event: ev.OfferRevoked, now_ns: int) -> None:
        checks.check_reason(event.reason)
        state = checks.check_after_release(event.agent_state)
        offer = self._open_offer(event.offer)
        self._now_ns = now_ns
        self._end_offer(offer, OfferEnd.REVOKED, event.reason)
        self._release(offer.agent, state, event.reason, offer.contact)
        self._come_back(offer.contact)

    # Wrap-up

    def _end_wrap_up(self, agent: Agent, work: Work, reason: str) -> None:
        agent.work.remove(work)
        self._release(agent, AgentState.AVAILABLE, reason, freed=True)

    def _wrap_up_finished(self, event: ev.WrapUpFinished, now_ns: int) -> None:
        agent, work = self._in_wrap_up(event.agent, event.contact)
        self._now_ns = now_ns
        self._end_wrap_up(agent, work, "wrap-up finished")

    def _wrap_up_extended(self, event: ev.WrapUpExtended, now_ns: int) -> None:
        checks.check_wrap_up_extended(event, now_ns)
        agent, work = self._in_wrap_up(event.agent, event.contact)
        self._now_ns = now_ns
        work.until_ns, work.timer_sequence = event.until_ns, self._next()
        self._show(agent, AgentState.WRAP_UP, "wrap-up extended")
