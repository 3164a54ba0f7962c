"""Writes docs/reference/scenario.md from gateway/app/simulation/schema.py, as make_config_reference.py does with the
configuration's.

Run it after a change of the schema: ``python tools/make_scenario_reference.py``.  A test compares page and schema.
"""

from __future__ import annotations

import inspect as pyinspect
import sys
from pathlib import Path

from msgspec import inspect

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "scenario.md"
sys.path.insert(0, str(Path(__file__).resolve().parent))

import make_config_reference as words  # noqa: E402 - it lies beside this file, in no package

HEAD = """# Scenario

<!-- Written by tools/make_scenario_reference.py from gateway/app/simulation/schema.py: change it there. -->

What `zentrale simulate SCENARIO.toml` plays: one file in [TOML](https://toml.io). Each mistake in it is named with its
line. Keys that are not listed here are mistakes, too. `_s` is seconds, `_ms` milliseconds.
[How to simulate](../howto/simulate.md) goes through an example; more are in
[examples/scenarios](../../examples/scenarios).
"""


def main() -> None:
    PAGE.write_text(render(), "utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")


def render() -> str:
    sys.path.insert(0, str(ROOT))
    from gateway.app.simulation import schema  # noqa: PLC0415 - works from a checkout that is not installed
    from gateway.config import distribution  # noqa: PLC0415

    info = inspect.type_info(schema.Scenario)
    assert isinstance(info, inspect.StructType)
    texts = words._field_texts(Path(schema.__file__)) | words._field_texts(Path(distribution.__file__))
    parts = [HEAD]
    for table in info.fields:
        _add_table(parts, texts, (table.name,), table.type)
    durations = inspect.type_info(schema.Duration)
    assert isinstance(durations, inspect.StructType)
    _add_rows(parts, texts, "## Durations", durations)
    return "\n".join(parts) + "\n"


def _add_table(parts: list[str], texts: dict[tuple[str, str], str], path: tuple[str, ...], type_: inspect.Type) -> None:
    """The table's section, then those of the tables in it."""
    shape = words._table_in(type_)
    assert shape is not None
    name = ".".join(path)
    brackets = f"[[{name}]]" if isinstance(words._plain(type_), inspect.ListType) else f"[{name}]"
    _add_rows(parts, texts, f"{'###' if len(path) > 1 else '##'} {brackets}", shape)
    for field in shape.fields:
        inner = words._table_in(field.type)
        if inner is not None and inner.cls.__name__ != "Duration":
            _add_table(parts, texts, (*path, field.name), field.type)


def _add_rows(parts: list[str], texts: dict[tuple[str, str], str], heading: str, shape: inspect.StructType) -> None:
    about = words._one_line(pyinspect.getdoc(shape.cls) or "")
    parts += [f"\n{heading}\n", about + "\n", "| Key | Value | Default | Meaning |\n|---|---|---|---|"]
    for field in shape.fields:
        cells = (
            f"`{field.name}`",
            _kind(field.type),
            words._default(field),
            texts[shape.cls.__name__, field.name],
        )
        parts.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")


def _kind(type_: inspect.Type) -> str:
    match words._plain(type_):
        case inspect.FloatType(ge=low, le=high):
            return f"number, {low:g} to {high:g}"
        case inspect.StructType(cls=cls) if cls.__name__ == "Duration":
            return "[duration](#durations)"
        case inspect.UnionType(types=types):
            return " or ".join(_kind(kind) for kind in types if not isinstance(kind, inspect.NoneType))
        case inspect.ListType(item_type=item, min_length=least, max_length=most) if words._table_in(item) is None:
            return f"list of {least or 0} to {most}: {_kind(item)}"
    return str(words._kind(type_))


if __name__ == "__main__":
    main()
