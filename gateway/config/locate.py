"""On which line of a TOML file a key stands.

`tomllib` forgets positions, so the same text is read once more by tree-sitter's TOML grammar, only to fill a table from
key path to line (docs/decisions/0060-configuration-lines.md).  The values always come from `tomllib`.
"""

from __future__ import annotations

import tomllib

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

from gateway.config.errors import KeyPath


class Lines:
    """Lines of one file's keys, list elements and tables."""

    def __init__(self, text: str) -> None:
        """``text`` is valid TOML."""
        self._lines: dict[KeyPath, int] = {}
        self._list_lengths: dict[KeyPath, int] = {}
        parser = Parser(Language(tree_sitter_toml.language()))
        for node in parser.parse(text.encode()).root_node.named_children:
            if node.type == "pair":
                self._add_pair((), node)
            elif node.type in ("table", "table_array_element"):
                self._add_table(node)

    def line(self, path: KeyPath) -> int:
        """Line (from 1) of the key, or of the nearest table that it belongs to when it is not there."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def _add_table(self, node: Node) -> None:
        header, *body = [child for child in node.named_children if child.type != "comment"]
        path: KeyPath = ()
        names = _key_parts(header)
        for name in names[:-1]:
            path = self._last_of((*path, name))
        path = (*path, names[-1])
        line = node.start_point.row + 1
        self._lines.setdefault(path, line)
        if node.type == "table_array_element":
            path = self._append(path, line)
        for pair in body:
            self._add_pair(path, pair)

    def _add_pair(self, table: KeyPath, pair: Node) -> None:
        key, value = [child for child in pair.named_children if child.type != "comment"]
        path = table
        for name in _key_parts(key):
            path = (*path, name)
            self._lines.setdefault(path, key.start_point.row + 1)
        self._add_value(path, value)

    def _add_value(self, path: KeyPath, value: Node) -> None:
        if value.type == "inline_table":
            for pair in value.named_children:
                if pair.type == "pair":
                    self._add_pair(path, pair)
        elif value.type == "array":
            for element in value.named_children:
                if element.type != "comment":
                    self._add_value(self._append(path, element.start_point.row + 1), element)

    def _append(self, path: KeyPath, line: int) -> KeyPath:
        """Count one more element of the list at ``path``; returns the element's path."""
        length = self._list_lengths.get(path, 0)
        self._list_lengths[path] = length + 1
        element = (*path, length)
        self._lines[element] = line
        return element

    def _last_of(self, path: KeyPath) -> KeyPath:
        """A header's ``[queues.x]`` belongs to the last ``[[queues]]`` before it (TOML 1.0, arrays of tables)."""
        length = self._list_lengths.get(path)
        return path if length is None else (*path, length - 1)


def _key_parts(node: Node) -> list[str]:
    if node.type == "dotted_key":
        return [part for child in node.named_children for part in _key_parts(child)]
    text = (node.text or b"").decode()
    if node.type == "quoted_key":
        return list(tomllib.loads(f"{text} = 0"))
    return [text]
