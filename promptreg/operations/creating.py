"""`new`: a prompt file to start from, empty or made of a file that exists already."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

from promptreg.errors import ConflictError, PromptError
from promptreg.naming import NAME
from promptreg.operations.clashing import require_portable
from promptreg.operations.planning import Step, WriteFile
from promptreg.prompt.schema import SCHEMA_FILE, schema_text
from promptreg.prompt.yamldoc import decode, load
from promptreg.values import dataclass

if TYPE_CHECKING:
    from promptreg.registry import Registry

__all__ = [
    "Created",
    "block_scalar",
    "modeline",
    "plan_prompt",
    "prompt_from",
    "require_free",
]

_MODELINE = re.compile(r"^# yaml-language-server:.*(?:\r\n|\n|\r)?", re.MULTILINE)
_PLACEHOLDER_WORDS = re.compile(r"\{\{|\{%")
_VERSION_KEYS = ("version", "digest", "formerly")

_EMPTY = """\
name: {title}
description: {description}
model: {model}
variables:
  input: {{type: string, description: What the user gives}}
messages:
  - role: system
    content: |
      Say who the model is and what it must do.
  - role: user
    content: "{{{{input}}}}"
"""

_FROM_TEXT = """\
name: {title}
description: {description}
model: {model}
{template}messages:
  - role: user
    content: {content}
"""


@dataclass(frozen=True, slots=True)
class Created:
    """A new prompt file.

    Attributes:
        name: The prompt's name.
        path: The file in the repository.
        schema: The JSON Schema that is written beside it; None if it was there.
        follows: The greatest released version of an earlier prompt of that name.
        steps: What writes them.
    """

    name: str
    path: str
    schema: str | None
    follows: str | None
    steps: tuple[Step, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON types."""
        return {
            "prompt": self.name,
            "path": self.path,
            "schema": self.schema,
            "follows": self.follows,
        }


def plan_prompt(
    registry: Registry,
    name: str,
    *,
    source: tuple[str, bytes] | None = None,
    model: str | None = None,
    description: str | None = None,
) -> Created:
    """Plan a new prompt file with the modeline for editors; never over another.

    Args:
        registry: The registry.
        name: The prompt's name.
        source: Name and bytes of a prompt file or a text to start from.
        model: The model; the source's or a common one by default.
        description: What the prompt is for.

    Raises:
        ConflictError: The name is in use, perhaps in other letter case.
        PromptError: The name or the source is not valid.
    """
    require_free(registry, name)
    path = f"{registry.config.root}/{name}.prompt.yml"
    text = prompt_from(name, path, source, model=model, description=description)
    steps = [WriteFile(path, None, f"{modeline(name)}\n{text}".encode())]
    schema = f"{registry.config.root}/{SCHEMA_FILE}"
    is_here = os.path.lexists(registry.root / schema)
    if not is_here and schema not in registry.repository.left_out:
        steps.append(
            WriteFile(schema, None, schema_text().encode(), "editors check prompts with it")
        )
    latest = max(registry.tags.versions(name), default=None)
    return Created(
        name,
        path,
        schema if len(steps) > 1 else None,
        str(latest) if latest else None,
        tuple(steps),
    )


def modeline(name: str) -> str:
    """Return the comment that tells editors where the schema lies, as seen from the file."""
    up = "../" * name.count("/")
    return f"# yaml-language-server: $schema={up}{SCHEMA_FILE}"


def require_free(registry: Registry, name: str) -> None:
    """Refuse a name that no new file may have.

    Raises:
        ConflictError: The name is in use, perhaps in other letter case.
        PromptError: It is no name, Windows could not have its file, or a file of that name would
            not count as a prompt.
    """
    if not NAME.fullmatch(name):
        raise PromptError(
            f"{name!r} is not a prompt name",
            rule="invalid-name",
            fix="names are lower case with digits, - and _, folders separated by /",
        )
    require_portable(f"{name}.prompt.yml")
    layout = registry.config.layout
    for path in registry.worktree.paths(layout.root):
        other = layout.name_of(path)
        # Some file systems take both spellings for one file.
        if other is not None and other.lower() == name:
            raise ConflictError(
                f"{path} has the name {name} already", fix=f"choose another name, or edit {path}"
            )
    if not layout.is_prompt(f"{layout.root}/{name}.prompt.yml"):
        raise PromptError(
            f"{name} would not count as a prompt",
            rule="invalid-name",
            fix="labels/ and experiments/ are reserved; promptreg config shows include and exclude",
        )


def prompt_from(
    name: str,
    path: str,
    source: tuple[str, bytes] | None,
    *,
    model: str | None = None,
    description: str | None = None,
) -> str:
    """Return the text of a new prompt file without modeline; pure.

    Args:
        name: The prompt's name.
        path: Where the file will lie, for errors.
        source: Name and bytes of a prompt file (its version lines are left out) or of a text,
            which becomes the user message.
        model: The model of an empty prompt or a text.
        description: The description of an empty prompt or a text.

    Raises:
        PromptError: The source is not valid.
    """
    facts = {
        "title": _scalar(_title(name)),
        "model": _scalar(model or "openai/gpt-4o-mini"),
        "description": _scalar(description or "Say in one line what this prompt is for."),
    }
    if source is None:
        return _EMPTY.format(**facts)
    origin, data = source
    if origin.endswith((".yaml", ".yml")):
        return _copied(data, origin, path, name)
    text = decode(data, origin)[0].replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise PromptError(f"{origin} is empty", rule="messages-missing")
    # Braces of one kind alone are what Python programs format; keep their meaning.
    single = re.search(r"\{[A-Za-z_]\w*\}", text) and not _PLACEHOLDER_WORDS.search(text)
    template = "template: fstring\n" if single else ""
    return _FROM_TEXT.format(**facts, template=template, content=block_scalar(text, 6))


def _copied(data: bytes, origin: str, path: str, name: str) -> str:
    """Return another prompt's text without what belongs to that prompt alone."""
    from promptreg.prompt.parsing import parse_prompt

    parse_prompt(data, origin, name)
    document = load(data, origin)
    lines = document.text.splitlines(keepends=True)
    dropped: set[int] = set()
    for key, value in document.root.value:
        if key.value in _VERSION_KEYS and not document.root.flow_style:
            last = value.end_mark.line if value.end_mark.column else value.end_mark.line - 1
            dropped.update(range(key.start_mark.line, max(last, key.start_mark.line) + 1))
    text = "".join(line for number, line in enumerate(lines) if number not in dropped)
    text = _MODELINE.sub("", text, count=1)
    copied = load(text.encode(), path).value
    wanted = {k: v for k, v in document.value.items() if k not in _VERSION_KEYS}
    if {k: v for k, v in copied.items() if k not in _VERSION_KEYS} != wanted:
        raise PromptError(f"{origin} cannot be copied line by line", fix="copy it by hand")
    return text


def _title(name: str) -> str:
    words = re.split(r"[-_]+", name.rpartition("/")[2])
    return " ".join(words).strip().capitalize()


def _scalar(text: str) -> str:
    plain = re.fullmatch(r"[A-Za-z][\w ./-]*", text) and not re.fullmatch(
        r"(?:true|false|null|yes|no|on|off)", text, re.IGNORECASE
    )
    return text if plain and text == text.strip() else json.dumps(text, ensure_ascii=False)


def block_scalar(text: str, indent: int) -> str:
    """Return a text as a YAML scalar that reads as exactly that text; block style if it can be.

    Args:
        text: The text, line ends LF.
        indent: Columns its lines are indented by.
    """
    odd = any(c != "\n" and not c.isprintable() for c in text) or not text.strip()
    first = text.split("\n", 1)[0]
    if odd or first[:1] in (" ", "") or "\n" not in text.rstrip("\n") + "\n":
        return json.dumps(text, ensure_ascii=False)
    body = text.rstrip("\n")
    chomping = {0: "-", 1: ""}.get(len(text) - len(body), "+")
    lines = "\n".join(" " * indent + line if line else "" for line in body.split("\n"))
    return f"|{chomping}\n{lines}" + "\n" * max(0, len(text) - len(body) - 1)
