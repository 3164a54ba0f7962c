"""The whole gateway as a process of its own, the way its users run it: for measurements and for tests.

It listens on ports of the system's choosing and says which; what it costs is read from the kernel's books.
"""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from gateway.app.bench.children import cpu_ns
from gateway.config.loader import load
from gateway.model.errors import InternalError
from gateway.model.ids import AgentId
from gateway.storage import open_stores

COMMAND = Path(sys.executable).with_name("zentrale")
START_S = 20.0
STOP_S = 20.0
LOOK_S = 0.02
LOG_CHARS_SHOWN = 4000


class ThreadTimes(msgspec.Struct, frozen=True):
    """What the scheduler knows of one thread, since its start."""

    on_cpu_s: float
    waited_s: float
    """Ready to run, but another had the core."""


def thread_times(pid: int) -> dict[str, ThreadTimes]:
    """Times of a process's threads by name, those of one name together; its first is ``loop``."""
    found: dict[str, ThreadTimes] = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            name = "loop" if int(task.name) == pid else (task / "comm").read_text().strip()
            on_cpu, waited, _ = map(int, (task / "schedstat").read_text().split())
        except OSError:
            continue  # it has just ended
        before = found.get(name, ThreadTimes(0.0, 0.0))
        found[name] = ThreadTimes(before.on_cpu_s + on_cpu / 1e9, before.waited_s + waited / 1e9)
    return found


class GatewayProcess:
    """``zentrale serve`` with one configuration file; the log goes to ``zentrale.log`` in the folder."""

    def __init__(self, folder: Path, config: Path) -> None:
        self.folder = folder
        self.config = config
        self.log_file = folder / "zentrale.log"
        self._process: asyncio.subprocess.Process | None = None
        self._announced: dict[str, Any] = {}

    @property
    def pid(self) -> int:
        assert self._process is not None, "start() comes first"
        return self._process.pid

    @property
    def sip(self) -> tuple[str, int]:
        host, port = self._announced["addresses"]["sip"].rsplit(":", 1)
        return host, int(port)

    @property
    def web(self) -> str:
        """``http://host:port``"""
        return str(self._announced["addresses"]["web"])

    def log(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    async def set_passwords(self, passwords: Mapping[str, str]) -> None:
        """Give each of these agents a password."""
        async with await open_stores(load(self.config).storage) as stores:
            for agent, password in passwords.items():
                await stores.accounts.set_password(AgentId(agent), password)

    async def start(self) -> None:
        """Start, and wait until it announces its addresses.  Raises `InternalError` with its last words."""
        announcement = self.folder / "announcement.json"
        announcement.unlink(missing_ok=True)
        with self.log_file.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(str(COMMAND), "serve", "--config", str(self.config), "--announce", str(announcement)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        ended = asyncio.create_task(self._process.wait())
        try:
            async with asyncio.timeout(START_S):
                while not announcement.exists():
                    if ended.done():
                        raise InternalError(f"the gateway ended with {ended.result()}\n{self._last_words()}")
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            await self.kill()
            raise InternalError(f"the gateway did not start within {START_S:g} s\n{self._last_words()}") from None
        finally:
            ended.cancel()
        self._announced = json.loads(announcement.read_text())

    async def stop(self) -> None:
        """Ask it to stop, as a service manager does, and wait until it has.  Raises `InternalError`."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_S):
                code = await self._process.wait()
        except TimeoutError:
            await self.kill()
            raise InternalError(f"the gateway did not stop within {STOP_S:g} s\n{self._last_words()}") from None
        if code:
            raise InternalError(f"the gateway ended with {code}\n{self._last_words()}")

    async def kill(self) -> None:
        """SIGKILL: nothing is put in order."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    def cpu_s(self) -> float:
        """CPU time of the whole process."""
        return cpu_ns(self.pid) / 1e9

    def threads(self) -> dict[str, ThreadTimes]:
        """Times of its threads by name, those of one name together; the event loop's is ``loop``."""
        return thread_times(self.pid)

    def _last_words(self) -> str:
        return self.log()[-LOG_CHARS_SHOWN:]
