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

    info = inspect.type_info(schema.Scenario)
    assert isinstance(info, inspect.StructType)
    texts = words._field_texts(Path(schema.__file__))
    parts = [HEAD]
    for table in info.fields:
        shape = words._plain(table.type)
        repeated = isinstance(shape, inspect.ListType)
        if isinstance(shape, inspect.ListType):
            shape = words._plain(shape.item_type)
        assert isinstance(shape, inspect.StructType)
        heading = f"[[{table.name}]]" if repeated else f"[{table.name}]"
        parts += _table(heading, shape, texts)
    durations = inspect.type_info(schema.Duration)
    assert isinstance(durations, inspect.StructType)
    parts += _table("Durations", durations, texts)
    return "\n".join(parts) + "\n"


def _table(heading: str, shape: inspect.StructType, texts: dict[tuple[str, str], str]) -> list[str]:
    rows = [
        f"| `{field.name}` | {_kind(field.type)} | {words._default(field)} | {texts[shape.cls.__name__, field.name]} |"
        for field in shape.fields
    ]
    about = words._one_line(pyinspect.getdoc(shape.cls) or "")
    return [f"\n## {heading}\n", about + "\n", "| Key | Value | Default | Meaning |\n|---|---|---|---|", *rows]


def _kind(type_: inspect.Type) -> str:
    match words._plain(type_):
        case inspect.FloatType(ge=low, le=high):
            return f"number, {low:g} to {high:g}"
        case inspect.StructType():
            return "[duration](#durations)"
        case inspect.UnionType(types=types):
            return " or ".join(_kind(kind) for kind in types if not isinstance(kind, inspect.NoneType))
        case inspect.ListType(item_type=item, min_length=least, max_length=most):
            return f"list of {least or 0} to {most}: {_kind(item)}"
    return words._kind(type_)


if __name__ == "__main__":
    main()
