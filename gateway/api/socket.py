"""One page's WebSocket: frames in, frames out, and every way in which a page can misbehave.

A bad frame is answered with an error frame, the sixth closes the socket (1008); so does sending faster than a person
could.  What goes out waits in a bounded queue: a page that does not read is closed (1013) and may connect again, so it
never holds up anybody else.  Pings notice a closed laptop within 12 s.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from gateway.api.frames import ErrorFrame, Frame
from gateway.api.guard import kind_of, what_to_do
from gateway.api.limits import Bucket
from gateway.model.errors import InternalError, ZentraleError

log = logging.getLogger(__name__)

HEARTBEAT_S = 8.0
"""A ping this often; no pong within half of it and the page is gone: 12 s at most."""
FRAME_BYTES_MAX = 64 * 1024
QUEUE_FRAMES_MAX = 256
BAD_FRAMES_MAX = 5
FRAMES_PER_SECOND = 25
FRAMES_BURST = 75
CLOSE_S = 2.0

Request = TypeVar("Request", bound=Frame)

encode = msgspec.json.Encoder().encode
_WHERE = re.compile(r" - at `\$\.?([^`]*)`$")


def error_frame(error: ZentraleError, frame: Frame) -> ErrorFrame:
    """What a page is told when its request can't be met."""
    name = frame.__struct_config__.tag
    internal = isinstance(error, InternalError)
    return ErrorFrame(
        error="something went wrong inside Zentrale" if internal else str(error),
        where=str(name),
        what_to_do=what_to_do(error),
        kind=kind_of(error),
        contact=getattr(frame, "contact", None),
        key=getattr(frame, "key", None),
    )


def bad_frame(error: Exception) -> ErrorFrame:
    """Say what is wrong with a frame, and at which field."""
    text = str(error)
    found = _WHERE.search(text)
    where = found.group(1) if found and found.group(1) else "frame"
    return ErrorFrame(
        error=_WHERE.sub("", text),
        where=where,
        what_to_do="Send one JSON object as docs/reference/api.md describes it.",
        kind="peer",
    )


class PageSocket(Generic[Request]):
    """Wraps one upgraded connection.  `send` never waits; `run` returns when the page is gone."""

    def __init__(self, decoder: msgspec.json.Decoder[Request]) -> None:
        self._ws = web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=FRAME_BYTES_MAX, compress=False)
        self._decoder = decoder
        self._queue: asyncio.Queue[bytes] = asyncio.Queue(QUEUE_FRAMES_MAX)
        self._bad = 0
        self._bucket = Bucket(per_second=FRAMES_PER_SECOND, burst=FRAMES_BURST)
        self._closing: asyncio.Task[None] | None = None
        self._request: web.Request | None = None

    @property
    def response(self) -> web.WebSocketResponse:
        return self._ws

    async def prepare(self, request: web.Request) -> None:
        self._request = request
        await self._ws.prepare(request)

    def send(self, frame: Frame) -> None:
        """Queue a frame.  A page whose queue is full is closed with 1013 (try again later)."""
        self.send_encoded(encode(frame))

    def send_encoded(self, data: bytes) -> None:
        """As `send`, with what `encode` made of a frame: what goes to many pages is encoded once."""
        if self._closing is not None:
            return
        try:
            self._queue.put_nowait(data)
        except asyncio.QueueFull:
            log.warning("a page does not read its %d frames; closing it", QUEUE_FRAMES_MAX)
            self.close(WSCloseCode.TRY_AGAIN_LATER, "too slow")

    def close(self, code: int, message: str) -> None:
        """Begin to close; `run` returns soon after."""
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self._close(code, message))

    async def _close(self, code: int, message: str) -> None:
        # The close frame queues behind what the kernel has not sent: a page that does not read never gets it, so
        # the connection is cut in the end.
        with contextlib.suppress(TimeoutError, ConnectionError, RuntimeError):
            async with asyncio.timeout(CLOSE_S):
                await self._ws.close(code=code, message=message.encode())
        transport = self._request.transport if self._request is not None else None
        if transport is not None:
            transport.abort()

    async def run(self, handle: Callable[[Request], Awaitable[None]]) -> None:
        """Read frames and hand each to ``handle``, one after the other; `ZentraleError` becomes an error frame."""
        writer = asyncio.get_running_loop().create_task(self._write())
        try:
            async for message in self._ws:
                if self._closing is not None:
                    break
                if message.type is WSMsgType.TEXT:
                    await self._receive(message.data, handle)
                elif message.type is WSMsgType.BINARY:
                    self._complain(bad_frame(ValueError("the frame is binary")))
        finally:
            if self._closing is not None:
                await self._closing
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)

    async def _receive(self, data: str, handle: Callable[[Request], Awaitable[None]]) -> None:
        if not self._bucket.take():
            self._say_and_close("too many frames in a second")
            return
        try:
            frame = self._decoder.decode(data)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
            self._complain(bad_frame(error))
            return
        try:
            await handle(frame)
        except ZentraleError as error:
            if isinstance(error, InternalError):
                log.error("%s: %s", type(frame).__name__, error)
            self.send(error_frame(error, frame))
        except Exception:
            log.exception("%s failed", type(frame).__name__)
            self.send(error_frame(InternalError("unexpected"), frame))

    def _complain(self, frame: ErrorFrame) -> None:
        self._bad += 1
        if self._bad > BAD_FRAMES_MAX:
            self._say_and_close("too many frames that could not be read")
        else:
            self.send(frame)

    def _say_and_close(self, why: str) -> None:
        log.warning("closing a page: %s", why)
        self.close(WSCloseCode.POLICY_VIOLATION, why)

    async def _write(self) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                data = await self._queue.get()
                await self._ws.send_frame(data, WSMsgType.TEXT)
