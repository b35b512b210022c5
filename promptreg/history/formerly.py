"""The `formerly` line, by which a renamed prompt keeps its history; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from promptreg.errors import Location, PromptError
from promptreg.prompt.yamldoc import Document, load

__all__ = ["former_names_in", "set_formerly"]

_LINES = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+\Z")


def former_names_in(value: Any) -> tuple[str, ...]:
    """Return the names that the value of the field `formerly` holds."""
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list) else ()


def set_formerly(data: bytes, path: str, names: Sequence[str]) -> bytes:
    """Return a prompt file with just these former names; every other byte stays.

    Args:
        data: The bytes of the file.
        path: The name to use in errors.
        names: The names, newest first; none removes the line.

    Raises:
        PromptError: The file is not valid, or is written in a way that cannot be edited.
    """
    document = load(data, path)
    if former_names_in(document.value.get("formerly")) == tuple(names):
        return data
    line = f"formerly: [{', '.join(map(_written, names))}]"
    wrong = PromptError(
        "formerly cannot be written without changing something else",
        location=document.positions.get("formerly") or Location(path, 1, 1),
        fix=f"write `{line}` by hand" if names else "remove it by hand",
    )
    if document.root.flow_style:
        raise wrong
    text = _edited(document, line if names else None)
    encoded = (("\ufeff" if document.bom else "") + text).encode()
    after = load(encoded, path).value
    wanted = {**document.value, "formerly": list(names)} if names else dict(document.value)
    if not names:
        wanted.pop("formerly", None)
    if after != wanted:
        raise wrong
    return encoded


def _written(name: str) -> str:
    # 0, 1e5, 2026-11-22 and null are prompt names too, and to YAML no text.
    return name if name[0].isalpha() and name not in ("true", "false", "null") else f'"{name}"'


def _edited(document: Document, line: str | None) -> str:
    lines = _LINES.findall(document.text)
    pairs = {key.value: (key, value) for key, value in document.root.value}
    eol = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    at = document.root.value[0][0].start_mark.line
    for key in ("version", "digest"):
        if key in pairs:
            at = max(at, pairs[key][1].end_mark.line + 1)
    if line is not None:
        if at == len(lines) and lines and not lines[-1].endswith(("\n", "\r")):
            lines[-1] += eol
        indent = " " * document.root.value[0][0].start_mark.column
        lines.insert(at, f"{indent}{line}{eol}")
    if "formerly" in pairs:
        first, last = _extent(*pairs["formerly"])
        shift = 1 if line is not None and at <= first else 0
        del lines[first + shift : last + shift + 1]
    return "".join(lines)


def _extent(key: Any, value: Any) -> tuple[int, int]:
    """Return the first and the last line; a block list ends with its last entry, not behind it."""
    inner = value.value[-1] if value.id == "sequence" and value.value else value
    last = value.end_mark.line if value.id == "sequence" and value.flow_style else None
    return key.start_mark.line, max(key.start_mark.line, last or inner.end_mark.line)
