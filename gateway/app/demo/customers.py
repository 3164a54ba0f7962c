"""The customers: one function for each way to reach the company, each a customer's whole story.

Cancelled, a customer says goodbye in the way of its channel and goes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from gateway.api.frames import VisitorState
from gateway.app.demo import dialogues
from gateway.app.demo.carrier import Carrier
from gateway.app.demo.dialogues import Dialogue
from gateway.app.demo.pace import Pace
from gateway.app.demo.page_client import ConnectionLostError
from gateway.app.demo.visitor_client import RefusedError, VisitorClient
from gateway.app.demo.voice import RtcVoice, Speech
from gateway.model.events import Party

log = logging.getLogger(__name__)

GOODBYE_S = 5.0
GREETING_S = 10.0
"""About how long a queue's greeting takes: nobody can be answered before."""
CALL_S_MAX = 90.0
ANSWER_S_MAX = 60.0
"""A chat visitor waits this long for an agent's line, asks once, and waits as long again."""
STORED_S = 5.0
IMPATIENT = 0.15
PAGE = "https://shop.example/contact"


async def phone_caller(
    carrier: Carrier, pace: Pace, *, number: str, identity: str, name: str, voice: str, patient: bool
) -> None:
    """Dials, listens to greeting and music, talks, hangs up.

    A telephone does not know when an agent has answered, so the time is counted from the start: some lose patience, the
    others stay long enough to be served.
    """
    call = carrier.call(number, identity=identity, name=name, voice=voice)
    if not patient and pace.chance(IMPATIENT):
        stays_s = GREETING_S + pace.between_s(2, 8)
    else:
        stays_s = GREETING_S + pace.between_s(8, 30) + pace.talk_s()
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(stays_s):
                await call.ended.wait()
    finally:
        call.hang_up()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                await call.ended.wait()


async def web_caller(base: str, pace: Pace, *, queue: str, name: str, speech: Speech, patient: bool) -> None:
    """Presses Call on the company's page, waits, talks, hangs up."""
    page = VisitorClient()
    voice = RtcVoice(speech)
    try:
        await page.open(base, page=PAGE)
        await page.start_call(voice, name=name, queue=queue)
        if not await _within(page, lambda: page.call_state in _ANSWERED, pace.patience_s(patient=patient)):
            return
        talks_s = pace.talk_s() if pace.chance(0.5) else CALL_S_MAX
        await _within(page, lambda: page.call_state is VisitorState.ENDED, talks_s)
    finally:
        with contextlib.suppress(ConnectionLostError, TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                if page.call_state not in (None, VisitorState.ENDED):
                    await page.hang_up()
                    await page.until(lambda: page.call_state is VisitorState.ENDED)
        await voice.close()
        await page.close()


_ANSWERED = (VisitorState.TALKING, VisitorState.HELD, VisitorState.ENDED)


async def chat_visitor(base: str, pace: Pace, *, queue: str, name: str, dialogue: Dialogue, patient: bool) -> None:
    """Writes a first line, waits, goes on with the dialogue as the agent answers, and leaves."""
    page = VisitorClient()
    try:
        await page.open(base, page=PAGE)
        (first, _), *turns = dialogue.turns
        await page.start_chat(first, name=name, queue=queue)
        if not await _within(page, lambda: page.chat_state in _ANSWERED, pace.patience_s(patient=patient)):
            return
        for text in [*(asked for asked, _ in turns), dialogue.farewell]:
            if not await _hears_from_agent(page):
                return
            await _type(page, pace, text)
        await _hears_from_agent(page)
        await _within(page, lambda: page.chat_state is VisitorState.ENDED, pace.between_s(1.5, 4))
    finally:
        with contextlib.suppress(ConnectionLostError, TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                if page.chat_state not in (None, VisitorState.ENDED):
                    await page.leave()
                    await page.until(lambda: page.chat_state is VisitorState.ENDED)
        await page.close()


async def _hears_from_agent(page: VisitorClient) -> bool:
    """Wait until the last line is the agent's; after a while ask whether anybody is there, once."""

    def is_answered() -> bool:
        if page.chat_state is VisitorState.ENDED:
            return True
        return bool(page.lines) and page.lines[max(page.lines)].author is Party.AGENT

    if not await _within(page, is_answered, ANSWER_S_MAX):
        await page.write(dialogues.STILL_THERE)
        await _within(page, is_answered, ANSWER_S_MAX)
    return is_answered() and page.chat_state is not VisitorState.ENDED


async def _type(page: VisitorClient, pace: Pace, text: str) -> None:
    await asyncio.sleep(pace.between_s(0.8, 2.5))
    await page.typing(True)
    await asyncio.sleep(pace.typing_s(text))
    await page.typing(False)
    if page.chat_state is VisitorState.ENDED:
        return
    await page.write(text)
    # Until it is in the transcript, the last line there is still the agent's before it.
    await _within(page, lambda: any(line.text == text for line in page.lines.values()), STORED_S)


async def _within(page: VisitorClient, condition: Callable[[], bool], seconds: float) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await page.until(condition)
    return condition()


EXPECTED = (ConnectionLostError, RefusedError)
"""What may end a customer's story early: Zentrale stops, or is full."""
