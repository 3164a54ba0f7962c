"""An agent's page without a browser: signs in over HTTP, then does over the WebSocket what the page's buttons do."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import msgspec

from gateway.api import frames as f
from gateway.api.sessions import COOKIE
from gateway.api.shapes import LoginRequest
from gateway.app.demo.page_client import ConnectionLostError, PageClient
from gateway.app.demo.voice import Voice

DECODER: msgspec.json.Decoder[f.AgentFrame] = msgspec.json.Decoder(f.AgentFrame)
AUDIO_S = 10.0


class SignInError(Exception):
    """Zentrale does not know the agent or the password."""


class AudioRefusedError(Exception):
    """The contact's sound could not be had: it ended meanwhile, or no connection came about."""


class AgentClient(PageClient[Any]):
    """What the page shows is in the attributes; each method is a button."""

    def __init__(self) -> None:
        super().__init__(DECODER)
        self.name = ""
        self.state: f.StateInfo | None = None
        self.offer: f.OfferInfo | None = None
        self.contact: f.ContactInfo | None = None
        """In hand, or in wrap-up."""
        self.lines: dict[int, f.Line] = {}
        """The transcript of the chat in hand, by line number."""
        self.queues: dict[str, f.QueueInfo] = {}
        self._answers: dict[str, str] = {}
        self._keys = 0

    async def open(self, base: str, login: str, password: str) -> None:
        """Sign in at ``base`` (http://host:port) and open the page.  Raises `SignInError`, `ConnectionLostError`."""
        body = msgspec.json.encode(LoginRequest(login=login, password=password))
        try:
            async with self._session(base).post(
                "/api/login", data=body, headers={"Content-Type": "application/json"}
            ) as response:
                if response.status != 200:
                    raise SignInError(f"{login}: {response.status} {await response.text()}")
                cookie = response.cookies[COOKIE].value
        except (OSError, TimeoutError, aiohttp.ClientError) as error:
            await self.close()
            raise ConnectionLostError(f"{base}: {error}") from error
        except SignInError:
            await self.close()
            raise
        # By hand: a cookie jar keeps a "secure" cookie to itself on http, and Zentrale may be set to send such ones.
        await self._connect(base, "/api/agent", {"Cookie": f"{COOKIE}={cookie}"})
        await self.until(lambda: self.state is not None)

    async def ready(self) -> None:
        await self.send(f.Ready())

    async def pause(self, reason: str) -> None:
        await self.send(f.Pause(reason=reason))

    async def sign_out(self) -> None:
        await self.send(f.SignOut())

    async def accept(self, offer: int) -> None:
        await self.send(f.Accept(offer=offer))

    async def reject(self, offer: int) -> None:
        await self.send(f.Reject(offer=offer))

    async def bring_audio(self, contact: str, voice: Voice) -> None:
        """Connect the sound of the call in hand.  Raises `AudioRefusedError`; the voice is the caller's to close."""
        self.last_error = None
        await self.send(f.MediaOffer(contact=contact, sdp=await voice.offer()))
        try:
            async with asyncio.timeout(AUDIO_S):
                await self.until(
                    lambda: contact in self._answers or not self.has(contact) or self.last_error is not None
                )
                answer = self._answers.pop(contact, None)
                if answer is None:
                    raise AudioRefusedError(self.last_error.error if self.last_error else "the contact ended")
                await voice.accept(answer)
        except TimeoutError:
            raise AudioRefusedError(f"no sound within {AUDIO_S:.0f} s") from None

    async def hold(self, contact: str) -> None:
        await self.send(f.Hold(contact=contact))

    async def resume(self, contact: str) -> None:
        await self.send(f.Resume(contact=contact))

    async def hang_up(self, contact: str) -> None:
        await self.send(f.HangUp(contact=contact))

    async def write(self, contact: str, text: str) -> None:
        self._keys += 1
        await self.send(f.Write(contact=contact, text=text, key=self._keys))

    async def typing(self, contact: str, typing: bool) -> None:
        await self.send(f.Typing(contact=contact, typing=typing))

    async def choose_outcome(self, contact: str, outcome: str, note: str = "") -> None:
        await self.send(f.Outcome(contact=contact, outcome=outcome, note=note))

    async def finish_wrap_up(self, contact: str) -> None:
        await self.send(f.FinishWrapUp(contact=contact))

    def has(self, contact: str) -> bool:
        """Whether the contact is in hand and goes on."""
        return (
            self.contact is not None
            and self.contact.contact == contact
            and self.contact.state is not f.ContactState.WRAP_UP
        )

    @property
    def waiting(self) -> int:
        """Contacts waiting in the agent's queues."""
        return sum(queue.waiting for queue in self.queues.values())

    def _received(self, frame: f.AgentFrame) -> None:
        match frame:
            case f.Desk():
                self.name, self.state, self.offer = frame.agent_name, frame.state, frame.offer
                self.queues = {queue.name: queue for queue in frame.queues}
                self._show(frame.contacts[0] if frame.contacts else None)
            case f.AgentStateShown(state=state):
                self.state = state
            case f.OfferRinging(offer=offer):
                self.offer = offer
            case f.OfferClosedShown(offer=number):
                if self.offer is not None and self.offer.offer == number:
                    self.offer = None
            case f.ContactShown(contact=contact):
                self._show(contact)
            case f.ContactGone(contact=gone):
                if self.contact is not None and self.contact.contact == gone:
                    self._show(None)
            case f.Transcript(contact=chat, lines=lines) if self._shows(chat):
                self.lines |= {line.line: line for line in lines}
            case f.ChatLine(contact=chat, line=line) if self._shows(chat):
                self.lines[line.line] = line
            case f.QueueCounts(queues=queues):
                self.queues |= {queue.name: queue for queue in queues}
            case f.MediaAnswer(contact=call, sdp=sdp):
                self._answers[call] = sdp

    def _shows(self, contact: str) -> bool:
        return self.contact is not None and self.contact.contact == contact

    def _show(self, contact: f.ContactInfo | None) -> None:
        if self.contact is None or contact is None or contact.contact != self.contact.contact:
            self.lines = {}
            self._answers.clear()
        self.contact = contact
