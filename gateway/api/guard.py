"""What stands before every handler: errors as JSON, the sign-in check, the origin check, and the security headers."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec
from aiohttp import hdrs, web

from gateway.api.sessions import COOKIE, Session, Sessions
from gateway.model.errors import (
    CapacityError,
    InternalError,
    NotFoundError,
    PeerError,
    RequestError,
    ZentraleError,
)

log = logging.getLogger(__name__)

T = TypeVar("T")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

SESSIONS = web.AppKey("sessions", Sessions)
SESSION = web.RequestKey("session", Session)

BODY_BYTES_MAX = 16 * 1024

SECURITY_HEADERS = {
    # Pages load nothing from elsewhere, run no inline code and can't be framed (clickjacking on "accept").
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "microphone=(self), camera=(self), display-capture=(self), geolocation=(), payment=(), usb=()"
    ),
}


class Problem(msgspec.Struct, frozen=True):
    """The body of every HTTP error."""

    error: str
    what_to_do: str


class SignInRequiredError(Exception):
    """The request needs an agent who is signed in."""


class TooManyRequestsError(Exception):
    def __init__(self, message: str, wait_s: int) -> None:
        super().__init__(message)
        self.wait_s = wait_s


def problem(status: int, error: str, what_to_do: str, headers: dict[str, str] | None = None) -> web.Response:
    body = msgspec.json.encode(Problem(error=error, what_to_do=what_to_do))
    return web.Response(status=status, body=body, content_type="application/json", headers=headers)


def what_to_do(error: ZentraleError) -> str:
    """The way out, by the kind of error; the message itself says what is wrong."""
    if isinstance(error, NotFoundError):
        return "Check the name or id; it may have ended meanwhile."
    if isinstance(error, RequestError):
        return "Look at the present state and try what it allows."
    if isinstance(error, CapacityError):
        return f"Try again in {error.retry_after_s} s, or raise {error.limit} in the configuration."
    if isinstance(error, PeerError):
        return "Correct what was sent; docs/reference/api.md describes it."
    return "Try again; if it stays, look into the server's log."


def kind_of(error: ZentraleError) -> str:
    if isinstance(error, PeerError):
        return "peer"
    if isinstance(error, RequestError):
        return "request"
    return "capacity" if isinstance(error, CapacityError) else "internal"


def as_response(error: ZentraleError) -> web.Response:
    if isinstance(error, NotFoundError):
        return problem(404, str(error), what_to_do(error))
    if isinstance(error, RequestError):
        return problem(409, str(error), what_to_do(error))
    if isinstance(error, CapacityError):
        return problem(503, str(error), what_to_do(error), {"Retry-After": str(error.retry_after_s)})
    if isinstance(error, PeerError):
        return problem(400, str(error), what_to_do(error))
    log.error("internal error: %s", error)
    return problem(500, "something went wrong inside Zentrale", what_to_do(error))


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every error leaves as JSON with what is wrong and what to do; nothing of ours is shown to strangers."""
    try:
        return await handler(request)
    except Exception as error:
        return _error_response(request, error)


def _error_response(request: web.Request, error: Exception) -> web.Response:
    if isinstance(error, web.HTTPException):
        return _http_problem(request, error)
    if isinstance(error, ZentraleError):
        return as_response(error)
    if isinstance(error, SignInRequiredError):
        return problem(401, "nobody is signed in", "Sign in with POST /api/login.")
    if isinstance(error, TooManyRequestsError):
        return problem(429, str(error), f"Wait {error.wait_s} s.", {hdrs.RETRY_AFTER: str(error.wait_s)})
    log.error("%s %s failed", request.method, request.path, exc_info=error)
    return as_response(InternalError("unexpected"))


def _http_problem(request: web.Request, error: web.HTTPException) -> web.Response:
    if error.status < 400:
        raise error
    if error.status == 413:
        return problem(413, "the request is too large", f"Send at most {BODY_BYTES_MAX} bytes.")
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
    what = f"{request.method} {request.path}: {error.reason.lower()}"
    return problem(error.status, what, "docs/reference/api.md lists what there is.", headers)


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """For `on_response_prepare`: errors and WebSocket upgrades get them, too."""
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    if request.path.startswith("/api/"):
        response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")


def check_origin(request: web.Request) -> None:
    """Refuse what another site's page sends: the Origin of RFC 6455 10.2 must be the host that was asked.

    Programs that are no browser send no Origin and hold no one else's cookie; they may pass.
    """
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None:
        return
    # A page "null" (sandboxed frame, file) is as foreign as any other.
    if urlsplit(origin).netloc.lower() != request.host.lower():
        log.warning("refused a request of the foreign page %.200s to %s", origin, request.path)
        raise web.HTTPForbidden(reason="cross-site request")


def session_of(request: web.Request) -> Session | None:
    return request.app[SESSIONS].read(request.cookies.get(COOKIE))


def signed_in(handler: Handler) -> Handler:
    """Wrap a handler so that only agents reach it; ``request[SESSION]`` then names who."""

    async def check(request: web.Request) -> web.StreamResponse:
        session = session_of(request)
        if session is None:
            raise SignInRequiredError
        request[SESSION] = session
        return await handler(request)

    return check


async def read_json(request: web.Request, shape: type[T]) -> T:
    """The body as the given struct; raises `PeerError` that names the field.  Only JSON is taken: a form, which other
    sites may send without asking, never is."""
    check_origin(request)
    if request.content_type != "application/json":
        raise PeerError(f"the body is {request.content_type}; send application/json")
    try:
        return msgspec.json.decode(await request.read(), type=shape)
    except msgspec.DecodeError as error:
        raise PeerError(f"the body is not what is due here: {error}") from None
