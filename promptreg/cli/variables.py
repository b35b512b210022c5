"""Variables of a prompt from command line arguments and JSON files."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptreg.cli.context import given_path
from promptreg.errors import ConfigError, Location

if TYPE_CHECKING:
    from promptreg.prompt.content import Content

__all__ = ["read_variables"]


def read_variables(content: Content, pairs: Iterable[str], file: Path | None) -> dict[str, Any]:
    """Return the variables that arguments and a file give.

    Args:
        content: The prompt, which knows the type of each variable.
        pairs: ``NAME=VALUE`` or ``NAME=@FILE``; values of other types than string are JSON.
        file: A JSON file; ``-`` is standard input.

    Raises:
        ConfigError: An argument or the file cannot be read.
    """
    from promptreg.render import prompt_variables

    known = {v.name: v for v in prompt_variables(content.prompt, content.includes.__getitem__)}
    values = _from_file(file) if file is not None else {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise ConfigError(f"--var {pair} has no value", fix=f"--var {name}=VALUE")
        if text.startswith("@"):
            text = _read(text[1:])
        wanted = known[name].type if name in known else "string"
        values[name] = text if wanted in ("string", "any") else _json(text)
    return values


def _from_file(file: Path) -> dict[str, Any]:
    is_input = str(file) == "-"
    text = sys.stdin.read() if is_input else _read(file)
    location = Location(str(file if is_input else given_path(file)))
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"not JSON: {error}", location=location) from error
    if not isinstance(found, dict):
        raise ConfigError("must hold an object with the variables", location=location)
    return found


def _read(name: str | Path) -> str:
    path = given_path(name)
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"cannot read {path}: it is not UTF-8") from error


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text  # the type check of the variable says what is wrong
