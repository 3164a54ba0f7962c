"""The register of web visitors: who they are, which pages they have open, and the chat and call they are in.

A visitor is known by a random token that only their browser tab has; Zentrale keeps its SHA-256, which is also the
customer's address (``visitor:<hash>``).  After a reload the page says its token again and gets everything back: the
chat's state from the session, its transcript from the database.  A visitor whose last page is gone keeps the chat for
the queue's grace time; after that the register still knows how it ended.  After a restart of Zentrale the register is
empty, and what it needs is read from the contact's history.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from collections import OrderedDict
from typing import Protocol

import msgspec

from gateway.model.clock import SECOND, Clock
from gateway.model.errors import CapacityError, NotAllowedError, NotFoundError
from gateway.model.events import (
    ContactEnded,
    ContactEvent,
    Customer,
    EndCause,
    Event,
    LineWritten,
    Party,
    QueueChanged,
    TypingNoticed,
)
from gateway.model.ids import Channel, ContactId, QueueName
from gateway.model.ports import Store
from gateway.session.bus import EventBus
from gateway.session.contacts import ContactService
from gateway.session.states import ContactState

TOKEN_CHARS = 43
"""32 random bytes in base64url."""
VISITORS_MAX = 20_000
RECALL_S = 3600
"""After a restart of Zentrale a chat that ended this recently is shown again."""
REFRESH_S = 0.25
"""Places in a queue are told at most this often; everything else at once."""

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class VisitorPage(Protocol):
    """One open page of a visitor; nothing here may block or raise."""

    def refresh(self) -> None:
        """Something about the visitor's call or chat changed: look again."""
        ...

    def show_line(self, line: LineWritten) -> None: ...

    def show_typing(self, contact: ContactId, typing: bool) -> None: ...


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """How a visitor's call or chat stands. ``state`` ENDED comes with by and cause."""

    contact: ContactId
    channel: Channel
    state: ContactState
    position: int | None = None
    agent_name: str | None = None
    by: Party | None = None
    cause: EndCause | None = None


class Visitor:
    """One browser tab. Only `Visitors` changes it."""

    __slots__ = ("chat", "contacts", "hash", "name", "opening", "pages")

    def __init__(self, token_hash: str) -> None:
        self.hash = token_hash
        self.name = ""
        self.pages: set[VisitorPage] = set()
        self.chat: ContactId | None = None
        """The present chat, or the last one until another begins."""
        self.contacts: OrderedDict[ContactId, ContactEnded | None] = OrderedDict()
        """Calls and chats since the visitor came, with how each ended; the newest few."""
        self.opening = 0
        """Contacts that are just being opened."""

    @property
    def customer(self) -> Customer:
        return Customer(address=f"visitor:{self.hash}", name=self.name or f"Web visitor {self.hash[:4]}")

    @property
    def live(self) -> int:
        return self.opening + sum(end is None for end in self.contacts.values())


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()[:32]


def clean_name(name: str) -> str:
    """A name as typed by a stranger, made fit for one line of a page."""
    return " ".join(_UNPRINTABLE.sub(" ", name).split())[:80]


class Visitors:
    def __init__(
        self,
        *,
        contacts: ContactService,
        bus: EventBus,
        store: Store,
        clock: Clock,
        contacts_per_visitor_max: int,
        visitors_max: int = VISITORS_MAX,
    ) -> None:
        self._contacts = contacts
        self._store = store
        self._clock = clock
        self._per_visitor_max = contacts_per_visitor_max
        self._visitors_max = visitors_max
        self._visitors: OrderedDict[str, Visitor] = OrderedDict()
        self._by_contact: dict[ContactId, Visitor] = {}
        self._refreshing: asyncio.TimerHandle | None = None
        self._unsubscribe = bus.subscribe(self._listen)

    def close(self) -> None:
        self._unsubscribe()
        if self._refreshing is not None:
            self._refreshing.cancel()
            self._refreshing = None

    # Who they are

    async def hello(self, token: str | None) -> tuple[Visitor, str]:
        """The visitor with this token, or a new one. Returns the token that the page is to keep."""
        known = token is not None and len(token) == TOKEN_CHARS
        token = token if known and token is not None else secrets.token_urlsafe(32)
        token_hash = hash_token(token)
        visitor = self._visitors.get(token_hash)
        if visitor is None:
            self._make_room()
            visitor = self._visitors[token_hash] = Visitor(token_hash)
            if known:
                await self._recall(visitor)
        else:
            self._visitors.move_to_end(token_hash)
        return visitor, token

    def _make_room(self) -> None:
        """Forget those unseen for longest; never one with a page or something going on."""
        if len(self._visitors) < self._visitors_max:
            return
        for key, visitor in list(self._visitors.items()):
            if not visitor.pages and not visitor.live:
                del self._visitors[key]
                if len(self._visitors) < self._visitors_max:
                    return
        raise CapacityError("too many visitors are connected; try again later", limit="limits.pages_max")

    async def _recall(self, visitor: Visitor) -> None:
        """After a restart: the visitor's last chat goes on, or the page can say how it ended."""
        records = await self._store.contacts(customer_address=visitor.customer.address, limit=1)
        for record in records:
            ended_ns = record.ended_ns
            if record.channel is not Channel.CHAT or visitor.chat is not None:
                continue
            if ended_ns is None and self._contacts.view(record.contact) is not None:
                visitor.name = record.customer.name
                visitor.chat = record.contact
                self.opened(visitor, record.contact)
            elif ended_ns is not None and self._clock.now_ns() - ended_ns < RECALL_S * SECOND:
                visitor.chat = record.contact
                visitor.contacts[record.contact] = ContactEnded(
                    at_ns=ended_ns,
                    contact=record.contact,
                    by=record.ended_by or Party.SYSTEM,
                    cause=record.end_cause or EndCause.RESTART,
                )

    # Pages

    def connect(self, visitor: Visitor, page: VisitorPage) -> None:
        first = not visitor.pages
        visitor.pages.add(page)
        if first and visitor.chat is not None and self._is_live(visitor, visitor.chat):
            self._contacts.customer_reconnected(visitor.chat)

    def disconnect(self, visitor: Visitor, page: VisitorPage) -> None:
        visitor.pages.discard(page)
        if not visitor.pages and visitor.chat is not None and self._is_live(visitor, visitor.chat):
            self._contacts.customer_disconnected(visitor.chat)

    @staticmethod
    def _is_live(visitor: Visitor, contact: ContactId) -> bool:
        return contact in visitor.contacts and visitor.contacts[contact] is None

    # Calls and chats

    def check_may_open(self, visitor: Visitor) -> None:
        """Raises `CapacityError` at the visitor's limit."""
        if visitor.live >= self._per_visitor_max:
            raise CapacityError(
                f"you already have {visitor.live} conversations", limit="limits.contacts_per_visitor_max"
            )

    def opened(self, visitor: Visitor, contact: ContactId) -> None:
        """A contact of this visitor is open: follow it."""
        visitor.contacts[contact] = None
        self._by_contact[contact] = visitor
        over = [key for key, end in visitor.contacts.items() if end is not None and key != visitor.chat]
        for key in over[: max(0, len(visitor.contacts) - 10)]:
            del visitor.contacts[key]
        view = self._contacts.view(contact)
        if view is None or view.state is ContactState.ENDED:
            # It ended while its opening was still being reported; nobody will say so again.
            visitor.contacts[contact] = ContactEnded(
                at_ns=self._clock.now_ns(), contact=contact, by=Party.SYSTEM, cause=EndCause.FAILED
            )
            self._by_contact.pop(contact, None)

    async def start_chat(self, visitor: Visitor, *, text: str, name: str, queue: QueueName, called: str) -> ContactId:
        """Open a chat with its first line, which is on disk when this returns."""
        if visitor.chat is not None and self._is_live(visitor, visitor.chat):
            raise NotAllowedError("this chat is already open; write into it")
        self.check_may_open(visitor)
        visitor.name = clean_name(name) or visitor.name
        visitor.opening += 1
        try:
            contact = await self._contacts.open_chat(
                queue=queue, customer=visitor.customer, called=called, first_line=text.strip()
            )
        finally:
            visitor.opening -= 1
        visitor.chat = contact
        self.opened(visitor, contact)
        if not visitor.pages and self._is_live(visitor, contact):
            self._contacts.customer_disconnected(contact)
        return contact

    async def write(self, visitor: Visitor, text: str) -> LineWritten:
        return await self._contacts.customer_wrote(self._open_chat(visitor), text.strip())

    def typing(self, visitor: Visitor, typing: bool) -> None:
        if visitor.chat is not None and self._is_live(visitor, visitor.chat):
            self._contacts.customer_typing(visitor.chat, typing)

    async def leave(self, visitor: Visitor) -> None:
        await self._contacts.customer_left(self._open_chat(visitor))

    def _open_chat(self, visitor: Visitor) -> ContactId:
        if visitor.chat is None or not self._is_live(visitor, visitor.chat):
            raise NotFoundError("this chat has ended")
        return visitor.chat

    def status(self, visitor: Visitor, contact: ContactId) -> Status | None:
        """How one of the visitor's contacts stands; None when it is not theirs."""
        if contact not in visitor.contacts:
            return None
        view = self._contacts.view(contact)
        end = visitor.contacts[contact]
        if end is not None or view is None:
            return Status(
                contact=contact,
                channel=view.channel if view else Channel.CHAT if contact == visitor.chat else Channel.WEB_CALL,
                state=ContactState.ENDED,
                by=end.by if end else Party.SYSTEM,
                cause=end.cause if end else EndCause.FAILED,
            )
        return Status(
            contact=contact,
            channel=view.channel,
            state=view.state,
            position=view.position,
            agent_name=view.agent_name,
        )

    async def transcript(self, contact: ContactId) -> list[LineWritten]:
        """All lines of a chat.  Lines are on disk before they are published, so whoever listens first and reads the
        transcript then misses none and may see one twice."""
        return [event for event in await self._store.timeline(contact) if isinstance(event, LineWritten)]

    # What happens

    def _listen(self, event: Event) -> None:
        if isinstance(event, QueueChanged):
            self._refresh_places()
        if not isinstance(event, ContactEvent):
            return
        visitor = self._by_contact.get(event.contact)
        if visitor is None:
            return
        if isinstance(event, LineWritten):
            for page in list(visitor.pages):
                page.show_line(event)
        elif isinstance(event, TypingNoticed):
            if event.author is Party.AGENT:
                for page in list(visitor.pages):
                    page.show_typing(event.contact, event.typing)
        else:
            if isinstance(event, ContactEnded):
                visitor.contacts[event.contact] = event
                self._by_contact.pop(event.contact, None)
            for page in list(visitor.pages):
                page.refresh()

    def _refresh_places(self) -> None:
        if self._refreshing is None and self._by_contact:
            self._refreshing = asyncio.get_running_loop().call_later(REFRESH_S, self._refresh_waiting)

    def _refresh_waiting(self) -> None:
        self._refreshing = None
        for visitor in {v.hash: v for v in self._by_contact.values()}.values():
            for page in list(visitor.pages):
                page.refresh()
