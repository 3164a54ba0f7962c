"""What one side of a contact shows: its pictures' codec as negotiated, and whether a camera or a screen is seen."""

from __future__ import annotations

from gateway.model.events import VideoSource
from gateway.model.ids import VideoCodec


class Showing:
    __slots__ = ("codec", "source", "transport_cc", "wished")

    def __init__(self) -> None:
        self.codec: VideoCodec | None = None
        """Of its browser's connection; None without pictures."""
        self.transport_cc = True
        """Its browser knows transport-wide congestion control."""
        self.source: VideoSource | None = None
        """What it shows now; None: nothing."""
        self.wished = VideoSource.CAMERA
        """What its page says that it shows, or will show next."""
