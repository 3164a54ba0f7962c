"""A media plane that only remembers what it was asked: for tests of the edges' signalling."""

from __future__ import annotations

import itertools
from typing import Any

from gateway.model.errors import CapacityError
from gateway.model.ids import LegId
from gateway.model.media import MediaEvent, MediaListener, RtpPeer


class FakePlane:
    """Legs get numbers from 1 and ports from 30000 on; ``peers`` holds each leg's `set_rtp_peer` in their order."""

    def __init__(self, *, legs_max: int = 10_000, address: str = "127.0.0.1") -> None:
        self.open: set[LegId] = set()
        self.closed: list[LegId] = []
        self.peers: dict[LegId, list[RtpPeer]] = {}
        self.listeners: dict[LegId, list[MediaListener]] = {}
        self.ports: dict[LegId, int] = {}
        self.legs_max = legs_max
        self.address = address
        self._numbers = itertools.count(1)

    def open_rtp_leg(self, listener: MediaListener, *, near: LegId | None = None) -> tuple[LegId, str, int]:
        if len(self.open) >= self.legs_max:
            raise CapacityError("no leg is left", limit="media.rtp_ports")
        leg = LegId(next(self._numbers))
        self.open.add(leg)
        self.listeners[leg] = [listener]
        self.peers[leg] = []
        self.ports[leg] = 30_000 + 2 * (leg % 10_000)
        return leg, self.address, self.ports[leg]

    def listen(self, leg: LegId, listener: MediaListener) -> None:
        self.listeners[leg].append(listener)

    def set_rtp_peer(self, leg: LegId, peer: RtpPeer) -> None:
        assert leg in self.open, "a peer for a closed leg"
        self.peers[leg].append(peer)

    def close_leg(self, leg: LegId) -> None:
        assert leg in self.open, "a leg was closed twice"
        self.open.discard(leg)
        self.closed.append(leg)

    def report(self, event: MediaEvent) -> None:
        """Let the leg's listeners hear an event."""
        for listener in self.listeners[event.leg]:
            listener(event)

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the SIP edge has no business with MediaPlane.{name}")
