"""The session's customer side as an edge sees it: takes calls, answers them, and remembers what it was told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from gateway.model.errors import NotFoundError, PeerError
from gateway.model.events import Customer, EndCause
from gateway.model.ids import Channel, ContactId, QueueName, new_contact_id
from gateway.model.ports import VoiceLine
from tests.support.patience import PATIENCE_S


class FakeCall(msgspec.Struct, kw_only=True, eq=False):
    contact: ContactId
    line: VoiceLine
    queue: QueueName
    customer: Customer
    called: str
    channel: Channel
    answered: bool = False
    gone: bool = False
    """The caller had left when it was to be answered; a contact all the same."""
    ended: EndCause | None = None
    digits: str = ""


class FakeContacts:
    """``numbers`` are served; ``on_call`` runs in place of answering at once (raise there to refuse)."""

    def __init__(self, numbers: tuple[str, ...] = ("100",)) -> None:
        self.numbers = numbers
        self.calls: list[FakeCall] = []
        self.on_call: Callable[[FakeCall], Awaitable[None]] | None = None
        self._changed = asyncio.Event()

    def queue_for_number(self, number: str) -> QueueName:
        if number not in self.numbers:
            raise NotFoundError(f"no queue answers the number {number!r}")
        return QueueName("hotline")

    async def open_call(
        self, line: VoiceLine, *, channel: Channel, queue: QueueName, customer: Customer, called: str
    ) -> ContactId:
        call = FakeCall(
            contact=new_contact_id(), line=line, queue=queue, customer=customer, called=called, channel=channel
        )
        self.calls.append(call)
        self._change()
        try:
            await (line.answer() if self.on_call is None else self.on_call(call))
            call.answered = True
        except PeerError:
            call.gone = True
        self._change()
        return call.contact

    def line_ended(self, line: VoiceLine, cause: EndCause) -> None:
        call = self.call_of(line)
        assert call.ended is None, "the edge told the end of a call twice"
        call.ended = cause
        self._change()

    def digit_received(self, line: VoiceLine, digit: str, duration_ms: int) -> None:
        self.call_of(line).digits += digit
        self._change()

    def call_of(self, line: VoiceLine) -> FakeCall:
        return next(call for call in self.calls if call.line is line)

    async def until(self, condition: Callable[[], bool], *, within_s: float = PATIENCE_S) -> None:
        """Wait until something told to this object makes the condition true."""
        async with asyncio.timeout(within_s):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def call(self, number: int = 0) -> FakeCall:
        """Wait for the call of that number, counted from 0, to be answered."""
        await self.until(lambda: len(self.calls) > number and self.calls[number].answered)
        return self.calls[number]

    def _change(self) -> None:
        self._changed.set()
