"""The media plane: RTP, SRTP, ICE-lite, bridges, sounds and captures on native threads behind one Python class."""

from __future__ import annotations

from gateway.media.plane import MediaPlane, ThreadStatistics

__all__ = ["MediaPlane", "ThreadStatistics"]
