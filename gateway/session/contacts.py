"""The customer's side: the use cases that edges ask for when a customer calls, writes, or goes away."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from acd_core import events as acd
from acd_core.errors import AcdError
from gateway.model.errors import (
    CapacityError,
    InternalError,
    NotAllowedError,
    NotFoundError,
    PeerError,
    ZentraleError,
)
from gateway.model.events import (
    AgentState,
    ContactEnded,
    ContactOpened,
    ContactQueued,
    Customer,
    CustomerConnectionLost,
    CustomerConnectionRestored,
    DigitPressed,
    EndCause,
    Event,
    GreetingStarted,
    LineWritten,
    Party,
    TypingNoticed,
    VideoSource,
)
from gateway.model.ids import AgentId, Channel, ContactId, QueueName, new_contact_id
from gateway.model.media import MediaEvent, SoundFinished, VideoPeer
from gateway.model.ports import ContactRecord, VoiceLine
from gateway.routing.settings import asked_for
from gateway.session.contact import Contact
from gateway.session.conversation import Conversations
from gateway.session.floor import Floor
from gateway.session.quality import QualityWatch
from gateway.session.recording import Recorder
from gateway.session.states import ContactState
from gateway.session.video import NO_VIDEO, Videos, VideoWish
from gateway.session.views import ContactView
from gateway.session.waiting import WaitingRoom

log = logging.getLogger(__name__)


class ContactService:
    def __init__(
        self,
        floor: Floor,
        conversations: Conversations,
        recorder: Recorder,
        quality: QualityWatch,
        waiting: WaitingRoom,
        *,
        look_back: Callable[[Contact], Awaitable[None]],
        videos: Videos,
    ) -> None:
        self._floor = floor
        self._look_back = look_back
        self._videos = videos
        self._conversations = conversations
        self._recorder = recorder
        self._quality = quality
        self._waiting = waiting

    # Calls

    def queue_for_number(self, number: str) -> QueueName:
        """The queue of a dialled number; raises `NotFoundError`."""
        found = self._floor.numbers.get(number)
        if found is None:
            raise NotFoundError(f"no queue answers the number {number!r}; add it under [[numbers]]")
        return found.queue

    async def open_call(
        self, line: VoiceLine, *, channel: Channel, queue: QueueName, customer: Customer, called: str
    ) -> ContactId:
        """Take a call: on disk first, then answered, greeted and queued.

        Raises `CapacityError` or `InternalError` when it can't be taken, `NotFoundError` or `NotAllowedError` when the
        queue does not exist or does not take this channel; then the edge refuses the call and frees its leg.
        """
        contact = self._new_contact(channel=channel, queue=queue, customer=customer, called=called, line=line)
        self._floor.by_line[line] = contact
        await self._write_down(contact, self._opened(contact))
        if contact.ended:
            return contact.id
        contact.move(ContactState.ANSWERING)
        self._floor.media.listen(line.leg, lambda event: self._media_event(contact, event))
        try:
            await line.answer()
        except PeerError:
            self.end(contact, Party.CUSTOMER, EndCause.ABANDONED)
        except Exception as error:
            self.end(contact, Party.SYSTEM, EndCause.FAILED)
            raise InternalError(f"call {contact.id} could not be answered: {error}") from error
        if contact.state is ContactState.ANSWERING:
            self._greet(contact)
            # While the greeting plays: nobody waits for the database.
            await self._look_back(contact)
        return contact.id

    def line_ended(self, line: VoiceLine, cause: EndCause) -> None:
        """The customer hung up, cancelled or vanished.  Harmless for a line that is unknown or has ended."""
        contact = self._floor.by_line.get(line)
        if contact is not None:
            self.end(contact, Party.CUSTOMER, cause)

    def digit_received(self, line: VoiceLine, digit: str, duration_ms: int) -> None:
        contact = self._floor.by_line.get(line)
        if contact is not None and not contact.ended:
            now_ns = self._floor.clock.now_ns()
            self._floor.log.emit(DigitPressed(at_ns=now_ns, contact=contact.id, digit=digit, duration_ms=duration_ms))

    def video_wish(self, line: VoiceLine) -> VideoWish:
        """What pictures this call's browser may be answered now."""
        contact = self._floor.by_line.get(line)
        return NO_VIDEO if contact is None else self._videos.wish(contact, Party.CUSTOMER)

    def video_negotiated(self, line: VoiceLine, peer: VideoPeer | None) -> None:
        """Its browser was answered so."""
        contact = self._floor.by_line.get(line)
        if contact is not None and not contact.ended:
            self._videos.negotiated(contact, Party.CUSTOMER, peer)

    def customer_shows(self, contact: ContactId, source: VideoSource) -> None:
        """The visitor's page says what it shows, or is about to show."""
        found = self._floor.contacts.get(contact)
        if found is not None and not found.ended:
            self._videos.wished(found, Party.CUSTOMER, source)

    # Chats

    async def open_chat(self, *, queue: QueueName, customer: Customer, called: str, first_line: str) -> ContactId:
        """Take a chat; it is on disk and in its queue when this returns.  Raises as `open_call`."""
        self._check_text(first_line)
        contact = self._new_contact(channel=Channel.CHAT, queue=queue, customer=customer, called=called)
        contact.lines = 1
        await self._write_down(contact, self._opened(contact), self._line(contact, Party.CUSTOMER, None, first_line))
        if not contact.ended:
            await self._look_back(contact)
        if not contact.ended:
            self._enqueue(contact)
        return contact.id

    def reopen_chat(self, record: ContactRecord, *, lines: int) -> None:
        """A chat of the run before goes back to its old place, and ends unless its visitor's page comes back in time.

        Raises `CapacityError`, `NotFoundError` or `NotAllowedError` as `open_chat`.
        """
        contact = self._new_contact(
            channel=Channel.CHAT,
            queue=record.queue,
            customer=record.customer,
            called=record.called,
            before=record,
        )
        contact.lines = lines
        contact.answered_ns = record.answered_ns
        contact.outcome = record.outcome
        self._enqueue(contact)
        self.customer_disconnected(contact.id)

    async def customer_wrote(self, contact: ContactId, text: str) -> LineWritten:
        """Keep the customer's line; on disk when this returns.  Raises `NotAllowedError` when the chat is over."""
        return await self.write(self._chat(contact), Party.CUSTOMER, None, text)

    def customer_typing(self, contact: ContactId, typing: bool) -> None:
        chat = self._chat(contact)
        self._floor.log.emit(
            TypingNoticed(at_ns=self._floor.clock.now_ns(), contact=chat.id, author=Party.CUSTOMER, typing=typing),
            stored=False,
        )

    async def customer_left(self, contact: ContactId) -> None:
        """The visitor ended the chat."""
        self.end(self._chat(contact), Party.CUSTOMER, EndCause.HUNG_UP)
        await self._floor.log.flushed()

    def customer_disconnected(self, contact: ContactId) -> None:
        """The visitor's last page went away; unless one comes back within the grace time the chat ends."""
        chat = self._floor.contacts.get(contact)
        if chat is None or chat.ended or not chat.customer_connected:
            return
        chat.customer_connected = False
        self._floor.log.emit(CustomerConnectionLost(at_ns=self._floor.clock.now_ns(), contact=chat.id))
        chat.disconnect_timer = self._floor.scheduler.call_later(
            chat.queue.reconnect_ms, lambda: self.end(chat, Party.CUSTOMER, EndCause.CONNECTION_LOST)
        )

    def customer_reconnected(self, contact: ContactId) -> None:
        chat = self._floor.contacts.get(contact)
        if chat is None or chat.ended or chat.customer_connected:
            return
        chat.customer_connected = True
        chat.cancel_disconnect_timer()
        self._floor.log.emit(CustomerConnectionRestored(at_ns=self._floor.clock.now_ns(), contact=chat.id))

    # Both

    def view(self, contact: ContactId) -> ContactView | None:
        """How a live contact stands; None when it has ended and its wrap-up is over."""
        found = self._floor.contacts.get(contact)
        return None if found is None else self._floor.contact_view(found)

    async def write(self, contact: Contact, author: Party, agent: AgentId | None, text: str) -> LineWritten:
        """Keep one chat line of either side."""
        self._check_text(text)
        if contact.ended:
            raise NotAllowedError("this chat has ended; nothing more can be written to it")
        if contact.lines >= self._floor.limits.chat_lines_max:
            raise CapacityError(
                f"this chat has its {contact.lines} lines; start a new one", limit="limits.chat_lines_max"
            )
        contact.lines += 1
        line = self._line(contact, author, agent, text)
        await self._floor.log.write(line)
        return line

    def end(self, contact: Contact, by: Party, cause: EndCause) -> None:
        """The contact is over.  Harmless when it already is."""
        state = contact.state
        if state is ContactState.ENDED:
            return
        talked = contact.answered_ns is not None
        if by is Party.CUSTOMER and not talked and cause is EndCause.HUNG_UP:
            cause = EndCause.ABANDONED
        contact.move(ContactState.ENDED)
        contact.cancel_disconnect_timer()
        early = state is ContactState.OPENING
        if early:
            contact.ended_early = by, cause  # `_write_down` tells it, after the beginning
        else:
            self._conversations.finish(contact)
            self._emit_end(contact, by, cause)
        if contact.line is not None and by is not Party.CUSTOMER:
            contact.line.end(cause)
        if early:
            return
        try:
            self._tell_distributor(contact, state, talked)
        except AcdError:
            log.exception("the distributor does not know contact %s, which was %s", contact.id, state.value)
        self._forget(contact)

    def _tell_distributor(self, contact: Contact, state: ContactState, talked: bool) -> None:
        router, agent = self._floor.router, contact.agent
        if state is ContactState.WAITING:
            router.submit(acd.ContactAbandoned(contact=contact.id))
        elif agent is not None:
            router.submit(acd.ContactEnded(contact=contact.id))
            if not talked and self._floor.seat(agent).state is AgentState.WRAP_UP:
                # They never spoke, so there is nothing to write down.
                router.submit(acd.WrapUpFinished(agent=agent, contact=contact.id))

    def _new_contact(
        self,
        *,
        channel: Channel,
        queue: QueueName,
        customer: Customer,
        called: str,
        line: VoiceLine | None = None,
        before: ContactRecord | None = None,
    ) -> Contact:
        floor = self._floor
        config = floor.queue(queue)
        if channel not in config.channels:
            raise NotAllowedError(f"queue {queue!r} takes no {channel.value} contacts; see its channels setting")
        if floor.draining:
            raise CapacityError("Zentrale is shutting down", limit="shutdown")
        voice = channel.has_voice
        limit, name = (
            (floor.limits.calls_max, "limits.calls_max") if voice else (floor.limits.chats_max, "limits.chats_max")
        )
        if floor.live(voice=voice) >= limit:
            raise CapacityError(f"all {limit} places are taken; try again later", limit=name)
        floor.log.check_capacity()
        floor.router.check_capacity()
        contact = Contact(
            new_contact_id() if before is None else before.contact,
            channel=channel,
            queue=config,
            customer=customer,
            called=called,
            opened_ns=floor.clock.now_ns() if before is None else before.opened_ns,
            line=line,
            moved=floor.contact_moved,
        )
        floor.add(contact)
        return contact

    async def _write_down(self, contact: Contact, *beginning: Event) -> None:
        """Keep a new contact's first events.  It may have ended meanwhile; then its end is kept, too."""
        try:
            await self._floor.log.write(*beginning)
        except ZentraleError:
            # Nobody has heard of it yet, so it leaves no trace but the refusal.
            if not contact.ended:
                contact.move(ContactState.ENDED)
            self._forget(contact)
            raise
        if contact.ended_early is not None:
            self._emit_end(contact, *contact.ended_early)
            self._forget(contact)

    def _opened(self, contact: Contact) -> ContactOpened:
        return ContactOpened(
            at_ns=contact.opened_ns,
            contact=contact.id,
            channel=contact.channel,
            queue=contact.queue.name,
            customer=contact.customer,
            called=contact.called,
        )

    def _greet(self, contact: Contact) -> None:
        if not contact.queue.greeting or contact.line is None:
            self._enqueue(contact)
            return
        contact.move(ContactState.GREETING)
        self._floor.log.emit(GreetingStarted(at_ns=self._floor.clock.now_ns(), contact=contact.id))
        self._floor.media.play(contact.line.leg, contact.queue.greeting)

    def _media_event(self, contact: Contact, event: MediaEvent) -> None:
        self._recorder.media_event(event)
        self._quality.media_event(contact, Party.CUSTOMER, event)
        if isinstance(event, SoundFinished) and contact.state is ContactState.GREETING:
            self._enqueue(contact)

    def _enqueue(self, contact: Contact) -> None:
        floor = self._floor
        contact.move(ContactState.WAITING)
        self._waiting.enter(contact)
        floor.log.emit(
            ContactQueued(
                at_ns=floor.clock.now_ns(),
                contact=contact.id,
                queue=contact.queue.name,
                arrival_ns=contact.opened_ns,
            )
        )
        try:
            floor.router.submit(
                asked_for(
                    acd.ContactArrived(
                        contact=contact.id,
                        queue=contact.queue.name,
                        channel=contact.channel.value,
                        arrival_ns=contact.opened_ns,
                        bonus_ms=contact.bonus_ms,
                        preferred=contact.preferred,
                        preferred_ms=0 if contact.preferred is None else contact.queue.last_agent_wait_ms,
                    ),
                    contact.queue,
                    floor.numbers.get(contact.called) if contact.channel is Channel.PHONE else None,
                )
            )
        except AcdError as error:
            log.error("the distributor refused contact %s: %s", contact.id, error)
            self.end(contact, Party.SYSTEM, EndCause.FAILED)
        floor.queue_changed(contact.queue.name)

    def _emit_end(self, contact: Contact, by: Party, cause: EndCause) -> None:
        self._floor.log.emit(ContactEnded(at_ns=self._floor.clock.now_ns(), contact=contact.id, by=by, cause=cause))

    def _forget(self, contact: Contact) -> None:
        """Drop an ended contact, unless an agent still has it in wrap-up."""
        if contact.line is not None:
            self._floor.by_line.pop(contact.line, None)
        if not contact.holders:
            self._floor.contacts.pop(contact.id, None)
        self._floor.queue_changed(contact.queue.name)

    def _chat(self, contact: ContactId) -> Contact:
        found = self._floor.contact(contact)
        if found.channel is not Channel.CHAT:
            raise NotAllowedError(f"contact {contact!r} is a call; only chats have lines")
        return found

    def _check_text(self, text: str) -> None:
        if not text.strip():
            raise NotAllowedError("an empty line can't be sent; write something first")
        limit = self._floor.limits.chat_line_chars_max
        if len(text) > limit:
            raise CapacityError(
                f"the line has {len(text)} characters, {limit} are allowed; split it",
                limit="limits.chat_line_chars_max",
            )

    def _line(self, contact: Contact, author: Party, agent: AgentId | None, text: str) -> LineWritten:
        return LineWritten(
            at_ns=self._floor.clock.now_ns(),
            contact=contact.id,
            line=contact.lines,
            author=author,
            agent=agent,
            text=text,
        )
