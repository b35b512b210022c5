"""What a prompt file says that GitHub's own editor would not understand."""

from __future__ import annotations

import pytest

from promptreg.findings import Finding
from promptreg.prompt.github import inspect_for_github
from promptreg.prompt.parsing import parse_prompt

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


def found(text: str) -> Finding | None:
    """Return what goes beyond GitHub's format."""
    data = text.encode()
    return inspect_for_github(parse_prompt(data, "prompts/x.prompt.yml", "x"), data)


def test_a_file_in_githubs_own_format_has_no_findings() -> None:
    """A file as GitHub's editor writes it is read unchanged and needs no remark."""
    assert found(GITHUBS_OWN) is None


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("{{input}}", "{{ input }}", 13),
        ("{{input}}", "{{input|upper}}", 13),
        ("<text>\n", "{% if input %}\n", 12),
        ("</text>", "{# note #}", 14),
        ("  - role: user\n", "  - placeholder: history\n  - role: user\n", 9),
        ("'{\"name\": \"x\", \"strict\": true, \"schema\": {\"type\": \"object\"}}'",
         "{type: object}", 23),
        ("model: openai/gpt-4o-mini", "template: fstring", 3),
    ],
)  # fmt: skip
def test_what_goes_beyond_is_named_at_its_line(old: str, new: str, line: int) -> None:
    """Each thing that GitHub does not know is an information at its place."""
    assert old in GITHUBS_OWN
    finding = found(GITHUBS_OWN.replace(old, new))
    assert finding is not None
    assert (finding.rule, finding.severity) == ("github-incompatible", "info")
    assert finding.location.line == line
    assert f"(line {line})" in finding.message


def test_all_of_it_is_one_finding() -> None:
    """A file that uses much of ours gets one line, not ten."""
    text = GITHUBS_OWN.replace("{{input}}", "{{ input|trim }}").replace("</text>", "{# note #}")
    finding = found(text)
    assert finding is not None
    assert "(line 13)" in finding.message
    assert "(line 14)" in finding.message
