"""Runs linphonec, a third SIP implementation, as a caller, and steers it by lines on its standard input.

It plays a WAV file as its microphone and has a configuration folder of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.app.bench.children import end
from tests.support.patience import PATIENCE_S
from tests.support.ports import free_port

CONFIG = """\
[sip]
sip_port={sip_port}
sip_tcp_port=0
sip_tls_port=0
contact="Lina" <sip:lina@127.0.0.1>
default_proxy=-1
media_encryption={encryption}
media_encryption_mandatory={mandatory}
srtp_crypto_suites={suites}
guess_hostname=0
auto_net_state_mon=0
use_ipv6=0
use_info={use_info}
use_rfc2833={use_events}

[rtp]
audio_rtp_port={rtp_port}

[net]
nat_policy_ref=none

[misc]
config_version=3
{more}
"""
G722 = """
[audio_codec_0]
mime=G722
rate=8000
channels=1
enabled=1
"""
"""It has that codec, and leaves it out of its offers."""


class LinphoneError(AssertionError):
    """linphonec did not say what was waited for; the message has all that it said."""


class Linphone:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._said = ""
        self._news = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while piece := await self._process.stdout.read(4096):
            self._said += piece.decode(errors="replace")
            self._news.set()

    async def command(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())
        await self._process.stdin.drain()

    async def says(self, words: str, *, within_s: float = PATIENCE_S) -> None:
        try:
            async with asyncio.timeout(within_s):
                while words not in self._said:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise LinphoneError(f"linphonec did not say {words!r} within {within_s} s:\n{self._said[-4000:]}") from None

    async def call(self, number: str, address: tuple[str, int]) -> None:
        """Call and wait until the call is answered and media runs."""
        await self.command(f"call sip:{number}@{address[0]}:{address[1]}")
        await self.says("Media streams established")

    async def hang_up(self) -> None:
        await self.command("terminate")

    async def close(self) -> None:
        with contextlib.suppress(OSError):
            await self.command("quit")
        await end(self._process, 3)
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)


@asynccontextmanager
async def running(
    *,
    microphone: Path | None = None,
    encryption: str = "none",
    mandatory: bool = False,
    suites: str = "AES_CM_128_HMAC_SHA1_80",
    digits: str = "events",
    more: str = "",
) -> AsyncIterator[Linphone]:
    """Start linphonec; stops it at the end.

    ``encryption``: "none" or "srtp" (SDES).  ``digits``: "events" (RFC 4733) or "info" (SIP INFO).
    ``more``: sections of its configuration, e.g. `G722`.
    """
    with tempfile.TemporaryDirectory(prefix="linphone-") as name:
        folder = Path(name)
        (folder / ".local/share/linphone").mkdir(parents=True)  # without its database it opens no port
        config = folder / "linphonerc"
        config.write_text(
            CONFIG.format(
                sip_port=free_port(),
                rtp_port=free_port(),
                encryption=encryption,
                mandatory=int(mandatory),
                suites=suites,
                use_info=int(digits == "info"),
                use_events=int(digits == "events"),
                more=more,
            )
        )
        process = await asyncio.create_subprocess_exec(
            *("linphonec", "-c", str(config)),
            cwd=folder,
            env={**os.environ, "HOME": name},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        phone = Linphone(process)
        try:
            await phone.says("linphonec>")
            await phone.command("ipv6 disable")
            await phone.command("soundcard use files")
            if microphone is not None:
                await phone.command(f"play {microphone}")
            yield phone
        finally:
            await phone.close()
