"""Programs that a measurement runs beside itself: what they cost, and how they end."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time

_CPUCLOCK_SCHED = 2

MODULE = (sys.executable, "-P", "-m")
"""Runs a module of ours.  -P: it is the one installed, whatever lies in the folder that this was called in."""


def cpu_ns(pid: int) -> int:
    """CPU time of a whole process: all its threads, those that have ended too, and the kernel's work for them."""
    # What clock_getcpuclockid(3) returns for a process on Linux; Python has it for threads alone.
    return time.clock_gettime_ns(~pid << 3 | _CPUCLOCK_SCHED)


async def end(process: asyncio.subprocess.Process, within_s: float) -> None:
    """End a program that ends with its input, or was told to end; kill it when it does not."""
    if process.stdin is not None:
        process.stdin.close()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await process.wait()
    if process.returncode is None:
        process.kill()
        await process.wait()
