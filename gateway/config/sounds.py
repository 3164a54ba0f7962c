"""Which sounds there are: files in the folders that hold them, and call progress tones, which are made."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from gateway.model.tones import Tone

SUFFIXES = (".ogg", ".opus", ".wav")
"""Of two files of one name in one folder the last of these wins."""

TONES = frozenset(tone.value for tone in Tone)


def sound_files(folders: Iterable[Path], languages: Collection[str] = ()) -> dict[str, Path]:
    """Each sound's file by its name; a later folder wins.

    Words of a language are in a folder of its name within each of the folders, and have it in theirs: ``de/minutes``.
    """
    found: dict[str, Path] = {}
    for folder in folders:
        found |= _in_folder(folder, "")
        for language in sorted(languages):
            found |= _in_folder(folder / language, f"{language}/")
    return found


def _in_folder(folder: Path, prefix: str) -> dict[str, Path]:
    files = (path for suffix in SUFFIXES for path in sorted(folder.glob(f"*{suffix}")))
    return {f"{prefix}{path.stem}": path for path in files}
