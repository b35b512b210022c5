"""A prompt file's bytes to a `Prompt`, with a finding for everything that is wrong; pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from promptreg.errors import Location, PromptError
from promptreg.findings import Finding, Severity, finding_of
from promptreg.prompt import (
    VARIABLE_TYPES,
    Message,
    Placeholder,
    Prompt,
    Variable,
)
from promptreg.prompt.yamldoc import Document, Positions, child, line_of, load, text_lines
from promptreg.values import dataclass
from promptreg.versioning import Version

__all__ = ["KNOWN_FIELDS", "Parsed", "lint_prompt", "parse_prompt"]

KNOWN_FIELDS = (
    "name",
    "version",
    "digest",
    "formerly",
    "description",
    "model",
    "modelParameters",
    "template",
    "variables",
    "messages",
    "responseFormat",
    "jsonSchema",
    "tags",
    "metadata",
    "testData",
    "evaluators",
)
_ROLES = ("system", "developer", "user", "assistant", "tool")
_VARIABLE_FIELDS = ("type", "description", "default", "enum", "required")
_KINDS = {bool: "a boolean", int: "a number", float: "a number", list: "a list"}


@dataclass(frozen=True, slots=True)
class Parsed:
    """What parsing a file gave: a prompt unless an error is among the findings."""

    prompt: Prompt | None
    findings: tuple[Finding, ...]


def _is_identifier(text: str) -> bool:
    return text.isascii() and text.isidentifier()


def parse_prompt(data: bytes, path: str, name: str) -> Prompt:
    """Parse a prompt file.

    Args:
        data: The bytes of the file.
        path: Its path in the repository, used in errors.
        name: The prompt's name.

    Raises:
        PromptError: The first error in the file; warnings do not matter here.
    """
    parsed = lint_prompt(data, path, name)
    if parsed.prompt is not None:
        return parsed.prompt
    first = next(f for f in parsed.findings if f.severity == "error")
    raise PromptError(first.message, location=first.location, fix=first.fix, rule=first.rule)


@lru_cache(maxsize=16)
def lint_prompt(data: bytes, path: str, name: str) -> Parsed:
    """Parse a prompt file and collect everything that is wrong with it.

    The base, the tip and the tag of a check mostly hold the same bytes, which are parsed once.

    Args:
        data: The bytes of the file.
        path: Its path in the repository, used in findings.
        name: The prompt's name.
    """
    try:
        document = load(data, path)
    except PromptError as error:
        return Parsed(None, (finding_of(error, path, prompt=name),))
    reader = _Reader(document, name)
    prompt = reader.read(Positions(data, path))
    failed = any(f.severity == "error" for f in reader.findings)
    return Parsed(None if failed else prompt, tuple(reader.findings))


class _Reader:
    """Reads each field of one document; a wrong field becomes a finding and its default."""

    def __init__(self, document: Document, name: str) -> None:
        self.document = document
        self.value = document.value
        self.name = name
        self.findings: list[Finding] = []

    def read(self, positions: Mapping[str, Location]) -> Prompt:
        self._unknown("", self.value, KNOWN_FIELDS)
        declares = self.value.get("variables") is not None
        return Prompt(
            name=self.name,
            path=self.document.path,
            value=MappingProxyType(self.value),
            messages=self._messages(),
            version=self._version(),
            digest=self._digest(),
            title=self._string("name"),
            description=self._string("description"),
            model=self._string("model"),
            model_parameters=MappingProxyType(self._mapping("modelParameters")),
            variables=self._variables(),
            declares_variables=declares,
            template=self._template(),
            response_format=self._string("responseFormat"),
            json_schema=self._json_schema(),
            tags=self._strings("tags"),
            metadata=MappingProxyType(self._mapping("metadata")),
            test_data=tuple(self._list("testData")),
            formerly=self._formerly(),
            positions=positions,
        )

    def _add(
        self,
        where: str,
        message: str,
        *,
        rule: str = "wrong-type",
        severity: Severity = "error",
        fix: str | None = None,
        key: bool = False,
    ) -> None:
        positions = self.document.positions
        location = positions.get(f"{where}#key") if key else None
        path = where
        while location is None and path:
            location = positions.get(path)
            path = path.rpartition(".")[0]
        self.findings.append(
            Finding(
                rule=rule,
                severity=severity,
                message=message,
                location=location or Location(self.document.path, 1, 1),
                prompt=self.name,
                fix=fix,
            )
        )

    def _unknown(self, where: str, value: Mapping[str, Any], known: tuple[str, ...]) -> None:
        for key in value:
            if key not in known:
                import difflib

                near = difflib.get_close_matches(key, known, n=1)
                path = f"{where}.{key}" if where else key
                self._add(
                    path,
                    f"unknown key {key!r}" + (f", did you mean {near[0]!r}?" if near else ""),
                    rule="unknown-key",
                    severity="warning",
                    key=True,
                )

    def _string(self, field: str) -> str | None:
        value = self.value.get(field)
        if value is None or isinstance(value, str):
            return value
        self._add(field, f"{field} must be text", fix="quote it")
        return None

    def _list(self, field: str) -> list[Any]:
        value = self.value.get(field)
        if value is None:
            return []
        if isinstance(value, list):
            return value
        self._add(field, f"{field} must be a list")
        return []

    def _strings(self, field: str) -> tuple[str, ...]:
        items = self._list(field)
        for index, item in enumerate(items):
            if not isinstance(item, str):
                self._add(f"{field}.{index}", f"{field} must be a list of texts", fix="quote it")
        return tuple(item for item in items if isinstance(item, str))

    def _mapping(self, field: str) -> dict[str, Any]:
        value = self.value.get(field)
        if value is None:
            return {}
        if isinstance(value, dict):
            return value
        self._add(field, f"{field} must be a mapping")
        return {}

    def _formerly(self) -> tuple[str, ...]:
        value = self.value.get("formerly")
        return (value,) if isinstance(value, str) else self._strings("formerly")

    def _version(self) -> Version | None:
        raw = self.value.get("version")
        if raw is None:
            return None
        text = self.document.scalar("version")
        if not isinstance(raw, str):
            self._add(
                "version",
                f"version {text or raw} is read as {_KINDS.get(type(raw), 'a value')}, not as text",
                rule="version-type",
                fix="write three parts, such as 1.10.0",
            )
            return None
        try:
            return Version.parse(raw)
        except PromptError as error:
            self._add("version", error.message, rule="version-type", fix=error.fix)
            return None

    def _digest(self) -> str | None:
        if self.value.get("digest") is None:
            return None
        # What is no digest is no error of its own: check compares it with the content.
        return self.document.scalar("digest") or ""

    def _template(self) -> Any:
        value = self.value.get("template", "jinja2")
        if value not in ("jinja2", "fstring"):
            self._add("template", f"template {value!r} is neither jinja2 nor fstring")
            return "jinja2"
        return value

    def _json_schema(self) -> Any:
        value = self.value.get("jsonSchema")
        if value is None or isinstance(value, dict):
            return value
        if not isinstance(value, str):
            self._add("jsonSchema", "jsonSchema must be JSON text or a mapping")
            return None
        try:
            schema = json.loads(value)
        except (ValueError, RecursionError) as error:
            self._add("jsonSchema", f"jsonSchema is not JSON: {error}", rule="invalid-json-schema")
            return None
        if not isinstance(schema, dict):
            self._add("jsonSchema", "jsonSchema must hold an object", rule="invalid-json-schema")
            return None
        return schema

    def _messages(self) -> tuple[Message | Placeholder, ...]:
        items = self.value.get("messages")
        if not isinstance(items, list) or not items:
            self._add(
                "messages",
                "messages must be a list with at least one message",
                rule="messages-missing",
                fix="add `messages:` with a `- role: user` and its `content:`",
            )
            return ()
        pairs = zip(items, self.document.items("messages"), strict=True)
        read = (self._message(f"messages.{i}", *pair) for i, pair in enumerate(pairs))
        return tuple(message for message in read if message is not None)

    def _message(self, where: str, item: Any, node: Any) -> Message | Placeholder | None:
        if not isinstance(item, dict):
            self._add(where, "a message must be a mapping with role and content")
            return None
        if "placeholder" in item:
            self._unknown(where, item, ("placeholder",))
            slot = item["placeholder"]
            if isinstance(slot, str) and _is_identifier(slot):
                return Placeholder(slot, line_of(node))
            self._add(f"{where}.placeholder", "a placeholder must be a name")
            return None
        self._unknown(where, item, ("role", "content"))
        role, content = item.get("role"), item.get("content")
        if not isinstance(role, str) or not role:
            self._add(f"{where}.role", "a message needs a role", fix="add `role: user`")
            return None
        if role not in _ROLES:
            known = ", ".join(_ROLES)
            self._add(
                f"{where}.role",
                f"role {role!r} is none of {known}",
                rule="unknown-role",
                severity="warning",
            )
        if not isinstance(content, str):
            self._add(f"{where}.content", "a message needs text as its content")
            return None
        return Message(role, content, *text_lines(child(node, "content")))

    def _variables(self) -> tuple[Variable, ...]:
        return tuple(
            variable
            for name, spec in self._mapping("variables").items()
            if (variable := self._variable(name, spec)) is not None
        )

    def _variable(self, name: str, spec: Any) -> Variable | None:
        where = f"variables.{name}"
        if not _is_identifier(name):
            self._add(where, f"variable {name!r} is not a name", rule="variable-name", key=True)
            return None
        if isinstance(spec, str):
            spec = {"type": spec}
        elif spec is None:
            spec = {}
        if not isinstance(spec, dict):
            self._add(where, f"variable {name} must be a type or a mapping")
            return None
        self._unknown(where, spec, _VARIABLE_FIELDS)
        kind = spec.get("type", "string")
        if kind not in VARIABLE_TYPES:
            choices = ", ".join(VARIABLE_TYPES)
            self._add(f"{where}.type", f"type {kind!r} of {name} is none of {choices}")
            return None
        return self._checked(where, name, kind, spec)

    def _checked(self, where: str, name: str, kind: Any, spec: dict[str, Any]) -> Variable | None:
        description, choices = spec.get("description"), spec.get("enum")
        if description is not None and not isinstance(description, str):
            self._add(f"{where}.description", f"description of {name} must be text")
            return None
        if choices is not None and (not isinstance(choices, list) or not choices):
            self._add(f"{where}.enum", f"enum of {name} must be a list with at least one value")
            return None
        has_default = "default" in spec
        required = spec.get("required", not has_default)
        if not isinstance(required, bool) or required == has_default:
            self._add(
                f"{where}.required",
                f"variable {name} is required exactly when it has no default",
                fix="remove `required`",
            )
            return None
        if choices is not None:
            plain = Variable(name, kind)
            for index, choice in enumerate(choices):
                if complaint := plain.complaint(choice):
                    self._add(f"{where}.enum.{index}", f"a value of enum of {name} {complaint}")
                    return None
        enum = tuple(choices) if choices is not None else None
        variable = Variable(name, kind, required, spec.get("default"), enum, description)
        if has_default and (complaint := variable.complaint(spec["default"])):
            self._add(f"{where}.default", f"default of {name} {complaint}", rule="wrong-default")
            return None
        return variable
