"""The floor of the contact centre: everything that is live just now, and the instruments that the use cases share.

`ContactService`, `AgentService` and the handling of decisions are three views of one state; this is that state.  It has
look-ups and views but no behaviour of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from acd_core.decisions import OfferMade
from acd_core.errors import AcdError
from gateway.config.schema import AgentConfig, LimitsConfig, NumberConfig, QueueConfig
from gateway.model.clock import MS, Clock, Scheduler, Timer
from gateway.model.errors import NotFoundError
from gateway.model.events import AgentState, Party, QueueChanged
from gateway.model.ids import AgentId, ContactId, OfferId, QueueName
from gateway.model.media import MediaPlane
from gateway.model.ports import VoiceLine
from gateway.routing.router import Router
from gateway.session.contact import Contact
from gateway.session.eventlog import EventLog
from gateway.session.states import ContactState
from gateway.session.tally import QueueTally
from gateway.session.views import ContactView, DeskView, OfferView, QueueView

AT_WORK = frozenset({AgentState.AVAILABLE, AgentState.OFFERED, AgentState.BUSY, AgentState.WRAP_UP})


@dataclass(slots=True)
class Work:
    """A contact that an agent has in hand or wraps up."""

    contact: Contact
    queue: QueueConfig
    """As of acceptance: where its outcomes come from, wherever the contact went."""
    until_ns: int | None = None
    """When its wrap-up ends by itself."""
    gone: bool = False
    """The contact was transferred; what is left is the wrap-up."""

    @property
    def in_hand(self) -> bool:
        return not self.gone and self.contact.with_agent


@dataclass(slots=True)
class Seat:
    """One agent's place: how the distributor sees them, and which of their pages are open."""

    config: AgentConfig
    state: AgentState = AgentState.SIGNED_OUT
    reason: str = ""
    since_ns: int = 0
    until_ns: int | None = None
    pages: int = 0
    offer: OfferMade | None = None
    offered_ns: int = 0
    works: dict[ContactId, Work] = field(default_factory=dict)
    """In order of acceptance."""
    away_timer: Timer | None = None
    """Runs while all pages are away."""
    was_ready: bool = False
    """Was available (or busy) when the last page went away: goes back to available when one returns."""

    def in_hand(self) -> list[Contact]:
        """The contacts that are not in wrap-up."""
        return [work.contact for work in self.works.values() if work.in_hand]


class Floor:
    """One per process; every call on the event loop."""

    def __init__(
        self,
        *,
        queues: list[QueueConfig],
        numbers: list[NumberConfig],
        agents: list[AgentConfig],
        limits: LimitsConfig,
        clock: Clock,
        scheduler: Scheduler,
        log: EventLog,
        media: MediaPlane,
        router: Router,
    ) -> None:
        self.queues = {queue.name: queue for queue in queues}
        self.numbers = {number.number: number for number in numbers}
        self.seats = {agent.login: Seat(agent) for agent in agents}
        self.limits = limits
        self.clock = clock
        self.scheduler = scheduler
        self.log = log
        self.media = media
        self.router = router
        self.contacts: dict[ContactId, Contact] = {}
        """All that have not ended, and the ended ones that an agent still wraps up."""
        self.by_line: dict[VoiceLine, Contact] = {}
        self.closed: set[QueueName] = set()
        """Queues outside their opening hours."""
        self.draining = False
        self._queues_changed: set[QueueName] = set()
        self._tallies = {queue.name: QueueTally() for queue in queues}
        self._live_voice = 0
        self._live_chats = 0

    def queue(self, name: QueueName) -> QueueConfig:
        queue = self.queues.get(name)
        if queue is None:
            raise NotFoundError(f"there is no queue {name!r}; the configuration has {', '.join(sorted(self.queues))}")
        return queue

    def seat(self, agent: AgentId) -> Seat:
        seat = self.seats.get(agent)
        if seat is None:
            raise NotFoundError(f"there is no agent {agent!r} in the configuration")
        return seat

    def contact(self, contact: ContactId) -> Contact:
        """A live contact or one in wrap-up."""
        found = self.contacts.get(contact)
        if found is None:
            raise NotFoundError(f"there is no live contact {contact!r}; it may have ended")
        return found

    def live(self, *, voice: bool) -> int:
        return self._live_voice if voice else self._live_chats

    # Counts: kept at the three places where they change

    def add(self, contact: Contact) -> None:
        """A new contact, made with `contact_moved`."""
        self.contacts[contact.id] = contact
        self._count_live(contact, 1)

    def contact_moved(self, contact: Contact, before: ContactState) -> None:
        tally = self._tallies[contact.queue.name]
        if contact.state is ContactState.WAITING:
            tally.came(contact.id, contact.opened_ns)
        elif before is ContactState.WAITING:
            tally.left(contact.id)
        if contact.ended:
            self._count_live(contact, -1)

    def change_queue(self, contact: Contact, queue: QueueConfig) -> None:
        """It waits elsewhere from now on, at its old place."""
        if contact.state is ContactState.WAITING:
            self._tallies[contact.queue.name].left(contact.id)
            self._tallies[queue.name].came(contact.id, contact.opened_ns)
        contact.queue = queue

    def _count_live(self, contact: Contact, change: int) -> None:
        if contact.channel.has_voice:
            self._live_voice += change
        else:
            self._live_chats += change

    def move_seat(self, seat: Seat, state: AgentState) -> None:
        before, seat.state = seat.state, state
        for name in seat.config.queues:
            self._tallies[name].agent_moved(before, state)

    def give(self, seat: Seat, contact: Contact) -> None:
        """The agent has accepted it."""
        before = seat.works.pop(contact.id, None)
        if before is None:
            contact.holders += 1
        contact.agent = seat.config.login
        seat.works[contact.id] = Work(contact, contact.queue)

    def take(self, seat: Seat, contact: ContactId) -> None:
        """The agent has no more to do with it; forget it when it has ended and nobody else has."""
        work = seat.works.pop(contact, None)
        if work is None:
            return
        work.contact.holders -= 1
        if work.contact.ended and not work.contact.holders:
            self.contacts.pop(contact, None)

    # Views

    def work_view(self, work: Work, seat: Seat) -> ContactView:
        """As the agent sees it: one that was transferred has ended for them."""
        view = self.contact_view(work.contact)
        until_ns = work.until_ns if seat.config.lanes else seat.until_ns
        if not work.gone:
            return msgspec.structs.replace(view, until_ns=until_ns)
        return msgspec.structs.replace(
            view,
            queue=work.queue.name,
            queue_title=work.queue.title,
            state=ContactState.ENDED,
            agent=seat.config.login,
            agent_name=seat.config.name,
            position=None,
            outcomes=work.queue.outcomes,
            until_ns=until_ns,
        )

    def contact_view(self, contact: Contact) -> ContactView:
        seat = self.seats.get(contact.agent) if contact.agent is not None else None
        return ContactView(
            contact=contact.id,
            channel=contact.channel,
            queue=contact.queue.name,
            queue_title=contact.queue.title,
            customer=contact.customer,
            called=contact.called,
            state=contact.state,
            agent=contact.agent,
            agent_name=seat.config.name if seat is not None else None,
            position=self.position(contact),
            opened_ns=contact.opened_ns,
            answered_ns=contact.answered_ns,
            outcomes=contact.queue.outcomes,
            outcome=contact.outcome,
            customer_connected=contact.customer_connected,
            video_allowed=contact.may_show,
            customer_shows=contact.video[Party.CUSTOMER].source,
            agent_shows=contact.video[Party.AGENT].source,
            recording=contact.recording,
        )

    def position(self, contact: Contact) -> int | None:
        """Place in the queue, counted from 1; None for who does not wait."""
        if contact.state is not ContactState.WAITING:
            return None
        try:
            return self.router.position(contact.id)
        except AcdError:
            # Asked in the middle of its way into the queue or out of it.
            return None

    def desk_view(self, seat: Seat) -> DeskView:
        offer = seat.offer
        return DeskView(
            agent=seat.config.login,
            name=seat.config.name,
            state=seat.state,
            reason=seat.reason,
            since_ns=seat.since_ns,
            until_ns=seat.until_ns,
            offer=None if offer is None else self.offer_view(seat, offer),
            contacts=[self.work_view(work, seat) for work in seat.works.values()],
            queues=[self.queue_view(name) for name in seat.config.queues],
            now_ns=self.clock.now_ns(),
        )

    def offer_view(self, seat: Seat, offer: OfferMade) -> OfferView:
        return OfferView(
            offer=OfferId(offer.offer),
            contact=self.contact_view(self.contact(ContactId(offer.contact))),
            offered_ns=seat.offered_ns,
            expires_ns=offer.expires_ns,
            waited_ms=offer.waited_ns // MS,
            why=offer.explanation.sentence(),
        )

    def queue_view(self, name: QueueName) -> QueueView:
        title = self.queue(name).title
        tally = self._tallies[name]
        return QueueView(
            queue=name,
            title=title,
            waiting=tally.waiting,
            oldest_arrival_ns=tally.oldest_arrival_ns(),
            agents_available=tally.available,
            agents_signed_in=tally.signed_in,
            open=name not in self.closed,
        )

    def queue_changed(self, name: QueueName) -> None:
        """Tell the pages how the queue stands; once for all changes of one turn of the event loop."""
        if not self._queues_changed:
            self.scheduler.call_later(0, self._publish_queues)
        self._queues_changed.add(name)

    def _publish_queues(self) -> None:
        changed, self._queues_changed = self._queues_changed, set()
        for name in sorted(changed):
            view = self.queue_view(name)
            self.log.emit(
                QueueChanged(
                    at_ns=self.clock.now_ns(),
                    queue=name,
                    waiting=view.waiting,
                    oldest_arrival_ns=view.oldest_arrival_ns,
                    agents_available=view.agents_available,
                    agents_signed_in=view.agents_signed_in,
                    open=view.open,
                ),
                stored=False,
            )
