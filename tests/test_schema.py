"""The JSON Schema of prompt files agrees with what promptreg itself reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from promptreg.prompt.fields import KNOWN_FIELDS
from promptreg.prompt.parsing import lint_prompt
from promptreg.prompt.schema import prompt_schema

SAMPLES = sorted((Path(__file__).parents[1] / "prompts").rglob("*.y*ml"))

GOOD = {
    "least": "messages: [{role: user, content: Hi}]",
    "all fields": """
name: News summarizer
version: 1.3.0
digest: 4f1a2b3c5d6e
formerly: [news/old]
description: Two-sentence news summaries.
model: openai/gpt-4o
modelParameters: {temperature: 0.7, maxTokens: 200, stop: ["x"]}
template: jinja2
variables:
  article: {type: string, description: Full text}
  tone: {type: string, default: neutral, enum: [neutral, lively], required: false}
  audience: string
  count: {type: integer, required: true}
  anything:
messages:
  - role: system
    content: Hello {{article}} {{tone}} {{audience}} {{count}} {{anything}}
  - placeholder: history
  - {role: user, content: Go}
responseFormat: json_schema
jsonSchema: '{"type": "object"}'
tags: [summarization]
metadata: {owner: content-team, nested: {a: [1, 2.5, true, null]}}
testData: [{article: x}]
evaluators: [{name: short, string: {contains: a}}]
""",
    "pre-release": "version: 2.0.0-rc.1\nmessages: [{role: user, content: Hi}]",
    "digest of digits": "digest: 123456789012\nmessages: [{role: user, content: Hi}]",
    "schema as a mapping": "jsonSchema: {type: object}\nmessages: [{role: user, content: Hi}]",
    "one former name": "formerly: old\nmessages: [{role: user, content: Hi}]",
    "fstring": "template: fstring\nmessages: [{role: user, content: 'Hi {name}'}]",
}
MESSAGES = "messages: [{role: user, content: Hi}]\n"
BROKEN = {
    "no messages": "name: x",
    "empty messages": "messages: []",
    "messages are text": "messages: Hi",
    "message without role": "messages: [{content: Hi}]",
    "message without content": "messages: [{role: user}]",
    "message with number": "messages: [{role: user, content: 5}]",
    "unknown role": "messages: [{role: robot, content: Hi}]",
    "unknown key in message": "messages: [{role: user, content: Hi, name: x}]",
    "placeholder with role": "messages: [{placeholder: history, role: user}]",
    "placeholder with blank": "messages: [{placeholder: 'my history'}]",
    "float version": MESSAGES + "version: 1.10",
    "short version": MESSAGES + "version: '1.2'",
    "build metadata": MESSAGES + "version: 1.2.0+5",
    "unknown key": MESSAGES + "modelParameter: {temperature: 1}",
    "tags are text": MESSAGES + "tags: news",
    "tag is a number": MESSAGES + "tags: [5]",
    "unknown template": MESSAGES + "template: mustache",
    "variable type": MESSAGES + "variables: {a: text}",
    "variable name": MESSAGES + "variables: {user-name: string}",
    "unknown key in variable": MESSAGES + "variables: {a: {type: string, defualt: x}}",
    "required with default": MESSAGES + "variables: {a: {default: x, required: true}}",
    "optional without default": MESSAGES + "variables: {a: {required: false}}",
    "empty enum": MESSAGES + "variables: {a: {enum: []}}",
    "model is a number": MESSAGES + "model: 4",
    "parameters are a list": MESSAGES + "modelParameters: [1]",
    "schema is a list": MESSAGES + "jsonSchema: [1]",
}


def errors(text: str) -> list[str]:
    """Return what a draft-07 validator says of a YAML text."""
    value: Any = YAML(typ="safe").load(text)
    validator = jsonschema.Draft7Validator(prompt_schema())
    return [error.message for error in validator.iter_errors(value)]


def is_clean(text: str) -> bool:
    """Tell whether promptreg itself finds nothing wrong."""
    return not lint_prompt(text.encode(), "prompts/x.yaml", "x").findings


def test_the_schema_is_a_draft_07_schema() -> None:
    """A validator accepts the schema itself."""
    jsonschema.Draft7Validator.check_schema(prompt_schema())


def test_the_schema_names_every_field_that_is_read() -> None:
    """No field is read that editors would call unknown, nor the other way round."""
    assert set(prompt_schema()["properties"]) == set(KNOWN_FIELDS)


def test_every_field_is_described() -> None:
    """An editor shows what each field is for."""
    assert all(field["description"] for field in prompt_schema()["properties"].values())


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD.keys())
def test_good_files_pass_the_schema_and_the_parser(text: str) -> None:
    """What promptreg reads without complaint, the schema accepts."""
    assert errors(text) == []
    assert is_clean(text)


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_broken_files_fail_the_schema_and_the_parser(text: str) -> None:
    """What the schema refuses, promptreg complains about too."""
    assert errors(text)
    assert not is_clean(text)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_our_own_prompts_pass(path: Path) -> None:
    """The prompts of this repository are valid to an editor."""
    other = path.parent.name in {"labels", "experiments"} or path.name == "yanked.yaml"
    if other or ".eval." in path.name:
        return
    assert errors(path.read_text(encoding="utf-8")) == []
