"""Wires the session together and owns its beginning and end: recovery after a crash, drain before a stop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from acd_core.events import MatchingConfigured, QueueClosed, QueueOpened
from acd_core.journal import Standing
from gateway.config.distribution import DistributionConfig
from gateway.config.schema import AgentConfig, LimitsConfig, NumberConfig, QueueConfig
from gateway.model.clock import Clock, Scheduler
from gateway.model.events import EndCause, Party
from gateway.model.ids import QueueName, VideoCodec
from gateway.model.media import MediaPlane
from gateway.model.ports import Store
from gateway.routing.hours import OpeningHours
from gateway.routing.router import DecisionRecorder, Distributor, Router
from gateway.routing.settings import matching_configured, queue_configured
from gateway.session.agents import AgentService
from gateway.session.bus import EventBus
from gateway.session.contacts import ContactService
from gateway.session.conversation import Conversations
from gateway.session.decisions import DecisionHandler
from gateway.session.eventlog import EventLog
from gateway.session.floor import Floor
from gateway.session.lookback import LookBack
from gateway.session.quality import QualityWatch
from gateway.session.recording import Recorder
from gateway.session.recovery import Recovery
from gateway.session.video import Videos
from gateway.session.waiting import WaitingRoom

DEFAULT_DISTRIBUTION = DistributionConfig()


class Session:
    """Use as ``async with Session(...) as session``; edges start after it and stop before it."""

    def __init__(
        self,
        *,
        queues: list[QueueConfig],
        numbers: list[NumberConfig],
        agents: list[AgentConfig],
        limits: LimitsConfig,
        directory: Path,
        store: Store,
        media: MediaPlane,
        distributor: Distributor,
        clock: Clock,
        scheduler: Scheduler,
        distribution: DistributionConfig = DEFAULT_DISTRIBUTION,
        journal: DecisionRecorder | None = None,
        standing: Standing | None = None,
        video_codecs: Sequence[VideoCodec] = tuple(VideoCodec),
    ) -> None:
        """``journal`` keeps what the distributor decides; ``standing`` is how all stood when the run before ended;
        ``video_codecs`` are those of pictures in browser calls, in order of preference."""
        self.bus = EventBus()
        self._store = store
        self._standing = standing
        self._log = EventLog(store, self.bus, waiting_max=limits.events_waiting_max)
        self._router = Router(distributor, clock, scheduler, journal)
        self._recorder = Recorder(directory, self._log, clock)
        self._floor = Floor(
            queues=queues,
            numbers=numbers,
            agents=agents,
            limits=limits,
            clock=clock,
            scheduler=scheduler,
            log=self._log,
            media=media,
            router=self._router,
        )
        quality = QualityWatch(self._log, clock)
        waiting = WaitingRoom(self._floor)
        videos = Videos(self._floor, video_codecs)
        conversations = Conversations(self._floor, self._recorder, quality, waiting, videos=videos)
        decisions = DecisionHandler(self._floor, conversations)
        self.contacts = ContactService(
            self._floor,
            conversations,
            self._recorder,
            quality,
            waiting,
            look_back=LookBack(self._floor, store),
            videos=videos,
        )
        self.agents = AgentService(self._floor, conversations, decisions, self.contacts, videos)
        self._matching = matching_configured(distribution)
        self._opening_hours = OpeningHours(queues, distribution.timezone, self._opening, clock, scheduler)
        self._appending: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Session:
        self._appending = asyncio.create_task(self._log.run(), name="event log")
        for queue in self._floor.queues.values():
            self._router.submit(queue_configured(queue))
        if self._matching != MatchingConfigured():
            self._router.submit(self._matching)
        self._opening_hours.start()
        await Recovery(self._floor, self.contacts, self._recorder, self._store, self._standing).run()
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._appending is not None
        self.drain()
        self._opening_hours.stop()
        self._router.stop()
        await self._recorder.close()
        self._log.close()
        await self._appending

    def _opening(self, event: QueueOpened | QueueClosed) -> None:
        name = QueueName(event.queue)
        if isinstance(event, QueueClosed):
            self._floor.closed.add(name)
        else:
            self._floor.closed.discard(name)
        self._router.submit(event)
        self._floor.queue_changed(name)

    def drain(self) -> None:
        """Refuse new contacts and end those there are, each with its reason."""
        self._floor.draining = True
        for contact in list(self._floor.contacts.values()):
            self.contacts.end(contact, Party.SYSTEM, EndCause.SHUTDOWN)

    async def flushed(self) -> None:
        """Wait until all that has happened so far is on disk."""
        await self._log.flushed()
