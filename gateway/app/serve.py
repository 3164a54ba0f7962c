"""``zentrale serve``: one process from start to drained stop, and the words it prints."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from gateway.app.gateway import Gateway
from gateway.app.passwords import new_password
from gateway.app.welcome import Login, ready_text
from gateway.config.schema import Config
from gateway.model.errors import RequestError, ZentraleError

log = logging.getLogger(__name__)

SWITCH_S = 0.0005


def serve(config: Config, *, config_file: Path | None, announce: Path | None) -> int:
    """Run until SIGINT or SIGTERM; returns the exit code."""
    set_up_logging()
    started = time.monotonic()
    try:
        return run(_serve(config, config_file, announce, started))
    except ZentraleError as error:
        print(f"zentrale: {error}", file=sys.stderr)
        return 1


def run(main: Coroutine[Any, Any, int]) -> int:
    """Run ``main`` on the event loop that all of Zentrale uses; returns its exit code."""
    # How long the event loop waits when a thread beside it (the store's) has the interpreter; Python's 5 ms would be
    # heard of as a late offer.
    sys.setswitchinterval(SWITCH_S)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


def set_up_logging(*, default: str = "info") -> None:
    """One line for each record, on standard error; ``ZENTRALE_LOG=debug`` for more."""
    level = os.environ.get("ZENTRALE_LOG", default).upper()
    logging.basicConfig(
        level=level if level in logging.getLevelNamesMapping() else default.upper(),
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    # What these say at info is of interest to their own authors.
    for noisy in ("aioice", "aiortc", "alembic", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


async def _serve(config: Config, config_file: Path | None, announce: Path | None, started: float) -> int:
    stop = stop_signal()
    async with Gateway(config) as gateway:
        logins = await first_logins(gateway, everybody=config_file is None)
        print(
            ready_text(config, gateway.addresses, logins, seconds=time.monotonic() - started, config_file=config_file),
            flush=True,
        )
        if announce is not None:
            write_announcement(announce, gateway, logins)
        await stop.wait()
        print("\nStopping: ending contacts and finishing recordings ...", flush=True)
    print("Stopped.", flush=True)
    return 0


def stop_signal() -> asyncio.Event:
    """Set by SIGINT or SIGTERM; a second one ends the process at once."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def asked() -> None:
        if stop.is_set():
            os._exit(130)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked)
    return stop


async def first_logins(gateway: Gateway, *, everybody: bool) -> list[Login]:
    """Passwords made for this first start: for all agents of the built-in configuration, else for none.

    An own configuration may have hundreds of agents; their passwords are made one by one with ``zentrale passwd``.
    """
    logins: list[Login] = []
    for agent in gateway.config.agents:
        if await gateway.stores.accounts.has_password(agent.login):
            continue
        password = None
        if everybody:
            password = new_password()
            await gateway.stores.accounts.set_password(agent.login, password)
        logins.append(Login(login=agent.login, password=password))
    return logins


def write_announcement(path: Path, gateway: Gateway, logins: list[Login]) -> None:
    """Say where everything listens, for scripts: complete or not there."""
    text = msgspec.json.encode({"pid": os.getpid(), "addresses": gateway.addresses, "logins": logins}, enc_hook=str)
    partial = path.with_suffix(".partial")
    try:
        partial.write_bytes(text)
        partial.chmod(0o600)
        partial.replace(path)
    except OSError as error:
        reason = error.strerror or error
        raise RequestError(
            f"--announce {path} can't be written: {reason}; correct the path or its permissions"
        ) from error
