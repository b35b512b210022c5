"""What a template text says without rendering it: its variables and its includes; pure.

Loading jinja2 costs more start-up time than the rest of a command, so texts that use nothing but
``{{ name }}`` are read here, and only the others by `promptreg.render.sandbox`.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from promptreg.errors import PromptError
from promptreg.values import dataclass

if TYPE_CHECKING:
    from promptreg.prompt import TemplateLanguage

__all__ = [
    "FSTRING",
    "TemplateFacts",
    "TemplateFault",
    "Use",
    "analyze",
    "check_include_path",
    "find_includes",
    "find_variables",
    "render_fstring",
    "render_plain",
    "unfilled_fields",
]

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_EXPRESSION = re.compile(r"\{\{(?P<inside>.*?)\}\}", re.DOTALL)
_PLAIN_EXPRESSION = re.compile(rf"\s*({_NAME})\s*")
FSTRING = re.compile(rf"\{{\{{(?P<escaped>{_NAME})\}}\}}|\{{(?P<name>{_NAME})\}}")
"""A placeholder ``{name}``, or ``{{name}}``, which stands for the text ``{name}``.

All other braces are text, so JSON examples need no doubling.
"""
# What Python's format() would fill as well; `{key: value}` and `{"a": 1}` are text to everybody.
_OTHER_FIELD = re.compile(
    r"(?<!\{)\{(?P<name>[^\W\d]\w*)(?P<more>(?:\.[^\W\d]\w*|\[\w+\])*(?:![ars])?"
    r"(?::(?:.?[<>=^])?[-+]?#?0?\d*[,_]?(?:\.\d+)?[a-zA-Z%]?)?)\}"
)
_DIGITS = re.compile(r":\d*")
_WORDS = frozenset({*keyword.kwlist, "true", "false", "none", "loop", "range", "self", "super"})
_FRAGMENT_ENDINGS = (".md", ".txt", ".j2")
_MAX_PLAIN = 4 * 1024 * 1024


class TemplateFault(Exception):  # noqa: N818 - a fault found in a text, not yet placed in a file
    """What is wrong with a template text, before it is known where the text stands.

    Args:
        message: One line without a full stop.
        rule: The id of the finding it becomes.
        line: The line in the text, from 1; 0 when unknown.
        fragment: The included file it happened in; None for the text itself.
        fix: How to mend it.
    """

    def __init__(
        self,
        message: str,
        *,
        rule: str,
        line: int = 0,
        fragment: str | None = None,
        fix: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.rule = rule
        self.line = line
        self.fragment = fragment
        self.fix = fix

    def as_error(self) -> PromptError:
        """Return the error for a caller who knows no file; it names the line in the text."""
        where = f"line {self.line}: " if self.line else ""
        return PromptError(f"{where}{self.message}", rule=self.rule, fix=self.fix)


@dataclass(frozen=True, slots=True)
class Use:
    """A name or an include path, and the first line of the text that uses it."""

    name: str
    line: int


@dataclass(frozen=True, slots=True)
class TemplateFacts:
    """What a template text asks for.

    Attributes:
        variables: Names it takes from outside, in order of first use.
        includes: Fragments it includes, in order of first use.
        assigned: Names it gives values to itself, which the fragments it includes may see.
    """

    variables: tuple[Use, ...] = ()
    includes: tuple[Use, ...] = ()
    assigned: frozenset[str] = frozenset()


@lru_cache(maxsize=4096)
def analyze(text: str, template: TemplateLanguage = "jinja2") -> TemplateFacts:
    """Read a template text.

    Raises:
        TemplateFault: The text is no valid template, or reaches for something it may not.
    """
    if template == "fstring":
        names = ((m["name"], m.start()) for m in FSTRING.finditer(text) if m["name"])
        return TemplateFacts(tuple(_first_uses(names, text)))
    plain = _plain_variables(text)
    if plain is not None:
        return TemplateFacts(tuple(plain))
    from promptreg.render.sandbox import read_facts

    return read_facts(text)


def find_variables(text: str, template: TemplateLanguage = "jinja2") -> tuple[str, ...]:
    """Return the names a template text takes from outside, in order of first use.

    Raises:
        PromptError: The text is no valid template.
    """
    return tuple(use.name for use in _facts(text, template).variables)


def find_includes(text: str, template: TemplateLanguage = "jinja2") -> tuple[str, ...]:
    """Return the fragments a template text includes directly, in order of first use.

    Raises:
        PromptError: The text is no valid template, or an include is dynamic or leads outside.
    """
    return tuple(use.name for use in _facts(text, template).includes)


def check_include_path(path: str) -> TemplateFault | None:
    """Say why a path may not be included, or None when it may."""
    parts = path.split("/")
    if not path or path.startswith("/") or "\\" in path or any(p in {"", ".", ".."} for p in parts):
        return TemplateFault(
            f"include {path!r} does not stay inside the prompts folder",
            rule="include-escape",
            fix="write the path as seen from the prompts folder, such as shared/style.md",
        )
    if not path.isprintable():
        return TemplateFault(
            f"include {path!r} holds a character that is no part of a file name",
            rule="include-escape",
            fix="rename the fragment",
        )
    if not path.endswith(_FRAGMENT_ENDINGS):
        return TemplateFault(
            f"include {path!r} is not a text fragment",
            rule="include-type",
            fix=f"end its name in {', '.join(_FRAGMENT_ENDINGS)}",
        )
    return None


def unfilled_fields(text: str) -> Iterator[tuple[str, int]]:
    """Yield the fields that an fstring template leaves as they are, with their lines.

    Args:
        text: The template.
    """
    for found in _OTHER_FIELD.finditer(text):
        is_plain = not found["more"] and found["name"].isascii()
        # {a:1} is JSON without quotes rather than a width.
        if not is_plain and not _DIGITS.fullmatch(found["more"]):
            yield found[0], text.count("\n", 0, found.start()) + 1


def render_fstring(text: str, values: Mapping[str, object]) -> str:
    """Fill the ``{name}`` placeholders of a text.

    Args:
        text: The template.
        values: A value for each of its names.

    Raises:
        TemplateFault: A name has no value.
    """

    def fill(match: re.Match[str]) -> str:
        name = match["name"]
        if name is None:
            return f"{{{match['escaped']}}}"
        if name not in values:
            line = text.count("\n", 0, match.start()) + 1
            raise TemplateFault(f"{name!r} is undefined", rule="undeclared-variable", line=line)
        return str(values[name])

    return FSTRING.sub(fill, text)


def render_plain(text: str, values: Mapping[str, object]) -> str | None:
    """Fill a jinja2 text that uses nothing but ``{{ name }}``; None when jinja2 has to do it.

    Args:
        text: The template.
        values: A value for each of its names, plain JSON values.
    """
    places = _plain_places(text)
    if places is None or not all(isinstance(values.get(name), str) for name, _, _ in places):
        return None
    if len(text) + sum(len(str(values[name])) for name, _, _ in places) > _MAX_PLAIN:
        return None  # the sandbox has a limit and says so
    parts, end = [], 0
    for name, start, after in places:
        parts += [text[end:start], str(values[name])]
        end = after
    return "".join((*parts, text[end:]))


def _facts(text: str, template: TemplateLanguage) -> TemplateFacts:
    try:
        return analyze(text, template)
    except TemplateFault as fault:
        raise fault.as_error() from None


def _plain_variables(text: str) -> list[Use] | None:
    """Return the names of a text with plain placeholders only, None when jinja2 has to read it."""
    places = _plain_places(text)
    if places is None:
        return None
    return list(_first_uses(((name, start) for name, start, _ in places), text))


@lru_cache(maxsize=4096)
def _plain_places(text: str) -> tuple[tuple[str, int, int], ...] | None:
    """Return name, start and end of each plain placeholder, None when jinja2 has to read it."""
    # jinja2 turns other line ends into LF, which happens to no text that YAML read as a block.
    if "{%" in text or "{#" in text or "\r" in text:
        return None
    places: list[tuple[str, int, int]] = []
    end = 0
    for found in _EXPRESSION.finditer(text):
        plain = _PLAIN_EXPRESSION.fullmatch(found["inside"])
        if plain is None or plain[1].lower() in _WORDS:
            return None
        places.append((plain[1], found.start(), found.end()))
        end = found.end()
    return None if "{{" in text[end:] else tuple(places)


def _first_uses(names: Iterable[tuple[str, int]], text: str) -> Iterator[Use]:
    seen = set()
    for name, start in names:
        if name not in seen:
            seen.add(name)
            yield Use(name, text.count("\n", 0, start) + 1)
