"""Byte-exact edits of the ``version`` and ``digest`` lines; pure.

No YAML library ever writes a prompt file: it would reformat quoting, indents and comments. The edit
replaces text at the node positions of the parse and leaves every other byte as it was.
"""

from __future__ import annotations

import re
from typing import Any

from promptreg.errors import Location, PromptError
from promptreg.naming import MAX_BYTES
from promptreg.prompt.yamldoc import Document, load
from promptreg.values import dataclass

__all__ = ["set_version_and_digest"]

_QUOTES = ("'", '"')
_BLANK_LINES = re.compile(r"(?:[ \t]*(?:\r\n|\n|\r))*(?:[ \t]*\Z)?")
# Hex digits that YAML would read as a number: 123456789012 and 12345678e012.
_NUMBER_LIKE = re.compile(r"[0-9]+(?:e[0-9]+)?")


@dataclass(frozen=True, slots=True)
class _Edit:
    start: int
    end: int
    text: str


def set_version_and_digest(data: bytes, path: str, *, version: str, digest: str) -> bytes:
    """Return the file with these two values, digest directly under version.

    Args:
        data: The bytes of the file.
        path: The name to use in errors.
        version: The version to write.
        digest: The 12 hex digits to write.

    Raises:
        PromptError: The file is not valid, or writes its version in a way that cannot be edited.
    """
    document = load(data, path)
    # Blank lines below a digest that moves away would become part of a block text above it.
    for with_blank_lines in (False, True):
        edits = _edits(document, version, digest, with_blank_lines=with_blank_lines)
        text = _apply(document.text, edits)
        encoded = (("\ufeff" if document.bom else "") + text).encode("utf-8")
        if len(encoded) > MAX_BYTES:
            raise PromptError(
                f"file has no room for version and digest: at most {MAX_BYTES:,} bytes are read",
                location=Location(path),
                rule="file-too-large",
                fix="move long texts into fragments and include them",
            )
        if _proves(document, encoded, version, digest):
            return encoded
    raise PromptError(
        "version and digest cannot be written without changing something else",
        location=document.positions.get("version") or Location(path),
        fix=f"write `version: {version}` and `digest: {digest}` by hand once",
    )


def _edits(document: Document, version: str, digest: str, *, with_blank_lines: bool) -> list[_Edit]:
    text, root = document.text, document.root
    version_pair, digest_pair = _pair(root, "version"), _pair(root, "digest")
    digest_text = f'"{digest}"' if _NUMBER_LIKE.fullmatch(digest) else digest
    eol = _line_end(text)
    if version_pair is None:
        edits = (
            []
            if digest_pair is None
            else [_removal(document, digest_pair, with_blank_lines=with_blank_lines)]
        )
        return [*edits, _insertion(document, version, digest_text)]
    edits = [_replacement(document, version_pair, version)]
    if root.flow_style:
        if digest_pair is not None:
            return [*edits, _replacement(document, digest_pair, digest_text)]
        end = version_pair[1].end_mark.index
        return [*edits, _Edit(end, end, f", {_flow_pair(version_pair, 'digest', digest_text)}")]
    if digest_pair is not None:
        if digest_pair[0].start_mark.line == version_pair[1].end_mark.line + 1:
            return [*edits, _replacement(document, digest_pair, digest_text)]
        edits.append(_removal(document, digest_pair, with_blank_lines=with_blank_lines))
    indent = " " * version_pair[0].start_mark.column
    line_end = _end_of_line(text, version_pair[1].end_mark.index)
    if line_end < len(text):
        at = line_end + len(_line_end(text, line_end))
        return [*edits, _Edit(at, at, f"{indent}digest: {digest_text}{eol}")]
    return [*edits, _Edit(line_end, line_end, f"{eol}{indent}digest: {digest_text}")]


def _pair(root: Any, key: str) -> tuple[Any, Any] | None:
    for key_node, value_node in root.value:
        if key_node.id == "scalar" and key_node.value == key:
            return key_node, value_node
    return None


def _replacement(document: Document, pair: tuple[Any, Any], new: str) -> _Edit:
    key, node = pair
    start, end = node.start_mark.index, node.end_mark.index
    span = document.text[start:end]
    if start < key.end_mark.index or node.id != "scalar" or node.style in ("|", ">"):
        raise PromptError(
            f"{key.value} cannot be edited: it is an alias, a block or not a single value",
            location=Location(document.path, key.start_mark.line + 1, key.start_mark.column + 1),
            fix=f"write `{key.value}: {new}` by hand once",
        )
    if not node.value and node.style not in _QUOTES:
        colon = document.text.index(":", key.end_mark.index) + 1
        return _Edit(colon, colon, f" {new}")
    if node.style in _QUOTES:
        bare = new.strip('"')
        at = span.index(node.style)
        return _Edit(start + at, end, f"{node.style}{bare}{node.style}")
    at = span.rindex(node.value)
    return _Edit(start + at, start + at + len(node.value), new)


def _removal(document: Document, pair: tuple[Any, Any], *, with_blank_lines: bool) -> _Edit:
    text = document.text
    if document.root.flow_style or pair[1].id != "scalar":
        raise PromptError(
            "digest stands without version in a place that cannot be edited",
            location=Location(document.path, pair[0].start_mark.line + 1),
            fix="remove it by hand",
        )
    start = text.rfind("\n", 0, pair[0].start_mark.index) + 1
    end = _end_of_line(text, pair[1].end_mark.index)
    end += len(_line_end(text, end)) if end < len(text) else 0
    if with_blank_lines and (below := _BLANK_LINES.match(text, end)):
        end = below.end()
    return _Edit(start, end, "")


def _flow_pair(neighbour: tuple[Any, Any] | None, key: str, value: str) -> str:
    """Write a pair as its neighbour is written: a file of JSON stays JSON."""
    if neighbour is not None and neighbour[0].style == '"':
        bare = value.strip('"')
        return f'"{key}": "{bare}"'
    return f"{key}: {value}"


def _insertion(document: Document, version: str, digest: str) -> _Edit:
    """Insert before the first field, which is after the leading comments."""
    root, text = document.root, document.text
    if root.flow_style:
        at = text.index("{", root.start_mark.index) + 1
        neighbour = root.value[0] if root.value else None
        pairs = (_flow_pair(neighbour, "version", version), _flow_pair(neighbour, "digest", digest))
        return _Edit(at, at, ", ".join(pairs) + (", " if root.value else ""))
    lines = (f"version: {version}", f"digest: {digest}")
    first = root.value[0][0].start_mark
    eol, indent = _line_end(text), " " * first.column
    return _Edit(first.index, first.index, "".join(f"{line}{eol}{indent}" for line in lines))


def _end_of_line(text: str, index: int) -> int:
    found = re.compile(r"\r\n|\n|\r").search(text, index)
    return found.start() if found else len(text)


def _line_end(text: str, index: int = 0) -> str:
    found = re.compile(r"\r\n|\n|\r").search(text, index)
    return found[0] if found else "\n"


def _apply(text: str, edits: list[_Edit]) -> str:
    for edit in sorted(edits, key=lambda e: e.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _proves(before: Document, data: bytes, version: str, digest: str) -> bool:
    """Parse the result again: all but the two values must be what it was."""
    try:
        after = load(data, before.path)
    except PromptError:
        return False

    def rest(document: Document) -> dict[str, Any]:
        return {k: v for k, v in document.value.items() if k not in ("version", "digest")}

    return (
        rest(before) == rest(after)
        and str(after.value.get("version")) == version
        and after.scalar("digest") == digest
    )
