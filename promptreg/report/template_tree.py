"""Exports a template's syntax tree, so that the page can preview it without a parser of its own.

A node is a list: its name, then its fields in jinja2's order. A float constant is ``{"f": 1.0}``,
so that the page tells it from an integer.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from promptreg.render.templating import FSTRING, TemplateFault

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["template_tree"]

_SAFE_INTEGER = 2**53
_MARKS = ("{{", "{%", "{#")


@functools.lru_cache(maxsize=4096)
def template_tree(text: str, language: str = "jinja2") -> Any:
    """Return the tree of a template as plain JSON values.

    Args:
        text: The template.
        language: ``jinja2`` or ``fstring``.

    Returns:
        The tree, or ``["Error", message]`` when the text is no valid template.
    """
    if language == "fstring":
        return _fstring_tree(text)
    # jinja2 would change the line ends of a text it looks at, and leave the others alone.
    if "{" not in text or ("\r" not in text and not any(mark in text for mark in _MARKS)):
        return ["Template", [["Output", [["TemplateData", text]]]] if text else []]
    from jinja2 import TemplateSyntaxError

    from promptreg.render.sandbox.tree import check

    try:
        tree = _environment().parse(text)
        check(tree)
        return ["Template", _export(tree.body)]
    except TemplateSyntaxError as error:
        return ["Error", f"line {error.lineno}: {error.message}"]
    except TemplateFault as fault:
        return ["Error", f"line {fault.line}: {fault.message}"]
    except RecursionError:
        return ["Error", "the template is nested too deeply"]


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment

    # Nothing is rendered here, so the plain environment with the sandbox's syntax is enough.
    return Environment(keep_trailing_newline=True, autoescape=False)  # noqa: S701


def _export(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_export(item) for item in value]
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value if abs(value) < _SAFE_INTEGER else ["Unsupported", "an integer beyond 2^53"]
    if isinstance(value, float):
        return {"f": value}
    return [type(value).__name__, *(_export(getattr(value, field)) for field in value.fields)]


def _fstring_tree(text: str) -> Any:
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
    return ["Template", [["Output", parts]]]
