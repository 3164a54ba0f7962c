"""All open agents' pages: keeps each showing what its agent's desk is.

An event says only *that* an agent's desk changed.  The hub then asks the session for the desk and sends each page the
difference to what it shows, once per turn of the event loop, so pages can't drift away from the truth.  Lines, typing
and recordings pass straight through.  Queue counts of busy hours are told at most four times a second.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection

from aiohttp import WSCloseCode

from gateway.api.desk import Names, contact_info, desk_frame, ms_or_none, offer_info, state_info
from gateway.api.frames import (
    AgentRequest,
    AgentStateShown,
    ChatLine,
    ContactGone,
    ContactInfo,
    ContactShown,
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
        self.contact: ContactInfo | None = None
        self.queues: frozenset[str] = frozenset()


class AgentPages:
    def __init__(self, services: Services, names: Names) -> None:
        self._services = services
        self._names = names
        self._pages: dict[AgentId, set[AgentPage]] = {}
        self._audio: dict[ContactId, AgentPage] = {}
        """Which page has a voice contact's audio."""
        self._showing: dict[ContactId, set[AgentPage]] = {}
        """The pages that show a contact as in hand; `_set_contact` keeps it."""
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
        frame = desk_frame(view, self._names, self._place(view, page))
        page.state, page.offer = frame.state, frame.offer
        self._set_contact(page, frame.contacts[0] if frame.contacts else None)
        page.queues = frozenset(queue.name for queue in frame.queues)
        page.socket.send(frame)
        if page.contact is not None:
            self._send_transcript(page, page.contact)

    def disconnect(self, page: AgentPage) -> None:
        pages = self._pages.get(page.agent, set())
        if page not in pages:
            return
        pages.discard(page)
        self._set_contact(page, None)
        if not pages:
            del self._pages[page.agent]
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

    def _place(self, view: DeskView, page: AgentPage) -> MediaPlace:
        owner = None if view.contact is None else self._audio.get(view.contact.contact)
        if owner is None:
            return MediaPlace.NOWHERE
        return MediaPlace.HERE if owner is page else MediaPlace.ELSEWHERE

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
                for page in self._holding(event.contact):
                    name = page.contact.customer_name if page.contact is not None else ""
                    page.socket.send(ChatLine(contact=event.contact, line=self._names.line(event, name)))
            case TypingNoticed(author=Party.CUSTOMER):
                for page in self._holding(event.contact):
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

    def _holding(self, contact: ContactId) -> Collection[AgentPage]:
        """The pages that show the contact as in hand."""
        return self._showing.get(contact, ())

    def _set_contact(self, page: AgentPage, contact: ContactInfo | None) -> None:
        before, page.contact = page.contact, contact
        if before is not None and (contact is None or contact.contact != before.contact):
            showing = self._showing[ContactId(before.contact)]
            showing.discard(page)
            if not showing:
                del self._showing[ContactId(before.contact)]
        if contact is not None:
            self._showing.setdefault(ContactId(contact.contact), set()).add(page)

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
        contact = None
        if view.contact is not None:
            contact = contact_info(view.contact, view.until_ns, self._place(view, page))
        before = page.contact
        self._set_contact(page, contact)
        if before is not None and (contact is None or contact.contact != before.contact):
            self._audio.pop(ContactId(before.contact), None)
            send(ContactGone(contact=before.contact))
        if contact is not None and contact != before:
            send(ContactShown(contact=contact))
            if before is None or before.contact != contact.contact:
                self._send_transcript(page, contact)
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
            title=self._names.queue_title(event.queue),
            outcomes=self._names.outcomes(event.queue),
            waiting=event.waiting,
            longest_since_ms=ms_or_none(event.oldest_arrival_ns),
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
        lines = [self._names.line(e, contact.customer_name) for e in timeline if isinstance(e, LineWritten)]
        page.socket.send(Transcript(contact=contact.contact, lines=lines))
