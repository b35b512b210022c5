"""YAML text to plain JSON values with the place of every field; pure.

One pinned parser (ruamel.yaml's C parser) reads every file: the pure Python parser disagrees with
it on some input, and a digest must not depend on which of them happens to be installed. Values are
built here from the node tree, after YAML 1.2's core schema, so that nothing outside JSON gets in.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from promptreg.errors import ConfigError, Location, PromptError
from promptreg.naming import MAX_BYTES
from promptreg.values import dataclass

__all__ = ["MAX_BYTES", "Document", "decode", "load"]

_MAX_NODES = 50_000
_MAX_DEPTH = 100
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_CONFLICT_MARKER = r"^(?:<<<<<<<|>>>>>>>|\|\|\|\|\|\|\|)(?: |$)"
_ODD_BREAKS = {"\u2028": "U+2028", "\u2029": "U+2029", "\x85": "U+0085"}
_TAG = "tag:yaml.org,2002:"
_NULLS = frozenset({"", "~", "null"})
_BOOLS = frozenset({"true", "false"})


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed YAML file.

    Attributes:
        text: The decoded text without byte order mark, line ends as they are.
        bom: Whether the file starts with a byte order mark.
        value: The root mapping as plain JSON types.
        positions: Where each field stands, by dotted path; line and column count from 1.
        text_lines: For string values, the first and the last line of the text itself, by dotted
            path.
        root: The node tree of the root mapping, for splicing.
    """

    path: str
    text: str
    bom: bool
    value: dict[str, Any]
    positions: Mapping[str, Location]
    text_lines: Mapping[str, tuple[int, int]]
    root: Any

    def scalar(self, key: str) -> str | None:
        """Return the text of a scalar root field as written, before it is read as a number."""
        for key_node, value_node in self.root.value:
            if key_node.value == key and value_node.id == "scalar":
                return None if value_node.tag == f"{_TAG}null" else str(value_node.value)
        return None


def decode(data: bytes, path: str) -> tuple[str, bool]:
    """Decode a file's bytes.

    Returns:
        The text without byte order mark, and whether there was one.

    Raises:
        PromptError: The file is too large, a Git LFS pointer or not UTF-8.
    """
    if len(data) > MAX_BYTES:
        raise PromptError(
            f"file has {len(data):,} bytes, at most {MAX_BYTES:,} are read",
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
    root, filler = _compose_any(text, path)
    builder = _Builder(path, filler)
    value = builder.build_root(root)
    return Document(path, text, bom, value, builder.positions, builder.text_lines, root)


def _conflict_marker(text: str) -> re.Match[str] | None:
    if not any(marker in text for marker in ("<<<<<<<", ">>>>>>>", "|||||||")):
        return None
    return re.search(_CONFLICT_MARKER, text, re.MULTILINE)


@cache
def _loader_class() -> Any:
    try:
        # The C parser's own module; ruamel.yaml falls back to the pure parser silently.
        from _ruamel_yaml import CParser
        from ruamel.yaml.nodes import ScalarNode, SequenceNode
        from ruamel.yaml.resolver import Resolver
        from ruamel.yaml.tag import Tag
    except ImportError as error:
        raise ConfigError(
            "the C parser of ruamel.yaml is not installed",
            fix="pip install 'ruamel.yaml[oldlibyaml]'",
        ) from error
    text, sequence, mapping = (Tag(suffix=f"{_TAG}{name}") for name in ("str", "seq", "map"))

    @lru_cache(maxsize=4096)
    def plain(value: str) -> Any:
        found = Resolver.yaml_implicit_resolvers.get(value[:1], ())
        return next((Tag(suffix=tag) for tag, pattern in found if pattern.match(value)), text)

    class Loader(CParser):  # type: ignore[misc,unused-ignore]
        """The C parser with YAML 1.2's rules for plain scalars.

        ruamel.yaml's own way makes a class for each file and a tag for each node, and looks for
        the version of YAML at each of them: half of the time of a parse.
        """

        def resolve(self, kind: Any, value: Any, implicit: tuple[bool, bool]) -> Any:
            if kind is ScalarNode:
                return plain(value) if implicit[0] else text
            return sequence if kind is SequenceNode else mapping

        def descend_resolver(self, parent: Any, index: Any) -> None:
            """Do nothing: no tag depends on a node's place."""

        def ascend_resolver(self) -> None:
            """Do nothing, too."""

    return Loader


def _compose_any(text: str, path: str) -> tuple[Any, str]:
    """Return the root node, and a character that its texts hold and the file does not mean."""
    try:
        return _compose(text, path), ""
    except PromptError:
        # Rare enough to look only now: pairs of escapes that JSON knows.
        from promptreg.prompt.surrogates import join_pairs

        joined = join_pairs(text)
        if joined is None:
            raise
    return _compose(joined[0], path), joined[1]


def _compose(text: str, path: str) -> Any:
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    loader = _loader_class()
    if (nested := _too_deep(text)) is not None:
        raise PromptError(
            f"nested deeper than {_MAX_DEPTH} levels",
            location=Location(path, nested),
            rule="invalid-yaml",
        )
    if directive := "%" in text and re.search(r"^%(?:YAML|TAG)\b", text, re.MULTILINE):
        line = text.count("\n", 0, directive.start()) + 1
        if not re.search(r"^[^#\s%]", text[: directive.start()], re.MULTILINE):
            raise PromptError(
                "directives are not allowed",
                location=Location(path, line, 1),
                rule="invalid-yaml",
                fix="remove the line; every file is read as YAML 1.2",
            )
    try:
        parser = loader(text)
        try:
            return parser.get_single_node()
        finally:
            parser.dispose()
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = Location(path, mark.line + 1, mark.column + 1) if mark else Location(path)
        if mark and (half := _half_character(text, mark.index, where)):
            raise half from error
        raise PromptError(
            _explain(error, text, mark), location=where, rule="invalid-yaml"
        ) from error
    except (YAMLError, RecursionError) as error:
        position = getattr(error, "position", None)
        line = text.count("\n", 0, position) + 1 if isinstance(position, int) else 0
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise PromptError(first, location=Location(path, line), rule="invalid-yaml") from error


def _half_character(text: str, index: int, where: Location) -> PromptError | None:
    from promptreg.prompt.surrogates import complain_of_half

    return complain_of_half(text, index, where)


def _too_deep(text: str) -> int | None:
    """Return the line where the text nests so deep that the C parser's recursion could crash.

    Indentation needs no bound: within the size limit it reaches some 1,400 levels.
    """
    if text.count("- ") + text.count("? ") >= _MAX_DEPTH:
        compact = re.search(rf"^[ ]*(?:[-?][ ]+){{{_MAX_DEPTH},}}", text, re.MULTILINE)
        if compact is not None:
            return text.count("\n", 0, compact.start()) + 1
    if text.count("[") + text.count("{") <= _MAX_DEPTH * 20:
        return None
    depth = 0
    for match in re.finditer(r"[\[\]{}\n]", text):
        if match[0] in "[{":
            depth += 1
            if depth > _MAX_DEPTH * 20:
                return text.count("\n", 0, match.start()) + 1
        elif match[0] in "]}":
            depth = max(0, depth - 1)
    return None


def _explain(error: Any, text: str, mark: Any) -> str:
    problem = str(error.problem or error.context or "not valid YAML")
    if problem == "second occurrence":
        problem = f"an anchor is defined twice, first on line {error.context_mark.line + 1}"
    elif error.problem and error.context and error.context_mark is not None:
        # The fault shows at the end of what was not closed; where that began says more.
        problem += f" ({error.context} from line {error.context_mark.line + 1})"
    if mark is not None:
        lines = text.splitlines()
        around = "".join(lines[max(0, mark.line - 1) : mark.line + 1])
        if "\t" in around and "tab" not in problem and "token" in problem:
            problem += " (a tab? YAML indents with spaces)"
    for character, name in _ODD_BREAKS.items():
        if character in text:
            line = text[: text.index(character)].count("\n") + 1
            return f"{problem} ({name} on line {line} counts as a line break in YAML)"
    return problem


class _Builder:
    """Builds plain values from nodes and remembers where they stood."""

    def __init__(self, path: str, filler: str = "") -> None:
        self.path = path
        self.filler = filler
        self.positions: dict[str, Location] = {}
        self.text_lines: dict[str, tuple[int, int]] = {}
        self._nodes = 0

    def build_root(self, root: Any) -> dict[str, Any]:
        if root is None:
            raise PromptError(
                "file is empty", location=Location(self.path, 1, 1), rule="invalid-yaml"
            )
        if root.id != "mapping":
            raise self._error(root, f"file must hold a mapping, not a {root.id}")
        return self._mapping(root, "", 0)

    def _error(
        self, node: Any, message: str, rule: str = "invalid-yaml", fix: str | None = None
    ) -> PromptError:
        return PromptError(message, location=self._location(node), rule=rule, fix=fix)

    def _location(self, node: Any) -> Location:
        mark = node.start_mark
        return Location(self.path, mark.line + 1, mark.column + 1)

    def _value(self, node: Any, where: str, depth: int) -> Any:
        self._nodes += 1
        if self._nodes > _MAX_NODES:
            raise self._error(node, f"more than {_MAX_NODES:,} values; aliases expand too far")
        if depth > _MAX_DEPTH:
            raise self._error(node, f"nested deeper than {_MAX_DEPTH} levels")
        match node.id:
            case "mapping":
                return self._mapping(node, where, depth)
            case "sequence":
                return self._sequence(node, where, depth)
            case _:
                return self._scalar(node, where)

    def _sequence(self, node: Any, where: str, depth: int) -> list[Any]:
        items = []
        for index, item in enumerate(node.value):
            inner = f"{where}.{index}"
            self.positions[inner] = self._location(item)
            items.append(self._value(item, inner, depth + 1))
        return items

    def _mapping(self, node: Any, where: str, depth: int) -> dict[str, Any]:
        if node.tag != f"{_TAG}map":
            raise self._error(node, f"tag {node.tag} is not allowed")
        result: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == f"{_TAG}merge" or (
                key_node.value == "<<" and key_node.id == "scalar" and key_node.style is None
            ):
                merged = {**self._merge(value_node, where, depth), **merged}
                continue
            key = self._key(key_node)
            inner = f"{where}.{key}" if where else key
            if key in result:
                raise self._error(key_node, f"key {key!r} stands twice", "duplicate-key")
            self.positions[inner] = self._location(value_node)
            self.positions[f"{inner}#key"] = self._location(key_node)
            result[key] = self._value(value_node, inner, depth + 1)
        return {**merged, **result} if merged else result

    def _merge(self, node: Any, where: str, depth: int) -> dict[str, Any]:
        sources = node.value if node.id == "sequence" else [node]
        result: dict[str, Any] = {}
        for source in sources:
            if source.id != "mapping":
                raise self._error(source, "a merge key wants a mapping")
            value = self._value(source, where, depth + 1)
            result = {**value, **result}
        return result

    def _key(self, node: Any) -> str:
        if node.id != "scalar" or node.tag != f"{_TAG}str":
            text = node.value if node.id == "scalar" else node.id
            raise self._error(
                node, f"key {text!s} is not a string", "non-string-key", fix="quote the key"
            )
        return str(node.value.replace(self.filler, "") if self.filler else node.value)

    def _scalar(self, node: Any, where: str) -> Any:
        text: str = node.value
        match node.tag.removeprefix(_TAG):
            # The C parser resolves a lone = as YAML 1.1 did; to us it is text.
            case "str" | "value":
                # A block's text begins below its indicator and ends above the next field.
                block = node.style in ("|", ">")
                first, last = node.start_mark.line + 1 + block, node.end_mark.line + 1 - block
                self.text_lines[where] = (first, max(first, last))
                return text.replace(self.filler, "") if self.filler else text
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
