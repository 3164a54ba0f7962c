"""The recorded session descriptions of tests/data/sdp, by name."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent.parent / "data" / "sdp"
BROWSERS = ("chromium_audio", "chromium_audio_video_data", "firefox_audio")
TELEPHONES = ("asterisk", "baresip", "carrier_with_fax", "linphone", "sipp")
ALL = BROWSERS + TELEPHONES


def sample(name: str) -> str:
    return (FOLDER / f"{name}.sdp").read_bytes().decode()
