"""The fields of a parsed prompt file, with a finding for everything that is wrong; pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from promptreg.errors import Location, PromptError
from promptreg.findings import Finding, Severity
from promptreg.prompt import (
    VARIABLE_TYPES,
    Message,
    Placeholder,
    Variable,
)
from promptreg.prompt.yamldoc import Document, child, line_of, text_lines
from promptreg.versioning import Version

__all__ = ["KNOWN_FIELDS", "FieldReader"]

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


class FieldReader:
    """Reads each field of one document; a wrong field becomes a finding and its default.

    Args:
        document: The parsed file.
        name: The prompt's name.
    """

    def __init__(self, document: Document, name: str) -> None:
        self.document = document
        self.value = document.value
        self.name = name
        self.findings: list[Finding] = []

    def read(self) -> dict[str, Any]:
        """Return all fields by the names that they have in a `Prompt`."""
        self._unknown("", self.value, KNOWN_FIELDS)
        fields: dict[str, Any] = {}
        for key in self._READERS:
            if key in self.value or key == "messages":
                fields |= self.fields(key)
        return fields

    def fields(self, key: str) -> dict[str, Any]:
        """Return what one of the file's fields says, by its name in a `Prompt`."""
        if key not in self._READERS:
            return {}
        name, read = self._READERS[key]
        return {name: read(self, key)}

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

    def _all(self, key: str) -> tuple[Any, ...]:
        return tuple(self._list(key))

    def _frozen(self, key: str) -> Mapping[str, Any]:
        return MappingProxyType(self._mapping(key))

    def _formerly(self, key: str) -> tuple[str, ...]:
        value = self.value.get(key)
        return (value,) if isinstance(value, str) else self._strings(key)

    def _version(self, key: str) -> Version | None:
        raw = self.value.get(key)
        if raw is None:
            return None
        if not isinstance(raw, str):
            text = self.document.scalar(key)
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

    def _digest(self, key: str) -> str | None:
        if self.value.get(key) is None:
            return None
        # What is no digest is no error of its own: check compares it with the content.
        return self.document.scalar(key) or ""

    def _template(self, key: str) -> Any:
        value = self.value.get(key)
        if value not in ("jinja2", "fstring"):
            self._add("template", f"template {value!r} is neither jinja2 nor fstring")
            return "jinja2"
        return value

    def _json_schema(self, key: str) -> Any:
        value = self.value.get(key)
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

    def _messages(self, key: str) -> tuple[Message | Placeholder, ...]:
        items = self.value.get(key)
        if not isinstance(items, list) or not items:
            self._add(
                "messages",
                "messages must be a list with at least one message",
                rule="messages-missing",
                fix="add `messages:` with a `- role: user` and its `content:`",
            )
            return ()
        pairs = zip(items, self.document.items(key), strict=True)
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

    def _variables(self, key: str) -> tuple[Variable, ...]:
        return tuple(
            variable
            for name, spec in self._mapping(key).items()
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

    # In the order in which their faults are told; none reads what another one reads.
    _READERS: ClassVar[Mapping[str, tuple[str, Callable[[FieldReader, str], Any]]]] = {
        "messages": ("messages", _messages),
        "version": ("version", _version),
        "digest": ("digest", _digest),
        "name": ("title", _string),
        "description": ("description", _string),
        "model": ("model", _string),
        "modelParameters": ("model_parameters", _frozen),
        "variables": ("variables", _variables),
        "template": ("template", _template),
        "responseFormat": ("response_format", _string),
        "jsonSchema": ("json_schema", _json_schema),
        "tags": ("tags", _strings),
        "metadata": ("metadata", _frozen),
        "testData": ("test_data", _all),
        "formerly": ("formerly", _formerly),
    }


def _is_identifier(text: str) -> bool:
    return text.isascii() and text.isidentifier()
