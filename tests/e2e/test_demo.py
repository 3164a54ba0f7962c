"""`zentrale demo` as a newcomer runs it: everybody plays, everything ends in order, and nothing is left running."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sqlite3
import subprocess
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from gateway.app.demo.agent_client import AgentClient
from tests.support.patience import PATIENCE_S
from tests.support.zentrale import COMMAND

CONFIG = """
[sip]
port = {sip_port}
[[trunks]]
name = "loopback"
networks = ["127.0.0.0/8"]
[media]
rtp_ports = [32000, 32999]
[web]
port = 0
[[queues]]
name = "support"
title = "Support"
[[numbers]]
number = "100"
queue = "support"
[[agents]]
login = "anna"
name = "Anna"
queues = ["support"]
[storage]
directory = "played"
"""
MARK = "ZENTRALE_DEMO_TEST"


class Demo:
    """The command in a process of its own; all it starts can be told by a mark in the environment."""

    def __init__(self, folder: Path, *, sip_port: int = 0) -> None:
        self._folder = folder
        self._mark = uuid.uuid4().hex
        self._config = folder / "demo.toml"
        self._config.write_text(CONFIG.format(sip_port=sip_port))
        self.process: asyncio.subprocess.Process
        self.output = ""

    async def start(self, *arguments: str) -> None:
        self.process = await asyncio.create_subprocess_exec(
            *(str(COMMAND), "demo", "--config", str(self._config), *arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, MARK: self._mark, "ZENTRALE_LOG": "warning"},
        )

    async def until(self, pattern: str, *, within_s: float = PATIENCE_S) -> re.Match[str]:
        """Read until a line matches."""
        assert self.process.stdout is not None
        try:
            async with asyncio.timeout(within_s):
                while line := (await self.process.stdout.readline()).decode():
                    self.output += line
                    if match := re.search(pattern, line):
                        return match
        except TimeoutError:
            pass
        raise AssertionError(f"no line with {pattern!r}\n{self.output}")

    async def end(self, *, within_s: float) -> int:
        """Read on until it has ended; the exit code."""
        try:
            async with asyncio.timeout(within_s):
                self.output += (await self.process.communicate())[0].decode()
        except TimeoutError:
            raise AssertionError(f"did not end within {within_s} s\n{self.output}") from None
        assert self.process.returncode is not None
        return self.process.returncode

    def running(self) -> dict[int, str]:
        """All its processes: their command lines by their ids."""
        found = {}
        for process in Path("/proc").iterdir():
            if process.name.isdigit():
                try:
                    if f"{MARK}={self._mark}".encode() in (process / "environ").read_bytes():
                        command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                        found[int(process.name)] = command
                except OSError:  # ended meanwhile, or not ours to read
                    continue
        return found

    async def until_all_gone(self) -> None:
        until = time.monotonic() + PATIENCE_S
        while self.running() and time.monotonic() < until:  # noqa: ASYNC110 - processes tell nobody
            await asyncio.sleep(0.05)
        left = self.running()
        for process in left:
            os.kill(process, signal.SIGKILL)
        assert not left, left

    def rows(self, query: str) -> list[dict[str, Any]]:
        with sqlite3.connect(f"file:{self._folder / 'played' / 'zentrale.db'}?mode=ro", uri=True) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(query)]

    @property
    def recordings(self) -> Path:
        return self._folder / "played" / "recordings"


@asynccontextmanager
async def demo(folder: Path, *arguments: str, sip_port: int = 0) -> AsyncIterator[Demo]:
    started = Demo(folder, sip_port=sip_port)
    await started.start(*arguments)
    try:
        yield started
    finally:
        if started.process.returncode is None:
            started.process.kill()
            await started.process.wait()
        await started.until_all_gone()


async def test_half_a_minute_holds_a_call_a_web_call_and_a_chat(tmp_path: Path) -> None:
    async with demo(tmp_path, "--minutes", "0.5") as played:
        assert await played.end(within_s=100) == 0, played.output
        assert not played.running()
    contacts = played.rows("SELECT * FROM contacts")
    answered = {contact["channel"] for contact in contacts if contact["answered_ns"] is not None}
    assert answered == {"phone", "web_call", "chat"}, played.output
    for contact in contacts:
        assert contact["ended_ns"] is not None, contact
        causes = {"hung_up"} if contact["answered_ns"] is not None else {"abandoned"}
        assert contact["end_cause"] in causes, (contact, played.output)
    calls = [c for c in contacts if c["answered_ns"] is not None and c["channel"] != "chat"]
    recordings = played.rows("SELECT * FROM recordings")
    assert {recording["contact"] for recording in recordings} == {call["contact"] for call in calls}
    assert all((played.recordings / recording["path"]).is_file() for recording in recordings)
    assert f"Contacts      {len(contacts)} " in played.output
    assert "Traceback" not in played.output


async def test_a_person_who_joins_in_gets_a_share_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    async with demo(tmp_path) as played:
        page = (await played.until(r"Agent page +(http://[\d.:]+)/agent"))[1]
        password = (await played.until(r"Sign in as +anna / (\S+)"))[1]
        anna = AgentClient()
        try:
            await anna.open(page, "anna", password)
            await anna.ready()
            async with asyncio.timeout(PATIENCE_S):
                await anna.until(lambda: anna.offer is not None)
        finally:
            await anna.close()
        played.process.send_signal(signal.SIGINT)
        assert await played.end(within_s=PATIENCE_S) == 0, played.output
        assert not played.running()
    assert "Anna is available" in played.output
    assert "The demo is over." in played.output


async def test_the_players_do_not_outlive_a_killed_demo(tmp_path: Path) -> None:
    async with demo(tmp_path) as played:
        await played.until("begins a chat")
        assert len(played.running()) >= 2
        played.process.kill()
        await played.process.wait()
        await played.until_all_gone()


async def test_a_port_that_is_taken_is_named_with_what_to_do(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        async with demo(tmp_path, sip_port=port) as played:
            assert await played.end(within_s=PATIENCE_S) == 1
    assert f"sip.port {port}" in played.output
    assert "zentrale demo --config COPY" in played.output
