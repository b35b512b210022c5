"""Which files cannot hold what is searched for, told by their bytes, so that nobody parses them."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["may_hold", "words_of"]

_WORD = re.compile(r"[A-Za-z0-9_-]+")
_LETTER = re.compile(r"[A-Za-z]")
# Escapes that make letters, or that join a word from two lines; and texts of other files.
_ELSEWHERE = re.compile(rb"\\(?:[xuU]|[ \t]*[\r\n])|include")
# A number may be shown with another exponent than it is written with, and ~ is shown as null.
_NUMBER = re.compile(r"[0-9_-]*e[0-9_-]*", re.IGNORECASE)
_NOTHING = ("null", "none")


def words_of(text: str) -> tuple[bytes, ...]:
    """Return the words of a text that a file must hold letter by letter to say that text.

    A word of ASCII letters, digits, _ and - is never broken by YAML's quoting or folding.
    """
    return tuple(
        word.lower().encode()
        for word in _WORD.findall(text)
        if _LETTER.search(word)
        and not _NUMBER.fullmatch(word)
        and not any(word.lower() in shown for shown in _NOTHING)
    )


def may_hold(data: bytes, words: Iterable[bytes]) -> bool:
    """Tell whether a prompt file may say a text that has all these words; False is certain."""
    if not data.isascii() or _ELSEWHERE.search(data):
        return True
    lower = data.lower()
    return all(word in lower for word in words)
