"""Who is signed in: a sealed cookie that names the agent, the session and its end.

The cookie is a Fernet token (AES-128-CBC with HMAC-SHA256, encrypted then authenticated), so nothing is kept on the
server and a restart signs nobody out: the agents' pages reconnect by themselves.  Signing out is remembered until the
cookie would have ended.  See docs/decisions/0070.
"""

from __future__ import annotations

import base64
import secrets

import msgspec
from cryptography.fernet import Fernet, InvalidToken

from gateway.model.clock import SECOND, Clock
from gateway.model.ids import AgentId

COOKIE = "zentrale_agent"
SIGNED_OUT_MAX = 100_000


class Session(msgspec.Struct, frozen=True, kw_only=True):
    agent: AgentId
    id: str
    ends_ns: int


class Sessions:
    def __init__(self, secret: bytes, clock: Clock, *, hours: int) -> None:
        self._fernet = Fernet(base64.urlsafe_b64encode(secret))
        self._clock = clock
        self._seconds = hours * 3600
        self._signed_out: dict[str, int] = {}

    @property
    def max_age_s(self) -> int:
        return self._seconds

    def start(self, agent: AgentId) -> tuple[Session, str]:
        """A new session and its cookie's value."""
        ends_ns = self._clock.now_ns() + self._seconds * SECOND
        session = Session(agent=agent, id=secrets.token_urlsafe(16), ends_ns=ends_ns)
        return session, self._fernet.encrypt(msgspec.json.encode(session)).decode("ascii")

    def read(self, cookie: str | None) -> Session | None:
        """The session of a cookie; None when it is missing, forged, over or signed out."""
        if not cookie or len(cookie) > 2000:
            return None
        try:
            token = cookie.encode("ascii")
            session = msgspec.json.decode(self._fernet.decrypt(token), type=Session)
        except (InvalidToken, msgspec.DecodeError, UnicodeEncodeError):
            return None
        if base64.urlsafe_b64encode(base64.urlsafe_b64decode(token)) != token:
            # Another spelling of the same bytes: base64 leaves bits of its last letter open (RFC 4648, 3.5).
            return None
        if session.ends_ns <= self._clock.now_ns() or session.id in self._signed_out:
            return None
        return session

    def end(self, session: Session) -> None:
        """The cookie is worth nothing from now on."""
        now_ns = self._clock.now_ns()
        if len(self._signed_out) >= SIGNED_OUT_MAX:
            self._signed_out = {key: ends_ns for key, ends_ns in self._signed_out.items() if ends_ns > now_ns}
        if len(self._signed_out) < SIGNED_OUT_MAX:
            self._signed_out[session.id] = session.ends_ns
