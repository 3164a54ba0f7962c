"""Which sounds there are: those that come with Zentrale, and those in the folder that the configuration names."""

from __future__ import annotations

from pathlib import Path

SHIPPED = Path(__file__).parent.parent / "media" / "sounds"


def find_sounds(folder: str | None) -> dict[str, Path]:
    """Each sound's file by its name; one in ``folder`` wins over one that comes with Zentrale."""
    folders = [SHIPPED] if folder is None else [SHIPPED, Path(folder)]
    return {path.stem: path for each in folders for path in sorted(each.glob("*.wav"))}
