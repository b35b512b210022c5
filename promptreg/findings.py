"""What a check has to say about a file: one finding a line."""

from __future__ import annotations

from typing import Literal

from promptreg.errors import Location, PromptError
from promptreg.values import dataclass

__all__ = ["Finding", "Severity", "finding_of"]

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a check found.

    Attributes:
        rule: The stable id, explained by `promptreg explain`.
        severity: Errors fail the check.
        message: One line without a full stop.
        location: The file, line and column.
        prompt: The name of the prompt it concerns.
        fix: A command or an instruction that mends it.
        possible: Versions that would be legal, lowest first.
        suggestion: The exact new lines for the place, for hosts that can offer them.
        fixable: Whether `promptreg bump` mends it.
    """

    rule: str
    severity: Severity
    message: str
    location: Location
    prompt: str | None = None
    fix: str | None = None
    possible: tuple[str, ...] = ()
    suggestion: str | None = None
    fixable: bool = False


def finding_of(error: PromptError, path: str, *, prompt: str | None = None) -> Finding:
    """Turn an error about a prompt file into the finding that reports it."""
    return Finding(
        rule=error.rule,
        severity="error",
        message=error.message,
        location=error.location or Location(path, 1, 1),
        prompt=prompt,
        fix=error.fix,
    )
