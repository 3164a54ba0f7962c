"""Reads the configuration file and reports everything that is wrong with it at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import TypeVar

import msgspec

from gateway.config.convert import Mistake, convert, quoted, shown
from gateway.config.crosscheck import cross_check
from gateway.config.errors import ConfigError, KeyPath, Problem, path_text
from gateway.config.locate import Lines
from gateway.config.schema import Config
from gateway.config.sounds import TONES, sound_files

T = TypeVar("T", bound=msgspec.Struct)

FILE_BYTES_MAX = 8 * 1024 * 1024
BUILT_IN = "default.toml (built in)"
MISSING = "check the path, or leave --config out"
"""What to do when there is no such file."""

_SYNTAX_ADVICE = {
    "Cannot overwrite a value": "the key stands there twice: remove one",
    "Cannot declare": "the table stands there twice: put its keys together",
    "Invalid value": "text stands in quotes, true and false in small letters",
    "Invalid statement": "a line is a [table], a key = value, or a # comment",
    "Expected '=' after a key": "a line is a [table], a key = value, or a # comment",
    "Illegal character": "close the quotes on the same line",
    "Unclosed array": "close the list with ]",
}


def load(path: Path | None, *, sounds: Path | None = None, missing: str = MISSING) -> Config:
    """The checked configuration of the file, or the built-in one for ``None``.

    Relative paths in it (``storage.directory``, ``media.sounds``) come out relative to the file's folder.
    ``sounds`` is the folder of those that come with Zentrale; without it nobody looks whether a sound is there.
    ``missing`` is what to do when there is no such file.  Raises `ConfigError` with all problems.
    """
    if path is None:
        return parse(default_text(), file=BUILT_IN, sounds=sounds)
    text = read(path, missing=missing)
    config = parse(text, file=str(path), folder=path.parent, sounds=sounds)
    return _with_paths_from(config, path.parent)


def default_text() -> str:
    """The built-in configuration file, to read or to copy."""
    return resources.files("gateway.config").joinpath("default.toml").read_text("utf-8")


def parse(text: str, *, file: str, folder: Path = Path(), sounds: Path | None = None) -> Config:
    """The checked configuration in ``text``; ``file`` is how problems name it, ``folder`` where relative paths start.

    ``sounds``: as for `load`.  Raises `ConfigError` with all problems.
    """

    def check(config: Config, faulty: set[KeyPath]) -> list[Mistake]:
        return cross_check(config, faulty) + _missing_sounds(config, folder, sounds)

    return parse_as(Config, text, check, file=file)


def parse_as(shape: type[T], text: str, check: Callable[[T, set[KeyPath]], list[Mistake]], *, file: str) -> T:
    """The tables in ``text``, shaped as ``shape`` and checked; for any file that is written like a configuration.

    ``check`` finds the mistakes that no single value shows; it is told which key paths are faulty already.
    Raises `ConfigError` with all problems.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([_syntax_problem(error, text, file)]) from None
    except RecursionError:
        raise _unreadable(
            file, "has too many brackets in each other", "a configuration needs no more than three"
        ) from None
    found, mistakes = convert(values, shape)
    mistakes += check(found, {path for path, _, _ in mistakes})
    if mistakes:
        lines = Lines(text)
        raise ConfigError(
            [
                Problem(file=file, line=lines.line(path), key=path_text(path), what=what, advice=advice)
                for path, what, advice in mistakes
            ]
        )
    return found


def _missing_sounds(config: Config, folder: Path, shipped: Path | None) -> list[Mistake]:
    own = config.media.sounds
    if own is not None and not (folder / own).is_dir():
        return [(("media", "sounds"), f"there is no folder {folder / own}", "make it or correct the path")]
    if shipped is None:
        return []
    folders = [shipped] if own is None else [shipped, folder / own]
    names = sorted(TONES.union(sound_files(folders)))
    named: list[tuple[KeyPath, str]] = []
    for index, queue in enumerate(config.queues):
        named += [(("queues", index, "greeting"), queue.greeting), (("queues", index, "music"), queue.music)]
        named += [(("queues", index, "playlist", place), name) for place, name in enumerate(queue.playlist)]
    return [
        (
            path,
            f"there is no sound {shown(name)}",
            f"put {name}.wav or {name}.opus into the folder media.sounds, or use one of {quoted(names)}",
        )
        for path, name in named
        if name and name not in names
    ]


def _with_paths_from(config: Config, folder: Path) -> Config:
    storage = msgspec.structs.replace(config.storage, directory=str(folder / config.storage.directory))
    media = config.media
    if media.sounds is not None:
        media = msgspec.structs.replace(media, sounds=str(folder / media.sounds))
    return msgspec.structs.replace(config, storage=storage, media=media)


def read(path: Path, *, missing: str) -> str:
    """The file's text; ``missing`` is what to do when there is none.  Raises `ConfigError`."""
    try:
        with path.open("rb") as file:
            raw = file.read(FILE_BYTES_MAX + 1)
    except FileNotFoundError:
        raise _unreadable(str(path), "there is no such file", missing) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise _unreadable(str(path), f"can't be read: {reason}", "check the path and its permissions") from None
    if len(raw) > FILE_BYTES_MAX:
        raise _unreadable(str(path), f"is larger than {FILE_BYTES_MAX} bytes", "is it the right file?")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _unreadable(str(path), "is not UTF-8 text", "save it as UTF-8", line=line) from None


def _unreadable(file: str, what: str, advice: str, *, line: int | None = None) -> ConfigError:
    return ConfigError([Problem(file=file, line=line, key="", what=what, advice=advice)])


def _syntax_problem(error: tomllib.TOMLDecodeError, text: str, file: str) -> Problem:
    """tomllib puts the place at the end of its message."""
    message = str(error)
    place = re.search(r" \(at line (\d+), column \d+\)$", message)
    line = int(place[1]) if place else text.rstrip().count("\n") + 1
    what = re.sub(r" \(at [^()]*\)$", "", message)
    advice = next((advice for start, advice in _SYNTAX_ADVICE.items() if what.startswith(start)), None)
    return Problem(file=file, line=line, key="", what=f"not TOML: {what}", advice=advice or "correct this line")
