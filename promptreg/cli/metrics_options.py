"""What the `metrics` commands share: choosing rows, times, formats."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from promptreg.cli.completion import complete_names
from promptreg.errors import ConfigError

if TYPE_CHECKING:
    from promptreg.metrics import Metrics

__all__ = [
    "Environment",
    "Model",
    "Prompt",
    "ResultFormat",
    "Since",
    "Suite",
    "Until",
    "Version",
    "open_metrics",
    "parse_duration",
    "parse_pairs",
    "parse_time",
]

_DURATION = re.compile(r"(\d+)\s*([smhdw])\Z")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class ResultFormat(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


Prompt = Annotated[
    str | None, typer.Option("--prompt", help="Only this prompt.", autocompletion=complete_names)
]
Version = Annotated[str | None, typer.Option("--version", help="Only this version.")]
Model = Annotated[str | None, typer.Option("--model", help="Only this model.")]
Environment = Annotated[str | None, typer.Option("--environment", help="Only this environment.")]
Suite = Annotated[str | None, typer.Option("--suite", help="Only this evaluation suite.")]
_TIME = "a day, a time in UTC, or an age such as 12h, 7d, 4w."
Since = Annotated[str | None, typer.Option("--since", help=f"Only rows from then on: {_TIME}")]
Until = Annotated[str | None, typer.Option("--until", help=f"Only rows before then: {_TIME}")]


def open_metrics() -> Metrics:
    """Open the metrics of the registry the command runs in."""
    from promptreg.cli.context import open_registry

    # Former names may need a tag's content; the process of a fast start would outlive this.
    return open_registry(fast_start=False).metrics


def parse_duration(text: str) -> timedelta:
    """Read a duration such as `90s`, `12h` or `30d`.

    Raises:
        ConfigError: It is none.
    """
    match = _DURATION.match(text.strip())
    if match is None:
        raise ConfigError(f"{text!r} is no duration", fix="write it as 90s, 30m, 12h, 7d or 4w")
    try:
        return timedelta(**{_UNITS[match[2]]: int(match[1])})
    except OverflowError:
        raise ConfigError(f"{text!r} is too long a time") from None


def parse_time(text: str | None, now: datetime | None = None) -> datetime | None:
    """Read a moment, or an age before now, as naive UTC.

    Raises:
        ConfigError: It is neither.
    """
    if text is None:
        return None
    if _DURATION.match(text.strip()):
        moment = (now or datetime.now(UTC)) - parse_duration(text)
        return moment.replace(tzinfo=None)
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ConfigError(
            f"{text!r} is no time", fix="write it as 2026-01-31, 2026-01-31T12:00 or 7d"
        ) from None
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def parse_pairs(option: str, pairs: list[str]) -> dict[str, str]:
    """Read the values of a repeated option `NAME=VALUE`.

    Raises:
        ConfigError: One has no equals sign.
    """
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise ConfigError(f"{option} wants NAME=VALUE, not {pair!r}")
        found[name.strip()] = value
    return found
