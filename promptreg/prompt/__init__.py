"""The values a prompt file holds, as frozen types.

`promptreg.prompt.parsing` makes them from text; `promptreg.prompt.digest` gives their identity.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from promptreg.errors import Location
from promptreg.values import dataclass, field

if TYPE_CHECKING:
    from promptreg.versioning import Version

__all__ = [
    "JSON",
    "VARIABLE_TYPES",
    "Message",
    "Placeholder",
    "Prompt",
    "TemplateLanguage",
    "Variable",
    "VariableType",
    "same_value",
]

JSON = Any
"""A value that JSON can hold: None, bool, int, float, str, and lists and mappings of them."""

VariableType = Literal["string", "integer", "number", "boolean", "array", "object", "any"]
TemplateLanguage = Literal["jinja2", "fstring"]
VARIABLE_TYPES: tuple[VariableType, ...] = (
    "string",
    "integer",
    "number",
    "boolean",
    "array",
    "object",
    "any",
)
_EMPTY: Mapping[str, JSON] = MappingProxyType({})


def _empty() -> Mapping[str, Any]:
    return _EMPTY


@dataclass(frozen=True, slots=True)
class Variable:
    """A typed input of a prompt; required exactly when it has no default."""

    name: str
    type: VariableType = "string"
    required: bool = True
    default: JSON = None
    enum: tuple[JSON, ...] | None = None
    description: str | None = None

    def complaint(self, value: JSON) -> str | None:
        """Say what is wrong with a value for this variable, or None when it fits."""
        if not _has_type(value, self.type):
            return f"wants {_ARTICLES.get(self.type, 'a')} {self.type}, not {_kind(value)}"
        if self.enum is not None and not any(same_value(value, choice) for choice in self.enum):
            choices = ", ".join(str(choice) for choice in self.enum)
            return f"{value!r} is none of: {choices}"
        return None


_ARTICLES = {"integer": "an", "array": "an", "object": "an"}


_TYPES: Mapping[VariableType, tuple[type, ...]] = {
    "any": (object,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "array": (list, tuple),
    "object": (Mapping,),
}


def _has_type(value: JSON, wanted: VariableType) -> bool:
    # bool is an int in Python, but not in JSON.
    if isinstance(value, bool):
        return wanted in ("any", "boolean")
    return isinstance(value, _TYPES[wanted])


def _kind(value: JSON) -> str:
    kinds = {bool: "a boolean", int: "an integer", float: "a number", str: "a string"}
    if value is None:
        return "null"
    if isinstance(value, list | tuple):
        return "an array"
    if isinstance(value, Mapping):
        return "an object"
    return kinds.get(type(value), type(value).__name__)


def same_value(left: JSON, right: JSON) -> bool:
    """Tell whether two scalars are the same JSON value: 1, 1.0 and true all differ."""
    # True == 1 and 1 == 1.0 in Python, but not for somebody who reads the file.
    return type(left) is type(right) and bool(left == right)


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message.

    Attributes:
        role: Such as ``user``.
        content: The template text.
        line: The line of the file on which the text begins; 0 when it came from no file.
        last_line: The line on which it ends, 0 when unknown: a quoted text with escaped line
            breaks has lines of its own that the file does not have.
    """

    role: str
    content: str
    line: int = 0
    last_line: int = field(default=0, compare=False)

    def file_line(self, text_line: int) -> int:
        """Return the line of the file for a line of the text; both count from 1."""
        line = self.line + max(text_line, 1) - 1
        return min(line, self.last_line) if self.last_line else line


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A slot between messages that the caller fills with messages of its own."""

    name: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Prompt:
    """One parsed prompt file.

    Attributes:
        name: The path below the prompts folder without its ending, such as ``support/triage``.
        path: The path in the repository, with ``/``.
        version: What the file claims; None when it has no ``version``.
        digest: The 12 hex digits the file claims; None when it has none.
        value: The whole parsed value, as plain JSON types.
        variables: As declared, in order; without ``variables:`` every name in the templates is a
            required string, see `promptreg.render`.
        declares_variables: Whether the file has a ``variables:`` mapping.
        positions: Where each field stands, by dotted path (``messages.0.content``); line and
            column count from 1.
    """

    name: str
    path: str
    value: Mapping[str, JSON]
    messages: tuple[Message | Placeholder, ...]
    version: Version | None = None
    digest: str | None = None
    title: str | None = None
    description: str | None = None
    model: str | None = None
    model_parameters: Mapping[str, JSON] = field(default_factory=_empty)
    variables: tuple[Variable, ...] = ()
    declares_variables: bool = False
    template: TemplateLanguage = "jinja2"
    response_format: str | None = None
    json_schema: JSON = None
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, JSON] = field(default_factory=_empty)
    test_data: tuple[JSON, ...] = ()
    formerly: tuple[str, ...] = ()
    positions: Mapping[str, Location] = field(default_factory=_empty, compare=False, repr=False)

    def at(self, field_path: str) -> Location:
        """Return where a field stands, or the nearest field around it, or the file."""
        path = field_path
        while path:
            if (found := self.positions.get(path)) is not None:
                return found
            path = path.rpartition(".")[0]
        return Location(self.path, 1, 1)
