"""Credentials for relays: coturn's REST scheme, bit by bit."""

from __future__ import annotations

import base64
import hashlib
import hmac

import msgspec
import pytest

from gateway.api.turn import ice_servers, rest_credentials
from gateway.config.schema import TurnConfig
from gateway.model.clock import SECOND


def test_the_password_is_the_hmac_of_the_name() -> None:
    username, password = rest_credentials("north", "alice", 1_433_895_918)
    assert username == "1433895918:alice"

    assert password == base64.b64encode(hmac.digest(b"north", username.encode(), hashlib.sha1)).decode()
    assert len(base64.b64decode(password)) == 20


def test_without_relays_nothing_is_signed() -> None:
    assert ice_servers(TurnConfig(), "anna", 0).servers == []
    (stun,) = ice_servers(TurnConfig(urls=["stun:s.example:3478"]), "anna", 0).servers
    assert (stun.urls, stun.username, stun.credential) == (["stun:s.example:3478"], None, None)


def test_credentials_end_and_tell_no_names() -> None:
    config = TurnConfig(urls=["turns:t.example:443?transport=tcp"], secret="s" * 16, credentials_s=60, relay_only=True)
    given = ice_servers(config, "anna@example.org", 1000 * SECOND + 5)
    assert given.relay_only
    (relay,) = given.servers
    assert relay.username is not None
    assert relay.username.startswith("1060:")
    assert "anna" not in relay.username
    other = ice_servers(config, "ben@example.org", 1000 * SECOND).servers[0]
    assert other.username != relay.username


@pytest.mark.parametrize(
    "url",
    [
        "turn:t.example",
        "turn:192.0.2.1:3478",
        "turn:[2001:db8::1]:3478?transport=udp",
        "turns:t.example:443?transport=tcp",
    ],
)
def test_addresses_of_relays(url: str) -> None:
    assert msgspec.convert({"urls": [url]}, TurnConfig).urls == [url]


@pytest.mark.parametrize("url", ["", "http://t.example", "turn:", "turn://t.example", "turn:t.example?transport=sctp"])
def test_what_is_no_address_of_a_relay(url: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"urls": [url]}, TurnConfig)
