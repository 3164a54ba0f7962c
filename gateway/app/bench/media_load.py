"""The load generator as a process: started, aimed, and talking for a time, from the benchmark's event loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from gateway.app.bench.children import MODULE, end
from gateway.media.loadgen import Addresses, Figures, Plan
from gateway.model.errors import InternalError

SOUND = Path(__file__).parents[1] / "demo/voices/caller-1.wav"
"""What telephones and browsers say where it is transcoded: speech, so that encoders and decoders have real work."""

START_S = 20.0
ANSWER_S = 30.0
"""Beside the time of talking."""
STOP_S = 5.0
LINE_OCTETS_MAX = 1 << 24


class Generator:
    """Telephones and browsers in a process of their own; see ``gateway/media/loadgen.py`` for the protocol."""

    def __init__(self, process: asyncio.subprocess.Process, addresses: Addresses) -> None:
        self._process = process
        self.addresses = addresses

    async def connect(self, plan: Plan) -> None:
        """Aim, and run STUN checks where there is ICE.  Raises `InternalError`."""
        self._write(msgspec.json.encode(plan))
        await read_line(self._process, type(None), ANSWER_S)

    async def talk(self, seconds: float) -> Figures:
        """Let all talk for as long as the plan said, and wait for it.  Raises `InternalError`."""
        self._write(b"")
        figures: Figures = await read_line(self._process, Figures, seconds + ANSWER_S)
        return figures

    def _write(self, line: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + b"\n")


@asynccontextmanager
async def generator(calls: int) -> AsyncIterator[Generator]:
    """Start a generator and end it afterwards.  Raises `InternalError` with its last words when it fails."""
    process = await asyncio.create_subprocess_exec(
        *(*MODULE, "gateway.media.loadgen", str(calls), os.fspath(SOUND)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=LINE_OCTETS_MAX,
    )
    try:
        yield Generator(process, await read_line(process, Addresses, START_S))
    finally:
        await end(process, STOP_S)


async def read_line(process: asyncio.subprocess.Process, kind: Any, limit_s: float) -> Any:
    """One line of JSON from a child.  Raises `InternalError` when it is silent for too long, or has ended."""
    assert process.stdout is not None
    try:
        async with asyncio.timeout(limit_s):
            line = await process.stdout.readline()
            if line:
                return msgspec.json.decode(line, type=kind)
            assert process.stderr is not None
            words = (await process.stderr.read()).decode(errors="replace").strip().splitlines()
    except TimeoutError:
        raise InternalError(f"the far end's process was silent for {limit_s:g} s") from None
    raise InternalError(f"the far end's process ended: {words[-1] if words else 'without a word'}")
