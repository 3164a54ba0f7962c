"""A session without a world: clock and timers moved by hand, fake media, a store in memory, the oracle core."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from acd_core.reference import Distributor
from gateway.config.schema import AgentConfig, Config, LimitsConfig, NumberConfig, QueueConfig
from gateway.model import events as ev
from gateway.model.errors import PeerError
from gateway.model.ids import AgentId, Channel, Codec, ContactId, LegId, OfferId, QueueName
from gateway.session.session import Session
from tests.support import captures
from tests.support.fake_media import FakeMediaPlane
from tests.support.memory_store import MemoryStore
from tests.support.patience import PATIENCE_S

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


class SessionPlane(FakeMediaPlane):
    """The fake plane, whose captures are files on disk: the session makes recordings of them."""

    def start_capture(self, left: LegId, right: LegId, path: str) -> None:
        super().start_capture(left, right, path)
        if left in self.open_legs:
            end = captures.record(captures.END, self.capture_ms * 1_000_000)
            Path(path).write_bytes(captures.header() + end)

    def end_sound(self, leg: LegId) -> None:
        """Let the sound that the leg hears end, and the session hear of it."""
        self.finish_sound(leg)
        self.deliver()


class FakeLine:
    """A customer's call; ``answered`` and ``ended`` say what the session asked of it."""

    codec = Codec.PCMA

    def __init__(self, media: FakeMediaPlane) -> None:
        self.leg = media.open_rtp_leg(lambda event: None)[0]
        self.gone = False
        """The customer has left; who asks for the line learns it by `answer`, or is told by whoever made it."""
        self.answered = False
        self.ended: ev.EndCause | None = None
        self._media = media

    async def answer(self) -> None:
        if self.gone or self.ended is not None:
            raise PeerError("the caller is gone")
        self.answered = True

    def end(self, cause: ev.EndCause) -> None:
        if not self.gone and self.ended is None:
            self.ended = cause
            self._media.close_leg(self.leg)

    def leave(self) -> None:
        """The customer goes, in whatever way."""
        if not self.gone and self.ended is None:
            self.gone = True
            self._media.close_leg(self.leg)


class World:
    def __init__(
        self,
        directory: Path,
        config: Config | None = None,
        *,
        store: MemoryStore | None = None,
        media: SessionPlane | None = None,
        **limits: int,
    ) -> None:
        """``config``: queues, numbers, agents and distribution in place of one queue with two agents."""
        self.clock = HandClock()
        self.media = media or SessionPlane()
        self.store = store or MemoryStore()
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
            media=self.media,
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
        """The names of a contact's events, in order; without passing ones, and those of recordings, done some time."""
        return [
            type(event).__name__
            for event in self.events
            if isinstance(event, ev.ContactEvent)
            and event.contact == contact
            and not isinstance(event, ev.TypingNoticed | ev.RecordingStored | ev.RecordingFailed | ev.QualityRecorded)
        ]

    def ready(self, *agents: AgentId) -> None:
        """Sign agents in and make them available, one second apart, the first the longest idle."""
        for agent in agents:
            self.agents.page_connected(agent)
            self.agents.ready(agent)
            self.clock.advance(1000)

    def line(self, *, gone: bool = False) -> FakeLine:
        line = FakeLine(self.media)
        if gone:
            line.leave()
        return line

    def agent_leg(self) -> LegId:
        """Audio of an agent's browser, connected."""
        return self.media.open_webrtc_leg(lambda event: None, ufrag="ours", pwd="a password with enough letters")[0]

    async def call(
        self,
        line: FakeLine | None = None,
        *,
        greeted: bool = True,
        queue: QueueName = SUPPORT,
        customer: ev.Customer = CALLER,
        called: str = "100",
    ) -> tuple[FakeLine, ContactId]:
        line = line or self.line()
        contact = await self.contacts.open_call(
            line, channel=Channel.PHONE, queue=queue, customer=customer, called=called
        )
        if greeted:
            self.media.end_sound(line.leg)
        return line, contact

    def leave(self, line: FakeLine, cause: ev.EndCause = ev.EndCause.HUNG_UP) -> None:
        """The customer hangs up, and their edge says so."""
        line.leave()
        self.contacts.line_ended(line, cause)

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
        leg = self.agent_leg()
        self.agents.attach_leg(agent, contact, leg)
        return line, contact, leg

    async def until(self, kind: type[E], count: int = 1) -> E:
        """Wait for an event that another thread brings about, for the ``count``th of its kind."""
        published = asyncio.Event()
        unsubscribe = self.session.bus.subscribe(lambda event: published.set())
        async with asyncio.timeout(PATIENCE_S):
            while len(self.of(kind)) < count:
                published.clear()
                await published.wait()
        unsubscribe()
        return self.of(kind)[count - 1]


@asynccontextmanager
async def world(
    directory: Path,
    config: Config | None = None,
    *,
    store: MemoryStore | None = None,
    media: SessionPlane | None = None,
    **limits: int,
) -> AsyncIterator[World]:
    made = World(directory, config, store=store, media=media, **limits)
    async with made.session:
        yield made
