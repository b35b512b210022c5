"""One metric row and its line in the write-ahead file. Standard library only.

`encode_row` runs once per logged call inside the application, so it checks and writes each value
in one step; `promptreg.metrics.checks` has the words for what is wrong.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from promptreg.errors import MetricsError
from promptreg.metrics.checks import CHECKS, MAX_INT, check_row, no_constant, unknown_column
from promptreg.metrics.columns import COLUMNS, Kind

__all__ = ["MAX_ROW_BYTES", "MetricRow", "encode_row", "load_line", "parse_line"]

MAX_ROW_BYTES = 1 << 20
_Encoder = Callable[[Any], str]
_KNOWN_LIMIT = 10_000


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
        raise unknown_column(str(error.args[0])) from None
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
    prefix, check = f'"{name}":', CHECKS[name]
    return lambda value: prefix + _quote(value if type(value) is str else check(name, value))


def _encode_count(name: str) -> _Encoder:
    prefix, check = f'"{name}":', CHECKS[name]

    def encode(value: Any) -> str:
        if type(value) is int and 0 <= value <= MAX_INT:
            return f"{prefix}{value}"
        return f"{prefix}{check(name, value)}"

    return encode


def _encode_measure(name: str) -> _Encoder:
    prefix, check = f'"{name}":', CHECKS[name]

    def encode(value: Any) -> str:
        if type(value) is float and 0.0 <= value <= sys.float_info.max:
            return f"{prefix}{value!r}"
        return f"{prefix}{check(name, value)!r}"

    return encode


def _encode_fraction(name: str) -> _Encoder:
    prefix, check = f'"{name}":', CHECKS[name]

    def encode(value: Any) -> str:
        if type(value) is float and 0.0 <= value <= 1.0:
            return f"{prefix}{value!r}"
        return f"{prefix}{check(name, value)!r}"

    return encode


def _encode_flag(name: str) -> _Encoder:
    check, texts = CHECKS[name], (f'"{name}":false', f'"{name}":true')
    return lambda value: texts[check(name, value)]


def _encode_other(name: str) -> _Encoder:
    prefix, check = f'"{name}":', CHECKS[name]
    return lambda value: prefix + _encode(check(name, value))


def _encode_identity(name: str) -> _Encoder:
    # The same few prompts, versions and digests come with every call: remember their text.
    prefix, check, known = f'"{name}":', CHECKS[name], dict[str, str]()

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

_decode = json.JSONDecoder(parse_constant=no_constant).decode


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
