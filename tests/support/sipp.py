"""Runs SIPp, the telephone carrier of our tests: a `Scenario` (or a scenario file) against an address.

SIPp picks its own ports on 127.0.0.1 (or another loopback address, to play a stranger).  What went over the wire and
what it complained about is shown when a run fails.
"""

from __future__ import annotations

import asyncio
import csv
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.patience import PATIENCE_S
from tests.support.sipp_scenario import Scenario


class SippError(AssertionError):
    """SIPp saw something else than its scenario says; the message has its errors and the messages."""


class SippRun:
    """One running SIPp process."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path, command: list[str]) -> None:
        self._process = process
        self._folder = folder
        self._command = command
        self._kept: dict[str, str] | None = None

    async def finished(self, within_s: float = PATIENCE_S) -> None:
        """Wait until all calls are through.  Raises `SippError` unless each followed the scenario."""
        try:
            async with asyncio.timeout(within_s):
                await self._process.wait()
        except TimeoutError:
            await self.stop()
            raise SippError(f"SIPp did not finish within {within_s} s\n{self.report()}") from None
        if self._process.returncode != 0:
            text = self._file("output.log")[-3000:]
            raise SippError(f"SIPp ended with {self._process.returncode}\n{self.report()}\n{text}")

    async def stop(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    def messages(self) -> str:
        """Return all messages of the wire so far, both ways."""
        return self._file("messages.log")

    def statistics(self) -> dict[str, str]:
        """Return the last line of SIPp's statistics by column name, e.g. ``SuccessfulCall(C)``."""
        rows = list(csv.DictReader(self._file("stat.csv").splitlines(), delimiter=";"))
        return rows[-1] if rows else {}

    def report(self) -> str:
        errors, messages = self._file("errors.log"), self.messages()[-6000:]
        return f"{' '.join(self._command)}\n--- errors\n{errors}\n--- messages\n{messages}"

    def keep(self) -> None:
        """Read everything into memory: the folder is about to go."""
        self._kept = {path.name: path.read_text(errors="replace") for path in self._folder.glob("*.*")}

    def _file(self, name: str) -> str:
        if self._kept is not None:
            return self._kept.get(name, "")
        path = self._folder / name
        return path.read_text(errors="replace") if path.exists() else ""


@asynccontextmanager
async def running(
    scenario: Scenario | Path,
    target: tuple[str, int],
    *,
    number: str = "100",
    calls: int = 1,
    rate: float = 10,
    limit: int | None = None,
    transport: str = "u1",
    local: str = "127.0.0.1",
    keys: dict[str, str] | None = None,
    options: tuple[str, ...] = (),
    timeout_s: int = 30,
) -> AsyncIterator[SippRun]:
    """Start SIPp with a scenario; stops it at the end.

    ``transport``: "u1" UDP, "t1" TCP.  ``rate``: new calls per second.  ``limit``: calls at once.  ``keys`` fill
    ``[name]`` in the scenario.  ``local`` is the address SIPp sends from.
    """
    with tempfile.TemporaryDirectory(prefix="sipp-") as name:
        folder = Path(name)
        if isinstance(scenario, Scenario):
            path = folder / "scenario.xml"
            path.write_text(scenario.xml())
        else:
            path = scenario
        command = ["sipp", f"{target[0]}:{target[1]}", "-sf", str(path), "-s", number, "-i", local, "-mi", local]
        command += ["-m", str(calls), "-r", str(rate), "-l", str(limit or max(calls, 3)), "-t", transport]
        command += ["-timeout", f"{timeout_s}s", "-timeout_error", "-nostdin", "-nd", "-recv_timeout", "8000"]
        command += ["-trace_err", "-error_file", str(folder / "errors.log"), "-trace_msg"]
        command += ["-message_file", str(folder / "messages.log"), "-trace_stat", "-stf", str(folder / "stat.csv")]
        for key, value in (keys or {}).items():
            command += ["-key", key, value]
        command += options
        # To a file: a pipe that nobody reads meanwhile would be full some time, and SIPp would wait for it.
        with (folder / "output.log").open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *command, cwd=folder, stdout=output, stderr=asyncio.subprocess.STDOUT
            )
        run = SippRun(process, folder, command)
        try:
            yield run
        finally:
            await run.stop()
            run.keep()


async def run(scenario: Scenario | Path, target: tuple[str, int], **settings: object) -> SippRun:
    """Start a scenario and wait until all its calls went as it says."""
    async with running(scenario, target, **settings) as sipp:  # type: ignore[arg-type]
        await sipp.finished()
        return sipp
