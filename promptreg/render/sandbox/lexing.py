r"""A lexer that reads ``"\d"`` as jinja2 does, without Python's warning of the escape it is not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from jinja2.lexer import TOKEN_STRING, Lexer, Token

__all__ = ["QuietLexer"]

# An escape that Python knows is stepped over as a whole; another backslash stands for itself.
_ESCAPE = re.compile(r"\\(?:(?P<octal>[4-7][0-7]{2})|[\n\\'\"abfnrtvxNuU0-7]|(?P<other>[ -~]))")


class QuietLexer(Lexer):
    """jinja2's lexer; Python 3.12 and later warn of unknown escapes on stderr."""

    def wrap(
        self,
        stream: Iterable[tuple[int, str, str]],
        name: str | None = None,
        filename: str | None = None,
    ) -> Iterator[Token]:
        """Make tokens of what the text was split into; see `jinja2.lexer.Lexer.wrap`."""
        return super().wrap(map(_known, stream), name, filename)


def _known(part: tuple[int, str, str]) -> tuple[int, str, str]:
    line, token, text = part
    if token != TOKEN_STRING or "\\" not in text:
        return part
    return line, token, _ESCAPE.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    if found["octal"]:
        return f"\\u{int(found['octal'], 8):04x}"
    return f"\\\\{found['other']}" if found["other"] else found[0]
