"""`zentrale passwd` beside a running Zentrale: the new password opens the desk at once, the one before no longer."""

from __future__ import annotations

from pathlib import Path

import aiohttp

from tests.support.zentrale import Zentrale, zentrale


async def test_a_password_is_set_made_up_or_given(tmp_path: Path) -> None:
    async with zentrale(tmp_path / "z", agents=("anna",)) as gateway:
        first = gateway.password("anna")
        assert await login(gateway, first) == 200
        command = ("passwd", "anna", "--config", str(gateway.config))
        name, _, made_up = (await gateway.command(*command)).strip().partition(" / ")
        assert name == "anna"
        assert await login(gateway, made_up) == 200
        assert await login(gateway, first) == 401
        given = "chosen by Anna"
        assert given not in await gateway.command(*command, "--stdin", says=f"{given}\n")
        assert await login(gateway, given) == 200
        assert await login(gateway, made_up) == 401


async def login(gateway: Zentrale, password: str) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{gateway.web}/api/login", json={"login": "anna", "password": password}) as response,
    ):
        return response.status
