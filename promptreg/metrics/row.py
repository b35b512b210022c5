"""One metric row and its line in the write-ahead file. Standard library only.

`encode_row` runs once per logged call inside the application, so `promptreg.metrics.shapes` makes
it fast; `promptreg.metrics.checks` has the words for what is wrong.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from promptreg.errors import MetricsError
from promptreg.metrics.checks import check_row, no_constant
from promptreg.metrics.shapes import SHAPES, encode_json, shape_writer

__all__ = ["MAX_ROW_BYTES", "MetricRow", "encode_row", "load_line", "parse_line"]

MAX_ROW_BYTES = 1 << 20


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
        line = _write(values, now).encode()
    except UnicodeEncodeError as error:
        found = error.object[error.start : error.start + 1]
        raise MetricsError(f"a metric row holds {found!r}, half a surrogate pair") from None
    if len(line) > MAX_ROW_BYTES:
        raise MetricsError(
            f"a metric row takes {len(line):,} bytes, the limit is {MAX_ROW_BYTES:,}",
            fix="keep long texts elsewhere and log a reference to them",
        )
    return line


def _write(values: Mapping[str, Any], now: str | None) -> str:
    text = _write_shape(values, now)
    if text is None:
        filled = {name: value for name, value in values.items() if value is not None}
        if now is not None:
            filled.setdefault("ts", now)
        text = _write_shape(filled, now)
        if text is None:
            pairs = (f'"{name}":{encode_json(item)}' for name, item in check_row(filled).items())
            text = "{" + ",".join(pairs) + "}\n"
    return text


def _write_shape(values: Mapping[str, Any], now: str | None) -> str | None:
    if now is None and "ts" not in values:
        return None
    names = tuple(values)
    writer = SHAPES.get(names) or shape_writer(names)
    return None if writer is None else writer(values, now or "")


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
