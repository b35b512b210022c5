"""A prompt file's bytes to a `Prompt`, with a finding for everything that is wrong; pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from promptreg.errors import Location, PromptError
from promptreg.findings import Finding, finding_of
from promptreg.prompt import Prompt
from promptreg.prompt.fields import FieldReader
from promptreg.prompt.yamldoc import Positions, load
from promptreg.values import dataclass

__all__ = ["Parsed", "lint_prompt", "parse_prompt", "prompt_of"]


@dataclass(frozen=True, slots=True)
class Parsed:
    """What parsing a file gave: a prompt unless an error is among the findings."""

    prompt: Prompt | None
    findings: tuple[Finding, ...]


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
    reader = FieldReader(document, name)
    prompt = prompt_of(name, path, document.value, reader.read(), Positions(data, path))
    failed = any(f.severity == "error" for f in reader.findings)
    return Parsed(None if failed else prompt, tuple(reader.findings))


def prompt_of(
    name: str,
    path: str,
    value: Mapping[str, Any],
    fields: Mapping[str, Any],
    positions: Mapping[str, Location],
) -> Prompt:
    """Return the prompt that a file holds.

    Args:
        name: The prompt's name.
        path: The file's path in the repository.
        value: The whole value of the file.
        fields: What `FieldReader` read of it.
        positions: Where its fields stand.
    """
    return Prompt(
        name,
        path,
        MappingProxyType(value),
        declares_variables=value.get("variables") is not None,
        positions=positions,
        **fields,
    )
