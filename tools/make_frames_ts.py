"""Write ``gateway/web/ui/src/frames.ts``: the frames and bodies of the API as TypeScript types.

The Python structs are the one definition; ``tests/unit/test_api_frames.py`` fails when the file is not what this makes.
Run ``python tools/make_frames_ts.py`` after a change, or with ``--check`` to only compare.
"""

from __future__ import annotations

import enum
import sys
import types
import typing
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from gateway.api import frames, shapes  # noqa: E402

TARGET = ROOT / "gateway" / "web" / "ui" / "src" / "frames.ts"

HEAD = """// Made by tools/make_frames_ts.py from gateway/api/frames.py and gateway/api/shapes.py. Do not edit.
"""

UNIONS = ("AgentRequest", "AgentFrame", "VisitorRequest", "VisitorFrame")
BODIES = ("LoginRequest", "SignedIn", "ContactList", "ContactDetail")


class Writer:
    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def type(self, hint: Any) -> str:
        """The TypeScript of a Python type; structs and enums on the way are written, too."""
        if get_origin(hint) is typing.Annotated:
            return self.type(get_args(hint)[0])
        if get_origin(hint) in (typing.Union, types.UnionType):
            return " | ".join(self.type(part) for part in get_args(hint))
        if get_origin(hint) is list:
            return f"{self.type(get_args(hint)[0])}[]"
        plain = {str: "string", int: "number", float: "number", bool: "boolean", type(None): "null"}
        if hint in plain:
            return plain[hint]
        if issubclass(hint, enum.Enum):
            self.texts.setdefault(
                hint.__name__, f"export type {hint.__name__} = " + " | ".join(f'"{m.value}"' for m in hint) + ";\n"
            )
            return hint.__name__
        if issubclass(hint, msgspec.Struct):
            self.struct(hint)
            return hint.__name__
        raise TypeError(f"no TypeScript for {hint!r}")

    def struct(self, struct: type[msgspec.Struct]) -> None:
        if struct.__name__ in self.texts:
            return
        self.texts[struct.__name__] = ""
        hints = get_type_hints(struct, include_extras=True)
        lines = [f"export interface {struct.__name__} {{"]
        if struct.__struct_config__.tag is not None:
            lines.append(f'  {struct.__struct_config__.tag_field}: "{struct.__struct_config__.tag}";')
        for field in msgspec.structs.fields(struct):
            mark = "" if field.required else "?"
            lines.append(f"  {field.encode_name}{mark}: {self.type(hints[field.name])};")
        self.texts[struct.__name__] = "\n".join([*lines, "}\n"])


def make() -> str:
    writer = Writer()
    unions = []
    for name in UNIONS:
        parts = [writer.type(part) for part in get_args(getattr(frames, name))]
        unions.append(f"export type {name} =\n" + "\n".join(f"  | {part}" for part in parts) + ";\n")
    for name in BODIES:
        writer.struct(getattr(shapes, name))
    return "\n".join([HEAD, *writer.texts.values(), *unions])


def main() -> int:
    text = make()
    if "--check" in sys.argv:
        if TARGET.read_text() == text:
            return 0
        print(f"{TARGET.relative_to(ROOT)} is out of date: run python tools/make_frames_ts.py", file=sys.stderr)
        return 1
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
