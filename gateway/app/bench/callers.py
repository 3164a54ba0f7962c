"""The callers of a measurement, in a process of their own: ``python -m gateway.app.bench.callers``.

They keep a number of calls up: whoever is hung up on is followed by another.  Each call is a real one, with RTP both
ways from its answer to its end.  The plan is one line of JSON on standard input; what has happened is printed as one
line twice a second.  They go when standard input ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sys
from pathlib import Path

import msgspec
import uvloop

from gateway.app.bench.children import MODULE, end
from gateway.app.demo.carrier import Carrier, PhoneCall

VOICE = Path(__file__).parents[1] / "demo" / "voices" / "caller-1.wav"
TOLD_S = 0.5
AT_ONCE_MAX = 8
"""Calls between INVITE and answer: as many as may arrive together at a busy trunk, not all two hundred."""
PAUSE_S = 0.5
"""After a refusal, before the next try."""
STOP_S = 10.0


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    to: tuple[str, int]
    """Zentrale's SIP address."""
    address: str
    """Ours."""
    number: str
    callers: int


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Since the start, but for ``up``."""

    up: int
    """Calls that are answered and not over."""
    answered: int
    refused: int
    packets_in: int
    """RTP and RTCP."""
    packets_out: int


class Callers:
    def __init__(self, plan: Plan, carrier: Carrier) -> None:
        self._plan = plan
        self._carrier = carrier
        self._identities = itertools.count(1)
        self._setting_up = asyncio.Semaphore(AT_ONCE_MAX)
        self.up = self.answered = self.refused = 0

    async def run(self) -> None:
        """Call, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._plan.callers):
                group.create_task(self._one_line())

    async def _one_line(self) -> None:
        while True:
            async with self._setting_up:
                call = await self._call()
            if call is None:
                await asyncio.sleep(PAUSE_S)
                continue
            self.up += 1
            await call.ended.wait()
            self.up -= 1

    async def _call(self) -> PhoneCall | None:
        identity = next(self._identities)
        call = self._carrier.call(
            self._plan.number, identity=f"+4930{identity:07}", name=f"Caller {identity}", voice=VOICE.stem
        )
        happened = [asyncio.ensure_future(event.wait()) for event in (call.answered, call.ended)]
        try:
            await asyncio.wait(happened, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for future in happened:
                future.cancel()
        if not call.answered.is_set():
            self.refused += 1
            return None
        self.answered += 1
        return call


async def _tell(callers: Callers, carrier: Carrier) -> None:
    while True:
        packets_in, packets_out = carrier.packets()
        told = Told(
            up=callers.up,
            answered=callers.answered,
            refused=callers.refused,
            packets_in=packets_in,
            packets_out=packets_out,
        )
        sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
        sys.stdout.buffer.flush()
        await asyncio.sleep(TOLD_S)


async def _main() -> None:
    listening = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(listening), sys.stdin.buffer
    )
    line = await listening.readline()
    if not line:
        return
    plan = msgspec.json.decode(line, type=Plan)
    async with Carrier(to=plan.to, address=plan.address, voices=[VOICE]) as carrier:
        callers = Callers(plan, carrier)
        tasks = [asyncio.ensure_future(work) for work in (callers.run(), _tell(callers, carrier), listening.read())]
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            with contextlib.suppress(asyncio.CancelledError):
                task.result()  # none but the reader ends by itself: raise what went wrong


def main() -> int:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main())
    return 0


# --- the other side ---------------------------------------------------------------------------------------------------


class CallersProcess:
    """Starts the callers and follows what they tell; use as ``async with``."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._news = asyncio.Condition()
        self._gone = False
        self.told = Told(up=0, answered=0, refused=0, packets_in=0, packets_out=0)

    async def __aenter__(self) -> CallersProcess:
        self._process = await asyncio.create_subprocess_exec(
            *(*MODULE, "gateway.app.bench.callers"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(self._plan) + b"\n")
        self._reading = asyncio.create_task(self._read(self._process), name="callers")
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._process is not None
        assert self._reading is not None
        await end(self._process, STOP_S)
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def next_told(self) -> Told:
        """What they tell next.  Raises `ConnectionError` when they are gone."""
        async with self._news:
            if not self._gone:
                await self._news.wait()
        if self._gone:
            raise ConnectionError("the callers' process has ended; its words are above")
        return self.told

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        try:
            while line := await process.stdout.readline():
                self.told = msgspec.json.decode(line, type=Told)
                await self._tell()
        finally:
            self._gone = True
            await self._tell()

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()


if __name__ == "__main__":
    sys.exit(main())
