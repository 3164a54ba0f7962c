"""Zentrale as its users have it: the installed command in a process of its own, on ports that nobody else has.

    async with zentrale(tmp_path) as gateway:
        gateway.sip            # ("127.0.0.1", port)
        gateway.web            # "http://127.0.0.1:port"
        gateway.password("anna")
        await gateway.kill()   # SIGKILL, as a power cut would
        await gateway.start()  # again, on the same folder and the same ports

What the tests know of the inside they read from the database, as a reporting tool would.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from gateway.app.bench.process import COMMAND, GatewayProcess
from tests.support.patience import PATIENCE_S
from tests.support.ports import free_port

LOOK_S = 0.02

PASSING = ("QualityRecorded", "AudioAlarmRaised", "AudioAlarmEnded")
"""Of a call that lasted long enough for them, which on a slow machine is another one than on a quick one."""

QUEUES = """
[[queues]]
name = "support"
title = "Support"
greeting = "{greeting}"
offer_ms = {offer_ms}
wrap_up_ms = {wrap_up_ms}
reconnect_ms = {reconnect_ms}
{queue}

[[numbers]]
number = "100"
queue = "support"
"""


class Zentrale:
    def __init__(
        self,
        folder: Path,
        *,
        agents: tuple[str, ...] = ("anna", "ben"),
        offer_ms: int = 20_000,
        wrap_up_ms: int = 30_000,
        reconnect_ms: int = 5_000,
        greeting: str = "busy",
        strangers: str = "silence",
        networks: tuple[str, ...] = ("127.0.0.1/32",),
        rtp_ports: tuple[int, int] = (30_000, 31_999),
        address: str = "127.0.0.1",
        restart_ms: int = 1000,
        extra: str = "",
        queue: str = "",
        media: str = "",
        each_agent: str = "",
    ) -> None:
        """``extra`` stands at the end of the configuration, ``each_agent`` in every agent's table, ``queue`` and
        ``media`` in theirs."""
        self.folder = folder
        self.agents = agents
        # The same again after a restart: pages and callers must find it where it was.
        self._ports = {"sip": free_port(), "web": free_port()}
        # The shortest sound there is: tests that are not about the greeting need not hear it out.
        timing = {"offer_ms": offer_ms, "wrap_up_ms": wrap_up_ms, "reconnect_ms": reconnect_ms}
        self._settings: dict[str, Any] = {**timing, "greeting": greeting, "queue": queue}
        self._strangers, self._networks, self._extra, self._each_agent = strangers, networks, extra, each_agent
        self._rtp_ports, self._address, self._restart_ms = rtp_ports, address, restart_ms
        self._media = media
        self._process = GatewayProcess(folder, self.config)

    @property
    def config(self) -> Path:
        return self.folder / "zentrale.toml"

    @property
    def sip(self) -> tuple[str, int]:
        return self._process.sip

    @property
    def web(self) -> str:
        return self._process.web

    def password(self, agent: str) -> str:
        return f"a password for {agent}"

    @property
    def recordings(self) -> Path:
        return self.folder / "var" / "recordings"

    def log(self) -> str:
        return self._process.log()

    async def start(self) -> None:
        """Start, and wait until it announces its addresses."""
        self.folder.mkdir(parents=True, exist_ok=True)
        fresh = not self.config.exists()
        self._write_config()
        if fresh:
            # In this process: a command for each would take a second of every test.
            await self._process.set_passwords({agent: self.password(agent) for agent in self.agents})
        await self._process.start()

    async def stop(self) -> None:
        """Ask it to stop, as a service manager does, and wait until it has, in order."""
        await self._process.stop()

    async def kill(self) -> None:
        """SIGKILL: nothing is put in order."""
        await self._process.kill()

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """What a query of the database says now."""
        with sqlite3.connect(f"file:{self.folder / 'var' / 'zentrale.db'}?mode=ro", uri=True) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(query, values)]

    def contacts(self) -> list[dict[str, Any]]:
        """All contacts, the first first."""
        return self.rows("SELECT * FROM contacts ORDER BY opened_ns")

    def timeline(self, contact: str) -> list[str]:
        """The kinds of a contact's events, in order."""
        return [
            row["kind"] for row in self.rows("SELECT kind FROM contact_events WHERE contact=? ORDER BY seq", contact)
        ]

    async def story(self, contact: str, *kinds: str) -> list[str]:
        """The timeline once these kinds are in it, without what depends on how long the sound flowed."""
        for kind in kinds:
            await self.until_rows("SELECT 1 FROM contact_events WHERE contact=? AND kind=?", contact, kind)
        return [kind for kind in self.timeline(contact) if kind not in PASSING]

    async def until_rows(
        self, query: str, *values: object, count: int = 1, within_s: float = PATIENCE_S
    ) -> list[dict[str, Any]]:
        """Wait until the query has that many rows."""
        rows: list[dict[str, Any]] = []
        try:
            async with asyncio.timeout(within_s):
                while len(rows := self.rows(query, *values)) < count:  # noqa: ASYNC110 - SQLite tells nobody
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            raise AssertionError(f"{query} {values} has {rows}, not {count} rows\n{self.log()[-4000:]}") from None
        return rows

    def _write_config(self) -> None:
        agents = "".join(
            f'[[agents]]\nlogin = "{agent}"\nname = "{agent.title()}"\nqueues = ["support"]\n{self._each_agent}\n'
            for agent in self.agents
        )
        networks = json.dumps(list(self._networks))
        self.config.write_text(
            f'[sip]\nport = {self._ports["sip"]}\nstrangers = "{self._strangers}"\n'
            f'[[trunks]]\nname = "loopback"\nnetworks = {networks}\n'
            f"[media]\nrtp_ports = {list(self._rtp_ports)}\nconsent_ms = 5000\n"
            f'restart_ms = {self._restart_ms}\naddresses = ["{self._address}"]\n{self._media}\n'
            f'[web]\naddress = "{self._address}"\n'
            f"port = {self._ports['web']}\n"
            f"{QUEUES.format(**self._settings)}\n{agents}\n{self._extra}"
        )

    async def command(self, *arguments: str, says: str = "") -> str:
        """What ``zentrale ...`` prints, told ``says`` on its standard input; it must succeed."""
        process = await asyncio.create_subprocess_exec(
            str(COMMAND), *arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        output, _ = await process.communicate(says.encode())
        assert process.returncode == 0, output.decode()
        return output.decode()


@asynccontextmanager
async def zentrale(folder: Path, **settings: Any) -> AsyncIterator[Zentrale]:
    """A running Zentrale with its data in ``folder``; stopped, in order, at the end."""
    gateway = Zentrale(folder, **settings)
    os.environ.setdefault("ZENTRALE_LOG", "debug")
    await gateway.start()
    try:
        yield gateway
    except BaseException:
        print(gateway.log()[-8000:])
        raise
    finally:
        await gateway.stop()
