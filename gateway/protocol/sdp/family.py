"""Where an offer wants its audio, before it is answered: our own address has to be of the same family (RFC 6157 4)."""

from __future__ import annotations

import ipaddress

from gateway.protocol.sdp.text import parse


def audio_host(offer: str) -> str | None:
    """The IP address that the first m=audio names; None when there is none, or when it is a host's name.

    Raises `SdpError` for text that is no description.
    """
    description = parse(offer)
    for media in description.media:
        connection = description.connection_of(media)
        if media.kind == "audio" and connection is not None:
            try:
                return str(ipaddress.ip_address(connection.address))
            except ValueError:
                return None
    return None
