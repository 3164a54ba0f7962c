"""The composition root: makes each part, wires it to its neighbours, starts them bottom up and stops them top down.

A stop drains first: no new contacts, then each contact ended with its reason, its recording finished, its last event
on disk, and only then the parts themselves.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
from contextlib import AsyncExitStack
from importlib import metadata
from pathlib import Path
from typing import Self

import msgspec

from acd_core import Distributor
from gateway.api.app import make_app
from gateway.api.server import ApiServer
from gateway.api.services import Services
from gateway.app.sounds import load_sounds
from gateway.config.schema import Config
from gateway.media import MediaPlane
from gateway.model.clock import LoopScheduler, SystemClock
from gateway.model.errors import InternalError
from gateway.routing.journal import Journal
from gateway.routing.restore import read_standing
from gateway.session.session import Session
from gateway.sip.edge import SipEdge
from gateway.storage import Stores, open_stores
from gateway.web import add_pages
from gateway.webrtc import AgentAudio, WebCalls, WebRtcEdge, WebRtcLimits

log = logging.getLogger(__name__)

SECRET_FILE = "session.key"
LEGS_PER_CALL = 3
"""The customer's, the agent's, and the agent's next one while a page reloads."""
JOURNAL = "journal"
"""The folder beside the database."""


class Addresses(msgspec.Struct, frozen=True, kw_only=True):
    """What is really listened on; ports given as 0 are known only now."""

    sip: str
    """host:port"""
    web: str
    """http://host:port"""
    webrtc: list[tuple[str, int]]


class Gateway:
    """Use as ``async with Gateway(config) as gateway``; inside it is open for contacts."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._stack = AsyncExitStack()
        self.stores: Stores
        self.session: Session
        self.addresses: Addresses

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await self._start(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    async def _start(self, stack: AsyncExitStack) -> None:
        config = self.config
        clock = SystemClock()
        scheduler = LoopScheduler(asyncio.get_running_loop())
        self.stores = await open_stores(
            config.storage, exclusive=True, clock=clock, events_waiting_max=config.limits.events_waiting_max
        )
        stack.push_async_exit(self.stores)

        media = make_media(config)
        media.start(asyncio.get_running_loop())
        stack.push_async_callback(media.close)

        distributor = Distributor()
        folder = self.stores.directory / JOURNAL
        standing = await asyncio.to_thread(read_standing, folder)
        journal = await stack.enter_async_context(
            Journal(
                folder,
                clock,
                limits=distributor.limits,
                snapshot=distributor.snapshot,
                software=metadata.version("zentrale"),
            )
        )
        self.session = session = await stack.enter_async_context(
            Session(
                queues=config.queues,
                numbers=config.numbers,
                agents=config.agents,
                limits=config.limits,
                directory=self.stores.directory,
                store=self.stores.store,
                media=media,
                distributor=distributor,
                clock=clock,
                scheduler=scheduler,
                distribution=config.distribution,
                journal=journal,
                standing=standing,
                video_codecs=config.media.video_codecs,
            )
        )

        webrtc = WebRtcEdge(media, limits=WebRtcLimits(legs_max=legs_max(config), restart_ms=config.media.restart_ms))
        await webrtc.start()
        stack.push_async_callback(webrtc.stop)
        web_calls = WebCalls(webrtc, session.contacts)
        stack.push_async_callback(web_calls.stop)
        agent_audio = AgentAudio(webrtc, session.agents, session.bus)
        await agent_audio.start()
        stack.push_async_callback(agent_audio.stop)

        sip = SipEdge(config.sip, config.trunks, session.contacts, media, config.limits, clock)
        await sip.start()
        stack.push_async_callback(sip.stop)

        services = Services(
            config=config,
            clock=clock,
            contacts=session.contacts,
            agents=session.agents,
            bus=session.bus,
            store=self.stores.store,
            accounts=self.stores.accounts,
            web_calls=web_calls,
            agent_audio=agent_audio,
            recordings=self.stores.recordings,
            secret=await asyncio.to_thread(load_secret, self.stores.directory),
        )
        api = ApiServer(make_app(services, add_pages=add_pages), address=config.web.address, port=config.web.port)
        try:
            await api.start()
        except OSError as error:
            # asyncio's text repeats the address.
            reason = os.strerror(error.errno).lower() if error.errno else str(error)
            raise InternalError(
                f"web.port {config.web.port} on {config.web.address} can't be listened on: {reason}; "
                "stop what uses it or choose another port"
            ) from error
        stack.push_async_callback(api.stop)
        # Last in, first out: while the edges still work, everybody hears that it is over.
        stack.callback(session.drain)

        host, port = sip.address
        self.addresses = Addresses(sip=f"{host}:{port}", web=api.url, webrtc=media.webrtc_addresses)


def make_media(config: Config) -> MediaPlane:
    """The media plane with every sound that the configuration may name; that there are those it names is checked."""
    settings = config.media
    media = MediaPlane(
        addresses=settings.bound,
        public_addresses=settings.told,
        rtp_ports=settings.rtp_ports,
        webrtc_port=settings.webrtc_port,
        threads=settings.threads,
        priority=settings.priority,
        consent_ms=settings.consent_ms,
        legs_max=legs_max(config),
        opus_bitrate=settings.opus_bitrate or 0,
        opus_complexity=settings.opus_complexity,
        opus_dtx=settings.opus_dtx,
        quality_ms=settings.quality_ms,
        silence_alarm_ms=settings.silence_alarm_ms,
        one_way_alarm_ms=settings.one_way_alarm_ms,
    )
    load_sounds(media, config)
    return media


def legs_max(config: Config) -> int:
    """So many that no call is refused, or left by its agent, for want of a leg; visitors may be connecting besides."""
    return LEGS_PER_CALL * config.limits.calls_max + WebRtcLimits().connecting_max


def load_secret(directory: Path) -> bytes:
    """The key that seals sign-in cookies; made at the first start, so that a restart signs nobody out."""
    path = directory / SECRET_FILE
    try:
        secret = path.read_bytes()
    except FileNotFoundError:
        secret = secrets.token_bytes(32)
        path.touch(mode=0o600)
        path.write_bytes(secret)
    if len(secret) != 32:
        raise InternalError(f"{path} is damaged; remove it, and all agents sign in anew")
    return secret
