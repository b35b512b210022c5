"""Which files cannot hold what is searched for, told by their bytes, so that nobody parses them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from promptreg.queries.query import Query

__all__ = ["Sieve", "may_hold", "words_of"]

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
    return not _is_plain(data) or _holds(data.lower(), words)


def _is_plain(data: bytes) -> bool:
    """Tell whether what a file says stands in it letter by letter."""
    if not data.isascii():
        return False
    # Looking for two texts takes a tenth of the time of the pattern.
    return not (b"\\" in data or b"include" in data) or not _ELSEWHERE.search(data)


def _holds(lower: bytes, words: Iterable[bytes]) -> bool:
    return all(word in lower for word in words)


class Sieve:
    """Tells which files are worth parsing, which takes a hundred times as long.

    Args:
        query: What is searched for.
    """

    def __init__(self, query: Query) -> None:
        plain = () if query.regex else query.texts
        self._texts = [
            (re.compile(re.escape(text), re.IGNORECASE), words_of(text)) for text in plain
        ]
        fields = [*(value for pair in query.metadata for value in pair), *_literals(query.tags)]
        self._words = tuple(word for text in fields for word in words_of(text))
        self._models = [tuple(_words_of_all(_literals([model]))) for model in query.models]

    def may_match(self, name: str, data: bytes) -> bool:
        """Tell whether a file may hold all that is searched for; False is certain.

        Args:
            name: The prompt's name, in which texts are looked for too.
            data: The bytes of the file.
        """
        if not (self._texts or self._words or self._models) or not _is_plain(data):
            return True
        lower = data.lower()
        return (
            all(_holds(lower, words) or text.search(name) for text, words in self._texts)
            and _holds(lower, self._words)
            and (not self._models or any(_holds(lower, words) for words in self._models))
        )


def _literals(patterns: Iterable[str]) -> list[str]:
    """Return what shell patterns say letter by letter; nothing of those with sets of letters."""
    return [part for p in patterns if "[" not in p for part in re.split(r"[*?]", p)]


def _words_of_all(texts: Iterable[str]) -> list[bytes]:
    return [word for text in texts for word in words_of(text)]
