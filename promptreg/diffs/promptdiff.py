"""Two contents of a prompt side by side: the semantic changes, and the texts by words; pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from promptreg.changes import Change, compare, level_of
from promptreg.diffs.textdiff import TextDiff, compare_texts
from promptreg.prompt import Message, Placeholder, Prompt
from promptreg.prompt.digest import UNVERSIONED_FIELDS
from promptreg.values import dataclass
from promptreg.versioning import Level

if TYPE_CHECKING:
    from promptreg.prompt.content import Content

__all__ = ["PromptDiff", "Section", "compare_contents", "sections_of", "text_sections"]


@dataclass(frozen=True, slots=True)
class Section:
    """One text that both sides may have: the settings, a message or a fragment.

    Attributes:
        title: Such as ``system message``.
        text: How it changed.
    """

    title: str
    text: TextDiff


@dataclass(frozen=True, slots=True)
class PromptDiff:
    """How one content of a prompt became another.

    Attributes:
        changes: What changed, the weightiest first.
        level: The level of that; NONE exactly when the digests are equal.
        sections: The texts that differ.
    """

    changes: tuple[Change, ...]
    level: Level
    sections: tuple[Section, ...]

    @property
    def is_empty(self) -> bool:
        """Whether both contents are the same."""
        return self.level is Level.NONE and not self.sections


def compare_contents(
    old: Content, new: Content, levels: Mapping[str, Level] | None = None
) -> PromptDiff:
    """Compare two contents.

    Args:
        old: The earlier content.
        new: The later content.
        levels: The levels that the configuration gives to rules.
    """
    changes = compare(
        old.prompt,
        new.prompt,
        old_includes=old.includes,
        new_includes=new.includes,
        levels=levels or {},
    )
    level = level_of(changes, same_digest=old.digest == new.digest)
    return PromptDiff(changes, level, sections_of(text_sections(old), text_sections(new)))


def sections_of(old: list[tuple[str, str]], new: list[tuple[str, str]]) -> tuple[Section, ...]:
    """Return the sections that differ, paired by title in order.

    Args:
        old: Title and text of each earlier section.
        new: Title and text of each later section.
    """
    before, after = _numbered(old), _numbered(new)
    titles = [*after, *(title for title in before if title not in after)]
    compared = (
        (title, compare_texts(before.get(title, ""), after.get(title, ""))) for title in titles
    )
    return tuple(Section(title, text) for title, text in compared if not text.is_equal)


def _numbered(sections: list[tuple[str, str]]) -> dict[str, str]:
    """Make titles unique: the second user message is ``user message 2``."""
    found: dict[str, str] = {}
    for title, text in sections:
        unique, number = title, 1
        while unique in found:
            number += 1
            unique = f"{title} {number}"
        found[unique] = text
    return found


def text_sections(content: Content) -> list[tuple[str, str]]:
    """Return the texts of a content that are compared, with their titles."""
    messages = [_entry(entry) for entry in content.prompt.messages]
    fragments = [(f"fragment {path}", text) for path, text in sorted(content.includes.items())]
    return [("settings", _settings(content.prompt)), *messages, *fragments]


def _entry(entry: Message | Placeholder) -> tuple[str, str]:
    if isinstance(entry, Placeholder):
        return f"placeholder {entry.name}", f"{entry.name}\n"
    return f"{entry.role} message", entry.content


def _settings(prompt: Prompt) -> str:
    """Write every field but the messages as one line each, nested ones by their path."""
    skipped = UNVERSIONED_FIELDS | {"messages"}
    values = {key: value for key, value in prompt.value.items() if key not in skipped}
    return "".join(f"{line}\n" for line in _lines("", values))


def _lines(path: str, value: Any) -> list[str]:
    if isinstance(value, dict) and value:
        inner = ((f"{path}.{key}" if path else key, value[key]) for key in sorted(value))
        return [line for key, item in inner for line in _lines(key, item)]
    return [f"{path}: {json.dumps(value, ensure_ascii=False)}"] if path else []
