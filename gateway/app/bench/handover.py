"""How fast a freed agent gets the next caller, and what a waiting caller costs: the whole gateway, from outside.

Three processes and their parts: the gateway as users run it; callers who hear music and speak, each with RTP both ways
(`gateway.app.bench.callers`); and the agents, here, each a page's WebSocket.  Nothing inside the gateway is measured or
switched off: contacts go to the disk, calls are ended by BYE and followed by new ones while the time is taken.

The time of a handover is read from this process's monotonic clock: from the moment before the agent's page writes the
frame that frees the agent to the moment it has read and decoded the frame with the next offer.  Half of the agents are
freed by hanging up, half by "ready" after a pause.  The cost of waiting is the gateway's CPU time by the kernel's
books, threads and system calls included, with everybody waiting and no agent at work, less what it is without callers.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec
import uvloop

from gateway.api import frames as f
from gateway.app.bench.callers import CallersProcess, Plan
from gateway.app.bench.process import GatewayProcess, ThreadTimes
from gateway.app.demo.agent_client import AgentClient
from gateway.model.events import AgentState

HOST = "127.0.0.1"
NUMBER = "100"
PASSWORD = "a password for the benchmark"
TALK_S = (0.4, 1.6)
"""How long an agent keeps a caller, and how long a pause takes: even, from a fixed seed."""
SETTLE_S = 2.0
STEP_S = 60.0
"""Limit for everybody to be there, and for one agent to get a caller."""
CALLS_BESIDE = 64
"""Calls that end and begin beside those that wait."""
IDLE_PART = 0.5
"""Of the time that the waiting is measured for."""

CONFIG = """
[sip]
port = 0
[[trunks]]
name = "bench"
networks = ["127.0.0.1/32"]
[media]
rtp_ports = [26000, 29999]
[web]
port = 0
[storage]
directory = {directory}
[limits]
calls_max = {calls_max}
login_attempts_per_minute = 10000
[[queues]]
name = "bench"
title = "Benchmark"
greeting = "busy"
offer_ms = 600000
[[numbers]]
number = "100"
queue = "bench"
"""
AGENT = '[[agents]]\nlogin = "{login}"\nname = "{login}"\nqueues = ["bench"]\n'


class Quantiles(msgspec.Struct, frozen=True, kw_only=True):
    p50: float
    p95: float
    max: float


class Cpu(msgspec.Struct, frozen=True, kw_only=True):
    """Percent of one core."""

    seconds: float
    idle_percent: float
    """Agents there, no callers."""
    waiting_percent: float
    """The whole process with everybody waiting."""
    media_percent: float
    """Of that, the media threads."""
    ms_per_handover: float
    """The event loop's CPU for one handover and all that belongs to it: the call's end, its successor's greeting."""


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Whether others were in the way: times are those of a machine of its own only when nothing waited for a core."""

    cores: int | None
    load: list[float]
    """Of the last minute, at the beginning and at the end."""
    loop_waited_percent: float
    """Of the time of the handovers, how long the gateway's event loop was ready to run and had no core."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    handover_ms: Quantiles
    hang_up_ms: Quantiles
    ready_ms: Quantiles
    events: int
    callers: int
    agents: int
    cpu_percent_per_waiting: float
    cpu: Cpu
    rtp_per_caller: tuple[float, float]
    """Packets a second from each caller and to each, while they waited: 50 and 50 for 20 ms."""
    machine: Machine


def quantiles(values_ms: Sequence[float]) -> Quantiles:
    """Nearest rank; of nothing, zeros."""
    if not values_ms:
        return Quantiles(p50=0.0, p95=0.0, max=0.0)
    ordered = sorted(values_ms)

    def rank(part: float) -> float:
        return round(ordered[min(len(ordered) - 1, max(0, -int(-part * len(ordered) // 1) - 1))], 3)

    return Quantiles(p50=rank(0.5), p95=rank(0.95), max=round(ordered[-1], 3))


class Shift:
    """All agents at work until there are enough events."""

    def __init__(self, events: int) -> None:
        self.hang_up_ms: list[float] = []
        self.ready_ms: list[float] = []
        self._events = events

    @property
    def over(self) -> bool:
        return len(self.hang_up_ms) + len(self.ready_ms) >= self._events


class Agent:
    """One agent: takes each offer, hangs up after a while, and times how long the next one takes."""

    def __init__(self, number: int) -> None:
        self.client = AgentClient()
        self.login = f"agent{number}"
        self._pauses = bool(number % 2)
        self._random = random.Random(number)
        self._rang_s = 0.0
        self.client.listen(self._listen)

    async def open(self, base: str) -> None:
        await self.client.open(base, self.login, PASSWORD)

    @property
    def waiting(self) -> int:
        return self.client.waiting

    async def work(self, shift: Shift) -> None:
        await self._free_by(self.client.ready)
        while not shift.over:
            contact = await self._take()
            if self._pauses:
                await self._leave(contact)
                await asyncio.sleep(self._random.uniform(*TALK_S))
                shift.ready_ms.append(await self._free_by(self.client.ready))
            else:
                shift.hang_up_ms.append(await self._free_by(lambda: self.client.hang_up(contact)))  # noqa: B023 - at once
        await self._leave(await self._take())

    async def _take(self) -> str:
        """Accept what rings, and keep it for a while."""
        offer = self.client.offer
        assert offer is not None
        await self.client.accept(offer.offer)
        await self._until(lambda: self.client.has(offer.contact))
        await asyncio.sleep(self._random.uniform(*TALK_S))
        return offer.contact

    async def _leave(self, contact: str) -> None:
        """Hang up, and get nothing more."""
        await self.client.pause("a breath")
        await self.client.hang_up(contact)
        await self._until(lambda: self.client.state is not None and self.client.state.state is AgentState.PAUSED)

    async def _free_by(self, button: Callable[[], Awaitable[None]]) -> float:
        """Press it; how long it takes in ms until the next offer is here."""
        before = self._rang_s
        began_s = time.monotonic()
        await button()
        await self._until(lambda: self._rang_s != before)
        return (self._rang_s - began_s) * 1000

    def _listen(self, frame: f.AgentFrame) -> None:
        if isinstance(frame, f.OfferRinging):
            self._rang_s = time.monotonic()

    async def _until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(STEP_S):
            await self.client.until(condition)


class _Cost:
    """The gateway's books at one moment."""

    def __init__(self, gateway: GatewayProcess) -> None:
        self.at_s = time.monotonic()
        self.cpu_s = gateway.cpu_s()
        self.threads = gateway.threads()

    def percent(self, later: _Cost) -> float:
        return (later.cpu_s - self.cpu_s) / (later.at_s - self.at_s) * 100

    def media_percent(self, later: _Cost) -> float:
        spent_s = sum(
            times.on_cpu_s - self.threads.get(name, ThreadTimes(0.0, 0.0)).on_cpu_s
            for name, times in later.threads.items()
            if name.startswith("media")
        )
        return spent_s / (later.at_s - self.at_s) * 100

    def loop_on_cpu_s(self, later: _Cost) -> float:
        return later.threads["loop"].on_cpu_s - self.threads["loop"].on_cpu_s

    def loop_waited_percent(self, later: _Cost) -> float:
        return (later.threads["loop"].waited_s - self.threads["loop"].waited_s) / (later.at_s - self.at_s) * 100


class Bench:
    """One measurement from start to end; `measure` is its only use."""

    def __init__(self, *, callers: int, agents: int, events: int, seconds: float, say: Callable[[str], None]) -> None:
        self._callers = callers
        self._agents = [Agent(number) for number in range(agents)]
        self._events = events
        self._seconds = seconds
        self._say = say

    async def run(self) -> Report:
        load_before = os.getloadavg()[0]
        async with AsyncExitStack() as stack:
            gateway = await stack.enter_async_context(self._gateway())
            for agent in self._agents:
                stack.push_async_callback(agent.client.close)
                await agent.open(gateway.web)
            idle = await self._idle(gateway)
            plan = Plan(to=gateway.sip, address=HOST, number=NUMBER, callers=self._callers)
            callers = await stack.enter_async_context(CallersProcess(plan))
            await self._until_all_wait(callers)
            before, after, rtp = await self._wait(gateway, callers)
            shift, ended = await self._work(gateway)
            waiting, waited_s = before.percent(after), after.at_s - before.at_s
            usual_s = before.loop_on_cpu_s(after) / waited_s * (ended.at_s - after.at_s)
            events = len(shift.hang_up_ms) + len(shift.ready_ms)
            return Report(
                handover_ms=quantiles([*shift.hang_up_ms, *shift.ready_ms]),
                hang_up_ms=quantiles(shift.hang_up_ms),
                ready_ms=quantiles(shift.ready_ms),
                events=events,
                callers=self._callers,
                agents=len(self._agents),
                cpu_percent_per_waiting=round((waiting - idle) / self._callers, 4),
                cpu=Cpu(
                    seconds=round(waited_s, 1),
                    idle_percent=round(idle, 2),
                    waiting_percent=round(waiting, 2),
                    media_percent=round(before.media_percent(after), 2),
                    ms_per_handover=round((after.loop_on_cpu_s(ended) - usual_s) * 1000 / max(events, 1), 3),
                ),
                rtp_per_caller=rtp,
                machine=Machine(
                    cores=os.cpu_count(),
                    load=[round(load_before, 2), round(os.getloadavg()[0], 2)],
                    loop_waited_percent=round(after.loop_waited_percent(ended), 2),
                ),
            )

    @asynccontextmanager
    async def _gateway(self) -> AsyncIterator[GatewayProcess]:
        with tempfile.TemporaryDirectory(prefix="zentrale-bench-", ignore_cleanup_errors=True) as made:
            folder = Path(made)
            config = folder / "zentrale.toml"
            settings = CONFIG.format(
                directory=msgspec.json.encode(str(folder / "var")).decode(), calls_max=self._callers + CALLS_BESIDE
            )
            config.write_text(settings + "".join(AGENT.format(login=agent.login) for agent in self._agents))
            gateway = GatewayProcess(folder, config)
            await gateway.set_passwords({agent.login: PASSWORD for agent in self._agents})
            self._say("starting the gateway")
            await gateway.start()
            try:
                yield gateway
            finally:
                await gateway.stop()

    async def _idle(self, gateway: GatewayProcess) -> float:
        self._say(f"idle: {self._seconds * IDLE_PART:g} s")
        await asyncio.sleep(SETTLE_S)
        before = _Cost(gateway)
        await asyncio.sleep(self._seconds * IDLE_PART)
        return before.percent(_Cost(gateway))

    async def _until_all_wait(self, callers: CallersProcess) -> None:
        self._say(f"{self._callers} callers come")
        async with asyncio.timeout(STEP_S):
            while (await callers.next_told()).up < self._callers or self._agents[0].waiting < self._callers:
                pass

    async def _wait(self, gateway: GatewayProcess, callers: CallersProcess) -> tuple[_Cost, _Cost, tuple[float, float]]:
        self._say(f"they wait: {self._seconds:g} s")
        await asyncio.sleep(SETTLE_S)
        first, first_s, before = await callers.next_told(), time.monotonic(), _Cost(gateway)
        await asyncio.sleep(self._seconds)
        last, last_s, after = await callers.next_told(), time.monotonic(), _Cost(gateway)
        calls_s = (last_s - first_s) * self._callers
        rtp = (
            round((last.packets_out - first.packets_out) / calls_s, 1),
            round((last.packets_in - first.packets_in) / calls_s, 1),
        )
        return before, after, rtp

    async def _work(self, gateway: GatewayProcess) -> tuple[Shift, _Cost]:
        self._say(f"{len(self._agents)} agents work: {self._events} handovers")
        shift = Shift(self._events)
        async with asyncio.TaskGroup() as group:
            for agent in self._agents:
                group.create_task(agent.work(shift))
        return shift, _Cost(gateway)


async def measure(
    *,
    callers: int = 200,
    agents: int = 20,
    events: int = 300,
    seconds: float = 20.0,
    say: Callable[[str], None] = lambda _: None,
) -> Report:
    """Run it all.  Raises `InternalError` when the gateway fails, `TimeoutError` when somebody does not come."""
    return await Bench(callers=callers, agents=agents, events=events, seconds=seconds, say=say).run()


def run(*, callers: int, agents: int, events: int, seconds: float, as_json: bool) -> int:
    """Measure and print; what goes on is told on standard error."""

    def say(words: str) -> None:
        print(words, file=sys.stderr, flush=True)

    # The gateway is a process of its own: whoever ends this one ends that, too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        report = runner.run(measure(callers=callers, agents=agents, events=events, seconds=seconds, say=say))
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(report), indent=2).decode())
        return 0
    for name, times in (("all", report.handover_ms), ("hang-up", report.hang_up_ms), ("ready", report.ready_ms)):
        print(f"{name:8}  p50 {times.p50:.2f} ms, p95 {times.p95:.2f} ms, max {times.max:.2f} ms")
    print(
        f"{report.events} handovers among {report.agents} agents, {report.callers} callers waiting: "
        f"{report.cpu_percent_per_waiting} % of a core for each; the load was {report.machine.load}"
    )
    return 0
