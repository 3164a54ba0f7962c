"""`/api/visitor`: the socket of a visitor's page, for its call and its chat."""

from __future__ import annotations

import logging

import msgspec
from aiohttp import WSCloseCode, web

from gateway.api import frames as f
from gateway.api.desk import Names, ms
from gateway.api.guard import check_origin
from gateway.api.limits import Buckets
from gateway.api.presence import Presence
from gateway.api.services import Services
from gateway.api.socket import PageSocket
from gateway.api.turn import ice_servers
from gateway.api.visitor_calls import VISITOR_STATES, VisitorCalls
from gateway.chat.visitors import Status, Visitor, Visitors, clean_name
from gateway.model.errors import CapacityError, NotAllowedError, PeerError, ZentraleError
from gateway.model.events import LineWritten
from gateway.model.ids import Channel, ContactId

log = logging.getLogger(__name__)

DECODER: msgspec.json.Decoder[f.VisitorRequest] = msgspec.json.Decoder(f.VisitorRequest)

OPENINGS_PER_MINUTE = 60
"""Calls and chats begun from one address; many visitors may share one behind a company's router."""


class VisitorConnection:
    """One open page; what `gateway.chat` calls a `VisitorPage`."""

    def __init__(self, hub: VisitorSocket, socket: PageSocket[f.VisitorRequest], remote: str) -> None:
        self.hub = hub
        self.socket = socket
        self.remote = remote
        self.called = ""
        self.visitor: Visitor | None = None
        self._shown_call: f.CallShown | None = None
        self._shown_chat: f.ChatShown | None = None

    def known(self) -> Visitor:
        if self.visitor is None:
            raise PeerError("the first frame must be hello")
        return self.visitor

    def refresh(self) -> None:
        """Show how the call and the chat stand, if that differs from what the page shows."""
        visitor = self.visitor
        if visitor is None:
            return
        call = self.hub.calls.shown(visitor)
        if call is not None and call != self._shown_call:
            self._shown_call = call
            self.socket.send(call)
        if visitor.chat is not None:
            status = self.hub.visitors.status(visitor, visitor.chat)
            chat = None if status is None else _shown_chat(status)
            if chat is not None and chat != self._shown_chat:
                self._shown_chat = chat
                self.socket.send(chat)

    def show_line(self, line: LineWritten) -> None:
        name = self.visitor.customer.name if self.visitor is not None else ""
        self.socket.send(f.ChatLine(contact=line.contact, line=self.hub.names.line(line, name)))

    def show_typing(self, contact: ContactId, typing: bool) -> None:
        self.socket.send(f.TypingShown(contact=contact, typing=typing))

    def show_channels(self) -> None:
        call, chat = self.hub.channels()
        self.socket.send(f.ChannelsShown(call_open=call, chat_open=chat))

    async def show_transcript(self) -> None:
        if self.visitor is None or self.visitor.chat is None:
            return
        contact = self.visitor.chat
        name = self.visitor.customer.name
        lines = [self.hub.names.line(line, name) for line in await self.hub.visitors.transcript(contact)]
        self.socket.send(f.Transcript(contact=contact, lines=lines))


def _shown_chat(status: Status) -> f.ChatShown:
    state = VISITOR_STATES[status.state]
    queued = state is f.VisitorState.QUEUED
    return f.ChatShown(
        contact=status.contact,
        state=state,
        position=status.position if queued else None,
        agent_name=None if queued else status.agent_name,
        by=status.by,
        cause=status.cause,
    )


class VisitorSocket:
    def __init__(self, services: Services, names: Names) -> None:
        self._services = services
        self.names = names
        limits = services.config.limits
        self._limits = limits
        self._connections: set[VisitorConnection] = set()
        self._openings = Buckets(per_minute=OPENINGS_PER_MINUTE)
        self._relays = Buckets(per_minute=2 * OPENINGS_PER_MINUTE)
        self.presence = Presence(services.config, services.agents, services.bus, self._channels_changed)
        self.visitors = Visitors(
            contacts=services.contacts,
            bus=services.bus,
            store=services.store,
            clock=services.clock,
            contacts_per_visitor_max=limits.contacts_per_visitor_max,
        )
        self.calls = VisitorCalls(services, self.visitors)

    def close(self) -> None:
        self.presence.close()
        self.visitors.close()
        for connection in self._connections:
            connection.socket.close(WSCloseCode.GOING_AWAY, "Zentrale stops")

    def channels(self) -> tuple[bool, bool]:
        """Whether somebody is there for calls, and for chats."""
        return self.presence.is_open(Channel.WEB_CALL), self.presence.is_open(Channel.CHAT)

    def _channels_changed(self) -> None:
        for connection in self._connections:
            if connection.visitor is not None:
                connection.show_channels()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        check_origin(request)
        if len(self._connections) >= self._limits.pages_max:
            raise CapacityError(f"all {self._limits.pages_max} pages are connected", limit="limits.pages_max")
        socket: PageSocket[f.VisitorRequest] = PageSocket(DECODER)
        connection = VisitorConnection(self, socket, request.remote or "")
        self._connections.add(connection)
        try:
            await socket.prepare(request)
            await socket.run(lambda frame: self._act(connection, frame))
        finally:
            self._connections.discard(connection)
            if connection.visitor is not None:
                self.visitors.disconnect(connection.visitor, connection)
                self.calls.page_gone(connection.visitor)
        return socket.response

    async def _act(self, connection: VisitorConnection, frame: f.VisitorRequest) -> None:
        match frame:
            case f.Ping():
                connection.socket.send(f.Pong())
            case f.Hello():
                await self._hello(connection, frame)
            case f.AskIceServers():
                connection.socket.send(self._ice_servers(connection))
            case f.Call():
                await self._call(connection, frame)
            case f.CallUpdate(sdp=sdp, key=key):
                answer = await self.calls.update(connection.known(), sdp)
                connection.socket.send(f.CallAnswer(sdp=answer, key=key))
            case f.VisitorShareVideo(source=source):
                self.calls.share_video(connection.known(), source)
            case f.VisitorHangUp():
                self.calls.hang_up(connection.known())
            case f.Digit(digit=digit):
                self.calls.digit(connection.known(), digit)
            case f.ChatStart():
                await self._start_chat(connection, frame)
            case f.VisitorWrite(text=text, key=key):
                line = await self.visitors.write(connection.known(), text)
                connection.socket.send(f.LineStored(contact=line.contact, key=key, line=line.line))
            case f.VisitorTyping(typing=typing):
                self.visitors.typing(connection.known(), typing)
            case f.Leave():
                await self.visitors.leave(connection.known())

    async def _hello(self, connection: VisitorConnection, frame: f.Hello) -> None:
        if connection.visitor is not None:
            raise NotAllowedError("hello was said already")
        visitor, token = await self.visitors.hello(frame.token)
        connection.visitor = visitor
        connection.called = clean_name(frame.page)[:200] or "web"
        call_open, chat_open = self.channels()
        connection.socket.send(
            f.Welcome(
                now_ms=ms(self._services.clock.now_ns()),
                token=token,
                company=self.names.company,
                call_open=call_open,
                chat_open=chat_open,
                line_chars_max=self._limits.chat_line_chars_max,
            )
        )
        self.visitors.connect(visitor, connection)
        if not frame.has_call and len(visitor.pages) == 1:
            self.calls.page_reloaded(visitor)
        connection.refresh()
        await connection.show_transcript()

    def _ice_servers(self, connection: VisitorConnection) -> f.IceServers:
        """A relay costs bandwidth, and anybody may ask: an address gets credentials as often as it may begin a call,
        and as often again for those that change their network."""
        visitor = connection.known()
        if not self._relays.take(connection.remote):
            wait_s = self._relays.wait_s(connection.remote)
            raise CapacityError(
                "too many calls from your network just now", limit="relays per minute", retry_after_s=wait_s
            )
        return ice_servers(self._services.config.turn, visitor.hash, self._services.clock.now_ns())

    def _check_opening(self, connection: VisitorConnection, visitor: Visitor) -> None:
        self.visitors.check_may_open(visitor)
        if not self._openings.take(connection.remote):
            wait_s = self._openings.wait_s(connection.remote)
            raise CapacityError(
                "too many conversations were begun from your network just now",
                limit="openings per minute",
                retry_after_s=wait_s,
            )

    async def _call(self, connection: VisitorConnection, frame: f.Call) -> None:
        visitor = connection.known()
        self._check_opening(connection, visitor)
        visitor.name = clean_name(frame.name) or visitor.name
        queue = self.presence.queue_for(Channel.WEB_CALL, frame.queue)
        answer = await self.calls.start(visitor, sdp=frame.sdp, queue=queue, called=connection.called)
        connection.socket.send(f.CallAnswer(sdp=answer, key=None))
        self.calls.refresh(visitor)

    async def _start_chat(self, connection: VisitorConnection, frame: f.ChatStart) -> None:
        visitor = connection.known()
        self._check_opening(connection, visitor)
        queue = self.presence.queue_for(Channel.CHAT, frame.queue)
        contact = await self.visitors.start_chat(
            visitor, text=frame.text, name=frame.name, queue=queue, called=connection.called
        )
        connection.socket.send(f.LineStored(contact=contact, key=frame.key, line=1))
        for page in list(visitor.pages):
            page.refresh()
            if isinstance(page, VisitorConnection):
                try:
                    await page.show_transcript()
                except ZentraleError:
                    log.exception("no transcript of contact %s", contact)
