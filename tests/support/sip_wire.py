"""Raw SIP over sockets: for messages that no SIP stack would send."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import re
import socket

from tests.support.patience import PATIENCE_S

_numbers = itertools.count(1)


def message(method: str = "INVITE", *, number: str = "100", body: str = "", headers: str = "", **replace: str) -> bytes:
    """Make a well-formed request; ``replace`` gives a header (``via``, ``cseq``) another value, "" leaves it out."""
    unique = f"{os.getpid()}-{next(_numbers)}"
    fields = {
        "via": f"SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK{unique};rport",
        "from": f"<sip:+4930123456@127.0.0.1>;tag={unique}",
        "to": f"<sip:{number}@127.0.0.1>",
        "call-id": unique,
        "cseq": f"1 {method}",
        "contact": "<sip:carrier@127.0.0.1>",
        "max-forwards": "70",
        "content-length": str(len(body.encode())),
    } | {name.replace("_", "-"): value for name, value in replace.items()}
    lines = [f"{method} sip:{number}@127.0.0.1 SIP/2.0"]
    lines += [f"{name.title()}: {value}" for name, value in fields.items() if value]
    lines += headers.splitlines()
    if body:
        lines.append("Content-Type: application/sdp")
    return ("\r\n".join([*lines, "", ""]) + body).encode()


OFFER = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 40000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
)


class UdpPeer:
    """A UDP socket of one source address that talks to one edge."""

    def __init__(self, edge: tuple[str, int], *, source: str = "127.0.0.1") -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind((source, 0))
        self._socket.connect(edge)

    def send(self, data: bytes) -> None:
        self._socket.send(data)

    async def receive(self, within_s: float = PATIENCE_S) -> bytes:
        async with asyncio.timeout(within_s):
            return await asyncio.get_running_loop().sock_recv(self._socket, 65536)

    def heard(self) -> bytes:
        """Return what has arrived and not been received, b"" when nothing has."""
        with contextlib.suppress(BlockingIOError):
            return self._socket.recv(65536)
        return b""

    async def response(self, request: bytes) -> int:
        """Send a request and return the status of its final response."""
        self.send(request)
        call_id = re.search(rb"(?mi)^call-id: *(\S+)", request)
        return await self.status(b"" if call_id is None else call_id[1])

    async def status(self, words: bytes = b"") -> int:
        """Return the status of the next final response that has these words in it."""
        while True:
            answer = await self.receive()
            status = int(answer.split(b" ", 2)[1]) if answer.startswith(b"SIP/2.0 ") else 0
            if status >= 200 and words in answer:
                return status

    async def fence(self) -> None:
        """Return when the edge has worked off all that was sent before: it answers an OPTIONS."""
        assert await self.response(message("OPTIONS")) == 200

    def close(self) -> None:
        self._socket.close()


@contextlib.contextmanager
def udp_peer(edge: tuple[str, int], *, source: str = "127.0.0.1"):  # type: ignore[no-untyped-def]
    peer = UdpPeer(edge, source=source)
    try:
        yield peer
    finally:
        peer.close()
