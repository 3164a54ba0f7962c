"""Which trunk a message came from, and what its configuration says about the calls that come over it."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from gateway.config.schema import TrunkConfig
from gateway.model.media import DtmfWay
from gateway.sip.negotiation import MediaTerms

DTMF = {"auto": DtmfWay.AUTO, "info": DtmfWay.SIGNALLING, "inband": DtmfWay.TONES}


class Trunks:
    def __init__(self, trunks: Sequence[TrunkConfig]) -> None:
        self._networks = sorted(
            ((ipaddress.ip_network(network, strict=False), trunk) for trunk in trunks for network in trunk.networks),
            key=lambda pair: -pair[0].prefixlen,
        )

    def find(self, source: str) -> TrunkConfig | None:
        """The trunk of "192.0.2.1:5060" or "[2001:db8::1]:5060", by the longest network that has the address."""
        address = _address(source)
        return next((trunk for network, trunk in self._networks if address in network), None)

    def terms(self, source: str) -> MediaTerms:
        trunk = self.find(source)
        if trunk is None:
            return MediaTerms()
        return MediaTerms(
            srtp=trunk.srtp,
            suites=tuple(trunk.srtp_suites),
            codecs=tuple(dict.fromkeys(trunk.codecs)),
            learns=trunk.nat,
            signalling_address=str(_address(source)),
            dtmf=DTMF[trunk.dtmf],
        )


def _address(source: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    address = ipaddress.ip_address(source.rpartition(":")[0].strip("[]"))
    # On a socket that serves both families an IPv4 address comes as ::ffff:a.b.c.d (RFC 4291 2.5.5.2).
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address
