"""Everything promptreg raises on purpose.

::

    PromptregError
    ├── PromptError         a prompt file, template or value is wrong
    ├── NotFoundError       a prompt, version, label or file that does not exist
    ├── RepositoryError     git cannot answer, or the repository is of a kind we cannot read
    │   └── HistoryError    what is needed was not fetched: shallow, blobless, no tags
    ├── ConflictError       somebody else holds the version, tag or file
    ├── ConfigError         a wrong option, configuration value or missing extra
    └── MetricsError        a metric row or the metrics store is wrong

The errors know nothing of the command line: `promptreg.cli.errors` turns them into a line and an
exit code.
"""

from __future__ import annotations

from promptreg.values import dataclass

__all__ = [
    "ConfigError",
    "ConflictError",
    "HistoryError",
    "Location",
    "MetricsError",
    "NotFoundError",
    "PromptError",
    "PromptregError",
    "RepositoryError",
]


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file; line and column count from 1, 0 means unknown."""

    path: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        parts = [self.path]
        if self.line:
            parts.append(str(self.line))
            if self.column:
                parts.append(str(self.column))
        return ":".join(parts)


class PromptregError(Exception):
    """The root of all errors promptreg raises on purpose.

    Args:
        message: One line that says what is wrong.
        location: Where, when a file is to blame.
        fix: How to mend it: a command or an instruction, without a full stop.
    """

    def __init__(
        self, message: str, *, location: Location | None = None, fix: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.location = location
        self.fix = fix

    def __str__(self) -> str:
        text = f"{self.location}: {self.message}" if self.location else self.message
        return f"{text} (fix: {self.fix})" if self.fix else text


class PromptError(PromptregError):
    """A prompt file, a template or a value given to it is wrong.

    Args:
        rule: The stable id of the finding this error becomes in `check`.
    """

    def __init__(
        self,
        message: str,
        *,
        location: Location | None = None,
        fix: str | None = None,
        rule: str = "invalid-prompt",
    ) -> None:
        super().__init__(message, location=location, fix=fix)
        self.rule = rule


class NotFoundError(PromptregError):
    """A prompt, version, label or file that does not exist."""


class RepositoryError(PromptregError):
    """Git cannot answer, or the repository is of a kind that cannot be read."""


class HistoryError(RepositoryError):
    """History that the question needs was not fetched; `fix` names the fetch that brings it."""


class ConflictError(PromptregError):
    """Somebody else holds the version, the tag or the file."""


class ConfigError(PromptregError):
    """A wrong option, a wrong configuration value or a missing extra."""


class MetricsError(PromptregError):
    """A metric row or the metrics store is wrong."""
