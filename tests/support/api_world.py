"""The API on a real port over a real session, with clock, media and browser audio in the test's hand.

async with api_world(tmp_path) as api:
    anna = await api.agent("anna")               # signed in, socket open, desk seen
    vera = await api.visitor()                   # socket open, welcome seen
    await vera.send(type="chat_start", text="hello", key=1)
    offer = await anna.see("offer_ringing")
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import aiohttp

from gateway.api.app import make_app
from gateway.api.server import ApiServer
from gateway.api.services import Services
from gateway.config.schema import AgentConfig, Config, LimitsConfig, QueueConfig, TurnConfig
from gateway.model.errors import NotFoundError, PeerError, ZentraleError
from gateway.model.events import Customer, EndCause
from gateway.model.ids import AgentId, Channel, ContactId, LegId, QueueName
from tests.support.memory_store import MemoryAccounts
from tests.support.patience import PATIENCE_S
from tests.support.session_world import SUPPORT, FakeLine, World, world

SECRET = b"s" * 32


class FakeWebLine(FakeLine):
    """A visitor's call without sound."""

    def __init__(self, calls: FakeWebCalls, on_ended: Callable[[EndCause, str], None]) -> None:
        super().__init__(calls.world.media)
        self.calls = calls
        self.on_ended = on_ended

    async def renegotiate(self, offer_sdp: str) -> str:
        if not offer_sdp.startswith("v=0"):
            raise PeerError("the offer is no SDP")
        return "v=0 further answer"

    def hang_up(self) -> None:
        self._leave(EndCause.HUNG_UP)

    def page_lost(self) -> None:
        self._leave(EndCause.CONNECTION_LOST)

    def end(self, cause: EndCause) -> None:
        if not self.gone and self.ended is None:
            super().end(cause)
            self.on_ended(cause, "")

    def _leave(self, cause: EndCause) -> None:
        if not self.gone and self.ended is None:
            self.calls.world.leave(self, cause)
            self.on_ended(cause, "")


class FakeWebCalls:
    """`gateway.webrtc.WebCalls` without browsers: sound flows when the test says so."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.lines: list[FakeWebLine] = []
        self.refusal: ZentraleError | None = None
        self._opening: list[Callable[[], Any]] = []

    async def start(
        self,
        *,
        customer: Customer,
        queue: QueueName,
        called: str,
        offer_sdp: str,
        on_ended: Callable[[EndCause, str], None],
        on_opened: Callable[[ContactId], None],
    ) -> tuple[str, FakeWebLine]:
        if self.refusal is not None:
            raise self.refusal
        line = FakeWebLine(self, on_ended)
        self.lines.append(line)

        async def connect() -> ContactId:
            contact = await self.world.contacts.open_call(
                line, channel=Channel.WEB_CALL, queue=queue, customer=customer, called=called
            )
            on_opened(contact)
            self.world.media.end_sound(line.leg)
            return contact

        self._opening.append(connect)
        return "v=0 answer", line

    async def connect(self) -> ContactId:
        """Let the newest call's sound flow."""
        contact: ContactId = await self._opening.pop()()
        return contact


class FakeAgentAudio:
    def __init__(self, world: World) -> None:
        self.world = world
        self.offers: list[tuple[AgentId, ContactId, str]] = []

    async def offer(self, agent: AgentId, contact: ContactId, offer_sdp: str) -> str:
        if not offer_sdp.startswith("v=0"):
            raise PeerError("the offer is no SDP")
        self.offers.append((agent, contact, offer_sdp))
        return "v=0 answer"

    async def renegotiate(self, agent: AgentId, contact: ContactId, offer_sdp: str) -> str:
        if not any(offer[:2] == (agent, contact) for offer in self.offers):
            raise NotFoundError("there is no sound for this contact")
        return "v=0 further answer"

    def connect(self, agent: AgentId, contact: ContactId) -> LegId:
        leg = self.world.agent_leg()
        self.world.agents.attach_leg(agent, contact, leg)
        return leg


class Page:
    """One page's socket; frames that were not asked for wait in order."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.frames: list[dict[str, Any]] = []

    async def send(self, **frame: Any) -> None:
        await self.socket.send_str(json.dumps(frame))

    async def see(self, kind: str, **fields: Any) -> dict[str, Any]:
        """The next frame of this type whose fields have these values (dots go deeper); others before it are dropped."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    frame = await self.next()
                    if frame["type"] == kind and all(_get(frame, key) == value for key, value in fields.items()):
                        return frame
        except TimeoutError:
            raise AssertionError(f"no {kind} {fields}; saw {self.frames[-8:]}") from None

    async def next(self) -> dict[str, Any]:
        message = await self.socket.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise AssertionError(f"the socket closed with {self.socket.close_code}; saw {self.frames[-8:]}")
        frame: dict[str, Any] = json.loads(message.data)
        self.frames.append(frame)
        return frame

    async def closed(self) -> int | None:
        """Wait until the other side closes; the code."""
        async with asyncio.timeout(PATIENCE_S):
            while (await self.socket.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
        return self.socket.close_code

    async def close(self) -> None:
        await self.socket.close()


def _get(frame: dict[str, Any], path: str) -> Any:
    value: Any = frame
    for part in path.split("__"):
        value = value[part]
    return value


class ApiWorld:
    def __init__(self, world: World, folder: Path, config: Config) -> None:
        self.world = world
        self.config = config
        self.accounts = MemoryAccounts()
        self.web_calls = FakeWebCalls(world)
        self.audio = FakeAgentAudio(world)
        self.recordings = folder / "recordings"
        self.server = self._server()
        self.clients: list[aiohttp.ClientSession] = []

    def _server(self, port: int = 0) -> ApiServer:
        services = Services(
            config=self.config,
            clock=self.world.clock,
            contacts=self.world.contacts,
            agents=self.world.agents,
            bus=self.world.session.bus,
            store=self.world.store,
            accounts=self.accounts,
            web_calls=self.web_calls,
            agent_audio=self.audio,
            recordings=self.recordings,
            secret=SECRET,
        )
        return ApiServer(make_app(services), address="127.0.0.1", port=port)

    async def restart(self) -> None:
        """A new API over the same session, on the same port."""
        await self.server.stop()
        self.server = self._server(self.server.port)
        await self.server.start()

    def url(self, path: str) -> str:
        return f"{self.server.url}{path}"

    def client(self) -> aiohttp.ClientSession:
        """A browser: with a cookie jar of its own."""
        client = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        self.clients.append(client)
        return client

    async def signed_in(self, agent: str) -> aiohttp.ClientSession:
        await self.accounts.set_password(AgentId(agent), f"{agent}s secret")
        client = self.client()
        body = {"login": agent, "password": f"{agent}s secret"}
        async with client.post(self.url("/api/login"), json=body) as response:
            assert response.status == 200, await response.text()
        return client

    async def agent(self, agent: str, *, ready: bool = True, client: aiohttp.ClientSession | None = None) -> Page:
        client = client or await self.signed_in(agent)
        page = Page(await client.ws_connect(self.url("/api/agent")))
        await page.see("desk")
        if ready:
            await page.send(type="ready")
            await page.see("agent_state", state__state="available")
        return page

    async def visitor(self, token: str | None = None, **hello: Any) -> Page:
        page = Page(await self.client().ws_connect(self.url("/api/visitor")))
        await page.send(type="hello", token=token, **hello)
        return page

    async def close(self) -> None:
        for client in self.clients:
            await client.close()
        await self.server.stop()

    async def __aenter__(self) -> Self:
        await self.server.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()


@asynccontextmanager
async def api_world(folder: Path, *, turn: TurnConfig | None = None, **limits: int) -> AsyncIterator[ApiWorld]:
    async with world(folder, **limits) as inner:
        config = Config(
            queues=[QueueConfig(name=SUPPORT, title="Support")],
            agents=[
                AgentConfig(login=AgentId("anna"), name="Anna", queues=[SUPPORT]),
                AgentConfig(login=AgentId("ben"), name="Ben", queues=[SUPPORT]),
            ],
            limits=LimitsConfig(**limits),
            turn=turn or TurnConfig(),
        )
        async with ApiWorld(inner, folder, config) as api:
            yield api
