"""One metric row: validation and its line in the write-ahead file. Standard library only.

`encode_row` runs once per logged call inside the application, so it checks and writes each value
in one step. `check_row` normalises a row without writing it, for imports.
"""

from __future__ import annotations

import difflib
import json
import math
import operator
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from promptreg.errors import MetricsError
from promptreg.metrics.columns import COLUMNS, NAMES, Kind

__all__ = [
    "MAX_ROW_BYTES",
    "MetricRow",
    "check_row",
    "encode_row",
    "format_ts",
    "load_line",
    "parse_line",
]

MAX_ROW_BYTES = 1 << 20
_Encoder = Callable[[Any], str]
_MAX_INT = (1 << 63) - 1
_MAX_SCORE_NAME = 200
_KNOWN_LIMIT = 10_000
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*\Z")
_NUMERIC = r"(0|[1-9]\d*)"
_IDENTIFIER = rf"({_NUMERIC}|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
_VERSION = re.compile(
    rf"{_NUMERIC}\.{_NUMERIC}\.{_NUMERIC}(-{_IDENTIFIER}(\.{_IDENTIFIER})*)?\Z", re.ASCII
)
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_TS = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\Z", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricRow:
    """One LLM call or one case of an evaluation; `promptreg.metrics.columns` has the units."""

    ts: datetime
    prompt: str
    version: str
    digest: str | None = None
    commit: str | None = None
    environment: str | None = None
    run_id: str | None = None
    suite: str | None = None
    dataset_digest: str | None = None
    case_id: str | None = None
    repeat: int | None = None
    experiment: str | None = None
    variant: str | None = None
    unit: str | None = None
    provider: str | None = None
    model: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_input_tokens: int | None = None
    reasoning_tokens: int | None = None
    latency_ms: float | None = None
    time_to_first_token_ms: float | None = None
    cost: float | None = None
    currency: str | None = None
    quality_score: float | None = None
    accuracy: float | None = None
    success: bool | None = None
    error_type: str | None = None
    error_message: str | None = None
    scores: Mapping[str, float] = field(default_factory=dict)
    metadata: str | None = None

    def columns(self) -> dict[str, Any]:
        """Return the columns that have a value."""
        pairs = ((item.name, getattr(self, item.name)) for item in fields(self))
        return {name: value for name, value in pairs if value is not None and value != {}}


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
    if 0 <= value <= _MAX_INT:
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
            json.loads(value, parse_constant=_no_constant)
            return str.__str__(value)
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (ValueError, TypeError, RecursionError) as error:
        raise MetricsError(f"{name} is no JSON: {error}") from None


def _no_constant(text: str) -> float:
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
_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    column.name: _BY_KIND[column.kind] for column in COLUMNS
}
_CHECKS["prompt"] = _matching(_NAME, "a prompt's name such as support/triage")
_CHECKS["version"] = _matching(_VERSION, "a version such as 1.2.0")
_CHECKS["digest"] = _matching(_DIGEST, "64 hex digits")


def _unknown(name: str) -> MetricsError:
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
        check = _CHECKS.get(name)
        if check is None:
            raise _unknown(name)
        row[name] = check(name, value)
    for name in _REQUIRED:
        if name not in row:
            raise MetricsError(f"a metric row needs {name}")
    return row


def encode_row(values: Mapping[str, Any], now: str | None = None) -> bytes:
    """Return the write-ahead line of a row, line end included.

    Args:
        values: Column values by name; `prompt` and `version` are required.
        now: What `ts` says when the values have none, as `format_ts` writes it.

    Raises:
        MetricsError: A value is wrong, or the line is longer than 1 MiB.
    """
    try:
        pairs = [_ENCODERS[name](value) for name, value in values.items() if value is not None]
    except KeyError as error:
        raise _unknown(str(error.args[0])) from None
    if now is not None and values.get("ts") is None:
        pairs.append(f'"ts":"{now}"')
    elif values.get("ts") is None:
        raise MetricsError("a metric row needs ts")
    if values.get("prompt") is None or values.get("version") is None:
        raise MetricsError(f"a metric row needs {'version' if values.get('prompt') else 'prompt'}")
    try:
        line = ("{" + ",".join(pairs) + "}\n").encode()
    except UnicodeEncodeError as error:
        found = error.object[error.start : error.start + 1]
        raise MetricsError(f"a metric row holds {found!r}, half a surrogate pair") from None
    if len(line) > MAX_ROW_BYTES:
        raise MetricsError(
            f"a metric row takes {len(line):,} bytes, the limit is {MAX_ROW_BYTES:,}",
            fix="keep long texts elsewhere and log a reference to them",
        )
    return line


# The encoders check a value and write its `"name":value` in one step, the exact types first: a
# third of the time of building a checked mapping and giving it to `json`.


def _encode_text(name: str) -> _Encoder:
    prefix, check = f'"{name}":', _CHECKS[name]
    return lambda value: prefix + _quote(value if type(value) is str else check(name, value))


def _encode_count(name: str) -> _Encoder:
    prefix, check = f'"{name}":', _CHECKS[name]

    def encode(value: Any) -> str:
        if type(value) is int and 0 <= value <= _MAX_INT:
            return f"{prefix}{value}"
        return f"{prefix}{check(name, value)}"

    return encode


def _encode_measure(name: str) -> _Encoder:
    prefix, check = f'"{name}":', _CHECKS[name]

    def encode(value: Any) -> str:
        if type(value) is float and 0.0 <= value <= sys.float_info.max:
            return f"{prefix}{value!r}"
        return f"{prefix}{check(name, value)!r}"

    return encode


def _encode_fraction(name: str) -> _Encoder:
    prefix, check = f'"{name}":', _CHECKS[name]

    def encode(value: Any) -> str:
        if type(value) is float and 0.0 <= value <= 1.0:
            return f"{prefix}{value!r}"
        return f"{prefix}{check(name, value)!r}"

    return encode


def _encode_flag(name: str) -> _Encoder:
    check, texts = _CHECKS[name], (f'"{name}":false', f'"{name}":true')
    return lambda value: texts[check(name, value)]


def _encode_other(name: str) -> _Encoder:
    prefix, check = f'"{name}":', _CHECKS[name]
    return lambda value: prefix + _encode(check(name, value))


def _encode_identity(name: str) -> _Encoder:
    # The same few prompts, versions and digests come with every call: remember their text.
    prefix, check, known = f'"{name}":', _CHECKS[name], dict[str, str]()

    def encode(value: Any) -> str:
        if type(value) is not str or (pair := known.get(value)) is None:
            pair = prefix + _quote(check(name, value))
            if len(known) >= _KNOWN_LIMIT:
                known.clear()
            known[str(value)] = pair
        return pair

    return encode


_quote = json.encoder.encode_basestring
# json.dumps with arguments would build an encoder per call.
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
_REQUIRED = ("prompt", "version", "ts")
_MAKERS = {
    Kind.TEXT: _encode_text,
    Kind.COUNT: _encode_count,
    Kind.MEASURE: _encode_measure,
    Kind.FRACTION: _encode_fraction,
    Kind.FLAG: _encode_flag,
}
_ENCODERS = {
    column.name: _MAKERS.get(column.kind, _encode_other)(column.name) for column in COLUMNS
}
_ENCODERS |= {name: _encode_identity(name) for name in ("prompt", "version", "digest")}

_decode = json.JSONDecoder(parse_constant=_no_constant).decode


def parse_line(line: bytes) -> dict[str, Any]:
    """Return the columns of one write-ahead line, checked as strictly as `encode_row` does.

    Raises:
        MetricsError: The line is no row.
    """
    row = check_row(load_line(line))
    encode_row(row)
    return row


def load_line(line: bytes) -> dict[str, Any]:
    """Return a write-ahead line's JSON object without checking its values.

    Raises:
        MetricsError: The line is no JSON object in UTF-8.
    """
    try:
        values = _decode(line.decode())
    except (ValueError, RecursionError) as error:
        raise MetricsError(f"no JSON: {error}") from None
    if type(values) is not dict:
        raise MetricsError("no JSON object")
    return values
