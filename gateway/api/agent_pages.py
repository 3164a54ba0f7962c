"""All open agents' pages: keeps each showing what its agent's desk is.

An event says only *that* an agent's desk changed.  The hub then asks the session for the desk and sends each page the
difference to what it shows, once per turn of the event loop, so pages can't drift away from the truth.  Lines, typing
and recordings pass straight through.  Queue counts of busy hours are told at most four times a second.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from aiohttp import WSCloseCode

from gateway.api.desk import Names, contact_infos, desk_frame, ms_or_none, offer_info, state_info
from gateway.api.frames import (
    AgentRequest,
    AgentStateShown,
    ChatLine,
    ContactGone,
    ContactInfo,
    ContactShown,
    ContactState,
    MediaMoved,
    MediaPlace,
    OfferClosedShown,
    OfferInfo,
    OfferRinging,
    QueueCounts,
    QueueInfo,
    RecordingReady,
    StateInfo,
    Transcript,
    TypingShown,
)
from gateway.api.services import Services
from gateway.api.sessions import Session
from gateway.api.socket import PageSocket, encode
from gateway.model.errors import ZentraleError
from gateway.model.events import (
    AgentStateChanged,
    ContactEvent,
    Event,
    LineWritten,
    OfferClosed,
    Party,
    QueueChanged,
    RecordingStored,
    TypingNoticed,
)
from gateway.model.ids import AgentId, Channel, ContactId
from gateway.session.states import ContactState as Phase
from gateway.session.views import DeskView

log = logging.getLogger(__name__)

QUEUES_S = 0.25
TRANSCRIPT_TASKS_MAX = 1000


class AgentPage:
    """One open page: its socket, and what it shows by now."""

    def __init__(self, agent: AgentId, session: Session, socket: PageSocket[AgentRequest]) -> None:
        self.agent = agent
        self.session = session
        self.socket = socket
        self.state: StateInfo | None = None
        self.offer: OfferInfo | None = None
        self.contacts: dict[str, ContactInfo] = {}
        """In hand or in wrap-up."""
        self.queues: frozenset[str] = frozenset()


class AgentPages:
    def __init__(self, services: Services, names: Names) -> None:
        self._services = services
        self.names = names
        self._pages: dict[AgentId, set[AgentPage]] = {}
        self._audio: dict[ContactId, AgentPage] = {}
        """Which page has a voice contact's audio."""
        self._showing: dict[str, set[AgentPage]] = {}
        """Which pages show a contact, in hand or in wrap-up."""
        self._dirty: set[AgentId] = set()
        self._flush: asyncio.Handle | None = None
        self._queues: dict[str, QueueInfo] = {}
        self._queues_changed: set[str] = set()
        self._queues_timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._unsubscribe = services.bus.subscribe(self._listen)

    async def close(self) -> None:
        """Close every page (1001) and stop listening."""
        self._unsubscribe()
        for timer in (self._flush, self._queues_timer):
            if timer is not None:
                timer.cancel()
        self._flush = self._queues_timer = None
        for page in self._all():
            page.socket.close(WSCloseCode.GOING_AWAY, "Zentrale stops")
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _all(self) -> list[AgentPage]:
        return [page for pages in self._pages.values() for page in pages]

    @property
    def count(self) -> int:
        return sum(map(len, self._pages.values()))

    # Pages

    def connect(self, page: AgentPage) -> None:
        """The page is open: the session signs its agent in if this is the first one; show the desk."""
        agents = self._services.agents
        self._pages.setdefault(page.agent, set()).add(page)
        agents.page_connected(page.agent)
        view = agents.desk(page.agent)
        frame = desk_frame(view, self.names, self._place(page))
        page.state, page.offer = frame.state, frame.offer
        self._shows(page, frame.contacts)
        page.queues = frozenset(queue.name for queue in frame.queues)
        page.socket.send(frame)
        for contact in page.contacts.values():
            self._send_transcript(page, contact)

    def disconnect(self, page: AgentPage) -> None:
        pages = self._pages.get(page.agent, set())
        if page not in pages:
            return
        pages.discard(page)
        if not pages:
            del self._pages[page.agent]
        self._shows(page, [])
        for contact in [contact for contact, owner in self._audio.items() if owner is page]:
            del self._audio[contact]
            self.touch(page.agent)
        self._services.agents.page_disconnected(page.agent)

    def close_session(self, session: Session) -> None:
        """Its cookie is worth nothing any more: close the pages it opened."""
        for page in self._pages.get(session.agent, set()).copy():
            if page.session.id == session.id:
                page.socket.close(4401, "signed out")

    # Audio

    def take_audio(self, page: AgentPage, contact: ContactId) -> None:
        """The page brings the contact's audio; one that had it so far is told to stop."""
        before = self._audio.get(contact)
        self._audio[contact] = page
        if before is not None and before is not page:
            before.socket.send(MediaMoved(contact=contact))
        self.touch(page.agent)

    def _place(self, page: AgentPage) -> Callable[[ContactId], MediaPlace]:
        """Which page has a contact's audio, as this page sees it."""

        def place(contact: ContactId) -> MediaPlace:
            owner = self._audio.get(contact)
            if owner is None or owner.agent != page.agent:
                return MediaPlace.NOWHERE
            return MediaPlace.HERE if owner is page else MediaPlace.ELSEWHERE

        return place

    def _forget_audio(self, page: AgentPage, contact: ContactId) -> None:
        owner = self._audio.get(contact)
        if owner is not None and owner.agent == page.agent:
            del self._audio[contact]

    # Events

    def _listen(self, event: Event) -> None:
        if isinstance(event, QueueChanged):
            self._queue_changed(event)
        elif isinstance(event, AgentStateChanged):
            self.touch(event.agent)
        elif isinstance(event, ContactEvent):
            self._contact_event(event)

    def _contact_event(self, event: ContactEvent) -> None:
        match event:
            case LineWritten():
                for page in self._talking(event.contact):
                    name = page.contacts[event.contact].customer_name
                    page.socket.send(ChatLine(contact=event.contact, line=self.names.line(event, name)))
            case TypingNoticed(author=Party.CUSTOMER):
                for page in self._talking(event.contact):
                    page.socket.send(TypingShown(contact=event.contact, typing=event.typing))
            case TypingNoticed():
                pass
            case RecordingStored():
                frame = RecordingReady(contact=event.contact, recording=event.recording, duration_ms=event.duration_ms)
                for page in self._pages.get(event.agent, ()):
                    page.socket.send(frame)
            case OfferClosed():
                self._close_offer(event)
            case _:
                self._touch_all_of(event)

    def _close_offer(self, event: OfferClosed) -> None:
        for page in self._pages.get(event.agent, ()):
            page.socket.send(OfferClosedShown(offer=event.offer, contact=event.contact, end=event.end))
            if page.offer is not None and page.offer.offer == event.offer:
                page.offer = None
        self.touch(event.agent)

    def _touch_all_of(self, event: ContactEvent) -> None:
        """The agent whom the event names, and whoever has the contact in hand."""
        agent: AgentId | None = getattr(event, "agent", None)
        if agent is not None:
            self.touch(agent)
        for page in self._holding(event.contact):
            self.touch(page.agent)

    def _holding(self, contact: ContactId) -> list[AgentPage]:
        """The pages that show the contact, in hand or in wrap-up."""
        return list(self._showing.get(contact, ()))

    def _talking(self, contact: ContactId) -> list[AgentPage]:
        """Those of whoever has it in hand, not those of an agent who sent it on and wraps up."""
        view = self._services.contacts.view(contact)
        pages = self._holding(contact)
        if view is None or view.state is Phase.ENDED:
            return pages
        return [page for page in pages if page.agent == view.agent]

    def _shows(self, page: AgentPage, contacts: list[ContactInfo]) -> None:
        for contact in page.contacts:
            pages = self._showing[contact]
            pages.discard(page)
            if not pages:
                del self._showing[contact]
        page.contacts = {contact.contact: contact for contact in contacts}
        for contact in page.contacts:
            self._showing.setdefault(contact, set()).add(page)

    def touch(self, agent: AgentId) -> None:
        """The agent's desk changed: show it, after all that happens in this turn of the loop has happened."""
        if agent not in self._pages:
            return
        self._dirty.add(agent)
        if self._flush is None:
            self._flush = asyncio.get_running_loop().call_soon(self._refresh)

    def _refresh(self) -> None:
        self._flush = None
        dirty, self._dirty = self._dirty, set()
        for agent in dirty:
            try:
                view = self._services.agents.desk(agent)
            except ZentraleError:
                log.exception("no desk for agent %s", agent)
                continue
            for page in list(self._pages.get(agent, ())):
                self._show(page, view)

    def _show(self, page: AgentPage, view: DeskView) -> None:
        """Send what differs from what the page shows."""
        send = page.socket.send
        before = page.contacts
        self._shows(page, contact_infos(view, self._place(page)))
        for gone in [contact for contact in before if contact not in page.contacts]:
            self._forget_audio(page, ContactId(gone))
            send(ContactGone(contact=gone))
        for info in page.contacts.values():
            if info.state is ContactState.WRAP_UP:
                self._forget_audio(page, ContactId(info.contact))
            if info != before.get(info.contact):
                send(ContactShown(contact=info))
            if info.contact not in before:
                self._send_transcript(page, info)
        state = state_info(view)
        if state != page.state:
            page.state = state
            send(AgentStateShown(state=state))
        offer = None if view.offer is None else offer_info(view.offer)
        if offer != page.offer:
            page.offer = offer
            if offer is not None:
                send(OfferRinging(offer=offer))

    def _queue_changed(self, event: QueueChanged) -> None:
        self._queues[event.queue] = QueueInfo(
            name=event.queue,
            title=self.names.queue_title(event.queue),
            outcomes=self.names.outcomes(event.queue),
            waiting=event.waiting,
            longest_since_ms=ms_or_none(event.oldest_arrival_ns),
            open=event.open,
        )
        self._queues_changed.add(event.queue)
        if self._queues_timer is None:
            self._queues_timer = asyncio.get_running_loop().call_later(QUEUES_S, self._send_queues)

    def _send_queues(self) -> None:
        self._queues_timer = None
        changed, self._queues_changed = self._queues_changed, set()
        frames: dict[frozenset[str], bytes] = {}
        for page in self._all():
            mine = page.queues & changed
            if not mine:
                continue
            if mine not in frames:
                frames[mine] = encode(QueueCounts(queues=[self._queues[name] for name in sorted(mine)]))
            page.socket.send_encoded(frames[mine])

    # Transcripts

    def _send_transcript(self, page: AgentPage, contact: ContactInfo) -> None:
        if contact.channel is not Channel.CHAT or len(self._tasks) >= TRANSCRIPT_TASKS_MAX:
            return
        task = asyncio.get_running_loop().create_task(self._read_transcript(page, contact))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _read_transcript(self, page: AgentPage, contact: ContactInfo) -> None:
        """Lines are on disk before they are published, and the page listens already: none is missed."""
        try:
            timeline = await self._services.store.timeline(ContactId(contact.contact))
        except ZentraleError:
            log.exception("no transcript of contact %s", contact.contact)
            return
        lines = [self.names.line(e, contact.customer_name) for e in timeline if isinstance(e, LineWritten)]
        page.socket.send(Transcript(contact=contact.contact, lines=lines))
