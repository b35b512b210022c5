"""What a change of a prompt does to the messages a model gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from promptreg.diffs.promptdiff import Section, sections_of
from promptreg.errors import ConfigError, PromptError
from promptreg.prompt import Placeholder
from promptreg.render import prompt_variables, render_messages
from promptreg.values import dataclass

if TYPE_CHECKING:
    from promptreg.prompt.content import Content

__all__ = ["RenderedCase", "compare_rendered", "rendering_cases"]


@dataclass(frozen=True, slots=True)
class RenderedCase:
    """One set of values, and how the rendered messages differ.

    Attributes:
        title: Such as ``testData 1``.
        sections: The messages that differ.
    """

    title: str
    sections: tuple[Section, ...]


def rendering_cases(old: Content, new: Content) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the test data to render with: the newer side's, or the older side's if it has none.

    Raises:
        ConfigError: Neither has any, and the prompt needs values.
    """
    for content in (new, old):
        rows = [row for row in content.prompt.test_data if isinstance(row, Mapping)]
        if rows:
            return [(f"testData {number}", row) for number, row in enumerate(rows, 1)]
    needed = [v.name for side in (old, new) for v in _variables(side) if v.required]
    if needed:
        raise ConfigError(
            f"nothing to render {new.prompt.name} with: it has no testData",
            fix=f"--var {needed[0]}=VALUE, or --vars FILE",
        )
    return [("defaults", {})]


def compare_rendered(
    old: Content, new: Content, cases: Sequence[tuple[str, Mapping[str, Any]]], *, strict: bool
) -> list[RenderedCase]:
    """Render both sides with the same values and compare the messages.

    A value goes to the sides that have the variable, so that added and removed ones can be shown.

    Args:
        old: The earlier content.
        new: The later content.
        cases: Title and values of each rendering.
        strict: Refuse values that neither side has a variable for; test data may hold others.

    Raises:
        PromptError: A value is missing, unknown or of the wrong type.
    """
    known = {v.name for side in (old, new) for v in _variables(side)}
    found = []
    for title, values in cases:
        unknown = sorted(set(values) - known)
        if strict and unknown:
            raise PromptError(
                f"{new.prompt.name} has no variable {unknown[0]!r}",
                rule="unknown-variable",
                fix=f"its variables are {', '.join(sorted(known)) or 'none'}",
            )
        found.append(RenderedCase(title, sections_of(_render(old, values), _render(new, values))))
    return found


def _variables(content: Content) -> Sequence[Any]:
    return prompt_variables(content.prompt, content.includes.__getitem__)


def _render(content: Content, values: Mapping[str, Any]) -> list[tuple[str, str]]:
    prompt = content.prompt
    names = {variable.name for variable in _variables(content)}
    slots: dict[str, list[dict[str, Any]]] = {
        entry.name: [{"role": "placeholder", "content": entry.name}]
        for entry in prompt.messages
        if isinstance(entry, Placeholder)
    }
    messages = render_messages(
        prompt,
        {name: value for name, value in values.items() if name in names},
        load_include=content.includes.__getitem__,
        placeholders=slots,
    )
    return [(f"{message['role']} message", str(message["content"])) for message in messages]
