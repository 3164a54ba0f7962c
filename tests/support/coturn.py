"""A TURN server of the test's own: Debian's coturn on loopback, with the secret that Zentrale shares with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.app.bench.children import end
from tests.support.patience import PATIENCE_S
from tests.support.ports import free_port

EXECUTABLE = "/usr/bin/turnserver"
STOP_S = 10
SECRET = "a secret that both of them know"


class Coturn:
    def __init__(self, port: int, log: Path) -> None:
        self.port = port
        self._log = log

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def url(self, transport: str = "udp") -> str:
        return f"turn:127.0.0.1:{self.port}?transport={transport}"

    def config(self, *transports: str) -> str:
        """Zentrale's ``[turn]``, with all sound through this relay."""
        urls = ", ".join(f'"{self.url(transport)}"' for transport in transports or ("udp",))
        return f'[turn]\nurls = [{urls}]\nsecret = "{SECRET}"\nrelay_only = true\n'


@asynccontextmanager
async def coturn(folder: Path) -> AsyncIterator[Coturn]:
    """Runs until the end of the block."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    server = Coturn(port, folder / "turnserver.log")
    with server._log.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            EXECUTABLE, "-n", "--verbose", "--log-file=stdout", f"--pidfile={folder / 'turnserver.pid'}",
            f"--userdb={folder / 'turndb'}", "--no-cli", "--no-tls", "--no-dtls",
            "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", f"--listening-port={port}",
            "--allow-loopback-peers", "--use-auth-secret", f"--static-auth-secret={SECRET}", "--realm=zentrale.test",
            stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=asyncio.subprocess.STDOUT, cwd=folder,
        )  # fmt: skip
    try:
        await _until_ready(port, process)
        yield server
    finally:
        if process.returncode is None:
            process.terminate()
            await end(process, STOP_S)


async def _until_ready(port: int, process: asyncio.subprocess.Process) -> None:
    """It listens on TCP last of all."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            assert process.returncode is None, "coturn ended at once"
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            return
