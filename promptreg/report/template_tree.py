"""Exports a template's syntax tree, so that the page can preview it without a parser of its own.

A node is a list: its name, then its fields in jinja2's order. A float constant is ``{"f": 1.0}``,
so that the page tells it from an integer, and an integer beyond 2^53 is ``{"i": "its digits"}``.

Versions of a prompt differ by a few lines. A template is therefore parsed by spans of lines that
stand on their own, each distinct one once, and the lines between them need no tree at all.
"""

from __future__ import annotations

import functools
import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from promptreg.render.templating import FSTRING, TemplateFault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jinja2 import Environment

__all__ = ["Span", "template_spans", "template_tree"]

_SAFE_INTEGER = 2**53
_MARKS = ("{{", "{%", "{#")
# Statements and comments may reach over lines, and a sign at a mark over the space beside it.
_REACHING = re.compile(r"\{[%#]|[%#]\}|\{\{[-+]|[-+]\}\}")
# A Jinja string may hold half of a surrogate pair, which no UTF-8 text can.
_HALF = re.compile("[\ud800-\udfff]")
_DEEPEST = 10
_RAW = re.compile(r"\{%[-+]?\s*raw\b")
_STRIPPING = re.compile(r"\{[{%#][-+]|[-+][}%#]\}")
# Whatever looks like it is one expression to jinja2, too: no brace inside could end it elsewhere.
_EXPRESSION = re.compile(r"""(\{\{(?![-+])(?:[^{}"'\\]|"[^{}"\\]*"|'[^{}'\\]*')+(?<![-+])\}\})""")


class Span(NamedTuple):
    """Lines of a template that are no plain text.

    Attributes:
        first: The first line's number, from 0.
        last: The number of the line after the last.
        nodes: Their statements, or ``["Error", message]``, then of the whole template.
    """

    first: int
    last: int
    nodes: list[Any]


class _UnfitError(Exception):
    """A span is no template of its own."""


def template_tree(text: str, language: str = "jinja2") -> Any:
    """Return the tree of a template as plain JSON values.

    Args:
        text: The template.
        language: ``jinja2`` or ``fstring``.

    Returns:
        The tree, or ``["Error", message]`` when the text is no valid template.
    """
    spans = template_spans(text, language)
    if spans and spans[0].nodes[:1] == ["Error"]:
        return spans[0].nodes
    lines = text.split("\n")
    body: list[Any] = []
    end = 0
    for span in spans:
        body += _plain(lines, end, span.first)
        body += span.nodes
        end = span.last
    return ["Template", body + _plain(lines, end, len(lines) + 1)]


def _plain(lines: Sequence[str], first: int, last: int) -> list[Any]:
    """Return the node for plain lines with the line ends to the spans around them.

    A number of lines beyond the last stands for the end of the text, which has no line end.
    """
    before = "\n" if first else ""
    after = "\n" if last <= len(lines) and last else ""
    if last <= first:
        # Nothing between two spans but the line end; nothing at all at either end of the text.
        text = after if first else ""
    elif first >= len(lines):
        text = ""
    else:
        text = before + "\n".join(lines[first:last]) + after
    return [["Output", [["TemplateData", text]]]] if text else []


@functools.lru_cache(maxsize=4096)
def template_spans(text: str, language: str = "jinja2") -> tuple[Span, ...]:
    """Return the spans of a template; all other lines are plain text.

    Args:
        text: The template.
        language: ``jinja2`` or ``fstring``.
    """
    if language == "fstring":
        numbered = enumerate(text.split("\n"))
        return tuple(Span(at, at + 1, _fstring(line)) for at, line in numbered if "{" in line)
    # jinja2 would change the line ends of a text it looks at, and leave the others alone.
    if "{" not in text or ("\r" not in text and not any(mark in text for mark in _MARKS)):
        return ()
    lines = text.split("\n")
    # A raw block that nothing ends looks whole to jinja2 where the text ends.
    if "\r" not in text and not _RAW.search(text):
        try:
            return tuple(
                Span(first, last, _by_expressions("\n".join(lines[first:last])))
                for first, last in _cuts(lines)
            )
        except _UnfitError:
            # Macros are called from other lines, and a fault is told with its line.
            pass
    try:
        return (Span(0, len(lines), _parsed(text)),)
    except _UnfitError as fault:
        return (Span(0, len(lines), ["Error", str(fault)]),)


def _cuts(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield the first and last line of each span.

    From the first to the last line that may reach over others, all is one span. A line outside
    that parses on its own leaves the parser as it found it, so the spans together say what the
    whole does.
    """
    braced = [at for at, line in enumerate(lines) if "{" in line or "}" in line]
    marked = [at for at in braced if "{{" in lines[at] or _REACHING.search(lines[at])]
    # A closing mark alone is text, unless a line before it opened something.
    together = [at for at in braced if _reaches(lines[at])]
    if together:
        first, last = _with_neighbours(lines, together[0], together[-1] + 1)
    else:
        first = last = len(lines)
    yield from ((at, at + 1) for at in marked if at < first)
    if together:
        yield first, last
    yield from ((at, at + 1) for at in marked if at >= last)


def _reaches(line: str) -> bool:
    return bool(_REACHING.search(line)) or line.count("{{") != line.count("}}")


def _with_neighbours(lines: Sequence[str], first: int, last: int) -> tuple[int, int]:
    """Widen a span by the lines whose space its marks may strip."""
    if not any(_STRIPPING.search(line) for line in lines[first:last]):
        return first, last
    first -= 1
    while first > 0 and not lines[first].strip():
        first -= 1
    while last < len(lines) and not lines[last].strip():
        last += 1
    return max(first, 0), min(last + 1, len(lines))


def _by_expressions(text: str) -> list[Any]:
    """Return the statements of a text that nothing around it reaches into.

    Where it holds nothing but plain text and expressions, only these are parsed, each once: a
    sentence changes from version to version, and its variables do not. That makes the trees of a
    hundred versions five times as fast.

    Raises:
        _UnfitError: It is no valid template.
    """
    parts = _EXPRESSION.split(text)
    if any(part.endswith("{") or any(mark in part for mark in _MARKS) for part in parts[::2]):
        return _parsed(text)
    nodes = []
    for number, part in enumerate(parts):
        if number % 2:
            ((_, expression),) = _parsed(part)
            nodes += expression
        elif part:
            nodes.append(["TemplateData", part])
    return [["Output", nodes]]


@functools.lru_cache(maxsize=16384)
def _parsed(text: str) -> list[Any]:
    """Return the statements of a text.

    Raises:
        _UnfitError: It is no valid template; the message says why.
    """
    from jinja2 import TemplateSyntaxError

    from promptreg.render.sandbox import read_facts
    from promptreg.render.sandbox.tree import check

    try:
        tree = _environment().parse(text)
        check(tree)
        body: list[Any] = _export(tree.body)
        if _doubtful(body):
            read_facts(text)
    except TemplateSyntaxError as error:
        raise _UnfitError(f"line {error.lineno}: {error.message}") from None
    except TemplateFault as fault:
        where = f"line {fault.line}: " if fault.line else ""
        raise _UnfitError(where + fault.message) from None
    except RecursionError:
        raise _UnfitError("the template is nested too deeply") from None
    return body


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment

    # Nothing is rendered here, so the plain environment with the sandbox's syntax is enough.
    return Environment(keep_trailing_newline=True, autoescape=False)  # noqa: S701


def _export(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_export(item) for item in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        has_half = not value.isascii() and _HALF.search(value)
        return ["Unsupported", "half a character"] if has_half else value
    if isinstance(value, int):
        return value if abs(value) < _SAFE_INTEGER else {"i": str(value)}
    if isinstance(value, float):
        # JSON has no word for what 1e999 is; the page reads this as a number, too.
        return {"f": value if math.isfinite(value) else "Infinity"}
    return [type(value).__name__, *(_export(getattr(value, field)) for field in value.fields)]


def _doubtful(node: Any, depth: int = 0) -> bool:
    """Say whether jinja2 may refuse to compile what it parsed, so that the page must not show it.

    It may for unknown filters and tests, macros, names that loops keep for themselves, and loops
    nested more deeply than Python allows.
    """
    if not isinstance(node, list) or not node:
        return False
    kind = node[0]
    if isinstance(kind, str):
        if kind in {"Macro", "CallBlock", "AssignBlock"} or node == ["Name", "loop", "store"]:
            return True
        if kind in {"Filter", "Test"} and node[2] not in _known_names()[kind]:
            return True
        depth += kind == "For"
    return depth > _DEEPEST or any(_doubtful(part, depth) for part in node)


@functools.cache
def _known_names() -> dict[str, frozenset[str]]:
    from jinja2.tests import TESTS

    from promptreg.render.sandbox.filters import FILTERS

    return {"Filter": FILTERS, "Test": frozenset(TESTS)}


def _fstring(text: str) -> list[Any]:
    parts: list[Any] = []
    end = 0
    for found in FSTRING.finditer(text):
        if found.start() > end:
            parts.append(["TemplateData", text[end : found.start()]])
        name = found["name"]
        parts.append(
            ["Name", name, "load"] if name else ["TemplateData", f"{{{found['escaped']}}}"]
        )
        end = found.end()
    if end < len(text):
        parts.append(["TemplateData", text[end:]])
    return [["Output", parts]]
