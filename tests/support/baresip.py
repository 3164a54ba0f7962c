"""Runs baresip, a second SIP implementation, as a caller, and steers it over its control connection (ctrl_tcp).

Each instance has its own configuration folder and ports on 127.0.0.1 and plays a tone (or a file) as its microphone.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from gateway.app.bench.children import end
from tests.support.patience import PATIENCE_S
from tests.support.ports import free_port

MODULES = Path("/usr/lib/baresip/modules")

CONFIG = """\
poll_method epoll
sip_listen 127.0.0.1:{sip_port}
audio_player {player}
audio_source {source}
audio_alert aubridge,nil
audio_level no
ausrc_srate {source_hz}
auplay_srate 8000
ausrc_channels {source_channels}
auplay_channels 1
rtp_ports {rtp_first}-{rtp_last}
rtp_timeout 0
net_interface 127.0.0.1
module_path {modules}
module g711.so
module ausine.so
module aubridge.so
module aufile.so
module_app account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control_port}
"""


class BaresipError(AssertionError):
    """baresip refused a command or did not report what was waited for."""


class Baresip:
    def __init__(self, process: asyncio.subprocess.Process, output: Path) -> None:
        self._process = process
        self._output = output
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self.events: list[dict[str, Any]] = []
        """What baresip reported: ``{"event": true, "type": "CALL_ESTABLISHED", "param": ..., ...}``."""
        self.responses: list[dict[str, Any]] = []

    async def connect(self, port: int) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
                    break
                except OSError:
                    if self._process.returncode is not None:
                        raise BaresipError(f"baresip ended at once:\n{self.output()}") from None
                    await asyncio.sleep(0.02)
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        """Take netstrings apart: ``12:{"event":...},``."""
        assert self._reader is not None
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                size = int((await self._reader.readuntil(b":"))[:-1])
                message = json.loads(await self._reader.readexactly(size))
                await self._reader.readexactly(1)
                (self.events if message.get("event") else self.responses).append(message)
                self._changed.set()

    async def command(self, command: str, parameters: str = "") -> str:
        """Run a command of baresip's menu (``dial``, ``hangup``, ``hold``, ``resume``); returns what it says."""
        assert self._writer is not None
        before = len(self.responses)
        text = json.dumps({"command": command, "params": parameters})
        self._writer.write(f"{len(text)}:{text},".encode())
        await self._writer.drain()
        await self._until(lambda: len(self.responses) > before, command)
        response = self.responses[before]
        if not response.get("ok"):
            raise BaresipError(f"baresip refused {command} {parameters}: {response}")
        return str(response.get("data", ""))

    async def dial(self, number: str, address: tuple[str, int], *, transport: str = "udp") -> None:
        """Call and wait until the call is answered."""
        await self.command("dial", f"sip:{number}@{address[0]}:{address[1]};transport={transport}")
        await self.event("CALL_ESTABLISHED")

    async def hang_up(self) -> None:
        await self.command("hangup")

    async def press(self, key: str) -> None:
        """Press a key and let it go (RFC 4733 in the call that goes on)."""
        await self.command("sndcode", key)
        await self.command("sndcode", "\x04")  # baresip's word for a released key

    async def event(self, kind: str, *, within_s: float = PATIENCE_S) -> dict[str, Any]:
        """Wait for an event of this type that came any time since the start."""
        await self._until(lambda: any(event["type"] == kind for event in self.events), kind, within_s)
        return next(event for event in self.events if event["type"] == kind)

    def output(self) -> str:
        return self._output.read_text(errors="replace") if self._output.exists() else ""

    async def _until(self, condition: Callable[[], bool], what: str, within_s: float = PATIENCE_S) -> None:
        try:
            async with asyncio.timeout(within_s):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            seen = [event.get("type") for event in self.events]
            raise BaresipError(f"baresip: no {what} within {within_s} s; events {seen}\n{self.output()}") from None

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._writer is not None:
            self._writer.close()
        if self._process.returncode is None:
            self._process.terminate()
            await end(self._process, 3)


@asynccontextmanager
async def running(
    *,
    name: str = "anna",
    tone_hz: int = 440,
    codecs: str = "PCMA,PCMU",
    account: str = "",
    source: str | None = None,
    player: str = "aubridge,nil",
    rtp_ports: tuple[int, int] = (10000, 10999),
    keep_sound: Path | None = None,
    modules: tuple[str, ...] = (),
) -> AsyncIterator[Baresip]:
    """Start baresip as ``sip:name@127.0.0.1``; stops it at the end.

    ``source``: its microphone, "module,device", else a tone of ``tone_hz``.  ``player``: its loudspeaker, e.g.
    "aubridge,nil".  ``account`` adds parameters, e.g. ";mediaenc=...".  ``keep_sound`` is a folder for WAV files of
    what it hears (``*-dec.wav``) and says (``*-enc.wav``).  ``modules`` are loaded beside the usual ones.
    """
    with tempfile.TemporaryDirectory(prefix="baresip-") as folder_name:
        folder = Path(folder_name)
        control_port = free_port()
        config = CONFIG.format(
            sip_port=free_port(),
            control_port=control_port,
            player=player,
            source=source or f"ausine,{tone_hz}",
            source_hz=8000 if source else 48000,  # ausine knows nothing else; baresip resamples
            source_channels=1 if source else 2,
            rtp_first=rtp_ports[0],
            rtp_last=rtp_ports[1],
            modules=MODULES,
        )
        # Small files, in a test: not worth a thread.
        if keep_sound is not None:
            config += f"module sndfile.so\nsnd_path {keep_sound}\n"
        config += "".join(f"module {module}.so\n" for module in modules)
        (folder / "config").write_text(config)
        (folder / "accounts").write_text(f"<sip:{name}@127.0.0.1>;regint=0;audio_codecs={codecs}{account}\n")
        (folder / "contacts").touch()
        output = folder / "output.log"
        with output.open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                "baresip", "-f", str(folder), stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
            )
        phone = Baresip(process, output)
        try:
            await phone.connect(control_port)
            yield phone
        finally:
            await phone.close()
