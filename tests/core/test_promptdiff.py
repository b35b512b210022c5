"""Two contents side by side: changes, level and the texts that differ."""

from __future__ import annotations

import pytest

from promptreg.diffs.promptdiff import compare_contents, sections_of
from promptreg.prompt.content import Content
from promptreg.prompt.digest import compute_digest
from promptreg.prompt.parsing import parse_prompt
from promptreg.versioning import Level
from tests.kit import PROMPT


def _content(text: str, **includes: str) -> Content:
    prompt = parse_prompt(text.encode(), "prompts/a.yaml", "a")
    return Content(prompt, includes, compute_digest(prompt.value, includes), text.encode())


EDITS = {
    "settings": ("gpt-4o", "gpt-4.1", ["settings"]),
    "nested-setting": ("0.2", "0.3", ["settings"]),
    "system": ("a news", "an odd", ["system message"]),
    "user": ("Summarize:", "Shorten:", ["user message"]),
    "both": ("news", "new", ["settings", "system message"]),
}


@pytest.mark.parametrize(("old", "new", "titles"), EDITS.values(), ids=EDITS)
def test_only_what_differs_is_shown(old: str, new: str, titles: list[str]) -> None:
    """Each text that differs is a section, settings by line; the others are left out."""
    result = compare_contents(_content(PROMPT), _content(PROMPT.replace(old, new)))
    assert [section.title for section in result.sections] == titles
    assert result.changes
    assert result.level is not Level.NONE
    assert not result.is_empty


def test_comments_and_versions_differ_in_nothing() -> None:
    """Comments, version, digest and test data make no difference to be shown."""
    other = "# more\nversion: 3.0.0\ndigest: abcdefabcdef\n" + PROMPT + "testData: [{article: x}]\n"
    result = compare_contents(_content(PROMPT), _content(other))
    assert result.is_empty
    assert (result.changes, result.level) == ((), Level.NONE)


def test_fragments_are_sections() -> None:
    """A fragment's text is compared under its path, also when it came or went."""
    old, new = _content(PROMPT, s="one\n"), _content(PROMPT, s="two\n", t="new\n")
    result = compare_contents(old, new)
    assert [section.title for section in result.sections] == ["fragment s", "fragment t"]


def test_messages_of_one_role_are_paired_in_order() -> None:
    """The second user message is compared with the second, and an added one with nothing."""
    old = [("user message", "a\n"), ("user message", "b\n")]
    new = [("user message", "a\n"), ("user message", "c\n"), ("user message", "d\n")]
    found = sections_of(old, new)
    assert [section.title for section in found] == ["user message 2", "user message 3"]


def test_configured_levels_count() -> None:
    """A level that the configuration gives a rule is the one that is shown."""
    edited = PROMPT.replace("a news", "an odd")
    result = compare_contents(_content(PROMPT), _content(edited), {"message-changed": Level.MAJOR})
    assert result.level is Level.MAJOR
