"""Runs Debian's Janus, a WebRTC server on libnice and OpenSSL, and steers it over its WebSocket API.

    async with janus(folder, address) as server, server.session() as session:
        bridge = await session.attach("audiobridge")
        told = await bridge.ask({"request": "create", "room": 1})

It has no ICE candidates on loopback, so ``address`` is one of a network of the test's own (`two_networks`).
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.support.patience import PATIENCE_S

STOP_S = 5
LIBRARIES = Path("/usr/lib/x86_64-linux-gnu/janus")
PLUGINS = ("audiobridge", "sip")
PORT = 8188

CONFIG = """\
general: {{
    configs_folder = "{folder}"
    plugins_folder = "{libraries}/plugins"
    transports_folder = "{libraries}/transports"
    events_folder = "{folder}"
    loggers_folder = "{folder}"
    debug_level = 4
    debug_colors = false
}}
nat: {{
    ice_enforce_list = "{address}"
}}
plugins: {{
    disable = "{no_plugins}"
}}
transports: {{
    disable = "{no_transports}"
}}
"""
WEBSOCKETS = """\
general: {{
    ws = true
    ws_port = {port}
    ws_ip = "{address}"
    wss = false
}}
admin: {{
    admin_ws = false
    admin_wss = false
}}
"""
SIP = """\
general: {{
    local_ip = "{address}"
    keepalive_interval = 0
    behind_nat = false
    user_agent = "Janus of the tests"
    rtp_port_range = "20000-21999"
}}
"""


class JanusError(AssertionError):
    """Janus refused, or did not say what was waited for; the message has it."""


class Handle:
    """One attachment to a plugin: a participant, a SIP user agent, ..."""

    def __init__(self, session: Session, number: int) -> None:
        self._session, self._number = session, number

    async def ask(self, body: dict[str, Any], jsep: dict[str, str] | None = None) -> dict[str, Any]:
        """Send it to the plugin and wait for what that says: its data, and under ``jsep`` its description, if any."""
        more = {} if jsep is None else {"jsep": jsep}
        return _told(await self._session.ask("message", handle_id=self._number, body=body, **more))

    async def event(self, kind: str) -> dict[str, Any]:
        """Wait for an event of the plugin (its ``result``'s ``event``) that came any time since it was attached."""

        def matches(message: dict[str, Any]) -> bool:
            return message.get("sender") == self._number and _event_of(message) == kind

        return _told(await self._session.until(matches, kind))


def _told(message: dict[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = message.get("plugindata", {}).get("data", {})
    if "error" in data:
        raise JanusError(f"Janus's plugin refused: {data}")
    return {**data, "jsep": message.get("jsep")}


def _event_of(message: dict[str, Any]) -> str | None:
    result = message.get("plugindata", {}).get("data", {}).get("result")
    return result.get("event") if isinstance(result, dict) else None


class Session:
    def __init__(self, socket: aiohttp.ClientWebSocketResponse, log: Callable[[], str]) -> None:
        self._socket, self._log = socket, log
        self._number: int | None = None
        self._messages: list[dict[str, Any]] = []
        self._news = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    async def open(self) -> None:
        self._number = (await self.ask("create"))["data"]["id"]

    async def attach(self, plugin: str) -> Handle:
        told = await self.ask("attach", plugin=f"janus.plugin.{plugin}")
        return Handle(self, told["data"]["id"])

    async def ask(self, verb: str, **fields: Any) -> dict[str, Any]:
        """Send a request and wait for its answer, beyond the mere acknowledgement."""
        transaction = secrets.token_hex(6)
        request = {"janus": verb, "transaction": transaction, **fields}
        if self._number is not None:
            request["session_id"] = self._number
        await self._socket.send_json(request)
        answer = await self.until(
            lambda message: message.get("transaction") == transaction and message["janus"] != "ack", verb
        )
        if answer["janus"] == "error":
            raise JanusError(f"Janus refused {verb}: {answer['error']}")
        return answer

    async def until(self, matches: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not (found := [message for message in self._messages if matches(message)]):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise JanusError(f"no {what} within {PATIENCE_S} s: {self._messages}\n{self._log()[-4000:]}") from None
        return found[0]

    async def _read(self) -> None:
        async for message in self._socket:
            self._messages.append(message.json())
            self._news.set()

    async def close(self) -> None:
        await self._socket.close()
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)


class Janus:
    def __init__(self, address: str, log: Path) -> None:
        self.address = address
        self._log = log

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        async with aiohttp.ClientSession() as http:
            socket = await http.ws_connect(f"ws://{self.address}:{PORT}", protocols=["janus-protocol"])
            session = Session(socket, self.log)
            try:
                await session.open()
                yield session
            finally:
                await session.close()


@asynccontextmanager
async def janus(folder: Path, address: str) -> AsyncIterator[Janus]:
    """Runs until the end of the block, in the network namespace that the caller is in at its beginning."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "janus.jcfg").write_text(
        CONFIG.format(
            folder=folder,
            libraries=LIBRARIES,
            address=address,
            no_plugins=_all_but("plugins", PLUGINS),
            no_transports=_all_but("transports", ("websockets",)),
        )
    )
    (folder / "janus.transport.websockets.jcfg").write_text(WEBSOCKETS.format(port=PORT, address=address))
    (folder / "janus.plugin.sip.jcfg").write_text(SIP.format(address=address))
    server = Janus(address, folder / "janus.log")
    with server._log.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            "janus", f"--config={folder / 'janus.jcfg'}", f"--configs-folder={folder}", "--disable-colors",
            stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=asyncio.subprocess.STDOUT, cwd=folder,
        )  # fmt: skip
    try:
        async with asyncio.timeout(PATIENCE_S):
            while "WebSockets thread started" not in server.log():
                assert process.returncode is None, server.log()
                await asyncio.sleep(0.02)
        yield server
    finally:
        if process.returncode is None:
            process.terminate()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_S):
                    await process.wait()
        if process.returncode is None:
            process.kill()
            await process.wait()


def _all_but(kind: str, wanted: tuple[str, ...]) -> str:
    names = sorted(path.name for path in (LIBRARIES / kind).glob("*.so"))
    return ",".join(name for name in names if name not in {f"libjanus_{one}.so" for one in wanted})
