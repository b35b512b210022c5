"""The report as plain JSON, and the JSON Schema of that JSON derived from the rows' types."""

from __future__ import annotations

import inspect
import re
import types
import typing
from typing import Any, Literal

from promptreg.report import model

__all__ = ["as_json", "json_schema"]

_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean"}


def as_json(value: Any) -> Any:
    """Turn rows into plain JSON values: a row into an object, a tuple into an array."""
    if not isinstance(value, (tuple, list)):
        return value
    items = [as_json(item) if isinstance(item, (tuple, list)) else item for item in value]
    names = getattr(value, "_fields", None)
    return items if names is None else dict(zip(names, items, strict=True))


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft-07) of `as_json` of a report."""
    definitions: dict[str, Any] = {}
    root = _of_type(model.Report, definitions)
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": model.SCHEMA,
        **root,
        "definitions": dict(sorted(definitions.items())),
    }


def _of_type(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind in _PLAIN:
        return {"type": _PLAIN[kind]}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in {typing.Union, types.UnionType}:
        found = [_of_type(a, definitions) for a in arguments if a is not type(None)]
        return {"anyOf": [*found, {"type": "null"}]}
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return {"type": "array", "items": _of_type(arguments[0], definitions)}
        items = [_of_type(a, definitions) for a in arguments]
        return {"type": "array", "items": items, "minItems": len(items), "maxItems": len(items)}
    if kind.__name__ not in definitions:
        definitions[kind.__name__] = {}
        definitions[kind.__name__] = _of_rows(kind, definitions)
    return {"$ref": f"#/definitions/{kind.__name__}"}


def _of_rows(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    doc = inspect.cleandoc(kind.__doc__ or "")
    told = _attribute_texts(doc)
    properties = {}
    for name in kind._fields:
        properties[name] = _of_type(hints[name], definitions)
        if name in told:
            properties[name] = {**properties[name], "description": told[name]}
    if kind is model.Report:
        properties["schema"] = {**properties["schema"], "const": model.SCHEMA}
    return {
        "type": "object",
        "description": doc.partition("\n")[0],
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _attribute_texts(doc: str) -> dict[str, str]:
    """Read the ``Attributes:`` part of a docstring."""
    part = doc.partition("Attributes:\n")[2]
    entries = re.findall(r"^ {4}(\w+): (.+(?:\n {8}.+)*)", part, re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in entries}


if __name__ == "__main__":
    import json
    import sys

    sys.stdout.write(json.dumps(json_schema(), indent=2) + "\n")
