"""A page's WebSocket seen from the page: typed frames out, typed frames in, and waiting for what is to come.

`AgentClient` and `VisitorClient` build on it.  They hold what a page would show, so that whoever drives them asks
plain attributes and waits with `until`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import aiohttp
import msgspec

from gateway.api.frames import ErrorFrame, Frame

log = logging.getLogger(__name__)

CONNECT_S = 10.0
CLOSE_S = 1.0
FRAME_BYTES_MAX = 4 * 1024 * 1024
"""A transcript may be long; what a page may send is much shorter."""

Received = TypeVar("Received", bound=Frame)

_encode = msgspec.json.Encoder().encode


class ConnectionLostError(Exception):
    """The page's connection is gone, or could not be made."""


class PageClient(Generic[Received]):
    """One page.  `open` it, and `close` it at the end; nothing of it runs on afterwards."""

    def __init__(self, decoder: msgspec.json.Decoder[Received]) -> None:
        self.last_error: ErrorFrame | None = None
        """What Zentrale last refused to do."""
        self._decoder = decoder
        self._http: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self._news: asyncio.Future[None] | None = None
        self._lost = False
        self._listeners: list[Callable[[Received], None]] = []

    @property
    def connected(self) -> bool:
        return self._socket is not None and not self._lost

    def listen(self, listener: Callable[[Received], None]) -> None:
        """Call ``listener`` with each frame, after the client's own state has followed it.  It must not raise."""
        self._listeners.append(listener)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return once the condition holds; it is looked at after each frame.  Raises `ConnectionLostError`."""
        while not condition():
            if self._lost or self._socket is None:
                raise ConnectionLostError("the connection to Zentrale is gone")
            if self._news is None or self._news.done():
                self._news = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._news)

    async def send(self, frame: Frame) -> None:
        """Raises `ConnectionLostError`.  A refusal comes as an `ErrorFrame` later."""
        if self._socket is None or self._lost:
            raise ConnectionLostError("the connection to Zentrale is gone")
        try:
            await self._socket.send_str(_encode(frame).decode())
        except (ConnectionError, aiohttp.ClientError) as error:
            raise ConnectionLostError(str(error)) from error

    async def close(self) -> None:
        """Say goodbye and free everything.  Harmless twice."""
        if self._socket is not None:
            with contextlib.suppress(TimeoutError, ConnectionError, aiohttp.ClientError):
                async with asyncio.timeout(CLOSE_S):
                    await self._socket.close()
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        if self._http is not None:
            await self._http.close()
        self._lost = True

    def _session(self, base: str) -> aiohttp.ClientSession:
        if self._http is None:
            self._http = aiohttp.ClientSession(
                base, cookie_jar=aiohttp.DummyCookieJar(), timeout=aiohttp.ClientTimeout(total=CONNECT_S)
            )
        return self._http

    async def _connect(self, base: str, path: str, headers: dict[str, str] | None = None) -> None:
        try:
            self._socket = await self._session(base).ws_connect(path, headers=headers, max_msg_size=FRAME_BYTES_MAX)
        except (OSError, TimeoutError, aiohttp.ClientError) as error:
            await self.close()
            raise ConnectionLostError(f"{base}{path}: {error}") from error
        self._reader = asyncio.get_running_loop().create_task(self._read(self._socket), name=f"page {path}")

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        try:
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._take(self._decoder.decode(message.data))
        except msgspec.DecodeError:
            log.exception("a frame of Zentrale's is not what frames.py describes")
        finally:
            self._lost = True
            self._tell()

    def _take(self, frame: Received) -> None:
        if isinstance(frame, ErrorFrame):
            self.last_error = frame
            log.debug("refused: %s: %s", frame.where, frame.error)
        self._received(frame)
        for listener in self._listeners:
            listener(frame)
        self._tell()

    def _tell(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    def _received(self, frame: Any) -> None:
        """Follow the frame; for subclasses."""
