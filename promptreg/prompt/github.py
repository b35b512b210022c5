"""What GitHub's own prompt editor and `gh models` would read differently; pure.

They replace exactly ``{{name}}`` without blanks, know no filters, tags or fragments, want a role in
each message and the schema as JSON text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from promptreg.errors import Location
from promptreg.findings import Finding
from promptreg.prompt import Message, Placeholder, Prompt

__all__ = ["inspect_for_github"]

_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_PLAIN = re.compile(r"\{\{[A-Za-z_]\w*\}\}")
_SPACED = re.compile(r"\{\{[-+]?\s*[A-Za-z_]\w*\s*[-+]?\}\}")
_INCLUDE = re.compile(r"\{%[-+]?\s*(?:include|import|from|extends)\b")


def inspect_for_github(prompt: Prompt, data: bytes) -> Finding | None:
    """Return one information that names all that goes beyond GitHub's format, or None.

    Args:
        prompt: The parsed file.
        data: Its bytes, which tell on which line a text stands.
    """
    found: dict[str, Location] = {}
    for what, where in _beyond(prompt, data.decode("utf-8", "replace").splitlines()):
        found.setdefault(what, where)
    if not found:
        return None
    named = ", ".join(f"{what} (line {where.line})" for what, where in found.items())
    return Finding(
        "github-incompatible",
        "info",
        f"GitHub's own editor would read this differently: {named}",
        next(iter(found.values())),
        prompt.name,
    )


def _beyond(prompt: Prompt, source: Sequence[str]) -> Iterator[tuple[str, Location]]:
    if prompt.template == "fstring":
        yield "template fstring", prompt.at("template")
    if isinstance(prompt.value.get("jsonSchema"), dict):
        yield "jsonSchema as a mapping", prompt.at("jsonSchema")
    for number, entry in enumerate(prompt.messages):
        if isinstance(entry, Placeholder):
            yield "placeholder", prompt.at(f"messages.{number}")
        elif prompt.template == "jinja2":
            yield from _in_text(prompt, entry, source)


def _in_text(
    prompt: Prompt, message: Message, source: Sequence[str]
) -> Iterator[tuple[str, Location]]:
    for tag in _TAG.finditer(message.content):
        text = tag[0]
        if _PLAIN.fullmatch(text):
            continue
        line = message.line + message.content.count("\n", 0, tag.start())
        # A quoted text has its line ends as escapes, all on the line where it begins.
        stands = line <= len(source) and text.split("\n")[0] in source[line - 1]
        yield _kind(text), Location(prompt.path, line if stands else message.line, 1)


def _kind(tag: str) -> str:
    if tag.startswith("{#"):
        return "comment"
    if _INCLUDE.match(tag):
        return "include"
    if tag.startswith("{%"):
        return "block"
    if _SPACED.fullmatch(tag):
        return "blanks inside {{ }}"
    return "filter" if "|" in tag else "expression"
