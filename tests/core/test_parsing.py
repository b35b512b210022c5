"""Reading prompt files: each field, each fault with its line, everything found at once."""

from __future__ import annotations

import pytest

from promptreg.errors import PromptError
from promptreg.prompt import Message, Placeholder, Variable
from promptreg.prompt.parsing import lint_prompt, parse_prompt
from promptreg.prompt.yamldoc import load
from promptreg.versioning import Version

MESSAGES = "messages:\n- role: user\n  content: hi\n"

FULL = """\
# yaml-language-server: $schema=x
name: News summarizer
version: 1.3.0
digest: 4f1a2b3c5d6e
formerly: old-name
description: Two-sentence news summaries.
model: openai/gpt-4o
modelParameters: {temperature: 0.7, maxTokens: 200}
variables:
  article: {type: string, description: Full text}
  tone: {type: string, default: neutral, enum: [neutral, lively]}
  audience: string
  extra:
messages:
  - role: system
    content: |
      You are a summarizer.
  - placeholder: history
  - role: user
    content: "{{tone}} {{audience}} {{article}} {{extra}}"
responseFormat: json_schema
jsonSchema: '{"name": "a", "schema": {"type": "object"}}'
tags: [summarization]
metadata: {owner: content-team}
testData: [{article: a, audience: b, extra: c}]
evaluators: [{name: e, string: {contains: x}}]
"""


def test_every_field_is_read() -> None:
    """Each field of the format arrives in the prompt with its type."""
    prompt = parse_prompt(FULL.encode(), "prompts/n.prompt.yml", "n")
    assert (prompt.title, prompt.version, prompt.digest) == (
        "News summarizer",
        Version.parse("1.3.0"),
        "4f1a2b3c5d6e",
    )
    assert prompt.formerly == ("old-name",)
    assert prompt.model_parameters == {"temperature": 0.7, "maxTokens": 200}
    assert prompt.variables == (
        Variable("article", description="Full text"),
        Variable("tone", required=False, default="neutral", enum=("neutral", "lively")),
        Variable("audience"),
        Variable("extra"),
    )
    assert prompt.messages == (
        Message("system", "You are a summarizer.\n", 17),
        Placeholder("history", 18),
        Message("user", "{{tone}} {{audience}} {{article}} {{extra}}", 20),
    )
    assert prompt.json_schema == {"name": "a", "schema": {"type": "object"}}
    assert prompt.tags == ("summarization",)
    assert prompt.metadata == {"owner": "content-team"}
    assert len(prompt.test_data) == 1
    assert lint_prompt(FULL.encode(), "p", "n").findings == ()


FAULTS: dict[str, tuple[str, str, str]] = {
    "float-version": ("version: 1.10\n" + MESSAGES, "version-type", "1:10"),
    "integer-version": ("version: 2\n" + MESSAGES, "version-type", "1:10"),
    "two-part-version": ("version: '1.2'\n" + MESSAGES, "version-type", "1:10"),
    "v-version": ("version: v1.2.0\n" + MESSAGES, "version-type", "1:10"),
    "leading-zero": ("version: 1.02.0\n" + MESSAGES, "version-type", "1:10"),
    "build-metadata": ("version: 1.2.0+b1\n" + MESSAGES, "version-type", "1:10"),
    "list-version": ("version: [1, 2]\n" + MESSAGES, "version-type", "1:10"),
    "no-messages": ("name: x\n", "messages-missing", "1:1"),
    "empty-messages": ("name: x\nmessages: []\n", "messages-missing", "2:11"),
    "messages-text": ("messages: hi\n", "messages-missing", "1:11"),
    "message-text": ("messages:\n- hi\n", "wrong-type", "2:3"),
    "no-role": ("messages:\n- content: hi\n", "wrong-type", "2:3"),
    "no-content": ("messages:\n- role: user\n", "wrong-type", "2:3"),
    "null-content": ("messages:\n- role: user\n  content:\n", "wrong-type", "3:11"),
    "number-content": ("messages:\n- role: user\n  content: 12\n", "wrong-type", "3:12"),
    "list-content": ("messages:\n- role: user\n  content: [a]\n", "wrong-type", "3:12"),
    "bad-placeholder": ("messages:\n- placeholder: a b\n", "wrong-type", "2:16"),
    "number-name": ("name: 12\n" + MESSAGES, "wrong-type", "1:7"),
    "number-model": ("model: 4\n" + MESSAGES, "wrong-type", "1:8"),
    "parameters-list": ("modelParameters: [a]\n" + MESSAGES, "wrong-type", "1:18"),
    "tags-text": ("tags: a\n" + MESSAGES, "wrong-type", "1:7"),
    "tags-number": ("tags: [a, 1]\n" + MESSAGES, "wrong-type", "1:11"),
    "metadata-list": ("metadata: []\n" + MESSAGES, "wrong-type", "1:11"),
    "test-data-mapping": ("testData: {a: b}\n" + MESSAGES, "wrong-type", "1:11"),
    "template": ("template: mustache\n" + MESSAGES, "wrong-type", "1:11"),
    "template-mapping": ("template: {a: b}\n" + MESSAGES, "wrong-type", "1:11"),
    "schema-number": ("jsonSchema: 1\n" + MESSAGES, "wrong-type", "1:13"),
    "schema-text": ("jsonSchema: '{'\n" + MESSAGES, "invalid-json-schema", "1:13"),
    "schema-deep": (
        f"jsonSchema: '{'[' * 1_500}'\n" + MESSAGES,
        "invalid-json-schema",
        "1:13",
    ),
    "schema-list": ("jsonSchema: '[]'\n" + MESSAGES, "invalid-json-schema", "1:13"),
    "variables-list": ("variables: [a]\n" + MESSAGES, "wrong-type", "1:12"),
    "variable-name": ("variables:\n  a-b: string\n" + MESSAGES, "variable-name", "2:3"),
    "variable-type": ("variables:\n  a: text\n" + MESSAGES, "wrong-type", "2:6"),
    "variable-type-long": ("variables:\n  a: {type: text}\n" + MESSAGES, "wrong-type", "2:13"),
    "variable-type-list": ("variables:\n  a: {type: [a]}\n" + MESSAGES, "wrong-type", "2:13"),
    "variable-number": ("variables:\n  a: 1\n" + MESSAGES, "wrong-type", "2:6"),
    "wrong-default": (
        "variables:\n  a: {type: integer, default: x}\n" + MESSAGES,
        "wrong-default",
        "2:31",
    ),
    "default-not-in-enum": (
        "variables:\n  a: {enum: [x], default: y}\n" + MESSAGES,
        "wrong-default",
        "2:27",
    ),
    "boolean-is-no-integer": (
        "variables:\n  a: {type: integer, default: true}\n" + MESSAGES,
        "wrong-default",
        "2:31",
    ),
    "empty-enum": ("variables:\n  a: {enum: []}\n" + MESSAGES, "wrong-type", "2:13"),
    "enum-type": ("variables:\n  a: {enum: [x, 1]}\n" + MESSAGES, "wrong-type", "2:17"),
    "required-and-default": (
        "variables:\n  a: {required: true, default: x}\n" + MESSAGES,
        "wrong-type",
        "2:17",
    ),
    "optional-without-default": (
        "variables:\n  a: {required: false}\n" + MESSAGES,
        "wrong-type",
        "2:17",
    ),
}


@pytest.mark.parametrize(("text", "rule", "place"), FAULTS.values(), ids=FAULTS)
def test_fault_is_found_at_its_place(text: str, rule: str, place: str) -> None:
    """A wrong field is an error with its rule, line and column, and the prompt is refused."""
    parsed = lint_prompt(text.encode(), "p.yaml", "p")
    errors = [f for f in parsed.findings if f.severity == "error"]
    assert [(f.rule, str(f.location)) for f in errors] == [(rule, f"p.yaml:{place}")]
    assert parsed.prompt is None
    with pytest.raises(PromptError, match=r"^p\.yaml:"):
        parse_prompt(text.encode(), "p.yaml", "p")


def test_all_faults_are_found_at_once() -> None:
    """One look at a file tells everything that is wrong with it."""
    text = "nam: x\nversion: 1.10\nmodel: 4\nmessages:\n- role: robot\n  content: hi\n  x: 1\n"
    found = lint_prompt(text.encode(), "p.yaml", "p").findings
    assert sorted((f.rule, f.severity, f.location.line) for f in found) == [
        ("unknown-key", "warning", 1),
        ("unknown-key", "warning", 7),
        ("unknown-role", "warning", 5),
        ("version-type", "error", 2),
        ("wrong-type", "error", 3),
    ]


def test_unknown_key_suggests_the_known_one() -> None:
    """A misspelt key is a warning on the key itself that names the one that was meant."""
    (finding,) = lint_prompt(f"modle: x\n{MESSAGES}".encode(), "p.yaml", "p").findings
    assert finding.message == "unknown key 'modle', did you mean 'model'?"
    assert str(finding.location) == "p.yaml:1:1"


@pytest.mark.parametrize(
    "digest", ["123456789012", "012345678901", "'abcdefabcdef'", "0b0101010101"]
)
def test_digest_is_text_whatever_yaml_makes_of_it(digest: str) -> None:
    """Twelve hex digits that look like a number are still those twelve digits."""
    prompt = parse_prompt(f"version: 1.0.0\ndigest: {digest}\n{MESSAGES}".encode(), "p", "p")
    assert prompt.digest == digest.strip("'")


def test_github_file_is_read_unchanged() -> None:
    """A file as GitHub's editor writes it has no finding."""
    text = """\
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
  - input: |
      The quick brown fox jumped over the lazy dog.
    expected: Summary - A fox jumped over a lazy dog.
evaluators:
  - name: Output should start with 'Summary -'
    string:
      startsWith: 'Summary -'
"""
    assert lint_prompt(text.encode(), "prompts/s.prompt.yml", "s").findings == ()


def test_position_falls_back_to_the_field_around() -> None:
    """A field that is not there is blamed on the nearest one around it."""
    prompt = parse_prompt(MESSAGES.encode(), "p.yaml", "p")
    assert str(prompt.at("messages.0.nothing")) == "p.yaml:2:3"
    assert str(prompt.at("version")) == "p.yaml:1:1"


def test_places_are_the_same_whenever_they_are_asked_for() -> None:
    """A prompt finds out from its bytes where each of its fields and keys stands in the file."""
    found = parse_prompt(FULL.encode(), "p.yaml", "p").positions
    assert found == load(FULL.encode(), "p.yaml").positions
    assert {key: found[key].line for key in ("name", "variables.tone.enum.1", "tags#key")} == {
        "name": 2,
        "variables.tone.enum.1": 11,
        "tags#key": 23,
    }


def test_messages_know_the_lines_of_their_texts() -> None:
    """Each message has the lines of its text in the file, also where an alias or a merge is."""
    text = (
        "messages:\n- &first\n  role: system\n  content: |\n    one\n    two\n\n- *first\n"
        "- <<: *first\n  role: user\n- role: user\n  content: 'three\n    four'\n- placeholder: x\n"
    )
    messages = parse_prompt(text.encode(), "p.yaml", "p").messages
    lines = [(m.line, m.last_line) for m in messages if isinstance(m, Message)]
    assert lines == [(5, 7), (5, 7), (5, 7), (12, 13)]
    assert messages[-1] == Placeholder("x", 14)
