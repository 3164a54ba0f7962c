"""Short-lived credentials for the TURN server that browsers behind strict firewalls relay their sound through.

Zentrale and the TURN server share a secret and nothing else: the user name carries its own end of validity, the
password is its HMAC (draft-uberti-behave-turn-rest-00, coturn's ``use-auth-secret``).  So what a page was given is
worth nothing some time later, and no list of users is kept anywhere.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from gateway.api.frames import IceServer, IceServers
from gateway.config.schema import TurnConfig
from gateway.model.clock import SECOND

_NAME_CHARS = 16


def ice_servers(config: TurnConfig, user: str, now_ns: int) -> IceServers:
    """What a page's connections are made with.  ``user`` tells pages apart in the relay's log; it goes out hashed."""
    relays = [url for url in config.urls if url.startswith("turn")]
    others = [url for url in config.urls if not url.startswith("turn")]
    servers = [IceServer(urls=others)] if others else []
    if relays:
        name = hashlib.sha256(user.encode()).hexdigest()[:_NAME_CHARS]
        username, credential = rest_credentials(config.secret, name, now_ns // SECOND + config.credentials_s)
        servers.append(IceServer(urls=relays, username=username, credential=credential))
    return IceServers(servers=servers, relay_only=config.relay_only)


def rest_credentials(secret: str, user: str, expires_s: int) -> tuple[str, str]:
    """User name and password, valid until ``expires_s`` (seconds since the Unix epoch)."""
    username = f"{expires_s}:{user}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(digest).decode()
