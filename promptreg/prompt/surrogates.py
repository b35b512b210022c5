r"""Characters written as two escapes, ``\ud83d\ude00``, which JSON has and YAML has not; pure.

Programs that write JSON write every emoji so. The C parser refuses them wherever they stand in a
double-quoted text, so no file that it reads can mean anything else by what is done here.
"""

from __future__ import annotations

import json
import re
from typing import Any

from promptreg.errors import Location, PromptError

__all__ = ["complain_of_half", "join_pairs", "take_out"]

_HIGH, _LOW = r"u(d[89ab][0-9a-f]{2})", r"u(d[c-f][0-9a-f]{2})"
# Any other escape is stepped over as a whole: a backslash that is escaped itself begins none.
_ESCAPE = re.compile(rf"\\(?:{_HIGH}\\{_LOW}|.)", re.IGNORECASE | re.DOTALL)
_PAIR = re.compile(rf"\\{_HIGH}\\{_LOW}", re.IGNORECASE)
_HALF = re.compile(r"\\ud[89a-f][0-9a-f]{2}", re.IGNORECASE)
_PRIVATE_USE = range(0xE000, 0xF900)


def join_pairs(text: str) -> tuple[str, str] | None:
    """Return a file of JSON with each pair as the one escape that YAML knows.

    No character moves: what an escape is shorter is filled up with a character that occurs
    nowhere else, which a reader of the values takes out again.

    Args:
        text: The file, in which the parser met an escape it does not know.

    Returns:
        The text and the filling character; None where it is no JSON, or has no pair.
    """
    if not _PAIR.search(text):
        return None
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return None
    low = text.lower()
    filler = next(
        (chr(code) for code in _PRIVATE_USE if chr(code) not in text and f"{code:x}" not in low),
        None,
    )
    if filler is None:
        return None

    def joined(match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0]
        return f"\\U{ord(_character(match)):08x}".ljust(len(match[0]), filler)

    return _ESCAPE.sub(joined, text), filler


def take_out(filler: str, root: Any) -> None:
    """Take the filling character out of all texts below a node, in place.

    Args:
        filler: What `join_pairs` returned.
        root: The node that was made of its text, a tree without aliases like all JSON.
    """
    nodes = [root]
    while nodes:
        node = nodes.pop()
        if node.id == "scalar":
            node.value = node.value.replace(filler, "")
        elif node.id == "sequence":
            nodes += node.value
        else:
            nodes += [part for pair in node.value for part in pair]


def _character(pair: re.Match[str]) -> str:
    halves = int(pair[1], 16) << 16 | int(pair[2], 16)
    return halves.to_bytes(4, "big").decode("utf-16-be")


def complain_of_half(text: str, index: int, where: Location) -> PromptError | None:
    """Return the error for an escape of half a character, or None where none stands.

    Args:
        text: The file.
        index: Where the parser stopped: behind the backslash and its letter.
        where: The same place as line and column.
    """
    start = max(0, index - 2)
    half = _HALF.match(text, start)
    if half is None:
        return None
    pair = _PAIR.match(text, start)
    if pair is None:
        message, fix = f"{half[0]} is half a character", "write the whole character"
    else:
        message = f"{pair[0]} is one character as two escapes, which JSON has and YAML has not"
        fix = f"write \\U{ord(_character(pair)):08X}, or {_character(pair)} itself"
    location = Location(where.path, where.line, where.column - (index - start))
    return PromptError(message, location=location, rule="invalid-yaml", fix=fix)
