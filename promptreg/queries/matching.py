"""Where texts stand in a prompt: which part of it, and which line of its file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from promptreg.prompt import Message
from promptreg.values import dataclass

if TYPE_CHECKING:
    from promptreg.naming import Layout
    from promptreg.prompt import Prompt

__all__ = ["Match", "find_matches", "plain_text"]


@dataclass(frozen=True, slots=True)
class Match:
    """Where a text stands: the file, the line from 1, which part of the prompt, and the line."""

    path: str
    line: int
    part: str
    text: str


def plain_text(value: Any) -> str:
    """Return a value as YAML shows it."""
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else str(value)


def find_matches(
    prompt: Prompt,
    data: bytes,
    includes: Mapping[str, str],
    layout: Layout,
    patterns: Sequence[re.Pattern[str]],
) -> list[Match] | None:
    """Return where each pattern stands, or None when one stands nowhere.

    Args:
        prompt: The prompt.
        data: The bytes of its file.
        includes: The text of each fragment, by its path below the root.
        layout: Where fragments lie.
        patterns: What is looked for.
    """
    parts = [*_parts(prompt, data), *_fragments(includes, layout)]
    found: dict[Match, None] = {}
    for pattern in patterns:
        here = [match for part in parts for match in part.find(pattern)]
        if not here and not pattern.search(prompt.name):
            return None
        found.update(dict.fromkeys(here))
    return sorted(found, key=lambda match: (match.path, match.line))


@dataclass(frozen=True, slots=True)
class _Part:
    """One text of a prompt: where it begins, and the lines of the file it stands in.

    Places are only asked for where something is found: most prompts of a search hold nothing.
    """

    path: str
    begin: Callable[[], int]
    title: str
    text: str
    source: Sequence[str]

    def find(self, pattern: re.Pattern[str]) -> Iterator[Match]:
        for offset, line in enumerate(self.text.split("\n")):
            if pattern.search(line):
                yield Match(self.path, self._line(offset, line), self.title, line.strip())

    def _line(self, offset: int, line: str) -> int:
        """Count on from the first line where the text stands as it is; quoting may fold it."""
        begin = self.begin()
        place = begin + offset
        if 0 < place <= len(self.source) and line.strip() in self.source[place - 1]:
            return place
        return begin


def _parts(prompt: Prompt, data: bytes) -> Iterator[_Part]:
    source = data.decode("utf-8", "replace").splitlines()

    def part(field: str, title: str, text: str) -> _Part:
        return _Part(prompt.path, lambda: prompt.at(field).line, title, text, source)

    def message(entry: Message) -> _Part:
        title = f"{entry.role} message"
        return _Part(prompt.path, lambda: entry.line, title, entry.content, source)

    for field, text in (("name", prompt.title), ("description", prompt.description)):
        if text:
            yield part(field, field, text)
    for number, entry in enumerate(prompt.messages):
        if isinstance(entry, Message):
            yield message(entry)
        else:
            yield part(f"messages.{number}", "placeholder", entry.name)
    for variable in prompt.variables:
        words = f"{variable.name} {variable.description or ''}".strip()
        yield part(f"variables.{variable.name}", "variable", words)
    for number, tag in enumerate(prompt.tags):
        yield part(f"tags.{number}", "tag", tag)
    for key, value in prompt.metadata.items():
        yield part(f"metadata.{key}", "metadata", f"{key}: {plain_text(value)}")


def _fragments(includes: Mapping[str, str], layout: Layout) -> Iterator[_Part]:
    for include, text in includes.items():
        path = layout.fragment(include)
        yield _Part(path, lambda: 1, "fragment", text, text.splitlines())
