"""What each column of a metric row takes, and the words that refuse anything else."""

from __future__ import annotations

import difflib
import json
import math
import operator
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from promptreg.errors import MetricsError
from promptreg.metrics.columns import COLUMNS, NAMES, Kind

__all__ = [
    "CHECKS",
    "MAX_INT",
    "REQUIRED",
    "check_row",
    "format_ts",
    "no_constant",
    "unknown_column",
]

REQUIRED = ("prompt", "version", "ts")
MAX_INT = (1 << 63) - 1
_MAX_SCORE_NAME = 200
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*\Z")
_NUMERIC = r"(0|[1-9]\d*)"
_IDENTIFIER = rf"({_NUMERIC}|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
_VERSION = re.compile(
    rf"{_NUMERIC}\.{_NUMERIC}\.{_NUMERIC}(-{_IDENTIFIER}(\.{_IDENTIFIER})*)?\Z", re.ASCII
)
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_TS = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\Z", re.ASCII)


def _refuse(name: str, value: object, wanted: str) -> MetricsError:
    shown = repr(value)
    shown = shown if len(shown) <= 60 else f"{shown[:57]}..."  # noqa: PLR2004 - one terminal line
    return MetricsError(f"{name} must be {wanted}, not {shown}")


def _text(name: str, value: object) -> str:
    if type(value) is str:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    raise _refuse(name, value, "text")


def _matching(pattern: re.Pattern[str], wanted: str) -> Callable[[str, object], str]:
    def check(name: str, value: object) -> str:
        text = _text(name, value)
        if not pattern.match(text):
            raise _refuse(name, value, wanted)
        return text

    return check


def _count(name: str, value: object) -> int:
    if type(value) is not int:
        if isinstance(value, (bool, float, str)) or not hasattr(value, "__index__"):
            raise _refuse(name, value, "a whole number")
        value = operator.index(value)
    if 0 <= value <= MAX_INT:
        return value
    raise _refuse(name, value, "0 or more and fit 64 bits")


def _real(name: str, value: object) -> float:
    if type(value) is float:
        number = value
    elif isinstance(value, (bool, str, bytes)) or not hasattr(value, "__float__"):
        raise _refuse(name, value, "a number")
    else:
        try:
            number = float(value)
        except (OverflowError, ValueError, TypeError):
            raise _refuse(name, value, "a number") from None
    if math.isfinite(number):
        return number
    raise _refuse(name, value, "finite")


def _measure(name: str, value: object) -> float:
    number = _real(name, value)
    if number >= 0:
        return number
    raise _refuse(name, value, "0 or more")


def _fraction(name: str, value: object) -> float:
    number = _real(name, value)
    if 0 <= number <= 1:
        return number
    raise _refuse(name, value, "between 0 and 1")


def _flag(name: str, value: object) -> bool:
    if value is True or value is False:
        return value
    if type(value).__name__ in {"bool", "bool_"}:  # numpy's, without importing numpy
        return bool(value)
    raise _refuse(name, value, "true or false")


def _scores(name: str, value: object) -> dict[str, float]:
    if not isinstance(value, Mapping):
        raise _refuse(name, value, "a mapping of names to numbers")
    for key in value:
        if not isinstance(key, str) or not 0 < len(key) <= _MAX_SCORE_NAME or not key.isprintable():
            raise _refuse(f"a name in {name}", key, "printable text")
    return {key: _real(f"{name}.{key}", number) for key, number in value.items()}


def _json(name: str, value: object) -> str:
    try:
        if isinstance(value, str):
            json.loads(value, parse_constant=no_constant)
            return str.__str__(value)
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (ValueError, TypeError, RecursionError) as error:
        raise MetricsError(f"{name} is no JSON: {error}") from None


def no_constant(text: str) -> float:
    """Refuse NaN and Infinity, which Python's JSON reads and JSON does not have."""
    raise ValueError(f"{text} is no JSON")


def _time(name: str, value: object) -> str:
    if isinstance(value, datetime):
        return format_ts(value)
    if not isinstance(value, str):
        raise _refuse(name, value, "a datetime or ISO 8601 text")
    try:
        # fromisoformat also refuses the 30th of February in a text of the right shape.
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise _refuse(name, value, "a datetime or ISO 8601 text") from None
    return value if _TS.match(value) else format_ts(moment)


def format_ts(moment: datetime) -> str:
    """Return a moment as naive UTC text with six digits; a naive one is taken as UTC.

    Raises:
        MetricsError: In UTC it lies outside the years 1 to 9999.
    """
    if moment.tzinfo is not None:
        try:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
        except OverflowError:
            raise _refuse("ts", moment.isoformat(), "a time between the years 1 and 9999") from None
    return moment.isoformat(" ", "microseconds")


_BY_KIND: Mapping[Kind, Callable[[str, object], object]] = {
    Kind.TIME: _time,
    Kind.TEXT: _text,
    Kind.COUNT: _count,
    Kind.MEASURE: _measure,
    Kind.NUMBER: _real,
    Kind.FRACTION: _fraction,
    Kind.FLAG: _flag,
    Kind.SCORES: _scores,
    Kind.JSON: _json,
}
CHECKS: dict[str, Callable[[str, Any], Any]] = {
    column.name: _BY_KIND[column.kind] for column in COLUMNS
}
CHECKS["prompt"] = _matching(_NAME, "a prompt's name such as support/triage")
CHECKS["version"] = _matching(_VERSION, "a version such as 1.2.0")
CHECKS["digest"] = _matching(_DIGEST, "64 hex digits")


def unknown_column(name: str) -> MetricsError:
    """Return what to say about a column that does not exist."""
    near = difflib.get_close_matches(name, NAMES, n=1)
    fix = f"did you mean {near[0]}?" if near else f"put it into scores={{{name!r}: ...}}"
    return MetricsError(f"a metric row has no column {name}", fix=fix)


def check_row(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the normalised columns of a row without those that are None.

    Args:
        values: Column values by name; `ts`, `prompt` and `version` are required.

    Raises:
        MetricsError: A column is unknown, missing or has a wrong value.
    """
    row: dict[str, Any] = {}
    for name, value in values.items():
        if value is None:
            continue
        check = CHECKS.get(name)
        if check is None:
            raise unknown_column(name)
        row[name] = check(name, value)
    for name in REQUIRED:
        if name not in row:
            raise MetricsError(f"a metric row needs {name}")
    return row
