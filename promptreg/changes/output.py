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
# References let a short schema say very many fields; those beyond fall under the general rule.
_MAX_FIELDS = 10_000
_BRANCHES = ("anyOf", "oneOf", "allOf")
_NO_REFERENCES: frozenset[str] = frozenset()


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
    reader = _Reader(_unwrapped(schema))
    reader.walk(reader.root, "", required=True)
    return reader.fields


def _unwrapped(schema: JSON) -> JSON:
    # OpenAI and GitHub wrap the schema in {name, strict, schema}.
    if isinstance(schema, Mapping) and isinstance(schema.get("schema"), Mapping):
        return schema["schema"]
    return schema


class _Reader:
    """Reads the fields of one schema, which may be inside itself, and name itself many times."""

    def __init__(self, root: JSON) -> None:
        self.root = root
        self.fields: dict[str, _Field] = {}
        self._left = _MAX_FIELDS
        self._types: dict[int, str] = {}

    def walk(
        self,
        node: JSON,
        path: str,
        *,
        required: bool,
        depth: int = 0,
        inside: frozenset[str] = _NO_REFERENCES,
    ) -> None:
        """Add a field and those below it; a schema that is `inside` itself is not entered again."""
        schema = _resolved(node, self.root)
        self._left -= 1
        if not isinstance(schema, Mapping) or depth > _MAX_DEPTH or self._left < 0:
            return
        self.fields[path] = _Field(self._type(schema), required)
        if isinstance(reference := node.get("$ref"), str):
            if reference in inside:
                return
            inside |= {reference}
        for step, child, needed in _children(schema):
            inner = path + step if path else step.removeprefix(".")
            wanted = required if needed is None else needed
            self.walk(child, inner, required=wanted, depth=depth + 1, inside=inside)

    def _type(self, schema: Mapping[str, JSON]) -> str:
        kind = schema.get("type")
        if isinstance(kind, str):
            return kind
        if isinstance(kind, list):
            return " or ".join(sorted(map(str, kind)))
        for key in _BRANCHES:
            if isinstance(branches := schema.get(key), list):
                return self._type_of(schema, branches)
        return "object" if "properties" in schema else "any"

    def _type_of(self, schema: Mapping[str, JSON], branches: list[JSON]) -> str:
        known = self._types.get(id(schema))
        if known is None:
            # Where a branch is the whole again it adds no type to those of the others.
            self._types[id(schema)] = ""
            resolved = (_resolved(branch, self.root) for branch in branches)
            kinds = {self._type(branch) for branch in resolved if isinstance(branch, Mapping)}
            known = " or ".join(sorted(kinds - {""})) or "any"
            self._types[id(schema)] = known
        return known


def _children(schema: Mapping[str, JSON]) -> Iterator[tuple[str, JSON, bool | None]]:
    """Yield the parts of a schema: step, schema, whether required; None where that is inherited."""
    wanted = schema.get("required")
    needed = set(map(str, wanted)) if isinstance(wanted, list) else set()
    properties = schema.get("properties")
    for name, child in properties.items() if isinstance(properties, Mapping) else ():
        yield f".{name}", child, name in needed
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), Mapping):
            yield "[]", schema[key], True
    for key in _BRANCHES:
        branches = schema.get(key)
        for number, branch in enumerate(branches if isinstance(branches, list) else ()):
            yield f"<{number}>", branch, None


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
