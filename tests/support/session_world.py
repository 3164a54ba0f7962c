"""A session without a world: clock and timers moved by hand, a noting plane, a store in memory, the oracle core."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from acd_core.reference import Distributor
from gateway.config.schema import AgentConfig, Config, LimitsConfig, NumberConfig, QueueConfig
from gateway.model import events as ev
from gateway.model.errors import PeerError
from gateway.model.ids import AgentId, Channel, Codec, ContactId, LegId, OfferId, QueueName
from gateway.model.media import LegClosed, LegStatistics, MediaEvent, MediaListener, SoundFinished
from gateway.session.session import Session
from tests.support.memory_store import MemoryStore

START_NS = 1_700_000_000_000_000_000
ANNA, BEN = AgentId("anna"), AgentId("ben")
SUPPORT = QueueName("support")
CALLER = ev.Customer(address="tel:+4930123456", name="+4930123456")
VISITOR = ev.Customer(address="visitor:abc", name="Vera")

E = TypeVar("E", bound=ev.Event)


class HandClock:
    """Clock and scheduler; `HandClock.advance` runs what is due, in order of time."""

    def __init__(self) -> None:
        self.ns = START_NS
        self._timers: list[tuple[int, int, _HandTimer]] = []
        self._sequence = itertools.count()

    def now_ns(self) -> int:
        return self.ns

    def call_later(self, delay_ms: int, callback: Callable[[], None]) -> _HandTimer:
        timer = _HandTimer(callback)
        heapq.heappush(self._timers, (self.ns + delay_ms * 1_000_000, next(self._sequence), timer))
        return timer

    def advance(self, ms: int) -> None:
        end_ns = self.ns + ms * 1_000_000
        while self._timers and self._timers[0][0] <= end_ns:
            due_ns, _, timer = heapq.heappop(self._timers)
            self.ns = max(self.ns, due_ns)
            if not timer.cancelled:
                timer.callback()
        self.ns = end_ns


class _HandTimer:
    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class NotingMedia:
    """Notes each command; a test plays the events."""

    def __init__(self) -> None:
        self.commands: list[tuple[Any, ...]] = []
        self.listeners: dict[LegId, list[MediaListener]] = {}

    def listen(self, leg: LegId, listener: MediaListener) -> None:
        self.listeners.setdefault(leg, []).append(listener)

    def report(self, event: MediaEvent) -> None:
        for listener in self.listeners.get(event.leg, []):
            listener(event)

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name.startswith("_"):
            raise AttributeError(name)

        def note(*arguments: Any, **named: Any) -> None:
            self.commands.append((name, *arguments, *named.values()))

        return note

    def last(self, leg: LegId, *names: str) -> tuple[Any, ...] | None:
        """The newest command (of those names) in which the leg takes part."""
        for command in reversed(self.commands):
            if leg in command[1:3] and (not names or command[0] in names):
                return command
        return None


class FakeLine:
    """A customer's call; ``answered`` and ``ended`` say what the session asked of it."""

    codec = Codec.PCMA
    _legs = itertools.count(1)

    def __init__(self, *, gone: bool = False) -> None:
        self.leg = LegId(next(self._legs))
        self.gone = gone
        self.answered = False
        self.ended: ev.EndCause | None = None
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def answer(self) -> None:
        await self.may_answer.wait()
        if self.gone:
            raise PeerError("the caller is gone")
        self.answered = True

    def end(self, cause: ev.EndCause) -> None:
        self.ended = cause


class World:
    def __init__(self, directory: Path, config: Config | None = None, **limits: int) -> None:
        """``config``: queues, numbers, agents and distribution in place of one queue with two agents."""
        self.clock = HandClock()
        self.media = NotingMedia()
        self.store = MemoryStore()
        self.events: list[ev.Event] = []
        config = config or Config(
            queues=[
                QueueConfig(name=SUPPORT, title="Support", offer_ms=20_000, wrap_up_ms=30_000, reconnect_ms=10_000)
            ],
            numbers=[NumberConfig(number="100", queue=SUPPORT)],
            agents=[
                AgentConfig(login=ANNA, name="Anna", queues=[SUPPORT]),
                AgentConfig(login=BEN, name="Ben", queues=[SUPPORT]),
            ],
        )
        self.session = Session(
            queues=config.queues,
            numbers=config.numbers,
            agents=config.agents,
            distribution=config.distribution,
            limits=LimitsConfig(**limits),
            directory=directory,
            store=self.store,
            media=self.media,  # type: ignore[arg-type]  # notes whatever it is asked
            distributor=Distributor(),
            clock=self.clock,
            scheduler=self.clock,
        )
        self.session.bus.subscribe(self.events.append)
        self.contacts = self.session.contacts
        self.agents = self.session.agents

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def last(self, kind: type[E]) -> E:
        return self.of(kind)[-1]

    def kinds(self, contact: ContactId) -> list[str]:
        """The names of a contact's events, in order, without the passing ones."""
        return [
            type(event).__name__
            for event in self.events
            if isinstance(event, ev.ContactEvent)
            and event.contact == contact
            and not isinstance(event, ev.TypingNoticed)
        ]

    def ready(self, *agents: AgentId) -> None:
        """Sign agents in and make them available, one second apart, the first the longest idle."""
        for agent in agents:
            self.agents.page_connected(agent)
            self.agents.ready(agent)
            self.clock.advance(1000)

    async def call(
        self,
        line: FakeLine | None = None,
        *,
        greeted: bool = True,
        queue: QueueName = SUPPORT,
        customer: ev.Customer = CALLER,
        called: str = "100",
    ) -> tuple[FakeLine, ContactId]:
        line = line or FakeLine()
        contact = await self.contacts.open_call(
            line, channel=Channel.PHONE, queue=queue, customer=customer, called=called
        )
        if greeted:
            self.media.report(SoundFinished(leg=line.leg, sound="greeting"))
        return line, contact

    async def chat(self, text: str = "hello", customer: ev.Customer = VISITOR) -> ContactId:
        return await self.contacts.open_chat(queue=SUPPORT, customer=customer, called="web", first_line=text)

    def ringing(self, agent: AgentId) -> OfferId:
        offer = self.agents.desk(agent).offer
        assert offer is not None, f"nothing rings at {agent}"
        return offer.offer

    async def talk(self, agent: AgentId = ANNA) -> tuple[FakeLine, ContactId, LegId]:
        """A call in conversation with the agent, who was ready."""
        line, contact = await self.call()
        await self.agents.accept(agent, self.ringing(agent))
        leg = LegId(1000 + line.leg)
        self.agents.attach_leg(agent, contact, leg)
        return line, contact, leg

    def close(self, line: FakeLine) -> None:
        self.media.report(LegClosed(leg=line.leg, statistics=LegStatistics()))


@asynccontextmanager
async def world(directory: Path, config: Config | None = None, **limits: int) -> AsyncIterator[World]:
    made = World(directory, config, **limits)
    async with made.session:
        yield made
        # Captures of a noting plane never finish by themselves.
        made.session._recorder._open.clear()
        made.session._recorder._none_open.set()
