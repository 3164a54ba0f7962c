"""``zentrale demo``: the gateway as ``zentrale serve`` runs it, players in a process beside it, and a live log."""

from __future__ import annotations

import asyncio
import math
import os
import sys
import time
from pathlib import Path

import msgspec

from gateway.app.bench.children import MODULE
from gateway.app.demo.livelog import LiveLog
from gateway.app.demo.stage import Robot, Stage, data_folder, own_address, queues_for, reachable, with_robots
from gateway.app.gateway import Gateway
from gateway.app.passwords import new_password
from gateway.app.serve import run, set_up_logging, stop_signal
from gateway.app.welcome import Login, ready_text
from gateway.config.schema import Config
from gateway.model.errors import InternalError, ZentraleError
from gateway.model.ids import AgentId, Channel

GOODBYE_S = 20.0
"""The players' time to go home; then they are ended."""
PEOPLE_MAX = 5
"""So many people of a configuration get a password for the demo."""
MINUTES_MAX = 60 * 24 * 365

OTHER_PORTS = """\
The demo uses the ports of the configuration, like `zentrale serve`. If one is taken:
  - stop what has it (a Zentrale that runs already?), or
  - copy gateway/config/default.toml, change sip.port and web.port in the copy (0: any that is free)
    and its storage.directory, and run  zentrale demo --config COPY"""


def demo(config: Config, *, config_file: Path | None, minutes: float | None) -> int:
    """Play until SIGINT or SIGTERM, or for so many minutes; returns the exit code."""
    if minutes is not None and not (math.isfinite(minutes) and 0 < minutes <= MINUTES_MAX):
        print(f"zentrale demo: --minutes {minutes:g}: give a number above 0", file=sys.stderr)
        return 2
    set_up_logging(default="warning")
    try:
        with data_folder(config, config_file) as directory:
            played, robots = with_robots(config, directory)
            return run(_demo(played, robots, minutes, kept=directory is None))
    except ZentraleError as error:
        print(f"zentrale demo: {error}", file=sys.stderr)
        if "can't be opened" in str(error) or "can't be listened on" in str(error):
            print(OTHER_PORTS, file=sys.stderr)
        return 1


async def _demo(config: Config, robots: list[AgentId], minutes: float | None, *, kept: bool) -> int:
    started = time.monotonic()
    stop = stop_signal()
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    live = LiveLog(config, lambda line: print(line, flush=True), robots=robots, colour=colour)
    seconds = None if minutes is None else minutes * 60
    async with Gateway(config) as gateway:
        people, machines = await _passwords(gateway, set(robots))
        print(ready_text(config, gateway.addresses, people, seconds=time.monotonic() - started))
        print(_advice(config, people, minutes), flush=True)
        gateway.session.bus.subscribe(live.follow)
        players = Players()
        await players.start(_stage(config, gateway, machines, seconds))
        try:
            alive = await players.watch(stop, seconds)
            live.close()
            print("\nThe customers hang up and the agents go home ...", flush=True)
        finally:
            await players.stop()
    print(f"\nThe demo is over.\n\n{live.tally.summary()}\n")
    if kept:
        print(f"  Contacts and recordings are in {config.storage.directory}\n")
    if not alive:
        print("zentrale demo: the players ended by themselves, which is a bug; their words are above", file=sys.stderr)
    return 0 if alive else 1


async def _passwords(gateway: Gateway, robots: set[AgentId]) -> tuple[list[Login], list[Robot]]:
    """New ones, made for this demo: for the robots, and for people who want to join in."""
    accounts = gateway.stores.accounts
    people: list[Login] = []
    machines: list[Robot] = []
    for agent in gateway.config.agents:
        if agent.login not in robots and len(people) >= PEOPLE_MAX:
            continue
        password = new_password()
        await accounts.set_password(agent.login, password)
        if agent.login in robots:
            machines.append(Robot(login=agent.login, password=password))
        else:
            people.append(Login(login=agent.login, password=password))
    return people, machines


def _stage(config: Config, gateway: Gateway, robots: list[Robot], seconds: float | None) -> Stage:
    host, port = reachable(gateway.addresses.web.removeprefix("http://"))
    return Stage(
        web=f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}",
        sip=reachable(gateway.addresses.sip),
        address=own_address(config),
        numbers=[number.number for number in config.numbers],
        call_queues=queues_for(config, Channel.WEB_CALL),
        chat_queues=queues_for(config, Channel.CHAT),
        robots=robots,
        seconds=seconds,
    )


def _advice(config: Config, people: list[Login], minutes: float | None) -> str:
    names = " and ".join(agent.name.removesuffix(" (demo)") for agent in config.agents[-2:])
    until = "until you press Ctrl-C" if minutes is None else f"for {minutes:g} min"
    lines = [f"  Customers call and write by themselves {until}; {names}, two robots, serve them."]
    if people:
        lines.append(f"  Join in: open the agent page, sign in as {people[0].login}, press Ready, and get your share.")
    return "\n".join([*lines, ""])


class Players:
    """The players' process, which ends when its standard input does, whatever happens to us."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, stage: Stage) -> None:
        """Raises `InternalError` when the process can't be started."""
        try:
            # In a session of its own: Ctrl-C reaches us alone, and we send them home in order.
            self._process = await asyncio.create_subprocess_exec(
                *(*MODULE, "gateway.app.demo.players"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise InternalError(f"the players' process can't be started: {error}") from error
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(stage) + b"\n")

    async def watch(self, stop: asyncio.Event, seconds: float | None) -> bool:
        """Return when ``stop`` is set or the time is over; False when the players ended before."""
        assert self._process is not None
        stopped = asyncio.create_task(stop.wait())
        ended = asyncio.create_task(self._process.wait())
        try:
            await asyncio.wait({stopped, ended}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            return not ended.done()
        finally:
            for task in (stopped, ended):
                task.cancel()
            await asyncio.gather(stopped, ended, return_exceptions=True)

    async def stop(self) -> None:
        """Send them home; after a while without asking."""
        if self._process is None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(GOODBYE_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
