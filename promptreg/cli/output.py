"""The one seam through which commands print: data on stdout, messages on stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

__all__ = [
    "DataFormat",
    "data",
    "document",
    "is_color",
    "is_quiet",
    "is_unicode",
    "message",
    "pieces",
    "print_json",
    "style",
    "table",
    "warning",
]

_CODES = {
    "bold": "1",
    "reverse": "7",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
}
_quiet = False


class DataFormat(StrEnum):
    """How a command that answers with data writes it."""

    TEXT = "text"
    JSON = "json"


def set_quiet(quiet: bool) -> None:
    """Silence `message`; data, warnings and errors stay."""
    global _quiet  # noqa: PLW0603 - one switch for the whole process, set once by the root command
    _quiet = quiet


def is_quiet() -> bool:
    """Tell whether `message` is silent."""
    return _quiet


def is_color(stream: Any = None) -> bool:
    """Tell whether a stream takes ANSI colours: NO_COLOR, FORCE_COLOR, then the terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return bool((stream or sys.stdout).isatty())


def style(text: str, *names: str, stream: Any = None) -> str:
    """Colour a text when the stream shows colours."""
    if not names or not is_color(stream):
        return text
    codes = ";".join(_CODES[name] for name in names)
    return f"\x1b[{codes}m{text}\x1b[0m"


def data(text: str = "") -> None:
    """Write one piece of the answer to stdout."""
    sys.stdout.write(text + "\n")


def pieces(parts: Iterable[str]) -> None:
    """Write a long answer to stdout, which ends its lines itself."""
    for part in parts:
        sys.stdout.write(part)


def document(parts: Iterable[str]) -> None:
    """Write a document to stdout in UTF-8, as it says of itself, whatever the terminal takes."""
    sys.stdout.flush()
    for part in parts:
        sys.stdout.buffer.write(part.encode("utf-8", "replace"))
    sys.stdout.buffer.flush()


def message(text: str) -> None:
    """Tell the user something on stderr; silent under --quiet."""
    if not _quiet:
        sys.stderr.write(text + "\n")


def warning(text: str) -> None:
    """Warn the user on stderr."""
    sys.stderr.write(f"{style('warning:', 'yellow', stream=sys.stderr)} {text}\n")


def print_json(value: Any) -> None:
    """Write a value as indented JSON."""
    from promptreg.formats.json_text import json_text

    data(json_text(value, ensure_ascii=not is_unicode()))


def is_unicode() -> bool:
    """Tell whether stdout takes every character; where not, JSON has its own way to write it."""
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


def table(
    headers: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[int] = ()
) -> None:
    """Write an aligned table; `right` names the columns that align right."""
    lines = [tuple(headers), *map(tuple, rows)]
    sizes = [tuple(map(_width, line)) for line in lines]
    widths = [max(column) for column in zip(*sizes, strict=True)]
    aligned_right = set(right)
    for number, (line, size) in enumerate(zip(lines, sizes, strict=True)):
        cells = [
            " " * (widths[i] - size[i]) + cell
            if i in aligned_right
            else cell + " " * (widths[i] - size[i])
            for i, cell in enumerate(line)
        ]
        text = "  ".join(cells).rstrip()
        data(style(text, "dim") if number == 0 else text)


def _width(text: str) -> int:
    """Return how many columns a terminal gives to a text."""
    if text.isascii():
        return len(text)
    from unicodedata import east_asian_width

    return sum(2 if east_asian_width(c) in "WF" else 1 for c in text)
