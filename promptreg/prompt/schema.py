"""The JSON Schema of prompt files, for editors; draft-07, which all of them read."""

from __future__ import annotations

import json
from typing import Any

from promptreg.prompt import VARIABLE_TYPES

__all__ = ["SCHEMA_FILE", "prompt_schema", "schema_text"]

SCHEMA_FILE = ".prompt.schema.json"

_NAME = "^[A-Za-z_][A-Za-z0-9_]*$"
_PART = r"(0|[1-9][0-9]*)"
_VERSION = rf"^{_PART}\.{_PART}\.{_PART}(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$"
_PROMPT_NAME = "^[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*$"
_ROLES = ["system", "developer", "user", "assistant", "tool"]


def schema_text() -> str:
    """Return the schema as it stands in `SCHEMA_FILE`, beside the prompts."""
    return json.dumps(prompt_schema(), indent=2) + "\n"


def prompt_schema() -> dict[str, Any]:
    """Return the schema as plain JSON values.

    It is as strict as `promptreg check --strict`: unknown keys are wrong.
    """
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Prompt file of promptreg",
        "description": "A prompt: its messages, variables, model and version. A superset of"
        " GitHub's .prompt.yml.",
        "type": "object",
        "required": ["messages"],
        "additionalProperties": False,
        "properties": {**_identity(), **_model(), **_content(), **_evaluation()},
        "definitions": {
            "variable": _variable(),
            "message": _message(),
            "placeholder": _placeholder(),
        },
    }


def _text(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": description, **more}


def _identity() -> dict[str, Any]:
    return {
        "name": _text("The display name. Callers use the file's path."),
        "version": _text(
            "A semantic version, such as 1.3.0 or 2.0.0-rc.1. promptreg bump writes it.",
            pattern=_VERSION,
        ),
        "digest": {
            "description": "The first 12 hex digits of the content's digest. promptreg bump writes"
            " it.",
            # Twelve digits without a letter are a number to YAML.
            "anyOf": [{"type": "string", "pattern": "^[0-9a-f]{12}$"}, {"type": "number"}],
        },
        "formerly": {
            "description": "Names the prompt had before. promptreg rename writes them.",
            "anyOf": [
                {"type": "string", "pattern": _PROMPT_NAME},
                {"type": "array", "items": {"type": "string", "pattern": _PROMPT_NAME}},
            ],
        },
        "description": _text("What the prompt is for."),
        "tags": {
            "description": "Words to find the prompt by.",
            "type": "array",
            "items": {"type": "string"},
        },
        "metadata": {
            "description": "Anything of your own, such as an owner.",
            "type": "object",
        },
    }


def _model() -> dict[str, Any]:
    return {
        "model": _text("The model, such as openai/gpt-4o."),
        "modelParameters": {
            "description": "Parameters for the model.",
            "type": "object",
            "properties": {
                "temperature": {"type": "number", "minimum": 0},
                "topP": {"type": "number", "minimum": 0, "maximum": 1},
                "maxTokens": {"type": "integer", "minimum": 1},
                "maxCompletionTokens": {"type": "integer", "minimum": 1},
            },
        },
        "responseFormat": _text(
            "The format of the answer.", examples=["text", "json_object", "json_schema"]
        ),
        "jsonSchema": {
            "description": "The JSON Schema of the answer: JSON text, or a mapping.",
            "type": ["string", "object"],
        },
    }


def _content() -> dict[str, Any]:
    return {
        "template": {
            "description": "The template language: jinja2 with {{ name }}, or fstring with {name}.",
            "enum": ["jinja2", "fstring"],
            "default": "jinja2",
        },
        "variables": {
            "description": "The inputs, by name. Without this each name in the templates is a"
            " required string.",
            "type": ["object", "null"],
            "propertyNames": {"pattern": _NAME},
            "additionalProperties": {"$ref": "#/definitions/variable"},
        },
        "messages": {
            "description": "The chat messages, and slots for messages that the caller gives.",
            "type": "array",
            "minItems": 1,
            "items": {
                "if": {"type": "object", "required": ["placeholder"]},
                "then": {"$ref": "#/definitions/placeholder"},
                "else": {"$ref": "#/definitions/message"},
            },
        },
    }


def _evaluation() -> dict[str, Any]:
    return {
        "testData": {
            "description": "Cases to evaluate with: values of the variables, and what is expected.",
            "type": "array",
        },
        "evaluators": {
            "description": "How answers are judged.",
            "type": "array",
            "items": {"type": "object", "required": ["name"]},
        },
    }


def _variable() -> dict[str, Any]:
    types = list(VARIABLE_TYPES)
    return {
        "anyOf": [
            {"description": "The type alone; the variable is required.", "enum": types},
            {"type": "null"},
            {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "type": {"enum": types, "default": "string"},
                    "description": _text("What callers should pass."),
                    "default": {"description": "Makes the variable optional."},
                    "enum": {
                        "description": "The values it takes.",
                        "type": "array",
                        "minItems": 1,
                    },
                    "required": {"type": "boolean"},
                },
                # Required exactly when there is no default.
                "if": {"required": ["default"]},
                "then": {"properties": {"required": {"const": False}}},
                "else": {"properties": {"required": {"const": True}}},
            },
        ]
    }


def _message() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["role", "content"],
        "additionalProperties": False,
        "properties": {
            "role": {"description": "Who speaks.", "enum": _ROLES},
            "content": _text("The template of the text."),
        },
    }


def _placeholder() -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "placeholder": _text("A slot that the caller fills with messages.", pattern=_NAME)
        },
    }
