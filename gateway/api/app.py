"""Puts the API together: handlers, guards and what must be closed at the end."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from gateway.api.agent_pages import AgentPages
from gateway.api.agent_socket import AgentSocket
from gateway.api.desk import Names
from gateway.api.guard import BODY_BYTES_MAX, SESSIONS, add_headers, errors, signed_in
from gateway.api.rest import Rest
from gateway.api.services import Services
from gateway.api.sessions import Sessions
from gateway.api.visitor_socket import VisitorSocket


def make_app(services: Services, *, add_pages: Callable[[web.Application], None] | None = None) -> web.Application:
    """The whole web application; ``add_pages`` (`gateway.web.add_pages`) adds the pages that use it."""
    app = web.Application(middlewares=[errors], client_max_size=BODY_BYTES_MAX)
    app.on_response_prepare.append(add_headers)
    names = Names(services.config)
    sessions = app[SESSIONS] = Sessions(services.secret, services.clock, hours=services.config.web.session_hours)
    pages = AgentPages(services, names)
    visitors = VisitorSocket(services, names)
    rest = Rest(services, sessions, pages, names)
    app.add_routes(
        [
            web.get("/api/agent", signed_in(AgentSocket(services, pages).handle)),
            web.get("/api/visitor", visitors.handle),
            web.post("/api/login", rest.login),
            web.post("/api/logout", rest.logout),
            web.get("/api/me", signed_in(rest.me)),
            web.get("/api/health", rest.health),
            web.get("/api/contacts", signed_in(rest.contacts)),
            web.get("/api/contacts/{contact:[0-9A-Za-z-]{1,64}}", signed_in(rest.contact)),
            web.get("/api/recordings/{recording:[0-9A-Za-z-]{1,64}}", signed_in(rest.recording)),
        ]
    )
    if add_pages is not None:
        add_pages(app)

    async def close_sockets(_app: web.Application) -> None:
        visitors.close()
        await pages.close()

    app.on_shutdown.append(close_sockets)
    return app
