"""A robot agent: takes what it is offered, talks or writes, and wraps up; now and then it does not answer or has a
break, so that a person who is signed in gets a share."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from gateway.api import frames as f
from gateway.app.demo import dialogues
from gateway.app.demo.agent_client import AgentClient, AudioRefusedError
from gateway.app.demo.pace import Pace
from gateway.app.demo.page_client import ConnectionLostError
from gateway.app.demo.voice import RtcVoice, Speech
from gateway.model.events import AgentState, Party
from gateway.model.ids import Channel

log = logging.getLogger(__name__)

AGAIN_S = 2.0
"""Before a lost connection is tried again."""
SILENCE_S = 45.0
"""A chat in which the customer says nothing for this long is ended."""
CALL_S_MAX = 60.0
GOODBYE_S = 5.0

IGNORES = 0.06
BREAKS = 0.1
HOLDS = 0.25
LEAVES_THE_END_TO_THE_CUSTOMER = 0.3


class RobotAgent:
    def __init__(self, *, base: str, login: str, password: str, speech: Speech, pace: Pace) -> None:
        self._base, self._login, self._password = base, login, password
        self._speech = speech
        self._pace = pace
        self._served = 0
        self.client = AgentClient()

    @property
    def waiting(self) -> int:
        """Contacts that wait, as the page shows it."""
        return self.client.waiting if self.client.connected else 0

    async def run(self) -> None:
        """Work until cancelled; then say goodbye and sign out."""
        while True:
            self.client = AgentClient()
            try:
                await self.client.open(self._base, self._login, self._password)
                await self._work()
            except ConnectionLostError as error:
                log.debug("%s: %s", self._login, error)
            finally:
                await self._leave()
            await asyncio.sleep(AGAIN_S)

    async def _leave(self) -> None:
        client = self.client
        with contextlib.suppress(ConnectionLostError, TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                contact = client.contact
                if contact is not None:
                    if client.has(contact.contact):
                        await client.hang_up(contact.contact)
                    # Signing out waits for the end of the wrap-up.
                    await client.finish_wrap_up(contact.contact)
                await client.sign_out()
                await client.until(lambda: client.state is not None and client.state.state is AgentState.SIGNED_OUT)
        await client.close()

    async def _work(self) -> None:
        client = self.client
        await client.ready()
        while True:
            await client.until(lambda: client.offer is not None or client.contact is not None or self._is_away())
            if client.contact is not None:
                await self._serve(client.contact)
            elif client.offer is not None:
                await self._answer(client.offer)
            else:
                await asyncio.sleep(self._pace.between_s(3, 6))
                await client.ready()
                await client.until(lambda: not self._is_away())

    def _is_away(self) -> bool:
        state = self.client.state
        return state is not None and state.state in (AgentState.PAUSED, AgentState.NOT_RESPONDING)

    async def _answer(self, offer: f.OfferInfo) -> None:
        client = self.client

        def is_over() -> bool:
            return client.offer is None or client.offer.offer != offer.offer

        if self._served >= 2 and self._pace.chance(IGNORES):
            await client.until(is_over)
            return
        await self._pause_until(is_over, self._pace.between_s(1, 4))
        if is_over():
            return
        await client.accept(offer.offer)
        await client.until(lambda: is_over() or client.contact is not None)

    async def _pause_until(self, over: Callable[[], bool], seconds: float) -> bool:
        """Wait that long, or until ``over()`` says that it is useless; True when it is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.client.until(over)
                return True
        return over()

    async def _serve(self, contact: f.ContactInfo) -> None:
        self._served += 1
        if self.client.has(contact.contact):
            if contact.channel is Channel.CHAT:
                note = await self._chat(contact.contact)
            else:
                note = await self._talk(contact.contact)
        else:
            note = ""
        await self._wrap_up(contact, note)

    async def _wrap_up(self, contact: f.ContactInfo, note: str) -> None:
        client = self.client

        def is_over() -> bool:
            return client.contact is None or client.contact.contact != contact.contact

        if not await self._pause_until(is_over, self._pace.between_s(1.5, 4)):
            # The outcomes are the queue's own, the best one first; the notes are of success.
            solved = self._pace.chance(0.8)
            outcome = contact.outcomes[0] if solved else contact.outcomes[-1]
            await client.choose_outcome(contact.contact, outcome, note if solved else "")
            takes_a_break = self._pace.chance(BREAKS)
            if takes_a_break:
                await client.pause("coffee")
            await client.finish_wrap_up(contact.contact)
            await client.until(is_over)
            if takes_a_break:
                await asyncio.sleep(self._pace.between_s(8, 15))

    # Calls

    async def _talk(self, contact: str) -> str:
        client, pace = self.client, self._pace
        voice = RtcVoice(self._speech)

        def is_over() -> bool:
            return not client.has(contact)

        try:
            await client.bring_audio(contact, voice)
            seconds = pace.talk_s()
            if pace.chance(LEAVES_THE_END_TO_THE_CUSTOMER):
                seconds = CALL_S_MAX
            elif pace.chance(HOLDS):
                seconds /= 2
                if await self._pause_until(is_over, seconds):
                    return pace.choice(dialogues.CALL_NOTES)
                await client.hold(contact)
                if await self._pause_until(is_over, pace.between_s(4, 8)):
                    return pace.choice(dialogues.CALL_NOTES)
                await client.resume(contact)
            if not await self._pause_until(is_over, seconds):
                await client.hang_up(contact)
                await client.until(is_over)
        except AudioRefusedError as error:
            log.debug("%s: %s", self._login, error)
            if client.has(contact):
                await client.hang_up(contact)
                await client.until(is_over)
        finally:
            await voice.close()
        return pace.choice(dialogues.CALL_NOTES)

    # Chats

    async def _chat(self, contact: str) -> str:
        client = self.client
        answered = 0
        honest = 0
        said: list[str] = []

        def asked() -> list[f.Line]:
            return [line for _, line in sorted(client.lines.items()) if line.author is Party.CUSTOMER]

        def has_news() -> bool:
            return not client.has(contact) or len(asked()) > answered

        while client.has(contact):
            if not await self._pause_until(has_news, SILENCE_S):
                await client.hang_up(contact)
                await client.until(lambda: not client.has(contact))
                break
            if not client.has(contact):
                break
            lines = asked()
            answered, last = len(lines), lines[-1].text
            said = [line.text for line in lines]
            answer = dialogues.answer_to(last)
            if answer is None:
                answer = dialogues.HONEST[min(honest, len(dialogues.HONEST) - 1)].format(name=client.name)
                honest += 1
            await self._type(contact, answer)
        return dialogues.note_for(said)

    async def _type(self, contact: str, text: str) -> None:
        client, pace = self.client, self._pace
        if await self._pause_until(lambda: not client.has(contact), pace.between_s(0.8, 2.5)):
            return
        await client.typing(contact, True)
        gone = await self._pause_until(lambda: not client.has(contact), pace.typing_s(text))
        if not gone:
            await client.typing(contact, False)
            await client.write(contact, text)
