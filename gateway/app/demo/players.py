"""The process in which the demo's players live: they know what `Stage` tells them, and end when standard input does.

The director sends customers on their way: one of each kind at once, then as many as the agents can serve, so that
somebody waits now and then, and nobody for long.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from gateway.app.demo import dialogues
from gateway.app.demo.carrier import Carrier
from gateway.app.demo.customers import EXPECTED, GREETING_S, chat_visitor, phone_caller, web_caller
from gateway.app.demo.pace import Pace
from gateway.app.demo.robot_agent import RobotAgent
from gateway.app.demo.stage import Stage
from gateway.app.demo.voice import Speech, speak_from
from gateway.model.errors import ZentraleError
from gateway.model.ids import Channel

log = logging.getLogger(__name__)

VOICES = Path(__file__).parent / "voices"
CUSTOMERS_MAX = 8
WEB_CALLS_MAX = 2
"""With the robots' own two that makes four at once: each takes 3 to 5 % of a core."""
WAITING_MAX = 2
GOODBYE_S = 8.0
"""Of all customers, then of all agents: they take a moment, but a machine may be busy."""
LAST_CALL_S = GREETING_S + 6
"""Nobody comes when there is no time left to be served."""
WEIGHTS = [Channel.PHONE] * 4 + [Channel.WEB_CALL] * 3 + [Channel.CHAT] * 4


class Director:
    def __init__(self, stage: Stage, pace: Pace, robots: list[RobotAgent], carrier: Carrier | None) -> None:
        self._stage = stage
        self._pace = pace
        self._robots = robots
        self._carrier = carrier
        self._ends_at = None if stage.seconds is None else asyncio.get_running_loop().time() + stage.seconds
        self._customers: dict[asyncio.Task[None], tuple[Channel, float]] = {}
        self._seen: set[Channel] = set()
        self._people: list[tuple[str, str]] = []
        self._visitors: list[str] = []
        self._dialogues: list[dialogues.Dialogue] = []
        self._web_speech = [Speech(path) for path in sorted(VOICES.glob("visitor-*.wav"))]

    async def run(self) -> None:
        """Send customers until cancelled."""
        await self._until_somebody_is_there()
        for channel in (Channel.CHAT, Channel.PHONE, Channel.WEB_CALL):
            self._send(channel)
            await asyncio.sleep(0.4)
        while True:
            await asyncio.sleep(self._pace.between_s(3, 7))
            if self._ends_at is not None and asyncio.get_running_loop().time() > self._ends_at - LAST_CALL_S:
                continue
            if self._waiting() < WAITING_MAX and len(self._customers) < CUSTOMERS_MAX:
                self._send(self._pace.choice(WEIGHTS))

    async def stop(self) -> None:
        """Send everybody home."""
        for task in self._customers:
            task.cancel()
        if self._customers:
            await asyncio.wait(self._customers, timeout=GOODBYE_S)

    async def _until_somebody_is_there(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                while not any(robot.client.connected and robot.client.state for robot in self._robots):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)

    def _waiting(self) -> int:
        """Who waits, and who will when the greeting is over."""
        now = asyncio.get_running_loop().time()
        greeted = sum(channel.has_voice and now - began < GREETING_S + 1 for channel, began in self._customers.values())
        return greeted + max((robot.waiting for robot in self._robots), default=0)

    def _count(self, channel: Channel) -> int:
        return sum(kind is channel for kind, _ in self._customers.values())

    def _send(self, channel: Channel) -> None:
        stage = self._stage
        story: Coroutine[Any, Any, None] | None = None
        # Else a short demo might show one kind of customer as somebody who went away, and no other of the kind.
        first = channel not in self._seen
        if channel is Channel.PHONE and self._carrier is not None and stage.numbers:
            identity, name = self._next_person()
            story = phone_caller(
                self._carrier,
                self._pace,
                number=self._pace.choice(stage.numbers),
                identity=identity,
                name=name,
                voice=self._pace.choice(self._carrier.voices),
                patient=first,
            )
        elif channel is Channel.WEB_CALL and stage.call_queues and self._count(channel) < WEB_CALLS_MAX:
            queue, speech = self._pace.choice(stage.call_queues), self._pace.choice(self._web_speech)
            story = web_caller(
                stage.web, self._pace, queue=queue, name=self._next_visitor(), speech=speech, patient=first
            )
        elif channel is Channel.CHAT and stage.chat_queues:
            queue = self._pace.choice(stage.chat_queues)
            dialogue = self._next_dialogue(queue)
            story = chat_visitor(
                stage.web, self._pace, queue=queue, name=self._next_visitor(), dialogue=dialogue, patient=first
            )
        if story is None:
            return
        self._seen.add(channel)
        task = asyncio.get_running_loop().create_task(_told(story), name=channel.value)
        self._customers[task] = (channel, asyncio.get_running_loop().time())
        task.add_done_callback(lambda done: self._customers.pop(done, None))

    def _next_person(self) -> tuple[str, str]:
        self._people = self._people or self._pace.shuffled(dialogues.CALLERS)
        return self._people.pop()

    def _next_visitor(self) -> str:
        self._visitors = self._visitors or self._pace.shuffled(dialogues.VISITORS)
        return self._visitors.pop()

    def _next_dialogue(self, queue: str) -> dialogues.Dialogue:
        """One that suits the queue, if any does; each comes once before one comes again."""
        for _ in range(2):
            for dialogue in self._dialogues:
                if dialogue.topic == queue or queue not in dialogues.TOPICS:
                    self._dialogues.remove(dialogue)
                    return dialogue
            self._dialogues = self._pace.shuffled(dialogues.DIALOGUES)
        raise AssertionError("each topic has a dialogue")


async def _told(story: Coroutine[Any, Any, None]) -> None:
    """One customer's accident is no other's."""
    try:
        await story
    except (*EXPECTED, ZentraleError) as error:
        log.info("a customer went away early: %s", error)
    except Exception:
        log.exception("a customer's story broke")


async def perform(stage: Stage, ended: asyncio.Event) -> None:
    """Play until ``ended``, then go home in order: customers first, then the agents, then the carrier."""
    pace = Pace(stage.seconds)
    speak_from(stage.address)
    speeches = [Speech(path) for path in sorted(VOICES.glob("agent-*.wav"))]
    robots = [
        RobotAgent(
            base=stage.web, login=robot.login, password=robot.password, speech=speeches[at % len(speeches)], pace=pace
        )
        for at, robot in enumerate(stage.robots)
    ]
    async with AsyncExitStack() as stack:
        working = [asyncio.create_task(robot.run(), name=f"robot {at}") for at, robot in enumerate(robots)]
        stack.push_async_callback(_cancel, working)
        director = Director(stage, pace, robots, await _carrier(stage, stack))
        stack.push_async_callback(director.stop)
        directing = asyncio.create_task(director.run(), name="director")
        stack.push_async_callback(_cancel, [directing])
        waiting = asyncio.create_task(ended.wait())
        done, _ = await asyncio.wait({waiting, directing, *working}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        for task in done - {waiting}:
            await task  # none of them ends by itself: raise what went wrong


async def _carrier(stage: Stage, stack: AsyncExitStack) -> Carrier | None:
    """The carrier, or None with a word about it: visitors and chats play without."""
    if not stage.numbers:
        log.warning("the configuration has no [[numbers]]: nobody telephones")
        return None
    voices = sorted(VOICES.glob("caller-*.wav"))
    try:
        return await stack.enter_async_context(Carrier(to=stage.sip, address=stage.address, voices=voices))
    except ZentraleError as error:
        log.warning("nobody telephones: %s", error)
        return None


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=GOODBYE_S)


async def _main() -> None:
    loop = asyncio.get_running_loop()
    told = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(told), sys.stdin.buffer)
    line = await told.readline()
    if not line:
        return
    ended = asyncio.Event()

    async def listen() -> None:
        await told.read()
        ended.set()

    listening = asyncio.create_task(listen())
    try:
        await perform(msgspec.json.decode(line, type=Stage), ended)
    finally:
        await _cancel([listening])


def main() -> int:
    logging.basicConfig(level="WARNING", format="%(asctime)s %(levelname)-7s %(name)s: %(message)s", stream=sys.stderr)
    for noisy in ("aioice", "aiortc", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main())
    return 0


if __name__ == "__main__":
    sys.exit(main())
