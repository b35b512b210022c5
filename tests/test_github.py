"""What a prompt file says that GitHub's own editor would not understand."""

from __future__ import annotations

import pytest

from promptreg.github import inspect_github
from promptreg.parsing import parse_prompt

GITHUBS_OWN = """\
name: Text Summarizer
description: Summarizes input text concisely
model: openai/gpt-4o-mini
modelParameters:
  temperature: 0.5
messages:
  - role: system
    content: You are a text summarizer. Your only job is to summarize text given to you.
  - role: user
    content: |
      Summarize the given text, beginning with "Summary -":
      <text>
      {{input}}
      </text>
testData:
  - input: The quick brown fox.
    expected: Summary - A fox.
evaluators:
  - name: Output should start with 'Summary -'
    string:
      startsWith: 'Summary -'
responseFormat: json_schema
jsonSchema: '{"name": "x", "strict": true, "schema": {"type": "object"}}'
"""


def found(text: str, path: str = "prompts/x.prompt.yml") -> list[tuple[str, int]]:
    """Return the messages and lines of the findings."""
    findings = list(inspect_github(parse_prompt(text.encode(), path, "x")))
    assert {(f.rule, f.severity) for f in findings} <= {("github-incompatible", "info")}
    return [(f.message, f.location.line) for f in findings]


def test_a_file_in_githubs_own_format_has_no_findings() -> None:
    """A file as GitHub's editor writes it is read unchanged and needs no remark."""
    assert found(GITHUBS_OWN) == []


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("{{input}}", "{{ input }}", 13),
        ("{{input}}", "{{input|upper}}", 13),
        ("<text>\n", "{% if input %}\n", 12),
        ("</text>", "{# note #}", 14),
        ("  - role: user\n", "  - placeholder: history\n  - role: user\n", 9),
        ("role: system", "role: developer", 7),
        ('\'{"name": "x", "strict": true, "schema": {"type": "object"}}\'', "{type: object}", 23),
        ("model: openai/gpt-4o-mini", "template: fstring", 3),
    ],
)
def test_what_goes_beyond_is_named_at_its_line(old: str, new: str, line: int) -> None:
    """Each thing that GitHub does not know is an information at its place."""
    assert old in GITHUBS_OWN
    assert [where for _, where in found(GITHUBS_OWN.replace(old, new))] == [line]


def test_only_files_that_github_reads_are_looked_at() -> None:
    """A prompt in a plain .yaml file is none of GitHub's."""
    assert found(GITHUBS_OWN.replace("{{input}}", "{{ input }}"), "prompts/x.yaml") == []
