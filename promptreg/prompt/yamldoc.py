"""YAML text to plain JSON values with the place of every field; pure.

Values are built here from the parser's nodes, after YAML 1.2's core schema, so that nothing outside
JSON gets in. Texts and keys that nobody tagged are nearly all there is: they cost one comparison.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from promptreg.errors import Location, PromptError
from promptreg.naming import MAX_BYTES
from promptreg.prompt.yamlnodes import MAX_DEPTH, TAG, compose, loader_class

__all__ = [
    "MAX_BYTES",
    "MAX_VALUES",
    "Document",
    "Positions",
    "child",
    "decode",
    "is_merge",
    "line_of",
    "load",
    "merged_nodes",
    "text_lines",
]

MAX_VALUES = 50_000
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_CONFLICT_MARKER = r"^(?:<<<<<<<|>>>>>>>|\|\|\|\|\|\|\|)(?: |$)"
_NULLS = frozenset({"", "~", "null"})
_BOOLS = frozenset({"true", "false"})


class Document:
    """A parsed YAML file.

    Args:
        path: The name to use in errors.
        text: The decoded text without byte order mark, line ends as they are.
        bom: Whether the file starts with a byte order mark.
        value: The root mapping as plain JSON types.
        root: The node of the root mapping, for splicing.
    """

    def __init__(
        self, path: str, text: str, *, bom: bool, value: dict[str, Any], root: Any
    ) -> None:
        self.path = path
        self.text = text
        self.bom = bom
        self.value = value
        self.root = root

    @cached_property
    def positions(self) -> Mapping[str, Location]:
        """Where each field stands, by dotted path; line and column count from 1."""
        from promptreg.prompt.yamlplaces import places_of

        return places_of(self.root, self.path)

    def items(self, key: str) -> list[Any]:
        """Return the nodes of a list that stands in a root field."""
        return list(child(self.root, key).value)

    def scalar(self, key: str) -> str | None:
        """Return the text of a scalar root field as written, before it is read as a number."""
        for key_node, value_node in self.root.value:
            if key_node.value == key and value_node.id == "scalar":
                if value_node.ctag is loader_class().text:
                    return str(value_node.value)
                return None if value_node.tag == f"{TAG}null" else str(value_node.value)
        return None


class Positions(Mapping[str, Location]):
    """Where the fields of a file stand, for who keeps its bytes alone: parsed again when asked.

    Args:
        data: The bytes of the file, which were parsed without a fault.
        path: Its path.
    """

    def __init__(self, data: bytes, path: str) -> None:
        self._data = data
        self._path = path

    @cached_property
    def _found(self) -> Mapping[str, Location]:
        return load(self._data, self._path).positions

    def __getitem__(self, where: str) -> Location:
        return self._found[where]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def decode(data: bytes, path: str) -> tuple[str, bool]:
    """Decode a file's bytes.

    Returns:
        The text without byte order mark, and whether there was one.

    Raises:
        PromptError: The file is too large, a Git LFS pointer or not UTF-8.
    """
    if len(data) > MAX_BYTES:
        raise PromptError(
            f"file is too large, at most {MAX_BYTES:,} bytes are read",
            location=Location(path),
            rule="file-too-large",
            fix="move long texts into fragments and include them",
        )
    if data.startswith(_LFS_POINTER):
        raise PromptError(
            "file is a Git LFS pointer, not a prompt",
            location=Location(path, 1, 1),
            rule="lfs-pointer",
            fix="git lfs pull, and keep prompts out of LFS in .gitattributes",
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise PromptError(
            f"byte 0x{data[error.start]:02x} is not UTF-8",
            location=Location(path, line),
            rule="not-utf-8",
            fix="save the file as UTF-8",
        ) from error
    bom = text.startswith("\ufeff")
    return text[1:] if bom else text, bom


def load(data: bytes, path: str) -> Document:
    """Parse a YAML file whose root is a mapping.

    Args:
        data: The bytes of the file.
        path: The name to use in errors.

    Raises:
        PromptError: The file is not valid, with the line and column of the fault.
    """
    text, bom = decode(data, path)
    if marker := _conflict_marker(text):
        raise PromptError(
            "file holds an unresolved git conflict",
            location=Location(path, text.count("\n", 0, marker.start()) + 1, 1),
            rule="conflict-markers",
            fix="resolve the conflict; promptreg bump resolves version and digest lines alone",
        )
    root = compose(text, path)
    return Document(path, text, bom=bom, value=_Values(path).of_root(root), root=root)


def _conflict_marker(text: str) -> re.Match[str] | None:
    if not ("<<<<<<<" in text or ">>>>>>>" in text or "|||||||" in text):
        return None
    return re.search(_CONFLICT_MARKER, text, re.MULTILINE)


def is_merge(key: Any) -> bool:
    """Tell whether a key's node says that another mapping fills this one in."""
    if key.ctag is loader_class().text:
        return False
    return bool(
        key.tag == f"{TAG}merge" or (key.value == "<<" and key.id == "scalar" and key.style is None)
    )


def merged_nodes(mapping: Any) -> list[Any]:
    """Return the nodes that fill a mapping's node in; what an earlier one says counts."""
    found: list[Any] = []
    for key, value in mapping.value:
        if is_merge(key):
            found += value.value if value.id == "sequence" else [value]
    return found


def child(mapping: Any, key: str) -> Any:
    """Return the node of a key, which may stand in what the mapping merges; None without one."""
    for key_node, node in mapping.value:
        if key_node.value == key and not is_merge(key_node):
            return node
    found = (child(source, key) for source in merged_nodes(mapping))
    return next((node for node in found if node is not None), None)


def line_of(node: Any) -> int:
    """Return the line on which a value begins."""
    return int(node.start_mark.line) + 1


def text_lines(node: Any) -> tuple[int, int]:
    """Return the first and the last line of a text, without the indicator of a block."""
    # A block's text begins below its indicator and ends above the next field.
    block = node.style in ("|", ">")
    first, last = node.start_mark.line + 1 + block, node.end_mark.line + 1 - block
    return first, max(first, last)


class _Values:
    """Builds plain values from the nodes of one file."""

    def __init__(self, path: str) -> None:
        loader = loader_class()
        self._path = path
        self._text = loader.text
        self._map = loader.mapping
        self._left = MAX_VALUES

    def of_root(self, root: Any) -> dict[str, Any]:
        if root is None:
            raise PromptError(
                "file is empty", location=Location(self._path, 1, 1), rule="invalid-yaml"
            )
        if root.id != "mapping":
            raise self._error(root, f"file must hold a mapping, not a {root.id}")
        return self._mapping(root, 0)

    def _error(
        self, node: Any, message: str, rule: str = "invalid-yaml", fix: str | None = None
    ) -> PromptError:
        mark = node.start_mark
        where = Location(self._path, mark.line + 1, mark.column + 1)
        return PromptError(message, location=where, rule=rule, fix=fix)

    def _value(self, node: Any, depth: int) -> Any:
        if node.id == "mapping":
            return self._mapping(node, depth)
        return self._sequence(node, depth) if node.id == "sequence" else self._scalar(node)

    def _count(self, node: Any, values: int, depth: int) -> None:
        """Take note of the values in a collection, before any of them is built."""
        self._left -= values
        if self._left < 0:
            raise self._error(node, f"more than {MAX_VALUES:,} values; aliases expand too far")
        if depth >= MAX_DEPTH and values:
            raise self._error(node, f"nested deeper than {MAX_DEPTH} levels")

    def _sequence(self, node: Any, depth: int) -> list[Any]:
        text = self._text
        self._count(node, len(node.value), depth)
        return [
            item.value if item.ctag is text else self._value(item, depth + 1) for item in node.value
        ]

    def _mapping(self, node: Any, depth: int) -> dict[str, Any]:
        text = self._text
        if node.ctag is not self._map and node.tag != f"{TAG}map":
            raise self._error(node, f"tag {node.tag} is not allowed")
        self._count(node, len(node.value), depth)
        result: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, item in node.value:
            if key_node.ctag is text:
                key = key_node.value
            elif is_merge(key_node):
                merged = {**self._merge(item, depth), **merged}
                continue
            else:
                key = self._key(key_node)
            if key in result:
                raise self._error(key_node, f"key {key!r} stands twice", "duplicate-key")
            result[key] = item.value if item.ctag is text else self._value(item, depth + 1)
        return {**merged, **result} if merged else result

    def _merge(self, node: Any, depth: int) -> dict[str, Any]:
        sources = node.value if node.id == "sequence" else [node]
        self._count(node, len(sources) - 1, depth)
        result: dict[str, Any] = {}
        for source in sources:
            if source.id != "mapping":
                raise self._error(source, "a merge key wants a mapping")
            result = {**self._mapping(source, depth + 1), **result}
        return result

    def _key(self, node: Any) -> str:
        if node.id != "scalar" or node.tag != f"{TAG}str":
            text = node.value if node.id == "scalar" else node.id
            raise self._error(
                node, f"key {text!s} is not a string", "non-string-key", fix="quote the key"
            )
        return str(node.value)

    def _scalar(self, node: Any) -> Any:
        text: str = node.value
        match node.tag.removeprefix(TAG):
            # The C parser resolves a lone = as YAML 1.1 did; to us it is text.
            case "str" | "value":
                return text
            # A tag may call any text so: !!bool yes, !!null none.
            case "null" if text.lower() in _NULLS:
                return None
            case "bool" if text.lower() in _BOOLS:
                return text.lower() == "true"
            case "int":
                return self._integer(node, text)
            case "float":
                return self._float(node, text)
            case "timestamp":
                raise self._error(
                    node, f"{text} is a date, which JSON has not", "date-value", fix="quote it"
                )
            case "null" | "bool" as kind:
                raise self._error(node, f"{text} is no {kind}", fix="quote it")
            case _:
                raise self._error(node, f"tag {node.tag} is not allowed")

    def _integer(self, node: Any, text: str) -> int:
        plain = text.replace("_", "").lower()
        sign = -1 if plain.startswith("-") else 1
        plain = plain.lstrip("+-")
        base = {"0x": 16, "0o": 8, "0b": 2}.get(plain[:2])
        try:
            return sign * (int(plain[2:], base) if base else int(plain))
        except ValueError as error:
            raise self._error(node, f"{text} is not a number", fix="quote it") from error

    def _float(self, node: Any, text: str) -> float:
        try:
            number = float(
                text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan")
            )
        except ValueError as error:
            raise self._error(node, f"{text} is not a number", fix="quote it") from error
        if not math.isfinite(number):
            raise self._error(node, f"{text} is a number JSON has not", fix="quote it")
        return number
