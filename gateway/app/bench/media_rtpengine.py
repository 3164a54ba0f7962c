"""rtpengine beside the media plane: run as a child, told of calls by its NG protocol, measured under the same load.

rtpengine (Debian's `rtpengine-daemon`) forwards in userspace here, as it does wherever its kernel module is not
loaded.  The NG protocol is a cookie and a bencoded dictionary in one UDP datagram each way; it takes an SDP and gives
another back, with its own address and, for SRTP, its own keys by SDES (RFC 4568).
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from typing import Any, cast

from gateway.app.bench.children import cpu_ns, end
from gateway.app.bench.media_subject import HOST, OPUS_TYPE, PCMA_TYPE, Cipher, Counted
from gateway.media.loadgen import NICE, Address, Addresses, CallPlan
from gateway.model.errors import InternalError, RequestError
from gateway.protocol.sdp import MediaDescription, parse

PROGRAM = "rtpengine"
THREADS = 2
PORTS = (32000, 39999)
OPUS_BITRATE = 24_000
"""What the media plane encodes at for a narrowband telephone; rtpengine is told to do the same."""

START_S = 10.0
STOP_S = 10.0
ANSWER_S = 0.5
TRIES = 10

Value = int | str | Sequence["Value"] | Mapping[str, "Value"]


def encode(value: Value) -> bytes:
    """Bencode, as BitTorrent has it; keys in any order, as rtpengine takes them."""
    if isinstance(value, int):
        return b"i%de" % value
    if isinstance(value, str):
        octets = value.encode()
        return b"%d:%s" % (len(octets), octets)
    if isinstance(value, Mapping):
        return b"d%se" % b"".join(encode(key) + encode(item) for key, item in value.items())
    return b"l%se" % b"".join(encode(item) for item in value)


def decode(octets: bytes) -> Value:
    """Read one bencoded value.  Raises `ValueError`."""
    value, rest = _decode(octets)
    if rest:
        raise ValueError("octets after the value")
    return value


def _decode(octets: bytes) -> tuple[Value, bytes]:
    kind = octets[:1]
    if kind == b"i":
        digits, rest = _split(octets[1:], b"e")
        return int(digits), rest
    if kind in (b"l", b"d"):
        items: list[Value] = []
        rest = octets[1:]
        while rest[:1] != b"e":
            item, rest = _decode(rest)
            items.append(item)
        if kind == b"l":
            return items, rest[1:]
        return {str(key): item for key, item in zip(items[::2], items[1::2], strict=True)}, rest[1:]
    digits, rest = _split(octets, b":")
    if len(rest) < int(digits):
        raise ValueError("a string is cut off")
    return rest[: int(digits)].decode(errors="replace"), rest[int(digits) :]


def _split(octets: bytes, end: bytes) -> tuple[bytes, bytes]:
    before, found, after = octets.partition(end)
    if not found:
        raise ValueError(f"no {end!r} after {octets[:20]!r}")
    return before, after


class NgClient(asyncio.DatagramProtocol):
    """Asks one rtpengine, and again when a datagram is lost: it answers a known cookie from its memory."""

    def __init__(self) -> None:
        self._waiting: dict[bytes, asyncio.Future[bytes]] = {}
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        cookie, _, body = data.partition(b" ")
        answer = self._waiting.get(cookie)
        if answer is not None and not answer.done():
            answer.set_result(body)

    def error_received(self, exc: Exception) -> None:
        """Nobody there yet: asked again."""

    async def ask(
        self, command: str, details: Mapping[str, Value] | None = None, *, tries: int = TRIES
    ) -> dict[str, Value]:
        """Ask and wait for the answer.  Raises `InternalError` when there is none or it is an error."""
        assert self._transport is not None
        cookie = secrets.token_hex(8).encode()
        datagram = cookie + b" " + encode({"command": command, **(details or {})})
        answer = self._waiting[cookie] = asyncio.get_running_loop().create_future()
        try:
            for _ in range(tries):
                self._transport.sendto(datagram)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(ANSWER_S):
                        await asyncio.shield(answer)
                        break
        finally:
            del self._waiting[cookie]
        if not answer.done():
            raise InternalError(f"rtpengine does not answer {command!r}")
        told = decode(answer.result())
        if not isinstance(told, dict) or told.get("result") not in ("ok", "pong"):
            raise InternalError(f"rtpengine refuses {command!r}: {told}")
        return told

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class Rtpengine:
    """A child process and its calls.  Use as an asynchronous context manager.  ``realtime``: its threads at `SCHED_RR`.

    Raises `RequestError` when it is not installed, `InternalError` when it fails.
    """

    def __init__(self, *, realtime: bool = False) -> None:
        self._scheduling = ("--scheduling=rr", "--priority=5") if realtime else ()
        self._process: asyncio.subprocess.Process | None = None
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  (closed when the process has ended)
        self._ng: NgClient | None = None
        self._calls: list[tuple[str, str]] = []

    async def __aenter__(self) -> Rtpengine:
        program = shutil.which(PROGRAM)
        if program is None:
            raise RequestError("rtpengine is not installed; on Debian:  apt-get install rtpengine-daemon")
        port = _free_port()
        self._process = await asyncio.create_subprocess_exec(
            # With the priority that the plane's threads ask for; nice(1) goes on without it when refused.
            *("nice", "-n", str(NICE), program, "--foreground", "--log-stderr", "--log-level=4", "--config-file=none"),
            *("--table=-1", f"--num-threads={THREADS}", f"--interface={HOST}", f"--listen-ng={HOST}:{port}"),
            *(f"--port-min={PORTS[0]}", f"--port-max={PORTS[1]}", "--delete-delay=0"),
            *self._scheduling,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )
        try:
            _, self._ng = await asyncio.get_running_loop().create_datagram_endpoint(
                NgClient, remote_addr=(HOST, port), family=socket.AF_INET
            )
            await self._wait_started()
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._end()

    async def _wait_started(self) -> None:
        assert self._process is not None
        assert self._ng is not None
        began = time.monotonic()
        while True:
            try:
                await self._ng.ask("ping", tries=1)
            except InternalError:
                if self._process.returncode is not None or time.monotonic() - began > START_S:
                    raise InternalError(f"rtpengine does not start\n{self._last_words()}") from None
            else:
                return

    def _last_words(self) -> str:
        self._log.seek(0)
        return self._log.read()[-2000:].decode(errors="replace")

    async def _end(self) -> None:
        if self._ng is not None:
            self._ng.close()
        process = self._process
        if process is not None and process.returncode is None:
            process.terminate()
            await end(process, STOP_S)
        self._log.close()

    async def ask(self, command: str, details: Mapping[str, Value]) -> dict[str, Value]:
        """As `NgClient.ask`: of calls that whoever asks sees to."""
        assert self._ng is not None
        return await self._ng.ask(command, details)

    # --- calls --------------------------------------------------------------------------------------------------------

    async def open(self, ends: Addresses, cipher: Cipher, *, opus: bool) -> list[CallPlan]:
        return [await self._open(phone, browser, cipher, opus) for phone, browser in ends]

    async def _open(self, phone: Address, browser: Address, cipher: Cipher, opus: bool) -> CallPlan:
        """The browser offers SRTP, the telephone answers RTP in A-law."""
        assert self._ng is not None
        call, caller, callee = (secrets.token_hex(8) for _ in range(3))
        self._calls.append((call, caller))
        key = os.urandom(cipher.key_octets)
        crypto = f"a=crypto:1 {cipher.sdes} inline:{base64.b64encode(key).decode()}\r\n"
        about: dict[str, Value] = {"call-id": call, "from-tag": caller, "ICE": "remove"}
        offer: dict[str, Value] = {
            "sdp": _sdp(browser, "RTP/SAVP", opus, crypto),
            "transport-protocol": "RTP/AVP",
            "rtcp-mux": ["demux"],
        }
        if opus:
            offer["codec"] = {"mask": ["opus"], "transcode": ["PCMA"], "set": [f"opus/48000/2/{OPUS_BITRATE}"]}
        offered = await self._ng.ask("offer", about | offer)
        answered = await self._ng.ask("answer", about | {"to-tag": callee, "sdp": _sdp(phone, "RTP/AVP", False)})
        to_browser = _media(answered)
        return CallPlan(
            phone_port=_media(offered).port,
            browser_port=to_browser.port,
            send=key,
            receive=_key(to_browser, cipher),
        )

    def cpu_ns(self) -> int:
        assert self._process is not None
        return cpu_ns(self._process.pid)

    async def close(self) -> Counted:
        assert self._ng is not None
        for call, caller in self._calls:
            await self._ng.ask("delete", {"call-id": call, "from-tag": caller, "delete-delay": 0})
        self._calls.clear()
        return Counted()


def _sdp(end: Address, transport: str, opus: bool, more: str = "") -> str:
    payload_type, name = (OPUS_TYPE, "opus/48000/2") if opus else (PCMA_TYPE, "PCMA/8000")
    return (
        f"v=0\r\no=- 1 1 IN IP4 {end[0]}\r\ns=-\r\nc=IN IP4 {end[0]}\r\nt=0 0\r\n"
        f"m=audio {end[1]} {transport} {payload_type}\r\na=rtpmap:{payload_type} {name}\r\n"
        f"{more}a=ptime:20\r\na=sendrecv\r\n"
    )


def _media(answer: dict[str, Value]) -> MediaDescription:
    return parse(str(answer["sdp"])).media[0]


def _key(media: MediaDescription, cipher: Cipher) -> bytes:
    for value in media.all("crypto"):
        _, suite, keys, *_ = value.split()
        if suite == cipher.sdes:
            text = keys.removeprefix("inline:").partition("|")[0].rstrip("=")
            return base64.b64decode(text + "=" * (-len(text) % 4))  # rtpengine leaves the padding out
    raise InternalError(f"rtpengine does not answer with a key for {cipher.sdes}")


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
