"""Signing in, the history, recordings, and what guards every answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.api.guard import SECURITY_HEADERS
from gateway.model import events as ev
from gateway.model.errors import InternalError
from gateway.model.ids import RecordingId
from tests.support.api_world import api_world
from tests.support.session_world import ANNA


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        client = await api.signed_in("anna")
        async with client.post(api.url("/api/login"), json={"login": "anna", "password": "annas secret"}) as response:
            cookie = response.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        async with client.get(api.url("/api/me")) as response:
            assert (await response.json())["name"] == "Anna"


@pytest.mark.parametrize("login", ["anna", "nobody"])
async def test_a_wrong_password_and_a_wrong_login_look_the_same(tmp_path: Path, login: str) -> None:
    async with api_world(tmp_path) as api:
        await api.signed_in("anna")
        async with api.client().post(api.url("/api/login"), json={"login": login, "password": "guess"}) as response:
            assert response.status == 401
            assert (await response.json())["error"] == "login or password is wrong"
            assert "Set-Cookie" not in response.headers


async def test_guessing_is_slowed_down(tmp_path: Path) -> None:
    async with api_world(tmp_path, login_attempts_per_minute=3) as api:
        client = api.client()
        seen = []
        for _ in range(4):
            async with client.post(api.url("/api/login"), json={"login": "anna", "password": "guess"}) as response:
                seen.append(response.status)
        assert seen == [401, 401, 401, 429]
        assert int(response.headers["Retry-After"]) >= 1


async def test_a_sign_in_from_another_site_s_page_is_refused(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        client = api.client()
        body = {"login": "anna", "password": "guess"}
        async with client.post(
            api.url("/api/login"), json=body, headers={"Origin": "https://evil.example"}
        ) as response:
            assert response.status == 403
        async with client.post(api.url("/api/login"), data=body) as response:
            assert response.status == 400
            assert "application/json" in (await response.json())["error"]


async def test_bad_and_large_bodies(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        client = api.client()
        async with client.post(api.url("/api/login"), json={"login": 1, "password": "x"}) as response:
            assert response.status == 400
            assert "$.login" in (await response.json())["error"]
        async with client.post(api.url("/api/login"), json={"login": "a", "password": "x" * 20_000}) as response:
            assert response.status == 413


@pytest.mark.parametrize("path", ["/api/me", "/api/contacts?agent=me", "/api/contacts/x", "/api/recordings/x"])
async def test_nothing_is_shown_to_strangers(tmp_path: Path, path: str) -> None:
    async with api_world(tmp_path) as api:
        async with api.client().get(api.url(path)) as response:
            assert response.status == 401
            assert set(await response.json()) == {"error", "what_to_do"}
        client = await api.signed_in("anna")
        async with client.post(api.url("/api/logout")) as response:
            assert response.status == 204
        async with client.get(api.url(path)) as response:
            assert response.status == 401


async def test_every_answer_carries_the_guards(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        for path in ("/api/health", "/api/me", "/no/such/page"):
            async with api.client().get(api.url(path)) as response:
                for name, value in SECURITY_HEADERS.items():
                    assert response.headers[name] == value
        async with api.client().get(api.url("/api/health")) as response:
            assert (await response.json())["status"] == "ok"
            assert response.headers["Cache-Control"] == "no-store"


async def test_the_history_of_an_agent_and_of_a_customer(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        client = await api.signed_in("anna")
        api.world.ready(ANNA)
        _, contact, _ = await api.world.talk()
        api.world.agents.hang_up(ANNA, contact)
        await api.world.agents.choose_outcome(ANNA, contact, "solved", "a note")
        await api.world.session.flushed()
        async with client.get(api.url("/api/contacts?agent=me")) as response:
            (mine,) = (await response.json())["contacts"]
        assert (mine["contact"], mine["outcome"], mine["agent_name"]) == (contact, "solved", "Anna")
        async with client.get(api.url("/api/contacts"), params={"customer": mine["customer_address"]}) as response:
            assert (await response.json())["contacts"] == [mine]
        async with client.get(api.url(f"/api/contacts/{contact}")) as response:
            detail = await response.json()
        kinds = [entry["kind"] for entry in detail["timeline"]]
        assert kinds[0] == "ContactOpened"
        assert "ConversationStarted" in kinds
        assert "OutcomeChosen" in kinds
        assert detail["summary"]["note"] == "a note"


@pytest.mark.parametrize("query", ["", "?agent=ben", "?agent=me&limit=0", "?agent=me&limit=x", "?agent=me&limit=999"])
async def test_a_question_that_can_not_be_answered(tmp_path: Path, query: str) -> None:
    async with api_world(tmp_path) as api:
        client = await api.signed_in("anna")
        async with client.get(api.url(f"/api/contacts{query}")) as response:
            assert response.status == 400


async def test_a_database_that_fails_is_our_fault_and_says_nothing_of_it(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        client = await api.signed_in("anna")
        api.world.store.failure = InternalError("disk /dev/sda is on fire")
        async with client.get(api.url("/api/contacts?agent=me")) as response:
            assert response.status == 500
            assert "sda" not in await response.text()
        api.world.store.failure = None


async def test_a_recording_with_ranges_and_nothing_outside_its_folder(tmp_path: Path) -> None:
    async with api_world(tmp_path) as api:
        client = await api.signed_in("anna")
        _, contact = await api.world.call()
        api.recordings.mkdir(exist_ok=True)
        (api.recordings / "a.ogg").write_bytes(b"OggS" + bytes(range(200)))
        (tmp_path / "secret").write_text("secret")
        for name, path in (("r1", "a.ogg"), ("r2", "../secret"), ("r3", "missing.ogg")):
            stored = ev.RecordingStored(
                at_ns=api.world.clock.ns,
                contact=contact,
                recording=RecordingId(name),
                agent=ANNA,
                path=path,
                duration_ms=1000,
                size_bytes=204,
            )
            await api.world.store.append([stored])
        async with client.get(api.url("/api/recordings/r1"), headers={"Range": "bytes=4-13"}) as response:
            assert response.status == 206
            assert response.content_type == "audio/ogg"
            assert await response.read() == bytes(range(10))
        for name in ("r2", "r3", "none"):
            async with client.get(api.url(f"/api/recordings/{name}")) as response:
                assert response.status == 404
                assert "secret" not in (await response.text()).replace("/secret", "")
        async with client.get(api.url(f"/api/contacts/{contact}")) as response:
            recordings = (await response.json())["recordings"]
        assert recordings[0]["address"] == "/api/recordings/r1"
