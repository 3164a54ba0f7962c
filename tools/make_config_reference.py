"""Writes docs/reference/configuration.md from gateway/config: docstrings, types, defaults and limits.

Run it after a change of the schema: ``python tools/make_config_reference.py``.  A test compares page and schema.
"""

from __future__ import annotations

import ast
import enum
import inspect as pyinspect
import json
import sys
from pathlib import Path

import msgspec
from msgspec import inspect

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "configuration.md"

HEAD = """# Configuration

<!-- Written by tools/make_config_reference.py from gateway/config/schema.py and distribution.py: change it there. -->

One file in [TOML](https://toml.io), given with `zentrale serve --config FILE`. Without a file Zentrale starts on a
[built-in one](../../gateway/config/default.toml), which is a good beginning for your own.
`zentrale check --config FILE` tells whether a file is in order and names every mistake with its line.
Keys that are not listed here are mistakes, too. Times ending in `_ms` are milliseconds.
[How to configure](../howto/configure.md) goes through the usual changes.
"""


def main() -> None:
    PAGE.write_text(render(), "utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")


def render() -> str:
    sys.path.insert(0, str(ROOT))
    from gateway.config import distribution, schema  # noqa: PLC0415 - works from a checkout that is not installed

    info = inspect.type_info(schema.Config)
    assert isinstance(info, inspect.StructType)
    texts = _field_texts(Path(schema.__file__)) | _field_texts(Path(distribution.__file__))
    parts = [HEAD]
    for table in info.fields:
        _add_table(parts, texts, (table.name,), table.type)
    return "\n".join(parts) + "\n"


def _add_table(parts: list[str], texts: dict[tuple[str, str], str], path: tuple[str, ...], type_: inspect.Type) -> None:
    """The table's section, then those of the tables in it."""
    shape = _table_in(type_)
    assert shape is not None
    brackets = ("[[", "]]") if isinstance(_plain(type_), inspect.ListType) else ("[", "]")
    parts.append(f"\n{'###' if len(path) > 1 else '##'} {brackets[0]}{'.'.join(path)}{brackets[1]}\n")
    parts.append(_one_line(pyinspect.getdoc(shape.cls) or "") + "\n")
    parts.append("| Key | Value | Default | Meaning |\n|---|---|---|---|")
    for field in shape.fields:
        meaning = texts[shape.cls.__name__, field.name]
        cells = (f"`{field.name}`", _kind(field.type), _default(field), meaning)
        parts.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    for field in shape.fields:
        if _table_in(field.type) is not None:
            _add_table(parts, texts, (*path, field.name), field.type)


def _table_in(type_: inspect.Type) -> inspect.StructType | None:
    """The table that a field is, or is a list of, or may be."""
    match _plain(type_):
        case inspect.StructType() as shape:
            return shape
        case inspect.ListType(item_type=item):
            return _table_in(item)
        case inspect.UnionType(types=types):
            return next((found for kind in types if (found := _table_in(kind)) is not None), None)
    return None


def _field_texts(source: Path) -> dict[tuple[str, str], str]:
    """The texts under the fields, which exist in the source only."""
    texts = {}
    for table in ast.parse(source.read_text("utf-8")).body:
        if isinstance(table, ast.ClassDef):
            for field, text in zip(table.body, table.body[1:], strict=False):
                match field, text:
                    case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(words))):
                        texts[table.name, name] = _one_line(words)
    return texts


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _plain(type_: inspect.Type) -> inspect.Type:
    return _plain(type_.type) if isinstance(type_, inspect.Metadata) else type_


def _kind(type_: inspect.Type) -> str:
    rule = str((type_.extra or {}).get("rule", "")) if isinstance(type_, inspect.Metadata) else ""
    match _plain(type_):
        case inspect.IntType(ge=low, le=high):
            text = f"number, {low} to {high}"
        case inspect.BoolType():
            text = "`true` or `false`"
        case inspect.StrType(max_length=most):
            text = "text" + (f" of {rule}" if rule else "") + (f", at most {most} characters" if most else "")
        case inspect.LiteralType(values=values):
            text = " or ".join(f'`"{value}"`' for value in values)
        case inspect.EnumType(cls=cls):
            text = ", ".join(f'`"{member.value}"`' for member in cls)
        case inspect.StructType():
            text = "table, see below"
        case inspect.DictType(value_type=value, max_length=most):
            text = f"table of 0 to {most}: name = {_kind(value)}"
        case inspect.ListType(item_type=item) if _table_in(item) is not None:
            text = "list of tables, see below"
        case inspect.ListType(item_type=item, min_length=least, max_length=most):
            count = f"{least or 0} to {most}" if most else ""
            text = f"list of {count}: {_kind(item)}"
        case inspect.TupleType(item_types=items):
            text = f"list of {len(items)}: {_kind(items[0])}"
        case inspect.UnionType(types=types):
            text = " or ".join(_kind(kind) for kind in types if not isinstance(kind, inspect.NoneType))
        case other:
            raise TypeError(f"no words for {other}: add them here")
    return text


def _default(field: inspect.Field) -> str:
    if field.required:
        return "**required**"
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    if value is None:
        return "none"
    if isinstance(value, msgspec.Struct):
        return "as below"
    if isinstance(value, (list, tuple)):
        value = [item.value if isinstance(item, enum.Enum) else item for item in value]
    return f"`{json.dumps(value)}`"


if __name__ == "__main__":
    main()
