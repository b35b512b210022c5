"""`promptreg diff --rendered` and the information about GitHub's editor."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from promptreg.prompt.github import inspect_for_github
from promptreg.prompt.parsing import parse_prompt
from tests.commands.conftest import SUMMARIZER, TRIAGE, edit
from tests.kit import PROMPT

if TYPE_CHECKING:
    from tests.kit import Repo


def test_the_messages_are_compared_as_a_model_gets_them(shipped: Repo) -> None:
    """With given variables, each side gets those it has: 2.0.0 has tone, 1.1.0 has not."""
    out = shipped.ok(
        "diff", "summarizer@1.0.0", "2.0.0", "--rendered",
        "--var", "article=Text", "--var", "tone=dry",
    )  # fmt: skip
    assert out == (
        "summarizer 1.0.0 -> 2.0.0  rendered\n"
        "\n"
        "given variables\n"
        "--- system message  +1 -1 words\n"
        "- You are a news summarizer.\n"
        "+ You are a careful summarizer.\n"
        "--- user message  +1 -0 words\n"
        "  Summarize:\n"
        "- Text\n"
        "+ Text dry\n"
    )


def test_a_change_that_renders_the_same_says_so(shipped: Repo) -> None:
    """A refactored template changes nothing for the model."""
    edit(shipped, "{{article}} {{tone}}", "{{ article }} {{ tone }}")
    args = ("diff", "summarizer", "--rendered", "--var", "article=x", "--var", "tone=y")
    result = shipped.run(*args, "--exit-code")
    assert (result.code, result.out) == (0, "")
    assert "render the same messages" in result.err


def test_test_data_is_rendered_row_by_row(shipped: Repo) -> None:
    """Without variables each row of testData is a case; only cases that differ are shown."""
    edit(
        shipped,
        "You sort mail.",
        "{% if article|length > 3 %}You sort long mail.{% else %}You sort mail.{% endif %}",
        TRIAGE,
    )
    shipped.write(
        TRIAGE,
        shipped.read(TRIAGE) + "testData:\n- {article: abc, expected: x}\n- {article: abcd}\n",
    )
    found = json.loads(shipped.ok("diff", "triage", "--rendered", "--format", "json"))
    assert [(c["case"], len(c["sections"])) for c in found["cases"]] == [
        ("testData 1", 0),
        ("testData 2", 1),
    ]
    result = shipped.run("diff", "triage", "--rendered", "--exit-code")
    assert result.code == 1
    assert "testData 1" not in result.out
    assert "+ You sort long mail." in result.out
    assert "1 of 2 cases render the same messages." in result.err


def test_what_is_missing_or_unknown_is_said(shipped: Repo) -> None:
    """No values, a wrong name, or options without --rendered: usage errors with a fix."""
    result = shipped.run("diff", "summarizer", "--rendered")
    assert result.code == 2
    assert "it has no testData" in result.err
    assert "--var article=VALUE" in result.err
    args = ("--var", "article=x", "--var", "tone=y", "--var", "tome=z")
    assert "no variable 'tome'" in shipped.run("diff", "summarizer", "--rendered", *args).err
    assert "go with --rendered" in shipped.run("diff", "summarizer", "--var", "a=b").err


def _note(text: str) -> str | None:
    data = text.encode()
    finding = inspect_for_github(parse_prompt(data, "prompts/a.yml", "a"), data)
    return finding.message.partition(": ")[2] if finding else None


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("{{article}}", "{{article}} {{ article }}", "blanks inside {{ }} (line 12)"),
        ("{{article}}", "{{article|upper}}", "filter (line 12)"),
        ("{{article}}", "{{article[0]}}", "expression (line 12)"),
        (
            "      You are a news summarizer.\n",
            '      One.\n      {% include "a.md" %}\n      {# x #}{% if a %}b{% endif %}\n',
            "include (line 11), comment (line 12), block (line 12)",
        ),
        ("messages:\n", "messages:\n  - placeholder: history\n", "placeholder (line 8)"),
        ("messages:\n", "jsonSchema: {type: object}\nmessages:\n", "jsonSchema as a mapping"),
        ("messages:\n", "template: fstring\nmessages:\n", "template fstring (line 7)"),
    ],
)
def test_what_goes_beyond_githubs_format_is_named(old: str, new: str, named: str) -> None:
    """Each kind once, at its first line, in one information a file."""
    assert old in PROMPT
    note = _note(PROMPT.replace(old, new))
    assert note is not None
    assert named in note


def test_githubs_own_format_has_no_note() -> None:
    """A file that GitHub's editor reads as we do is not mentioned."""
    assert _note(PROMPT) is None


def test_the_note_never_fails_a_check(shipped: Repo) -> None:
    """It is an information of check FILE, under --strict too, and none of a branch check."""
    edit(shipped, "{{article}} {{tone}}", "{{ article }} {{ tone }}")
    shipped.ok("bump", code=1)
    out = shipped.ok("check", "--strict", SUMMARIZER)
    assert shipped.read(SUMMARIZER).splitlines()[14].startswith('    content: "Summarize')
    assert f"{SUMMARIZER}:15:1: info github-incompatible:" in out
    shipped.git("switch", "-q", "-c", "feature")
    shipped.commit()
    assert "github-incompatible" not in shipped.ok("check", "--base", "main")
