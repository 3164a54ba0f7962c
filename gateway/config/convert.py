"""From the dictionary that TOML gives to the Structs of the schema, with *all* mistakes explained.

msgspec decides what fits; it stops at the first mistake and words it for programmers, so the tables are walked here,
each value is converted on its own, and what msgspec refuses is explained from its own type description.  A faulty value
is replaced by its default (or an empty one), so that the checks that follow can look at the rest.
"""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, TypeVar, cast

import msgspec
from msgspec import inspect

from gateway.config.errors import KeyPath

Mistake = tuple[KeyPath, str, str]
"""Where, what is wrong, what to do."""

T = TypeVar("T", bound=msgspec.Struct)


def convert(values: Mapping[str, object], shape: type[T]) -> tuple[T, list[Mistake]]:
    """The Struct, usable as it stands only if there is no mistake."""
    mistakes: list[Mistake] = []
    info = inspect.type_info(shape)
    assert isinstance(info, inspect.StructType)
    return cast(T, _table(values, info, (), mistakes)), mistakes


def suggestion(word: str, known: Iterable[str]) -> str | None:
    """``did you mean "..."?`` for the known word that is nearest to it, None when none is near."""
    near = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return f'did you mean "{near[0]}"?' if near else None


def shown(text: str) -> str:
    """The text in quotes, on one line and not too long."""
    return json.dumps(text if len(text) <= 60 else f"{text[:57]}...", ensure_ascii=False)


def quoted(words: Iterable[object]) -> str:
    return ", ".join(f'"{word}"' for word in words)


def _table(values: Mapping[str, object], shape: inspect.StructType, path: KeyPath, mistakes: list[Mistake]) -> object:
    types = {field.name: field.type for field in msgspec.structs.fields(shape.cls)}
    known = {field.name: field for field in shape.fields}
    for key in values:
        if key not in known:
            missing = [name for name in known if name not in values]
            advice = suggestion(key, missing) or f"remove it; known here are {', '.join(known)}"
            mistakes.append(((*path, key), "unknown key", advice))
    return shape.cls(
        **{name: _field(values, field, types[name], (*path, name), mistakes) for name, field in known.items()}
    )


def _field(
    values: Mapping[str, object], field: inspect.Field, kind: object, path: KeyPath, mistakes: list[Mistake]
) -> object:
    shape = _or_none(_plain(field.type))
    if field.name not in values:
        if field.required:
            mistakes.append((path, "missing", _how_to_add(field.name, shape)))
        return _default(field, shape)
    value = values[field.name]
    if isinstance(shape, inspect.StructType):
        if isinstance(value, dict):
            return _table(value, shape, path, mistakes)
        advice = f"write [{field.name}]" if len(path) == 1 else f"write {field.name} = {{ ... }}"
        mistakes.append((path, f"must be a table, not {_describe(value)}", advice))
        return _default(field, shape)
    if isinstance(shape, inspect.ListType) and isinstance(_plain(shape.item_type), inspect.StructType):
        return _tables(value, field, shape, path, mistakes)
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        found = list(explain(value, field.type, path))
        mistakes.extend(found or [(path, str(error), "see the configuration reference")])
        return _placeholder(value, field, shape)


def _tables(
    value: object, field: inspect.Field, shape: inspect.ListType, path: KeyPath, mistakes: list[Mistake]
) -> object:
    item = _plain(shape.item_type)
    assert isinstance(item, inspect.StructType)
    if not isinstance(value, list) or not all(isinstance(element, dict) for element in value):
        name = ".".join([*(key for key in path[:-1] if isinstance(key, str)), field.name])
        advice = f"write [[{name}]] with two brackets, once for each"
        mistakes.append((path, f"must be a list of tables, not {_describe(value)}", advice))
        return []
    mistakes.extend(_length_mistakes(value, shape, path))
    return [_table(element, item, (*path, index), mistakes) for index, element in enumerate(value)]


def explain(value: object, type_: inspect.Type, path: KeyPath) -> Iterator[Mistake]:
    """Why msgspec refuses the value, in the user's words; nothing when none of the known reasons applies."""
    shape = _plain(type_)
    match shape:
        case inspect.UnionType():  # the only unions of the schema are "or left out"
            yield from explain(value, _or_none(shape), path)
        case inspect.IntType():
            yield from _int_mistakes(value, shape, path)
        case inspect.FloatType():
            yield from _float_mistakes(value, shape, path)
        case inspect.BoolType():
            if not isinstance(value, bool):
                yield path, f"must be true or false, not {_describe(value)}", "write true or false without quotes"
        case inspect.LiteralType():
            yield from _choice_mistakes(value, [str(choice) for choice in shape.values], path)
        case inspect.EnumType():
            yield from _choice_mistakes(value, [member.value for member in shape.cls], path)
        case inspect.StrType():
            yield from _text_mistakes(value, shape, _rule(type_), path)
        case inspect.ListType() | inspect.TupleType():
            yield from _list_mistakes(value, shape, path)
        case inspect.DictType():
            yield from _dict_mistakes(value, shape, path)


def _dict_mistakes(value: object, shape: inspect.DictType, path: KeyPath) -> Iterator[Mistake]:
    if not isinstance(value, dict):
        advice = f"write {path[-1]} = {{ name = number, ... }}"
        yield path, f"must be a table, not {_describe(value)}", advice
        return
    if shape.max_length is not None and len(value) > shape.max_length:
        yield path, f"has {len(value)} entries", f"use at most {shape.max_length}"
    for key, element in value.items():
        yield from explain(key, shape.key_type, (*path, key))
        yield from explain(element, shape.value_type, (*path, key))


def _list_mistakes(value: object, shape: inspect.ListType | inspect.TupleType, path: KeyPath) -> Iterator[Mistake]:
    if not isinstance(value, list):
        yield path, f"must be a list, not {_describe(value)}", "put it in brackets: [ ... ]"
        return
    if isinstance(shape, inspect.ListType):
        yield from _length_mistakes(value, shape, path)
        item_types = [shape.item_type] * len(value)
    else:
        item_types = list(shape.item_types)
        if len(value) != len(item_types):
            yield path, f"has {len(value)} entries", f"give {len(item_types)}"
            return
    for index, element in enumerate(value):
        yield from explain(element, item_types[index], (*path, index))


def _int_mistakes(value: object, shape: inspect.IntType, path: KeyPath) -> Iterator[Mistake]:
    if isinstance(value, bool) or not isinstance(value, int):
        number = isinstance(value, str) and value.strip().isdecimal()
        advice = "write it without quotes" if number else "write digits only, without quotes"
        yield path, f"must be a whole number, not {_describe(value)}", advice
        return
    yield from _range_mistakes(value, shape, path)


def _float_mistakes(value: object, shape: inspect.FloatType, path: KeyPath) -> Iterator[Mistake]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield path, f"must be a number, not {_describe(value)}", "write it without quotes"
    elif not math.isfinite(value):
        yield path, f"{value} is no number to count with", f"use a number from {shape.ge} to {shape.le}"
    else:
        yield from _range_mistakes(value, shape, path)


def _range_mistakes(value: float, shape: inspect.IntType | inspect.FloatType, path: KeyPath) -> Iterator[Mistake]:
    advice = f"use a number from {shape.ge} to {shape.le}"
    if shape.ge is not None and value < shape.ge:
        yield path, f"{value} is too small", advice
    elif shape.le is not None and value > shape.le:
        yield path, f"{value} is too large", advice


def _choice_mistakes(value: object, choices: list[str], path: KeyPath) -> Iterator[Mistake]:
    if not isinstance(value, str):
        yield path, f"must be text, not {_describe(value)}", f"use one of {quoted(choices)}"
    elif value not in choices:
        advice = suggestion(value, choices) or "use one of these"
        yield path, f"{shown(value)} is not one of {quoted(choices)}", advice


def _text_mistakes(value: object, shape: inspect.StrType, rule: str, path: KeyPath) -> Iterator[Mistake]:
    if not isinstance(value, str):
        yield path, f"must be text, not {_describe(value)}", "put it in quotes"
    elif not value:
        yield path, "is empty", f"use {rule}" if rule else "write at least one character"
    elif shape.max_length is not None and len(value) > shape.max_length:
        yield path, f"has {len(value)} characters", f"use at most {shape.max_length}"
    else:
        try:
            msgspec.convert(value, _only_pattern(shape))
        except msgspec.ValidationError:
            yield path, f"{shown(value)} has characters that are not allowed here", f"use {rule}"


def _only_pattern(shape: inspect.StrType) -> Any:
    return Annotated[str, msgspec.Meta(pattern=shape.pattern)] if shape.pattern else str


def _length_mistakes(value: list[Any], shape: inspect.ListType, path: KeyPath) -> Iterator[Mistake]:
    if shape.min_length is not None and len(value) < shape.min_length:
        yield path, "is empty", f"give at least {shape.min_length}"
    elif shape.max_length is not None and len(value) > shape.max_length:
        yield path, f"has {len(value)} entries", f"use at most {shape.max_length}"


def _plain(type_: inspect.Type) -> inspect.Type:
    return _plain(type_.type) if isinstance(type_, inspect.Metadata) else type_


def _or_none(shape: inspect.Type) -> inspect.Type:
    """The type of a value that may be left out; any other type as it is."""
    if isinstance(shape, inspect.UnionType):
        return _plain(next(kind for kind in shape.types if not isinstance(kind, inspect.NoneType)))
    return shape


def _rule(type_: inspect.Type) -> str:
    """The words for a pattern, from the type's `msgspec.Meta`."""
    return str((type_.extra or {}).get("rule", "")) if isinstance(type_, inspect.Metadata) else ""


def _placeholder(value: object, field: inspect.Field, shape: inspect.Type) -> object:
    """What stands for a faulty value: texts stay, so that references to them and places in lists are right."""
    if isinstance(shape, inspect.StrType) and isinstance(value, str):
        return value
    if isinstance(shape, inspect.ListType) and isinstance(_plain(shape.item_type), inspect.StrType):
        return [item if isinstance(item, str) else "" for item in value] if isinstance(value, list) else []
    return _default(field, shape)


def _default(field: inspect.Field, shape: inspect.Type) -> object:
    if field.default is not msgspec.NODEFAULT:
        return field.default
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    if isinstance(shape, inspect.IntType):
        return shape.ge or 0
    return [] if isinstance(shape, inspect.ListType) else ""


def _how_to_add(name: str, shape: inspect.Type) -> str:
    if isinstance(shape, inspect.ListType):
        if isinstance(_plain(shape.item_type), inspect.StructType):
            return f"add at least one [[{name}]]"
        return f'add {name} = ["..."]'
    if isinstance(shape, inspect.IntType):
        return f"add {name} = ..."
    return f'add {name} = "..."'


def _describe(value: object) -> str:
    match value:
        case bool():
            text = str(value).lower()
        case int() | float():
            text = f"the number {value}"
        case str():
            text = f"the text {shown(value)}"
        case list():
            text = "a list"
        case dict():
            text = "a table"
        case _:
            text = f"the date or time {value}"  # TOML has nothing else
    return text
