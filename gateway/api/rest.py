"""The HTTP handlers: sign-in and sign-out, the contact history, and recordings."""

from __future__ import annotations

import asyncio
import logging
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec
from aiohttp import hdrs, web

from gateway.api import shapes
from gateway.api.agent_pages import AgentPages
from gateway.api.desk import Names
from gateway.api.guard import SESSION, TooManyRequestsError, check_origin, problem, read_json, session_of
from gateway.api.limits import Buckets
from gateway.api.services import Services
from gateway.api.sessions import COOKIE, Sessions
from gateway.model.errors import NotFoundError, PeerError
from gateway.model.ids import AgentId, ContactId, RecordingId

log = logging.getLogger(__name__)

LIST_MAX = 200
PASSWORD_CHECKS_MAX = 4
"""Argon2 at once: each takes 64 MiB."""


def as_json(body: shapes.Shape) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), content_type="application/json")


def _version() -> str:
    try:
        return version("zentrale")
    except PackageNotFoundError:
        return "unknown"  # run from a checkout that was never installed


class Rest:
    def __init__(self, services: Services, sessions: Sessions, pages: AgentPages, names: Names) -> None:
        self._services = services
        self._sessions = sessions
        self._pages = pages
        self._names = names
        per_minute = services.config.limits.login_attempts_per_minute
        self._by_address = Buckets(per_minute=per_minute)
        self._by_login = Buckets(per_minute=per_minute)
        self._version = _version()
        self._checks = asyncio.Semaphore(PASSWORD_CHECKS_MAX)

    # Signing in

    async def login(self, request: web.Request) -> web.StreamResponse:
        body = await read_json(request, shapes.LoginRequest)
        address = request.remote or ""
        for buckets, key in ((self._by_address, address), (self._by_login, body.login.lower())):
            if not buckets.take(key):
                log.warning("too many sign-in attempts from %s", address)
                raise TooManyRequestsError("too many sign-in attempts", buckets.wait_s(key))
        agent = AgentId(body.login)
        async with self._checks:
            right = await self._services.accounts.check_password(agent, body.password)
        if not right or not self._names.knows(agent):
            log.warning("failed sign-in from %s", address)
            return problem(401, "login or password is wrong", "Check both; capitals count.")
        session, cookie = self._sessions.start(agent)
        response = as_json(self._signed_in(session.agent))
        response.set_cookie(
            COOKIE,
            cookie,
            max_age=self._sessions.max_age_s,
            path="/",
            secure=self._services.config.web.cookie_secure,
            httponly=True,
            samesite="Strict",
        )
        return response

    async def logout(self, request: web.Request) -> web.StreamResponse:
        """Harmless when nobody is signed in."""
        check_origin(request)
        session = session_of(request)
        if session is not None:
            self._sessions.end(session)
            self._pages.close_session(session)
        response = web.Response(status=204)
        response.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict")
        return response

    async def me(self, request: web.Request) -> web.StreamResponse:
        return as_json(self._signed_in(request[SESSION].agent))

    def _signed_in(self, agent: AgentId) -> shapes.SignedIn:
        return shapes.SignedIn(agent=agent, name=self._names.agent(agent) or agent, company=self._names.company)

    async def health(self, request: web.Request) -> web.StreamResponse:
        return as_json(shapes.Health(status="ok", name=self._names.company, version=self._version))

    # History

    async def contacts(self, request: web.Request) -> web.StreamResponse:
        """`?agent=me` or `?customer=ADDRESS`, with `limit`."""
        query = request.query
        try:
            limit = int(query.get("limit", "50"))
        except ValueError:
            raise PeerError(f"limit is {query['limit'][:20]!r}; give a number from 1 to {LIST_MAX}") from None
        if not 1 <= limit <= LIST_MAX:
            raise PeerError(f"limit is {limit}; give a number from 1 to {LIST_MAX}")
        if query.get("agent") == "me":
            found = await self._services.store.contacts(agent=request[SESSION].agent, limit=limit)
        elif query.get("customer"):
            found = await self._services.store.contacts(customer_address=query["customer"][:300], limit=limit)
        else:
            raise PeerError("whose contacts? give agent=me or customer=ADDRESS")
        return as_json(shapes.ContactList(contacts=[shapes.summary(record, self._names) for record in found]))

    async def contact(self, request: web.Request) -> web.StreamResponse:
        contact = ContactId(request.match_info["contact"])
        store = self._services.store
        record = await store.contact(contact)
        if record is None:
            raise NotFoundError(f"there is no contact {contact!r}")
        timeline, recordings = await store.timeline(contact), await store.recordings(contact)
        return as_json(shapes.detail(record, timeline, recordings, self._names))

    async def recording(self, request: web.Request) -> web.StreamResponse:
        """The sound itself; Range is answered, so that a player can jump."""
        name = RecordingId(request.match_info["recording"])
        record = await self._services.store.recording(name)
        if record is None:
            raise NotFoundError(f"there is no recording {name!r}")
        path = await asyncio.to_thread(self._find, record.path)
        if path is None:
            log.error("recording %s should be at %s", name, record.path)
            raise NotFoundError(f"the file of recording {name!r} is no longer there")
        return web.FileResponse(
            path,
            headers={
                hdrs.CONTENT_TYPE: "audio/ogg",
                hdrs.CACHE_CONTROL: "private, max-age=3600",
                hdrs.CONTENT_DISPOSITION: f'inline; filename="{name}.ogg"',
            },
        )

    def _find(self, relative: str) -> Path | None:
        """The file, if it is one and lies in the recordings folder."""
        folder = self._services.recordings.resolve()
        path = (folder / relative).resolve()
        return path if path.is_relative_to(folder) and path.is_file() else None
