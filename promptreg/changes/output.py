"""Differences between the JSON Schemas of two answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from promptreg.changes.difference import Difference, same_value
from promptreg.values import dataclass

if TYPE_CHECKING:
    from promptreg.prompt import JSON, Prompt

__all__ = ["output_differences"]

_MAX_DEPTH = 32


@dataclass(frozen=True, slots=True)
class _Field:
    type: str
    required: bool


def output_differences(old: Prompt, new: Prompt) -> Iterator[Difference]:
    """Yield what differs between the fields of the answers that two prompts ask for."""
    where = new.at("jsonSchema")
    if same_value(old.json_schema, new.json_schema):
        return
    if old.json_schema is None or new.json_schema is None:
        detail = "a schema" if old.json_schema is None else "no schema any more"
        yield Difference("response-format-changed", detail, where)
        return
    before, after = _fields(old.json_schema), _fields(new.json_schema)
    found = list(_field_differences(before, after))
    for rule, detail in found or [("output-schema-changed", "schema of the answer")]:
        yield Difference(rule, detail, where)


def _field_differences(
    before: Mapping[str, _Field], after: Mapping[str, _Field]
) -> Iterator[tuple[str, str]]:
    for path in sorted(before.keys() | after.keys()):
        name = path or "the answer"
        if path not in after:
            yield "output-field-removed", name
        elif path not in before:
            yield "output-field-added", name
        elif before[path].type != after[path].type:
            yield "output-field-retyped", f"{name}: {before[path].type} to {after[path].type}"
        elif before[path].required and not after[path].required:
            yield "output-field-optional", name


def _fields(schema: JSON) -> dict[str, _Field]:
    """Return every field of a schema by its path, such as ``items[].price``."""
    root = _unwrapped(schema)
    fields: dict[str, _Field] = {}
    _walk(root, root, "", fields, required=True, depth=0)
    return fields


def _unwrapped(schema: JSON) -> JSON:
    # OpenAI and GitHub wrap the schema in {name, strict, schema}.
    if isinstance(schema, Mapping) and isinstance(schema.get("schema"), Mapping):
        return schema["schema"]
    return schema


def _walk(
    node: JSON, root: JSON, path: str, fields: dict[str, _Field], *, required: bool, depth: int
) -> None:
    schema = _resolved(node, root)
    if not isinstance(schema, Mapping) or depth > _MAX_DEPTH:
        return
    fields[path] = _Field(_type(schema, root), required)
    wanted = schema.get("required")
    needed = set(wanted) if isinstance(wanted, list) else set()
    properties = schema.get("properties")
    for name, child in properties.items() if isinstance(properties, Mapping) else ():
        inner = f"{path}.{name}" if path else str(name)
        _walk(child, root, inner, fields, required=name in needed, depth=depth + 1)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), Mapping):
            _walk(schema[key], root, f"{path}[]", fields, required=True, depth=depth + 1)
    for key in ("anyOf", "oneOf", "allOf"):
        branches = schema.get(key)
        for number, branch in enumerate(branches if isinstance(branches, list) else ()):
            _walk(branch, root, f"{path}<{number}>", fields, required=required, depth=depth + 1)


def _resolved(node: JSON, root: JSON) -> JSON:
    seen = set()
    while isinstance(node, Mapping) and isinstance(reference := node.get("$ref"), str):
        if reference in seen or not reference.startswith("#"):
            return {"type": f"$ref {reference}"}
        seen.add(reference)
        target: JSON = root
        for part in filter(None, reference[1:].split("/")):
            key = part.replace("~1", "/").replace("~0", "~")
            target = target.get(key) if isinstance(target, Mapping) else None
        node = target
    return node


def _type(schema: Mapping[str, JSON], root: JSON) -> str:
    kind = schema.get("type")
    if isinstance(kind, str):
        return kind
    if isinstance(kind, list):
        return " or ".join(sorted(map(str, kind)))
    for key in ("anyOf", "oneOf", "allOf"):
        if isinstance(branches := schema.get(key), list):
            resolved = [_resolved(branch, root) for branch in branches]
            kinds = {_type(b, root) for b in resolved if isinstance(b, Mapping)}
            return " or ".join(sorted(kinds)) or "any"
    if "properties" in schema:
        return "object"
    return "any"
