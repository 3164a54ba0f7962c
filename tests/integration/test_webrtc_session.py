"""Visitors' calls and agents' audio through the real session, plane and distributor, with Chromium and aiortc."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from acd_core import Distributor
from gateway.config.schema import AgentConfig, LimitsConfig, QueueConfig
from gateway.media import MediaPlane
from gateway.model import events as ev
from gateway.model.clock import LoopScheduler, SystemClock
from gateway.model.errors import NotAllowedError
from gateway.model.ids import AgentId, ContactId, QueueName
from gateway.session.session import Session
from gateway.webrtc import AgentAudio, WebCallLine, WebCalls, WebRtcEdge, WebRtcLimits
from tests.support.chromium import OFFER, chromium, new_blank_page, tone_wav, wait_for_tone
from tests.support.memory_store import MemoryStore
from tests.support.patience import PATIENCE_S
from tests.support.sdp_samples import sample
from tests.support.webrtc_client import WebRtcClient

SUPPORT = QueueName("support")
ANNA = AgentId("anna")
VISITOR = ev.Customer(address="visitor:abc", name="Vera")
VISITOR_HZ, AGENT_HZ, AGENT_AGAIN_HZ, GREETING_HZ, MUSIC_HZ = 700, 1100, 1500, 500, 350

E = TypeVar("E", bound=ev.Event)


class World:
    def __init__(self, folder: Path) -> None:
        loop = asyncio.get_running_loop()
        self.plane = MediaPlane(consent_ms=5000)
        self.plane.add_sound("greeting", tone_wav(folder / "greeting.wav", GREETING_HZ, seconds=2))
        self.plane.add_sound("music", tone_wav(folder / "music.wav", MUSIC_HZ))
        self.plane.start(loop)
        self.session = Session(
            queues=[QueueConfig(name=SUPPORT, title="Support", offer_ms=20_000)],
            numbers=[],
            agents=[AgentConfig(login=ANNA, name="Anna", queues=[SUPPORT])],
            limits=LimitsConfig(),
            directory=folder,
            store=MemoryStore(),  # type: ignore[arg-type]
            media=self.plane,
            distributor=Distributor(),
            clock=SystemClock(),
            scheduler=LoopScheduler(loop),
        )
        self.edge = WebRtcEdge(self.plane, limits=WebRtcLimits(restart_ms=1000))
        self.calls = WebCalls(self.edge, self.session.contacts)
        self.audio = AgentAudio(self.edge, self.session.agents, self.session.bus)
        self.events: list[ev.Event] = []
        self._news = asyncio.Event()
        self.session.bus.subscribe(self._note)

    def _note(self, event: ev.Event) -> None:
        self.events.append(event)
        self._news.set()

    async def wait_for(self, kind: type[E]) -> E:
        """The first event of this kind after those that were waited for before."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for index, event in enumerate(self.events):
                    if isinstance(event, kind):
                        del self.events[: index + 1]
                        return event
                self._news.clear()
                await self._news.wait()

    async def call(self, offer_sdp: str) -> tuple[str, WebCallLine, asyncio.Future[ev.EndCause]]:
        ended: asyncio.Future[ev.EndCause] = asyncio.get_running_loop().create_future()
        answer_sdp, line = await self.calls.start(
            customer=VISITOR,
            queue=SUPPORT,
            called="https://example.org/",
            offer_sdp=offer_sdp,
            on_ended=lambda cause, message: ended.set_result(cause),
        )
        return answer_sdp, line, ended

    def sign_in(self) -> None:
        self.session.agents.page_connected(ANNA)
        self.session.agents.ready(ANNA)

    async def accept(self) -> ContactId:
        offered = await self.wait_for(ev.ContactOffered)
        return await self.session.agents.accept(ANNA, offered.offer)

    async def join(self, contact: ContactId, agent: WebRtcClient) -> None:
        await agent.accept(await self.audio.offer(ANNA, contact, await agent.offer()))


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[World]:
    world = World(folder)
    try:
        async with world.session:
            await world.edge.start()
            await world.audio.start()
            yield world
            world.session.drain()
            await world.audio.stop()
            await world.calls.stop()
            await world.edge.stop()
            assert (world.calls.calls, world.audio.legs, world.edge.legs) == (0, 0, 0)
    finally:
        await world.plane.close()


async def test_a_visitor_and_an_agent_talk_hold_reload_and_part(tmp_path: Path):
    microphone = tone_wav(tmp_path / "mic.wav", VISITOR_HZ)
    async with running(tmp_path) as world, chromium(microphone) as browser:
        world.sign_in()
        page = await new_blank_page(browser)
        answer_sdp, _, ended = await world.call(await page.evaluate(OFFER))
        await page.evaluate("(sdp) => pc.setRemoteDescription({ type: 'answer', sdp })", answer_sdp)
        await wait_for_tone(page, GREETING_HZ)
        contact = await world.accept()
        await wait_for_tone(page, MUSIC_HZ)
        async with WebRtcClient(AGENT_HZ) as agent, WebRtcClient(AGENT_AGAIN_HZ) as reloaded:
            await world.join(contact, agent)
            await world.wait_for(ev.ConversationStarted)
            await asyncio.gather(wait_for_tone(page, AGENT_HZ), agent.wait_for_tone(VISITOR_HZ))

            world.session.agents.hold(ANNA, contact)
            await wait_for_tone(page, MUSIC_HZ)
            world.session.agents.resume(ANNA, contact)
            await wait_for_tone(page, AGENT_HZ)

            await world.join(contact, reloaded)
            await asyncio.gather(wait_for_tone(page, AGENT_AGAIN_HZ), reloaded.wait_for_tone(VISITOR_HZ))
            assert world.audio.legs == 1

            world.session.agents.hang_up(ANNA, contact)
            async with asyncio.timeout(PATIENCE_S):
                assert await ended is ev.EndCause.HUNG_UP
                await reloaded.closed.wait()
        over = await world.wait_for(ev.ContactEnded)
        assert (over.by, over.cause) == (ev.Party.AGENT, ev.EndCause.HUNG_UP)


async def test_the_agents_audio_is_lost_and_comes_back(tmp_path: Path):
    async with running(tmp_path) as world, WebRtcClient(VISITOR_HZ) as visitor:
        world.sign_in()
        answer_sdp, _, _ = await world.call(await visitor.offer())
        await visitor.accept(answer_sdp)
        contact = await world.accept()
        async with WebRtcClient(AGENT_HZ) as agent:
            await world.join(contact, agent)
            await visitor.wait_for_tone(AGENT_HZ)
        await world.wait_for(ev.AgentConnectionLost)
        await visitor.wait_for_tone(MUSIC_HZ)
        async with WebRtcClient(AGENT_AGAIN_HZ) as agent:
            await world.join(contact, agent)
            await world.wait_for(ev.AgentConnectionRestored)
            await asyncio.gather(visitor.wait_for_tone(AGENT_AGAIN_HZ), agent.wait_for_tone(VISITOR_HZ))


async def test_the_visitors_browser_goes_and_the_agent_is_free(tmp_path: Path):
    async with running(tmp_path) as world, WebRtcClient(AGENT_HZ) as agent:
        world.sign_in()
        async with WebRtcClient(VISITOR_HZ) as visitor:
            answer_sdp, _, ended = await world.call(await visitor.offer())
            await visitor.accept(answer_sdp)
            contact = await world.accept()
            await world.join(contact, agent)
            await agent.wait_for_tone(VISITOR_HZ)
        over = await world.wait_for(ev.ContactEnded)
        assert (over.by, over.cause) == (ev.Party.CUSTOMER, ev.EndCause.HUNG_UP)
        async with asyncio.timeout(PATIENCE_S):
            await agent.closed.wait()
            await ended
        with pytest.raises(NotAllowedError):
            await world.audio.offer(ANNA, contact, sample("chromium_audio"))
