"""Agents' passwords from the command line and for a first start."""

from __future__ import annotations

import asyncio
import secrets
import sys

from gateway.config.schema import Config
from gateway.model.errors import ZentraleError
from gateway.model.ids import AgentId
from gateway.storage import open_stores

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that are mistaken for each other when read aloud or off a screen."""


def new_password() -> str:
    """Twelve random characters in three groups, 59 bits: short enough to type, long enough behind argon2 and a limit on
    attempts."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(3))


def set_password(config: Config, login: str, *, from_stdin: bool) -> int:
    """Set and print a password; returns the exit code."""
    if login not in {agent.login for agent in config.agents}:
        known = ", ".join(agent.login for agent in config.agents)
        print(f"zentrale passwd: there is no agent {login!r} in the configuration; it has {known}", file=sys.stderr)
        return 2
    password = sys.stdin.readline().rstrip("\n") if from_stdin else new_password()
    try:
        asyncio.run(_store(config, AgentId(login), password))
    except ZentraleError as error:
        print(f"zentrale passwd: {error}", file=sys.stderr)
        return 1
    print(f"{login} signs in with the password you gave" if from_stdin else f"{login} / {password}")
    return 0


async def _store(config: Config, login: AgentId, password: str) -> None:
    async with await open_stores(config.storage) as stores:
        await stores.accounts.set_password(login, password)
