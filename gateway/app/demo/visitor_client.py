"""A visitor's page without a browser: its call and its chat."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from gateway.api import frames as f
from gateway.app.demo.page_client import ConnectionLostError, PageClient
from gateway.app.demo.voice import Voice

DECODER: msgspec.json.Decoder[f.VisitorFrame] = msgspec.json.Decoder(f.VisitorFrame)
ANSWER_S = 10.0


class RefusedError(Exception):
    """Zentrale did not take the call or the chat."""


class VisitorClient(PageClient[Any]):
    """What the page shows is in the attributes; each method is a button."""

    def __init__(self) -> None:
        super().__init__(DECODER)
        self.welcome: f.Welcome | None = None
        self.call_open = False
        self.chat_open = False
        self.call: f.CallShown | None = None
        self.chat: f.ChatShown | None = None
        self.lines: dict[int, f.Line] = {}
        """The chat's transcript, by line number."""
        self._answer: str | None = None
        self._keys = 0

    async def open(self, base: str, *, page: str = "", token: str | None = None) -> None:
        """Open the page at ``base`` (http://host:port).  Raises `ConnectionLostError`."""
        await self._connect(base, "/api/visitor")
        try:
            async with asyncio.timeout(ANSWER_S):
                await self.send(f.Hello(token=token, page=page))
                await self.until(lambda: self.welcome is not None)
        except TimeoutError:
            await self.close()
            raise ConnectionLostError("Zentrale does not say welcome") from None

    async def start_call(self, voice: Voice, *, name: str = "", queue: str | None = None) -> None:
        """Press Call: returns when sound is connected.  Raises `RefusedError`; the voice is the caller's to close."""
        self._answer = self.last_error = None
        await self.send(f.Call(sdp=await voice.offer(), name=name, queue=queue))
        try:
            async with asyncio.timeout(ANSWER_S):
                await self.until(lambda: self._answer is not None or self.last_error is not None)
                if self._answer is None:
                    raise RefusedError(self.last_error.error if self.last_error else "no answer")
                await voice.accept(self._answer)
        except TimeoutError:
            raise RefusedError(f"no sound within {ANSWER_S:.0f} s") from None

    async def hang_up(self) -> None:
        await self.send(f.VisitorHangUp())

    async def start_chat(self, text: str, *, name: str = "", queue: str | None = None) -> None:
        """Send the first line: returns when it is taken.  Raises `RefusedError`."""
        self.last_error = None
        before = self.chat.contact if self.chat is not None else None
        self._keys += 1
        await self.send(f.ChatStart(text=text, key=self._keys, name=name, queue=queue))
        try:
            async with asyncio.timeout(ANSWER_S):
                await self.until(
                    lambda: (self.chat is not None and self.chat.contact != before) or self.last_error is not None
                )
        except TimeoutError:
            raise RefusedError("no answer") from None
        if self.chat is None or self.chat.contact == before:
            raise RefusedError(self.last_error.error if self.last_error else "no answer")

    async def write(self, text: str) -> None:
        self._keys += 1
        await self.send(f.VisitorWrite(text=text, key=self._keys))

    async def typing(self, typing: bool) -> None:
        await self.send(f.VisitorTyping(typing=typing))

    async def leave(self) -> None:
        await self.send(f.Leave())

    @property
    def call_state(self) -> f.VisitorState | None:
        return None if self.call is None else self.call.state

    @property
    def chat_state(self) -> f.VisitorState | None:
        return None if self.chat is None else self.chat.state

    def _received(self, frame: f.VisitorFrame) -> None:
        match frame:
            case f.Welcome():
                self.welcome = frame
                self.call_open, self.chat_open = frame.call_open, frame.chat_open
            case f.ChannelsShown(call_open=call_open, chat_open=chat_open):
                self.call_open, self.chat_open = call_open, chat_open
            case f.CallAnswer(sdp=sdp):
                self._answer = sdp
            case f.CallShown():
                self.call = frame
            case f.ChatShown():
                if self.chat is None or self.chat.contact != frame.contact:
                    self.lines = {}
                self.chat = frame
            case f.Transcript(lines=lines):
                self.lines |= {line.line: line for line in lines}
            case f.ChatLine(line=line):
                self.lines[line.line] = line
