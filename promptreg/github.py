"""What GitHub's own prompt editor and `gh models` would read differently; pure.

They replace exactly ``{{name}}``, want a role in every message and the schema as JSON text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from promptreg.errors import Location
from promptreg.findings import Finding
from promptreg.prompt import Message, Placeholder, Prompt

__all__ = ["inspect_github"]

_ENDINGS = (".prompt.yml", ".prompt.yaml")
_BEYOND = re.compile(r"\{\{(?![A-Za-z_][A-Za-z0-9_]*\}\})|\{%|\{#")
_ROLES = frozenset({"system", "user", "assistant"})


def inspect_github(prompt: Prompt) -> Iterator[Finding]:
    """Yield what goes beyond GitHub's format, for the files that GitHub would read.

    Args:
        prompt: Any prompt; only those in ``.prompt.yml`` files have findings.
    """
    if not prompt.path.endswith(_ENDINGS):
        return
    if prompt.template == "fstring":
        yield _finding(prompt, "GitHub knows no f-string templates", prompt.at("template"))
    for index, entry in enumerate(prompt.messages):
        if isinstance(entry, Placeholder):
            where = Location(prompt.path, entry.line) if entry.line else prompt.at("messages")
            yield _finding(prompt, "GitHub wants a role in every message", where)
            continue
        if entry.role not in _ROLES:
            where = prompt.at(f"messages.{index}.role")
            yield _finding(prompt, f"GitHub knows no role {entry.role}", where)
        if prompt.template == "jinja2" and (found := _BEYOND.search(entry.content)):
            yield _template_finding(prompt, entry, found.start())
    if isinstance(prompt.value.get("jsonSchema"), Mapping):
        yield _finding(prompt, "GitHub wants jsonSchema as JSON text", prompt.at("jsonSchema"))


def _template_finding(prompt: Prompt, message: Message, start: int) -> Finding:
    line = message.content.count("\n", 0, start)
    return _finding(
        prompt,
        "GitHub replaces only {{name}}, without blanks, filters or tags",
        Location(prompt.path, message.line + line) if message.line else prompt.at("messages"),
    )


def _finding(prompt: Prompt, message: str, where: Location) -> Finding:
    return Finding("github-incompatible", "info", message, where, prompt.name)
